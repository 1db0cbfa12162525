//! What people give a run: inputs that hold secrets, answers that nobody asked for; and what they are told of results.

use super::place::{Place, said};

const SECRETS: &str = r##"
type Login = { url: String, token: Secret }
task size(of: Secret) -> String { sh: "echo ${#S}" env: { S: of } }
workflow main(token: Secret, login: Login?) -> String {
  let a = size(token)
  let b = match login { none => "none", l => size(l.token) }
  "#{a} #{b}"
}
"##;

const TOKEN: &str = "a-token-of-24-characters";

#[test]
fn inputs_with_secrets_are_given_by_name_and_go_on_at_resume() {
    let place = Place::new(SECRETS);
    let run = |args: &[&str]| {
        let output =
            place.command(&[&["run", "main.flow", "-q"], args].concat()).env("THE_TOKEN", TOKEN).output();
        let output = output.unwrap();
        (output.status.code().unwrap(), said(&output).trim().to_owned())
    };
    let by_name = "token=secret(\"THE_TOKEN\")";
    assert_eq!(run(&["-i", by_name]), (0, "24 none".to_owned()));
    let login = "login={ url: \"x\", token: secret(\"THE_TOKEN\") }";
    assert_eq!(run(&["-i", by_name, "-i", login]), (0, "24 24".to_owned()));
    std::fs::write(place.root.join("in.json"), r#"{"token": "secret(\"THE_TOKEN\")"}"#).unwrap();
    assert_eq!(run(&["--inputs", "in.json"]), (0, "24 none".to_owned()));
    for journal in std::fs::read_dir(place.root.join(".flow/runs")).unwrap() {
        let bytes = std::fs::read(journal.unwrap().path().join("run.db")).unwrap();
        assert!(!bytes.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes()), "it is in the record");
    }
}

#[test]
fn a_secret_given_as_it_is_is_refused_and_not_repeated() {
    let place = Place::new(SECRETS);
    let refused = |args: &[&str]| place.ends(&[&["run", "main.flow"], args].concat(), 2);
    for given in [TOKEN, "1234567890", "\"a-token-of-24-characters\"", "[1234567890]"] {
        let why = refused(&["-i", &format!("token={given}")]);
        assert!(why.contains("secret(\"NAME\")"), "{why}");
        assert!(!why.contains("24-char") && !why.contains("1234567890"), "{why}");
    }
    let why = refused(&[]);
    assert!(why.contains("--input 'token=secret(\"NAME\")'"), "{why}");
    let why = refused(&["-i", "token=secret(\"SURELY_NOT_SET\")"]);
    assert!(why.contains("SURELY_NOT_SET is not set"), "{why}");
}

#[test]
fn an_answer_that_nothing_asked_for_is_told() {
    let source = "task p() -> String { sh: \"echo p; test -f ready\" }\n\
                  workflow main() -> String { let a = p() approve(\"Go?\") a }";
    let place = Place::new(source);
    place.ends(&["run", "main.flow", "--no-wait"], 1);
    std::fs::write(place.root.join("ready"), "").unwrap();
    let run = place.run_folder();
    let run = run.file_name().unwrap().to_str().unwrap();
    let said = place.ends(&["resume", run, "--no-wait", "--answer", "a=rerun"], 3);
    assert!(said.contains("the answer for `a` was not used"), "{said}");
    let said = place.ends(&["resume", run, "--no-wait", "--answer", "approve=yes"], 0);
    assert!(!said.contains("was not used"), "{said}");
}

#[test]
fn a_field_that_is_called_otherwise_is_named() {
    let place = Place::new(
        "type F = { file: String, line: Int }\n\
         workflow main() -> [F] { task f -> [F] { run: [\"echo\", \"[{\\\"file\\\": \\\"x\\\", \\\"lime\\\": 1}]\"] } f }",
    );
    let said = place.ends(&["run", "main.flow"], 1);
    assert!(said.contains("at `[0]`: the field `line` is missing; there is `lime`"), "{said}");
}

