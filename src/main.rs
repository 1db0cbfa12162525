//! The `flowc` binary: nothing but the exit code.

fn main() {}
