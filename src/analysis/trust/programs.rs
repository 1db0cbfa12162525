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

/// Variables that decide which program runs, or what is loaded into it.
pub(super) const DECIDING: &[&str] = &[
    "PATH",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "LD_AUDIT",
    "DYLD_INSERT_LIBRARIES",
    "BASH_ENV",
    "ENV",
    "IFS",
    "SHELL",
    "EDITOR",
    "PAGER",
    "NODE_OPTIONS",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PERL5OPT",
    "RUBYOPT",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_EXTERNAL_DIFF",
    "GIT_PAGER",
];
