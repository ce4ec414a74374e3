//! Topics for people without the operator, and for tests: the topic of records and the one of its dead letters.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::client::{Logged, reason};
use crate::settings::Settings;

/// How long the brokers may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How long is waited for what librdkafka has to say of a failure, in all.
const POLLS: u32 = 10;
const POLL: Duration = Duration::from_millis(50);

/// Settings of the topic of records, by Kafka's names.
pub fn of_records(retention: Duration) -> BTreeMap<String, String> {
    settings_of([
        ("cleanup.policy", "delete"),
        ("retention.ms", &retention.as_millis().to_string()),
        // Records carry the time at which the broker appended them: the consumer's clock for state.
        ("message.timestamp.type", "LogAppendTime"),
    ])
}

/// Settings of the topic of dead letters: kept for 30 days, since people look at them and not programs; a record that the
/// topic took and its headers must fit.
pub fn of_dead_letters() -> BTreeMap<String, String> {
    settings_of([
        ("cleanup.policy", "delete"),
        ("retention.ms", "2592000000"),
        ("max.message.bytes", "2097152"),
    ])
}

fn settings_of(pairs: [(&str, &str); 3]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The brokers did not do it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{step}: {reason}")]
pub struct TopicError {
    /// The step that failed, lower case.
    pub step: String,
    /// What the client said.
    pub reason: String,
}

/// Makes the topic and its dead letters where they are missing. What exists is left as it is, also with other
/// settings: those are somebody's decision.
pub async fn ensure(settings: &Settings, partitions: u32, retention: Duration) -> Result<(), TopicError> {
    // Says why, where the brokers cannot be reached or refuse us; an admin client would only say that nobody answers.
    reach(settings, TIMEOUT).await?;
    let admin = admin(settings)?;
    let dead_letters = settings.dead_letters();
    let (of_records, of_dead_letters) = (of_records(retention), of_dead_letters());
    let topic = new_topic(&settings.topic, partitions, &of_records);
    let dead_letters = new_topic(&dead_letters, 1, &of_dead_letters);
    let options = AdminOptions::new().request_timeout(Some(TIMEOUT)).operation_timeout(Some(TIMEOUT));
    let step = || format!("making the topic {}", settings.topic);
    let made = admin
        .create_topics([&topic, &dead_letters], &options)
        .await
        .map_err(|error| TopicError { step: step(), reason: why(&admin, &error) })?;
    for answer in made {
        match answer {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => {
                return Err(TopicError {
                    step: format!("making the topic {topic}"),
                    reason: code.to_string(),
                });
            }
        }
    }
    Ok(())
}

/// Asks the brokers for their names: an answer means that they serve. Returns how many there are.
pub async fn reach(settings: &Settings, timeout: Duration) -> Result<usize, TopicError> {
    let fail = |reason| TopicError { step: String::from("asking the brokers"), reason };
    // A consumer, since it has a queue that can be polled: what librdkafka says of a refusal comes through it.
    let client: BaseConsumer<Logged> =
        settings.admin().create_with_context(Logged::default()).map_err(|error| fail(reason(&error)))?;
    tokio::task::spawn_blocking(move || match client.fetch_metadata(None, timeout) {
        Ok(metadata) => Ok(metadata.brokers().len()),
        Err(error) => {
            for _ in 0..POLLS {
                drop(client.poll(POLL));
            }
            Err(client.context().connection.why(&error))
        }
    })
    .await
    .map_err(|error| fail(error.to_string()))?
    .map_err(fail)
}

/// The reason of an outage says more than that nobody answered.
fn why(admin: &AdminClient<Logged>, error: &KafkaError) -> String {
    admin.inner().context().connection.why(error)
}

fn admin(settings: &Settings) -> Result<AdminClient<Logged>, TopicError> {
    settings
        .admin()
        .create_with_context(Logged::default())
        .map_err(|error| TopicError { step: String::from("making a Kafka client"), reason: reason(&error) })
}

/// Replication is the brokers' default.
fn new_topic<'a>(name: &'a str, partitions: u32, settings: &'a BTreeMap<String, String>) -> NewTopic<'a> {
    let partitions = i32::try_from(partitions).unwrap_or(i32::MAX);
    let new = NewTopic::new(name, partitions, TopicReplication::Fixed(-1));
    settings.iter().fold(new, |new, (name, value)| new.set(name, value))
}
