//! What is stored, held against what was acknowledged: issue by issue, count by count; and both ledgers.

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{
    book::{Book, Expected, Fate, Wrong},
    client::Client,
    world::World,
};
use crate::wait::pass;

/// The API answers 200 reads a minute.
const PACE: Duration = Duration::from_millis(320);

/// Pages of a list may be asked for so long.
const PATIENCE: Duration = Duration::from_secs(120);

/// Counts of all issues, by the error type that they are of.
pub type Stored = BTreeMap<String, Vec<u64>>;

/// Reads every issue through the API.
pub fn stored(port: u16) -> Result<Stored> {
    let mut client = Client::new(port);
    let mut stored = Stored::new();
    let mut cursor = None;
    loop {
        let page = page(&mut client, cursor.as_deref())?;
        for issue in page.get("issues").and_then(Value::as_array).context("a list of issues")? {
            let kind = issue.get("errorType").and_then(Value::as_str).unwrap_or("(none)");
            let count = issue.get("count").and_then(Value::as_u64).unwrap_or_default();
            stored.entry(kind.to_owned()).or_default().push(count);
        }
        match page.get("next_cursor").and_then(Value::as_str) {
            Some(next) => cursor = Some(next.to_owned()),
            None => return Ok(stored),
        }
        pass(PACE);
    }
}

fn page(client: &mut Client, cursor: Option<&str>) -> Result<Value> {
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    let path = format!("/api/v1/issues?limit=100&sort=first_seen{cursor}");
    let deadline = Instant::now() + PATIENCE;
    loop {
        match client.get(&path) {
            Some((200, body)) => return serde_json::from_str(&body).context("reading a page of issues"),
            other => ensure!(Instant::now() < deadline, "the consumer answers {other:?} to {path}"),
        }
        pass(PACE);
    }
}

/// The result of a comparison.
#[derive(Debug, Default)]
pub struct Compared {
    /// Issues that must be there.
    pub kinds: usize,
    /// Reports that were acknowledged.
    pub acknowledged: u64,
    /// Reports that are stored.
    pub stored: u64,
    /// Requests whose answer was lost.
    pub unknown: usize,
    /// Acknowledged reports that are not there.
    pub lost: u64,
    /// Reports that are there and must not be.
    pub surplus: u64,
    /// One line for each thing that is wrong.
    pub wrong: Vec<String>,
}

/// Holds one against the other.
pub fn compare(book: &Book, stored: &Stored) -> Compared {
    let kinds = book.kinds();
    let mut compared = Compared { kinds: kinds.len(), ..Compared::default() };
    for (kind, expected) in &kinds {
        compared.acknowledged += expected.acknowledged();
        if let Expected::Requests(fates) = expected {
            compared.unknown += fates.iter().filter(|fate| **fate == Fate::Unknown).count();
        }
        let counts = stored.get(kind).map(Vec::as_slice).unwrap_or_default();
        if counts.len() > 1 {
            compared.wrong.push(format!("{kind} is {} issues", counts.len()));
        }
        if let Err(Wrong { what, lost, surplus }) = expected.check(counts.iter().sum()) {
            compared.lost += lost;
            compared.surplus += surplus;
            compared.wrong.push(format!("{kind}: {what}"));
        }
    }
    compared.stored = stored.values().flatten().sum();
    let strangers = stored.iter().filter(|(kind, _)| !kinds.contains_key(*kind));
    compared.wrong.extend(strangers.map(|(kind, counts)| format!("nobody sent {kind}: {counts:?}")));
    compared
}

/// The ledgers of all sidecars, added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SidecarLedger {
    accepted: u64,
    recovered: u64,
    published: u64,
    paired: u64,
    dropped: u64,
    spooled: u64,
    gap_bytes: u64,
}

impl SidecarLedger {
    /// From `ledger` of a health answer.
    pub fn read(ledger: &Value) -> Self {
        let number = |name: &str| ledger.get(name).and_then(Value::as_u64).unwrap_or_default();
        let dropped = ledger.get("dropped").and_then(Value::as_object);
        Self {
            accepted: number("accepted"),
            recovered: number("recovered"),
            published: number("published"),
            paired: number("paired"),
            dropped: dropped.map_or(0, |by_reason| by_reason.values().filter_map(Value::as_u64).sum()),
            spooled: number("spooled"),
            gap_bytes: number("gap_bytes"),
        }
    }

    /// Everything came in and went out; nothing was given up, and no two ways told of one crash.
    fn wrong(&self, compared: &Compared) -> Vec<String> {
        let mut wrong = Vec::new();
        let (came, left) =
            (self.accepted + self.recovered, self.published + self.paired + self.dropped + self.spooled);
        if came != left {
            wrong.push(format!("the sidecars' ledgers are not balanced: {came} came, {left} left"));
        }
        if (self.spooled, self.paired, self.dropped, self.gap_bytes) != (0, 0, 0, 0) {
            wrong.push(format!("the sidecars are not at rest, or gave something up: {self:?}"));
        }
        if self.published != compared.stored {
            wrong.push(format!("{} were published and {} are stored", self.published, compared.stored));
        }
        wrong
    }
}

/// What is wrong with the ledgers at rest: the consumer's own, and what the sidecars told it when they ended.
pub fn ledgers(world: &World, compared: &Compared) -> Vec<String> {
    let Some(health) = world.consumer.health() else {
        return vec!["the consumer does not answer".to_owned()];
    };
    let at = |path: &str| health.pointer(path).cloned().unwrap_or_default();
    let mut wrong = SidecarLedger::read(&at("/sidecars/ledger")).wrong(compared);
    for (path, expect) in [
        ("/sidecars/count", world.sidecars.len().into()),
        ("/ledger/balanced", Value::Bool(true)),
        ("/ledger/in_flight", 0.into()),
        ("/ledger/dead_lettered", Value::Object(serde_json::Map::new())),
        ("/lag", 0.into()),
        ("/data_gaps/records", 0.into()),
        ("/parts/store/ok", Value::Bool(true)),
        ("/parts/source/ok", Value::Bool(true)),
    ] {
        if at(path) != expect {
            wrong.push(format!("the consumer's {path} is {}, not {expect}", at(path)));
        }
    }
    wrong
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kinds, acknowledged, stored, unknown, lost, surplus, .. } = self;
        write!(
            f,
            "{kinds} issues; {acknowledged} reports acknowledged, {stored} stored, {unknown} requests without an \
             answer; lost {lost}, counted twice or wrongly {surplus}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_is_told() {
        let book = Book::default();
        book.count("AError", 5);
        book.count("BError", 5);
        book.request("CError", Fate::Counted);
        book.request("CError", Fate::Unknown);
        let counts = |pairs: &[(&str, &[u64])]| -> Stored {
            pairs.iter().map(|(kind, counts)| ((*kind).to_owned(), counts.to_vec())).collect()
        };
        let right = compare(&book, &counts(&[("AError", &[5]), ("BError", &[5]), ("CError", &[1])]));
        assert_eq!((right.wrong.len(), right.acknowledged, right.stored, right.unknown), (0, 11, 11, 1));
        let wrong = compare(&book, &counts(&[("AError", &[4]), ("BError", &[5, 1]), ("XError", &[1])]));
        assert_eq!((wrong.lost, wrong.surplus, wrong.wrong.len()), (2, 1, 5), "{:?}", wrong.wrong);
    }
}
