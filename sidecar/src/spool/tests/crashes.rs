//! Any order of work, a crash at any point: nothing answered is lost, nothing sealed changes, the ledger adds up.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::spool::simulated::Dice;

#[derive(Clone, Debug)]
enum Step {
    Report(u32, bool),
    Comment,
    Commit { sync: bool },
    Close { behind: bool },
    SealAll,
    Wait(u64),
    Ack(usize),
    Partitions(u32),
    Fail(u32),
    Full(bool),
    Stop,
    Crash(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0u32..6, any::<bool>()).prop_map(|(kind, sentry)| Step::Report(kind, sentry)),
        1 => Just(Step::Comment),
        8 => prop::bool::weighted(0.8).prop_map(|sync| Step::Commit { sync }),
        3 => any::<bool>().prop_map(|behind| Step::Close { behind }),
        1 => Just(Step::SealAll),
        3 => (1u64..30).prop_map(Step::Wait),
        4 => (1usize..5).prop_map(Step::Ack),
        1 => (1u32..8).prop_map(Step::Partitions),
        2 => (0u32..6).prop_map(Step::Fail),
        1 => any::<bool>().prop_map(Step::Full),
        1 => Just(Step::Stop),
        3 => any::<u64>().prop_map(Step::Crash),
    ]
}

/// What an honest observer outside knows.
struct World {
    bench: Bench,
    answered: u64,
    waiting: u64,
    /// Reports that were never answered: a torn write may have lost some of them between others.
    unanswered: u64,
    seen: BTreeMap<u64, Outgoing>,
    acked: BTreeSet<u64>,
}

impl World {
    fn new() -> Self {
        Self {
            bench: Bench::without_partitions(24 * 1024),
            answered: 0,
            waiting: 0,
            unanswered: 0,
            seen: BTreeMap::new(),
            acked: BTreeSet::new(),
        }
    }

    fn go(&mut self, step: &Step) {
        let at = self.bench.clock.at;
        match *step {
            Step::Report(kind, sentry) => {
                let via = if sentry { Via::Sentry } else { Via::Stderr };
                self.waiting += u64::from(self.bench.take(kind, via).is_ok());
            }
            Step::Comment => {
                let comment = crate::spool::samples::comment(7, at.wall);
                self.waiting += u64::from(self.bench.spool.accept(vec![comment], None, at).is_ok());
            }
            Step::Commit { sync } => self.commit(sync),
            Step::Close { behind } => drop(self.bench.spool.close_windows(behind, at)),
            Step::SealAll => drop(self.bench.spool.seal_all(at)),
            Step::Wait(seconds) => self.bench.wait(seconds),
            Step::Ack(count) => self.ack(count),
            Step::Partitions(count) => self.bench.spool.partitions(count, at),
            Step::Fail(operation) => self.bench.disk.fail_in(Some(operation)),
            Step::Full(full) => self.bench.disk.capacity(full.then(|| self.bench.disk.used() + 500)),
            Step::Stop => self.restart(None),
            Step::Crash(seed) => self.restart(Some(seed)),
        }
        self.bench.balanced();
        assert!(self.bench.spool.state().totals.taken >= self.answered, "an answered report is gone");
        assert!(self.bench.spool.state().totals.corrupt <= self.unanswered, "an answered report is corrupt");
    }

    fn commit(&mut self, sync: bool) {
        let rebuilt = self.bench.spool.rebuilt();
        match self.bench.spool.commit(sync, self.bench.clock.at) {
            Ok(()) if sync => {
                self.answered += self.waiting;
                self.waiting = 0;
            }
            Ok(()) => {}
            Err(_) => {
                self.unanswered += self.waiting;
                self.waiting = 0;
            }
        }
        // What a file lost that refused may be given new numbers: it was never shown to anybody.
        assert!(self.bench.spool.rebuilt() >= rebuilt);
        self.look();
    }

    /// Everything that could be sent now: a number once seen always stands for the same bytes.
    fn look(&mut self) {
        for record in self.bench.outgoing() {
            let before = self.seen.entry(record.seq).or_insert_with(|| record.clone());
            assert_eq!(*before, record, "a sealed record changed");
        }
    }

    fn ack(&mut self, count: usize) {
        self.look();
        for record in self.bench.outgoing().into_iter().take(count) {
            self.acked.insert(record.seq);
            self.bench.spool.acked(record.seq, self.bench.clock.at);
        }
    }

    fn restart(&mut self, crash: Option<u64>) {
        self.look();
        match crash {
            Some(seed) => self.bench.disk.crash(&mut Dice(seed)),
            None => self.bench.disk.stop(),
        }
        let at = self.bench.clock.at;
        // A start may itself be refused; the next one must then find everything.
        self.bench.disk.capacity(None);
        self.bench.spool = Spool::open(Box::new(self.bench.disk.clone()), self.bench.rules.clone(), at)
            .expect("a disk that works again");
        self.unanswered += self.waiting;
        self.waiting = 0;
        let there: BTreeSet<u64> = self.bench.outgoing().iter().map(|record| record.seq).collect();
        for seq in self.seen.keys().filter(|seq| !self.acked.contains(seq)) {
            assert!(there.contains(seq), "the sealed record {seq} is gone");
        }
        self.look();
    }

    /// Everything goes out; then what was delivered, each number once, is what was taken in.
    fn finish(&mut self) {
        self.bench.disk.fail_in(None);
        self.restart(None);
        self.bench.spool.partitions(3, self.bench.clock.at);
        while self.bench.spool.seal_all(self.bench.clock.at) {
            self.bench.commit();
        }
        self.bench.commit();
        self.look();
        self.bench.ack_all();
        let totals = &self.bench.spool.state().totals;
        assert_eq!(self.bench.spool.state().held(), 0);
        let told: u64 =
            self.seen.values().map(|record| Record::decode(&record.payload).expect("a record").count).sum();
        assert_eq!(told + totals.paired + totals.corrupt, totals.taken, "counts at the other side");
        assert_eq!(told, totals.published);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn nothing_answered_is_lost_nothing_sealed_changes_and_the_ledger_adds_up(
        steps in prop::collection::vec(step(), 1..120)
    ) {
        let mut world = World::new();
        for step in &steps {
            world.go(step);
        }
        world.finish();
    }
}
