//! Duplicate delivery: what a mirror or a sender that lost its answers does to a topic.

use std::{collections::VecDeque, time::Duration};

use anyhow::{Result, bail};
use kafka::{
    publish::{Delivery, Outgoing, Publisher, SendError, broker::BrokerPublisher},
    settings::Settings,
    source::{Incoming, Polled, RecordSource, broker::BrokerSource},
};

/// So long nothing comes: everything was read.
const QUIET: Duration = Duration::from_secs(2);

/// At most so many records are written again.
const MOST: usize = 20_000;

/// Reads a topic from its beginning and writes what it holds to it once more, each partition in its order.
pub async fn replay(settings: Settings) -> Result<usize> {
    let records = read(settings.clone()).await?;
    let mut publisher = BrokerPublisher::connect(settings)?;
    let mut waiting: VecDeque<Outgoing> =
        (0..).zip(&records).map(|(seq, record)| outgoing(seq, record)).collect();
    let mut open = 0;
    while open > 0 || !waiting.is_empty() {
        if let Some(record) = waiting.front() {
            match publisher.send(record.clone()) {
                Ok(()) => {
                    open += 1;
                    waiting.pop_front();
                    continue;
                }
                Err(SendError::Full) => {}
                Err(error) => return Err(error.into()),
            }
        }
        match publisher.delivered().await {
            Delivery::Acked { .. } => open -= 1,
            Delivery::Failed { reason, .. } | Delivery::Broken { reason } => {
                bail!("a record was not written again: {reason}")
            }
        }
    }
    Ok(records.len())
}

/// Every record of a topic that holds some.
pub async fn read(settings: Settings) -> Result<Vec<Incoming>> {
    let mut source = BrokerSource::subscribe(settings, &format!("replay-{}", uuid::Uuid::new_v4()))?;
    let (mut records, mut quiet) = (Vec::new(), tokio::time::Instant::now());
    while records.len() < MOST && (quiet.elapsed() < QUIET || records.is_empty()) {
        if let Polled::Records(more) = source.poll(1000, Duration::from_millis(200)).await?
            && !more.is_empty()
        {
            records.extend(more);
            quiet = tokio::time::Instant::now();
        }
    }
    source.close().await;
    Ok(records)
}

fn outgoing(seq: u64, record: &Incoming) -> Outgoing {
    let key = record.key.as_deref().unwrap_or_default();
    Outgoing {
        seq,
        partition: record.partition,
        key: String::from_utf8_lossy(key).into_owned(),
        payload: record.payload.clone(),
    }
}
