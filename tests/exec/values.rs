//! Values on their way into a program: S1, S7, bad inputs 29–36.

use super::*;
use flow::exec::Fault;
use flow::exec::shell::ShellPart;

/// Texts that a shell, or a program's options, might take for something else.
fn hostile() -> Vec<String> {
    let mut all: Vec<String> = [
        "'; touch pwned; #",
        "$(touch pwned)",
        "`touch pwned`",
        "zzz\";echo${IFS}\"hello\";#",
        "a\ntouch pwned",
        "-rf",
        "--output=pwned",
        "-e",
        "--",
        "-",
        "*",
        "?",
        "[a-z]",
        "~",
        "~root",
        "a b",
        " lead",
        "trail ",
        "tab\there",
        "",
        "\"",
        "'",
        "\\",
        "\\n",
        "$HOME",
        "${HOME}",
        "$$",
        "$1",
        "$@",
        "$*",
        "!!",
        "!x",
        "#x",
        "a#b",
        "|x",
        "&x",
        ";x",
        "<x",
        ">x",
        "(x)",
        "{a,b}",
        "a=b",
        "%s%n",
        "%d",
        "\r\n",
        "\u{7f}",
        "\u{1b}[2J",
        "\u{202e}x",
        "é",
        "日本",
        "🦀",
        "\u{feff}",
        "a\\\nb",
        "EOF",
        "\n",
        "\n\n",
        "x\n",
        "$'x'",
        "$\"x\"",
        "$((1+1))",
        "a\u{0}".trim_end_matches('\u{0}'),
        "/dev/null",
        "..",
        "IFS=x",
    ]
    .map(str::to_owned)
    .to_vec();
    all.push("x".repeat(100_000));
    all
}

/// Prints its arguments, each ended by NUL.
const RECORDER: &str = "printf '%s\\0' \"$@\"";

#[test]
fn s1_arguments_arrive_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::new();
    for value in hostile() {
        let mut request = command(["/bin/sh", "-c", RECORDER, "recorder", &value]);
        request.cwd = Some(folder.path().to_owned());
        assert_eq!(bytes(&bench.run(request).stdout), [value.as_bytes(), b"\0"].concat(), "{value:?}");
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn s1_words_of_a_script_arrive_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::new();
    let mut run = |parts: &[ShellPart]| {
        let mut request = ProcessRequest::new(id(), shell::argv(parts).unwrap());
        request.cwd = Some(folder.path().to_owned());
        let outcome = bench.run(request);
        assert_eq!(text(&outcome.stderr), "");
        bytes(&outcome.stdout)
    };
    let print = || ShellPart::Text("p() { printf '%s\\0' \"$@\"; }; p ".into());
    for value in hostile() {
        let got = run(&[print(), ShellPart::Word(value.clone()), ShellPart::Text("; echo $#".into())]);
        assert_eq!(got, [value.as_bytes(), b"\0", b"0\n"].concat(), "{value:?}");
        let got = run(&[
            ShellPart::Text("x=".into()),
            ShellPart::Word(value.clone()),
            ShellPart::Text("; printf %s \"$x\"".into()),
        ]);
        assert_eq!(got, value.as_bytes(), "{value:?}");
        let got = run(&[
            print(),
            ShellPart::Text("a".into()),
            ShellPart::Word(value.clone()),
            ShellPart::Text("b".into()),
        ]);
        assert_eq!(got, [b"a", value.as_bytes(), b"b\0"].concat(), "{value:?}");
    }
    let all: Vec<String> = hostile().into_iter().filter(|value| value.len() < 1000).collect();
    let expected: Vec<u8> = all.iter().flat_map(|value| [value.as_bytes(), b"\0"].concat()).collect();
    assert_eq!(run(&[print(), ShellPart::Words(all)]), expected);
    assert_eq!(
        run(&[
            ShellPart::Text("for f in ".into()),
            ShellPart::Words(vec![]),
            ShellPart::Text("; do echo $f; done; echo end".into())
        ]),
        b"end\n"
    );
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_script_stops_at_its_first_error_and_at_an_unset_name() {
    let mut bench = Bench::new();
    let outcome = bench.run(sh("echo a; false; echo b"));
    assert_eq!((outcome.exit, text(&outcome.stdout)), (Exit::Code(1), "a\n".to_owned()));
    assert_ne!(bench.run(sh("echo $surely_unset")).exit, Exit::Code(0));
    let script = [ShellPart::Text("true\n\nnot-a-command ".into()), ShellPart::Word("x".into())];
    let outcome = bench.run(ProcessRequest::new(id(), shell::argv(&script).unwrap()));
    assert!(
        text(&outcome.stderr).contains("3: "),
        "the line is still the author's: {}",
        text(&outcome.stderr)
    );
}

#[test]
fn what_no_argument_can_be_is_refused() {
    let mut bench = Bench::new();
    let error = bench.start(command(["echo", "a\0b"])).unwrap_err();
    assert_eq!(error.fault, Fault::Refused);
    assert!(error.message.contains("NUL"), "{error}");
    assert!(shell::argv(&[ShellPart::Text("a\0".into())]).is_err());
    let long = "x".repeat(2 << 20);
    let error = bench.start(command(["echo", &long])).unwrap_err();
    assert_eq!(error.fault, Fault::Refused);
    assert!(error.message.contains("too long"), "{error}");
    let mut request = command(["true"]);
    request.env.push(EnvVar { name: "LD_PRELOAD".into(), value: "x".into(), computed: true });
    assert_eq!(bench.start(request).unwrap_err().fault, Fault::Refused);
}

#[test]
fn a_child_has_three_descriptors_default_signals_and_its_own_group() {
    let _kept_open = std::fs::File::open("/dev/null").unwrap();
    let mut bench = Bench::new();
    let outcome = bench.run(sh("ls /proc/$$/fd; cut -d' ' -f1,5 /proc/$$/stat"));
    let text = text(&outcome.stdout);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..3], ["0", "1", "2"], "{text}");
    let (pid, group) = lines[3].split_once(' ').unwrap();
    assert_eq!(pid, group);
    let status = text_of(&mut bench, command(["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]));
    for line in status.lines() {
        // Signal 32 and above are the C library's own, and come as they are.
        let mask = u64::from_str_radix(line.split('\t').nth(1).unwrap(), 16).unwrap() & 0x7fff_ffff;
        assert_eq!(mask, 0, "{status}");
    }
}

#[test]
fn s7_the_environment_is_the_allowed_one() {
    // SAFETY-free: variables of cargo's own are in our environment in every test run.
    assert!(
        std::env::var_os("CARGO_MANIFEST_DIR").is_some() || std::env::var_os("CARGO_TARGET_DIR").is_some()
    );
    let mut bench = Bench::new();
    let mut request = command(["/usr/bin/env"]);
    request.env.push(EnvVar::new("GIVEN", "a=b\nc"));
    let attempt = request.attempt.clone();
    let text = text(&bench.run(request).stdout);
    assert!(text.contains("GIVEN=a=b\nc\n") && text.contains(&format!("FLOW_ATTEMPT_ID={attempt}\n")));
    assert!(!text.contains("CARGO_MANIFEST_DIR") && !text.contains("CARGO_TARGET_DIR"), "{text}");
    assert!(text.contains("PATH="));
}

fn text_of(bench: &mut Bench, request: ProcessRequest) -> String {
    text(&bench.run(request).stdout)
}
