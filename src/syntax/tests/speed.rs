//! Reading time grows with the length of the text and not faster.

use super::*;
use rustix::time::{ClockId, clock_gettime};

/// Seconds that this thread has computed: other work on the machine does not count.
fn computed() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

fn time(text: &str) -> f64 {
    let start = computed();
    let (module, out) = read(text);
    assert!(out.is_empty() && !module.items.is_empty());
    computed() - start
}

#[test]
fn time_is_linear_in_the_number_of_items_and_in_their_length() {
    let many = |n: usize| program::AUDIT.replace("//! Security audit: find, review and fix.", "").repeat(n);
    let long = |n: usize| {
        format!("workflow w() {{\n{}\n}}", "  let a = review(t, repo) with { timeout: 5m }\n".repeat(n * 60))
    };
    let docs = |n: usize| "/// One.\n/// Two.\ntype A = Int\n".repeat(n * 60);
    let comments = |n: usize| format!("/// One.\n{}type A = Int\n", "\n// more\n".repeat(n * 300));
    let texts: [(&str, &dyn Fn(usize) -> String); 4] =
        [("many", &many), ("long", &long), ("docs", &docs), ("comments", &comments)];
    for (name, text) in texts {
        let (short, long) = (text(8), text(64));
        let ratio = (0..4).map(|_| time(&long) / time(&short)).fold(f64::INFINITY, f64::min);
        assert!(ratio < 8.0 * 2.5, "{name}: eight times the text took {ratio:.1} times as long");
    }
}
