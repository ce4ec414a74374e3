//! Events of front ends on one core: read and judged for privacy, decoded, and brought through sessions and signals; and what
//! a hundred thousand open sessions take. Time is that of the thread on its core.

use anyhow::ensure;
use frustration::{
    engine::{Effect, Engine},
    event::{Event, Reading},
    rules::Rules,
};
use serde_json::Value;

use super::{Figure, engine::best_of_three};

#[path = "../../../frustration/examples/speed/visits.rs"]
mod inputs;

use inputs::{START, visit};

/// Visitors at once.
const VISITS: usize = 20_000;

/// Open sessions of the bound that users are promised.
const OPEN: usize = 100_000;

/// The steps of an event beside reading the same bytes as JSON, which nobody can do without.
pub fn figures() -> anyhow::Result<Vec<Figure>> {
    let reading = Reading::default();
    let items: Vec<Value> = (0..VISITS).flat_map(visit).collect();
    let count = items.len();
    let read = || items.iter().filter_map(|item| Event::read(item, "shop", START + 80_000, &reading).ok());
    let (reads, fine) = best_of_three(|| read().count());
    ensure!(fine == count, "{fine} of {count} events are fine");
    let lines: Vec<String> = read().filter_map(|event| serde_json::to_string(&event).ok()).collect();
    let (parses, _) =
        best_of_three(|| lines.iter().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count());
    let mut events: Vec<Event> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    // As many visitors at once as there are visits: their events come interleaved.
    events.sort_by_key(|event| event.timestamp);
    let (judges, incidents) = best_of_three(|| incidents(&events));
    ensure!(incidents > 0, "no visit was frustrated");
    let rate = |time: std::time::Duration| count as f64 / time.as_secs_f64();
    let beside = || Some(("the same events parsed as JSON".to_owned(), rate(parses)));
    let figure = |name: &str, time| Figure {
        name: name.to_owned(),
        value: rate(time),
        unit: "events/s",
        baseline: beside(),
    };
    Ok(vec![
        figure("visits: reading, privacy, redaction", reads),
        figure("visits: sessions and signals", judges),
        open_sessions(),
    ])
}

fn incidents(events: &[Event]) -> usize {
    let (mut engine, rules) = (Engine::default(), Rules::default());
    let mut effects = Vec::new();
    for (number, event) in events.iter().enumerate() {
        engine.push(event);
        if number % 500 == 499 {
            effects.extend(engine.advance(event.timestamp, |_| &rules));
        }
    }
    effects.extend(engine.advance(START + 3 * 3_600_000, |_| &rules));
    let told: std::collections::BTreeSet<&str> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Incident(incident) => Some(incident.incident_id.as_str()),
            _ => None,
        })
        .collect();
    told.len()
}

/// Memory of whole visits that are all open, beside their events as they travel.
fn open_sessions() -> Figure {
    let (mut engine, reading) = (Engine::default(), Reading::default());
    let mut travelled = 0;
    for number in 0..OPEN {
        for item in visit(number) {
            let Ok(event) = Event::read(&item, "shop", START + 80_000, &reading) else { continue };
            travelled += serde_json::to_string(&event).map_or(0, |line| line.len());
            engine.push(&event);
        }
    }
    let (open, bytes) = engine.size();
    let mebibytes = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    Figure {
        name: format!("visits: memory of {open} open sessions"),
        value: mebibytes(bytes),
        unit: "MiB",
        baseline: Some(("their events as JSON".to_owned(), mebibytes(travelled))),
    }
}
