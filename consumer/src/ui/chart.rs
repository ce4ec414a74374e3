//! Counts over time as shapes: the list's sparkline and the issue's 30-day chart. Pure; the templates only print it.

use std::collections::BTreeMap;

use issue::document::{Issue, ReleaseSeen};
use jiff::{SignedDuration, Timestamp};

use super::{number, text, text::Shown};

/// Hours of a sparkline, and its height in units of its view box.
const HOURS: usize = 24;
const SPARK_HEIGHT: u64 = 20;

/// Days of the chart, and the height of its tallest bar in pixels.
const DAYS: usize = 30;
const BAR_HEIGHT: u64 = 92;

/// Release markers on the chart: beyond these only the newest are drawn, more would be a hedge.
const MARKERS: usize = 8;

/// Rows that marker labels are spread over, so that neighbours do not overlap.
const LABEL_ROWS: usize = 3;

/// The last 24 hours of an issue as one SVG path of vertical strokes, the current hour at the right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sparkline {
    /// `d` of the path; `""`: nothing happened.
    pub path: String,
    /// What it shows, in words.
    pub label: String,
    /// All reports of the 24 hours.
    pub sum: String,
}

/// Draws the hours before `now`.
pub fn sparkline(hours: &BTreeMap<String, u64>, now: Timestamp) -> Sparkline {
    let counts = last::<HOURS>(hours, now, SignedDuration::from_hours(1), "%Y-%m-%dT%H");
    let highest = counts.iter().map(|(_, count)| *count).max().unwrap_or_default();
    let sum = counts.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
    let mut path = String::new();
    for (index, (_, count)) in counts.iter().enumerate().filter(|(_, (_, count))| *count > 0) {
        let (x, height) = (index * 4 + 2, scale(*count, highest, SPARK_HEIGHT));
        path.push_str(&format!("M{x} {SPARK_HEIGHT}v-{height}"));
    }
    let label = match sum {
        0 => "No reports in the last 24 hours".to_owned(),
        _ => format!(
            "{} reports in the last 24 hours, at most {} in one",
            number::exact(sum),
            number::exact(highest)
        ),
    };
    Sparkline { path, label, sum: number::exact(sum) }
}

/// The last 30 days of an issue. `x` and `width` are percentages of the chart's width, the rest is pixels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// A bar for each day, oldest first.
    pub bars: Vec<Bar>,
    /// Where releases were first seen, oldest first.
    pub markers: Vec<Marker>,
    /// The tallest bar.
    pub highest: String,
    /// All bars together.
    pub sum: String,
    /// The first day.
    pub from: String,
}

/// One day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Left edge.
    pub x: String,
    /// Upper edge.
    pub y: u64,
    /// 0: nothing happened.
    pub height: u64,
    /// What it shows, in words.
    pub label: String,
}

/// The first report of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// Where its line stands.
    pub x: String,
    /// `start` or `end`: the label grows away from the nearer edge.
    pub anchor: &'static str,
    /// Baseline of the label.
    pub label_y: usize,
    /// Shortened.
    pub release: Shown,
    /// `first seen 12 Nov`.
    pub label: String,
}

/// Draws the days before `now`.
pub fn chart(issue: &Issue, now: Timestamp) -> Chart {
    let day = SignedDuration::from_hours(24);
    let counts = last::<DAYS>(&issue.days, now, day, "%Y-%m-%d");
    let highest = counts.iter().map(|(_, count)| *count).max().unwrap_or_default();
    let sum = counts.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
    let bars = counts.iter().enumerate().map(|(index, (at, count))| {
        let height = scale(*count, highest, BAR_HEIGHT);
        Bar {
            x: percent(index as f64 / DAYS as f64),
            y: LABEL_ROWS as u64 * 14 + BAR_HEIGHT - height,
            height,
            label: format!("{}: {}", at.strftime("%-d %b"), number::exact(*count)),
        }
    });
    Chart {
        bars: bars.collect(),
        markers: markers(&issue.releases, now),
        highest: number::short(highest),
        sum: number::exact(sum),
        from: counts.first().map(|(at, _)| at.strftime("%-d %b").to_string()).unwrap_or_default(),
    }
}

