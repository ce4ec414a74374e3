//! The operator's webhook on a large pod, from the bytes of a request to those of its answer, without a network: what every
//! creation of a pod waits for.

use std::{sync::Arc, time::Instant};

use anyhow::ensure;
use axum::{
    body::{Body, to_bytes},
    http::Request,
};
use operator::{
    inject::{
        Plan,
        webhook::{Plans, Webhook, routes},
    },
    metrics::Metrics,
    resource::Capture,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::Figure;

/// Requests.
const CALLS: usize = 5_000;

/// Containers of the pod.
const CONTAINERS: usize = 20;

/// An answer is far smaller.
const MOST: usize = 1 << 20;

/// Median and 99th percentile of the handler, beside reading and writing the same request as JSON.
pub fn figures() -> anyhow::Result<Vec<Figure>> {
    let request = serde_json::to_vec(&review())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (plans, (notices, _told)) = (Plans::default(), tokio::sync::mpsc::channel(256));
    plans.set("payments", Some(plan()));
    let handler = routes(Webhook { plans, metrics: Arc::new(Metrics::new()?), notices });
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let start = Instant::now();
        let asked = Request::post("/inject").header("content-type", "application/json");
        let asked = asked.body(Body::from(request.clone()))?;
        let answer = runtime.block_on(handler.clone().oneshot(asked))?;
        let answer = runtime.block_on(to_bytes(answer.into_body(), MOST))?;
        times.push(start.elapsed());
        ensure!(answer.len() > 1000, "the pod was not injected: {}", String::from_utf8_lossy(&answer));
    }
    let mut read = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let start = Instant::now();
        let value: Value = serde_json::from_slice(&request)?;
        ensure!(serde_json::to_vec(&value)?.len() > 1000, "nothing was written");
        read.push(start.elapsed());
    }
    for all in [&mut times, &mut read] {
        all.sort();
    }
    let figure = |name: &str, percent: usize| {
        let at = |all: &[std::time::Duration]| all[CALLS * percent / 100].as_secs_f64() * 1000.0;
        Figure {
            name: format!("admission of {CONTAINERS} containers: {name}"),
            value: at(&times),
            unit: "ms",
            baseline: Some(("the request read and written as JSON".to_owned(), at(&read))),
        }
    };
    Ok(vec![figure("median", 50), figure("p99", 99)])
}

fn plan() -> Plan {
    let text = str::to_owned;
    Plan {
        tracker: text("payments/main"),
        image: text("issuetracker/sidecar"),
        brokers: text("kafka.kafka:9092"),
        topic: text("issuetracker.payments.main"),
        config_map: text("main-issuetracker"),
        secrets: Vec::new(),
        redis: None,
        events: None,
        capture: Capture::default(),
    }
}

/// What the API server asks about a pod with many containers, as a service mesh and its helpers make them.
fn review() -> Value {
    let probe =
        json!({"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 10, "failureThreshold": 3});
    let container = |number: usize| {
        let env: Vec<Value> =
            (0..20).map(|n| json!({"name": format!("SETTING_{n}"), "value": format!("value {n}")})).collect();
        json!({
            "name": format!("part-{number}"), "image": format!("shop/part-{number}:v3"),
            "command": ["/usr/bin/part"], "args": ["--port", "8080", "--verbose"], "env": env,
            "ports": [{"containerPort": 8080, "protocol": "TCP"}], "readinessProbe": probe, "livenessProbe": probe,
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
            "volumeMounts": [{"name": "data", "mountPath": "/data", "subPath": format!("part-{number}")}],
        })
    };
    let containers: Vec<Value> = (0..CONTAINERS).map(container).collect();
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"}, "operation": "CREATE",
            "namespace": "payments", "name": "shop", "userInfo": {},
            "object": {
                "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shop", "namespace": "payments"},
                "spec": {"containers": containers, "volumes": [{"name": "data", "emptyDir": {}}]},
            },
        },
    })
}
