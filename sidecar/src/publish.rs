//! The way out: one task owns the publisher, sends in order, and begins anew after any failure.
//!
//! After a failure nobody knows what landed. So everything in flight is forgotten, the publisher is reset, and the
//! pipeline sends again from its lowest unacknowledged record, byte for byte in order. One record is never sent again alone:
//! a later one of its issue may have landed and would shadow it. An epoch keeps what was handed over before a failure
//! from being sent after it.

use std::{collections::BTreeSet, time::Duration};

use kafka::publish::{Delivery, Outgoing, PublishError, Publisher, SendError};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{self, MissedTickBehavior},
};
use uuid::Uuid;

/// How often the partition count is asked for.
const REFRESH: Duration = Duration::from_secs(300);

/// How often the publisher is asked whether it reaches the other side, though nothing may be in flight.
const LOOK: Duration = Duration::from_secs(2);

/// A question that waited for so long has waited for a broker that can be reached, and would have ended as soon as there was
/// one. No pause is needed after it, and any would make an end of the outage known later.
const WAITED: Duration = Duration::from_secs(3);

/// The first pause after a failure; it doubles up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);

/// Hand-overs and events that may wait. The pipeline bounds what is in flight by less.
const DEPTH: usize = 4096;

/// What the pipeline hands over.
#[derive(Debug)]
pub enum Feed {
    /// A sealed record, and the epoch that it is meant for.
    Record(u64, Outgoing),
    /// Acknowledgements were lost on our side: begin anew.
    Reset,
}

/// What the pipeline is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The partition count in force.
    Partitions(u32),
    /// Records of this epoch are taken, from the lowest unacknowledged on.
    Ready(u64),
    /// Durable on the other side.
    Acked(u64),
    /// Nothing is taken until the next [`Event::Ready`].
    Failed(String),
    /// The other side cannot be reached. What is in flight stays there.
    Away(String),
    /// It can be reached again.
    Back,
}

/// The pipeline's end.
#[derive(Debug)]
pub struct Lane {
    /// Where records go in.
    pub feed: mpsc::Sender<Feed>,
    /// What became of them.
    pub events: mpsc::Receiver<Event>,
    /// The task; it ends when the other two are dropped.
    pub task: JoinHandle<()>,
}

/// Starts the task.
pub fn start(publisher: Box<dyn Publisher>) -> Lane {
    let (feed, fed) = mpsc::channel(DEPTH);
    let (tell, events) = mpsc::channel(DEPTH);
    let task = tokio::spawn(Relay { publisher, fed, tell, pause: FIRST, told: BTreeSet::new() }.run());
    Lane { feed, events, task }
}

/// Reasons of one outage that are said; the others have nothing to add.
const REASONS: usize = 8;

/// A reason without which broker it is, and under which of its names (`host:9092/1`, `host:9092/bootstrap`): several that cannot
/// be reached are one reason.
fn gist(reason: &str) -> String {
    let plain = |word: &&str| !word.bytes().any(|byte| byte.is_ascii_digit());
    reason.split_whitespace().filter(plain).collect::<Vec<_>>().join(" ")
}

/// Why the relay ended. An ended pipeline ends it for good.
enum End {
    Failed(String),
    Reset,
    Closed,
}

/// The pipeline is gone.
struct Closed;

struct Relay {
    publisher: Box<dyn Publisher>,
    fed: mpsc::Receiver<Feed>,
    tell: mpsc::Sender<Event>,
    pause: Duration,
    /// Why nothing is delivered, as the log has it: an outage is said once for each of these, and its end once.
    told: BTreeSet<String>,
}

impl Relay {
    async fn run(mut self) {
        let mut epoch = 0;
        let mut reset = false;
        while self.connect(epoch, reset).await.is_ok() {
            match self.relay(epoch).await {
                End::Closed => return,
                End::Reset => {}
                End::Failed(reason) => {
                    if self.failed(reason).await.is_err() {
                        return;
                    }
                }
            }
            (epoch, reset) = (epoch + 1, true);
        }
    }

