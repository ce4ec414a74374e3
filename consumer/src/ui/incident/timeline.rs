//! The visit of an incident as a drawing and as a list: what the visitor did, what the page answered, where the signals are.
//! Pure; the template only prints it.

use ::frustration::{
    incident::Incident,
    session::{Session, Shown as Event},
};
use jiff::Timestamp;
use serde_json::Value;

use super::super::text::Shown;

/// Events that are drawn and listed; a visit may have ten thousand.
const MOST: usize = 300;

/// Heights of the two rows of marks, in pixels.
const ACTS: u32 = 22;
const ANSWERS: u32 = 50;

/// A visit. `x` and `width` are percentages of the drawing's width, the rest is pixels.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// What the drawing shows, in words.
    pub label: String,
    /// Signals, behind the marks.
    pub bands: Vec<Band>,
    /// Events.
    pub marks: Vec<Mark>,
    /// How long it was.
    pub length: String,
    /// Events that are left out.
    pub left_out: usize,
}

/// A signal.
#[derive(Clone, Debug)]
pub struct Band {
    /// Left edge.
    pub x: String,
    /// At least wide enough to be seen.
    pub width: String,
    /// Its name.
    pub name: Shown,
}

/// An event.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Where.
    pub x: String,
    /// Which row.
    pub y: u32,
    /// `act`, `good`, `bad`, `moved`, `other`.
    pub tone: &'static str,
    /// In words: time, what, on what.
    pub time: String,
    /// What happened.
    pub what: Shown,
    /// Where.
    pub route: Shown,
    /// In a word, for those who do not see colours.
    pub sign: &'static str,
}

impl Timeline {
    /// Of a session that still has its events.
    pub fn of(session: &Session, incident: &Incident, now: Timestamp) -> Option<Self> {
        let events = session.document(now.as_millisecond()).events;
        let times: Vec<i64> = events.iter().map(|event| millis(&event.timestamp)).collect();
        let (first, last) = (times.iter().min().copied()?, times.iter().max().copied()?);
        let scale = Scale { first, length: (last - first).max(1000) };
        let signals = incident.signal_details.iter().take(40);
        let bands: Vec<Band> = signals
            .map(|signal| {
                let at = millis(&signal.timestamp);
                let end = at.saturating_add(signal.details.duration_ms);
                let width = (scale.percent(end) - scale.percent(at)).max(0.6);
                let name = Shown::line(&signal.kind.name().replace('_', " "), 60);
                Band { x: percent(scale.percent(at)), width: percent(width), name }
            })
            .collect();
        let told = events.iter().zip(&times).filter(|(event, _)| is_told(event));
        let marks: Vec<Mark> = told.map(|(event, at)| mark(event, *at, &scale)).collect();
        let left_out = marks.len().saturating_sub(MOST);
        let failures = marks.iter().filter(|mark| mark.tone == "bad").count();
        let label = format!(
            "The visit: {} events in {}, {failures} of them failures, {} signals",
            events.len(),
            length(scale.length),
            bands.len()
        );
        let marks = marks.into_iter().take(MOST).collect();
        Some(Self { label, bands, marks, length: length(scale.length), left_out })
    }
}

struct Scale {
    first: i64,
    length: i64,
}

impl Scale {
    /// Room is left at both edges for what is drawn there.
    fn percent(&self, at: i64) -> f64 {
        let part = at.saturating_sub(self.first) as f64 / self.length as f64;
        1.0 + part.clamp(0.0, 1.0) * 98.0
    }
}

fn percent(value: f64) -> String {
    format!("{value:.2}%")
}

fn millis(time: &str) -> i64 {
    time.parse::<Timestamp>().map(Timestamp::as_millisecond).unwrap_or_default()
}

fn length(millis: i64) -> String {
    match millis / 1000 {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

/// What only fills the picture is left out of it.
fn is_told(event: &Event) -> bool {
    !matches!(event.event_type, "cursor" | "loading")
}

fn mark(event: &Event, at: i64, scale: &Scale) -> Mark {
    let status = event.metadata.get("status").and_then(Value::as_u64).unwrap_or_default();
    let failed = event.metadata.get("error") == Some(&Value::Bool(true)) || status >= 400;
    let (tone, sign, y) = match event.event_type {
        "error" => ("bad", "failure", ANSWERS),
        "network" if failed => ("bad", "failure", ANSWERS),
        "network" if (200..400).contains(&status) => ("good", "success", ANSWERS),
        "click" | "form_submit" | "input" => ("act", "act", ACTS),
        "navigation" => ("moved", "route", ACTS),
        "scroll" => ("other", "act", ACTS),
        _ => ("other", "answer", ANSWERS),
    };
    let target = &event.target;
    let named = target.id.as_deref().or(target.selector.as_deref()).unwrap_or(&target.kind);
    let said = event.metadata.get("message").and_then(Value::as_str).unwrap_or_default();
    let status = if status > 0 { format!(" {status}") } else { String::new() };
    let what = format!("{} {named}{status} {said}", event.event_type.replace('_', " "));
    let offset = at.saturating_sub(scale.first).max(0);
    Mark {
        x: percent(scale.percent(at)),
        y,
        tone,
        time: format!("{}.{:01} s", offset / 1000, offset % 1000 / 100),
        what: Shown::line(&what, 300),
        route: Shown::line(&event.route, 200),
        sign,
    }
}
