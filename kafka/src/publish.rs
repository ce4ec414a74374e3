//! The trait through which sealed records leave a sidecar.

#[cfg(feature = "broker")]
pub mod broker;

use async_trait::async_trait;
use bytes::Bytes;

/// A sealed record on its way out: it never changes, merges or splits any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number within its source, handed back by [`Publisher::delivered`].
    pub seq: u64,
    /// Decided when it was sealed, kept for every resend.
    pub partition: i32,
    /// The issue id.
    pub key: String,
    /// The encoded record.
    pub payload: Bytes,
}

/// What became of a record that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Durable on the other side.
    Acked {
        /// Which.
        seq: u64,
    },
    /// Not delivered, or nobody knows. The caller must [`Publisher::reset`] and resend from its lowest unacked record:
    /// a record sent again alone could be shadowed by a later one that had landed before it.
    Failed {
        /// Which.
        seq: u64,
        /// For logs and health.
        reason: String,
    },
    /// The publisher cannot go on, whatever is in flight. To be treated as [`Delivery::Failed`].
    Broken {
        /// For logs and health.
        reason: String,
    },
}

/// Why a record was not taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SendError {
    /// Enough is in flight: wait for [`Publisher::delivered`], then try again.
    #[error("enough records are in flight")]
    Full,
    /// The publisher must be reset first.
    #[error("the publisher has failed: {0}")]
    Broken(String),
}

/// The broker cannot be asked.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{step}: {reason}")]
pub struct PublishError {
    /// The step that failed, lower case.
    pub step: &'static str,
    /// What the client said.
    pub reason: String,
}

/// Where sealed records go. One caller, in order.
#[async_trait]
pub trait Publisher: Send {
    /// The topic's partition count now. Records sealed from here on use it.
    async fn partitions(&mut self) -> Result<u32, PublishError>;

    /// Hands a record over, without waiting. Records are delivered in the order of the calls.
    fn send(&mut self, record: Outgoing) -> Result<(), SendError>;

    /// The next outcome. Pending while nothing is in flight, unless the publisher breaks. Cancel-safe: a dropped future loses no outcome.
    async fn delivered(&mut self) -> Delivery;

    /// Why the other side cannot be reached, as far as that is known without asking; told while nothing is in flight too.
    /// An answer to [`Publisher::partitions`] ends it.
    fn outage(&self) -> Option<String> {
        None
    }

    /// Forgets everything in flight (no outcome of it is told any more) and starts anew.
    async fn reset(&mut self) -> Result<(), PublishError>;
}

/// The partition of a key: Kafka's default partitioner (murmur2, as Java's client computes it) over the key's bytes.
pub fn partition_of(key: &str, partitions: u32) -> i32 {
    let positive = murmur2(key.as_bytes()) & 0x7fff_ffff;
    // A partition count fits in 31 bits, so the remainder does too.
    i32::try_from(positive % partitions.max(1)).unwrap_or_default()
}

/// MurmurHash2 with the seed that Kafka's Java client uses (`org.apache.kafka.common.utils.Utils.murmur2`).
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash: u32 = 0x9747_b28c ^ u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = word.iter().rev().fold(0u32, |k, &byte| (k << 8) | u32::from(byte)).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        hash ^= rest.iter().rev().fold(0u32, |k, &byte| (k << 8) | u32::from(byte));
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values from the test of Kafka's own client (`UtilsTest.testMurmur2`).
    #[test]
    fn partitions_agree_with_the_java_client() {
        for (text, hash) in [
            ("21", -973932308_i32),
            ("foobar", -790332482),
            ("a-little-bit-long-string", -985981536),
            ("a-little-bit-longer-string", -1486304829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
            ("abc", 479470107),
        ] {
            assert_eq!(murmur2(text.as_bytes()).cast_signed(), hash, "{text}");
        }
    }
}
