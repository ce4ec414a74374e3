//! A spool that keeps everything in memory, and a client of the router in front of it.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use http_body_util::BodyExt;
use issue::{
    finish::Rules,
    id::{IssueId, TrackerName},
    record::{IssueBody, Place, ReportBody, Workload},
};
use serde_json::Value;
use sidecar::{
    accept::{AcceptError, Acceptor, Receipt, Submission, Submitted},
    intake::{Hosts, IntakeState, Limits, routes},
    metrics::Metrics,
    status::Status,
};
use tower::ServiceExt;

/// What was handed over so far, and how the next hand-over is answered.
#[derive(Clone, Default)]
pub struct Spool(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    taken: Vec<Submission>,
    seen: HashSet<String>,
    keys: HashMap<String, [u8; 32]>,
    refuse: Option<AcceptError>,
}

impl Spool {
    pub fn refuse(&self, error: Option<AcceptError>) {
        self.0.lock().unwrap().refuse = error;
    }

    pub fn taken(&self) -> Vec<Submission> {
        self.0.lock().unwrap().taken.clone()
    }

    pub fn last(&self) -> Submission {
        self.taken().pop().expect("something was accepted")
    }

    pub fn reports(&self) -> Vec<ReportBody> {
        let report = |submission: Submission| match submission.body {
            Submitted::Report(body) => Some(body),
            _ => None,
        };
        self.taken().into_iter().filter_map(report).collect()
    }

    pub fn last_issue(&self) -> (IssueId, IssueBody) {
        match self.last().body {
            Submitted::Issue { issue_id, body } => (issue_id, body),
            other => panic!("not an issue: {other:?}"),
        }
    }

    fn accept(&self, submissions: Vec<Submission>) -> Result<Vec<Receipt>, AcceptError> {
        let mut inner = self.0.lock().unwrap();
        if let Some(error) = inner.refuse {
            return Err(error);
        }
        for named in submissions.iter().filter_map(|s| s.idempotency.clone()) {
            if *inner.keys.entry(named.key).or_insert(named.body) != named.body {
                return Err(AcceptError::KeyReused);
            }
        }
        let receipts = submissions.iter().map(|submission| inner.receipt(&submission.body)).collect();
        inner.taken.extend(submissions);
        Ok(receipts)
    }
}

impl Inner {
    fn receipt(&mut self, body: &Submitted) -> Receipt {
        let (issue_id, fingerprint) = match body {
            Submitted::Report(body) => {
                let fingerprint = body.report.fingerprint.clone();
                (IssueId::of_fingerprint(&tracker(), &fingerprint), Some(fingerprint))
            }
            Submitted::Issue { issue_id, body } => (*issue_id, body.fingerprint.clone()),
            Submitted::Comment { issue_id, .. } | Submitted::Update { issue_id, .. } => (*issue_id, None),
        };
        Receipt { issue_id, new: self.seen.insert(issue_id.to_string()), fingerprint }
    }
}

pub fn tracker() -> TrackerName {
    TrackerName::parse("payments/main").unwrap()
}

/// A router in front of a spool.
#[derive(Clone)]
pub struct Door {
    pub spool: Spool,
    pub router: Router,
    pub metrics: Arc<Metrics>,
}

impl Door {
    pub fn new() -> Self {
        Self::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Self {
        Self::to(limits, None)
    }

    /// With a tracker service that takes events.
    pub fn to(limits: Limits, events: Option<&str>) -> Self {
        let (acceptor, mut jobs) = Acceptor::channel(16);
        let spool = Spool::default();
        let answering = spool.clone();
        tokio::spawn(async move {
            while let Some(job) = jobs.recv().await {
                // A client that has gone does not read its answer.
                drop(job.reply.send(answering.accept(job.submissions)));
            }
        });
        let metrics = Arc::new(Metrics::new(Status::default()));
        let workload = Workload { kind: "Deployment".into(), name: "api".into() };
        let place = Place { workload: Some(workload), pod: Some("api-1".into()), ..Place::default() };
        let hosts = Hosts::new(["issues.example".to_owned()]);
        let rules = Arc::new(Rules::default());
        let state = IntakeState::new(acceptor, rules, tracker(), place, hosts, limits, metrics.clone())
            .with_events(events.map(|url| url.parse().unwrap()));
        Self { spool, router: routes(state), metrics }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: head.status, headers: head.headers, json }
    }

    pub async fn post(&self, path: &str, json: &Value) -> Answer {
        self.send(post(path).body(Body::from(json.to_string())).unwrap()).await
    }
}

/// The beginning of a JSON request.
pub fn post(path: &str) -> axum::http::request::Builder {
    Request::post(path).header("host", "127.0.0.1:6001").header("content-type", "application/json")
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub json: Value,
}

impl Answer {
    /// That the answer is a problem of this status in both dialects; gives its detail.
    pub fn problem(&self, status: u16) -> &str {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        assert_eq!(self.json["status"], status, "{self:?}");
        assert_eq!(self.json["error"], self.json["detail"], "{self:?}");
        assert_eq!(self.json["retryable"], matches!(status, 408 | 429 | 503), "{self:?}");
        assert_eq!(self.json["request_id"].as_str().unwrap(), self.headers["x-request-id"]);
        self.json["detail"].as_str().unwrap()
    }

    pub fn pointers(&self) -> Vec<&str> {
        let errors = self.json["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().filter_map(|error| error["pointer"].as_str()).collect()
    }
}
