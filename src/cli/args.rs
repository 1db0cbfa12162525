//! Raw flags, as written. What they mean together with `flow.toml` says [`config`](super::config).

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Typed workflows of agents and commands: checked, planned, run and resumed.
#[derive(Debug, Parser)]
#[command(name = "flowc", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a project: a folder with `flow.toml` and a first workflow
    New(NewArgs),
    /// Check programs: syntax, names, types; nothing runs
    Check(CheckArgs),
    /// Judge folders of agent files by themselves
    Agents(AgentsArgs),
    /// Format programs, in one style
    Fmt(FmtArgs),
    /// Compile a workflow into a plan that runs without its source
    Compile(CompileArgs),
    /// Show what a run would do: waves, critical path, agents, cost
    Plan(PlanArgs),
    /// Draw the plan: Mermaid, DOT or SVG
    Graph(GraphArgs),
    /// Run a workflow (or a saved plan) and record every result
    Run(RunArgs),
    /// Go on with a run that was interrupted, waits or failed
    Resume(ResumeArgs),
    /// Answer a question of a run: approve, reject or give an input
    Approve(ApproveArgs),
    /// Cancel a run: its `finally` blocks run, then it ends
    Cancel(CancelArgs),
    /// List the runs of this project
    Runs(RunsArgs),
    /// Show one run: its tasks, attempts, results
    Show(ShowArgs),
    /// Show what the tasks of a run printed
    Logs(LogsArgs),
    /// Check the tests of a program (running them comes later)
    Test(TestArgs),
    /// Write the pages of a program or of `std` as a site
    Doc(DocArgs),
    /// Explain an error code
    Explain(ExplainArgs),
    /// Verify the record of a run, or rebuild the index
    Fsck(FsckArgs),
    /// Delete old finished runs
    Gc(GcArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

/// How a command answers on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// For machines; the schemas are under `docs/schemas`
    Json,
}

#[derive(Debug, Args)]
pub struct NewArgs {
    /// The folder to make
    pub path: PathBuf,
}

/// How `flowc check` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub enum CheckFormat {
    /// For people, on standard error
    #[default]
    Human,
    /// One document; its schema is `docs/schemas/check.schema.json`
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of a GitHub workflow
    Github,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Programs and folders of programs; `-` reads standard input; the current project if not given
    pub files: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    pub format: CheckFormat,
    /// Take a lint as an error: its code, or `warnings` for all of them
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub deny: Vec<String>,
    /// Apply the fixes that need nobody's look; of standard input the mended text is printed
    #[arg(long)]
    pub fix: bool,
}

#[derive(Debug, Args)]
pub struct AgentsArgs {
    #[command(subcommand)]
    pub command: AgentsCommand,
}

#[derive(Debug, Subcommand)]
pub enum AgentsCommand {
    /// Check Markdown files of agents: front matter, names, tools
    Check(AgentsCheckArgs),
}

#[derive(Debug, Args)]
pub struct AgentsCheckArgs {
    /// Folders of agent files
    #[arg(required = true, value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    pub format: CheckFormat,
    /// Take a lint as an error: its code, or `warnings` for all of them
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub deny: Vec<String>,
}

#[derive(Debug, Args)]
pub struct FmtArgs {
    /// Programs and folders; `-` reads standard input and writes standard output [default: this folder]
    pub paths: Vec<PathBuf>,
    /// Change nothing: list the files that are not formatted, and exit with 1 if there are any
    #[arg(long)]
    pub check: bool,
    /// Change nothing: show what would change
    #[arg(long)]
    pub diff: bool,
}

/// Which workflow of a file.
#[derive(Debug, Args)]
pub struct ProgramArgs {
    /// A `.flow` file, or a plan saved by `flowc compile`
    pub file: PathBuf,
    /// The workflow to take, where the file has several and none is `main`
    #[arg(long, short, value_name = "NAME")]
    pub workflow: Option<String>,
}

#[derive(Debug, Args)]
pub struct CompileArgs {
    #[command(flatten)]
    pub program: ProgramArgs,
    /// Where to write the plan; standard output if not given
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print the program as it is after a pass instead; `help` lists the passes
    #[arg(long, value_name = "PASS")]
    pub emit: Option<String>,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    pub program: ProgramArgs,
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// A way to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Drawing {
    Mermaid,
    Dot,
    Svg,
}

