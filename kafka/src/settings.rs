//! Where the broker is, how to reach it, and the client settings that delivery depends on.
//!
//! A user may tune the client with a file of librdkafka properties (TLS, SASL, buffers). What "nothing lost, counted
//! exactly" rests on is fixed here and refused there, so that a copied example cannot switch a guarantee off.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// How to reach a topic.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `host:port`, several separated by commas.
    pub brokers: String,
    /// The topic of records; its dead letters are in [`Settings::dead_letters`].
    pub topic: String,
    /// The user's own client properties.
    pub properties: Properties,
}

/// The consumer group in which the tracker service of a tracker reads, unless it is told another.
pub fn group_of(tracker: &str) -> String {
    format!("issuetracker-consumer.{tracker}")
}

impl Settings {
    /// A topic on brokers that need no properties.
    pub fn new(brokers: impl Into<String>, topic: impl Into<String>) -> Self {
        Self { brokers: brokers.into(), topic: topic.into(), properties: Properties::default() }
    }

    /// The topic that holds what can never be processed.
    pub fn dead_letters(&self) -> String {
        format!("{}.dlq", self.topic)
    }
}

/// librdkafka properties from a file. Their values do not appear in any output, except of a few that hold no secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, String>);

/// A properties file that cannot be used. Values are never part of the message.
#[derive(Debug, thiserror::Error)]
pub enum PropertiesError {
    /// The file cannot be read.
    #[error("the Kafka properties {path} cannot be read; mount the file there or correct the path")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that a property names.
    #[error(
        "the Kafka properties name the file {path} as {key}, which cannot be read; mount it there or correct the path"
    )]
    Named {
        /// The property.
        key: String,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line has no `=`.
    #[error("line {line} of the Kafka properties is not of the form key=value")]
    Form {
        /// Counted from 1.
        line: usize,
    },
    /// A property that issuetracker sets itself.
    #[error("line {line} of the Kafka properties sets {key}, which issuetracker sets itself: {why}")]
    Fixed {
        /// Counted from 1.
        line: usize,
        /// The property.
        key: &'static str,
        /// What would break, or where to set it.
        why: &'static str,
    },
}

const GUARANTEE: &str = "no record may be lost or reordered";
const COMMITS: &str = "an offset is committed only after store or dead letter";
const GROUP: &str = "the group and its protocol are part of exact counting";
const ELSEWHERE: &str = "it has a setting of its own";
const TOPICS: &str = "a misspelt topic must be an error";
const CODE: &str = "it loads code";

/// Properties that a file may not set, under every name that librdkafka knows them by, with the reason.
const FIXED: &[(&str, &str)] = &[
    ("bootstrap.servers", ELSEWHERE),
    ("metadata.broker.list", ELSEWHERE),
    ("enable.idempotence", GUARANTEE),
    ("acks", GUARANTEE),
    ("request.required.acks", GUARANTEE),
    ("message.timeout.ms", GUARANTEE),
    ("delivery.timeout.ms", GUARANTEE),
    ("message.send.max.retries", GUARANTEE),
    ("retries", GUARANTEE),
    ("max.in.flight", GUARANTEE),
    ("max.in.flight.requests.per.connection", GUARANTEE),
    ("enable.gapless.guarantee", GUARANTEE),
    ("transactional.id", GUARANTEE),
    ("check.crcs", GUARANTEE),
    ("enable.auto.commit", COMMITS),
    ("enable.auto.offset.store", COMMITS),
    ("auto.commit.enable", COMMITS),
    ("auto.offset.reset", COMMITS),
    ("enable.partition.eof", COMMITS),
    ("group.id", ELSEWHERE),
    ("group.instance.id", GROUP),
    ("group.protocol", GROUP),
    ("partition.assignment.strategy", GROUP),
    ("allow.auto.create.topics", TOPICS),
    ("plugin.library.paths", CODE),
];

/// Properties whose values help in a log and hold no secret.
const SHOWN: &[&str] = &[
    "client.id",
    "compression.codec",
    "compression.type",
    "linger.ms",
    "sasl.mechanism",
    "sasl.mechanisms",
    "security.protocol",
    "session.timeout.ms",
    "socket.timeout.ms",
    "ssl.ca.location",
];

/// Properties that name a file which must be there.
const FILES: &[&str] = &[
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.crl.location",
    "ssl.key.location",
    "ssl.keystore.location",
];

