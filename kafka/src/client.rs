//! What every librdkafka client of ours shares: its log goes to `tracing`, its errors become one line, and whether it
//! reaches the brokers is kept in one place.
//!
//! librdkafka reconnects by itself and reports every attempt that failed. Nobody needs to read each of them, so they are
//! debug lines here; [`Connection`] adds them up to an outage with one reason, and whoever asks a client tells it once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::sync::oneshot;

/// A connection that is lost for less than this is not worth a word: brokers close idle ones.
const BLIP: Duration = Duration::from_secs(2);

/// A client that does nothing but keep its [`Connection`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Logged {
    pub(crate) connection: Connection,
}

impl ClientContext for Logged {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.connection.trouble(&error, reason);
    }
}

/// Whether the brokers answer: noted by librdkafka's threads and by every answer, read by whoever tells people.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connection {
    state: Arc<Mutex<State>>,
    /// Whether there is anything to forget, so that an answer costs no lock.
    troubled: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct State {
    outage: Option<Outage>,
    /// What a single attempt said, until all have failed.
    hint: Option<String>,
}

#[derive(Debug)]
struct Outage {
    since: Instant,
    reason: String,
    /// The reason is not that nobody answers, but that the answer is a refusal: waiting does not help.
    refused: bool,
}

impl Connection {
    /// What librdkafka's error callback was told.
    pub(crate) fn trouble(&self, error: &KafkaError, detail: &str) {
        // A broker that ends the handshake, for want of our certificate say, is reported as a mere lost connection.
        let refused = detail.contains("SSL routines").then_some(RDKafkaErrorCode::SSL);
        let code = refused.or_else(|| error.rdkafka_error_code());
        tracing::debug!(target: "librdkafka", code = ?code, "{detail}");
        self.troubled.store(true, Ordering::Release);
        let mut state = self.state();
        match code.and_then(advice) {
            Some(advice) => {
                let since = state.outage.as_ref().map_or_else(Instant::now, |outage| outage.since);
                let reason = format!("{}; {advice}", plain(detail));
                state.outage = Some(Outage { since, reason, refused: true });
            }
            None if code == Some(RDKafkaErrorCode::AllBrokersDown) => state.down(),
            None => state.hint = Some(plain(detail)),
        }
    }

    /// A question that was not answered, which is an outage when the brokers cannot be reached.
    pub(crate) fn unanswered(&self, error: &KafkaError) {
        if error.rdkafka_error_code().is_some_and(is_unreachable) {
            self.troubled.store(true, Ordering::Release);
            self.state().down();
        }
    }

    /// The brokers have answered something.
    pub(crate) fn answered(&self) {
        if self.troubled.swap(false, Ordering::AcqRel) {
            *self.state() = State::default();
        }
    }

    /// Why the brokers cannot be reached, when they have not been for a while or have refused this client.
    pub(crate) fn outage(&self) -> Option<String> {
        if !self.troubled.load(Ordering::Acquire) {
            return None;
        }
        let state = self.state();
        let outage = state.outage.as_ref()?;
        (outage.refused || outage.since.elapsed() >= BLIP).then(|| outage.reason.clone())
    }

    /// Whether something is wrong, however shortly.
    pub(crate) fn doubtful(&self) -> bool {
        self.troubled.load(Ordering::Acquire)
    }

    /// One line for a question that failed: the outage's reason where there is one, since `error` only says that
    /// nobody answered.
    pub(crate) fn why(&self, error: &KafkaError) -> String {
        let unreachable = error.rdkafka_error_code().is_some_and(is_unreachable);
        let state = self.state();
        let known = state.outage.as_ref().map(|outage| &outage.reason).or(state.hint.as_ref());
        known.filter(|_| unreachable).cloned().unwrap_or_else(|| reason(error))
    }

    /// No code panics while it holds the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn down(&mut self) {
        let Self { outage, hint } = self;
        match outage {
            Some(outage) => {
                // A refusal says more than that nobody is there any more.
                if let (false, Some(hint)) = (outage.refused, hint.take()) {
                    outage.reason = hint;
                }
            }
            None => {
                let reason = hint.take().unwrap_or_else(|| String::from("no broker answers"));
                *outage = Some(Outage { since: Instant::now(), reason, refused: false });
            }
        }
    }
}

