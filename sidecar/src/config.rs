//! What the sidecar is told at its start. The only place that reads the environment.

use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum};
use issue::{
    finish::{Rules, RulesSettings},
    id::TrackerName,
    record::{Place, Workload},
    report::Level,
};
use kafka::settings::{Properties, PropertiesError};

use crate::{Settings, dedup, spool};

/// Reads errors from stderr segments and local HTTP, and sends them to a Kafka topic.
#[derive(Clone, Debug, Parser)]
#[command(name = "issuetracker-sidecar", version)]
pub struct Config {
    /// The tracker that reports go to: <namespace>/<name>.
    #[arg(long, env = "ISSUETRACKER_TRACKER")]
    pub tracker: TrackerName,
    /// Where services of this pod post. Keep it on the loopback address.
    #[arg(long, env = "ISSUETRACKER_LISTEN", default_value = "127.0.0.1:6001")]
    pub listen: SocketAddr,
    /// Kafka brokers: host:port, several separated by commas.
    #[arg(long, env = "ISSUETRACKER_KAFKA_BROKERS")]
    pub kafka_brokers: String,
    /// A file of librdkafka properties: TLS, SASL.
    #[arg(long, env = "ISSUETRACKER_KAFKA_PROPERTIES")]
    pub kafka_properties: Option<PathBuf>,
    /// The topic of records. Default: issuetracker.<namespace>.<name>.
    #[arg(long, env = "ISSUETRACKER_TOPIC")]
    pub topic: Option<String>,
    /// The folder of the journal. One sidecar each.
    #[arg(long, env = "ISSUETRACKER_SPOOL_DIR")]
    pub spool_dir: PathBuf,
    /// Bytes that the journal may hold.
    #[arg(long, env = "ISSUETRACKER_SPOOL_LIMIT", default_value_t = spool::LIMIT,
        value_parser = clap::value_parser!(u64).range(1024 * 1024..))]
    pub spool_limit: u64,
    /// The folder that shims write to. Without it stderr is not read.
    #[arg(long, env = "ISSUETRACKER_SEGMENTS_DIR")]
    pub segments_dir: Option<PathBuf>,
    /// A JSON file of what the resource adds to the built-in rules.
    #[arg(long, env = "ISSUETRACKER_SETTINGS")]
    pub settings: Option<PathBuf>,
    /// Seconds in which repeats are one record. It doubles while a storm lasts.
    #[arg(long, env = "ISSUETRACKER_WINDOW", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub window: u64,
    /// Stderr below this is not reported.
    #[arg(long, env = "ISSUETRACKER_MIN_LEVEL", value_enum, default_value = "error")]
    pub min_level: MinLevel,
    /// Seconds in which a stop sends what is left.
    #[arg(long, env = "ISSUETRACKER_GRACE", default_value_t = 20)]
    pub grace: u64,
    /// How logs are written.
    #[arg(long, env = "ISSUETRACKER_LOG_FORMAT", value_enum, default_value = "json")]
    pub log_format: LogFormat,
    /// Which logs are written: error, warn, info, debug, trace, or directives of the crate tracing-subscriber.
    #[arg(long, env = "ISSUETRACKER_LOG_LEVEL", default_value = "info")]
    pub log_level: String,
    /// The pod, as the downward API tells it.
    #[command(flatten)]
    pub pod: Pod,
}

/// The pod's identity.
#[derive(Clone, Debug, Default, clap::Args)]
#[expect(missing_docs, reason = "each is the attribute of its name; the help is for users")]
pub struct Pod {
    #[arg(long, env = "POD_NAMESPACE", help = "Namespace of the pod")]
    pub pod_namespace: Option<String>,
    #[arg(long, env = "POD_NAME", help = "Name of the pod")]
    pub pod_name: Option<String>,
    #[arg(long, env = "POD_UID", help = "UID of the pod")]
    pub pod_uid: Option<String>,
    #[arg(long, env = "NODE_NAME", help = "Node that the pod runs on")]
    pub node_name: Option<String>,
    #[arg(long, env = "WORKLOAD_KIND", help = "Kind of the object that owns the pod")]
    pub workload_kind: Option<String>,
    #[arg(
        long,
        env = "WORKLOAD_NAME",
        help = "Name of the object that owns the pod: part of every fingerprint"
    )]
    pub workload_name: Option<String>,
    #[arg(long, env = "IMAGE", help = "Image of the application")]
    pub image: Option<String>,
    #[arg(long, env = "RELEASE", help = "Release of the application")]
    pub release: Option<String>,
}

