//! Reading time grows with the length of the text and not faster.

use super::*;
use std::time::{Duration, Instant};

fn time(text: &str) -> Duration {
    let best = (0..3).map(|_| {
        let start = Instant::now();
        let (module, out) = read(text);
        assert!(out.is_empty() && !module.items.is_empty());
        start.elapsed()
    });
    best.min().unwrap_or_default()
}

#[test]
fn time_is_linear_in_the_number_of_items_and_in_their_length() {
    let many = |n: usize| program::AUDIT.replace("//! Security audit: find, review and fix.", "").repeat(n);
    let long = |n: usize| {
        format!("workflow w() {{\n{}\n}}", "  let a = review(t, repo) with { timeout: 5m }\n".repeat(n))
    };
    let docs = |n: usize| "/// One.\n/// Two.\ntype A = Int\n".repeat(n);
    for (name, text) in [
        ("many", &many as &dyn Fn(usize) -> String),
        ("long", &|n| long(n * 60)),
        ("docs", &|n| docs(n * 30)),
    ] {
        let (small, large) = (time(&text(4)), time(&text(32)));
        assert!(large < small * 8 * 4, "{name}: {small:?} for one, {large:?} for eight times as much");
    }
}
