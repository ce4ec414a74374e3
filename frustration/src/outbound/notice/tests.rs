use issue::{
    document::{Mute, Reported},
    id::IssueId,
    report::{Kind, Language, Level},
};
use serde_json::json;
use uuid::Uuid;

use super::*;

/// An issue as a report makes it.
pub(super) fn issue() -> Issue {
    serde_json::from_value(json!({
        "id": IssueId(Uuid::from_u128(1)), "title": "ValueError: bad", "description": "bad", "status": "open",
        "priority": "high", "type": "bug", "reporterId": "api", "assigneeId": null, "tags": [],
        "createdAt": "2026-11-20T00:00:00Z", "updatedAt": "2026-11-22T10:30:00Z", "resolvedAt": null,
        "component": null, "severity": null, "context": null, "source": null, "count": 7,
        "firstSeen": "2026-11-20T00:00:00Z", "lastSeen": "2026-11-22T10:30:00Z",
        "firstRelease": null, "lastRelease": null, "schema": 1,
    }))
    .map(|issue: Issue| Issue {
        reported: Some(Reported {
            fingerprint: "v1:0".to_owned(),
            kind: Kind::Exception,
            error_type: Some("ValueError".to_owned()),
            template: "bad".to_owned(),
            culprit: Some("shop in pay".to_owned()),
            category: Category::Data,
            language: Language::Python,
            level: Level::Error,
        }),
        ..issue
    })
    .unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn rules(value: serde_json::Value) -> Rules {
    serde_json::from_value(value).unwrap()
}

#[test]
fn rules_choose_by_cause_priority_and_category() {
    for (told, wants) in [
        (json!({}), true),
        (json!({"when": ["new"]}), true),
        (json!({"when": ["regressed", "escalating"]}), false),
        (json!({"priorities": ["critical", "high"]}), true),
        (json!({"priorities": ["critical"]}), false),
        (json!({"categories": ["data"]}), true),
        (json!({"categories": ["crash", "security"]}), false),
        (json!({"when": ["new"], "priorities": ["high"], "categories": ["crash"]}), false),
    ] {
        assert_eq!(rules(told.clone()).wants(Cause::New, &issue()), wants, "{told}");
    }
}

/// Winter time in Berlin is an hour ahead of UTC, summer time two; the clock changes at 01:00 UTC of the last Sundays of
/// March and October.
#[test]
fn what_happens_at_night_is_told_in_the_morning() {
    let night = json!({"quietHours": {"from": "22:00", "to": "07:00", "timeZone": "Europe/Berlin"}});
    let noon = json!({"quietHours": {"from": "12:00", "to": "13:30"}});
    let digest = json!({"digest": {"at": "08:00", "timeZone": "Europe/Berlin"}});
    for (told, now, due) in [
        (&json!({}), "2026-11-22T03:00:00Z", "2026-11-22T03:00:03Z"),
        (&night, "2026-11-22T20:59:50Z", "2026-11-22T20:59:53Z"),
        (&night, "2026-11-22T20:59:58Z", "2026-11-23T06:00:00Z"),
        (&night, "2026-11-22T21:00:00Z", "2026-11-23T06:00:00Z"),
        (&night, "2026-11-23T05:59:00Z", "2026-11-23T06:00:00Z"),
        (&night, "2026-11-23T06:00:00Z", "2026-11-23T06:00:03Z"),
        (&night, "2026-07-22T05:00:00Z", "2026-07-22T05:00:03Z"),
        (&night, "2026-10-24T22:00:00Z", "2026-10-25T06:00:00Z"),
        (&noon, "2026-11-22T12:10:00Z", "2026-11-22T13:30:00Z"),
        (&noon, "2026-11-22T13:30:00Z", "2026-11-22T13:30:03Z"),
        (&digest, "2026-11-22T06:59:59Z", "2026-11-22T07:00:00Z"),
        (&digest, "2026-11-22T07:00:00Z", "2026-11-23T07:00:00Z"),
        (&digest, "2026-03-28T12:00:00Z", "2026-03-29T06:00:00Z"),
    ] {
        let rules = rules(told.clone());
        assert_eq!(rules.check(), Ok(()));
        assert_eq!(rules.due(at(now)), at(due), "{told} at {now}");
    }
}

#[test]
fn rules_are_refused_with_what_to_change() {
    for (told, part) in [
        (json!({"quietHours": {"from": "22", "to": "07:00"}}), "no time of day"),
        (json!({"quietHours": {"from": "22:00", "to": "24:00"}}), "no time of day"),
        (json!({"quietHours": {"from": "7:00", "to": "08:00"}}), "no time of day"),
        (json!({"quietHours": {"from": "22:00", "to": "22:00"}}), "the same"),
        (json!({"quietHours": {"from": "22:00", "to": "07:00", "timeZone": "Berlin"}}), "no time zone"),
        (json!({"digest": {"at": "8 o'clock"}}), "no time of day"),
        (json!({"digest": {"at": "08:00", "timeZone": ""}}), "no time zone"),
        (
            json!({"digest": {"at": "08:00"}, "quietHours": {"from": "22:00", "to": "07:00"}}),
            "remove quietHours",
        ),
        (json!({"query": "is:opne"}), "is:opne is not understood"),
        (json!({"query": "assigned:me"}), "name a person"),
        (json!({"query": "workload:"}), "asks for nothing"),
        (json!({"query": "x ".repeat(21)}), "at most 20 terms"),
        (json!({"when": ["new"], "frequent": {"reports": 9, "minutes": 5}}), "add frequent to when"),
        (json!({"when": ["frequent"]}), "needs frequent"),
        (json!({"frequent": {"reports": 9, "minutes": 0}}), "minutes from 1"),
    ] {
        let wrong = rules(told.clone()).check().unwrap_err();
        assert!(wrong.contains(part), "{told}: {wrong}");
    }
}

#[test]
fn an_issue_escalates_just_at_the_threshold_and_once_a_day() {
    let hour = at("2026-11-22T10:00:00Z");
    let with = |before: u64, now: u64| Issue {
        hours: [("2026-11-21T09", 10_000), ("2026-11-21T10", before), ("2026-11-22T10", now)]
            .map(|(hour, count)| (hour.to_owned(), count))
            .into(),
        ..issue()
    };
    // 96 in the day before are 4 an hour: five times as many are 20.
    for (issue, escalated) in [
        (with(96, 20), true),
        (with(97, 20), false),
        (with(97, 21), true),
        (with(0, 19), false),
        (with(0, 20), true),
        (Issue { status: Status::InProgress, ..with(0, 20) }, true),
        (Issue { status: Status::Resolved, ..with(0, 20) }, false),
        (Issue { status: Status::Closed, ..with(0, 20) }, false),
        (Issue { mute: Some(Mute::Count(9)), ..with(0, 20) }, false),
        (Issue { first_seen: Some(at("2026-11-22T10:00:00Z")), ..with(0, 20) }, false),
        (Issue { first_seen: Some(at("2026-11-22T09:59:59Z")), ..with(0, 20) }, true),
        (Issue { escalated: Some(hour), ..with(0, 20) }, false),
        (Issue { escalated: Some(at("2026-11-21T11:00:00Z")), ..with(0, 20) }, false),
        (Issue { escalated: Some(at("2026-11-21T10:00:00Z")), ..with(0, 20) }, true),
        (Issue { last_seen: None, ..with(0, 20) }, false),
    ] {
        assert_eq!(escalates(&issue).is_some(), escalated, "{:?}", issue.hours);
    }
    assert_eq!(escalates(&with(0, 20)), Some(hour));
}
