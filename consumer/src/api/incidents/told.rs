//! Reading an incident that a program tells of: the names of the document, in snake case too, alone or under `incident`. What
//! the tracker decides (status, tickets) is not taken from it, and what it says more is left out: the older services wrote
//! fields of their own.

use ::frustration::{
    detect::{Kind as SignalKind, Strength},
    event::{limits::Refused, privacy, time},
    id,
    incident::{Details, Incident, SignalDetail, Status},
    score::{Kind, Level, Severity},
};
use ::intake::{
    fields::{Errors, Fields, Text, pointer},
    problem::FieldError,
    vocabulary::Words,
};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

const SIGNALS: Words<SignalKind> = &[
    ("rage", SignalKind::Rage),
    ("blocked", SignalKind::Blocked),
    ("abandonment", SignalKind::Abandonment),
    ("confusion", SignalKind::Confusion),
    ("form_loop", SignalKind::FormLoop),
    ("rage_bait", SignalKind::RageBait),
    ("dead_click", SignalKind::DeadClick),
    ("error_click", SignalKind::ErrorClick),
    ("thrashed_cursor", SignalKind::ThrashedCursor),
];
const SEVERITIES: Words<Severity> = &[
    ("critical", Severity::Critical),
    ("high", Severity::High),
    ("medium", Severity::Medium),
    ("low", Severity::Low),
];
const KINDS: Words<Kind> = &[
    ("bug", Kind::Bug),
    ("performance", Kind::Performance),
    ("ux", Kind::Ux),
    ("dark pattern", Kind::DarkPattern),
];
const STRENGTHS: Words<Strength> =
    &[("weak", Strength::Weak), ("normal", Strength::Normal), ("strong", Strength::Strong)];

/// Signals that are told one by one.
const DETAILS: usize = 100;

/// Puts the name of the visit back: what is called a session is a secret everywhere else, and here it is what is told of.
/// [`read`] looks at it for personal data.
pub fn keep_visit(redacted: &mut Value, given: &Value) {
    for key in ["session_id", "sessionId"] {
        for at in ["", "/incident"] {
            let known = given.pointer(&format!("{at}/{key}")).cloned();
            if let (Some(place), Some(known)) = (redacted.pointer_mut(&format!("{at}/{key}")), known) {
                *place = known;
            }
        }
    }
}

/// Reads one that came at `now`; every wrong field is named.
pub fn read(body: Value, now: Timestamp) -> Result<Incident, Vec<FieldError>> {
    let mut errors = Errors::default();
    let body = match body {
        Value::Object(mut members) if members.contains_key("incident") => {
            members.swap_remove("incident").unwrap_or_default()
        }
        body => body,
    };
    let mut fields = Fields::of(body, "", &mut errors);
    let given = fields.text("incident_id", &Text::name(200)).unwrap_or_default();
    let session_id = private(&mut fields, "session_id", 200);
    let project_id = private(&mut fields, "project_id", 100);
    let point = private(&mut fields, "primary_failure_point", 500);
    let explanation = fields.text("explanation", &Text::block(2_000)).unwrap_or_default();
    if privacy::texts([&explanation].into_iter()).is_err() {
        fields.refuse("explanation", PRIVATE);
    }
    let frustration_score = percent(&mut fields, "frustration_score").unwrap_or_default();
    let confidence_score = percent(&mut fields, "confidence_score");
    if confidence_score.is_none() && fields.is_sound() {
        fields.refuse("confidence_score", "is required");
    }
    let confidence_score = confidence_score.unwrap_or_default();
    let severity = fields.choice("severity_type", SEVERITIES);
    let kind = fields.choice("kind", KINDS).unwrap_or(Kind::Ux);
    let timestamp = at(&mut fields, now);
    let triggering_signals = signals(&mut fields);
    let signal_details = details(&mut fields, now);
    let trace_ids = fields.texts("trace_ids", 50, &Text::name(64));
    let confidence_level = Level::of(confidence_score);
    errors.or(Incident {
        incident_id: name(&given, &project_id, &session_id, &point),
        session_id,
        project_id,
        frustration_score,
        confidence_level,
        confidence_score,
        triggering_signals,
        primary_failure_point: point,
        severity_type: severity.unwrap_or_else(|| Severity::of(frustration_score, false)),
        kind,
        timestamp,
        explanation,
        signal_details,
        trace_ids,
        rules_version: 0,
        needs_review: confidence_level == Level::Medium,
        status: Status::New,
        suppressed: false,
        external_ticket_id: None,
        external_system: None,
        exported_at: None,
        export_failed: false,
        created_at: None,
        updated_at: None,
    })
}

const PRIVATE: &str = "holds personal data";

/// The id that it came with where it is a UUID, else one that is made of it, or of what the incident is about.
fn name(given: &str, project: &str, session: &str, point: &str) -> String {
    match Uuid::try_parse(given) {
        Ok(own) => own.to_string(),
        Err(_) if given.is_empty() => id::uuid(&["incident", project, session, point]),
        Err(_) => id::uuid(&["told-incident", project, given]),
    }
}

/// A name that must be there and holds no personal data.
fn private(fields: &mut Fields, key: &'static str, max: usize) -> String {
    let text = fields.required(key, &Text::name(max));
    if privacy::texts([&text].into_iter()).is_err() {
        fields.refuse(key, PRIVATE);
    }
    text
}

fn percent(fields: &mut Fields, key: &str) -> Option<u32> {
    let number = fields.number(key)?;
    if number > 100 {
        fields.refuse(key, "must be a number from 0 to 100");
    }
    Some(number.min(100))
}