impl Properties {
    /// Reads a file: one `key=value` a line, `#` begins a comment line. Files that it names must be readable. A value
    /// `${directory:FOLDER:FILE}` stands for what that file holds, so that a password can come from a mounted Secret; the
    /// form is that of Apache Kafka's DirectoryConfigProvider (KIP-632).
    pub fn read(path: &Path) -> Result<Self, PropertiesError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| PropertiesError::Read { path: path.to_owned(), source })?;
        let properties = Self::parse(&text)?.resolved()?;
        for (key, named) in properties.iter().filter(|(key, _)| FILES.contains(key)) {
            // librdkafka looks for the system's own certificates itself.
            if named == "probe" {
                continue;
            }
            let path = Path::new(named);
            let found =
                if path.is_dir() { path.read_dir().map(drop) } else { std::fs::File::open(path).map(drop) };
            found.map_err(|source| PropertiesError::Named {
                key: key.to_owned(),
                path: path.to_owned(),
                source,
            })?;
        }
        Ok(properties)
    }

    /// The same with the content of files in place of their names.
    fn resolved(mut self) -> Result<Self, PropertiesError> {
        for (key, value) in &mut self.0 {
            let named = value.strip_prefix("${directory:").and_then(|rest| rest.strip_suffix('}'));
            let Some((folder, file)) = named.and_then(|named| named.rsplit_once(':')) else { continue };
            let path = Path::new(folder).join(file);
            let text = std::fs::read_to_string(&path).map_err(|source| PropertiesError::Named {
                key: key.clone(),
                path,
                source,
            })?;
            // A Secret that was made from a file often ends with a line feed that is not part of it.
            *value = text.trim_end_matches(['\r', '\n']).to_owned();
        }
        Ok(self)
    }

    /// Reads the text of such a file. White space around keys and values does not count; a later line wins.
    pub fn parse(text: &str) -> Result<Self, PropertiesError> {
        let mut properties = BTreeMap::new();
        for (line, text) in (1..).zip(text.lines().map(str::trim)) {
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (key, value) = text.split_once('=').ok_or(PropertiesError::Form { line })?;
            let (key, value) = (key.trim(), value.trim());
            // librdkafka takes topic properties under this prefix as well.
            let plain = key.strip_prefix("default.topic.").unwrap_or(key);
            if let Some(&(key, why)) = FIXED.iter().find(|(fixed, _)| *fixed == plain) {
                return Err(PropertiesError::Fixed { line, key, why });
            }
            properties.insert(key.to_owned(), value.to_owned());
        }
        Ok(Self(properties))
    }

    /// The same with one property more, or another value of it. For callers that hold what a file would name.
    #[must_use]
    pub fn with(mut self, key: &str, value: String) -> Self {
        self.0.insert(key.to_owned(), value);
        self
    }

    /// The properties, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(key, value): (&String, &String)| {
            let shown = SHOWN.contains(&key.as_str());
            (key.clone(), if shown { value.clone() } else { String::from("[redacted]") })
        };
        f.debug_map().entries(self.0.iter().map(shown)).finish()
    }
}

#[cfg(feature = "broker")]
mod client {
    //! The settings as librdkafka takes them.

    use rdkafka::ClientConfig;

    use super::Settings;

    /// For every client. The user's properties override these, not those of the roles below.
    const EVERY: &[(&str, &str)] = &[
        ("client.id", "issuetracker"),
        ("socket.keepalive.enable", "true"),
        // A broker that hangs is given up sooner than the default minute.
        ("socket.timeout.ms", "30000"),
        ("reconnect.backoff.max.ms", "5000"),
        // New partitions and topics that were made anew are noticed within this time.
        ("topic.metadata.refresh.interval.ms", "30000"),
    ];

    /// Publishing. With one request in flight and the gapless guarantee no later batch can land when an earlier one
    /// was refused: the consumer's watermark would take the earlier one for seen.
    const PUBLISH: &[(&str, &str)] = &[
        ("enable.idempotence", "true"),
        ("acks", "all"),
        ("message.timeout.ms", "0"),
        ("enable.gapless.guarantee", "true"),
        ("max.in.flight.requests.per.connection", "1"),
        ("allow.auto.create.topics", "false"),
    ];

    /// Dead letters: as safe, but the consumer waits for each, so an outage is told after a while.
    const DEAD_LETTERS: &[(&str, &str)] = &[
        ("enable.idempotence", "true"),
        ("acks", "all"),
        ("message.timeout.ms", "15000"),
        ("topic.metadata.propagation.max.ms", "5000"),
        ("message.max.bytes", "2097152"),
        ("linger.ms", "0"),
        ("allow.auto.create.topics", "false"),
    ];

    /// Reading. A member that died is noticed after its session; memory for what was fetched ahead is bounded.
    const READ: &[(&str, &str)] = &[
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("auto.offset.reset", "error"),
        ("partition.assignment.strategy", "cooperative-sticky"),
        ("allow.auto.create.topics", "false"),
        ("check.crcs", "true"),
    ];

