//! Visits of front ends, beside the reports: each batch of events is sent until it is acknowledged, and then it is known of
//! every visit how many events it has and whether it is an incident.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use consumer::{
    store::{IssueStore, NoteKind},
    visits::states,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    client::{Answer, Client},
    dice::Dice,
};
use crate::wait::pass;

/// What the service is told: a project whose key is in its pages. Nothing confirms itself, so that no issue comes of it.
pub const SETTINGS: &str = r#"{"projects": [{"name": "shop", "keys": ["dev"], "origins": ["*"]}]}"#;

/// Between two batches, in milliseconds.
const PAUSE: (u64, u64) = (60, 300);

/// Events of one batch.
const BATCH: usize = 6;

/// How long a batch is repeated once the load has ended, and how long incidents may take to be told.
const PATIENCE: Duration = Duration::from_secs(120);

/// The API answers 200 reads a minute.
const PACE: Duration = Duration::from_millis(320);

/// What was acknowledged of a visit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    /// Events.
    pub events: usize,
    /// Incidents that they come to.
    pub incidents: usize,
}

/// What is known of all visits, by their sessions.
pub type Book = BTreeMap<String, Visit>;

/// Visitors that come one after the other.
#[derive(Debug)]
pub struct Visitors {
    stop: Arc<AtomicBool>,
    sender: JoinHandle<(Book, Vec<String>)>,
}

impl Visitors {
    /// They begin to come; `port` is the service's.
    pub fn start(seed: u64, slow: u64, port: u16) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let sender =
            Sender { dice: Dice::part(seed, 900), client: Client::new(port), stop: Arc::clone(&stop), slow };
        Self { stop, sender: std::thread::spawn(move || sender.run()) }
    }

    /// No more come; what was begun is brought to its end. The book, and answers that nobody may get.
    pub fn end(self) -> (Book, Vec<String>) {
        self.stop.store(true, Ordering::Release);
        self.sender.join().unwrap_or_else(|_| (Book::new(), vec!["the visitors ended badly".to_owned()]))
    }
}

struct Sender {
    dice: Dice,
    client: Client,
    stop: Arc<AtomicBool>,
    slow: u64,
}

impl Sender {
    fn run(mut self) -> (Book, Vec<String>) {
        let (mut book, mut trouble) = (Book::new(), Vec::new());
        let mut number = 0;
        while !self.stop.load(Ordering::Acquire) {
            number += 1;
            let (session, rages) = (format!("visit-{number}"), self.dice.below(2) == 0);
            let events = visit(&session, rages, Timestamp::now().as_millisecond());
            let mut sent = 0;
            for batch in events.chunks(BATCH) {
                match self.send(batch) {
                    Ok(()) => sent += batch.len(),
                    Err(why) => trouble.push(format!("{session}: {why}")),
                }
                // Some batches come twice, as from a page that lost its answer.
                if self.dice.below(4) == 0
                    && let Err(why) = self.send(batch)
                {
                    trouble.push(format!("{session}, again: {why}"));
                }
                pass(self.dice.millis((PAUSE.0 * self.slow, PAUSE.1 * self.slow)));
            }
            book.insert(session, Visit { events: sent, incidents: usize::from(rages) });
        }
        (book, trouble)
    }

    /// Repeats a batch until it is acknowledged.
    fn send(&mut self, events: &[Value]) -> Result<(), String> {
        let body = json!({"api_key": "dev", "events": events}).to_string();
        let mut stopped = None;
        loop {
            let headers = [("content-type", "application/json")];
            match self.client.post("/v1/events", &headers, body.as_bytes()).0 {
                Answer::Given(200, answer) if answer.contains(&format!("\"processed\":{}", events.len())) => {
                    return Ok(());
                }
                Answer::Given(429 | 503, _) | Answer::Unsent | Answer::Unknown => {}
                Answer::Given(status, answer) => return Err(format!("{status} {answer}")),
            }
            let stops = self.stop.load(Ordering::Acquire);
            if stops && stopped.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                return Err("it was never answered".to_owned());
            }
            pass(Duration::from_millis(100));
        }
    }
}

/// Somebody who clicks a broken button, or somebody who only looks.
fn visit(session: &str, rages: bool, from: i64) -> Vec<Value> {
    let event = |at: i64, kind: &str, target: Value, metadata: Value| {
        json!({"eventType": kind, "timestamp": from + at, "sessionId": session, "route": "/shop",
            "target": target, "metadata": metadata, "idempotencyKey": format!("{session}.{kind}.{at}")})
    };
    let mut events = vec![event(0, "navigation", json!({"type": "page"}), json!({}))];
    for number in 0..8 {
        let (at, pause) = (100 + number * 120, 100 + number * 4_000);
        events.push(match rages {
            true => event(at, "click", json!({"type": "button", "id": "buy"}), json!({"mutated": false})),
            false => event(pause, "scroll", json!({"type": "page"}), json!({"direction": "down"})),
        });
    }
    if rages {
        events.push(event(1_100, "error", json!({"type": "page"}), json!({"message": "no price"})));
    }
    events
}

