//! What is told of a resource: conditions, figures, Events. Pure up to the last function.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::resource::{ConsumerStatus, InjectionStatus, IssueCounts, IssueTrackerStatus, TopicStatus};

/// One condition as it shall be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// `Ready`, `TopicReady`, …
    pub kind: &'static str,
    /// `None`: not known.
    pub is: Option<bool>,
    /// One word, CamelCase.
    pub reason: String,
    /// A sentence: what happened, what to do.
    pub message: String,
}

impl Told {
    /// A condition that holds.
    pub fn yes(kind: &'static str, reason: &str, message: impl Into<String>) -> Self {
        Self { kind, is: Some(true), reason: reason.to_owned(), message: message.into() }
    }

    /// A condition that does not.
    pub fn no(kind: &'static str, reason: &str, message: impl Into<String>) -> Self {
        Self { kind, is: Some(false), reason: reason.to_owned(), message: message.into() }
    }
}

/// What a run found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Every condition but Ready, in the order of importance.
    pub conditions: Vec<Told>,
    /// The topic.
    pub topic: Option<TopicStatus>,
    /// The tracker service.
    pub consumer: Option<ConsumerStatus>,
    /// Where the page is.
    pub url: Option<String>,
    /// Pods with and without the sidecar.
    pub injection: Option<InjectionStatus>,
    /// How many issues there are.
    pub issues: Option<IssueCounts>,
    /// What people should know although it keeps nothing from working, the most important first.
    pub warnings: Vec<Warning>,
}

/// Something that people should know although it keeps nothing from working.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// One word, CamelCase.
    pub reason: &'static str,
    /// A sentence: what happened, what to do.
    pub text: String,
}

impl Warning {
    /// The resource wants what nobody can do.
    pub fn not_supported(text: String) -> Self {
        Self { reason: "NotSupported", text }
    }
}

impl Findings {
    /// The warning, if there is something to warn of. The first gives the reason.
    fn warning(&self) -> Option<Told> {
        let first = self.warnings.first()?;
        let texts: Vec<_> = self.warnings.iter().map(|warning| warning.text.as_str()).collect();
        Some(Told::yes("Warning", first.reason, texts.join("; ")))
    }

    /// Ready, from the others: the first that does not hold tells why.
    fn ready(&self) -> Told {
        let fault = self.conditions.iter().find(|told| told.is != Some(true));
        match fault {
            Some(told) => Told {
                kind: "Ready",
                is: told.is,
                reason: told.reason.clone(),
                message: format!("{}: {}", told.kind, told.message),
            },
            None => Told::yes("Ready", "AllReady", "errors of pods in this namespace become issues"),
        }
    }
}

/// The new status. A condition that stays keeps the time of its last change.
pub fn status(
    old: Option<&IssueTrackerStatus>,
    generation: Option<i64>,
    findings: &Findings,
    now: Timestamp,
) -> IssueTrackerStatus {
    let ready = findings.ready();
    let before = old.map(|old| old.conditions.as_slice()).unwrap_or_default();
    let warning = findings.warning();
    let conditions = std::iter::once(&ready)
        .chain(&findings.conditions)
        .chain(&warning)
        .map(|told| condition(told, before, generation, now))
        .collect();
    IssueTrackerStatus {
        observed_generation: generation,
        conditions,
        topic: findings.topic.clone().or_else(|| old?.topic.clone()),
        consumer: findings.consumer.clone().or_else(|| old?.consumer.clone()),
        injection: findings.injection.clone().or_else(|| old?.injection.clone()),
        url: findings.url.clone().or_else(|| old?.url.clone()),
        // What was told last holds while the tracker service does not answer.
        issues: findings.issues.clone().or_else(|| old.and_then(|old| old.issues.clone())),
    }
}

