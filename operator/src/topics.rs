//! The topic plan: pure, from what is wanted and what the brokers have to the steps between.

use std::collections::BTreeMap;

use kafka::{admin::Topic, topics};

use crate::{reconcile::validate::WantedTopic, resource::TopicMode};

/// One change on the brokers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make it.
    Create {
        /// Which.
        topic: String,
        /// How many.
        partitions: i32,
        /// Copies of each.
        replication: i32,
        /// Its settings.
        config: BTreeMap<String, String>,
    },
    /// Add partitions.
    Grow {
        /// Which.
        topic: String,
        /// How many in all.
        partitions: usize,
    },
    /// Set and unset settings.
    Alter {
        /// Which.
        topic: String,
        /// `None` unsets.
        changes: Vec<(String, Option<String>)>,
    },
}

/// What to do, and what cannot be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In this order.
    pub steps: Vec<Step>,
    /// What stays different from the resource, for people: Kafka cannot change it.
    pub not_supported: Vec<String>,
}

/// The topics that a tracker has: of records, and of dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Existing {
    /// `None`: there is none.
    pub records: Option<Topic>,
    /// `None`: there is none.
    pub dead_letters: Option<Topic>,
}

/// Plans the steps to what is wanted. `applied` are the names of settings that an earlier run set: what is among them
/// and no longer wanted is unset, what somebody else set on the topic is left alone.
pub fn plan(wanted: &WantedTopic, existing: &Existing, applied: &[String]) -> Plan {
    let mut plan = Plan::default();
    if wanted.mode == TopicMode::External {
        return plan;
    }
    one(
        &mut plan,
        &wanted.name,
        wanted.partitions,
        wanted,
        &config(wanted),
        existing.records.as_ref(),
        applied,
    );
    let letters = topics::of_dead_letters();
    one(&mut plan, &wanted.dead_letters, 1, wanted, &letters, existing.dead_letters.as_ref(), &[]);
    plan
}

/// Every setting that the topic of records gets.
pub fn config(wanted: &WantedTopic) -> BTreeMap<String, String> {
    let mut config = wanted.config.clone();
    config.extend(topics::of_records(wanted.retention));
    config
}

