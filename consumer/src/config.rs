//! Settings of the program: flags and `ISSUETRACKER_*` variables, read once, here and nowhere else.

use std::{net::SocketAddr, path::PathBuf};

use ::intake::vocabulary::meaning;
use clap::{ArgAction, Args, Parser, ValueEnum};
use issue::id::TrackerName;
use kafka::settings::group_of;

use crate::people::{Issuer, Policy, Role};
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
    /// A file with the projects whose front ends send events, and where incidents go; without it no events are taken.
    #[arg(long, value_name = "FILE", env = "ISSUETRACKER_FRUSTRATION")]
    pub frustration: Option<PathBuf>,
    /// Who may come in.
    #[command(flatten, next_help_heading = "People")]
    pub people: PeopleArguments,
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

/// Who may come in, and as what. Without an issuer, people log in with the token.
#[derive(Clone, Debug, Default, Args)]
pub struct PeopleArguments {
    /// The OpenID Connect issuer that people log in with, such as https://accounts.google.com; needs --public-url.
    #[arg(long, value_name = "URL", env = "ISSUETRACKER_OIDC_ISSUER", requires_all = ["oidc_client_id", "oidc_client_secret_file", "public_url"])]
    pub oidc_issuer: Option<String>,
    /// This service's id at the issuer. The issuer sends people back to PUBLIC_URL/login/callback.
    #[arg(long, value_name = "ID", env = "ISSUETRACKER_OIDC_CLIENT_ID")]
    pub oidc_client_id: Option<String>,
    /// A file with this service's secret at the issuer.
    #[arg(long, value_name = "FILE", env = "ISSUETRACKER_OIDC_CLIENT_SECRET_FILE")]
    pub oidc_client_secret_file: Option<PathBuf>,
    /// Domains whose verified addresses may log in, separated by commas; without any, everybody whom the issuer knows.
    #[arg(long, value_name = "DOMAIN", value_delimiter = ',', env = "ISSUETRACKER_ALLOWED_DOMAINS")]
    pub allowed_domains: Vec<String>,
    /// E-mail addresses of people who are admins, separated by commas.
    #[arg(long, value_name = "EMAIL", value_delimiter = ',', env = "ISSUETRACKER_ADMINS")]
    pub admins: Vec<String>,
    /// The role of everybody else at the first login: viewer, tester, developer or admin.
    #[arg(long, value_name = "ROLE", env = "ISSUETRACKER_DEFAULT_ROLE", default_value = "viewer", value_parser = role)]
    pub default_role: Role,
    /// Let programs within the namespace write issues and comments without a token, as the older tracker's clients do.
    #[arg(long, env = "ISSUETRACKER_LEGACY_WRITERS", num_args = 0..=1, default_missing_value = "true", default_value = "false", action = ArgAction::Set)]
    pub legacy_writers: bool,
}

fn role(word: &str) -> Result<Role, String> {
    meaning(Role::OF_PEOPLE, word).ok_or_else(|| "write viewer, tester, developer or admin".to_owned())
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
        self.group.clone().unwrap_or_else(|| group_of(self.tracker.as_str()))
    }

    /// The topic of events of front ends.
    pub fn events_topic(&self) -> String {
        format!("{}.events", self.topic())
    }

    /// What is said of people; `secret` is what the file of the client's secret holds.
    pub fn policy(&self, secret: Option<&str>) -> Policy {
        let people = &self.people;
        let clean = |list: &[String]| {
            let words = list.iter().map(|word| word.trim().to_lowercase());
            words.filter(|word| !word.is_empty()).collect::<Vec<_>>()
        };
        let issuer =
            people.oidc_issuer.clone().filter(|url| !url.is_empty()).zip(people.oidc_client_id.clone());
        let issuer = issuer.zip(secret).map(|((url, client_id), secret)| Issuer {
            url,
            client_id,
            client_secret: secret.trim().to_owned(),
        });
        Policy {
            admins: clean(&people.admins),
            default_role: people.default_role,
            domains: clean(&people.allowed_domains),
            public_url: self.public_url.as_ref().and_then(origin),
            issuer,
            legacy_writers: people.legacy_writers,
        }
    }

    /// The host of the public address.
    pub fn public_host(&self) -> Option<&str> {
        self.public_url.as_ref().and_then(axum::http::Uri::host)
    }
}

/// Scheme and authority of an address.
fn origin(url: &axum::http::Uri) -> Option<String> {
    Some(format!("{}://{}", url.scheme_str()?, url.authority()?))
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
    fn an_issuer_needs_all_that_belongs_to_it() {
        let store = ["--store", "sqlite:/x.db"];
        let with = |more: &[&str]| parse(&[&store[..], more].concat());
        assert!(with(&["--oidc-issuer", "https://i.example"]).is_err());
        let all = [
            "--oidc-issuer",
            "https://i.example",
            "--oidc-client-id",
            "c",
            "--oidc-client-secret-file",
            "/s",
            "--public-url",
            "https://issues.example.com/",
            "--allowed-domains",
            "Example.com,b.org",
            "--admins",
            "Ada@Example.com",
            "--default-role",
            "tester",
        ];
        let policy = with(&all).expect("settings").policy(Some("secret\n"));
        assert_eq!(policy.public_url.as_deref(), Some("https://issues.example.com"));
        assert_eq!(
            (policy.domains, policy.admins),
            (vec!["example.com".into(), "b.org".into()], vec!["ada@example.com".to_owned()])
        );
        assert_eq!(
            (policy.default_role, policy.issuer.map(|i| i.client_secret)),
            (Role::Tester, Some("secret".into()))
        );
        assert!(with(&["--default-role", "service"]).is_err());
        assert!(with(&["--legacy-writers"]).is_ok_and(|config| config.people.legacy_writers));
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
