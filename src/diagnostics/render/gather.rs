//! Diagnostics in the order in which a person should read them: lints first and errors last, where a terminal stands when
//! all is printed; equal lints of many agent files as one, with their places.

use super::Found;
use crate::diagnostics::{Code, Diagnostic};

/// Equal lints of so many files are told as one.
const MANY: usize = 3;
/// Places that are named.
const NAMED: usize = 3;

/// A diagnostic as it is shown, and for how many it stands.
#[derive(Debug)]
pub struct Told<'a> {
    pub diagnostic: Diagnostic,
    pub sources: &'a crate::source::SourceMap,
    pub count: usize,
}

/// What is told, in this order.
pub fn gathered<'a>(found: &[Found<'a>]) -> Vec<Told<'a>> {
    let mut told: Vec<Told<'a>> = Vec::new();
    let mut known: std::collections::HashMap<&str, Vec<Found<'a>>> = std::collections::HashMap::new();
    let of_agents = |d: &Diagnostic| d.code == Code::W0110 && !d.is_error();
    for found in found.iter().filter(|(d, _)| of_agents(d)) {
        known.entry(&found.0.message).or_default().push(*found);
    }
    let (errors, lints): (Vec<Found<'a>>, Vec<Found<'a>>) = found.iter().partition(|(d, _)| d.is_error());
    for (diagnostic, sources) in lints.into_iter().chain(errors) {
        let equal = match known.get(diagnostic.message.as_str()) {
            Some(equal) if of_agents(diagnostic) && equal.len() >= MANY => equal,
            _ => {
                told.push(Told { diagnostic: diagnostic.clone(), sources, count: 1 });
                continue;
            }
        };
        if equal.first().is_some_and(|(first, _)| std::ptr::eq(*first, diagnostic)) {
            let diagnostic = diagnostic.clone().help(places(&equal[1..]));
            told.push(Told { diagnostic, sources, count: equal.len() });
        }
    }
    told
}

/// `the same in 56 more places: agents/a.md:3, agents/b.md:3, agents/c.md:3, …`
fn places(others: &[Found<'_>]) -> String {
    let place = |(d, sources): &Found<'_>| {
        format!("{}:{}", sources.get(d.span.file).name, sources.positions(d.span).0.line)
    };
    let named: Vec<String> = others.iter().take(NAMED).map(place).collect();
    let rest = if others.len() > NAMED { ", …" } else { "" };
    format!("the same in {} more places: {}{rest}", others.len(), named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourceMap, Span};

    #[test]
    fn errors_come_last_and_equal_lints_of_agent_files_are_one() {
        let mut sources = SourceMap::new();
        let mut all = Vec::new();
        for i in 0..6 {
            let file = sources.add(format!("a{i}.md"), "---\nx: y\n");
            let message = if i == 4 { "another" } else { "odd" };
            all.push(Diagnostic::new(Code::W0110, Span::new(file, 4, 5), message));
            if i == 1 {
                all.push(Diagnostic::new(Code::F0201, Span::new(file, 0, 1), "unknown"));
            }
        }
        let found: Vec<Found<'_>> = all.iter().map(|d| (d, &sources)).collect();
        let told = gathered(&found);
        let shown: Vec<(&str, usize)> =
            told.iter().map(|t| (t.diagnostic.message.as_str(), t.count)).collect();
        assert_eq!(shown, [("odd", 5), ("another", 1), ("unknown", 1)]);
        assert_eq!(told[0].diagnostic.help, ["the same in 4 more places: a1.md:2, a2.md:2, a3.md:2, …"]);
    }
}
