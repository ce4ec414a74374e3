//! Points in time as people read them: how long ago, and exactly on hover. The clock is a parameter.

use jiff::Timestamp;

/// A time, ready for `<time datetime title>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// RFC 3339, to the second.
    pub machine: String,
    /// `2026-11-21 08:15:30 UTC`.
    pub exact: String,
    /// `3 min ago`.
    pub ago: String,
    /// `3m`, for a narrow column.
    pub short: String,
}

impl When {
    /// How `at` reads at `now`. A time that lies ahead (a clock that runs fast) reads as now.
    pub fn at(at: Timestamp, now: Timestamp) -> Self {
        let seconds = now.as_second().saturating_sub(at.as_second()).max(0);
        let (amount, unit) = step(seconds);
        Self {
            machine: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            exact: at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            ago: match unit.many {
                "" => "just now".to_owned(),
                many => format!("{amount} {} ago", if amount == 1 { unit.one } else { many }),
            },
            short: match unit.short {
                "now" => "now".to_owned(),
                short => format!("{amount}{short}"),
            },
        }
    }
}

struct Unit {
    seconds: i64,
    one: &'static str,
    many: &'static str,
    short: &'static str,
}

/// Largest first. A month is 30 days here: nobody reads more out of "4 months ago".
const UNITS: [Unit; 6] = [
    Unit { seconds: 365 * 86_400, one: "year", many: "years", short: "y" },
    Unit { seconds: 30 * 86_400, one: "month", many: "months", short: "mo" },
    Unit { seconds: 86_400, one: "day", many: "days", short: "d" },
    Unit { seconds: 3_600, one: "hour", many: "hours", short: "h" },
    Unit { seconds: 60, one: "min", many: "min", short: "m" },
    Unit { seconds: 1, one: "", many: "", short: "now" },
];

fn step(seconds: i64) -> (i64, &'static Unit) {
    let [.., now] = &UNITS;
    let unit = UNITS.iter().find(|unit| seconds >= unit.seconds).unwrap_or(now);
    (seconds / unit.seconds, unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_its_largest_unit() {
        let now: Timestamp = "2026-11-21T10:00:00Z".parse().expect("a time");
        for (at, ago, short) in [
            ("2026-11-21T10:00:00Z", "just now", "now"),
            ("2026-11-21T09:59:01Z", "just now", "now"),
            ("2026-11-21T09:59:00Z", "1 min ago", "1m"),
            ("2026-11-21T09:57:00Z", "3 min ago", "3m"),
            ("2026-11-21T08:59:00Z", "1 hour ago", "1h"),
            ("2026-11-19T08:59:00Z", "2 days ago", "2d"),
            ("2026-08-01T00:00:00Z", "3 months ago", "3mo"),
            ("2024-11-01T00:00:00Z", "2 years ago", "2y"),
            ("2031-01-01T00:00:00Z", "just now", "now"),
            ("-009999-01-02T01:59:59Z", "12033 years ago", "12033y"),
        ] {
            let when = When::at(at.parse().expect("a time"), now);
            assert_eq!((when.ago.as_str(), when.short.as_str()), (ago, short), "{at}");
        }
    }

    #[test]
    fn the_exact_time_is_utc() {
        let at: Timestamp = "2026-11-21T08:15:30.123Z".parse().expect("a time");
        let when = When::at(at, at);
        assert_eq!(when.exact, "2026-11-21 08:15:30 UTC");
        assert_eq!(when.machine, "2026-11-21T08:15:30Z");
    }
}
