//! Fingerprints: a released version never changes, one cause is one issue, two causes are two.

use std::{fs, path::Path};

use issue::{
    finish::{Origin, Rules, finish, finish_explained},
    report::{Cause, Frame, Kind, Language, Level, Parsed},
};
use proptest::prelude::*;
use serde::Deserialize;

fn testdata(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/fingerprint").join(name))
        .expect("test data")
}

/// What a golden value was taken of.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    name: String,
    kind: Kind,
    language: Language,
    #[serde(rename = "type")]
    error_type: Option<String>,
    message: String,
    #[serde(default)]
    frames: Vec<Frame>,
    #[serde(default)]
    causes: Vec<Cause>,
    component: Option<String>,
    /// Component, type, location, template, as hashed.
    inputs: [Option<String>; 4],
    fingerprint: String,
}

#[test]
fn a_released_version_never_changes() {
    let golden: Vec<Golden> = serde_json::from_str(&testdata("v1.json")).expect("golden values");
    assert!(golden.len() >= 16);
    let mut wrong = Vec::new();
    for golden in golden {
        let parsed = Parsed {
            kind: golden.kind,
            level: Level::Error,
            language: golden.language,
            error_type: golden.error_type,
            message: golden.message,
            frames: golden.frames,
            causes: golden.causes,
            log: None,
            text: String::new(),
        };
        let origin = Origin { component: golden.component.as_deref(), fingerprint: None };
        let (report, explanation) = finish_explained(parsed, &Rules::default(), &origin);
        let inputs: Vec<_> = explanation.inputs.into_iter().map(|input| input.value).collect();
        if report.fingerprint != golden.fingerprint || inputs != golden.inputs {
            wrong.push(format!("{}\n  {:?}\n  {}", golden.name, inputs, report.fingerprint));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const LANGUAGES: [Language; 13] = [
    Language::Python,
    Language::Jvm,
    Language::Javascript,
    Language::Dotnet,
    Language::Go,
    Language::Rust,
    Language::Ruby,
    Language::Php,
    Language::Dart,
    Language::Elixir,
    Language::Perl,
    Language::Swift,
    Language::Native,
];

/// Texts that one line of a program prints at two times.
const SAME_TEXTS: &[(&str, &str)] = &[
    ("order 17 failed", "order 99 failed"),
    ("connection to 10.0.0.1:5432 lost", "connection to [fe80::1]:6000 lost"),
    ("took 1.5s", "took 300ms"),
    ("at 2026-01-02T03:04:05Z it broke", "at 2027-11-30T23:59:59.123+01:00 it broke"),
    ("cannot open '/srv/a'", "cannot open '/home/b/c'"),
    ("pid 4711 thread 0x7f12 stopped", "pid 1 thread 0xffab stopped"),
    (
        "request 550e8400-e29b-41d4-a716-446655440000 rejected",
        "request 00000000-e29b-41d4-a716-000000000001 rejected",
    ),
    ("user alice@acme.com denied", "user bob@example.org denied"),
    ("read 512 bytes of 2 GB", "read 1.2 KB of 900 MB"),
    ("goroutine 18 blocked on web-7d9f8b6c5-x2x9p", "goroutine 7 blocked on web-5b8d7c9f4-k4k2z"),
    ("commit 9f86d08 is bad", "commit 1234567 is bad"),
    ("items [1, 2, 3] left", "items [7] left"),
];

/// Texts that two lines of a program print.
const OTHER_TEXTS: &[(&str, &str)] = &[
    ("order 17 failed", "order 17 cancelled"),
    ("connection to 10.0.0.1:5432 lost", "connection to 10.0.0.1:5432 refused"),
    ("cannot open '/srv/a'", "cannot close '/srv/a'"),
    ("user deleted", "user created"),
    ("session opened", "session closed"),
    ("disk full", "disk missing"),
    ("error: timeout", "error: refused"),
    ("file is locked", "file is corrupt"),
    ("no space left on device", "no such device"),
    ("host unreachable", "host unknown"),
];

fn parsed(language: Language, error_type: Option<&str>, message: &str, frames: Vec<Frame>) -> Parsed {
    Parsed {
        kind: if error_type.is_some() { Kind::Exception } else { Kind::Log },
        level: Level::Error,
        language,
        error_type: error_type.map(str::to_owned),
        message: message.to_owned(),
        frames,
        causes: Vec::new(),
        log: None,
        text: format!("{message} at {language:?}"),
    }
}

fn hash(parsed: Parsed) -> String {
    let origin = Origin { component: Some("checkout"), fingerprint: None };
    finish(parsed, &Rules::default(), &origin).fingerprint
}

/// `-`: absent, `§`: a space.
fn frame(text: &str, line: u32) -> Frame {
    let parts: Vec<Option<String>> =
        text.split_whitespace().map(|part| (part != "-").then(|| part.replace('§', " "))).collect();
    let [module, function, file] = parts.try_into().expect("module, function and file");
    Frame { module, function, file, line: Some(line), column: None, in_app: false }
}

#[test]
fn what_another_build_host_or_run_changes_makes_no_other_issue() {
    let mut pairs = 0;
    let mut wrong = Vec::new();
    for row in testdata("pairs.txt").lines().filter(|row| !row.starts_with('#')) {
        let parts: Vec<&str> = row.split(" | ").collect();
        let [language, one, other] = parts.try_into().expect("three parts");
        let language: Language = serde_json::from_str(&format!("\"{language}\"")).expect("a language");
        for (index, (text, other_text)) in SAME_TEXTS.iter().enumerate() {
            pairs += 1;
            let line = index as u32;
            let error_type = if index % 2 == 0 { Some("acme.OddError") } else { None };
            let a = hash(parsed(language, error_type, text, vec![frame(one, line)]));
            let b = hash(parsed(language, error_type, other_text, vec![frame(other, line + 40)]));
            if a != b {
                wrong.push(format!("{row} with {text:?}"));
            }
        }
    }
    for language in LANGUAGES {
        for (text, other) in SAME_TEXTS {
            pairs += 1;
            if hash(parsed(language, None, text, vec![])) != hash(parsed(language, None, other, vec![])) {
                wrong.push(format!("{language:?} {text:?}"));
            }
        }
    }
    println!("{pairs} pairs of one issue, {} split", wrong.len());
    assert!(pairs >= 300 && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn another_type_function_or_word_makes_another_issue() {
    let mut pairs = 0;
    let mut wrong = Vec::new();
    let mut differ = |name: String, a: Parsed, b: Parsed| {
        pairs += 1;
        if hash(a) == hash(b) {
            wrong.push(name);
        }
    };
    for language in LANGUAGES {
        let at = |function: &str| vec![frame(&format!("- {function} /srv/app/code"), 1)];
        for (text, other) in OTHER_TEXTS {
            differ(
                format!("{language:?} {text}"),
                parsed(language, None, text, vec![]),
                parsed(language, None, other, vec![]),
            );
            differ(
                format!("{language:?} {text} in place"),
                parsed(language, None, text, at("buy")),
                parsed(language, None, other, at("buy")),
            );
        }
        for (one, other) in [("acme.A", "acme.B"), ("OddError", "EvenError"), ("TimeoutError", "IOError")] {
            differ(
                format!("{language:?} {one}"),
                parsed(language, Some(one), "m", at("buy")),
                parsed(language, Some(other), "m", at("buy")),
            );
        }
        for (one, other) in
            [("buy", "sell"), ("Shop.buy", "Shop.sell"), ("load_a", "load_b"), ("parse", "parse_all")]
        {
            differ(
                format!("{language:?} {one}"),
                parsed(language, Some("acme.A"), "m", at(one)),
                parsed(language, Some("acme.A"), "m", at(other)),
            );
        }
    }
    println!("{pairs} pairs of two issues, {} joined", wrong.len());
    assert!(pairs >= 300 && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn members_and_suppressed_ones_do_not_count_and_the_root_cause_does() {
    let base = || parsed(Language::Python, Some("acme.A"), "m", vec![frame("- buy /srv/app.py", 1)]);
    let cause = |relation| Cause { error_type: Some("acme.B".into()), relation, ..Cause::default() };
    let with = |causes| hash(Parsed { causes, ..base() });
    assert_eq!(hash(base()), with(vec![cause(Some(issue::report::Relation::Member))]));
    assert_ne!(hash(base()), with(vec![cause(None)]));
    assert_eq!(
        with(vec![cause(None)]),
        with(vec![Cause { error_type: Some("acme.C".into()), ..Cause::default() }, cause(None)])
    );
}

#[test]
fn recursion_of_any_depth_is_one_issue() {
    let depth = |n: usize| {
        let mut frames = vec![frame("- walk /srv/tree.py", 3); n];
        frames.push(frame("- main /srv/tree.py", 9));
        hash(parsed(Language::Python, Some("RecursionError"), "maximum recursion depth exceeded", frames))
    };
    assert_eq!(depth(1), depth(900));
}

proptest! {
    #[test]
    fn any_report_is_finished(
        language in prop::sample::select(LANGUAGES.to_vec()),
        error_type in prop::option::of(".{0,40}"),
        message in ".{0,80}",
        names in prop::collection::vec(prop::option::of(name()), 0..12),
    ) {
        let frames = names.chunks(3).map(|part| Frame {
            module: part.first().cloned().flatten(),
            function: part.get(1).cloned().flatten(),
            file: part.get(2).cloned().flatten(),
            ..Frame::default()
        });
        let parsed = parsed(language, error_type.as_deref(), &message, frames.collect());
        let (report, _) = finish_explained(parsed.clone(), &Rules::default(), &Origin::default());
        prop_assert_eq!(report.fingerprint.len(), 67);
        prop_assert_eq!(finish(parsed, &Rules::default(), &Origin::default()), report);
    }
}

/// Names made of what the cleaners look for.
fn name() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        "Foo",
        "$",
        "$$Lambda",
        "<",
        ">",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "::",
        ".",
        "/",
        "\\",
        "-",
        "_",
        " in ",
        "12",
        "0x1f",
        "é",
        "operator",
        "(anonymous namespace)",
        "<>c",
        "<Bar>d__7",
        "MoveNext",
        "{{closure}}",
        "{closure:",
        "@anonymous",
        "func1",
        "-fm",
        "`",
        " [as ",
        "eval",
        "+0x",
        "%",
        "://",
        "|",
    ];
    prop_oneof![
        prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..10).prop_map(|parts| parts.concat()),
        ".{0,30}"
    ]
}
