//! What the sidecar is told at its start. The only place that reads the environment.

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use clap::{Parser, ValueEnum};
use issue::{
    finish::Rules,
    id::TrackerName,
    record::{Place, Workload},
    report::Level,
};
use kafka::settings::{Properties, PropertiesError};

use crate::{
    Settings, dedup,
    intake::Service,
    settings::{self, Effective, SettingsError},
    source::Layout,
    spool,
};

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
    /// Where stderr is read from: what shims write, the node's log files, or nowhere.
    #[arg(long, env = "ISSUETRACKER_CAPTURE_MODE", value_enum, ignore_case = true, default_value = "Shim")]
    pub capture_mode: CaptureMode,
    /// The folder that shims write to. Without it stderr is not read.
    #[arg(long, env = "ISSUETRACKER_SEGMENTS_DIR")]
    pub segments_dir: Option<PathBuf>,
    /// With HostPath: the pod's folder of log files. Default: /var/log/pods/<namespace>_<name>_<uid>.
    #[arg(long, env = "ISSUETRACKER_POD_LOGS_DIR")]
    pub pod_logs_dir: Option<PathBuf>,
    /// A Redis that the sidecars of a tracker share, so that each error's full text travels once: redis://… or rediss://….
    #[arg(long, env = "ISSUETRACKER_REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<RedisUrl>,
    /// The tracker service that takes events of front ends: http://HOST:PORT. Without it POST /v1/events is not there.
    #[arg(long, value_name = "URL", env = "ISSUETRACKER_EVENTS_URL")]
    pub events_url: Option<Service>,
    /// A JSON or YAML file of what the resource adds to the built-in rules. It is followed while the sidecar runs.
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

/// Where stderr is read from. The words are those of the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CaptureMode {
    /// From segments that the shim writes.
    #[value(name = "Shim")]
    Shim,
    /// From the node's log files.
    #[value(name = "HostPath")]
    HostPath,
    /// Not at all: services post.
    #[value(name = "HttpOnly")]
    HttpOnly,
}

/// Where Redis is. It may hold a password, so it is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(String);

impl RedisUrl {
    /// The address itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl FromStr for RedisUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = ["redis://", "rediss://", "unix://"].iter().any(|scheme| text.starts_with(scheme));
        if known { Ok(Self(text.to_owned())) } else { Err("write redis://HOST:PORT or rediss://HOST:PORT") }
    }
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
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Log files of a pod that is not named.
    #[error(
        "HostPath needs POD_NAMESPACE, POD_NAME and POD_UID, or ISSUETRACKER_POD_LOGS_DIR, to find the pod's log files"
    )]
    NoPod,
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

/// Where a node keeps the log files of its pods.
const POD_LOGS: &str = "/var/log/pods";

impl Pod {
    /// The folder of the pod's log files on its node, as the kubelet names it.
    fn logs(&self) -> Option<PathBuf> {
        let (namespace, name, uid) =
            (self.pod_namespace.as_ref()?, self.pod_name.as_ref()?, self.pod_uid.as_ref()?);
        Some(Path::new(POD_LOGS).join(format!("{namespace}_{name}_{uid}")))
    }

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

    /// What the flags say, for all that the settings file leaves out.
    pub fn otherwise(&self) -> Effective {
        Effective {
            rules: Rules::default(),
            min_level: Some(self.min_level.into()),
            window: dedup::Rules { first: Duration::from_secs(self.window), ..dedup::Rules::default() },
        }
    }

    /// What the library is told.
    pub fn settings(&self) -> Result<Settings, ConfigError> {
        let place = self.pod.place();
        let otherwise = self.otherwise();
        let effective = match &self.settings {
            Some(path) => settings::load(path, &otherwise)?,
            None => otherwise,
        };
        Ok(Settings {
            tracker: self.tracker.clone(),
            component: place.workload.as_ref().map(|workload| workload.name.clone()),
            place,
            spool_dir: self.spool_dir.clone(),
            stderr: self.stderr()?,
            spool_limit: self.spool_limit,
            min_level: effective.min_level(),
            window: effective.window,
            rules: effective.rules,
        })
    }

    fn stderr(&self) -> Result<Option<Layout>, ConfigError> {
        match self.capture_mode {
            CaptureMode::HttpOnly => Ok(None),
            CaptureMode::Shim => Ok(self.segments_dir.clone().map(Layout::Segments)),
            CaptureMode::HostPath => {
                let folder = self.pod_logs_dir.clone().or_else(|| self.pod.logs());
                folder.map(|folder| Some(Layout::PodLogs(folder))).ok_or(ConfigError::NoPod)
            }
        }
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
        let unnamed = config(&["--capture-mode", "HostPath"]).settings().expect_err("no pod").to_string();
        assert!(unnamed.contains("POD_UID"), "{unnamed}");
    }

    #[test]
    fn stderr_is_read_from_where_the_mode_says() {
        let pod = ["--pod-namespace", "shop", "--pod-name", "api-1", "--pod-uid", "u"];
        let segments = ["--segments-dir", "/segments"];
        for (more, expect) in [
            (vec![], None),
            (segments.to_vec(), Some(Layout::Segments("/segments".into()))),
            ([&["--capture-mode", "httponly"], &segments[..]].concat(), None),
            (
                [&["--capture-mode", "HostPath"], &pod[..]].concat(),
                Some(Layout::PodLogs("/var/log/pods/shop_api-1_u".into())),
            ),
            (
                vec!["--capture-mode", "HostPath", "--pod-logs-dir", "/logs"],
                Some(Layout::PodLogs("/logs".into())),
            ),
        ] {
            assert_eq!(config(&more).settings().expect("settings").stderr, expect, "{more:?}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        let config = config(&["--redis-url", "redis://:hunter2@redis:6379/0"]);
        assert!(!format!("{config:?}").contains("hunter2"));
        assert_eq!(config.redis_url.expect("an address").reveal(), "redis://:hunter2@redis:6379/0");
        let wrong = "http://redis".parse::<RedisUrl>().expect_err("no address of Redis");
        assert!(wrong.contains("redis://"), "{wrong}");
    }
}
