//! Topics as the operator keeps them: what the brokers have, and the changes that it makes, with the error of each.
//!
//! Every function waits for the brokers, in a thread of its own where librdkafka blocks, and for a bounded time.

use std::{collections::BTreeMap, time::Duration};

use rdkafka::{
    admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication, TopicResult},
    error::{KafkaError, RDKafkaErrorCode},
};

use crate::{
    client::{Logged, reason},
    settings::Settings,
    sys::{self, Refusal},
};

/// Why something about a topic could not be told or done. Each has a stable word for conditions and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No broker answered.
    BrokerUnreachable,
    /// The login, or the certificate, was refused.
    AuthenticationFailed,
    /// The account may not do this to the topic.
    TopicAuthorizationFailed,
    /// A setting has a value that Kafka does not take, or is unknown.
    InvalidConfig,
    /// There are not so many brokers.
    InvalidReplicationFactor,
    /// Kafka takes no such number of partitions.
    InvalidPartitions,
    /// A policy of the cluster forbids it.
    PolicyViolation,
    /// There is no such topic.
    UnknownTopic,
    /// The topic is there already.
    TopicAlreadyExists,
    /// Anything else; the words tell it.
    KafkaError,
}

impl Reason {
    /// The stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::BrokerUnreachable => "BrokerUnreachable",
            Self::AuthenticationFailed => "AuthenticationFailed",
            Self::TopicAuthorizationFailed => "TopicAuthorizationFailed",
            Self::InvalidConfig => "InvalidConfig",
            Self::InvalidReplicationFactor => "InvalidReplicationFactor",
            Self::InvalidPartitions => "InvalidPartitions",
            Self::PolicyViolation => "PolicyViolation",
            Self::UnknownTopic => "UnknownTopic",
            Self::TopicAlreadyExists => "TopicAlreadyExists",
            Self::KafkaError => "KafkaError",
        }
    }

    fn of(code: RDKafkaErrorCode) -> Self {
        use RDKafkaErrorCode as Code;
        match code {
            Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::Resolve
            | Code::OperationTimedOut
            | Code::RequestTimedOut
            | Code::MessageTimedOut => Self::BrokerUnreachable,
            Code::Authentication | Code::SaslAuthenticationFailed | Code::SSL => Self::AuthenticationFailed,
            Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed => {
                Self::TopicAuthorizationFailed
            }
            Code::InvalidConfig => Self::InvalidConfig,
            Code::InvalidReplicationFactor => Self::InvalidReplicationFactor,
            Code::InvalidPartitions => Self::InvalidPartitions,
            Code::PolicyViolation => Self::PolicyViolation,
            Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownTopicId => Self::UnknownTopic,
            Code::TopicAlreadyExists => Self::TopicAlreadyExists,
            _ => Self::KafkaError,
        }
    }
}

/// Something about a topic could not be told or done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{step}: {text}")]
pub struct AdminError {
    /// The step that failed, lower case.
    pub step: &'static str,
    /// Why, as a word.
    pub reason: Reason,
    /// Why, in the broker's words.
    pub text: String,
}

/// A topic as the brokers have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topic {
    /// Its id, from brokers that have one.
    pub id: Option<String>,
    /// How many there are.
    pub partitions: usize,
    /// Copies of each.
    pub replication_factor: usize,
    /// Every setting that has a value, by Kafka's name.
    pub config: BTreeMap<String, String>,
    /// The names of those that were set on this topic.
    pub on_topic: Vec<String>,
}

/// A connection for changes.
pub struct Admin {
    client: std::sync::Arc<AdminClient<Logged>>,
    timeout: Duration,
}

impl Admin {
    /// Does not connect yet. `timeout` bounds each request.
    pub fn new(settings: &Settings, timeout: Duration) -> Result<Self, AdminError> {
        let client = settings.admin().create_with_context(Logged::default()).map_err(|error| AdminError {
            step: "making a Kafka client",
            reason: Reason::InvalidConfig,
            text: reason(&error),
        })?;
        Ok(Self { client: std::sync::Arc::new(client), timeout })
    }

