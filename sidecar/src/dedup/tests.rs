//! Storms, pairs and limits of the window, with a clock that only the tests move.

use super::*;

const STDERR: Via = Via::Stderr;
const SENTRY: Via = Via::Sentry;

struct Storm {
    windows: Windows<&'static str>,
    start: Instant,
    lsn: u64,
}

impl Storm {
    fn new(rules: Rules) -> Self {
        Self { windows: Windows::new(rules), start: Instant::now(), lsn: 0 }
    }

    fn at(&self, second: f64) -> Instant {
        self.start + Duration::from_secs_f64(second)
    }

    fn report(&mut self, issue: u128, via: Via, second: f64) -> Verdict {
        let (issue, now) = (IssueId(uuid::Uuid::from_u128(issue)), self.at(second));
        self.lsn += 1;
        let verdict = self.windows.judge(issue, now);
        let at = Timestamp::from_millisecond((second * 1000.0) as i64).expect("a time");
        let sample = (verdict != Verdict::Repeat).then_some("full");
        self.windows.note(issue, Sighting { via, at, lsn: self.lsn }, sample, now);
        if verdict == Verdict::First {
            let due = self.windows.get(issue).expect("live").due();
            self.windows.sealed(issue, due, "sealed", After::Keep, now);
        }
        verdict
    }

    /// Ends every window that has ended; returns what its records count and what was paired.
    fn close(&mut self, second: f64) -> Vec<(u64, u64)> {
        let now = self.at(second);
        let mut told = Vec::new();
        while let Some(issue) = self.windows.ended(now) {
            let due = self.windows.get(issue).expect("live").due();
            if due.count > 0 {
                self.windows.sealed(issue, due, "sealed", After::Next, now);
            } else {
                self.windows.closed(issue, due.paired, After::Forget, now);
            }
            told.push((due.count, due.paired));
        }
        told
    }
}

#[test]
fn the_first_goes_out_at_once_and_repeats_are_one_record_with_their_count() {
    let mut storm = Storm::new(Rules::default());
    assert_eq!(storm.report(1, STDERR, 0.0), Verdict::First);
    for _ in 0..5 {
        assert_eq!(storm.report(1, STDERR, 1.0), Verdict::Repeat);
    }
    assert_eq!(storm.close(9.9), []);
    assert_eq!(storm.close(10.0), [(5, 0)]);
}

#[test]
fn windows_double_up_to_five_minutes_while_the_storm_lasts_and_end_with_it() {
    let mut storm = Storm::new(Rules::default());
    storm.report(1, STDERR, 0.0);
    let mut now = 0.0;
    for length in [10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0] {
        storm.report(1, STDERR, now + 0.5);
        assert_eq!(storm.close(now + length - 0.1), [], "before {length} s");
        assert_eq!(storm.close(now + length), [(1, 0)], "after {length} s");
        now += length;
    }
    assert_eq!(storm.close(now + 300.0), [(0, 0)]);
    assert!(storm.windows.is_empty());
    assert_eq!(storm.report(1, STDERR, now + 301.0), Verdict::First);
}

#[test]
fn a_full_sample_is_asked_for_once_a_minute() {
    let mut storm = Storm::new(Rules::default());
    storm.report(1, STDERR, 0.0);
    let asked: Vec<i32> = (1..200)
        .filter(|&second| {
            storm.close(f64::from(second));
            storm.report(1, STDERR, f64::from(second)) == Verdict::Sample
        })
        .collect();
    assert_eq!(asked, [60, 120, 180]);
}

#[test]
fn a_double_report_of_one_crash_counts_once_and_the_rest_is_paired() {
    let mut storm = Storm::new(Rules::default());
    storm.report(1, STDERR, 0.0);
    storm.report(1, SENTRY, 0.1);
    assert_eq!(storm.close(10.0), [(0, 1)]);
    assert!(storm.windows.is_empty(), "a pair alone is no storm");
}

#[test]
fn the_larger_way_in_counts_whatever_the_order() {
    for (stderr, sentry) in [(5, 3), (3, 5), (4, 4), (1, 7), (7, 1)] {
        let mut storm = Storm::new(Rules::default());
        for _ in 0..stderr {
            storm.report(1, STDERR, 0.0);
        }
        for _ in 0..sentry {
            storm.report(1, SENTRY, 1.0);
        }
        let told = storm.close(10.0);
        let (count, paired) = told.first().copied().expect("one window");
        // The first was told at once.
        assert_eq!((count + 1, paired), (stderr.max(sentry), stderr.min(sentry)), "{stderr} and {sentry}");
    }
}

#[test]
fn ways_in_do_not_pair_across_windows() {
    let mut storm = Storm::new(Rules::default());
    storm.report(1, STDERR, 0.0);
    storm.report(1, STDERR, 1.0);
    assert_eq!(storm.close(10.0), [(1, 0)]);
    storm.report(1, SENTRY, 11.0);
    assert_eq!(storm.close(30.0), [(1, 0)]);
}

#[test]
fn what_is_owed_joins_the_next_record() {
    let mut storm = Storm::new(Rules::default());
    let issue = IssueId(uuid::Uuid::from_u128(1));
    storm.report(1, STDERR, 0.0);
    storm.report(1, STDERR, 1.0);
    storm.report(1, SENTRY, 1.0);
    storm.windows.closed(issue, 1, After::Next, storm.at(10.0));
    assert_eq!(storm.windows.owing(|_| true), Some(issue));
    storm.report(1, SENTRY, 12.0);
    assert_eq!(storm.windows.get(issue).expect("live").due(), Due { count: 2, paired: 0 });
}

#[test]
fn the_least_recent_leaves_when_it_is_crowded() {
    let mut storm = Storm::new(Rules { most: 3, ..Rules::default() });
    for issue in [1, 2, 3] {
        assert_eq!(storm.windows.crowded(), None);
        storm.report(issue, STDERR, 0.0);
    }
    storm.report(1, STDERR, 1.0);
    assert_eq!(storm.windows.crowded(), Some(IssueId(uuid::Uuid::from_u128(2))));
}