const SHIP: &str = r##"
task build() -> String { sh: "echo build >> log; echo v1" }
task ship(v: String) -> String { sh: "echo ship >> log; echo #{v}" }
workflow main() -> String {
  let v = build()
  approve("Ship #{v}?")
  let s = ship(v)
  s
}
"##;

/// An answer is bound to what was asked: the program may change around it.
#[test]
fn an_answer_stands_in_a_changed_program_as_long_as_the_question_is_the_same() {
    let edited = |from: &str, to: &str| {
        let place = Place::new(SHIP);
        place.ends(&["run", "main.flow"], 3);
        place.ends(&["approve"], 0);
        place.edit(from, to);
        place
    };
    // What comes after it, and a word beside it.
    for (from, to) in
        [("echo ship >> log; echo #{v}", "echo ship >> log; printf #{v}"), ("task build", "// v\ntask build")]
    {
        let place = edited(from, to);
        place.ends(&["resume"], 0);
        assert_eq!(place.log(), ["build", "ship"]);
    }
    // Asked before two changes, it is the same question still.
    let place = edited("echo ship >> log; echo #{v}", "echo ship >> log; printf #{v}");
    std::fs::remove_dir_all(place.run_folder().join("inbox")).unwrap();
    std::fs::create_dir(place.run_folder().join("inbox")).unwrap();
    place.ends(&["resume"], 3);
    place.ends(&["approve"], 0);
    place.edit("printf #{v}", "printf '%s' #{v}");
    place.ends(&["resume"], 0);
    // Another question, or one about something that was made anew.
    for (from, to) in [("echo v1", "echo v2"), ("Ship #{v}?", "Really ship #{v}?"), ("echo v1", "printf v1")]
    {
        let place = edited(from, to);
        let told = place.ends(&["resume"], 3);
        assert!(!place.log().contains(&"ship".into()), "{told}");
        place.ends(&["approve", "--resume"], 0);
    }
    // One answer answers once.
    let place = Place::new(SHIP);
    place.ends(&["run", "main.flow"], 3);
    place.ends(&["approve"], 0);
    place.ends(&["approve"], 0);
    place.ends(&["resume"], 0);
    let run = place.run_folder();
    let run = run.file_name().unwrap().to_str().unwrap();
    place.ends(&["resume", run, "--from", "task:approve"], 3);
}

#[test]
fn an_answer_that_does_not_do_is_refused_where_it_is_given() {
    let place = Place::new(
        r##"
type Aim = { to: String, count: Int = 1 }
workflow main() -> String {
  let aim = input<Aim>("Where to?")
  let sure = approve("Sure?", by: ["ann"])
  let word = input<String>("A word?", default: "none")
  "#{aim.to} #{aim.count} #{word} #{sure.by}"
}
"##,
    );
    place.ends(&["run", "main.flow", "--no-wait"], 3);
    for (answer, why) in [
        (&["--task", "aim"][..], "`aim` asks for a value"),
        (&["--task", "aim", "--reject"], "`aim` asks for a value"),
        (&["--task", "aim", "--value", "{ count: 2 }"], "the answer must be Aim: the field `to` is missing"),
        (&["--task", "sure", "--value", "perhaps"], "answer yes or no, not `perhaps`"),
        (&["--task", "sure", "--by", "bob"], "`bob` may not answer this; ask ann"),
    ] {
        let told = place.ends(&[&["approve"], answer].concat(), 2);
        assert!(told.contains(why), "{answer:?}: {told}");
    }
    // A literal of the language does, as for `run --input`.
    place.ends(&["approve", "--task", "aim", "--value", r#"{ to: "x" }"#], 0);
    place.ends(&["approve", "--task", "sure"], 0);
    place.ends(&["resume"], 3);
    let told = place.ends(&["approve", "--task", "word", "--resume"], 0);
    assert!(told.contains("x 1 none ann"), "{told}");
}
