//! Bounded tallies of an issue: by hour, by day, by workload, by release.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::Sighting;
use crate::document::{Issue, ReleaseSeen};

/// How many workloads and how many releases an issue tells apart.
const MOST: usize = 20;

/// A series of buckets: how a key is written, and how far the newest reaches back.
pub(super) struct Series {
    format: &'static str,
    reach: SignedDuration,
}

/// The latest 48 hours.
pub(super) const HOURS: Series = Series { format: "%Y-%m-%dT%H", reach: SignedDuration::from_hours(47) };

/// The latest 30 days.
pub(super) const DAYS: Series = Series { format: "%Y-%m-%d", reach: SignedDuration::from_hours(29 * 24) };

/// Counts in the bucket of `at` (UTC), and lets buckets go that the newest has left behind.
pub(super) fn in_time(buckets: &mut BTreeMap<String, u64>, series: Series, at: Timestamp, count: u64) {
    let key = at.strftime(series.format).to_string();
    if let Some(bucket) = buckets.get_mut(&key) {
        *bucket = bucket.saturating_add(count);
        return;
    }
    let newest = buckets.last_key_value().map_or(key.as_str(), |(newest, _)| newest).max(key.as_str());
    let oldest = if newest == key { reach_back(&series, at) } else { oldest_of(&series, newest) };
    buckets.insert(key, count);
    *buckets = buckets.split_off(&oldest);
}

fn reach_back(series: &Series, newest: Timestamp) -> String {
    let oldest = newest.saturating_sub(series.reach).unwrap_or(Timestamp::MIN);
    oldest.strftime(series.format).to_string()
}

/// The oldest bucket that may stand beside the bucket `newest`. An unreadable key cuts nothing.
fn oldest_of(series: &Series, newest: &str) -> String {
    let padded = match newest.len() {
        10 => format!("{newest}T00:00:00Z"),
        _ => format!("{newest}:00:00Z"),
    };
    padded.parse().map_or_else(|_| String::new(), |newest| reach_back(series, newest))
}

/// Counts for the workload; where there are too many, the one with the fewest reports leaves.
pub(super) fn by_workload(workloads: &mut BTreeMap<String, u64>, sighting: &Sighting) {
    let Some(workload) = &sighting.place.workload else { return };
    let key = workload.to_string();
    if let Some(count) = workloads.get_mut(&key) {
        *count = count.saturating_add(sighting.count);
        return;
    }
    if workloads.len() >= MOST {
        drop_least(workloads);
    }
    workloads.insert(key, sighting.count);
}

fn drop_least(workloads: &mut BTreeMap<String, u64>) {
    if let Some(least) = workloads.iter().min_by_key(|(_, count)| **count).map(|(key, _)| key.clone()) {
        workloads.remove(&least);
    }
}

/// Adds another issue's tallies by time, and lets go of what the newest bucket has left behind.
pub(super) fn add_times(buckets: &mut BTreeMap<String, u64>, more: &BTreeMap<String, u64>, series: &Series) {
    for (key, count) in more {
        let bucket = buckets.entry(key.clone()).or_default();
        *bucket = bucket.saturating_add(*count);
    }
    if let Some(newest) = buckets.last_key_value().map(|(newest, _)| newest.clone()) {
        *buckets = buckets.split_off(&oldest_of(series, &newest));
    }
}

/// Adds another issue's tallies by workload.
pub(super) fn add_workloads(workloads: &mut BTreeMap<String, u64>, more: &BTreeMap<String, u64>) {
    for (key, count) in more {
        let sum = workloads.entry(key.clone()).or_default();
        *sum = sum.saturating_add(*count);
    }
    while workloads.len() > MOST {
        drop_least(workloads);
    }
}

/// Adds another issue's tallies by release.
pub(super) fn add_releases(
    releases: &mut BTreeMap<String, ReleaseSeen>,
    more: &BTreeMap<String, ReleaseSeen>,
) {
    for (key, more) in more {
        match releases.get_mut(key) {
            Some(seen) => {
                seen.count = seen.count.saturating_add(more.count);
                seen.first_seen = seen.first_seen.min(more.first_seen);
                seen.last_seen = seen.last_seen.max(more.last_seen);
            }
            None => drop(releases.insert(key.clone(), more.clone())),
        }
    }
    while releases.len() > MOST {
        drop_least_recent(releases);
    }
}

fn drop_least_recent(releases: &mut BTreeMap<String, ReleaseSeen>) {
    let least = releases.iter().min_by_key(|(_, seen)| seen.last_seen).map(|(key, _)| key.clone());
    if let Some(least) = least {
        releases.remove(&least);
    }
}

/// Counts for the release, and keeps the first and the latest; where there are too many, the least recent leaves.
pub(super) fn by_release(issue: &mut Issue, sighting: &Sighting) {
    let Some(release) = &sighting.place.release else { return };
    let seen_at = |name: &Option<String>| name.as_ref().and_then(|name| issue.releases.get(name));
    let first = match &issue.first_release {
        None => true,
        Some(_) => seen_at(&issue.first_release).is_some_and(|seen| sighting.first_at < seen.first_seen),
    };
    let last = seen_at(&issue.last_release).is_none_or(|seen| sighting.last_at >= seen.last_seen);
    if first {
        issue.first_release = Some(release.clone());
    }
    if last {
        issue.last_release = Some(release.clone());
    }
    tally(&mut issue.releases, release, sighting);
}

fn tally(releases: &mut BTreeMap<String, ReleaseSeen>, release: &str, sighting: &Sighting) {
    if let Some(seen) = releases.get_mut(release) {
        seen.count = seen.count.saturating_add(sighting.count);
        seen.first_seen = seen.first_seen.min(sighting.first_at);
        seen.last_seen = seen.last_seen.max(sighting.last_at);
        return;
    }
    let seen =
        ReleaseSeen { first_seen: sighting.first_at, last_seen: sighting.last_at, count: sighting.count };
    releases.insert(release.to_owned(), seen);
    if releases.len() > MOST {
        drop_least_recent(releases);
    }
}
