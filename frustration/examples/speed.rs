//! How many events a second go through sessions and signals on one core, and what an open session takes.
//!
//! `cargo run --release -p frustration --example speed [SESSIONS]`

#![expect(clippy::print_stdout, reason = "an example that prints figures")]

use std::{fmt::Display, time::Instant};

use frustration::{
    engine::{Effect, Engine},
    event::{Event, Reading},
    rules::Rules,
};
use serde_json::Value;

#[path = "speed/visits.rs"]
mod visits;

use visits::{START, visit};

fn main() {
    let sessions = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(20_000usize);
    let (reading, rules) = (Reading::default(), Rules::default());
    let items: Vec<Value> = (0..sessions).flat_map(visit).collect();
    let count = items.len();

    let start = Instant::now();
    let read: Vec<Event> =
        items.iter().filter_map(|item| Event::read(item, "shop", START + 80_000, &reading).ok()).collect();
    rate("reading, privacy and redaction", count, start);
    assert_eq!(read.len(), count, "every event is fine");
    let lines: Vec<String> = read.iter().filter_map(|event| serde_json::to_string(event).ok()).collect();
    drop((items, read));

    let start = Instant::now();
    let mut events: Vec<Event> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    rate("decoding records", count, start);

    // As many visitors at once as there are sessions: their events come interleaved.
    events.sort_by_key(|event| event.timestamp);
    let mut engine = Engine::default();
    let start = Instant::now();
    let mut effects = Vec::new();
    for (number, event) in events.iter().enumerate() {
        engine.push(event);
        if number % 500 == 499 {
            effects.extend(engine.advance(event.timestamp, |_| &rules));
        }
    }
    let pushed = start.elapsed();
    let (open, bytes) = engine.size();
    let stored: usize =
        engine.dirty().iter().filter_map(|s| serde_json::to_string(s).ok()).map(|s| s.len()).sum();
    let last = Instant::now();
    effects.extend(engine.advance(START + 3 * 3_600_000, |_| &rules));
    let seconds = (pushed + last.elapsed()).as_secs_f64();
    show("sessions and signals, events/s", (count as f64 / seconds) as u64);
    show("events", count);
    show("open sessions at once", open);
    show("bytes in memory for an open session", bytes / open.max(1));
    show("bytes of JSON in the store for an open session", stored / open.max(1));
    show("incidents", effects.iter().filter(|effect| matches!(effect, Effect::Incident(_))).count());
}

fn rate(what: &str, count: usize, start: Instant) {
    show(&format!("{what}, events/s"), (count as f64 / start.elapsed().as_secs_f64()) as u64);
}

fn show(what: &str, figure: impl Display) {
    println!("{what:<52}{figure:>12}");
}
