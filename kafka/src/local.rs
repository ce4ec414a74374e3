//! Local mode: both ends within one process, without a broker.
//!
//! The publisher hands sealed records to the record source through a bounded queue in memory. A record counts as
//! delivered only when the consumer has committed it, so the spool stays the durable copy until the store has it.
//! After a crash the spool sends the rest again, and the store recognises what it has seen. When the record source
//! is gone, nothing is committed any more: the queue fills up, and the records wait in the spool.

pub mod dead_letters;
mod queue;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Notify;

use self::dead_letters::DeadLetters;
use self::queue::{Bounds, Queue};
use crate::dead_letters::DeadLetterReader;
use crate::publish::{Delivery, Outgoing, PublishError, Publisher, SendError};
use crate::source::{Done, Incoming, Lag, Polled, RecordSource, SourceError};

/// Enough to keep a consumer busy for a batch or two, and little beside a sidecar's memory.
const BOUNDS: Bounds = Bounds { records: 4096, bytes: 8 * 1024 * 1024 };

/// The two ends of a hand-over within this process. Dead letters go to the file `dead_letters`, a JSON object a line.
pub fn local(partitions: u32, dead_letters: PathBuf) -> (LocalPublisher, LocalSource) {
    let shared = Arc::new(Shared {
        queue: Mutex::new(Queue::new(BOUNDS)),
        sent: Notify::new(),
        committed: Notify::new(),
    });
    let source = LocalSource { shared: Arc::clone(&shared), dead_letters: DeadLetters::new(dead_letters) };
    (LocalPublisher { shared, partitions: partitions.max(1) }, source)
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    /// Told when there may be something to poll.
    sent: Notify,
    /// Told when there may be an outcome.
    committed: Notify,
}

impl Shared {
    /// No code panics while it holds the lock, and every method leaves the queue whole: a poisoned lock is usable.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sidecar's end.
#[derive(Debug)]
pub struct LocalPublisher {
    shared: Arc<Shared>,
    partitions: u32,
}

#[async_trait]
impl Publisher for LocalPublisher {
    async fn partitions(&mut self) -> Result<u32, PublishError> {
        Ok(self.partitions)
    }

    fn send(&mut self, record: Outgoing) -> Result<(), SendError> {
        self.shared.queue().send(record, Timestamp::now())?;
        self.shared.sent.notify_one();
        Ok(())
    }

    async fn delivered(&mut self) -> Delivery {
        loop {
            // `notify_one` leaves a permit when nobody waits, so a commit between these two lines is not missed.
            if let Some(seq) = self.shared.queue().acked() {
                return Delivery::Acked { seq };
            }
            self.shared.committed.notified().await;
        }
    }

    async fn reset(&mut self) -> Result<(), PublishError> {
        self.shared.queue().reset();
        Ok(())
    }
}

/// The consumer's end.
#[derive(Debug)]
pub struct LocalSource {
    shared: Arc<Shared>,
    dead_letters: DeadLetters,
}

impl LocalSource {
    async fn take(&self, max: usize) -> Vec<Incoming> {
        loop {
            let taken = self.shared.queue().take(max);
            if !taken.is_empty() {
                return taken;
            }
            self.shared.sent.notified().await;
        }
    }
}

#[async_trait]
impl RecordSource for LocalSource {
    async fn poll(&mut self, max: usize, wait: Duration) -> Result<Polled, SourceError> {
        // Records are taken without waiting after it, so a poll that is dropped has taken none.
        let taken = tokio::time::timeout(wait, self.take(max)).await.unwrap_or_default();
        Ok(Polled::Records(taken))
    }

    fn pause(&mut self, partitions: &[i32]) -> Result<(), SourceError> {
        self.shared.queue().pause(partitions);
        Ok(())
    }

    fn resume(&mut self, partitions: &[i32]) -> Result<(), SourceError> {
        self.shared.queue().resume(partitions);
        Ok(())
    }

    async fn commit(&mut self, done: &[Done]) -> Result<(), SourceError> {
        self.shared.queue().commit(done)?;
        self.shared.committed.notify_one();
        Ok(())
    }

    async fn dead_letter(
        &mut self,
        record: &Incoming,
        reason: &str,
        detail: &str,
    ) -> Result<(), SourceError> {
        let letters = self.dead_letters.clone();
        let (record, reason, detail) = (record.clone(), reason.to_owned(), detail.to_owned());
        // The disk may take its time, and the runtime serves pages meanwhile.
        tokio::task::spawn_blocking(move || letters.append(&record, &reason, &detail))
            .await
            .map_err(|error| SourceError { step: "writing the dead letter", reason: error.to_string() })?
    }

    fn lag(&self) -> Lag {
        Lag { records: self.shared.queue().waiting() as u64 }
    }

    fn dead_letters(&self) -> Option<Arc<dyn DeadLetterReader>> {
        Some(Arc::new(self.dead_letters.clone()))
    }
}
