//! What is shown of a plan.

use super::*;
use crate::plan::lower_test::finished;

const AUDIT: &str = r##"
resource gpu { capacity: 2 }
agent writer { model: "haiku" }
agent checker { model: "opus" }
task threats(repo: Path) -> [String] { agent: writer prompt: "List" reads: ["#{repo}/**"] estimate: 10m budget: $0.50 }
task review(t: String) -> String { agent: [writer, checker] prompt: t estimate: 5m budget: $0.25 }
task build() { run: ["make"] writes: ["out/**"] resources: { gpu: 1 } estimate: 2m }
workflow deploy(n: Int) -> String { let api = now() "#{n}#{api}" }
workflow main(repo: Path = ".") -> [String] with { parallel: 4 } {
    let list = threats(repo)
    let found = for t in list { review(t) }
    for t in ["a", "b"] { review(t) }
    build()
    stage checks { build() }
    approve("Ship?")
    [...found, deploy(1)]
}
"##;

#[test]
fn the_json_says_what_the_contract_asks() {
    let view = json(&finished(AUDIT), None);
    assert_eq!(view["version"], 1);
    assert_eq!(view["workflow"], "main");
    let ids: Vec<&str> =
        view["tasks"].as_array().unwrap().iter().map(|t| t["id"].as_str().unwrap()).collect();
    assert_eq!(
        ids,
        [
            "list",
            "found",
            "review[0]",
            "review[1]",
            "review",
            "build",
            "checks.build",
            "checks",
            "approve",
            "deploy"
        ]
    );
    assert_eq!(
        view["waves"].to_string(),
        r#"[["list","review[0]","review[1]","build","checks.build"],["found","approve"],["deploy/api"]]"#
    );
    assert_eq!(view["critical_path"].to_string(), r#"["list","found"]"#);
    assert_eq!(view["estimate_ms"], 900_000);
    assert_eq!(view["peak"]["gpu"], 2);
    assert_eq!(view["cost"]["max"], serde_json::Value::Null, "the list is not known");
    assert_eq!(view["tasks"][0]["reads"].to_string(), r#"["*/**"]"#);
    assert_eq!(view["tasks"][0]["agent"], "writer");
    assert_eq!(view["tasks"][1]["body"][0]["id"], "found[*]");
    assert_eq!(view["tasks"][1]["body"][0]["agent"].to_string(), r#"["writer","checker"]"#);
    assert_eq!(view["tasks"][1]["after"].to_string(), r#"["list"]"#);
    assert_eq!(view["questions"].to_string(), r#"["approve"]"#);
}

#[test]
fn the_text_is_for_people() {
    let text = text(&finished(AUDIT), None);
    insta::assert_snapshot!("plan_text", text);
}

#[test]
fn the_cost_is_limited_by_what_is_known() {
    let of = |program: &str| view(&finished(program)).cost.max;
    let agent = "agent w { model: \"haiku\" } task t(x: Int) { agent: w prompt: \"p#{x}\" budget: $0.50 }";
    assert_eq!(of(&format!("{agent} workflow main() {{ t(1) t(2) }}")), Some(1.0));
    assert_eq!(of(&format!("{agent} workflow main() {{ for i in range(0, 3) {{ t(i) }} }}")), Some(1.5));
    assert_eq!(of(&format!("{agent} workflow main(n: Int) {{ for i in range(0, n) {{ t(i) }} }}")), None);
    let limited =
        format!("{agent} workflow main(n: Int) with {{ budget: $2 }} {{ for i in range(0, n) {{ t(i) }} }}");
    assert_eq!(of(&limited), Some(2.0));
    assert_eq!(
        of(&format!("{agent} workflow main(n: Int) {{ if n > 1 {{ t(1) t(3) }} else {{ t(2) }} }}")),
        Some(1.0)
    );
    assert_eq!(of("task t() { run: [\"x\"] } workflow main() { t() }"), Some(0.0));
}

/// Workflows that call the next twice: as many tasks as a plan can have, and a view that stays small enough.
#[test]
fn calls_that_double_do_not_explode() {
    let mut program = String::from("task t() { run: [\"x\"] }\nworkflow w0() { t() }\n");
    for i in 1..40 {
        program.push_str(&format!("workflow w{i}() {{ w{}() w{}() }}\n", i - 1, i - 1));
    }
    program.push_str("workflow main() { w39() }");
    let view = view(&finished(&program));
    assert!(view.waves.iter().map(Vec::len).sum::<usize>() <= 2 * MOST);
}

#[test]
fn both_schemas_hold() {
    let plan = finished(AUDIT);
    for (schema, instance) in [
        (
            include_str!("../../../docs/schemas/plan.schema.json"),
            json(&plan, Some(History { attempts: 3, p50_ms: 10, p95_ms: 20 })),
        ),
        (include_str!("../../../docs/schemas/plan-file.schema.json"), serde_json::to_value(&plan).unwrap()),
    ] {
        let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&instance).map(|e| format!("{} at {}", e, e.instance_path())).collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
        assert!(!validator.is_valid(&serde_json::json!({ "version": 1 })));
    }
}
