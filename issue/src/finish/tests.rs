use super::*;
use crate::report::{Kind, Language, Level};

fn frame(function: &str, file: &str) -> Frame {
    Frame { function: Some(function.into()), file: Some(file.into()), ..Frame::default() }
}

fn python(error_type: &str, message: &str) -> Parsed {
    Parsed {
        kind: Kind::Exception,
        level: Level::Error,
        language: Language::Python,
        error_type: Some(error_type.into()),
        message: message.into(),
        frames: vec![frame("loads", "/usr/lib/python3.11/json/__init__.py"), frame("parse", "/app/core.py")],
        causes: Vec::new(),
        log: None,
        text: format!("Traceback…\n{error_type}: {message}"),
    }
}

#[test]
fn a_report_is_redacted_judged_and_hashed() {
    let report =
        finish(python("KeyError", "'user-17' password=hunter2"), &Rules::default(), &Origin::default());
    assert_eq!(report.culprit.as_deref(), Some("/app/core.py in parse"));
    assert_eq!(report.redacted, Redacted::from([("password".to_owned(), 1)]));
    assert!(!serde_json::to_string(&report).expect("JSON").contains("hunter2"));
    assert_eq!(report.frames.iter().map(|frame| frame.in_app).collect::<Vec<_>>(), [false, true]);
    assert!(report.fingerprint.starts_with("v1:") && report.fingerprint.len() == 67);
}

#[test]
fn the_message_joins_only_where_the_type_says_nothing() {
    let hash = |error_type, message| {
        finish(python(error_type, message), &Rules::default(), &Origin::default()).fingerprint
    };
    assert_eq!(hash("KeyError", "'user-17'"), hash("KeyError", "other words"));
    assert_ne!(hash("RuntimeError", "cannot start"), hash("RuntimeError", "cannot stop"));
    assert_eq!(hash("RuntimeError", "took 2 s"), hash("RuntimeError", "took 1.5 s"));
}

#[test]
fn the_caller_decides_before_the_settings_and_these_before_the_default() {
    let settings = RulesSettings {
        grouping: vec![GroupingRule {
            pattern: "KeyError".into(),
            fingerprint: Words::Many(vec!["{{ type }}".into()]),
        }],
        ..RulesSettings::default()
    };
    let rules = Rules::new(&settings).expect("rules");
    let caller = ["checkout".to_owned()];
    let (_, by_rule) = finish_explained(python("KeyError", "1"), &rules, &Origin::default());
    let (_, by_caller) = finish_explained(
        python("KeyError", "1"),
        &rules,
        &Origin { component: None, fingerprint: Some(&caller) },
    );
    let (_, by_default) = finish_explained(python("IndexError", "1"), &rules, &Origin::default());
    assert_eq!(
        [by_rule.decided_by, by_caller.decided_by, by_default.decided_by],
        [DecidedBy::Rule(0), DecidedBy::Caller, DecidedBy::Default]
    );
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    let settings =
        RulesSettings { redact: vec![("customer".into(), "(".into())], ..RulesSettings::default() };
    let error = Rules::new(&settings).expect_err("a bad pattern").to_string();
    assert!(error.contains("customer") && !error.contains('\n'), "{error}");
    let huge =
        RulesSettings { redact: vec![("big".into(), "(a{1000}){1000}".into())], ..RulesSettings::default() };
    assert!(Rules::new(&huge).expect_err("too big").to_string().contains("big"));
}
