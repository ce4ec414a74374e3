//! What is sent, to whom, in which words, and that none of them can do harm there.

use super::*;
use crate::{
    detect::{Kind, Strength},
    incident::{Details, SignalDetail},
    score::{self, Level},
};

fn incident() -> Incident {
    let details = Details {
        strength: Strength::Strong,
        count: 5,
        duration_ms: 1200,
        target: "pay".to_owned(),
        feedback: true,
    };
    let signal = SignalDetail {
        kind: Kind::FormLoop,
        timestamp: "2026-11-21T08:00:00.000Z".to_owned(),
        route: "/checkout".to_owned(),
        details,
    };
    Incident {
        incident_id: id::uuid(&["x"]),
        session_id: "s".to_owned(),
        project_id: "shop".to_owned(),
        frustration_score: 60,
        confidence_level: Level::High,
        confidence_score: 85,
        triggering_signals: vec![Kind::FormLoop],
        primary_failure_point: "/checkout:pay:submit".to_owned(),
        severity_type: score::Severity::High,
        kind: score::Kind::Bug,
        timestamp: "2026-11-21T08:00:00.000Z".to_owned(),
        explanation: "Seen: a. It. Because. There.".to_owned(),
        signal_details: vec![signal],
        trace_ids: Vec::new(),
        rules_version: 1,
        needs_review: false,
        status: Status::Confirmed,
        suppressed: false,
        external_ticket_id: None,
        external_system: None,
        exported_at: None,
        export_failed: false,
        created_at: None,
        updated_at: None,
    }
}

/// Words that would like to be markup somewhere.
const HOSTILE: &str =
    "<script>*b* [x](http://evil) @channel <!here> \u{202E}txt\r\nBcc: a\r\n.\r\n{code} |c| & \"q\"";

fn hostile() -> Incident {
    let mut incident = incident();
    incident.explanation = HOSTILE.repeat(300);
    incident.primary_failure_point = format!("/checkout:{HOSTILE}:submit");
    incident.signal_details[0].details.target = HOSTILE.to_owned();
    incident.session_id = HOSTILE.to_owned();
    incident.signal_details = vec![incident.signal_details[0].clone(); 500];
    incident
}

fn ticket(incident: &Incident) -> Ticket {
    Ticket::of(incident, Some("https://issues.example/")).unwrap()
}

#[test]
fn the_first_reason_not_to_send_stands() {
    let policy = Policy { min_confidence: 90, per_minute: 2 };
    let mut incident = Incident {
        status: Status::New,
        confidence_score: 60,
        suppressed: true,
        external_ticket_id: Some("S-1".to_owned()),
        ..incident()
    };
    let mut reasons = Vec::new();
    let steps: [fn(&mut Incident); 5] = [
        |i| i.status = Status::Confirmed,
        |i| i.confidence_score = 89,
        |i| i.confidence_score = 90,
        |i| i.suppressed = false,
        |i| i.external_ticket_id = None,
    ];
    for step in steps {
        reasons.push(eligible(&incident, &policy, 2).unwrap_err().reason());
        step(&mut incident);
    }
    reasons.push(eligible(&incident, &policy, 2).unwrap_err().reason());
    assert_eq!(eligible(&incident, &policy, 1), Ok(()));
    assert_eq!(
        reasons,
        [
            "status_not_confirmed",
            "confidence_below_minimum",
            "confidence_below_threshold",
            "suppressed",
            "already_exported",
            "rate_limit_exceeded",
        ]
    );
}

#[test]
fn the_matrix_is_that_of_the_design() {
    use score::Severity::{Critical, High, Low, Medium};
    let rows = [(100, "0123"), (90, "0123"), (89, "1123"), (80, "1123"), (79, "2234"), (70, "2234")];
    for (confidence, expected) in rows {
        let found: String = [Critical, High, Medium, Low]
            .map(|severity| Priority::of(confidence, severity).unwrap().number().to_string())
            .concat();
        assert_eq!(found, expected, "{confidence}");
    }
    assert_eq!(Priority::of(69, Critical), None);
}

