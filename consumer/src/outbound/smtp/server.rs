//! A mail server on this machine for tests: it speaks SMTP, keeps what it took, and fails where it is told to.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// What a connection meets. Stages: BANNER, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, TEXT, DOT, QUIT.
#[derive(Clone, Copy, Debug)]
pub(in crate::outbound) enum Way {
    /// Nothing of note.
    Takes,
    /// This reply at this stage.
    Says(&'static str, &'static str),
    /// The connection ends at this stage, without a reply. At DOT the mail was taken.
    Cuts(&'static str),
    /// No reply ever.
    Silent(&'static str),
    /// STARTTLS is not offered.
    Plain,
}

/// The server.
#[derive(Default)]
pub(in crate::outbound) struct Server {
    /// What each connection meets, in order; then everything is taken.
    pub(in crate::outbound) ways: Mutex<VecDeque<Way>>,
    /// Mails that were taken, head and text.
    pub(in crate::outbound) taken: Mutex<Vec<String>>,
    /// Commands, by their first word.
    pub(in crate::outbound) heard: Mutex<Vec<String>>,
    tls: Option<TlsAcceptor>,
    at_once: bool,
}

impl Server {
    /// One that never speaks TLS.
    pub(in crate::outbound) fn of(ways: impl IntoIterator<Item = Way>) -> Arc<Self> {
        Arc::new(Self { ways: Mutex::new(ways.into_iter().collect()), ..Self::default() })
    }

    /// One for `localhost`, and the authority that vouches for it.
    pub(super) fn with_tls(ways: impl IntoIterator<Item = Way>, at_once: bool) -> (Arc<Self>, String) {
        rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap_or_default();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let key =
            rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a configuration");
        let tls = Some(TlsAcceptor::from(Arc::new(config)));
        let server = Self { ways: Mutex::new(ways.into_iter().collect()), tls, at_once, ..Self::default() };
        (Arc::new(server), made.cert.pem())
    }

    /// Serves; answers the port.
    pub(in crate::outbound) async fn serve(self: &Arc<Self>) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let server = Arc::clone(self);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = Arc::clone(&server);
                tokio::spawn(async move {
                    let way = server.ways.lock().pop_front().unwrap_or(Way::Takes);
                    match &server.tls {
                        Some(tls) if server.at_once => match tls.accept(stream).await {
                            Ok(stream) => drop(server.speak(stream, way, true).await),
                            Err(_) => server.heard.lock().push("NO-TLS".to_owned()),
                        },
                        _ => {
                            let wants_tls = server.speak(stream, way, true).await;
                            let (Some(stream), Some(tls)) = (wants_tls, &server.tls) else { return };
                            match tls.accept(stream).await {
                                Ok(stream) => drop(server.speak(stream, way, false).await),
                                Err(_) => server.heard.lock().push("NO-TLS".to_owned()),
                            }
                        }
                    }
                });
            }
        });
        port
    }

    /// Until the end; gives the stream back where it shall become TLS.
    async fn speak<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, way: Way, first: bool) -> Option<S> {
        let mut stream = BufReader::new(stream);
        if first {
            self.reply(&mut stream, way, "BANNER", "220 localhost ESMTP").await?;
        }
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let word = line.split_whitespace().next().unwrap_or_default().to_uppercase();
            self.heard.lock().push(word.clone());
            let offered = self.tls.is_some() && !self.at_once && first && !matches!(way, Way::Plain);
            let usual = match word.as_str() {
                "EHLO" if offered => "250-localhost\r\n250 STARTTLS",
                "EHLO" => "250-localhost\r\n250 AUTH PLAIN LOGIN",
                "STARTTLS" => "220 go ahead",
                "AUTH" => "235 welcome",
                "DATA" => "354 go ahead",
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            self.reply(&mut stream, way, &word, usual).await?;
            match word.as_str() {
                "STARTTLS" => return Some(stream.into_inner()),
                "DATA" if !self.text(&mut stream, way).await? => return None,
                "QUIT" => return None,
                _ => {}
            }
        }
    }

    /// The text; `false`: the connection is to end.
    async fn text<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        way: Way,
    ) -> Option<bool> {
        if matches!(way, Way::Cuts("TEXT")) {
            return Some(false);
        }
        let mut text = String::new();
        while !text.ends_with("\r\n.\r\n") {
            if stream.read_line(&mut text).await.ok()? == 0 {
                return None;
            }
        }
        let refused = matches!(way, Way::Says("DOT", reply) if !reply.starts_with('2'));
        if !refused {
            self.taken.lock().push(text);
        }
        self.reply(stream, way, "DOT", "250 taken").await.map(|()| true)
    }

    /// `None`: the connection is to end.
    async fn reply<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        way: Way,
        stage: &str,
        usual: &str,
    ) -> Option<()> {
        let said = match way {
            Way::Says(at, said) if at == stage => said,
            Way::Cuts(at) if at == stage => return None,
            Way::Silent(at) if at == stage => std::future::pending().await,
            _ => usual,
        };
        stream.get_mut().write_all(format!("{said}\r\n").as_bytes()).await.ok()?;
        stream.get_mut().flush().await.ok()
    }
}