    /// What the brokers know of a topic; `None`: there is none.
    pub async fn describe(&self, topic: &str) -> Result<Option<Topic>, AdminError> {
        const STEP: &str = "describing the topic";
        let (client, timeout, topic) = (self.client.clone(), self.timeout, topic.to_owned());
        let answer = tokio::task::spawn_blocking(move || {
            let client = client.inner();
            let description = sys::describe_topic(client, &topic, timeout)?;
            Ok((description, sys::describe_config(client, &topic, timeout)?))
        });
        match answer.await.map_err(|error| stopped(STEP, &error))? {
            Ok((description, entries)) => Ok(Some(Topic {
                id: description.id,
                partitions: description.partitions,
                replication_factor: description.replication,
                on_topic: entries.iter().filter(|one| one.on_topic).map(|one| one.name.clone()).collect(),
                config: entries.into_iter().filter_map(|one| Some((one.name, one.value?))).collect(),
            })),
            Err(refusal) => match refused(STEP, refusal) {
                error if error.reason == Reason::UnknownTopic => Ok(None),
                error => Err(error),
            },
        }
    }

    /// Makes a topic. `replication` −1 leaves the number of copies to the brokers.
    pub async fn create(
        &self,
        topic: &str,
        partitions: i32,
        replication: i32,
        config: &BTreeMap<String, String>,
    ) -> Result<(), AdminError> {
        const STEP: &str = "making the topic";
        let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(replication));
        let new = config.iter().fold(new, |new, (name, value)| new.set(name, value));
        let answer = self.client.create_topics([&new], &self.options()).await;
        single(STEP, answer)
    }

    /// Adds partitions, up to `partitions` in all.
    pub async fn grow(&self, topic: &str, partitions: usize) -> Result<(), AdminError> {
        const STEP: &str = "adding partitions";
        let new = NewPartitions::new(topic, partitions);
        let answer = self.client.create_partitions([&new], &self.options()).await;
        single(STEP, answer)
    }

    /// Sets and unsets settings, and leaves all others.
    pub async fn alter(&self, topic: &str, changes: Vec<(String, Option<String>)>) -> Result<(), AdminError> {
        const STEP: &str = "changing settings of the topic";
        let (client, timeout, topic) = (self.client.clone(), self.timeout, topic.to_owned());
        tokio::task::spawn_blocking(move || sys::alter_config(client.inner(), &topic, &changes, timeout))
            .await
            .map_err(|error| stopped(STEP, &error))?
            .map_err(|refusal| refused(STEP, refusal))
    }

    /// Removes a topic; one that is gone is fine.
    pub async fn delete(&self, topic: &str) -> Result<(), AdminError> {
        let answer = self.client.delete_topics(&[topic], &self.options()).await;
        match single("deleting the topic", answer) {
            Err(error) if error.reason == Reason::UnknownTopic => Ok(()),
            answer => answer,
        }
    }

    fn options(&self) -> AdminOptions {
        AdminOptions::new().request_timeout(Some(self.timeout)).operation_timeout(Some(self.timeout))
    }
}

fn refused(step: &'static str, refusal: Refusal) -> AdminError {
    AdminError { step, reason: Reason::of(refusal.code), text: refusal.text }
}

fn stopped(step: &'static str, error: &tokio::task::JoinError) -> AdminError {
    AdminError { step, reason: Reason::KafkaError, text: error.to_string() }
}

/// The answer about the only topic that was asked for.
fn single(step: &'static str, answer: Result<Vec<TopicResult>, KafkaError>) -> Result<(), AdminError> {
    let answers = answer.map_err(|error| AdminError {
        step,
        reason: error.rdkafka_error_code().map_or(Reason::KafkaError, Reason::of),
        text: reason(&error),
    })?;
    let refusal = answers.into_iter().find_map(Result::err);
    refusal.map_or(Ok(()), |(_, code)| Err(refused(step, Refusal { code, text: code.to_string() })))
}
