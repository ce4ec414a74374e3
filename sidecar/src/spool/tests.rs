//! The journal's rules, on a disk that loses what was not synced.

mod crashes;
mod rules;

use std::time::Duration;

use issue::record::{Record, RecordKind, Via};
use kafka::publish::Outgoing;

use super::{
    samples::{Clock, rules, submission},
    simulated::Disk,
    *,
};
use crate::accept::{AcceptError, Receipt};

/// A spool on a disk, with a clock.
struct Bench {
    disk: Disk,
    clock: Clock,
    rules: Rules,
    spool: Spool,
}

impl Bench {
    fn new(limit: u64) -> Self {
        let mut bench = Self::without_partitions(limit);
        bench.spool.partitions(6, bench.clock.at);
        bench.commit();
        bench
    }

    fn without_partitions(limit: u64) -> Self {
        let (disk, clock, rules) = (Disk::default(), Clock::new(), rules(limit));
        let spool = Spool::open(Box::new(disk.clone()), rules.clone(), clock.at).expect("a spool");
        Self { disk, clock, rules, spool }
    }

    fn restart(&mut self) {
        self.disk.stop();
        self.spool =
            Spool::open(Box::new(self.disk.clone()), self.rules.clone(), self.clock.at).expect("a spool");
    }

    fn take(&mut self, kind: u32, via: Via) -> Result<Vec<Receipt>, AcceptError> {
        let submission = submission(kind, via, self.clock.at.wall);
        self.spool.accept(vec![submission], None, self.clock.at)
    }

    fn report(&mut self, kind: u32) -> Receipt {
        self.take(kind, Via::Stderr).expect("room").remove(0)
    }

    fn commit(&mut self) {
        self.spool.commit(true, self.clock.at).expect("a good disk");
    }

    fn wait(&mut self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    fn close(&mut self, behind: bool) {
        while self.spool.close_windows(behind, self.clock.at) {}
        self.commit();
    }

    /// Every record that may be sent, from the lowest.
    fn outgoing(&mut self) -> Vec<Outgoing> {
        let mut all: Vec<Outgoing> = Vec::new();
        while let Some(next) = self.spool.outgoing(all.last().map_or(0, |last| last.seq)).expect("readable") {
            all.push(next);
        }
        all
    }

    fn records(&mut self) -> Vec<Record> {
        let outgoing = self.outgoing();
        outgoing.iter().map(|record| Record::decode(&record.payload).expect("a record")).collect()
    }

    fn ack_all(&mut self) {
        for record in self.outgoing() {
            self.spool.acked(record.seq, self.clock.at);
        }
        self.commit();
    }

    #[track_caller]
    fn balanced(&self) {
        let state = self.spool.state();
        assert_eq!(state.held(), state.recount(), "the ledger does not add up: {:?}", state.totals);
        assert!(crate::ledger::balanced(&state.totals.body(state.recount())));
    }
}
