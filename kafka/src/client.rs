//! What every librdkafka client of ours shares: its log goes to `tracing`, and its errors become one line.

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;

/// A client that only logs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Logged;

impl ClientContext for Logged {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        trouble(&error, reason);
    }
}

/// A line of librdkafka's own log.
pub(crate) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error => tracing::error!(target: "librdkafka", facility, "{message}"),
        RDKafkaLogLevel::Warning => tracing::warn!(target: "librdkafka", facility, "{message}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(target: "librdkafka", facility, "{message}");
        }
        RDKafkaLogLevel::Debug => tracing::debug!(target: "librdkafka", facility, "{message}"),
    }
}

/// A fault of the connection. librdkafka reconnects by itself, so this is for people who wonder why nothing moves.
pub(crate) fn trouble(error: &KafkaError, reason: &str) {
    tracing::warn!(reason = %self::reason(error), detail = reason, "Kafka client");
}

/// One line that says what is wrong, without the value of any property: that may be a password.
pub(crate) fn reason(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, _, key, _) => {
            format!("the Kafka client does not know the property {key}, or not this value of it")
        }
        other => match other.rdkafka_error_code() {
            Some(code) => code.to_string(),
            None => other.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;

    use super::*;

    #[test]
    fn a_refused_property_is_named_and_its_value_is_not() {
        for (key, value) in [("no.such.property", "hunter2"), ("security.protocol", "hunter2")] {
            let Err(error) = ClientConfig::new().set(key, value).create_native_config() else {
                panic!("{key} was taken")
            };
            let reason = reason(&error);
            assert!(reason.contains(key) && !reason.contains("hunter2"), "{reason}");
        }
    }
}
