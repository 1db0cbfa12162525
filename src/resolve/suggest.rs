//! Which known name was probably meant.

/// Names that people bring from other languages, and what Flow says.
const FOREIGN: &[(&str, &str)] = &[
    ("null", "none"),
    ("nil", "none"),
    ("undefined", "none"),
    ("None", "none"),
    ("Null", "none"),
    ("True", "true"),
    ("False", "false"),
    ("length", "len"),
    ("size", "len"),
    ("count", "len"),
    ("str", "to_string"),
    ("int", "to_int"),
    ("float", "to_float"),
    ("uniq", "unique"),
    ("sorted", "sort"),
    ("any", "any_of"),
    ("all", "all_of"),
    ("error", "fail"),
    ("raise", "fail"),
    ("throw", "fail"),
    ("parse_json", "from_json"),
    ("stringify", "to_json"),
];

/// The same for types.
const FOREIGN_TYPES: &[(&str, &str)] = &[
    ("string", "String"),
    ("str", "String"),
    ("Str", "String"),
    ("Text", "String"),
    ("int", "Int"),
    ("Integer", "Int"),
    ("Number", "Float"),
    ("number", "Float"),
    ("float", "Float"),
    ("Double", "Float"),
    ("bool", "Bool"),
    ("Boolean", "Bool"),
    ("boolean", "Bool"),
    ("Any", "Json"),
    ("Object", "Json"),
    ("Void", "Unit"),
    ("File", "Path"),
];

/// The best of `known` for a value name that is unknown.
pub fn value<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    foreign(FOREIGN, name).or_else(|| nearest(name, known))
}

/// The best of `known` for a type name that is unknown.
pub fn of_type<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    foreign(FOREIGN_TYPES, name).or_else(|| nearest(name, known))
}

fn foreign(table: &[(&str, &str)], name: &str) -> Option<String> {
    table.iter().find(|(theirs, _)| *theirs == name).map(|(_, ours)| (*ours).to_string())
}

/// The nearest of `known` by spelling, when it is near enough to be worth saying. Of equally near ones the first in the
/// alphabet, so that the answer does not depend on the order of a hash map.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let wanted = plain(name);
    let length = wanted.chars().count();
    let mut best: Option<(f64, &str)> = None;
    for candidate in known {
        if candidate == name || candidate.len().abs_diff(name.len()) > 1 + length {
            continue;
        }
        let score = score(&wanted, candidate);
        if score >= 0.6 && best.is_none_or(|(s, b)| score > s || (score == s && candidate < b)) {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, candidate)| candidate.to_string())
}

/// Likeness between 0 and 1: spelling without regard to case and underscores, with credit for one name holding the other.
fn score(wanted: &str, candidate: &str) -> f64 {
    let candidate = plain(candidate);
    let spelled = strsim::normalized_damerau_levenshtein(wanted, &candidate);
    let shorter = wanted.len().min(candidate.len());
    let holds = shorter >= 4 && (candidate.contains(wanted) || wanted.contains(&candidate));
    if holds { spelled.max(0.65) } else { spelled }
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| *c != '_' && *c != '-').flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, known: &[&'static str]) -> Option<String> {
        value(name, known.iter().copied())
    }

    #[test]
    fn ranks_by_spelling() {
        assert_eq!(of("thraets", &["threats", "treat", "other"]).as_deref(), Some("threats"));
        assert_eq!(
            of("backendImplementer", &["backend_implementer"]).as_deref(),
            Some("backend_implementer")
        );
        assert_eq!(of("reviewer", &["appsec_reviewer", "zzz"]).as_deref(), Some("appsec_reviewer"));
        assert_eq!(of("x", &["alpha", "beta"]), None);
        assert_eq!(of("null", &[]).as_deref(), Some("none"));
        assert_eq!(of_type("string", [].into_iter()).as_deref(), Some("String"));
    }

    #[test]
    fn ties_do_not_depend_on_the_order() {
        assert_eq!(of("abcx", &["abcy", "abcz"]), of("abcx", &["abcz", "abcy"]));
    }
}
