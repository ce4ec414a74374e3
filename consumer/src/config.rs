//! Settings of the program: flags and `ISSUETRACKER_*` variables, read once, here and nowhere else.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Parser, ValueEnum};
use issue::id::TrackerName;

use crate::transfer::{ExportArguments, ImportArguments, StoreArguments};

/// What the program is asked to do.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one")]
pub enum Command {
    /// Be the tracker service.
    Run(Config),
    /// Work on a store and end.
    Tool(Tool),
}

/// Commands beside the service.
#[derive(Clone, Debug, Parser)]
#[command(name = "issuetracker-consumer", version)]
pub enum Tool {
    /// Write everything that a store keeps as JSON Lines.
    Export(ExportArguments),
    /// Read what `export` wrote into a store.
    Import(ImportArguments),
}

impl Command {
    /// Reads the command line. The service has no word of its own: its flags come at once.
    pub fn read() -> Self {
        match std::env::args().nth(1).as_deref() {
            Some("export" | "import") => Self::Tool(Tool::parse()),
            _ => Self::Run(Config::parse()),
        }
    }
}

/// The tracker service: reads records from Kafka into the store, and serves the API and the pages.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "issuetracker-consumer",
    version,
    after_help = "Commands beside the service:\n  issuetracker-consumer export --help   write everything that a store keeps as JSON Lines\n  \
                  issuetracker-consumer import --help   read it into a store\n\n\
                  Firestore is reached with Google's application default credentials: the file that GOOGLE_APPLICATION_CREDENTIALS \
                  names, or the identity of the workload. FIRESTORE_EMULATOR_HOST names an emulator instead."
)]
pub struct Config {
    /// The tracker that this service is of: NAMESPACE/NAME.
    #[arg(long, env = "ISSUETRACKER_TRACKER")]
    pub tracker: TrackerName,
    /// Where API and pages are served. An address that others reach demands a token.
    #[arg(long, env = "ISSUETRACKER_LISTEN", default_value = "0.0.0.0:6001")]
    pub listen: SocketAddr,
    /// Kafka brokers: HOST:PORT, several separated by commas.
    #[arg(long, env = "ISSUETRACKER_KAFKA_BROKERS")]
    pub kafka_brokers: String,
    /// A file of librdkafka settings (TLS, SASL), one KEY=VALUE a line.
    #[arg(long, env = "ISSUETRACKER_KAFKA_PROPERTIES")]
    pub kafka_properties: Option<PathBuf>,
    /// The topic; issuetracker.NAMESPACE.NAME when not given.
    #[arg(long, env = "ISSUETRACKER_TOPIC")]
    pub topic: Option<String>,
    /// The consumer group; issuetracker-consumer.NAMESPACE/NAME when not given.
    #[arg(long, env = "ISSUETRACKER_GROUP")]
    pub group: Option<String>,
    /// Where issues are kept.
    #[command(flatten)]
    pub store: StoreArguments,
    /// A file with the token that programs must send (Authorization: Bearer).
    #[arg(long, env = "ISSUETRACKER_TOKEN_FILE")]
    pub token_file: Option<PathBuf>,
    /// The address under which people reach this service, for links and for checking Host.
    #[arg(long, env = "ISSUETRACKER_PUBLIC_URL")]
    pub public_url: Option<axum::http::Uri>,
    /// Seconds to store what was read, after SIGTERM.
    #[arg(long, env = "ISSUETRACKER_GRACE_SECONDS", default_value_t = 20)]
    pub grace_seconds: u64,
    /// How logs are written.
    #[arg(long, env = "ISSUETRACKER_LOG_FORMAT", default_value = "json")]
    pub log_format: LogFormat,
    /// Which logs are written: error, warn, info, debug, or a filter such as info,consumer=debug.
    #[arg(long, env = "ISSUETRACKER_LOG_LEVEL", default_value = "info")]
    pub log_level: String,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One object a line.
    Json,
    /// For people.
    Text,
}

impl Config {
    /// The topic of this tracker.
    pub fn topic(&self) -> String {
        let default = || format!("issuetracker.{}", self.tracker.as_str().replace('/', "."));
        self.topic.clone().unwrap_or_else(default)
    }

    /// The consumer group of this tracker.
    pub fn group(&self) -> String {
        self.group.clone().unwrap_or_else(|| format!("issuetracker-consumer.{}", self.tracker))
    }

    /// The host of the public address.
    pub fn public_host(&self) -> Option<&str> {
        self.public_url.as_ref().and_then(axum::http::Uri::host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::choice::StoreChoice;

    fn parse(more: &[&str]) -> Result<Config, clap::Error> {
        let base = ["issuetracker-consumer", "--tracker", "payments/main", "--kafka-brokers", "k:9092"];
        Config::try_parse_from(base.iter().chain(more))
    }

    #[test]
    fn names_follow_from_the_tracker() {
        let config = parse(&["--store", "sqlite:/data/issues.db"]).expect("settings");
        assert_eq!(config.topic(), "issuetracker.payments.main");
        assert_eq!(config.group(), "issuetracker-consumer.payments/main");
        assert_eq!(config.store.store, StoreChoice::Sqlite("/data/issues.db".into()));
        assert_eq!(config.listen.to_string(), "0.0.0.0:6001");
    }

    #[test]
    fn a_wrong_store_is_refused_with_what_to_write() {
        for (store, words) in
            [("sqlite:", "sqlite:PATH"), ("firestore:", "firestore:PROJECT"), ("x", "sqlite:PATH")]
        {
            let error = parse(&["--store", store]).expect_err("refused").to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
