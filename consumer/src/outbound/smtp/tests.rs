use std::sync::Arc;

use super::{
    server::{Server, Way},
    *,
};

const TEXT: &str = "From: issues@shop.example\r\nMessage-ID: <k@shop.example>\r\n\r\n.one line\r\n";

fn mail(port: u16, tls: Tls) -> Mail {
    Mail {
        host: "localhost".to_owned(),
        port,
        tls,
        login: None,
        from: "issues@shop.example".to_owned(),
        to: vec!["team@shop.example".to_owned(), "boss@shop.example".to_owned()],
        subject: String::new(),
        text: String::new(),
        message: Some(TEXT.to_owned()),
    }
}

fn quick(trusted: Option<String>) -> Smtp {
    Smtp { before: Duration::from_millis(1_500), after: Duration::from_millis(400), trusted }
}

fn word(meaning: &Meaning) -> &'static str {
    match meaning {
        Meaning::Arrived(_) => "arrived",
        Meaning::Refused(_) => "refused",
        Meaning::Later(..) => "later",
        Meaning::Unknown(_) => "unknown",
    }
}

/// How each end is understood, and whether the server had the mail.
#[tokio::test]
async fn an_end_before_the_dot_sent_nothing_and_after_it_only_the_answer_tells() {
    use Way::{Cuts, Says, Silent, Takes};
    for (way, meaning, taken) in [
        (Takes, "arrived", 1),
        (Cuts("QUIT"), "arrived", 1),
        (Says("BANNER", "421 busy"), "later", 0),
        (Says("BANNER", "554 not you"), "refused", 0),
        (Silent("BANNER"), "later", 0),
        (Cuts("EHLO"), "later", 0),
        (Says("MAIL", "451 not now"), "later", 0),
        (Says("MAIL", "550 no"), "refused", 0),
        (Says("RCPT", "450 not now"), "later", 0),
        (Says("RCPT", "550 nobody of this name"), "refused", 0),
        (Says("DATA", "451 not now"), "later", 0),
        (Cuts("DATA"), "later", 0),
        (Silent("DATA"), "later", 0),
        (Says("DOT", "451 not now"), "later", 0),
        (Says("DOT", "554 looks like spam"), "refused", 0),
        (Cuts("DOT"), "unknown", 1),
        (Silent("DOT"), "unknown", 1),
        (Says("DOT", "what?"), "unknown", 0),
    ] {
        let server = Server::of([way]);
        let port = server.serve().await;
        let told = quick(None).post(&mail(port, Tls::None), true).await;
        assert_eq!(word(&told), meaning, "{way:?}: {told:?}");
        // A reply that cannot be read is none: what the server did, nobody knows.
        if !matches!(way, Says("DOT", "what?")) {
            assert_eq!(server.taken.lock().len(), taken, "{way:?}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_ends_within_the_text_is_never_taken_for_a_success() {
    let server = Server::of([Way::Cuts("TEXT")]);
    let port = server.serve().await;
    let told = quick(None).post(&mail(port, Tls::None), true).await;
    // Whether the dot had left by then is the network's to say.
    assert!(matches!(told, Meaning::Later(..) | Meaning::Unknown(_)), "{told:?}");
    assert!(server.taken.lock().is_empty());
}

#[tokio::test]
async fn the_text_arrives_as_it_is_and_everybody_is_named() {
    let server = Server::of([]);
    let port = server.serve().await;
    assert_eq!(quick(None).post(&mail(port, Tls::None), true).await, Meaning::Arrived(None));
    let taken = server.taken.lock().clone();
    let sent = format!("{}\r\n.\r\n", TEXT.replace("\r\n.one", "\r\n..one"));
    assert_eq!(taken, [sent], "a line that begins with a dot has another one on the way");
    assert_eq!(server.heard.lock().join(" "), "EHLO MAIL RCPT RCPT DATA QUIT");
}

#[tokio::test]
async fn a_login_goes_over_tls_or_not_at_all() {
    let login = Some(("ada".to_owned(), "secret".to_owned()));
    let with = |port, tls| Mail { login: login.clone(), ..mail(port, tls) };
    for (tls, at_once) in [(Tls::Starttls, false), (Tls::Implicit, true)] {
        let (server, authority) = Server::with_tls([], at_once);
        let port = server.serve().await;
        let told = quick(Some(authority)).post(&with(port, tls), true).await;
        assert_eq!(told, Meaning::Arrived(None), "{tls:?}: {:?}", server.heard.lock());
        assert!(server.heard.lock().iter().any(|word| word == "AUTH"), "{tls:?}");
        // Nobody that is trusted vouches for it.
        let before = server.heard.lock().len();
        let told = quick(None).post(&with(port, tls), true).await;
        assert!(matches!(told, Meaning::Later(..)), "{tls:?}: {told:?}");
        let heard = server.heard.lock()[before..].join(" ");
        assert!(!heard.contains("AUTH") && !heard.contains("MAIL"), "{tls:?}: {heard}");
    }
    let (server, authority) = Server::with_tls([Way::Plain], false);
    let port = server.serve().await;
    let told = quick(Some(authority)).post(&with(port, Tls::Starttls), true).await;
    assert!(matches!(&told, Meaning::Later(said, _) if said.contains("STARTTLS")), "{told:?}");
    assert_eq!(*server.heard.lock(), ["EHLO"], "nothing was said in the clear");
}

#[tokio::test]
async fn a_login_that_is_refused_is_told_without_the_password() {
    let (server, authority) = Server::with_tls([Way::Says("AUTH", "535 5.7.8 bad credentials")], false);
    let port = server.serve().await;
    let login = Some(("ada".to_owned(), "hunter2-secret".to_owned()));
    let told = quick(Some(authority)).post(&Mail { login, ..mail(port, Tls::Starttls) }, true).await;
    let Meaning::Refused(said) = &told else { panic!("{told:?}") };
    assert!(said.contains("535") && !said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn nothing_goes_to_private_networks_or_in_the_clear_unless_it_may() {
    let server: Arc<Server> = Server::of([]);
    let port = server.serve().await;
    for tls in [Tls::None, Tls::Starttls, Tls::Implicit] {
        let told = quick(None).post(&mail(port, tls), false).await;
        assert!(matches!(told, Meaning::Later(..)), "{tls:?}: {told:?}");
    }
    assert!(server.heard.lock().is_empty());
    let broken = Mail { message: None, ..mail(port, Tls::None) };
    assert!(matches!(quick(None).post(&broken, true).await, Meaning::Refused(_)));
}