    /// What a user may tune for a role.
    const PUBLISH_TUNED: &[(&str, &str)] = &[("compression.type", "lz4"), ("linger.ms", "5")];
    const READ_TUNED: &[(&str, &str)] = &[
        ("session.timeout.ms", "10000"),
        ("heartbeat.interval.ms", "3000"),
        ("queued.max.messages.kbytes", "16384"),
        ("fetch.wait.max.ms", "250"),
    ];

    impl Settings {
        pub(crate) fn publisher(&self) -> ClientConfig {
            self.client(PUBLISH_TUNED, PUBLISH)
        }

        pub(crate) fn dead_letter_publisher(&self) -> ClientConfig {
            self.client(&[], DEAD_LETTERS)
        }

        pub(crate) fn reader(&self, group: &str) -> ClientConfig {
            let mut config = self.client(READ_TUNED, READ);
            config.set("group.id", group);
            config
        }

        pub(crate) fn admin(&self) -> ClientConfig {
            self.client(&[], &[("allow.auto.create.topics", "false")])
        }

        fn client(&self, tuned: &[(&str, &str)], fixed: &[(&str, &str)]) -> ClientConfig {
            let mut config = ClientConfig::new();
            let own = EVERY.iter().chain(tuned).copied();
            for (key, value) in own.chain(self.properties.iter()).chain(fixed.iter().copied()) {
                config.set(key, value);
            }
            config.set("bootstrap.servers", &self.brokers);
            config
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::settings::{FIXED, Properties};

        #[test]
        fn a_user_tunes_what_no_guarantee_rests_on() {
            let mut settings = Settings::new("broker:9092", "topic");
            settings.properties = Properties::parse("compression.type=gzip\nclient.id = mine").unwrap();
            let config = settings.publisher();
            assert_eq!(config.get("compression.type"), Some("gzip"));
            assert_eq!(config.get("client.id"), Some("mine"));
            assert_eq!(config.get("bootstrap.servers"), Some("broker:9092"));
            assert_eq!(config.get("message.timeout.ms"), Some("0"));
        }

        #[test]
        fn what_publishing_and_reading_rest_on_cannot_be_set_by_a_file() {
            for (key, _) in PUBLISH.iter().chain(READ) {
                assert!(FIXED.iter().any(|(fixed, _)| fixed == key), "{key}");
            }
        }

        #[test]
        fn librdkafka_knows_every_property() {
            let settings = Settings::new("127.0.0.1:1", "topic");
            for config in [
                settings.publisher(),
                settings.dead_letter_publisher(),
                settings.reader("g"),
                settings.admin(),
            ] {
                config.create_native_config().unwrap();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_lines_of_key_and_value() {
        let text = "# TLS\nsecurity.protocol = SASL_SSL\r\n\n  sasl.password=a=b # no comment\n";
        let properties = Properties::parse(text).unwrap();
        let pairs: Vec<_> = properties.iter().collect();
        assert_eq!(pairs, [("sasl.password", "a=b # no comment"), ("security.protocol", "SASL_SSL")]);
    }

    #[test]
    fn a_value_can_come_from_a_file_of_a_mounted_secret() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("password"), "hunter2\n").unwrap();
        let named = format!("sasl.password=${{directory:{}:password}}\n", folder.path().display());
        let path = folder.path().join("kafka.properties");
        std::fs::write(&path, &named).unwrap();
        let properties = Properties::read(&path).unwrap();
        assert_eq!(properties.iter().collect::<Vec<_>>(), [("sasl.password", "hunter2")]);
        std::fs::write(&path, named.replace(":password}", ":missing}")).unwrap();
        let error = Properties::read(&path).unwrap_err().to_string();
        assert!(error.contains("missing") && error.contains("sasl.password"), "{error}");
    }

    #[test]
    fn values_are_not_shown() {
        let text = "security.protocol=SASL_SSL\nsasl.password=hunter2\nssl.key.pem=----hunter2";
        let settings = Settings { properties: Properties::parse(text).unwrap(), ..Settings::new("b", "t") };
        let shown = format!("{settings:?}");
        assert!(shown.contains("SASL_SSL") && shown.contains("sasl.password"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn what_delivery_rests_on_is_refused_with_its_line_and_reason() {
        for (text, expect) in [
            ("acks=1", "line 1 of the Kafka properties sets acks, which issuetracker sets itself: no record"),
            ("#\n auto.offset.reset = latest", "line 2 of the Kafka properties sets auto.offset.reset"),
            ("default.topic.acks=0", "sets acks"),
            ("plugin.library.paths=/tmp/x.so", "it loads code"),
            ("a=b\nhunter2", "line 2 of the Kafka properties is not of the form key=value"),
        ] {
            let error = Properties::parse(text).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
