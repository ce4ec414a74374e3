//! How events travel from where they were taken to where sessions are kept: one record holds events of one session.
//!
//! Records need no numbers: an event carries its key, a session is a set of events, so a record that is read twice
//! changes nothing.

use issue::id::TrackerName;
use serde::{Deserialize, Serialize};

use crate::{
    event::{Event, limits},
    id,
    session::Key,
};

/// The version of the form.
pub const VERSION: u32 = 1;

/// Bytes of events in one record; one event takes at most [`limits::EVENT`] and what redaction adds.
const BYTES: usize = 300 * 1024;

/// Events of a record that is read at all: more than a request of any address holds.
const MOST: usize = 10_000;

/// Events of one session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`VERSION`].
    pub v: u32,
    /// Always `events`.
    pub kind: String,
    /// Whose.
    pub tracker: TrackerName,
    /// In the order of the request.
    pub events: Vec<Event>,
}

/// A record on its way: its key decides its partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The same for all records of a session.
    pub key: String,
    /// JSON.
    pub payload: Vec<u8>,
}

/// Why bytes are no record for this tracker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON of this form.
    #[error("the record is not of the form of events")]
    Malformed,
    /// Written by a later release.
    #[error("the record has a version that this release does not know")]
    Version,
    /// Of somebody else.
    #[error("the record is meant for another tracker")]
    OtherTracker,
    /// Nothing, too much, or events of several sessions.
    #[error("the record holds no events, too many, or those of several sessions")]
    Events,
}

impl Unreadable {
    /// A stable word for metrics and headers.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Version => "unknown_version",
            Self::OtherTracker => "other_tracker",
            Self::Events => "invalid",
        }
    }
}

/// The name under which a session is kept and its records are partitioned.
pub fn name(key: &Key) -> String {
    id::uuid(&["session", &key.project, &key.session])
}

/// Puts the events of a request into records, each of one session.
pub fn encode(tracker: &TrackerName, events: &[Event]) -> Vec<Encoded> {
    let mut sessions: Vec<(Key, Vec<&Event>)> = Vec::new();
    for event in events {
        let key = Key::of(event);
        match sessions.iter_mut().find(|(known, _)| *known == key) {
            Some((_, events)) => events.push(event),
            None => sessions.push((key, vec![event])),
        }
    }
    sessions.iter().flat_map(|(key, events)| of_session(tracker, key, events)).collect()
}

fn of_session(tracker: &TrackerName, key: &Key, events: &[&Event]) -> Vec<Encoded> {
    let mut records: Vec<Vec<Event>> = Vec::new();
    let mut bytes = usize::MAX;
    for &event in events {
        // A value of texts, numbers and maps with text keys: writing it does not fail.
        let size = serde_json::to_string(event).unwrap_or_default().len();
        match records.last_mut().filter(|_| bytes.saturating_add(size) <= BYTES) {
            Some(record) => record.push(event.clone()),
            None => (bytes, _) = (0, records.push(vec![event.clone()])),
        }
        bytes += size;
    }
    let record = |events| Record { v: VERSION, kind: "events".to_owned(), tracker: tracker.clone(), events };
    let encoded =
        |events| Encoded { key: name(key), payload: serde_json::to_vec(&record(events)).unwrap_or_default() };
    records.into_iter().map(encoded).collect()
}

/// Reads a record for this tracker. A topic is open to whoever may write to it, so its limits are looked at again.
pub fn decode(tracker: &TrackerName, payload: &[u8]) -> Result<(Key, Vec<Event>), Unreadable> {
    #[derive(Deserialize)]
    struct Head {
        v: u32,
        kind: String,
        tracker: TrackerName,
    }
    let head: Head = serde_json::from_slice(payload).map_err(|_| Unreadable::Malformed)?;
    if head.v != VERSION || head.kind != "events" {
        return Err(Unreadable::Version);
    }
    if head.tracker != *tracker {
        return Err(Unreadable::OtherTracker);
    }
    let record: Record = serde_json::from_slice(payload).map_err(|_| Unreadable::Malformed)?;
    let key = record.events.first().map(Key::of).ok_or(Unreadable::Events)?;
    let named = |text: &str| !text.is_empty() && text.chars().count() <= limits::NAME;
    let sound = named(&key.project) && named(&key.session) && record.events.len() <= MOST;
    if !sound || record.events.iter().any(|event| Key::of(event) != key) {
        return Err(Unreadable::Events);
    }
    Ok((key, record.events))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::Reading;

    const NOW: i64 = 1_795_248_000_000;

    fn event(session: &str, at: i64, note: &str) -> Event {
        let item = json!({"eventType": "click", "timestamp": NOW + at, "sessionId": session, "route": "/",
            "metadata": {"note": note}});
        Event::read(&item, "shop", NOW, &Reading::default()).expect("a fine event")
    }

    #[test]
    fn a_record_holds_one_session_and_reads_back() {
        let events = [event("a", 0, ""), event("b", 1, ""), event("a", 2, "")];
        let records = encode(&TrackerName::local(), &events);
        assert_eq!(records.len(), 2);
        let (key, read) = decode(&TrackerName::local(), &records[0].payload).expect("a record");
        assert_eq!((key.session.as_str(), read), ("a", vec![events[0].clone(), events[2].clone()]));
        assert_eq!(records[0].key, name(&key));
        assert_ne!(records[0].key, records[1].key);
    }

    #[test]
    fn a_request_of_the_largest_events_becomes_records_that_fit() {
        let events: Vec<Event> = (0..100).map(|n| event("a", n, &"x y".repeat(3_000))).collect();
        let records = encode(&TrackerName::local(), &events);
        assert!(records.len() > 1);
        assert!(records.iter().all(|record| record.payload.len() < issue::record::MAX_BYTES));
        let read = records
            .iter()
            .map(|record| decode(&TrackerName::local(), &record.payload).expect("fine").1.len());
        assert_eq!(read.sum::<usize>(), 100);
    }

    #[test]
    fn what_is_no_record_is_told_why() {
        let local = TrackerName::local();
        let other = TrackerName::parse("shop/main").expect("a name");
        let fine = &encode(&local, &[event("a", 0, "")])[0].payload;
        let changed = |from: &str, to: &str| String::from_utf8(fine.clone()).expect("text").replace(from, to);
        for (bytes, why) in [
            (b"{".to_vec(), Unreadable::Malformed),
            (changed("\"v\":1", "\"v\":9").into_bytes(), Unreadable::Version),
            (changed("\"a\"", "\"\"").into_bytes(), Unreadable::Events),
            (changed("\"events\":[", "\"events\":[],\"was\":[").into_bytes(), Unreadable::Events),
            (changed("\"click\"", "\"dance\"").into_bytes(), Unreadable::Malformed),
        ] {
            assert_eq!(decode(&local, &bytes), Err(why));
        }
        assert_eq!(decode(&other, fine), Err(Unreadable::OtherTracker));
    }
}