#[derive(Debug, Args)]
pub struct GraphArgs {
    #[command(flatten)]
    pub program: ProgramArgs,
    /// The drawing; if not given, told by the ending of `--output`, else mermaid
    #[arg(long = "as", alias = "format", value_enum, value_name = "KIND")]
    pub drawing: Option<Drawing>,
    /// Where to write it; standard output if not given
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// Survives the loss of power
    Power,
    /// Survives the death of the process only; faster
    Process,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Policy {
    /// A task starts when what it needs is done
    Rolling,
    /// A wave starts when the one before it has closed
    Strict,
}

/// How a run goes.
#[derive(Debug, Args)]
pub struct EngineArgs {
    /// Most tasks at once [default: from flow.toml, else twice the cores, at least 4]
    #[arg(long, short = 'j', value_name = "N")]
    pub parallel: Option<u32>,
    #[arg(long, value_enum)]
    pub durability: Option<Durability>,
    #[arg(long, value_enum)]
    pub policy: Option<Policy>,
    /// Print the result (human) or one JSON event a line
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Write the JSON events to this file besides
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// Stay and wait when only a person can go on
    #[arg(long, conflicts_with = "no_wait")]
    pub wait: bool,
    /// Never ask on the terminal: print the questions and stop
    #[arg(long)]
    pub no_wait: bool,
    /// No progress and no summary on standard error
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub program: ProgramArgs,
    /// An input of the workflow; text for a String or Path, else a Flow literal or JSON
    #[arg(long = "input", short = 'i', value_name = "NAME=VALUE")]
    pub input: Vec<String>,
    /// Inputs from a JSON file
    #[arg(long, value_name = "FILE")]
    pub inputs: Option<PathBuf>,
    #[command(flatten)]
    pub engine: EngineArgs,
}

#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// The run, or the beginning of its id; the newest unfinished one if not given
    pub run: Option<String>,
    /// Go back to a recovery point: `wave:3` or `task:ID`
    #[arg(long, value_name = "POINT")]
    pub from: Option<String>,
    /// What to do with a task whose attempt was lost: rerun, done or fail
    #[arg(long, value_name = "TASK=ANSWER")]
    pub answer: Vec<String>,
    /// Say what is kept, what runs again and why, what is new or gone, what would be asked; start nothing
    #[arg(long, conflicts_with_all = ["take_over", "answer"])]
    pub dry_run: bool,
    /// End the process that holds the run (on this machine) and go on in its place
    #[arg(long)]
    pub take_over: bool,
    #[command(flatten)]
    pub engine: EngineArgs,
}

#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The run, or the beginning of its id; the newest unfinished one if not given
    pub run: Option<String>,
    /// The task that asks, where several do
    #[arg(long, value_name = "ID")]
    pub task: Option<String>,
    /// Reject instead
    #[arg(long, conflicts_with = "value")]
    pub reject: bool,
    /// The value of an `input`, written like one of `flowc run --input`
    #[arg(long, value_name = "VALUE")]
    pub value: Option<String>,
    /// A note that goes into the record
    #[arg(long, default_value = "")]
    pub note: String,
    /// Who answers [default: $USER]
    #[arg(long)]
    pub by: Option<String>,
    /// Go on with the run at once
    #[arg(long)]
    pub resume: bool,
}

#[derive(Debug, Args)]
pub struct CancelArgs {
    /// The run, or the beginning of its id; without it the newest unfinished one of this folder
    pub run: Option<String>,
    /// Why; goes into the record
    #[arg(long, default_value = "")]
    pub why: String,
}

#[derive(Debug, Args)]
pub struct RunsArgs {
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Only these newest
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The run, or the beginning of its id; the newest if not given
    pub run: Option<String>,
    /// Only tasks whose id matches the glob
    #[arg(long, value_name = "GLOB")]
    pub task: Option<String>,
    /// Only tasks of this status
    #[arg(long, value_name = "STATUS")]
    pub status: Option<String>,
    /// At most so many tasks
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub limit: usize,
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct LogsArgs {
    /// The run, or the beginning of its id; the newest if not given
    pub run: Option<String>,
    /// Only tasks whose id matches the glob
    #[arg(long, value_name = "GLOB")]
    pub task: Option<String>,
    /// Bytes as they were, without escaping control characters
    #[arg(long)]
    pub raw: bool,
}

#[derive(Debug, Args)]
pub struct TestArgs {
    /// The programs
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct DocArgs {
    /// A program or a folder of programs; the current project if not given
    pub file: Option<PathBuf>,
    /// Of the modules of `std` instead
    #[arg(long, conflicts_with = "file")]
    pub std: bool,
    /// The folder for the pages
    #[arg(long, short, value_name = "DIR")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A code such as F0301; every code is listed if not given
    pub code: Option<String>,
}

#[derive(Debug, Args)]
pub struct FsckArgs {
    /// The run, or the beginning of its id; all runs if not given
    pub run: Option<String>,
    /// Make the index over the runs anew
    #[arg(long)]
    pub rebuild: bool,
    /// Put a record of what is good in place of a damaged one; the damaged files are kept
    #[arg(long, requires = "run")]
    pub repair: bool,
}

#[derive(Debug, Args)]
pub struct GcArgs {
    /// Keep so many of the newest finished runs
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub keep: usize,
    /// Say what would be deleted, and stop
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
