//! What depends on the APIs that a cluster serves: who scales the tracker service, and who reads its metrics.

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kafka::settings::group_of;
use serde_json::{Value, json};

use super::{Child, child, consumer_name, meta, selector};
use crate::{reconcile::validate::Valid, resource::Autoscaling};

/// Which APIs of others the cluster serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Apis {
    /// KEDA, which scales by the lag of a topic.
    pub keda: bool,
    /// The Prometheus operator, which reads metrics of pods.
    pub monitors: bool,
}

/// The group and version of KEDA's objects.
pub const KEDA: &str = "keda.sh/v1alpha1";
/// The group and version of the Prometheus operator's objects.
pub const MONITORING: &str = "monitoring.coreos.com/v1";

/// An object of these with a tracker's labels that was not built for it is removed: the tracker ceased to want it. A
/// volume's claim is not among them: it holds the issues.
pub fn kinds(apis: Apis) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut all = vec![
        ("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
        ("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    ];
    if apis.keda {
        all.push((KEDA, "ScaledObject", "scaledobjects"));
    }
    all
}

/// The objects for what the cluster serves. KEDA asks the brokers by itself, without our login: a tracker whose brokers
/// want one is scaled by processor use, which follows the lag closely enough.
pub fn optional(valid: &Valid, apis: Apis) -> Vec<Child> {
    let scaler = valid.consumer.autoscaling.as_ref().map(|wanted| {
        match apis.keda && valid.security.tls.is_none() && valid.security.auth.is_none() {
            true => by_lag(valid, wanted),
            false => child(by_processor(valid, wanted)),
        }
    });
    scaler.into_iter().chain(apis.monitors.then(|| monitor(valid))).collect()
}

fn by_processor(valid: &Valid, wanted: &Autoscaling) -> HorizontalPodAutoscaler {
    let name = consumer_name(valid);
    let spec = json!({
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "minReplicas": wanted.min_replicas,
        "maxReplicas": wanted.max_replicas,
        "metrics": [{
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
        }],
    });
    HorizontalPodAutoscaler {
        metadata: meta(valid, &name),
        spec: serde_json::from_value(spec).ok(),
        status: None,
    }
}

/// KEDA's documentation, "Apache Kafka" scaler: every value of a trigger is text.
fn by_lag(valid: &Valid, wanted: &Autoscaling) -> Child {
    let name = consumer_name(valid);
    let spec = json!({
        "scaleTargetRef": {"name": name},
        "minReplicaCount": wanted.min_replicas,
        "maxReplicaCount": wanted.max_replicas,
        "triggers": [{"type": "kafka", "metadata": {
            "bootstrapServers": valid.brokers,
            "consumerGroup": group_of(&valid.tracker()),
            "topic": valid.topic.name,
            "lagThreshold": wanted.lag_threshold.to_string(),
        }}],
    });
    of(valid, KEDA, "ScaledObject", spec)
}

fn monitor(valid: &Valid) -> Child {
    let spec = json!({
        "selector": {"matchLabels": selector(valid)},
        "podMetricsEndpoints": [{"port": "http", "path": "/metrics"}],
    });
    of(valid, MONITORING, "PodMonitor", spec)
}

fn of(valid: &Valid, version: &str, kind: &str, spec: Value) -> Child {
    let metadata = serde_json::to_value(meta(valid, &consumer_name(valid))).unwrap_or_default();
    Child { object: json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{reconcile::validate::validate, resource::IssueTracker};

    fn valid(more: &Value) -> Valid {
        let mut kafka = json!({"bootstrapServers": ["kafka:9092"]});
        kafka.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        let tracker: IssueTracker = serde_json::from_value(json!({
            "apiVersion": "issuetracker.dev/v1alpha1", "kind": "IssueTracker",
            "metadata": {"name": "main", "namespace": "payments", "uid": "u"},
            "spec": {
                "kafka": kafka, "store": {"firestore": {"projectId": "my-project"}},
                "consumer": {"autoscaling": {"minReplicas": 2, "maxReplicas": 6, "lagThreshold": 500}},
            },
        }))
        .expect("a resource");
        validate(&tracker).expect("a valid one")
    }

    fn kinds_of(valid: &Valid, apis: Apis) -> Vec<String> {
        let text = |child: &Child| child.object["kind"].as_str().unwrap_or_default().to_owned();
        optional(valid, apis).iter().map(text).collect()
    }

    #[test]
    fn what_is_made_follows_from_what_the_cluster_serves() {
        let plain = valid(&json!({}));
        let (none, all) = (Apis::default(), Apis { keda: true, monitors: true });
        assert_eq!(kinds_of(&plain, none), ["HorizontalPodAutoscaler"]);
        assert_eq!(kinds_of(&plain, all), ["ScaledObject", "PodMonitor"]);
        let login = json!({"auth": {"mechanism": "SCRAM-SHA-512", "secretRef": {"name": "login"}}});
        assert_eq!(kinds_of(&valid(&login), all), ["HorizontalPodAutoscaler", "PodMonitor"]);
        let trigger = &optional(&plain, all)[0].object["spec"]["triggers"][0]["metadata"];
        assert_eq!(trigger["consumerGroup"], "issuetracker-consumer.payments/main");
        assert_eq!(
            (&trigger["lagThreshold"], &trigger["bootstrapServers"]),
            (&json!("500"), &json!("kafka:9092"))
        );
    }
}
