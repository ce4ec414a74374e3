//! Redaction: what must go, what must stay, and that any text is survived.

use std::{borrow::Cow, fs, path::Path};

use issue::{
    finish::{Rules, RulesSettings},
    report::Redacted,
};
use proptest::prelude::*;
use serde_json::json;

#[path = "time/busy.rs"]
mod busy;

fn lines(name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/redact").join(name);
    let text = fs::read_to_string(path).expect("test data");
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")).map(str::to_owned).collect()
}

fn redact(text: &str) -> (String, Redacted) {
    let mut counts = Redacted::new();
    let redacted = Rules::default().redact_text(text, &mut counts).into_owned();
    (redacted, counts)
}

#[test]
fn every_secret_goes_and_nothing_else_does() {
    let mut wrong = Vec::new();
    assert!(lines("secrets.txt").len() > 80);
    for line in lines("secrets.txt") {
        let (kind, text) = line.split_once('\t').expect("kind and text");
        let text = text.replace("\\n", "\n");
        let (before, rest) = text.split_once("<<").expect("a secret");
        let (secret, after) = rest.split_once(">>").expect("its end");
        let plain = format!("{before}{secret}{after}");
        let expected = format!("{before}[redacted:{kind}]{after}");
        let (redacted, counts) = redact(&plain);
        let twice = redact(&redacted).0;
        if redacted != expected || counts != Redacted::from([(kind.to_owned(), 1)]) || twice != redacted {
            wrong
                .push(format!("{plain}\n  is    {redacted} {counts:?}\n  not   {expected}\n  twice {twice}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_no_secret_stays() {
    let wrong: Vec<_> = lines("harmless.txt").into_iter().filter(|line| redact(line).0 != *line).collect();
    let shown: Vec<_> = wrong.iter().map(|line| format!("{line}\n  is {}", redact(line).0)).collect();
    assert!(wrong.is_empty(), "{}", shown.join("\n"));
}

#[test]
fn lines_of_ordinary_logs_stay() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/template/labelled");
    let mut seen = 0;
    for entry in fs::read_dir(path).expect("labelled logs") {
        let text = fs::read_to_string(entry.expect("an entry").path()).expect("text");
        for line in text.lines() {
            assert_eq!(redact(line).0, line);
            seen += 1;
        }
    }
    assert!(seen > 800, "{seen} lines");
}

#[test]
fn json_is_redacted_by_key_and_by_value() {
    let mut value = json!({
        "password": "hunter2",
        "nested": {"API-Key": 123456, "note": "password=hunter2", "token": null, "tokens": 3},
        "headers": [["Authorization", "Bearer abc"], ["Host", "x"], {"name": "Cookie", "value": "a=b"}],
        "credentials": {"user": "bob", "key": "k"},
    });
    let mut counts = Redacted::new();
    Rules::default().redact_value(&mut value, &mut counts);
    assert_eq!(
        value,
        json!({
            "password": "[redacted:password]",
            "nested": {"API-Key": "[redacted:api_key]", "note": "password=[redacted:password]", "token": null, "tokens": 3},
            "headers": [["Authorization", "[redacted:authorization]"], ["Host", "x"], {"name": "Cookie", "value": "[redacted:cookie]"}],
            "credentials": "[redacted:credential]",
        })
    );
    let before = counts.clone();
    Rules::default().redact_value(&mut value, &mut counts);
    assert_eq!(counts, before, "twice changes nothing");
}

#[test]
fn the_users_patterns_are_cut_under_their_names() {
    let settings =
        RulesSettings { redact: vec![("customer".into(), "C-[0-9]{6}".into())], ..RulesSettings::default() };
    let rules = Rules::new(&settings).expect("rules");
    let mut counts = Redacted::new();
    assert_eq!(
        rules.redact_text("C-123456 owes C-654321", &mut counts),
        "[redacted:customer] owes [redacted:customer]"
    );
    assert_eq!(counts, Redacted::from([("customer".to_owned(), 2)]));
}

proptest! {
    #[test]
    fn any_text_is_survived_and_redacting_twice_changes_nothing(pieces in prop::collection::vec(piece(), 0..30)) {
        let text = pieces.concat();
        let once = redact(&text).0;
        prop_assert_eq!(redact(&once).0, once);
    }

    #[test]
    fn text_without_a_telling_name_or_form_is_borrowed(text in "[a-d ]{0,200}") {
        prop_assert!(matches!(Rules::default().redact_text(&text, &mut Redacted::new()), Cow::Borrowed(_)));
    }
}

fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "password",
        "token",
        "secret",
        "api_key",
        "session",
        "cookie",
        "authorization",
        "Bearer ",
        "Basic ",
        "eyJ",
        "://",
        "@",
        ":",
        "=",
        " = ",
        ": ",
        "=>",
        "\"",
        "'",
        "\\\"",
        "\\",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        ",",
        ", ",
        ";",
        " ",
        "\n",
        "abc",
        "hunter2",
        "0123456789abcdef",
        "4111111111111111",
        "4111 1111",
        "-",
        "--",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "é",
        "\0",
        "ghp_",
        "AKIA",
        "sig=",
        "Q~",
        "[redacted:",
        "[redacted:jwt]",
        "user:pass",
        "/",
        "&",
        "null",
        "%s",
    ];
    prop::sample::select(pieces.to_vec()).prop_map(str::to_owned)
}

#[test]
fn hostile_text_costs_no_more_than_its_length() {
    let repeats = [
        "password=",
        "password:{",
        "password=a(",
        "token: ",
        "token: \"",
        "token: 'a token: \"b ",
        "cookie: a ",
        "cookie:",
        "authorization: a ",
        "eyJ",
        "-eyJ",
        "eyJa.",
        "bearer ",
        "basic ",
        "://",
        "://a:",
        "-----BEGIN PRIVATE KEY-----",
        "PRIVATE KEY",
        "sk-",
        "ghp_",
        "github_pat_",
        "sig=",
        "Q~",
        "1",
        "1 ",
        "4111 ",
        "41-",
        "\\",
        "password=\\\"",
        "secret",
        "apikey",
        "é",
        "xoxb-",
        "--token ",
    ];
    for repeat in repeats {
        // The best of three: other programs share the processor's caches.
        let time = |bytes: usize| {
            let text = repeat.repeat(bytes / repeat.len());
            let once = || busy::seconds(|| assert!(!redact(&text).0.is_empty()));
            once().min(once()).min(once())
        };
        // Beyond the bounds of every look-ahead, where cost per byte no longer grows.
        let (short, long) = (time(20_000).max(0.002), time(320_000));
        println!("{repeat:?}: {short:.4} s, then {long:.4} s");
        // Sixteen times the length; a quadratic step would take 256 times as long.
        assert!(long < short * 100.0, "{repeat:?}: {short:.4} s, then {long:.4} s");
    }
}