/// The lowest level that is reported.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[expect(missing_docs, reason = "each variant is the level of its name")]
pub enum MinLevel {
    Warning,
    Error,
    Fatal,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The Kafka properties.
    #[error(transparent)]
    Properties(#[from] PropertiesError),
    /// The settings file.
    #[error("cannot read the settings file {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The settings file.
    #[error("the settings file {path} is not what is expected")]
    Form {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A rule of the settings file.
    #[error("a rule of the settings file cannot be used")]
    Rules(#[from] issue::finish::RulesError),
}

impl From<MinLevel> for Level {
    fn from(level: MinLevel) -> Self {
        match level {
            MinLevel::Warning => Self::Warning,
            MinLevel::Error => Self::Error,
            MinLevel::Fatal => Self::Fatal,
        }
    }
}

impl Pod {
    /// What reports run on.
    pub fn place(&self) -> Place {
        let workload = self.workload_name.clone().map(|name| Workload {
            kind: self.workload_kind.clone().unwrap_or_else(|| "Deployment".to_owned()),
            name,
        });
        Place {
            namespace: self.pod_namespace.clone(),
            pod: self.pod_name.clone(),
            pod_uid: self.pod_uid.clone(),
            container: None,
            node: self.node_name.clone(),
            workload,
            image: self.image.clone(),
            release: self.release.clone(),
        }
    }
}

impl Config {
    /// From the command line and the environment. Ends the process with a message when they are wrong.
    pub fn read() -> Self {
        Self::parse()
    }

    /// How long a stop may take.
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.grace)
    }

    /// What the library is told.
    pub fn settings(&self) -> Result<Settings, ConfigError> {
        let place = self.pod.place();
        Ok(Settings {
            tracker: self.tracker.clone(),
            component: place.workload.as_ref().map(|workload| workload.name.clone()),
            place,
            spool_dir: self.spool_dir.clone(),
            segments_dir: self.segments_dir.clone(),
            spool_limit: self.spool_limit,
            window: dedup::Rules { first: Duration::from_secs(self.window), ..dedup::Rules::default() },
            min_level: self.min_level.into(),
            rules: self.rules()?,
        })
    }

    fn rules(&self) -> Result<Rules, ConfigError> {
        let Some(path) = &self.settings else { return Ok(Rules::default()) };
        let text = fs::read(path).map_err(|source| ConfigError::Read { path: path.clone(), source })?;
        let settings: RulesSettings = serde_json::from_slice(&text)
            .map_err(|source| ConfigError::Form { path: path.clone(), source })?;
        Ok(Rules::new(&settings)?)
    }

    /// How to reach the topic.
    pub fn kafka(&self) -> Result<kafka::settings::Settings, ConfigError> {
        let default = || format!("issuetracker.{}", self.tracker.as_str().replacen('/', ".", 1));
        let properties = match &self.kafka_properties {
            Some(path) => Properties::read(path)?,
            None => Properties::default(),
        };
        let topic = self.topic.clone().unwrap_or_else(default);
        Ok(kafka::settings::Settings {
            properties,
            ..kafka::settings::Settings::new(&self.kafka_brokers, topic)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(more: &[&str]) -> Config {
        let needed =
            ["sidecar", "--tracker", "shop/main", "--kafka-brokers", "k:9092", "--spool-dir", "/spool"];
        Config::try_parse_from(needed.iter().chain(more)).expect("a configuration")
    }

    #[test]
    fn the_topic_follows_from_the_tracker_unless_it_is_named() {
        assert_eq!(config(&[]).kafka().expect("settings").topic, "issuetracker.shop.main");
        assert_eq!(config(&["--topic", "other"]).kafka().expect("settings").topic, "other");
    }

    #[test]
    fn the_workload_is_the_component_and_part_of_the_place() {
        let settings = config(&["--workload-name", "api"]).settings().expect("settings");
        assert_eq!(settings.component.as_deref(), Some("api"));
        assert_eq!(settings.place.workload.map(|workload| workload.kind).as_deref(), Some("Deployment"));
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let needed = ["sidecar", "--tracker", "shop", "--kafka-brokers", "k:9092", "--spool-dir", "/spool"];
        let error = Config::try_parse_from(needed).expect_err("no tracker").to_string();
        assert!(error.contains("write <namespace>/<name>"), "{error}");
        let missing = config(&["--settings", "/nowhere/settings.json"]).settings();
        assert!(missing.is_err_and(|error| error.to_string().contains("/nowhere/settings.json")));
    }
}
