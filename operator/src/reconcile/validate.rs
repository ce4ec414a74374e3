//! From what the API server stored to what can be built: everything that the schema could not check.
//!
//! Pure. All that is wrong is told at once, each with what to change; after this nobody looks at the raw spec.

use std::{fmt, time::Duration};

use issue::finish::{Rules, RulesSettings};
use kafka::settings::Settings;
use kube::ResourceExt as _;

use super::build::{PORT, SERVICE};
use crate::{
    inject::{Plan, RedisUrl, SecretMount},
    resource::{Auth, Autoscaling, Consumer, IssueTracker, Redis, SecretKey, Store, Tls, Topic, TopicMode},
};

pub mod frustration;
mod settings;

/// A resource that can be built.
#[derive(Clone, Debug)]
pub struct Valid {
    /// Its namespace: the tenant.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID, for owner references.
    pub uid: String,
    /// The generation that all of this is about.
    pub generation: Option<i64>,
    /// Brokers, separated by commas.
    pub brokers: String,
    /// TLS and login.
    pub security: Security,
    /// The topic as it shall be.
    pub topic: WantedTopic,
    /// Where issues are kept.
    pub store: Store,
    /// The shared Redis.
    pub redis: Option<RedisUrl>,
    /// The tracker service.
    pub consumer: Consumer,
    /// Replicas, unless a HorizontalPodAutoscaler chooses.
    pub replicas: Option<i32>,
    /// What sidecars are told by file (JSON).
    pub settings: String,
    /// The topic of events, where front ends send any.
    pub events: Option<WantedTopic>,
    /// What the tracker service is told of front ends and outlets by file (JSON).
    pub frustration: Option<String>,
    /// Where incidents are sent.
    pub outbound: Vec<crate::resource::Outlet>,
    /// Who may look and act.
    pub access: crate::resource::Access,
    /// What is read in the pods.
    pub capture: crate::resource::Capture,
    /// Nothing is changed while it is true.
    pub suspend: bool,
}

/// TLS and login at the broker.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// TLS.
    pub tls: Option<Tls>,
    /// Login.
    pub auth: Option<Auth>,
}

/// The topic as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedTopic {
    /// Its name.
    pub name: String,
    /// The name of the topic of dead letters.
    pub dead_letters: String,
    /// Its partitions, at least.
    pub partitions: usize,
    /// Copies of each, when it is made.
    pub replication_factor: usize,
    /// How long records are kept.
    pub retention: Duration,
    /// More settings.
    pub config: std::collections::BTreeMap<String, String>,
    /// Whose it is.
    pub mode: TopicMode,
}

/// Something in a resource that cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field, such as `spec.capture.redact[0].pattern`.
    pub field: String,
    /// What is wrong and what to do.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.text)
    }
}

impl Problem {
    fn new(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self { field: field.into(), text: text.into() }
    }
}

/// Checks a resource. An error holds every problem.
pub fn validate(resource: &IssueTracker) -> Result<Valid, Vec<Problem>> {
    let spec = &resource.spec;
    let namespace = resource.namespace().unwrap_or_default();
    let name = resource.name_any();
    let mut problems = Vec::new();
    let topic = topic(&spec.kafka.topic, &namespace, &name, &mut problems);
    let settings = settings::of(spec, &mut problems);
    let frustration = frustration::of(spec, &mut problems);
    let events = spec.frustration.as_ref().map(|told| events(&topic, &told.retention, &mut problems));
    store(&spec.store, &spec.consumer, &mut problems);
    tls(spec.kafka.tls.as_ref(), spec.kafka.auth.as_ref(), &mut problems);
    let redis = spec.redis.as_ref().and_then(|redis| redis_url(redis, &mut problems));
    if !problems.is_empty() {
        return Err(problems);
    }
    let embedded = spec.store.embedded.is_some();
    let replicas = match &spec.consumer.autoscaling {
        Some(Autoscaling { .. }) => None,
        None => Some(spec.consumer.replicas.unwrap_or(if embedded { 1 } else { 2 })),
    };
    Ok(Valid {
        brokers: spec.kafka.bootstrap_servers.join(","),
        security: Security { tls: spec.kafka.tls.clone(), auth: spec.kafka.auth.clone() },
        uid: resource.uid().unwrap_or_default(),
        generation: resource.metadata.generation,
        store: spec.store.clone(),
        consumer: spec.consumer.clone(),
        access: spec.access.clone(),
        outbound: spec.outbound.clone(),
        frustration,
        events,
        capture: spec.capture.clone(),
        suspend: spec.suspend,
        namespace,
        name,
        topic,
        redis,
        replicas,
        settings,
    })
}

