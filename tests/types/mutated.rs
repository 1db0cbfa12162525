//! Right programs with words taken out, doubled or swapped: no panic, and no unknown type without an error.

use super::accepted::{AUDIT, EVERYTHING};
use super::run;
use crate::support::tokens;
use flow::ast::NodeId;
use flow::types::Ty;

#[test]
fn mutations_are_survived() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut silent = Vec::new();
    for program in [EVERYTHING, AUDIT] {
        let tokens = tokens(program);
        let words: Vec<&str> = tokens.iter().copied().filter(|t| t.trim() == *t && !t.is_empty()).collect();
        for _ in 0..rounds() {
            let mut mutant = tokens.clone();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(..mutant.len());
                match random.u8(..3) {
                    0 => mutant[at] = "",
                    1 => mutant[at] = words[random.usize(..words.len())],
                    _ => mutant.swap(at, random.usize(..tokens.len())),
                }
            }
            let text = mutant.concat();
            let (checked, _, out) = run(&[("main.flow", &text)]);
            let unknown = (0..20_000).any(|id| checked.types.get(NodeId(id)) == Some(&Ty::Error));
            if unknown && !out.iter().any(|d| d.is_error()) {
                silent.push(text);
            }
        }
    }
    assert!(silent.is_empty(), "{} programs, one is\n{}", silent.len(), silent[0]);
}

fn rounds() -> usize {
    std::env::var("FLOW_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(40)
}