fn condition(told: &Told, before: &[Condition], generation: Option<i64>, now: Timestamp) -> Condition {
    let status = match told.is {
        Some(true) => "True",
        Some(false) => "False",
        None => "Unknown",
    };
    let old = before.iter().find(|old| old.type_ == told.kind && old.status == status);
    Condition {
        type_: told.kind.to_owned(),
        status: status.to_owned(),
        reason: told.reason.clone(),
        // The API server takes no message of more than 32 KiB; people read a line.
        message: told.message.chars().take(1024).collect(),
        observed_generation: generation,
        last_transition_time: old.map_or(Time(now), |old| old.last_transition_time.clone()),
    }
}

/// Whether nothing but numbers changed, which nobody waits for.
pub fn differs_in_figures_alone(old: &IssueTrackerStatus, new: &IssueTrackerStatus) -> bool {
    let told = |status: &IssueTrackerStatus| -> Vec<_> {
        let all = status.conditions.iter();
        all.map(|one| (one.type_.clone(), one.status.clone(), one.reason.clone(), one.observed_generation))
            .collect()
    };
    let replicas = |status: &IssueTrackerStatus| status.consumer.as_ref().map(|one| one.summary.clone());
    told(old) == told(new) && old.topic == new.topic && replicas(old) == replicas(new) && old.url == new.url
}

/// Conditions whose state or reason is another one than before: each is an Event.
pub fn transitions<'n>(
    old: Option<&IssueTrackerStatus>,
    new: &'n IssueTrackerStatus,
) -> impl Iterator<Item = &'n Condition> {
    let before: Vec<_> = old.into_iter().flat_map(|old| &old.conditions).cloned().collect();
    new.conditions.iter().filter(move |now| {
        let same = |old: &&Condition| old.type_ == now.type_;
        let old = before.iter().find(same);
        old.is_none_or(|old| (&old.status, &old.reason) != (&now.status, &now.reason))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_first_fault_is_the_reason_of_ready() {
        let topic = Told::no("TopicReady", "BrokerUnreachable", "no broker answers at kafka:9092");
        let findings = Findings {
            conditions: vec![topic, Told::no("ConsumerReady", "Waiting", "0 of 2")],
            ..Findings::default()
        };
        let status = status(None, Some(3), &findings, now(10));
        let ready = &status.conditions[0];
        assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", "BrokerUnreachable"));
        assert!(ready.message.contains("kafka:9092"), "{}", ready.message);
        assert_eq!(transitions(None, &status).count(), 3);
    }

    #[test]
    fn a_condition_that_stays_keeps_its_time_and_is_no_event() {
        let findings =
            Findings { conditions: vec![Told::yes("TopicReady", "Created", "")], ..Findings::default() };
        let first = status(None, Some(1), &findings, now(10));
        let second = status(Some(&first), Some(1), &findings, now(20));
        assert_eq!(first, second);
        assert_eq!(transitions(Some(&first), &second).count(), 0);
        let broken = Findings {
            conditions: vec![Told::no("TopicReady", "BrokerUnreachable", "x")],
            ..Findings::default()
        };
        let third = status(Some(&second), Some(1), &broken, now(30));
        assert_eq!(third.conditions[1].last_transition_time, Time(now(30)));
        assert_eq!(transitions(Some(&second), &third).count(), 2);
    }

    #[test]
    fn a_warning_keeps_nothing_from_being_ready() {
        let warnings =
            ["partitions cannot shrink", "no oidc"].map(|text| Warning::not_supported(text.to_owned()));
        let findings = Findings { warnings: warnings.to_vec(), ..Findings::default() };
        let conditions = status(None, None, &findings, now(1)).conditions;
        assert_eq!((conditions[0].type_.as_str(), conditions[0].status.as_str()), ("Ready", "True"));
        assert_eq!((conditions[1].type_.as_str(), conditions.len()), ("Warning", 2));
        assert!(conditions[1].message.contains("shrink; no oidc"), "{}", conditions[1].message);
    }
}
