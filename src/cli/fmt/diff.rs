//! A unified diff of two texts. Formatting changes lines here and there: what is equal is found again by looking a
//! bounded way ahead, so that the time stays linear.

/// Lines of context around a change.
const CONTEXT: usize = 3;
/// How far equal lines are looked for.
const AHEAD: usize = 200;

/// A stretch of lines: where it is in the old and the new text, and how many lines of each are different.
struct Change {
    old: usize,
    new: usize,
    removed: usize,
    added: usize,
}

/// What must be changed in `old` to get `new`.
pub fn unified(name: &str, old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let mut out = format!("--- {name}\n+++ {name}, formatted\n");
    let changes = changes(&old, &new);
    let near = |a: &Change, b: &Change| b.old - (a.old + a.removed) <= 2 * CONTEXT;
    for hunk in changes.chunk_by(near) {
        show(hunk, &old, &new, &mut out);
    }
    out
}

fn changes(old: &[&str], new: &[&str]) -> Vec<Change> {
    let (mut i, mut j) = (0, 0);
    let mut changes = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
            continue;
        }
        let (removed, added) = next_equal(&old[i..], &new[j..]);
        changes.push(Change { old: i, new: j, removed, added });
        (i, j) = (i + removed, j + added);
    }
    changes
}

/// How many lines to pass over in each until a line is in both.
fn next_equal(old: &[&str], new: &[&str]) -> (usize, usize) {
    for sum in 1..AHEAD.min(old.len() + new.len()) {
        for removed in 0..=sum {
            let added = sum - removed;
            let equal =
                old.get(removed).zip(new.get(added)).is_some_and(|(a, b)| a == b && !a.trim().is_empty());
            if equal {
                return (removed, added);
            }
        }
    }
    let rest = |lines: &[&str]| if lines.len() <= AHEAD { lines.len() } else { 1 };
    (rest(old), rest(new))
}

fn show(hunk: &[Change], old: &[&str], new: &[&str], out: &mut String) {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { return };
    let before = first.old.min(CONTEXT);
    let end = (last.old + last.removed + CONTEXT).min(old.len());
    let behind = end - (last.old + last.removed);
    let (start, new_start) = (first.old - before, first.new - before);
    let new_end = (last.new + last.added + behind).min(new.len());
    out.push_str(&format!(
        "@@ -{},{} +{},{} @@\n",
        start + 1,
        end - start,
        new_start + 1,
        new_end - new_start
    ));
    let mut at = start;
    let mut put = |sign: char, line: &str| {
        out.push(sign);
        out.push_str(line);
        out.push('\n');
    };
    for change in hunk {
        old[at..change.old].iter().for_each(|l| put(' ', l));
        old[change.old..change.old + change.removed].iter().for_each(|l| put('-', l));
        new[change.new..change.new + change.added].iter().for_each(|l| put('+', l));
        at = change.old + change.removed;
    }
    old[at..end].iter().for_each(|l| put(' ', l));
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn lines_that_differ_are_shown_with_those_around() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\n";
        let new = "a\nb\nc\nD\nD2\ne\nf\ng\nh\n";
        let expected = "--- x\n+++ x, formatted\n@@ -1,7 +1,8 @@\n a\n b\n c\n-d\n+D\n+D2\n e\n f\n g\n";
        assert_eq!(unified("x", old, new), expected);
        assert_eq!(unified("x", "a\n", "b\n"), "--- x\n+++ x, formatted\n@@ -1,1 +1,1 @@\n-a\n+b\n");
        assert!(unified("x", &"a\n".repeat(1000), &"b\n".repeat(1000)).lines().count() >= 2002);
    }
}
