//! The topic's part of a run: compared with the resource, brought in line, told of; and removed, where the resource asks
//! for that, when it goes.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kafka::{
    admin::{Admin, AdminError, Topic},
    settings::{Properties, Settings},
};

use super::{
    admins::Admins,
    dereference::Dereferenced,
    status::{Findings, Told, Warning},
    validate::{Security, Valid, WantedTopic},
};
use crate::{
    resource::{IssueTracker, TopicDeletion, TopicMode, TopicStatus},
    topics::{self, Existing, Step},
};

/// How long a resource waits for its topic to be removed. Then it goes all the same: nothing of ours holds up the
/// deletion of a namespace for ever.
const GIVE_UP: SignedDuration = SignedDuration::from_mins(5);

/// Holds a resource until its topic is removed. Only resources that ask for that have it.
pub(super) const FINALIZER: &str = "issuetracker.dev/topic";

/// Whether the topic goes with the resource.
pub(super) fn goes_with_it(tracker: &IssueTracker) -> bool {
    let topic = &tracker.spec.kafka.topic;
    topic.deletion_policy == TopicDeletion::Delete && topic.mode == TopicMode::Managed
}

/// Whether a resource that is deleted since then waits no longer.
pub(super) fn gives_up(since: Timestamp, now: Timestamp) -> bool {
    now.duration_since(since) >= GIVE_UP
}

/// Removes the topics.
pub(super) async fn remove(admins: &Admins, valid: &Valid, found: &Dereferenced) -> Result<(), String> {
    if let Some(missing) = found.missing.first() {
        return Err(missing.clone());
    }
    let settings = settings(valid, found);
    let all = async {
        let admin = admins.get(&settings)?;
        for topic in [Some(&valid.topic), valid.events.as_ref()].into_iter().flatten() {
            admin.delete(&topic.name).await?;
            admin.delete(&topic.dead_letters).await?;
        }
        Ok(())
    };
    all.await.map_err(|error: AdminError| {
        admins.forget(&settings);
        error.to_string()
    })
}

fn settings(valid: &Valid, found: &Dereferenced) -> Settings {
    Settings {
        properties: properties(&valid.security, found),
        ..Settings::new(valid.brokers.clone(), valid.topic.name.clone())
    }
}

/// Keeps the topic, and tells of it.
pub(super) async fn topic(
    admins: &Admins,
    valid: &Valid,
    found: &Dereferenced,
    managed: &[String],
    findings: &mut Findings,
) {
    if let Some(missing) = found.missing.first() {
        findings.conditions.push(Told::no("TopicReady", "SecretMissing", missing.clone()));
        return;
    }
    if let Some(claimer) = &found.topic_claimed {
        let text = format!(
            "IssueTracker {claimer} is older and has the topic {} on these brokers; set another spec.kafka.topic.name in a \
             new resource",
            valid.topic.name
        );
        findings.conditions.push(Told::no("TopicReady", "TopicClaimed", text));
        return;
    }
    let settings = settings(valid, found);
    let kept = match admins.get(&settings) {
        Ok(admin) => keep_topics(valid, &admin, managed).await,
        Err(error) => Err(error),
    };
    match kept {
        Ok((status, not_supported)) => {
            let made = format!("{} has {} partitions", status.name, status.partitions.unwrap_or_default());
            findings.conditions.push(Told::yes("TopicReady", "AsDescribed", made));
            findings.warnings.extend(not_supported.into_iter().map(Warning::not_supported));
            findings.topic = Some(status);
        }
        Err(error) => {
            admins.forget(&settings);
            let advice = match error.reason {
                kafka::admin::Reason::BrokerUnreachable => {
                    format!("; check spec.kafka.bootstrapServers ({}) and the network to them", valid.brokers)
                }
                kafka::admin::Reason::TopicAuthorizationFailed => {
                    format!(
                        "; allow the account Create, Describe, Alter, DescribeConfigs and AlterConfigs on {}",
                        valid.topic.name
                    )
                }
                kafka::admin::Reason::AuthenticationFailed => {
                    "; check spec.kafka.auth and spec.kafka.tls".to_owned()
                }
                _ => String::new(),
            };
            findings.conditions.push(Told::no("TopicReady", error.reason.word(), format!("{error}{advice}")));
        }
    }
}

/// Settings of the topic that an earlier run set.
pub(super) fn managed(tracker: &IssueTracker) -> &[String] {
    let topic = tracker.status.as_ref().and_then(|status| status.topic.as_ref());
    topic.map(|topic| topic.managed_settings.as_slice()).unwrap_or_default()
}

