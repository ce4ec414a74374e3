//! What a process needs: memory that is its own, and time on the cores.

use std::{fs, time::Duration};

use anyhow::{Context, Result};

/// One look at a process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Memory in MiB that only this process has: anonymous and shared, without the pages of files (`RssAnon` and
    /// `RssShmem` of proc(5)).
    pub resident: f64,
    /// Time on all cores since its start.
    pub busy: Duration,
}

impl Usage {
    /// Asks the system.
    pub fn of(id: u32) -> Result<Self> {
        let read =
            |name: &str| fs::read_to_string(format!("/proc/{id}/{name}")).context("looking at a process");
        Ok(Self { resident: resident(&read("status")?), busy: busy(&read("stat")?) })
    }
}

fn resident(status: &str) -> f64 {
    let kib = |name: &str| -> f64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse().ok()).unwrap_or_default()
    };
    (kib("RssAnon:") + kib("RssShmem:")) / 1024.0
}

/// Linux shows times to programs in hundredths of a second, whatever it counts in itself (`USER_HZ`).
const TICK: u64 = 10;

/// Fields 14 and 15, counted from the state, which follows the name in its brackets.
fn busy(stat: &str) -> Duration {
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let ticked: u64 =
        fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticked * TICK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_time_are_read_as_the_system_writes_them() {
        let status = "Name:\tx\nRssAnon:\t    1024 kB\nRssFile:\t 9999 kB\nRssShmem:\t     512 kB\n";
        assert_eq!(resident(status), 1.5);
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0";
        assert_eq!(busy(stat), Duration::from_secs(3));
        assert!(Usage::of(std::process::id()).unwrap().resident > 0.0);
    }
}
