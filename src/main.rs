//! The `flowc` binary: nothing but the exit code.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(flow::cli::main())
}