/// What became of visits.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// That came.
    pub visits: usize,
    /// Events that were acknowledged.
    pub acknowledged: usize,
    /// Events that are stored.
    pub stored: usize,
    /// Acknowledged events that are not stored.
    pub lost: usize,
    /// Events that are stored and must not be.
    pub surplus: usize,
    /// Incidents that are told.
    pub incidents: usize,
    /// A line for each thing that is wrong.
    pub wrong: Vec<String>,
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { visits, acknowledged, stored, lost, surplus, incidents, .. } = self;
        write!(
            f,
            "{visits} visits; {acknowledged} events acknowledged, {stored} stored; lost {lost}, doubled {surplus}; \
             {incidents} incidents"
        )
    }
}

/// Waits until every incident that must come is told, at most for a while: those that there are, by session.
pub fn told(book: &Book, port: u16) -> Result<BTreeMap<String, usize>> {
    let due: usize = book.values().map(|visit| visit.incidents).sum();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let incidents = incidents(port)?;
        if incidents.values().sum::<usize>() >= due || Instant::now() > deadline {
            return Ok(incidents);
        }
        pass(PACE);
    }
}

fn incidents(port: u16) -> Result<BTreeMap<String, usize>> {
    let (mut client, mut found) = (Client::new(port), BTreeMap::new());
    let mut cursor = String::new();
    let deadline = Instant::now() + PATIENCE;
    loop {
        match client.get(&format!("/api/v1/incidents?limit=100{cursor}")) {
            Some((200, body)) => {
                let page: Value = serde_json::from_str(&body).context("reading a page of incidents")?;
                for incident in page.get("incidents").and_then(Value::as_array).context("a list")? {
                    let session = incident.get("sessionId").and_then(Value::as_str).unwrap_or_default();
                    *found.entry(session.to_owned()).or_default() += 1;
                }
                match page.get("next_cursor").and_then(Value::as_str) {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => return Ok(found),
                }
            }
            other => ensure!(Instant::now() < deadline, "the consumer answers {other:?}"),
        }
        pass(PACE);
    }
}

/// Holds the sessions of a store, which nobody writes to any more, and the incidents that were told against the book.
pub async fn compare(
    book: &Book,
    told: &BTreeMap<String, usize>,
    store: &dyn IssueStore,
) -> Result<Compared> {
    let mut sessions: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for note in store.notes(NoteKind::Visit, None).await.context("reading sessions")? {
        let session = states::unpacked(note).context("reading a session")?.session;
        sessions.entry(session.key.session.clone()).or_default().push(session.facts().len());
    }
    Ok(held_against(book, told, &sessions))
}

fn held_against(
    book: &Book,
    told: &BTreeMap<String, usize>,
    sessions: &BTreeMap<String, Vec<usize>>,
) -> Compared {
    let mut compared = Compared { visits: book.len(), ..Compared::default() };
    compared.incidents = told.values().sum();
    for (session, visit) in book {
        let counts = sessions.get(session).map(Vec::as_slice).unwrap_or_default();
        let stored: usize = counts.iter().sum();
        compared.acknowledged += visit.events;
        compared.stored += stored;
        compared.lost += visit.events.saturating_sub(stored);
        compared.surplus += stored.saturating_sub(visit.events);
        if counts != [visit.events] {
            compared.wrong.push(format!("{session} has {counts:?} events of {}", visit.events));
        }
        let incidents = told.get(session).copied().unwrap_or_default();
        if incidents != visit.incidents {
            compared.wrong.push(format!("{session} has {incidents} incidents, not {}", visit.incidents));
        }
    }
    let strangers = sessions.keys().chain(told.keys()).filter(|session| !book.contains_key(*session));
    compared.wrong.extend(strangers.map(|session| format!("nobody made the visit {session}")));
    compared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_is_told() {
        let visit = |events, incidents| Visit { events, incidents };
        let book = Book::from([("a".to_owned(), visit(10, 1)), ("b".to_owned(), visit(9, 0))]);
        let told = |pairs: &[(&str, usize)]| pairs.iter().map(|(s, n)| ((*s).to_owned(), *n)).collect();
        let kept = |pairs: &[(&str, &[usize])]| {
            pairs.iter().map(|(session, counts)| ((*session).to_owned(), counts.to_vec())).collect()
        };
        let right = held_against(&book, &told(&[("a", 1)]), &kept(&[("a", &[10]), ("b", &[9])]));
        assert_eq!((right.wrong.len(), right.acknowledged, right.stored), (0, 19, 19));
        let wrong =
            held_against(&book, &told(&[("a", 2)]), &kept(&[("a", &[8]), ("b", &[9, 9]), ("c", &[1])]));
        assert_eq!((wrong.lost, wrong.surplus, wrong.wrong.len()), (2, 9, 4), "{:?}", wrong.wrong);
    }

    #[test]
    fn a_visitor_who_rages_is_an_incident_and_one_who_looks_is_none() {
        use frustration::{engine::Engine, ingest, rules::Rules};
        for rages in [true, false] {
            let (mut engine, rules) = (Engine::default(), Rules::default());
            let batch = ingest::judge(
                &visit("s", rages, 1_795_248_000_000),
                "shop",
                1_795_248_040_000,
                &Default::default(),
            );
            assert_eq!(batch.rejected, []);
            for event in batch.events {
                engine.push(&event);
            }
            let effects = engine.advance(1_795_248_050_000, |_| &rules);
            assert_eq!(effects.len(), usize::from(rages), "{effects:?}");
        }
    }
}