    /// Tries until the publisher takes records.
    async fn connect(&mut self, epoch: u64, reset: bool) -> Result<(), Closed> {
        loop {
            let asked = time::Instant::now();
            let partitions = tokio::select! {
                partitions = partitions(&mut *self.publisher, reset) => partitions,
                () = self.tell.closed() => return Err(Closed),
            };
            match partitions {
                Ok(partitions) => {
                    self.event(Event::Partitions(partitions)).await?;
                    return self.event(Event::Ready(epoch)).await;
                }
                Err(error) => {
                    if asked.elapsed() >= WAITED {
                        self.pause = FIRST;
                    }
                    self.failed(error.to_string()).await?;
                }
            }
        }
    }

    /// Says what happened and waits, longer each time and never in step with other sidecars.
    async fn failed(&mut self, reason: String) -> Result<(), Closed> {
        self.say(&reason);
        self.event(Event::Failed(reason)).await?;
        let pause = jittered(self.pause);
        self.pause = (self.pause * 2).min(LONGEST);
        tokio::select! {
            () = time::sleep(pause) => Ok(()),
            () = self.tell.closed() => Err(Closed),
        }
    }

    /// Said once for each reason of an outage, which may be tried out of a thousand times.
    fn say(&mut self, reason: &str) {
        if self.told.len() < REASONS && self.told.insert(gist(reason)) {
            tracing::warn!(
                reason,
                "records are not delivered; they wait in the spool and are tried until they are"
            );
        } else {
            tracing::debug!(reason, pause = ?self.pause, "records are still not delivered");
        }
    }

    fn works(&mut self) {
        self.pause = FIRST;
        if !std::mem::take(&mut self.told).is_empty() {
            tracing::info!("records are delivered again");
        }
    }

    /// Notices an outage while nothing is in flight, and its end.
    async fn look(&mut self) -> Result<(), Closed> {
        if self.publisher.outage().is_some() {
            // An idle connection may only have been closed: whoever asks opens it again.
            match self.publisher.partitions().await {
                Ok(partitions) => self.event(Event::Partitions(partitions)).await?,
                Err(error) => {
                    let reason = self.publisher.outage().unwrap_or_else(|| error.to_string());
                    self.say(&reason);
                    return self.event(Event::Away(reason)).await;
                }
            }
        }
        if !self.told.is_empty() {
            self.works();
            self.event(Event::Back).await?;
        }
        Ok(())
    }

    async fn event(&mut self, event: Event) -> Result<(), Closed> {
        self.tell.send(event).await.map_err(|_| Closed)
    }

