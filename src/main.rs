//! The `flowc` binary: nothing but the exit code.

fn main() -> std::process::ExitCode {
    if flow::exec::guardian::asked() {
        return std::process::ExitCode::from(flow::exec::guardian::run());
    }
    std::process::ExitCode::from(flow::cli::main())
}