/// Does what blocks on a thread of its own, as a wait of librdkafka may take hours when the wall clock is set back: threads
/// that the runtime lends are few, and it would wait for them at its end. The answer fails where the thread has ended
/// without one.
pub(crate) fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> oneshot::Receiver<T> {
    let (tell, answer) = oneshot::channel();
    let thread = std::thread::Builder::new().name(String::from("kafka-aside"));
    // Nobody may wait for the answer any more.
    let spawned = thread.spawn(move || drop(tell.send(work())));
    if let Err(error) = spawned {
        tracing::warn!(%error, "no thread can be made for the Kafka client");
    }
    answer
}

/// What to do about a refusal.
fn advice(code: RDKafkaErrorCode) -> Option<&'static str> {
    match code {
        RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed => {
            Some("check sasl.mechanism, sasl.username and sasl.password in the Kafka properties")
        }
        RDKafkaErrorCode::SSL => Some(
            "check security.protocol and ssl.ca.location in the Kafka properties, and ssl.certificate.location with \
             ssl.key.location where the brokers ask for a certificate",
        ),
        _ => None,
    }
}

/// Whether the brokers, or the certificates, do not let this client in.
pub(crate) fn is_refused(code: RDKafkaErrorCode) -> bool {
    advice(code).is_some()
}

/// Whether an error says no more than that nobody answered.
pub(crate) fn is_unreachable(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::OperationTimedOut
            | RDKafkaErrorCode::RequestTimedOut
            | RDKafkaErrorCode::NetworkException
            | RDKafkaErrorCode::Resolve
    )
}

/// librdkafka ends its sentences with how long a state lasted and how often that was said: different each time, and
/// of no use to readers.
fn plain(detail: &str) -> String {
    let detail = detail.split(" (after ").next().unwrap_or_default();
    detail.trim().chars().take(500).collect()
}

/// A line of librdkafka's own log.
pub(crate) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        // An attempt to connect that failed, which the error callback is told as well, and remarks on the settings that every
        // client would repeat.
        _ if matches!(facility, "FAIL" | "ERROR" | "CONFWARN" | "GETPID") => {
            tracing::debug!(target: "librdkafka", facility, "{message}");
        }
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

/// One line that says what is wrong, without the value of any property: that may be a password.
pub(crate) fn reason(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, _, key, _) => format!(
            "the Kafka client does not know the property {key}, or not this value of it; correct that line of the \
             Kafka properties"
        ),
        KafkaError::ClientCreation(said) => {
            format!("the Kafka properties cannot be used: {}", said.lines().next().unwrap_or_default())
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

    fn global(code: RDKafkaErrorCode) -> KafkaError {
        KafkaError::Global(code)
    }

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

    #[test]
    fn a_refusal_is_told_at_once_and_with_what_to_do() {
        let connection = Connection::default();
        let said = "sasl_ssl://k:9093/1: SASL authentication error: no (after 12ms in state AUTH_REQ)";
        connection.trouble(&global(RDKafkaErrorCode::Authentication), said);
        connection.trouble(&global(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down");
        let told = connection.outage().unwrap();
        assert!(
            told.starts_with("sasl_ssl://k:9093/1: SASL authentication error: no; check sasl."),
            "{told}"
        );
        assert_eq!(connection.why(&global(RDKafkaErrorCode::OperationTimedOut)), told);
        connection.answered();
        assert_eq!(connection.outage(), None);
        assert_eq!(
            connection.why(&global(RDKafkaErrorCode::OperationTimedOut)),
            RDKafkaErrorCode::OperationTimedOut.to_string()
        );
    }

    #[test]
    fn one_broker_that_breaks_off_is_no_outage_and_a_short_one_is_not_told() {
        let connection = Connection::default();
        connection.trouble(&global(RDKafkaErrorCode::BrokerTransportFailure), "k:9092/1: Disconnected");
        assert!(connection.doubtful() && connection.outage().is_none());
        connection.trouble(&global(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down");
        assert_eq!(connection.outage(), None, "it has just begun");
        if let Some(outage) = &mut connection.state().outage {
            outage.since -= BLIP;
        }
        assert_eq!(connection.outage().as_deref(), Some("k:9092/1: Disconnected"));
    }
}