fn one(
    plan: &mut Plan,
    topic: &str,
    partitions: usize,
    wanted: &WantedTopic,
    config: &BTreeMap<String, String>,
    existing: Option<&Topic>,
    applied: &[String],
) {
    let Some(existing) = existing else {
        plan.steps.push(Step::Create {
            topic: topic.to_owned(),
            partitions: i32::try_from(partitions).unwrap_or(i32::MAX),
            replication: i32::try_from(wanted.replication_factor).unwrap_or(1),
            config: config.clone(),
        });
        return;
    };
    if existing.partitions < partitions {
        plan.steps.push(Step::Grow { topic: topic.to_owned(), partitions });
    } else if existing.partitions > partitions && topic == wanted.name {
        plan.not_supported.push(format!(
            "the topic {topic} has {} partitions and the resource wants {partitions}: Kafka removes none. Set \
             spec.kafka.topic.partitions to {}",
            existing.partitions, existing.partitions
        ));
    }
    if existing.replication_factor != wanted.replication_factor && topic == wanted.name {
        plan.not_supported.push(format!(
            "the topic {topic} has {} copies of each partition and the resource wants {}: move replicas with Kafka's own \
             tools, or set spec.kafka.topic.replicationFactor to {}",
            existing.replication_factor, wanted.replication_factor, existing.replication_factor
        ));
    }
    let set = config.iter().filter(|(name, value)| existing.config.get(*name) != Some(value));
    let unset = applied.iter().filter(|name| !config.contains_key(*name) && existing.on_topic.contains(name));
    let changes: Vec<_> = set
        .map(|(name, value)| (name.clone(), Some(value.clone())))
        .chain(unset.map(|name| (name.clone(), None)))
        .collect();
    if !changes.is_empty() {
        plan.steps.push(Step::Alter { topic: topic.to_owned(), changes });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn wanted() -> WantedTopic {
        WantedTopic {
            name: "t".to_owned(),
            dead_letters: "t.dlq".to_owned(),
            partitions: 6,
            replication_factor: 1,
            retention: Duration::from_secs(7 * 86_400),
            config: BTreeMap::from([("max.message.bytes".to_owned(), "1048576".to_owned())]),
            mode: TopicMode::Managed,
        }
    }

    /// The brokers after a plan was carried out.
    fn after(plan: &Plan, mut existing: Existing) -> Existing {
        for step in &plan.steps {
            let name = match step {
                Step::Create { topic, .. } | Step::Grow { topic, .. } | Step::Alter { topic, .. } => topic,
            };
            let place =
                if name.ends_with(".dlq") { &mut existing.dead_letters } else { &mut existing.records };
            match step {
                Step::Create { partitions, replication, config, .. } => {
                    *place = Some(Topic {
                        id: None,
                        partitions: usize::try_from(*partitions).unwrap_or_default(),
                        replication_factor: usize::try_from(*replication).unwrap_or_default(),
                        config: config.clone(),
                        on_topic: config.keys().cloned().collect(),
                    });
                }
                Step::Grow { partitions, .. } => {
                    place.get_or_insert_default().partitions = *partitions;
                }
                Step::Alter { changes, .. } => {
                    let topic = place.get_or_insert_default();
                    for (name, value) in changes {
                        topic.on_topic.retain(|one| one != name);
                        match value {
                            Some(value) => {
                                topic.config.insert(name.clone(), value.clone());
                                topic.on_topic.push(name.clone());
                            }
                            None => {
                                topic.config.remove(name);
                            }
                        }
                    }
                }
            }
        }
        existing
    }

    const NOTHING: Existing = Existing { records: None, dead_letters: None };

    #[test]
    fn a_missing_topic_is_made_with_its_dead_letters_and_then_nothing_is_left_to_do() {
        let first = plan(&wanted(), &NOTHING, &[]);
        assert_eq!(first.steps.len(), 2);
        let applied: Vec<_> = config(&wanted()).into_keys().collect();
        assert_eq!(plan(&wanted(), &after(&first, NOTHING), &applied), Plan::default());
    }

    #[test]
    fn drift_is_reverted_and_a_stranger_s_setting_is_left_alone() {
        let mut existing = after(&plan(&wanted(), &NOTHING, &[]), NOTHING);
        let topic = existing.records.get_or_insert_default();
        topic.config.insert("retention.ms".to_owned(), "1000".to_owned());
        topic.config.insert("segment.bytes".to_owned(), "1048576".to_owned());
        topic.on_topic.push("segment.bytes".to_owned());
        let plan = plan(&wanted(), &existing, &[]);
        let changes = vec![("retention.ms".to_owned(), Some("604800000".to_owned()))];
        assert_eq!(plan.steps, [Step::Alter { topic: "t".to_owned(), changes }]);
    }

    #[test]
    fn what_left_the_resource_is_unset_if_we_had_set_it() {
        let existing = after(&plan(&wanted(), &NOTHING, &[]), NOTHING);
        let applied: Vec<_> = config(&wanted()).into_keys().collect();
        let less = WantedTopic { config: BTreeMap::new(), ..wanted() };
        let changes = vec![("max.message.bytes".to_owned(), None)];
        let plan = plan(&less, &existing, &applied);
        assert_eq!(plan.steps, [Step::Alter { topic: "t".to_owned(), changes }]);
    }

    #[test]
    fn partitions_only_grow_and_copies_are_not_moved() {
        let existing = after(&plan(&wanted(), &NOTHING, &[]), NOTHING);
        let more = plan(&WantedTopic { partitions: 12, ..wanted() }, &existing, &[]);
        assert_eq!(more.steps, [Step::Grow { topic: "t".to_owned(), partitions: 12 }]);
        let less = plan(&WantedTopic { partitions: 3, replication_factor: 3, ..wanted() }, &existing, &[]);
        assert_eq!((less.steps.len(), less.not_supported.len()), (0, 2), "{less:?}");
        assert!(less.not_supported.iter().all(|text| text.contains("spec.kafka.topic.")), "{less:?}");
    }

    #[test]
    fn an_external_topic_is_never_touched() {
        let external = WantedTopic { mode: TopicMode::External, ..wanted() };
        assert_eq!(plan(&external, &NOTHING, &[]), Plan::default());
    }
}
