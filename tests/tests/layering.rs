//! Who may depend on whom, over `cargo metadata`: the arrows of docs/architecture.md, and no other.

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

/// Each crate and the crates of the workspace that it may name. A crate that is missing here fails the test.
const ARROWS: &[(&str, &[&str])] = &[
    ("issue", &[]),
    ("shim", &[]),
    ("kafka", &["issue"]),
    ("intake", &["issue"]),
    ("serve", &["intake"]),
    ("sidecar", &["issue", "kafka", "intake", "serve"]),
    ("consumer", &["issue", "kafka", "intake", "serve", "frustration"]),
    ("operator", &["issue", "kafka", "intake", "frustration"]),
    ("frustration", &["issue"]),
    ("cli", &["issue", "kafka", "intake", "serve", "frustration", "sidecar", "consumer", "shim"]),
    (
        "tests",
        &[
            "issue",
            "kafka",
            "intake",
            "serve",
            "frustration",
            "sidecar",
            "consumer",
            "shim",
            "cli",
            "operator",
        ],
    ),
];

/// What a crate must never bring in, however indirectly a convenience might suggest it.
const NEVER: &[(&str, &[&str])] = &[
    ("issue", &["tokio", "reqwest", "rdkafka", "axum", "rusqlite", "rand", "tracing"]),
    ("frustration", &["tokio", "reqwest", "rdkafka", "axum", "rusqlite", "rand", "tracing"]),
    ("intake", &["tokio", "rdkafka", "axum", "rusqlite"]),
    ("shim", &["tokio", "serde", "clap", "tracing"]),
];

#[test]
fn crates_depend_only_on_what_stands_before_them() {
    let crates = workspace();
    let mut wrong = Vec::new();
    for (name, dependencies) in &crates {
        let Some((_, allowed)) = ARROWS.iter().find(|(crate_name, _)| crate_name == name) else {
            wrong.push(format!("{name} is not in the table of arrows"));
            continue;
        };
        for dependency in dependencies.iter().filter(|d| crates.contains_key(*d)) {
            if !allowed.contains(&dependency.as_str()) {
                wrong.push(format!("{name} depends on {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "the layering is broken:\n{}", wrong.join("\n"));
}

#[test]
fn pure_crates_hold_no_io() {
    let crates = workspace();
    let mut wrong = Vec::new();
    for (name, never) in NEVER {
        for dependency in crates.get(*name).into_iter().flatten().filter(|d| never.contains(&d.as_str())) {
            wrong.push(format!("{name} depends on {dependency}"));
        }
    }
    assert!(wrong.is_empty(), "a pure crate has learned to do I/O:\n{}", wrong.join("\n"));
}

/// Names of the workspace's crates with the names of their dependencies, those for tests left out.
fn workspace() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    list(&metadata["packages"])
        .iter()
        .map(|package| {
            let dependencies = list(&package["dependencies"]);
            let names =
                dependencies.iter().filter(|d| d["kind"] != "dev").map(|d| text(&d["name"])).collect();
            (text(&package["name"]), names)
        })
        .collect()
}
