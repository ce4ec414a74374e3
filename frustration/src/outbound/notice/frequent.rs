//! Issues that are reported often: so many times within so many minutes.
//!
//! The minutes are ten stretches, by the reports' own time, and what is told is the sum of the latest ten: it is right to a tenth
//! of the time that is asked for. The count of an issue is exact whatever is read twice, so what comes between two changes of
//! it is counted once.

use issue::document::Rate;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Stretches that make up the time.
const STRETCHES: i64 = 10;

/// The longest time: a day.
const LONGEST: u32 = 24 * 60;

/// How often is often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Frequent {
    /// At least so many reports.
    pub reports: u64,
    /// Within so many minutes, 1 to 1440.
    pub minutes: u32,
}

impl Frequent {
    /// Takes over what was counted since the last time, until `at`; tells whether that is often.
    pub fn count(&self, rate: &mut Rate, total: u64, at: Timestamp) -> bool {
        let seconds = i64::from(self.minutes) * 60 / STRETCHES;
        if rate.seconds != seconds {
            *rate = Rate { seconds, count: rate.count, ..Rate::default() };
        }
        let stretch = at.as_second().div_euclid(seconds.max(1));
        let new = total.saturating_sub(rate.count);
        rate.count = total;
        let reports = rate.stretches.entry(stretch).or_default();
        *reports = reports.saturating_add(new);
        let latest = rate.stretches.last_key_value().map_or(stretch, |(latest, _)| *latest);
        rate.stretches.retain(|stretch, _| *stretch > latest - STRETCHES);
        let sum = rate.stretches.values().fold(0_u64, |sum, reports| sum.saturating_add(*reports));
        sum >= self.reports
    }

    /// Says that it is told now; `false`: it was told within this time.
    pub fn tell(rate: &mut Rate) -> bool {
        let latest = rate.stretches.last_key_value().map(|(latest, _)| *latest);
        let is_due = latest.is_some_and(|now| rate.told.is_none_or(|told| told <= now - STRETCHES));
        if is_due {
            rate.told = latest;
        }
        is_due
    }

    /// What is wrong with it, as what to change.
    pub(super) fn check(&self) -> Result<(), String> {
        let is_fine = self.reports > 0 && (1..=LONGEST).contains(&self.minutes);
        is_fine
            .then_some(())
            .ok_or_else(|| format!("issues.frequent: give 1 report or more, and minutes from 1 to {LONGEST}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds after the beginning of a minute, and so of a stretch.
    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_789_999_980 + second).unwrap()
    }

    /// Feeds sums of counts at seconds; tells at which of them it is told.
    fn told(rule: &Frequent, counts: &[(i64, u64)]) -> Vec<i64> {
        let mut rate = Rate::default();
        let often = |(second, total): &(i64, u64)| {
            (rule.count(&mut rate, *total, at(*second)) && Frequent::tell(&mut rate)).then_some(*second)
        };
        counts.iter().filter_map(often).collect()
    }

    #[test]
    fn often_is_so_many_within_these_minutes_and_told_once_in_them() {
        let rule = Frequent { reports: 10, minutes: 10 };
        for (counts, expect) in [
            (vec![(0, 9)], vec![]),
            (vec![(0, 10)], vec![0]),
            (vec![(0, 9), (540, 10)], vec![540]),
            (vec![(0, 9), (600, 10)], vec![]),
            (vec![(0, 5), (300, 9), (600, 13), (601, 14)], vec![]),
            (vec![(0, 5), (300, 9), (590, 15)], vec![590]),
            (vec![(0, 10), (60, 20), (300, 90)], vec![0]),
            (vec![(0, 10), (599, 20), (600, 30), (660, 31)], vec![0, 600]),
            // A batch that is late counts where the latest report was.
            (vec![(300, 5), (300, 10)], vec![300]),
        ] {
            assert_eq!(told(&rule, &counts), expect, "{counts:?}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_another_rule_begins_anew() {
        let (minute, day) = (Frequent { reports: 100, minutes: 1 }, Frequent { reports: 100, minutes: 1440 });
        let mut rate = Rate::default();
        for n in 0..10_000_u64 {
            minute.count(&mut rate, n, at(n.cast_signed()));
        }
        assert_eq!((rate.stretches.len(), rate.seconds), (10, 6));
        assert!(!day.count(&mut rate, 10_098, at(10_001)), "99 since the last change");
        assert!(day.count(&mut rate, 10_099, at(10_002)));
        assert_eq!((rate.stretches.len(), rate.seconds), (1, 8_640));
    }

    #[test]
    fn a_rule_that_cannot_be_is_refused() {
        for (reports, minutes, is_fine) in
            [(1, 1, true), (0, 1, false), (1, 0, false), (1, 1_440, true), (1, 1_441, false)]
        {
            assert_eq!(Frequent { reports, minutes }.check().is_ok(), is_fine, "{reports} {minutes}");
        }
    }
}