impl Valid {
    /// `<namespace>/<name>`.
    pub fn tracker(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Name of the ConfigMap that sidecars and the tracker service mount.
    pub fn config_map(&self) -> String {
        format!("{}-issuetracker", self.name)
    }

    /// What the webhook needs to know of this tracker.
    pub fn plan(&self, image: &str) -> Plan {
        Plan {
            tracker: self.tracker(),
            image: image.to_owned(),
            brokers: self.brokers.clone(),
            topic: self.topic.name.clone(),
            config_map: self.config_map(),
            secrets: self.security.mounts(),
            redis: self.redis.clone(),
            events: self.events.is_some().then(|| format!("http://{SERVICE}.{}:{PORT}", self.namespace)),
            capture: self.capture.clone(),
        }
    }
}

impl Security {
    /// The Secrets that whoever talks to the broker mounts.
    pub fn mounts(&self) -> Vec<SecretMount> {
        let tls = self.tls.as_ref();
        let ca = tls.and_then(|tls| tls.ca_secret_ref.as_ref()).map(|one| ("ca", one.name.clone()));
        let client =
            tls.and_then(|tls| tls.client_secret_ref.as_ref()).map(|one| ("client", one.name.clone()));
        let auth = self.auth.as_ref().map(|auth| ("auth", auth.secret_ref.name.clone()));
        let all = [ca, client, auth].into_iter().flatten();
        all.map(|(folder, secret)| SecretMount { folder, secret }).collect()
    }

    /// librdkafka's `security.protocol`.
    pub fn protocol(&self) -> &'static str {
        match (&self.tls, &self.auth) {
            (None, None) => "PLAINTEXT",
            (Some(_), None) => "SSL",
            (None, Some(_)) => "SASL_PLAINTEXT",
            (Some(_), Some(_)) => "SASL_SSL",
        }
    }

    /// The file of librdkafka properties that goes with those mounts. Passwords are named by file, never written here.
    pub fn properties(&self) -> String {
        const AT: &str = "/issuetracker/secrets";
        let mut lines = vec![format!("security.protocol={}", self.protocol())];
        if let Some(tls) = &self.tls {
            if let Some(SecretKey { key, .. }) = &tls.ca_secret_ref {
                lines.push(format!("ssl.ca.location={AT}/ca/{key}"));
            }
            if tls.client_secret_ref.is_some() {
                lines.push(format!("ssl.certificate.location={AT}/client/tls.crt"));
                lines.push(format!("ssl.key.location={AT}/client/tls.key"));
            }
        }
        if let Some(auth) = &self.auth {
            lines.push(format!("sasl.mechanism={}", auth.mechanism.name()));
            // The form of Apache Kafka's DirectoryConfigProvider (KIP-632).
            lines.push(format!("sasl.username=${{directory:{AT}/auth:username}}"));
            lines.push(format!("sasl.password=${{directory:{AT}/auth:password}}"));
        }
        lines.push(String::new());
        lines.join("\n")
    }
}

