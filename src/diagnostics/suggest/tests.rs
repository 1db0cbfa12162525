use super::*;

fn of(name: &str, known: &[&'static str]) -> Option<String> {
    value(name, false, known.iter().map(|k| (*k, false))).map(|near| near.name)
}

#[test]
fn ranks_by_spelling() {
    assert_eq!(of("thraets", &["threats", "treat", "other"]).as_deref(), Some("threats"));
    assert_eq!(of("backendImplementer", &["backend_implementer"]).as_deref(), Some("backend_implementer"));
    assert_eq!(of("reviewer", &["appsec_reviewer", "zzz"]).as_deref(), Some("appsec_reviewer"));
    assert_eq!(of("x", &["alpha", "beta"]), None);
    assert_eq!(of("null", &[]).as_deref(), Some("none"));
    assert_eq!(of_type("string", [].into_iter()).map(|n| n.name).as_deref(), Some("String"));
}

#[test]
fn words_count_more_than_letters() {
    assert_eq!(of("finding", &["findings", "binding"]).as_deref(), Some("findings"));
    assert_eq!(of("query", &["queries", "quart"]).as_deref(), Some("queries"));
    assert_eq!(
        of("reviewer_security", &["security_reviewer", "reviewer_sanity"]).as_deref(),
        Some("security_reviewer")
    );
    assert_eq!(of("maxTokens", &["max_tokens", "max_token"]).as_deref(), Some("max_tokens"));
    assert_eq!(of("code-reviewer", &["code_reviewer"]).as_deref(), Some("code_reviewer"));
    assert_eq!(of("ab", &["ba", "cd"]).as_deref(), Some("ba"));
}

#[test]
fn what_fits_wins_over_what_is_equally_near() {
    let pick = |fits: &str| {
        let known = [("score", fits == "score"), ("scope", fits == "scope")];
        fitting("scole", known.into_iter()).map(|near| near.name)
    };
    assert_eq!((pick("score").as_deref(), pick("scope").as_deref()), (Some("score"), Some("scope")));
    let far = [("thread", true), ("threats", false)];
    assert_eq!(
        fitting("threatz", far.into_iter()).map(|n| n.name).as_deref(),
        Some("threats"),
        "much nearer"
    );
}

#[test]
fn only_the_same_word_is_sure() {
    let sure =
        |name: &str| value(name, true, [("repo_path", false), ("len", false)].into_iter()).map(|n| n.sure);
    assert_eq!((sure("repoPath"), sure("RepoPath"), sure("repo-path")), (Some(true), Some(true), Some(true)));
    assert_eq!((sure("repo_paht"), sure("length"), sure("error")), (Some(false), Some(true), Some(false)));
}

#[test]
fn properties_have_names_elsewhere() {
    let known = ["after", "retry", "run", "timeout"];
    let of = |name: &str| property(name, known.iter().copied()).map(|near| near.name);
    assert_eq!((of("depends_on").as_deref(), of("retries").as_deref()), (Some("after"), Some("retry")));
    assert_eq!((of("cmd").as_deref(), of("timout").as_deref()), (Some("run"), Some("timeout")));
    assert_eq!(of("shell"), None, "what is not there is not offered");
}

#[test]
fn equals_are_named_together() {
    let near = |known: &[&'static str]| {
        let near = fitting("cargo", known.iter().map(|k| (*k, true))).unwrap();
        (near.name, near.others)
    };
    let all = ["my_cargo_x", "cargo_test", "cargo_check", "cargo_build", "cargo_run_it"];
    assert_eq!(near(&all).0, "cargo_test");
    assert_eq!(near(&all).1, ["cargo_build", "cargo_check"]);
    assert_eq!(near(&["xcargo_", "cargo_test"]), ("xcargo_".to_string(), vec![]), "one letter apart");
}

#[test]
fn ties_do_not_depend_on_the_order() {
    assert_eq!(of("abcx", &["abcy", "abcz"]), of("abcx", &["abcz", "abcy"]));
}
