//! Publishes events and tells when they are durable: the same publishers as the sidecar's, answered one request at a time.
//!
//! A front end is answered only when its events are on the other side: on the brokers, or in local mode in the store. There
//! is no spool here, since this service has no disk of its own; who is answered 503 keeps the events and sends them again,
//! and an event that was sent twice counts once.

use std::{collections::BTreeMap, time::Duration};

use ::frustration::record::Encoded;
use bytes::Bytes;
use kafka::publish::{Delivery, Outgoing, PublishError, Publisher, SendError, partition_of};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

/// Requests that may wait; more are refused at once.
const WAITING: usize = 256;

/// How long a request waits before it is told to come again.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long brokers may take to answer before a request is refused.
const ASKING: Duration = Duration::from_secs(5);

/// How often the number of partitions is asked for.
const REFRESH: Duration = Duration::from_secs(60);

/// Why events are not durable; whoever sent them keeps them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the events could not be made durable: {0}")]
pub struct Unpublished(String);

struct Job {
    records: Vec<Encoded>,
    reply: oneshot::Sender<Result<(), Unpublished>>,
}

/// The handle that requests hold.
#[derive(Clone, Debug)]
pub struct Lane {
    jobs: mpsc::Sender<Job>,
}

impl Lane {
    /// Starts the task that owns the publisher.
    pub fn start(publisher: Box<dyn Publisher>, stop: CancellationToken) -> Self {
        let (jobs, queue) = mpsc::channel(WAITING);
        let task = Task {
            publisher,
            partitions: None,
            asked: Instant::now(),
            seq: 0,
            requests: BTreeMap::new(),
            sent: BTreeMap::new(),
            request: 0,
        };
        tokio::spawn(task.run(queue, stop));
        Self { jobs }
    }

    /// Returns once all records are durable.
    pub async fn publish(&self, records: Vec<Encoded>) -> Result<(), Unpublished> {
        if records.is_empty() {
            return Ok(());
        }
        let (reply, answer) = oneshot::channel();
        self.jobs
            .try_send(Job { records, reply })
            .map_err(|_| Unpublished("too many requests wait".to_owned()))?;
        let gone = |_| Unpublished("the service is stopping".to_owned());
        let late = |_| Unpublished("the brokers did not answer in time".to_owned());
        timeout(PATIENCE, answer).await.map_err(late)?.map_err(gone)?
    }
}

/// A request whose records are not all acknowledged.
struct Request {
    left: usize,
    reply: oneshot::Sender<Result<(), Unpublished>>,
}

struct Task {
    publisher: Box<dyn Publisher>,
    partitions: Option<u32>,
    asked: Instant,
    seq: u64,
    requests: BTreeMap<u64, Request>,
    /// Which request a record belongs to.
    sent: BTreeMap<u64, u64>,
    request: u64,
}

impl Task {
    async fn run(mut self, mut queue: mpsc::Receiver<Job>, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                delivery = self.publisher.delivered() => self.told(delivery).await,
                job = queue.recv() => match job {
                    Some(job) => self.take(job).await,
                    None => return,
                },
            }
        }
    }

    async fn take(&mut self, job: Job) {
        let partitions = match self.partitions().await {
            Ok(partitions) => partitions,
            Err(error) => return answer(job.reply, Err(Unpublished(error.to_string()))),
        };
        self.request += 1;
        let request = self.request;
        self.requests.insert(request, Request { left: job.records.len(), reply: job.reply });
        for record in job.records {
            self.seq += 1;
            let outgoing = Outgoing {
                seq: self.seq,
                partition: partition_of(&record.key, partitions),
                key: record.key,
                payload: Bytes::from(record.payload),
            };
            self.sent.insert(self.seq, request);
            if let Err(reason) = self.send(outgoing).await {
                return self.fail(&reason).await;
            }
        }
    }

    /// Hands a record over; while enough is in flight, what is delivered makes room.
    async fn send(&mut self, record: Outgoing) -> Result<(), String> {
        loop {
            match self.publisher.send(record.clone()) {
                Ok(()) => return Ok(()),
                Err(SendError::Broken(reason)) => return Err(reason),
                Err(SendError::Full) => match timeout(PATIENCE, self.publisher.delivered()).await {
                    Ok(Delivery::Acked { seq }) => self.acked(seq),
                    Ok(Delivery::Failed { reason, .. } | Delivery::Broken { reason }) => return Err(reason),
                    Err(_) => return Err("the brokers do not answer".to_owned()),
                },
            }
        }
    }

    async fn partitions(&mut self) -> Result<u32, PublishError> {
        if let Some(partitions) = self.partitions.filter(|_| self.asked.elapsed() < REFRESH) {
            return Ok(partitions);
        }
        let late = |_| PublishError { step: "asking for the partitions", reason: "no answer".to_owned() };
        let partitions = timeout(ASKING, self.publisher.partitions()).await.map_err(late)??;
        (self.partitions, self.asked) = (Some(partitions), Instant::now());
        Ok(partitions)
    }

    async fn told(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Acked { seq } => self.acked(seq),
            Delivery::Failed { reason, .. } | Delivery::Broken { reason } => self.fail(&reason).await,
        }
    }

    fn acked(&mut self, seq: u64) {
        let Some(number) = self.sent.remove(&seq) else { return };
        let Some(request) = self.requests.get_mut(&number) else { return };
        request.left = request.left.saturating_sub(1);
        if request.left == 0
            && let Some(request) = self.requests.remove(&number)
        {
            answer(request.reply, Ok(()));
        }
    }

    /// Nobody knows what of the rest arrived: every request that waits is told so, and the publisher begins anew.
    async fn fail(&mut self, reason: &str) {
        tracing::warn!(reason, requests = self.requests.len(), "events could not be published");
        self.sent.clear();
        for (_, request) in std::mem::take(&mut self.requests) {
            answer(request.reply, Err(Unpublished(reason.to_owned())));
        }
        self.partitions = None;
        match timeout(ASKING, self.publisher.reset()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the publisher of events does not begin anew yet"),
            Err(_) => tracing::warn!("the publisher of events does not begin anew in time"),
        }
    }
}

fn answer(reply: oneshot::Sender<Result<(), Unpublished>>, with: Result<(), Unpublished>) {
    // Whoever asked may have gone: nothing is owed to them any more.
    reply.send(with).unwrap_or_default();
}