fn topic(topic: &Topic, namespace: &str, name: &str, problems: &mut Vec<Problem>) -> WantedTopic {
    let full = match topic.name.as_str() {
        "" => format!("issuetracker.{namespace}.{name}"),
        given => given.to_owned(),
    };
    // Kafka allows 249 characters, and the dead letters' topic has four more.
    if full.len() > 245 {
        let text =
            format!("{full} is longer than the 245 characters that Kafka leaves for it; set a shorter name");
        problems.push(Problem::new("spec.kafka.topic.name", text));
    }
    let retention = hours(&topic.retention).unwrap_or_else(|| {
        let text = format!("{:?} is no time such as 7d or 36h", topic.retention);
        problems.push(Problem::new("spec.kafka.topic.retention", text));
        Duration::ZERO
    });
    for taken in ["retention.ms", "cleanup.policy", "message.timestamp.type"] {
        if topic.config.contains_key(taken) {
            let field = format!("spec.kafka.topic.config[{taken}]");
            problems.push(Problem::new(
                field,
                "issuetracker sets it itself; remove it (retention has a field of its own)",
            ));
        }
    }
    WantedTopic {
        dead_letters: Settings::new("", full.as_str()).dead_letters(),
        name: full,
        partitions: usize::try_from(topic.partitions).unwrap_or(1).max(1),
        replication_factor: usize::try_from(topic.replication_factor).unwrap_or(1).max(1),
        retention,
        config: topic.config.clone(),
        mode: topic.mode,
    }
}

/// The topic of events: like that of records, with its own retention.
fn events(records: &WantedTopic, retention: &str, problems: &mut Vec<Problem>) -> WantedTopic {
    let name = format!("{}.events", records.name);
    if name.len() > 245 {
        let text = "with spec.frustration the name may have 238 characters; set a shorter name";
        problems.push(Problem::new("spec.kafka.topic.name", text));
    }
    let retention = hours(retention).unwrap_or_else(|| {
        let text = format!("{retention:?} is no time such as 30d or 36h");
        problems.push(Problem::new("spec.frustration.retention", text));
        Duration::ZERO
    });
    WantedTopic {
        dead_letters: Settings::new("", name.as_str()).dead_letters(),
        name,
        retention,
        ..records.clone()
    }
}

/// `7d`, `36h` → a duration.
fn hours(text: &str) -> Option<Duration> {
    let (number, hours) = match text.strip_suffix('d') {
        Some(number) => (number, 24),
        None => (text.strip_suffix('h')?, 1),
    };
    let number: u64 = number.parse().ok()?;
    (number > 0).then(|| Duration::from_secs(number.saturating_mul(hours).saturating_mul(3600)))
}

fn store(store: &Store, consumer: &Consumer, problems: &mut Vec<Problem>) {
    match (&store.firestore, &store.embedded) {
        (Some(_), Some(_)) | (None, None) => {
            problems.push(Problem::new("spec.store", "set exactly one of firestore and embedded"));
        }
        (None, Some(_))
            if consumer.replicas.is_some_and(|replicas| replicas > 1) || consumer.autoscaling.is_some() =>
        {
            let text = "an embedded store is one file and allows one replica; remove replicas and autoscaling, or use spec.store.firestore";
            problems.push(Problem::new("spec.consumer", text));
        }
        _ => {}
    }
}

fn tls(tls: Option<&Tls>, auth: Option<&Auth>, problems: &mut Vec<Problem>) {
    let client = tls.and_then(|tls| tls.client_secret_ref.as_ref());
    if client.is_some() && auth.is_some() {
        let text =
            "a client certificate and a SASL login exclude each other; remove auth, or tls.clientSecretRef";
        problems.push(Problem::new("spec.kafka.auth", text));
    }
}

fn redis_url(redis: &Redis, problems: &mut Vec<Problem>) -> Option<RedisUrl> {
    match (&redis.url_secret_ref, redis.url.as_str()) {
        (Some(secret), "") => Some(RedisUrl::Secret(secret.name.clone(), secret.key.clone())),
        (None, url) if !url.is_empty() => Some(RedisUrl::Plain(url.to_owned())),
        _ => {
            problems.push(Problem::new("spec.redis", "set exactly one of url and urlSecretRef"));
            None
        }
    }
}

/// Compiles the rules, as every sidecar will.
fn rules(settings: &RulesSettings) -> Result<(), issue::finish::RulesError> {
    Rules::new(settings).map(|_| ())
}
