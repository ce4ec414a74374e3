//! What a tracker service says of itself: its lag, whether its store answers, what retention took unread. It is asked at
//! its Service, at most once a minute, and its silence is no fault: a network policy may forbid the question.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    build::{PORT, SERVICE},
    status::{Findings, Told, Warning},
    validate::Valid,
};
use crate::resource::IssueCounts;

/// How often a tracker service is asked.
const PACE: Duration = Duration::from_secs(60);
/// How soon again, when it told of a fault.
const SOON: Duration = Duration::from_secs(10);
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The last answers, by tracker.
#[derive(Default)]
pub struct Health(Mutex<HashMap<String, (Instant, Option<Value>)>>);

impl Health {
    /// Asks, where the last answer is old, and tells what it says.
    pub(super) async fn tell(&self, valid: &Valid, findings: &mut Findings) {
        let key = valid.tracker();
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let answer = match last {
            Some((at, answer)) if at.elapsed() < pace(answer.as_ref()) => answer,
            _ => {
                let answer = ask(&valid.namespace).await;
                let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                // An answer of this age would be asked for again: it belongs to a tracker that is gone.
                all.retain(|_, (at, _)| at.elapsed() < 2 * PACE);
                all.insert(key, (Instant::now(), answer.clone()));
                answer
            }
        };
        if let Some(answer) = answer {
            read(&answer, findings);
        }
    }
}

fn pace(answer: Option<&Value>) -> Duration {
    match answer {
        Some(answer) if store_fault(answer).is_none() => PACE,
        _ => SOON,
    }
}

async fn ask(namespace: &str) -> Option<Value> {
    let url = format!("http://{SERVICE}.{namespace}.svc:{PORT}/api/health");
    let asked = tokio::task::spawn_blocking(move || {
        let agent: ureq::Agent = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build().into();
        agent.get(&url).call()?.body_mut().with_config().limit(1 << 20).read_json::<Value>()
    });
    match asked.await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            tracing::debug!(namespace, %error, "a tracker service does not tell how it is");
            None
        }
        Err(_) => None,
    }
}

fn store_fault(answer: &Value) -> Option<String> {
    let store = answer.pointer("/parts/store")?;
    let fault = store.get("ok").and_then(Value::as_bool) == Some(false);
    let words = store.get("error").and_then(Value::as_str).unwrap_or("it does not answer");
    fault.then(|| words.to_owned())
}

/// What an answer means for the status.
fn read(answer: &Value, findings: &mut Findings) {
    if let Some(consumer) = findings.consumer.as_mut() {
        consumer.lag = answer.get("lag").and_then(Value::as_i64);
        consumer.oldest_unprocessed_seconds =
            answer.get("oldest_unprocessed_seconds").and_then(Value::as_i64);
    }
    let count = |name: &str| answer.pointer(&format!("/issues/{name}")).and_then(Value::as_i64);
    findings.issues = count("open").zip(count("new_24h")).map(|(open, new24h)| IssueCounts { open, new24h });
    findings.conditions.push(match store_fault(answer) {
        None => Told::yes("StoreReachable", "StoreAnswers", "the tracker service reads and writes its store"),
        Some(why) => Told::no(
            "StoreReachable",
            "StoreUnreachable",
            format!("{why}; reports wait in Kafka. Check spec.store and the network to it"),
        ),
    });
    let lost = answer.pointer("/data_gaps/records").and_then(Value::as_u64).unwrap_or_default();
    if lost > 0 {
        findings.warnings.push(Warning {
            reason: "DataGap",
            text: format!(
                "the topic's retention removed {lost} records before the tracker service had read them; raise \
                 spec.kafka.topic.retention, or keep the service running"
            ),
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::ConsumerStatus;

    #[test]
    fn an_answer_becomes_lag_and_conditions() {
        let mut findings = Findings { consumer: Some(ConsumerStatus::default()), ..Findings::default() };
        read(
            &json!({"lag": 7, "issues": {"open": 4, "new_24h": 2}, "parts": {"store": {"ok": false, "error": "denied"}}, "data_gaps": {"records": 3}}),
            &mut findings,
        );
        assert_eq!(findings.consumer.and_then(|consumer| consumer.lag), Some(7));
        assert_eq!(findings.issues, Some(IssueCounts { open: 4, new24h: 2 }));
        assert_eq!(findings.conditions.first().map(|told| told.reason.as_str()), Some("StoreUnreachable"));
        assert_eq!(findings.warnings.first().map(|warning| warning.reason), Some("DataGap"));
    }

    #[test]
    fn an_answer_of_another_version_is_no_fault() {
        let mut findings = Findings::default();
        read(&json!({}), &mut findings);
        assert_eq!(findings.conditions.first().map(|told| told.is), Some(Some(true)));
        assert!(findings.warnings.is_empty());
    }
}
