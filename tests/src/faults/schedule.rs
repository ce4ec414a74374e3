//! What is done to the parts, and when: all of it follows from the seed.
//!
//! Faults are dealt like cards: a deck holds every fault at least once, is shuffled, and is dealt at a random pace, so
//! that faults of different parts overlap; when it is used up the next one follows. So even a short run meets every fault.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::{dice::Dice, proxy::Network, store::Kind};

/// One of the processes whose clock can be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A sidecar.
    Sidecar(usize),
    /// The consumer.
    Consumer,
}

/// What can be done to the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9`, and a new start after a while.
    KillSidecar(usize),
    /// SIGSTOP, and SIGCONT after a while.
    FreezeSidecar(usize),
    /// As for a sidecar.
    KillConsumer,
    /// Longer than the group waits for a member, sometimes.
    FreezeConsumer,
    /// `kill -9`, and a new start on the same data.
    KillKafka,
    /// Connections stay open and nobody answers.
    FreezeKafka,
    /// Every connection to Kafka breaks, and new ones do too.
    Cut,
    /// Connections to Kafka stay open and nothing passes.
    Mute,
    /// Little passes at a time, late.
    Slow,
    /// No byte more fits where a sidecar's spool lies.
    FullDisk(usize),
    /// A process's clock jumps by so many seconds, and back after a while.
    Clock(Who, i64),
    /// The same, for good. Not in the deck.
    ClockForGood(Who, i64),
    /// A second member takes half of the partitions, commits nothing, and dies.
    Join,
    /// The store takes no write.
    StoreDown,
    /// The network between the consumer and the store is so; to a file there is none.
    StoreNetwork(Network),
    /// Every record of the topic is written to it a second time.
    Replay,
}

/// A fault with its place in time, from the beginning of the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// When it begins.
    pub at: Duration,
    /// How long it lasts.
    pub lasts: Duration,
    /// What it is.
    pub fault: Fault,
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:7.2} s  {:?} for {:.2} s", self.at.as_secs_f64(), self.fault, self.lasts.as_secs_f64())
    }
}

/// The shortest and the longest time that a fault lasts, in milliseconds, and how often a deck holds it.
const DECK: &[(Fault, (u64, u64), usize)] = &[
    (Fault::KillSidecar(0), (50, 1500), 2),
    (Fault::KillSidecar(1), (50, 1500), 2),
    (Fault::FreezeSidecar(0), (300, 4000), 1),
    (Fault::FreezeSidecar(1), (300, 4000), 1),
    (Fault::KillConsumer, (50, 2000), 2),
    (Fault::FreezeConsumer, (500, 12_000), 1),
    (Fault::KillKafka, (100, 2000), 1),
    (Fault::FreezeKafka, (500, 5000), 1),
    (Fault::Cut, (500, 5000), 2),
    (Fault::Mute, (500, 4000), 1),
    (Fault::Slow, (1000, 5000), 1),
    (Fault::FullDisk(0), (500, 3000), 1),
    (Fault::FullDisk(1), (500, 3000), 1),
    (Fault::Clock(Who::Sidecar(0), 0), (2000, 12_000), 1),
    (Fault::Clock(Who::Sidecar(1), 0), (2000, 12_000), 1),
    (Fault::Clock(Who::Consumer, 0), (2000, 12_000), 1),
    (Fault::Join, (1000, 6000), 1),
    (Fault::StoreDown, (1000, 7000), 1),
    (Fault::Replay, (0, 0), 1),
];

/// What a store behind a network meets besides. The short cuts hit commits under way: they happen, or not, and nobody answers.
const REMOTE_STORE: &[(Fault, (u64, u64), usize)] = &[
    (Fault::StoreNetwork(Network::Cut), (20, 400), 4),
    (Fault::StoreNetwork(Network::Cut), (1000, 6000), 1),
    (Fault::StoreNetwork(Network::Mute), (500, 5000), 1),
    (Fault::StoreNetwork(Network::Slow), (1000, 6000), 1),
];

/// Between one fault's beginning and the next one's, in milliseconds.
const PACE: (u64, u64) = (200, 3000);

/// A clock jumps by at least and at most so many seconds. Little jumps could be taken for waits (`clock.c`). Idempotency keys are kept for a day by the wall clock, and a jump there and one back
/// must not add up to more.
const JUMP: (u64, u64) = (1800, 10 * 3600);

