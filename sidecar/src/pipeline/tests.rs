//! What the pipeline promises to those outside, looked at on the disk: only what is durable may be seen.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use issue::record::Via;
use kafka::publish::{Delivery, Outgoing, PublishError, Publisher, SendError};

use super::*;
use crate::{
    accept::Acceptor,
    publish,
    spool::{
        samples::{rules, submission},
        simulated::{Dice, Disk},
    },
};

const LIMIT: u64 = 256 * 1024;

/// What a start would find if the plug were pulled now.
fn found(disk: &Disk) -> Spool {
    Spool::open(Box::new(disk.durable()), rules(LIMIT), moment()).expect("a spool")
}

/// Takes every record, and looks at the disk before it does.
struct Witness {
    disk: Disk,
    seen: Arc<AtomicUsize>,
    acks: Vec<u64>,
}

#[async_trait]
impl Publisher for Witness {
    async fn partitions(&mut self) -> Result<u32, PublishError> {
        Ok(6)
    }

    fn send(&mut self, record: Outgoing) -> Result<(), SendError> {
        let durable = found(&self.disk).outgoing(record.seq - 1).expect("readable");
        assert_eq!(durable.as_ref(), Some(&record), "sent before its seal was durable");
        self.seen.fetch_add(1, Ordering::Relaxed);
        self.acks.push(record.seq);
        Ok(())
    }

    async fn delivered(&mut self) -> Delivery {
        match self.acks.pop() {
            Some(seq) => Delivery::Acked { seq },
            None => std::future::pending().await,
        }
    }

    async fn reset(&mut self) -> Result<(), PublishError> {
        self.acks.clear();
        Ok(())
    }
}

struct Bench {
    disk: Disk,
    acceptor: Acceptor,
    control: mpsc::Sender<Control>,
    seen: Arc<AtomicUsize>,
    pipeline: JoinHandle<()>,
}

fn bench() -> Bench {
    let (disk, seen) = (Disk::default(), Arc::new(AtomicUsize::new(0)));
    let spool = Spool::open(Box::new(disk.clone()), rules(LIMIT), moment()).expect("a spool");
    let (acceptor, jobs) = Acceptor::channel(64);
    let (control, controls) = mpsc::channel(4);
    let lane =
        publish::start(Box::new(Witness { disk: disk.clone(), seen: Arc::clone(&seen), acks: Vec::new() }));
    let pipeline = start(spool, jobs, controls, (lane, None), Status::default(), Place::default());
    Bench { disk, acceptor, control, seen, pipeline }
}

impl Bench {
    async fn end(self) {
        let (reply, drained) = oneshot::channel();
        self.control.send(Control::Drain(reply)).await.expect("running");
        drained.await.expect("drained");
        assert!(self.seen.load(Ordering::Relaxed) > 0);
        self.control.send(Control::End).await.expect("running");
        self.pipeline.await.expect("no panic");
    }
}

#[tokio::test]
async fn nothing_is_answered_and_nothing_is_sent_before_it_is_durable() {
    let bench = bench();
    let mut tasks = Vec::new();
    for sender in 0..8 {
        let (acceptor, disk) = (bench.acceptor.clone(), bench.disk.clone());
        tasks.push(tokio::spawn(async move {
            for n in 0..20 {
                let job = vec![submission(sender * 5 + n % 5, Via::Http, Timestamp::now())];
                acceptor.accept(job, None).await.expect("room");
                let kind = found(&disk).state().windows.issues();
                assert!(kind.len() > (n % 5) as usize, "answered before it was durable");
                let taken = found(&disk).state().totals.taken;
                assert!(taken > u64::from(n), "answered before it was durable: {taken}");
            }
        }));
    }
    for task in tasks {
        task.await.expect("no panic");
    }
    assert_eq!(found(&bench.disk).state().totals.taken, 160);
    bench.end().await;
}

#[tokio::test]
async fn a_disk_that_refuses_now_and_then_is_answered_broken_and_the_rest_counts_once() {
    let bench = bench();
    let (mut taken, mut broken) = (0, 0);
    let mut dice = Dice(7);
    for n in 0..300 {
        if dice.roll(4) == 0 {
            bench.disk.fail_in(Some(dice.roll(4) as u32));
        }
        let job = vec![submission(n % 40, Via::Http, Timestamp::now())];
        match bench.acceptor.accept(job, None).await {
            Ok(_) => taken += 1,
            Err(AcceptError::Broken) => broken += 1,
            Err(error) => panic!("{error}"),
        }
        bench.disk.fail_in(None);
        let totals = found(&bench.disk).state().totals.clone();
        assert_eq!((totals.taken, totals.corrupt), (taken, 0), "after {n}");
    }
    assert!(broken > 10, "{broken} refusals");
    bench.end().await;
}
