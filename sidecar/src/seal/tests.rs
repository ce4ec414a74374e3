//! Slim records and the size limit.

use issue::{
    record::{Place, Via},
    report::{Cause, Frame},
};

use super::*;
use crate::spool::samples::report;

fn record(change: impl FnOnce(&mut ReportBody)) -> Record {
    let mut body = report("v1:00", "boom");
    change(&mut body);
    let at = Timestamp::UNIX_EPOCH;
    let submission = Submission {
        via: Via::Stderr,
        at,
        place: Place::default(),
        body: Submitted::Report(body),
        idempotency: None,
    };
    draft(&TrackerName::local(), Uuid::nil(), submission)
}

fn body(bytes: &[u8]) -> ReportBody {
    assert!(bytes.len() <= MAX_BYTES, "{} bytes", bytes.len());
    Record::decode(bytes).expect("a record").report.expect("a report")
}

#[test]
fn every_record_carries_enough_to_make_the_issue() {
    let mut record = record(|body| {
        body.report.message = "ü".repeat(5000);
        body.report.template = "t".repeat(5000);
        body.report.culprit = Some("c".repeat(5000));
        body.report.error_type = Some("E".repeat(5000));
        body.context = Some(serde_json::json!({"a": "b".repeat(5000)}));
    });
    let before = record.report.clone().expect("a report");
    slim(&mut record);
    let body = body(&record.encode());
    assert!(!body.full && body.report.frames.is_empty() && body.report.text.is_empty());
    assert_eq!(body.title, before.title);
    assert_eq!((body.report.level, body.report.category), (before.report.level, before.report.category));
    assert!(
        body.report.template.starts_with("ttt") && body.report.culprit.is_some_and(|c| c.starts_with('c'))
    );
    assert!(body.report.error_type.is_some_and(|e| e.starts_with("EE")));
    let size = serde_json::to_vec(&record).expect("json").len();
    assert!(size < 2048, "{size} bytes");
}

#[test]
fn a_record_that_fits_is_not_touched() {
    let record = record(|_| {});
    assert_eq!(Record::decode(&fit(record.clone())).expect("a record"), record);
}

#[test]
fn too_large_a_text_is_cut_in_the_middle_first() {
    let body = body(&fit(record(|body| {
        body.report.text = format!("begin{}end", "\u{1}x".repeat(MAX_BYTES));
        body.context = Some(serde_json::json!({"user": "ann"}));
    })));
    assert!(body.report.text.starts_with("begin") && body.report.text.ends_with("end"));
    assert!(body.report.text.contains("bytes cut"));
    assert_eq!(body.context, Some(serde_json::json!({"user": "ann"})));
    assert_eq!(body.report.frames.len(), 2);
}

#[test]
fn then_the_context_and_then_the_outer_frames() {
    let frame = |n: usize| Frame { function: Some(format!("f{n}{}", "x".repeat(1000))), ..Frame::default() };
    let body = body(&fit(record(|body| {
        body.context = Some(serde_json::json!({"blob": "y".repeat(MAX_BYTES)}));
        body.report.frames = (0..2000).map(frame).collect();
        body.report.causes = vec![Cause { frames: (0..2000).map(frame).collect(), ..Cause::default() }];
    })));
    assert_eq!(body.context, Some(serde_json::json!({"cut": "the context was too large"})));
    assert!(
        body.report.frames.first().is_some_and(|f| f.function.as_ref().is_some_and(|f| f.starts_with("f0")))
    );
    assert_eq!(body.report.frames.len(), 51);
    let last = body.report.frames.last().and_then(|f| f.function.clone()).expect("a mark");
    assert!(last.contains("outer frames cut"), "{last}");
}

#[test]
fn hostile_tags_and_names_fit_too() {
    let bytes = fit(record(|body| {
        body.tags = (0..100_000).map(|n| format!("{n}{}", "z".repeat(50))).collect();
        body.component = Some("\u{0}".repeat(MAX_BYTES));
        body.report.fingerprint = "f".repeat(MAX_BYTES);
    }));
    assert!(bytes.len() <= MAX_BYTES);
    Record::decode(&bytes).expect("still a record");
}