#[test]
fn a_ticket_says_what_happened() {
    let ticket = ticket(&incident());
    assert_eq!(ticket.title, "Users stuck in checkout form submission loop");
    let headings: Vec<_> = ticket.sections.iter().map(|(heading, _)| *heading).collect();
    assert_eq!(
        headings,
        ["Summary", "What users were trying to do", "What went wrong", "Evidence", "Confidence", "Notes"]
    );
    assert_eq!(ticket.labels, ["user-behavior-detection", "severity-high", "feature-checkout"]);
}

#[test]
fn jira_gets_its_own_fields_and_no_other() {
    let target: jira::Target = serde_json::from_str(r#"{"project":"SHOP"}"#).unwrap();
    let ticket = ticket(&incident());
    let body = jira::body(&ticket, &target);
    let fields: Vec<_> = body["fields"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["project", "summary", "description", "issuetype", "priority", "labels"]);
    assert_eq!(body["fields"]["priority"]["name"], "High");
    let labels: Vec<&str> =
        body["fields"]["labels"].as_array().unwrap().iter().filter_map(|l| l.as_str()).collect();
    assert!(labels.contains(&ticket.marker().as_str()) && labels.iter().all(|label| !label.contains(' ')));
    assert!(jira::look_up(&ticket, &target)["jql"].as_str().unwrap().contains(&ticket.marker()));
    let own: jira::Target =
        serde_json::from_str(r#"{"project":"S","priorities":["a","b","c","d","e"]}"#).unwrap();
    assert_eq!(jira::body(&ticket, &own)["fields"]["priority"]["name"], "b");
}

#[test]
fn every_target_is_bounded_and_nothing_is_markup() {
    let ticket = ticket(&hostile());
    let jira = jira::body(
        &ticket,
        &jira::Target {
            project: "S".to_owned(),
            issue_type: "Bug".to_owned(),
            priorities: ["a", "b", "c", "d", "e"].map(str::to_owned),
        },
    );
    assert!(jira["fields"]["description"].to_string().len() < 32_767);
    assert!(jira["fields"]["summary"].as_str().unwrap().chars().count() <= 250);
    let linear = linear::body(
        &ticket,
        &linear::Target { team_id: "t".to_owned(), label_ids: vec![], labels: vec![] },
        &[],
    );
    let text = linear["variables"]["input"]["description"].as_str().unwrap();
    assert!(text.chars().count() <= 30_000);
    for markup in ["<script", "](http", "@channel", "http://"] {
        assert!(!text.contains(markup), "{markup}");
    }
    let slack = slack::body(&ticket);
    let blocks = slack["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50);
    for block in blocks {
        let text = block["text"]["text"].as_str().unwrap();
        assert!(text.chars().count() <= 3000 && !text.contains("<!") && !text.contains("<script"), "{text}");
    }
}

#[test]
fn a_mail_cannot_be_given_headers() {
    let to = |to: &[&str]| email::Target {
        from: "issues@example.com".to_owned(),
        to: to.iter().map(|to| (*to).to_owned()).collect(),
    };
    let message = |ticket: &Ticket, target: &email::Target, outlet: &str| {
        let date = "Sat, 21 Nov 2026 08:00:00 +0000";
        email::message(&email::Letter::of(ticket), &email::Envelope { target, date, key: "k-1", outlet })
    };
    let mut ticket = ticket(&hostile());
    ticket.title = format!("Größe {HOSTILE} {}", "ß".repeat(100));
    let two = to(&["team@example.com", "boss@example.com"]);
    let text = message(&ticket, &two, "mail").unwrap();
    assert_eq!(message(&ticket, &two, "mail").unwrap(), text, "a mail that is sent again is the same mail");
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert_eq!(head.lines().filter(|line| !line.starts_with(' ')).count(), 10, "{head}");
    assert!(head.is_ascii() && !head.contains("Bcc: a\r"));
    assert!(
        head.contains("\r\nMessage-ID: <k-1@example.com>\r\nAuto-Submitted: auto-generated\r\n"),
        "{head}"
    );
    assert!(head.contains("\r\nTo: team@example.com,\r\n boss@example.com\r\n"), "{head}");
    assert!(body.split("\r\n").all(|line| line.len() <= 76 && line != "." && !line.contains('\n')));
    assert!(body.is_ascii());
    let many = vec!["a@b.cd"; email::RECEIVERS + 1];
    for receivers in [&["a@b.cd\r\nBcc: x"][..], &["a@b.cd", ""], &["ü@b.cd"], &[], &many] {
        assert_eq!(message(&ticket, &to(receivers), "mail"), None, "{receivers:?}");
    }
    assert_eq!(message(&ticket, &two, "mail\r\nBcc: x@y.z"), None);
}

#[test]
fn an_address_is_one_address_alone() {
    for (text, is) in [
        ("team@example.com", true),
        ("team+alerts@mail.example.com", true),
        ("root@localhost", true),
        ("Team <team@example.com>", false),
        ("a@b.cd,e@f.gh", false),
        ("a b@c.de", false),
        ("a@b@c.de", false),
        ("a@", false),
        ("@b.cd", false),
        ("a@-b.cd", false),
        ("a@b.cd.", false),
        ("a@[127.0.0.1]", false),
        ("a", false),
        ("", false),
    ] {
        assert_eq!(email::is_address(text), is, "{text:?}");
    }
    assert!(!email::is_address(&format!("{}@b.cd", "a".repeat(65))));
}

#[test]
fn a_webhook_is_signed_as_rfc_4231_says() {
    let hex = id::hex(&webhook::hmac(b"Jefe", b"what do ya want for nothing?"));
    assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    let long =
        id::hex(&webhook::hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First"));
    assert_eq!(long, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    let request = webhook::request(&incident(), "hook", "incident.confirmed", b"secret", 1_795_248_000);
    let again = webhook::request(&incident(), "hook", "incident.confirmed", b"secret", 1_795_248_000);
    assert_eq!(request, again);
    assert!(request.body.contains("\"incidentId\""));
}

#[test]
fn a_delivery_keeps_its_key_and_no_other_has_it() {
    let key = delivery_key("linear:t", "incident", "i");
    assert_eq!(key, delivery_key("linear:t", "incident", "i"));
    let others =
        [("linear:u", "incident", "i"), ("linear:t", "regressed", "i"), ("linear:t", "incident", "j")];
    for (target, what, subject) in others {
        assert_ne!(key, delivery_key(target, what, subject));
    }
}

#[test]
fn pauses_double_up_to_five_minutes_and_obey() {
    let own: Vec<u64> = [0, 1, 2, 11, 12, 60].map(|attempt| pause(attempt, None)).to_vec();
    assert_eq!(own, [100, 200, 400, 204_800, 300_000, 300_000]);
    assert_eq!([pause(0, Some(7)), pause(12, Some(7)), pause(0, Some(u64::MAX))], [7000, 300_000, 3_600_000]);
}

#[test]
fn linear_is_told_the_way_back_in_the_same_request() {
    let target = linear::Target { team_id: "t".to_owned(), label_ids: vec![], labels: vec![] };
    let mut ticket = ticket(&hostile());
    ticket.link = Some("https://tracker.example/incidents/i".to_owned());
    let body = linear::body(&ticket, &target, &[]);
    let (query, variables) = (body["query"].as_str().unwrap(), &body["variables"]);
    // A later mutation of a request runs after the earlier ones: the issue is there.
    assert!(query.find("issueCreate(").unwrap() < query.find("attachmentCreate(").unwrap(), "{query}");
    assert_eq!(variables["link"]["url"], "https://tracker.example/incidents/i");
    assert_eq!(variables["link"]["issueId"], variables["input"]["id"]);
    ticket.link = None;
    let alone = linear::body(&ticket, &target, &[]);
    assert!(!alone.to_string().contains("attachment"), "{alone}");
}