    /// Sends what is fed and tells what was delivered, until something fails.
    async fn relay(&mut self, epoch: u64) -> End {
        let mut refresh = time::interval_at(time::Instant::now() + REFRESH, REFRESH);
        refresh.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut look = time::interval_at(time::Instant::now() + LOOK, LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut held: Option<Outgoing> = None;
        loop {
            let told = tokio::select! {
                delivery = self.publisher.delivered() => match delivery {
                    Delivery::Acked { seq } => {
                        self.works();
                        self.event(Event::Acked(seq)).await
                    }
                    Delivery::Failed { seq, reason } => return End::Failed(format!("record {seq}: {reason}")),
                    Delivery::Broken { reason } => return End::Failed(reason),
                },
                fed = self.fed.recv(), if held.is_none() => match fed {
                    Some(Feed::Record(meant, record)) => {
                        held = (meant == epoch).then_some(record);
                        Ok(())
                    }
                    Some(Feed::Reset) => return End::Reset,
                    None => return End::Closed,
                },
                () = self.tell.closed() => return End::Closed,
                _ = look.tick() => self.look().await,
                _ = refresh.tick() => match self.publisher.partitions().await {
                    Ok(partitions) => self.event(Event::Partitions(partitions)).await,
                    Err(error) => {
                        tracing::debug!(%error, "the partition count was not told");
                        Ok(())
                    }
                },
            };
            if told.is_err() {
                return End::Closed;
            }
            if let Err(reason) = self.send(&mut held) {
                return End::Failed(reason);
            }
        }
    }

    /// Sends the held record unless enough is in flight.
    fn send(&mut self, held: &mut Option<Outgoing>) -> Result<(), String> {
        let Some(record) = held.take() else { return Ok(()) };
        match self.publisher.send(record.clone()) {
            Ok(()) => Ok(()),
            Err(SendError::Full) => {
                *held = Some(record);
                Ok(())
            }
            Err(SendError::Broken(reason)) => Err(reason),
        }
    }
}

async fn partitions(publisher: &mut dyn Publisher, reset: bool) -> Result<u32, PublishError> {
    if reset {
        publisher.reset().await?;
    }
    publisher.partitions().await
}

/// Between half of it and all of it.
fn jittered(pause: Duration) -> Duration {
    let (random, _) = Uuid::new_v4().as_u64_pair();
    pause.mul_f64(0.5 + (random >> 11) as f64 / (1u64 << 54) as f64)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;

    use super::*;

    #[test]
    fn the_names_of_brokers_make_no_new_reason() {
        let refused = |broker: &str| {
            gist(&format!("sasl_ssl://{broker}: Connect to ipv4#10.1.2.3:9092 failed: Connection refused"))
        };
        assert_eq!(refused("kafka:9092/1"), refused("kafka:9092/bootstrap"));
        assert_eq!(refused("kafka:9092/1"), "Connect to failed: Connection refused");
        assert_ne!(refused("kafka:9092/1"), gist("kafka:9092/1: SASL authentication error"));
    }

    /// Nobody answers, at once or after a while.
    struct Away {
        after: Duration,
        asked: Arc<Mutex<Vec<time::Instant>>>,
    }

    #[async_trait]
    impl Publisher for Away {
        async fn partitions(&mut self) -> Result<u32, PublishError> {
            self.asked.lock().expect("not poisoned").push(time::Instant::now());
            time::sleep(self.after).await; // tidy: allow
            Err(PublishError { step: "asking", reason: "away".to_owned() })
        }

        fn send(&mut self, _: Outgoing) -> Result<(), SendError> {
            Err(SendError::Full)
        }

        async fn delivered(&mut self) -> Delivery {
            std::future::pending().await
        }

        async fn reset(&mut self) -> Result<(), PublishError> {
            Ok(())
        }
    }

    /// The times between the first so many questions.
    async fn between(questions: usize, after: Duration) -> Vec<Duration> {
        let asked = Arc::default();
        let mut lane = start(Box::new(Away { after, asked: Arc::clone(&asked) }));
        for _ in 0..questions {
            assert!(matches!(lane.events.recv().await, Some(Event::Failed(_))));
        }
        let asked = asked.lock().expect("not poisoned");
        asked.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_double_up_to_half_a_minute_and_are_never_in_step() {
        let times = between(16, Duration::ZERO).await;
        let mut step = FIRST;
        for time in &times {
            // Tokio's clock counts in milliseconds.
            assert!(*time >= step / 2 && *time <= step + Duration::from_millis(2), "{time:?} of {step:?}");
            step = (step * 2).min(LONGEST);
        }
        let last = times.get(10..).unwrap_or_default();
        assert!(last.windows(2).any(|pair| pair[0] != pair[1]), "{last:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn brokers_that_come_back_are_found_within_seconds_however_long_they_were_away() {
        let waits = Duration::from_secs(5);
        let times = between(100, waits).await;
        assert!(times.iter().all(|time| *time <= waits + FIRST + Duration::from_millis(2)), "{times:?}");
    }
}