fn markers(releases: &BTreeMap<String, ReleaseSeen>, now: Timestamp) -> Vec<Marker> {
    let span = DAYS as f64 * 86_400.0;
    // The last bar is today: the chart ends with the day that now lies in.
    let end = (now.as_second().div_euclid(86_400) + 1) as f64 * 86_400.0;
    let place = |seen: &ReleaseSeen| 1.0 - (end - seen.first_seen.as_second() as f64) / span;
    let mut within: Vec<_> = releases
        .iter()
        .map(|(name, seen)| (place(seen), name, seen))
        .filter(|(place, _, _)| (0.0..=1.0).contains(place))
        .collect();
    within.sort_by(|a, b| a.0.total_cmp(&b.0));
    let newest = within.split_off(within.len().saturating_sub(MARKERS));
    let marker = |(index, (place, name, seen)): (usize, (f64, &String, &ReleaseSeen))| Marker {
        x: percent(place),
        anchor: if place < 0.5 { "start" } else { "end" },
        label_y: 10 + index % LABEL_ROWS * 14,
        release: text::release(name),
        label: format!("first seen {}", seen.first_seen.strftime("%-d %b")),
    };
    newest.into_iter().enumerate().map(marker).collect()
}

/// The counts of the last `N` buckets, oldest first. Keys that are no time of these are never looked at.
fn last<const N: usize>(
    buckets: &BTreeMap<String, u64>,
    now: Timestamp,
    width: SignedDuration,
    format: &str,
) -> Vec<(Timestamp, u64)> {
    let at = |back: usize| now.saturating_sub(width * i32::try_from(back).unwrap_or_default()).unwrap_or(now);
    let count = |at: Timestamp| buckets.get(&at.strftime(format).to_string()).copied().unwrap_or_default();
    (0..N).rev().map(at).map(|at| (at, count(at))).collect()
}

/// How tall `count` is when `highest` is as tall as `height`; whatever happened at all can be seen.
fn scale(count: u64, highest: u64, height: u64) -> u64 {
    if count == 0 || highest == 0 {
        return 0;
    }
    let tall = u128::from(count) * u128::from(height) / u128::from(highest);
    u64::try_from(tall).unwrap_or(height).clamp(2, height)
}

fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-21T10:30:00Z".parse().expect("a time")
    }

    fn buckets(of: &[(&str, u64)]) -> BTreeMap<String, u64> {
        of.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect()
    }

    #[test]
    fn a_sparkline_ends_with_the_current_hour() {
        let hours = buckets(&[
            ("2026-11-21T10", 40),
            ("2026-11-20T11", 1),
            ("2026-11-20T10", 99),
            ("<script>", 5),
            ("2026-13-45T99", 7),
        ]);
        let spark = sparkline(&hours, now());
        assert_eq!(spark.path, "M2 20v-2M94 20v-20");
        assert_eq!(spark.label, "41 reports in the last 24 hours, at most 40 in one");
        assert_eq!(sparkline(&BTreeMap::new(), now()).path, "");
    }

    #[test]
    fn the_largest_counts_do_not_overflow() {
        let spark = sparkline(&buckets(&[("2026-11-21T10", u64::MAX), ("2026-11-21T09", u64::MAX)]), now());
        assert_eq!(spark.path, "M90 20v-20M94 20v-20");
    }

    #[test]
    fn a_marker_stands_where_its_release_began() {
        let seen =
            |at: &str| ReleaseSeen { first_seen: at.parse().expect("a time"), last_seen: now(), count: 1 };
        let releases: BTreeMap<_, _> = [
            ("1.0", "2026-11-22T00:00:00Z"),
            ("0.9", "2026-11-07T00:00:00Z"),
            ("0.1", "2026-01-01T00:00:00Z"),
        ]
        .map(|(name, at)| (name.to_owned(), seen(at)))
        .into();
        let drawn = markers(&releases, now());
        let places: Vec<_> = drawn.iter().map(|m| (m.release.as_str(), m.x.as_str(), m.anchor)).collect();
        assert_eq!(places, [("0.9", "50.00%", "end"), ("1.0", "100.00%", "end")]);
    }
}
