//! Carries mail to the server that was configured (RFC 5321): one connection for one mail, TLS before anything is said of it
//! unless the outlet asks for none, and an answer that tells apart what did not arrive from what nobody knows.
//!
//! A mail is there once the server has taken the dot that ends it. Until that dot is written nothing was sent, whatever
//! breaks; afterwards only the server's answer tells. So the connection is driven command by command, and a mark is set
//! when the last of the text has left.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use frustration::outbound::email::Tls;
use lettre::{
    Address,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail as From, Rcpt},
        extension::ClientId,
    },
};

use super::{Failure, Mail, exchange::Meaning, http::resolve};

/// Longest text of a server that is kept.
const SAID: usize = 300;

/// How mail is carried.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// How long everything may take until the text has left.
    pub before: Duration,
    /// How long the server may take to answer the dot. Some read a mail before they do.
    pub after: Duration,
    /// An authority (PEM) that is trusted besides those of the system.
    pub trusted: Option<String>,
}

impl Default for Smtp {
    fn default() -> Self {
        Self { before: Duration::from_secs(20), after: Duration::from_secs(30), trusted: None }
    }
}

impl Smtp {
    /// One attempt.
    pub async fn post(&self, mail: &Mail, private: bool) -> Meaning {
        let Some(message) = &mail.message else {
            return Meaning::Refused("what is set cannot stand in a mail".to_owned());
        };
        let connection = match tokio::time::timeout(self.before, self.open(mail, private)).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(meaning)) => return meaning,
            Err(_) => return Meaning::Later("the mail server took too long".to_owned(), None),
        };
        self.hand_over(connection, message).await
    }

    /// Until the server waits for the text.
    async fn open(&self, mail: &Mail, private: bool) -> Result<AsyncSmtpConnection, Meaning> {
        if mail.tls == Tls::None && !private {
            return Err(Meaning::Later("tls: none needs allowPrivate".to_owned(), None));
        }
        let address = resolve(&mail.host, mail.port, private).await.map_err(|failure| match failure {
            Failure::NotSent(told) | Failure::Unknown(told) => Meaning::Later(told, None),
        })?;
        let host = mail.from.rsplit_once('@').map_or("localhost", |(_, host)| host);
        let name = ClientId::Domain(host.to_owned());
        let at_once = (mail.tls == Tls::Implicit).then(|| self.parameters(mail)).transpose()?;
        // The address that was judged is the one that is connected to; the certificate is that of the name.
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(self.before), &name, at_once, None)
                .await
                .map_err(before)?;
        if mail.tls == Tls::Starttls {
            connection.starttls(self.parameters(mail)?, &name).await.map_err(before)?;
        }
        if let Some((user, password)) = &mail.login {
            let credentials = Credentials::new(user.clone(), password.clone());
            connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await.map_err(before)?;
        }
        let address = |text: &str| {
            text.parse::<Address>().map_err(|_| Meaning::Refused(format!("{text:?} is no address")))
        };
        connection.command(From::new(Some(address(&mail.from)?), Vec::new())).await.map_err(before)?;
        for to in &mail.to {
            // Everybody or nobody: a mail that some have cannot be sent again to the others alone.
            connection.command(Rcpt::new(address(to)?, Vec::new())).await.map_err(before)?;
        }
        connection.command(Data).await.map_err(before)?;
        Ok(connection)
    }

    /// The text, the dot, and what the server says of it.
    async fn hand_over(&self, mut connection: AsyncSmtpConnection, message: &str) -> Meaning {
        let dotted = AtomicBool::new(false);
        // Asked for more than there is, the writer writes the dot next.
        let text = std::iter::once(message.as_bytes()).chain(std::iter::from_fn(|| {
            dotted.store(true, Ordering::SeqCst);
            None
        }));
        let answer = tokio::time::timeout(self.after, connection.message_iter(text)).await;
        let said = match answer {
            Ok(Ok(_)) => {
                // It is there; what becomes of the farewell changes nothing.
                if tokio::time::timeout(Duration::from_secs(2), connection.quit()).await.is_err() {
                    tracing::debug!("a mail server did not say goodbye");
                }
                return Meaning::Arrived(None);
            }
            Ok(Err(error)) if error.status().is_some() => return before(error),
            Ok(Err(error)) => told(&error),
            Err(_) => "the mail server took too long to answer the end of the mail".to_owned(),
        };
        if dotted.load(Ordering::SeqCst) { Meaning::Unknown(said) } else { Meaning::Later(said, None) }
    }

    fn parameters(&self, mail: &Mail) -> Result<TlsParameters, Meaning> {
        let mut parameters = TlsParameters::builder(mail.host.clone());
        if let Some(pem) = &self.trusted {
            parameters =
                parameters.add_root_certificate(Certificate::from_pem(pem.as_bytes()).map_err(before)?);
        }
        parameters.build().map_err(before)
    }
}

/// What an error means while nothing was sent, and what a reply means at any time: 4yz asks to try again, 5yz refuses
/// (RFC 5321, section 4.2.1).
fn before(error: Error) -> Meaning {
    if error.is_permanent() { Meaning::Refused(told(&error)) } else { Meaning::Later(told(&error), None) }
}

/// What the server or the network says; never what we sent.
fn told(error: &Error) -> String {
    let told = format!("email: {}", crate::health::told(error));
    told.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SAID).collect()
}

#[cfg(test)]
pub(crate) mod server;
#[cfg(test)]
mod tests;
