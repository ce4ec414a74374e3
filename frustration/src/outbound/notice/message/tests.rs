use proptest::prelude::*;
use uuid::Uuid;

use super::{super::tests::issue, *};

const HOSTILE: &str = "<!channel> *x* `y` <https://evil.example|click> \u{202E}\r\nBcc: a@b.cd\r\n.\r\n&amp;";

fn told(n: u128, cause: Cause) -> Told {
    let issue = Issue { id: IssueId(Uuid::from_u128(n)), ..issue() };
    Told::of(&issue, cause, &[], "2026-11-22T10:30:00Z".parse().unwrap())
}

#[test]
fn one_issue_is_told_in_full() {
    let frames = vec!["shop in pay (pay.py:7)".to_owned()];
    let one = Told {
        frames,
        message: "bad card".to_owned(),
        release: Some("v7".to_owned()),
        ..told(1, Cause::New)
    };
    let message = Message::of(vec![one], Some("https://t.example/")).unwrap();
    let letter = message.letter();
    assert_eq!(letter.subject, "[new] ValueError: bad");
    let link = format!("https://t.example/issues/{}", Uuid::from_u128(1));
    for part in ["bad card", "at shop in pay (pay.py:7)", "high priority", "release v7", "7 times", &link] {
        assert!(letter.text.contains(part), "{part}: {}", letter.text);
    }
    let slack = message.slack().to_string();
    assert!(slack.contains(&format!("<{link}|ValueError: bad>")), "{slack}");
    let json = message.json();
    assert_eq!((&json["issues"][0]["url"], &json["issues"][0]["cause"]), (&json!(link), &json!("new")));
    assert_eq!((&json["counts"], &json["more"]), (&json!({"new": 1}), &json!(0)));
}

#[test]
fn many_are_told_together_the_most_urgent_first_and_the_others_are_counted() {
    let mut all: Vec<Told> = (0..100).map(|n| told(n, Cause::New)).collect();
    all.push(Told {
        priority: Priority::Critical,
        title: "the worst".to_owned(),
        ..told(200, Cause::Regressed)
    });
    let message = Message::of(all.clone(), None).unwrap();
    assert_eq!(message.subject(), "101 issues: 100 new, 1 regressed");
    assert!(message.letter().text.starts_with("regressed: the worst\n"), "{}", message.letter().text);
    assert!(message.letter().text.contains("And 81 more."));
    assert_eq!(message.json()["more"], 81);
    assert!(message.slack()["blocks"].as_array().unwrap().len() <= 50, "as many as Slack takes");
    all.reverse();
    assert_eq!(Message::of(all, None).unwrap(), message, "the order changes nothing");
    assert_eq!(Message::of(Vec::new(), None), None);
}

#[test]
fn an_issue_with_two_causes_is_one_issue() {
    let twice = [told(1, Cause::New), told(1, Cause::Escalating)];
    let subject = |told: &[Told]| Message::of(told.to_vec(), None).unwrap().subject();
    assert_eq!(subject(&twice), "[new, escalating] ValueError: bad");
    assert_eq!(subject(&[&twice[..], &[told(2, Cause::New)]].concat()), "2 issues: 2 new, 1 escalating");
}

#[test]
fn hostile_text_is_only_text() {
    let issue = Issue { title: HOSTILE.repeat(20), description: HOSTILE.to_owned(), ..issue() };
    let told = Told::of(&issue, Cause::New, &[], Timestamp::UNIX_EPOCH);
    let message = Message::of(vec![told], Some("https://t.example")).unwrap();
    let slack = message.slack();
    let text = slack["blocks"][1]["text"]["text"].as_str().unwrap();
    assert!(!text.contains("<!") && !text.contains("<https://evil") && !text.contains('\r'), "{text}");
    let first = text.lines().next().unwrap();
    assert_eq!(first.matches('|').count(), 1, "one link, ours: {first}");
    assert!(!message.letter().subject.contains(['\r', '\n', '\u{202E}']));
    assert!(!message.letter().text.contains(['\r', '\u{202E}']));
}

proptest! {
    #[test]
    fn whatever_is_told_fits(title in ".{0,2000}", message in "(?s).{0,2000}", count in 1_usize..80) {
        let one = Issue { title, description: message, ..issue() };
        let told = |n: usize| Told::of(
            &Issue { id: IssueId(Uuid::from_u128(n as u128)), ..one.clone() },
            Cause::Escalating, &[], Timestamp::UNIX_EPOCH,
        );
        let message = Message::of((0..count).map(told).collect(), Some("https://t.example")).unwrap();
        prop_assert!(message.letter().subject.chars().count() <= 200);
        prop_assert!(message.letter().text.len() <= 60_000);
        for block in message.slack()["blocks"].as_array().unwrap() {
            prop_assert!(block["text"]["text"].as_str().unwrap().chars().count() <= 3_000);
        }
        let listed = message.json()["issues"].as_array().unwrap().len();
        prop_assert_eq!(listed + message.more(), count);
    }
}