/// The faults of a run whose load lasts `load`. They begin after two seconds, so that there is something to disturb.
pub fn schedule(seed: u64, load: Duration, store: Kind) -> Vec<Planned> {
    let remote = if store == Kind::Firestore { REMOTE_STORE } else { &[] };
    let mut dice = Dice::part(seed, 1);
    let mut free: BTreeMap<u8, Duration> = BTreeMap::new();
    let mut planned = Vec::new();
    let mut at = Duration::from_secs(2);
    let last = load.saturating_sub(Duration::from_secs(2));
    while at < last {
        let mut deck: Vec<_> = DECK
            .iter()
            .chain(remote)
            .flat_map(|&(fault, lasts, copies)| std::iter::repeat_n((fault, lasts), copies))
            .collect();
        dice.shuffle(&mut deck);
        for (fault, lasts) in deck {
            let begin = free.get(&lane(fault)).copied().unwrap_or_default().max(at);
            let lasts = dice.millis(lasts);
            let fault = jump(fault, &mut dice);
            at += dice.millis(PACE);
            if begin < last {
                free.insert(lane(fault), begin + lasts + Duration::from_millis(200));
                planned.push(Planned { at: begin, lasts, fault });
            }
        }
    }
    planned.sort_by_key(|planned| planned.at);
    planned
}

fn jump(fault: Fault, dice: &mut Dice) -> Fault {
    let Fault::Clock(who, _) = fault else { return fault };
    let seconds = i64::try_from(dice.within(JUMP.0, JUMP.1)).unwrap_or_default();
    Fault::Clock(who, if dice.below(2) == 0 { seconds } else { -seconds })
}

/// Faults of one lane follow each other.
fn lane(fault: Fault) -> u8 {
    match fault {
        Fault::KillSidecar(0) | Fault::FreezeSidecar(0) => 0,
        Fault::KillSidecar(_) | Fault::FreezeSidecar(_) => 1,
        Fault::KillConsumer | Fault::FreezeConsumer => 2,
        Fault::KillKafka | Fault::FreezeKafka => 3,
        Fault::Cut | Fault::Mute | Fault::Slow => 4,
        Fault::FullDisk(0) => 5,
        Fault::FullDisk(_) => 6,
        Fault::Clock(Who::Sidecar(0), _) | Fault::ClockForGood(Who::Sidecar(0), _) => 7,
        Fault::Clock(Who::Sidecar(_), _) | Fault::ClockForGood(Who::Sidecar(_), _) => 8,
        Fault::Clock(Who::Consumer, _) | Fault::ClockForGood(Who::Consumer, _) => 9,
        Fault::Join => 10,
        Fault::StoreDown => 11,
        Fault::Replay => 12,
        Fault::StoreNetwork(_) => 13,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_schedule() {
        let load = Duration::from_secs(100);
        let of = |seed, store| schedule(seed, load, store);
        assert_eq!(of(3, Kind::Sqlite), of(3, Kind::Sqlite));
        assert_ne!(of(3, Kind::Sqlite), of(4, Kind::Sqlite));
        assert_ne!(of(3, Kind::Sqlite), of(3, Kind::Firestore));
    }

    #[test]
    fn a_minute_meets_every_sort_of_fault_in_order_and_within_the_load() {
        let load = Duration::from_secs(60);
        let planned = schedule(1, load, Kind::Firestore);
        for (fault, ..) in DECK.iter().chain(REMOTE_STORE) {
            let same =
                |planned: &&Planned| std::mem::discriminant(&planned.fault) == std::mem::discriminant(fault);
            assert!(planned.iter().any(|planned| same(&planned)), "{fault:?} is missing");
        }
        assert!(planned.windows(2).all(|pair| pair[0].at <= pair[1].at));
        assert!(planned.iter().all(|planned| planned.at < load));
    }

    #[test]
    fn one_part_has_one_fault_of_a_lane_at_a_time() {
        let mut ends: BTreeMap<u8, Duration> = BTreeMap::new();
        for planned in schedule(9, Duration::from_secs(600), Kind::Firestore) {
            let end = ends.entry(lane(planned.fault)).or_default();
            assert!(*end <= planned.at, "{planned}");
            *end = planned.at + planned.lasts;
        }
    }
}
