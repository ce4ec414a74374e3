//! From start to end.

use std::{fs, process::Command, time::Duration};

use serde_json::Value;

use crate::program::{Program, until};

#[test]
fn at_sigterm_it_ends_with_0_within_the_grace_and_says_once_what_is_left() {
    let program = Program::start(&[("POD_NAME", "api-1"), ("POD_NAMESPACE", "payments")]);
    for kind in 0..5 {
        assert_eq!(program.report(kind), 202);
    }
    let (status, took, folder) = program.end("-TERM");
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(6), "{took:?}");
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    let said: Vec<Value> = log
        .lines()
        .filter(|line| line.contains("grace period ended"))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(said.len(), 1, "{log}");
    assert_eq!((&said[0]["spooled"], &said[0]["level"]), (&5.into(), &"WARN".into()), "{log}");

    // What is left is there for the next, and counted.
    let program = Program::start_in(folder, &[]);
    let ledger = program.health()["ledger"].clone();
    let taken = ["accepted", "recovered"].map(|name| ledger[name].as_u64().unwrap_or_default());
    assert_eq!((taken.iter().sum::<u64>(), &ledger["spooled"]), (5, &5.into()), "{ledger}");
    let metrics = program.get("/metrics").1;
    assert!(metrics.contains("issuetracker_sidecar_spooled_reports 5"), "{metrics}");
}

#[test]
fn killed_it_loses_nothing_that_it_had_answered() {
    let program = Program::start(&[]);
    for kind in 0..20 {
        assert_eq!(program.report(kind), 202);
    }
    let (status, _, folder) = program.end("-KILL");
    assert!(!status.success());
    let ledger = Program::start_in(folder, &[]).health()["ledger"].clone();
    let number = |name: &str| ledger[name].as_u64().unwrap_or_default();
    assert_eq!((number("accepted") + number("recovered"), number("spooled")), (20, 20), "{ledger}");
}

#[test]
fn settings_are_followed_and_a_bad_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.yaml");
    fs::write(&file, "grouping:\n  window: 20s\n").unwrap();
    let program = Program::start(&[("ISSUETRACKER_SETTINGS", file.to_str().unwrap())]);
    assert_eq!(program.health()["settings_error"], Value::Null);
    fs::write(&file, "grouping:\n  window: soon\n").unwrap();
    let told =
        until("the error in health", || program.health()["settings_error"].as_str().map(str::to_owned));
    assert!(told.contains("write whole seconds"), "{told}");
    fs::write(&file, "grouping:\n  window: 30s\n").unwrap();
    until("the error is gone", || program.health()["settings_error"].is_null().then_some(()));
}

#[test]
fn with_settings_that_cannot_be_used_it_does_not_start_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.yaml");
    fs::write(&file, "capture: {redact: [{name: customer, pattern: '('}]}").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_issuetracker-sidecar"))
        .args(["--tracker", "payments/main", "--kafka-brokers", "127.0.0.1:1", "--listen", "127.0.0.1:0"])
        .arg("--spool-dir")
        .arg(folder.path().join("spool"))
        .arg("--settings")
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("customer") && said.lines().count() == 1, "{said}");
}
