//! What well-known programs do with their words.

/// Shells: the word after `-c` is a script.
pub(super) const SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "ksh", "ash", "fish"];

/// Programs that run a text: the options before it.
pub(super) const RUNS_TEXT: &[(&str, &[&str])] = &[
    ("python", &["-c"]),
    ("python3", &["-c"]),
    ("perl", &["-e", "-E"]),
    ("ruby", &["-e"]),
    ("node", &["-e", "--eval", "-p", "--print"]),
    ("deno", &["eval"]),
    ("php", &["-r"]),
    ("lua", &["-e"]),
    ("psql", &["-c", "--command"]),
    ("mysql", &["-e", "--execute"]),
    ("osascript", &["-e"]),
    ("pwsh", &["-c", "-Command"]),
    ("powershell", &["-c", "-Command"]),
];

/// Programs that run the rest of their words as a program: options of theirs that take a value, and how many words come
/// before it.
pub(super) const BEFORE_PROGRAM: &[(&str, &[&str], usize)] = &[
    ("sudo", &["-u", "-g", "-C", "-p"], 0),
    ("doas", &["-u", "-C"], 0),
    ("env", &["-u", "-C", "-S"], 0),
    ("nice", &["-n"], 0),
    ("ionice", &["-c", "-n"], 0),
    ("nohup", &[], 0),
    ("setsid", &[], 0),
    ("stdbuf", &["-i", "-o", "-e"], 0),
    ("timeout", &["-s", "-k"], 1),
    ("time", &["-f", "-o"], 0),
    ("exec", &["-a"], 0),
    ("command", &[], 0),
    ("builtin", &[], 0),
    ("xargs", &["-n", "-I", "-P", "-d", "-L", "-s", "-E"], 0),
    ("watch", &["-n"], 0),
    ("chroot", &[], 1),
    ("flock", &["-w", "-E"], 1),
    ("unshare", &[], 0),
    ("strace", &["-o", "-e", "-p"], 0),
    ("busybox", &[], 0),
    // What is named is fetched and run.
    ("npx", &["-p", "--package"], 0),
    ("uvx", &["--from", "--with"], 0),
    ("bunx", &[], 0),
];

/// Programs that fetch what they are named, and run it or a part of it.
pub(super) const FETCHES: &[(&str, &[&str])] = &[
    ("pip", &["install"]),
    ("pip3", &["install"]),
    ("uv", &["add", "run"]),
    ("npm", &["install", "i", "add", "exec", "x"]),
    ("pnpm", &["install", "add", "dlx"]),
    ("yarn", &["add", "dlx"]),
    ("cargo", &["install"]),
    ("go", &["install", "run", "get"]),
    ("gem", &["install"]),
    ("brew", &["install"]),
    ("apt", &["install"]),
    ("apt-get", &["install"]),
    ("docker", &["run"]),
    ("podman", &["run"]),
];

/// Programs whose words are never options, or do no harm as such.
pub(super) const HARMLESS: &[&str] = &[
    "echo", "printf", "true", "false", "test", "[", "sleep", "exit", "export", "local", "return", "expr",
    "let", "shift", "set",
];

/// Programs none of whose common options takes a value: what follows one is an operand.
pub(super) const BARE_OPTIONS: &[&str] = &[
    "rm", "rmdir", "cp", "mv", "cat", "ls", "mkdir", "ln", "wc", "unlink", "realpath", "stat", "file", "cmp",
];

/// Programs that take `--` as the end of their options, and nothing else by it.
pub(super) const ENDS_OPTIONS: &[&str] = &[
    "rm",
    "rmdir",
    "cp",
    "mv",
    "cat",
    "ls",
    "mkdir",
    "ln",
    "wc",
    "touch",
    "chmod",
    "chown",
    "grep",
    "egrep",
    "rg",
    "sed",
    "awk",
    "sort",
    "uniq",
    "head",
    "tail",
    "tee",
    "diff",
    "cmp",
    "cut",
    "tr",
    "stat",
    "file",
    "realpath",
    "basename",
    "dirname",
    "tar",
    "gzip",
    "xz",
    "zip",
    "unzip",
    "jq",
    "less",
    "patch",
    "ssh",
    "scp",
    "rsync",
    "curl",
    "wget",
    "kill",
    "sha256sum",
    "md5sum",
    "cd",
    "install",
    "shred",
    "truncate",
    "unlink",
];

/// Programs that destroy or replace the files that they are given.
pub(super) const CHANGES_FILES: &[&str] =
    &["rm", "rmdir", "mv", "cp", "ln", "chmod", "chown", "tee", "truncate", "shred", "unlink", "install"];

/// Commands of the shell that give variables to what runs later.
pub(super) const ASSIGNS: &[&str] = &["export", "local", "readonly", "declare", "typeset"];

/// Whether a variable decides which program runs, or what is loaded into it.
pub(super) fn decides(variable: &str) -> bool {
    DECIDING.contains(&variable) || DECIDING_FAMILIES.iter().any(|start| variable.starts_with(start))
}

/// How the names of such variables begin.
const DECIDING_FAMILIES: &[&str] = &["LD_", "DYLD_", "GIT_CONFIG", "BASH_FUNC_"];

const DECIDING: &[&str] = &[
    "PATH",
    "BASH_ENV",
    "ENV",
    "IFS",
    "SHELL",
    "PS4",
    "PROMPT_COMMAND",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "MANPAGER",
    "LESSOPEN",
    "BROWSER",
    "NODE_OPTIONS",
    "NODE_PATH",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PERL5OPT",
    "PERL5LIB",
    "RUBYOPT",
    "RUBYLIB",
    "CLASSPATH",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "_JAVA_OPTIONS",
    "MAKEFLAGS",
    "CC",
    "CXX",
    "LD",
    "RUSTC",
    "RUSTC_WRAPPER",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_EXTERNAL_DIFF",
    "GIT_PAGER",
    "GIT_EDITOR",
    "GIT_SEQUENCE_EDITOR",
    "GIT_ASKPASS",
    "SSH_ASKPASS",
    "GIT_PROXY_COMMAND",
    "GIT_EXEC_PATH",
    "GIT_TEMPLATE_DIR",
];