/// RFC 3339 or Unix milliseconds, within what an event's time may be.
fn at(fields: &mut Fields, now: Timestamp) -> String {
    let given = fields.take("timestamp");
    match time::read(given.as_ref(), now.as_millisecond()) {
        Ok(at) => time::rfc3339(at),
        Err(refused) => {
            fields.refuse("timestamp", told(refused));
            String::new()
        }
    }
}

fn told(refused: Refused) -> &'static str {
    match refused {
        Refused::Missing(_) => "is required",
        Refused::Future => "lies more than 24 h ahead",
        Refused::Old => "is older than 30 days",
        _ => "must be a time such as 2026-11-21T08:00:00Z, or Unix milliseconds",
    }
}

fn signals(fields: &mut Fields) -> Vec<SignalKind> {
    let names = fields.texts("triggering_signals", SIGNALS.len(), &Text::name(40));
    let mut kinds = Vec::new();
    for name in &names {
        match SIGNALS.iter().find(|(word, _)| word.eq_ignore_ascii_case(name)) {
            Some((_, kind)) => kinds.push(*kind),
            None => fields.refuse("triggering_signals", "names a signal that is not known"),
        }
    }
    if names.is_empty() && fields.is_sound() {
        fields.refuse("triggering_signals", "is required: at least one");
    }
    kinds
}

/// A signal that cannot be read is left out: it only explains.
fn details(fields: &mut Fields, now: Timestamp) -> Vec<SignalDetail> {
    let at = pointer("", "signal_details");
    let list = fields.list("signal_details").into_iter().take(DETAILS);
    list.filter_map(|(_, value)| {
        let mut errors = Errors::default();
        let detail = detail(&mut Fields::of(value, at.as_str(), &mut errors), now)?;
        errors.or(detail).ok()
    })
    .collect()
}

fn detail(fields: &mut Fields, now: Timestamp) -> Option<SignalDetail> {
    let kind = fields.choice("type", SIGNALS)?;
    let timestamp = at(fields, now);
    let route = fields.text("route", &Text::name(500)).unwrap_or_default();
    let more = fields.object("details").unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    let mut more = fields.inner(more, String::new());
    let target = more.text("target", &Text::name(200)).unwrap_or_default();
    privacy::texts([&route, &target].into_iter()).ok()?;
    Some(SignalDetail {
        kind,
        timestamp,
        route: privacy::route(&route, false),
        details: Details {
            strength: more.choice("strength", STRENGTHS).unwrap_or(Strength::Normal),
            count: more.number("count").unwrap_or(1),
            duration_ms: more.number("duration_ms").map(i64::from).unwrap_or_default(),
            target,
            feedback: more.flag("feedback").unwrap_or_default(),
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-21T08:00:00Z".parse().expect("a time")
    }

    fn given() -> Value {
        json!({"incidentId": "inc_1", "sessionId": "s", "projectId": "shop", "frustrationScore": 61, "confidenceLevel": "High",
            "confidenceScore": 85, "triggeringSignals": ["rage", "Blocked"], "primaryFailurePoint": "/cart:buy:click",
            "severityType": "Critical", "timestamp": "2026-11-21T07:59:00Z", "explanation": "It failed.", "status": "confirmed",
            "externalTicketId": "X-1", "ruleVersion": "2", "signalDetails": [
                {"type": "rage", "timestamp": 1_795_247_940_000_i64, "route": "/cart?card=1", "details": {"clickCount": 5}}, 7, {"type": "x"}]})
    }

    #[test]
    fn an_incident_of_the_older_services_is_read() {
        let incident = read(given(), now()).expect("it is one");
        assert_eq!(incident.triggering_signals, [SignalKind::Rage, SignalKind::Blocked]);
        assert_eq!((incident.severity_type, incident.status), (Severity::Critical, Status::New));
        assert_eq!((incident.external_ticket_id, incident.signal_details.len()), (None, 1));
        assert_eq!(incident.signal_details[0].route, "/cart");
        assert_eq!(incident.timestamp, "2026-11-21T07:59:00.000Z");
        let snake = json!({"incident": {"session_id": "s", "project_id": "shop", "confidence_score": 50,
            "triggering_signals": ["rage"], "primary_failure_point": "/cart:buy:click", "timestamp": "2026-11-21T07:59:00Z"}});
        let other = read(snake, now()).expect("it is one");
        assert_eq!(other.incident_id, id::uuid(&["incident", "shop", "s", "/cart:buy:click"]));
        assert!(other.needs_review && Uuid::try_parse(&incident.incident_id).is_ok());
    }

    #[test]
    fn what_is_wrong_is_named_whole() {
        let pointers = |value| {
            let errors = read(value, now()).expect_err("it is none");
            errors.into_iter().map(|error| error.pointer).collect::<Vec<_>>()
        };
        let required = ["/session_id", "/project_id", "/primary_failure_point"];
        assert_eq!(pointers(json!({}))[..3], required);
        for (key, value, pointer) in [
            ("confidenceScore", json!(101), "/confidence_score"),
            ("frustrationScore", json!("x"), "/frustration_score"),
            ("sessionId", json!("ada@example.com"), "/session_id"),
            ("explanation", json!("Ask ada@example.com."), "/explanation"),
            ("triggeringSignals", json!(["rages"]), "/triggering_signals"),
            ("triggeringSignals", json!([]), "/triggering_signals"),
            ("timestamp", json!("2020-01-01T00:00:00Z"), "/timestamp"),
            ("timestamp", json!("soon"), "/timestamp"),
            ("severityType", json!("bad"), "/severity_type"),
        ] {
            let mut wrong = given();
            wrong[key] = value;
            assert_eq!(pointers(wrong), [pointer], "{key}");
        }
    }
}
