//! From a submission to the bytes of a record: draft, slim form, size limit.

use issue::{
    id::{IssueId, SourceId, TrackerName},
    record::{MAX_BYTES, Record, RecordKind, ReportBody, Source, VERSION},
    report::Frame,
};
use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::accept::{Submission, Submitted};

/// What a record is given when it is sealed.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// Whose number.
    pub source: SourceId,
    /// The number.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Reports it stands for.
    pub count: u64,
    /// Time of the first and last of them.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// The issue that a submission belongs to.
pub fn issue_of(tracker: &TrackerName, body: &Submitted) -> IssueId {
    match body {
        Submitted::Report(report) => IssueId::of_fingerprint(tracker, &report.report.fingerprint),
        Submitted::Issue { issue_id, .. }
        | Submitted::Comment { issue_id, .. }
        | Submitted::Update { issue_id, .. } => *issue_id,
    }
}

/// The record of one submission, without a number.
pub fn draft(tracker: &TrackerName, spool: Uuid, submission: Submission) -> Record {
    let Submission { via, at, place, body, .. } = submission;
    let mut record = Record {
        v: VERSION,
        kind: RecordKind::Report,
        id: Uuid::nil(),
        issue_id: issue_of(tracker, &body),
        tracker: tracker.clone(),
        at,
        source: Source { id: SourceId { spool, partitions: 0 }, seq: 0, via, place },
        count: 1,
        first_at: Some(at),
        last_at: Some(at),
        report: None,
        issue: None,
        comment: None,
        update: None,
        ledger: None,
        extra: Map::new(),
    };
    match body {
        Submitted::Report(report) => record.report = Some(ReportBody { full: true, ..report }),
        Submitted::Issue { body, .. } => (record.kind, record.issue) = (RecordKind::Issue, Some(body)),
        Submitted::Comment { body, .. } => (record.kind, record.comment) = (RecordKind::Comment, Some(body)),
        Submitted::Update { body, .. } => (record.kind, record.update) = (RecordKind::Update, Some(body)),
    }
    record
}

/// Gives a draft its number.
pub fn stamp(record: &mut Record, stamp: Stamp) {
    record.id = Uuid::now_v7();
    record.at = stamp.at;
    record.count = stamp.count;
    (record.first_at, record.last_at) = stamp.span.unzip();
    record.source.id = stamp.source;
    record.source.seq = stamp.seq;
}

/// Bytes of one text in a record without a full sample: a title is 200 characters.
const SLIM_TEXT: usize = 240;

/// Tags in a record without a full sample.
const SLIM_TAGS: usize = 8;

/// Takes everything out that a repeat need not carry. What is left makes the issue, if the first record never comes.
pub fn slim(record: &mut Record) {
    let Some(body) = &mut record.report else { return };
    body.full = false;
    body.context = None;
    body.tags.truncate(SLIM_TAGS);
    let report = &mut body.report;
    report.frames.clear();
    report.causes.clear();
    report.text.clear();
    report.log = None;
    report.redacted.clear();
    let texts = [Some(&mut report.message), Some(&mut report.template), Some(&mut body.title)];
    let options = [report.error_type.as_mut(), report.culprit.as_mut(), body.component.as_mut()];
    for text in texts.into_iter().chain(options).flatten().chain(&mut body.tags) {
        cut(text, SLIM_TEXT);
    }
}

/// Cuts a text to about `most` bytes and marks it.
fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
}

/// Keeps the beginning and the end of a text, about `most` bytes in all: some runtimes name the error last.
fn cut_middle(text: &mut String, most: usize) {
    if text.len() <= most {
        return;
    }
    let head = text.floor_char_boundary(most / 2);
    let tail = text.ceil_char_boundary(text.len() - most / 2);
    let mark = format!("\n… {} bytes cut …\n", tail - head);
    text.replace_range(head..tail, &mark);
}

/// The steps by which a record that is too large becomes smaller: text, then context, then the outer frames.
const CUTS: [fn(&mut Record); 6] = [
    |record| text(record, 64 * 1024),
    |record| text(record, 4 * 1024),
    context,
    |record| frames(record, 50),
    |record| frames(record, 10),
    slim,
];

/// The bytes of a record, at most [`MAX_BYTES`]; what had to be cut is marked.
pub fn fit(mut record: Record) -> Vec<u8> {
    let mut bytes = record.encode();
    for step in CUTS {
        if bytes.len() <= MAX_BYTES {
            return bytes;
        }
        step(&mut record);
        bytes = record.encode();
    }
    // Only hostile names, tags or changes are left that could be so long: every text is halved until it fits.
    let mut most = MAX_BYTES / 8;
    let mut value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    while bytes.len() > MAX_BYTES && most > 16 {
        shorten(&mut value, most);
        bytes = value.to_string().into_bytes();
        most /= 2;
    }
    bytes
}

fn text(record: &mut Record, most: usize) {
    if let Some(body) = &mut record.report {
        cut_middle(&mut body.report.text, most);
        cut_middle(&mut body.report.message, most);
    }
}

fn context(record: &mut Record) {
    let contexts = [
        record.report.as_mut().map(|body| &mut body.context),
        record.issue.as_mut().map(|body| &mut body.context),
    ];
    for context in contexts.into_iter().flatten().filter(|context| context.is_some()) {
        *context = Some(serde_json::json!({ "cut": "the context was too large" }));
    }
}

fn frames(record: &mut Record, most: usize) {
    let Some(body) = &mut record.report else { return };
    let causes = body.report.causes.iter_mut().map(|cause| &mut cause.frames);
    for frames in causes.chain([&mut body.report.frames]) {
        let outer = frames.len().saturating_sub(most);
        if outer > 0 {
            frames.truncate(most);
            frames
                .push(Frame {
                    function: Some(format!("… {outer} outer frames cut …")), ..Frame::default()
                });
        }
    }
    body.report.causes.truncate(most);
}

/// Cuts every text and every list within a value.
fn shorten(value: &mut Value, most: usize) {
    match value {
        Value::String(text) => cut(text, most),
        Value::Array(items) => {
            items.truncate(most);
            items.iter_mut().for_each(|item| shorten(item, most));
        }
        Value::Object(members) => members.values_mut().for_each(|member| shorten(member, most)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// About how many bytes a submission's record takes, without making it.
pub fn weight(submission: &Submission) -> u64 {
    const RECORD: usize = 1024;
    let bytes = match &submission.body {
        Submitted::Report(body) => {
            let report = &body.report;
            let frames = report.frames.iter().chain(report.causes.iter().flat_map(|cause| &cause.frames));
            let frames: usize = frames.map(frame_weight).sum();
            let context = body.context.as_ref().map_or(0, value_weight);
            report.text.len() + 2 * report.message.len() + frames + context
        }
        Submitted::Issue { body, .. } => {
            body.description.len() + body.context.as_ref().map_or(0, value_weight)
        }
        Submitted::Comment { body, .. } => body.content.len(),
        Submitted::Update { body, .. } => body.changes.values().map(value_weight).sum(),
    };
    (RECORD + bytes).min(MAX_BYTES) as u64
}

fn frame_weight(frame: &Frame) -> usize {
    let texts = [&frame.function, &frame.module, &frame.file];
    80 + texts.into_iter().flatten().map(String::len).sum::<usize>()
}

fn value_weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 3,
        Value::Array(items) => 2 + items.iter().map(value_weight).sum::<usize>(),
        Value::Object(members) => {
            2 + members.iter().map(|(key, member)| key.len() + 4 + value_weight(member)).sum::<usize>()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 12,
    }
}

#[cfg(test)]
mod tests;
