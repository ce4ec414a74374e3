//! Limits of what comes over the topic. A sidecar has applied them already; but a topic is open to whoever may write to
//! it, and a document that grows past the store's limit would hold up its partition for ever.

use issue::{
    lifecycle::Changes,
    record::{IssueBody, LedgerBody, Place, ReportBody, Workload},
};
use serde_json::Value;

/// Characters of names: users, workloads, releases, components.
pub(super) const NAME: usize = 200;
const TITLE: usize = 201;
const DESCRIPTION: usize = 10_000;
const TEXT: usize = 2_000;
const TAGS: usize = 50;
const TAG: usize = 50;
const CONTEXT_BYTES: usize = 64 * 1024;
const REASONS: usize = 20;
const REASON: usize = 40;

/// At most so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

fn cut_to(text: &mut String, most: usize) {
    if text.len() > most
        && let Some((end, _)) = text.char_indices().nth(most)
    {
        text.truncate(end);
    }
}

fn cut_some(text: &mut Option<String>, most: usize) {
    if let Some(text) = text {
        cut_to(text, most);
    }
}

fn tags(tags: &mut Vec<String>) {
    tags.truncate(TAGS);
    tags.iter_mut().for_each(|tag| cut_to(tag, TAG));
}

/// Context is for people to read: one that is too large to be read is replaced by a note.
fn context(context: &mut Option<Value>) {
    let too_large = context.as_ref().is_some_and(|context| context.to_string().len() > CONTEXT_BYTES);
    if too_large {
        *context = Some(serde_json::json!({"issuetracker": "the context was too large and was cut"}));
    }
}

fn fingerprint(fingerprint: &str) -> Result<(), &'static str> {
    let sound = !fingerprint.is_empty() && fingerprint.len() <= 1_000;
    if sound { Ok(()) } else { Err("the fingerprint is empty or too long") }
}

/// Where a record comes from.
pub(super) fn place(place: &mut Place) {
    for text in [
        &mut place.namespace,
        &mut place.pod,
        &mut place.pod_uid,
        &mut place.container,
        &mut place.node,
        &mut place.release,
    ] {
        cut_some(text, NAME);
    }
    cut_some(&mut place.image, TEXT);
    if let Some(Workload { kind, name }) = &mut place.workload {
        cut_to(kind, NAME);
        cut_to(name, NAME);
    }
}

/// A report. Frames and text are bounded by the size of the record.
pub(super) fn report(body: &mut ReportBody) -> Result<(), &'static str> {
    fingerprint(&body.report.fingerprint)?;
    if body.title.trim().is_empty() {
        body.title = body.report.title();
    }
    cut_to(&mut body.title, TITLE);
    cut_to(&mut body.report.message, DESCRIPTION);
    cut_to(&mut body.report.template, TEXT);
    cut_some(&mut body.report.error_type, TEXT);
    cut_some(&mut body.report.culprit, TEXT);
    cut_some(&mut body.component, NAME);
    tags(&mut body.tags);
    context(&mut body.context);
    Ok(())
}

/// A hand-written issue.
pub(super) fn written(body: &mut IssueBody) -> Result<(), &'static str> {
    if let Some(given) = &body.fingerprint {
        fingerprint(given)?;
    }
    if body.title.trim().is_empty() {
        body.title = "Untitled Issue".to_owned();
    }
    cut_to(&mut body.title, TITLE);
    cut_to(&mut body.description, DESCRIPTION);
    cut_to(&mut body.reporter_id, NAME);
    cut_some(&mut body.assignee_id, NAME);
    cut_some(&mut body.component, NAME);
    cut_some(&mut body.severity, NAME);
    tags(&mut body.tags);
    context(&mut body.context);
    Ok(())
}

/// A sidecar's totals: its reasons are a closed set, of which a later release may know more.
pub(super) fn ledger(body: &mut LedgerBody) {
    let dropped = std::mem::take(&mut body.dropped);
    body.dropped = dropped.into_iter().take(REASONS).map(|(reason, n)| (cut(&reason, REASON), n)).collect();
}

/// A change of fields.
pub(super) fn changes(changes: &mut Changes) -> Result<(), &'static str> {
    if changes.title.as_ref().is_some_and(|title| title.trim().is_empty()) {
        return Err("a title cannot be empty");
    }
    cut_some(&mut changes.title, TITLE);
    cut_some(&mut changes.description, DESCRIPTION);
    if let Some(assignee) = &mut changes.assignee_id {
        cut_some(assignee, NAME);
    }
    if let Some(given) = &mut changes.tags {
        tags(given);
    }
    Ok(())
}