/// The topic of records, which the status tells of, and that of events.
async fn keep_topics(
    valid: &Valid,
    admin: &Admin,
    managed: &[String],
) -> Result<(TopicStatus, Vec<String>), AdminError> {
    let (status, mut not_supported) = keep_topic(valid, &valid.topic, admin, managed).await?;
    if let Some(events) = &valid.events {
        let (_, of_events) = keep_topic(valid, events, admin, managed).await?;
        not_supported.extend(of_events);
    }
    Ok((status, not_supported))
}

async fn keep_topic(
    valid: &Valid,
    wanted: &WantedTopic,
    admin: &Admin,
    managed: &[String],
) -> Result<(TopicStatus, Vec<String>), AdminError> {
    let existing = Existing {
        records: admin.describe(&wanted.name).await?,
        dead_letters: admin.describe(&wanted.dead_letters).await?,
    };
    let plan = topics::plan(wanted, &existing, managed);
    for step in &plan.steps {
        tracing::info!(tracker = valid.tracker(), ?step, "changing a topic");
        match step {
            Step::Create { topic, partitions, replication, config } => {
                admin.create(topic, *partitions, *replication, config).await?;
            }
            Step::Grow { topic, partitions } => admin.grow(topic, *partitions).await?,
            Step::Alter { topic, changes } => admin.alter(topic, changes.clone()).await?,
        }
    }
    let now = if plan.steps.is_empty() { existing.records } else { visible(admin, &wanted.name).await? };
    let Some(now) = now else {
        return Err(AdminError {
            step: "describing the topic",
            reason: kafka::admin::Reason::UnknownTopic,
            text: match wanted.mode {
                TopicMode::External => {
                    format!("there is no topic {}; make it, or set mode: Managed", wanted.name)
                }
                TopicMode::Managed => format!("the topic {} is not visible yet", wanted.name),
            },
        });
    };
    let status = TopicStatus {
        name: wanted.name.clone(),
        topic_id: now.id,
        partitions: i32::try_from(now.partitions).ok(),
        managed_settings: match wanted.mode {
            TopicMode::Managed => topics::config(wanted).into_keys().collect(),
            TopicMode::External => Vec::new(),
        },
    };
    Ok((status, plan.not_supported))
}

/// The topic after a change: a broker tells of a new one a moment after it was made.
async fn visible(admin: &Admin, topic: &str) -> Result<Option<Topic>, AdminError> {
    const TRIES: u32 = 10;
    for _ in 1..TRIES {
        match admin.describe(topic).await? {
            None => tokio::time::sleep(Duration::from_millis(200)).await,
            found => return Ok(found),
        }
    }
    admin.describe(topic).await
}

/// The client's properties with what the Secrets hold, instead of the files that pods mount.
fn properties(security: &Security, found: &Dereferenced) -> Properties {
    let text = |secret: &str, key: &str| -> Option<String> {
        Some(String::from_utf8_lossy(found.secrets.get(secret)?.get(key)?).trim_end().to_owned())
    };
    let mut pairs = Vec::new();
    pairs.push(("security.protocol", Some(security.protocol().to_owned())));
    if let Some(tls) = &security.tls {
        let ca = tls.ca_secret_ref.as_ref().and_then(|secret| text(&secret.name, &secret.key));
        let client = |key| tls.client_secret_ref.as_ref().and_then(|secret| text(&secret.name, key));
        pairs.extend([
            ("ssl.ca.pem", ca),
            ("ssl.certificate.pem", client("tls.crt")),
            ("ssl.key.pem", client("tls.key")),
        ]);
    }
    if let Some(auth) = &security.auth {
        pairs.extend([
            ("sasl.mechanism", Some(auth.mechanism.name().to_owned())),
            ("sasl.username", text(&auth.secret_ref.name, "username")),
            ("sasl.password", text(&auth.secret_ref.name, "password")),
        ]);
    }
    let known = pairs.into_iter().filter_map(|(key, value)| Some((key, value?)));
    known.fold(Properties::default(), |all, (key, value)| all.with(key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_waits_for_its_topic_for_five_minutes_and_no_longer() {
        let since = Timestamp::from_second(1_800_000_000).unwrap();
        let after = |seconds| since.saturating_add(SignedDuration::from_secs(seconds)).unwrap();
        assert!(!gives_up(since, after(299)));
        assert!(gives_up(since, after(300)));
    }
}
