//! From where requests may come, and which of them need no login: the rule for one service.

use std::net::{IpAddr, SocketAddr};

use ::intake::problem::{Fault, Problem};
use axum::http::{HeaderMap, HeaderName, Method, Uri, header};

use crate::people::{Policy, secret::same};

/// A token shorter than this is guessed too soon.
const SHORTEST_TOKEN: usize = 16;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why a service refuses to be opened.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OpenByAccident {
    /// Nobody would be asked for anything.
    #[error(
        "{0} can be reached from other machines: give a token with ISSUETRACKER_TOKEN_FILE, let people log in with ISSUETRACKER_OIDC_ISSUER, or listen on 127.0.0.1"
    )]
    NoToken(SocketAddr),
    /// Everybody would guess it.
    #[error("the token has fewer than {SHORTEST_TOKEN} characters")]
    ShortToken,
    /// The issuer could not send people back.
    #[error("people who log in are sent back to an address: give it with ISSUETRACKER_PUBLIC_URL")]
    NoPublicUrl,
}

/// The rule for this service.
#[derive(Clone, Debug)]
pub struct Access {
    token: Option<Token>,
    /// Names that `Host` may carry; `None`: any, for then the login is what counts.
    hosts: Option<Vec<String>>,
    policy: Policy,
}

#[derive(Clone)]
struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Access {
    /// For a service on this machine only; `name` is one more host under which it is reached.
    pub fn loopback(name: Option<&str>) -> Self {
        let hosts = Some(name.into_iter().map(str::to_ascii_lowercase).collect());
        Self { token: None, hosts, policy: Policy::default() }
    }

    /// For a service that listens at `address`. An address that others reach demands a token.
    pub fn at(address: SocketAddr, name: Option<&str>, token: Option<&str>) -> Result<Self, OpenByAccident> {
        Self::with(address, name, token, Policy::default())
    }

    /// For a service that listens at `address`, with what is said of people. An address that others reach demands a token or
    /// an issuer.
    pub fn with(
        address: SocketAddr,
        name: Option<&str>,
        token: Option<&str>,
        policy: Policy,
    ) -> Result<Self, OpenByAccident> {
        let is_loopback = address.ip().is_loopback();
        let token = token.map(str::trim);
        if token.is_some_and(|token| token.len() < SHORTEST_TOKEN) {
            return Err(OpenByAccident::ShortToken);
        }
        if policy.issuer.is_some() && policy.public_url.is_none() {
            return Err(OpenByAccident::NoPublicUrl);
        }
        if token.is_none() && policy.issuer.is_none() && !is_loopback {
            return Err(OpenByAccident::NoToken(address));
        }
        let hosts = Self::loopback(name).hosts.filter(|_| is_loopback);
        Ok(Self { token: token.map(|token| Token(token.to_owned())), hosts, policy })
    }

    /// What is said of people.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether nobody is asked who they are: on this machine, where neither a token nor an issuer is given.
    pub fn is_open(&self) -> bool {
        self.token.is_none() && self.policy.issuer.is_none()
    }

    /// Whether there is a token of the Secret.
    pub fn has_secret(&self) -> bool {
        self.token.is_some()
    }

    /// Whether this is the token of the Secret.
    pub fn is_secret(&self, given: &str) -> bool {
        self.token.as_ref().is_some_and(|Token(token)| same(given.as_bytes(), token.as_bytes()))
    }

    /// Whether a request is one that clients of the older tracker send, and such are let in: a program's, from within, that
    /// writes an issue or a comment. What comes by the public address, or from a page, is not.
    pub fn takes_legacy(&self, method: &Method, headers: &HeaderMap, path: &str) -> bool {
        let writes =
            ["/api/v1/issues", "/api/v1/issues/{id}/comments"].contains(&path) && method == Method::POST;
        let public = self.policy.public_url.as_deref().and_then(|url| url.parse::<Uri>().ok());
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let is_public =
            public.as_ref().and_then(Uri::host).is_some_and(|name| name.eq_ignore_ascii_case(host_of(host)));
        let from_page = headers.contains_key(header::ORIGIN) || headers.contains_key(FETCH_SITE);
        let forwarded = headers.contains_key("x-forwarded-for") || headers.contains_key("forwarded");
        self.policy.legacy_writers && writes && !is_public && !from_page && !forwarded
    }

    /// Refuses what a stranger's page sends.
    pub fn check_sender(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let host = match headers.get(header::HOST) {
            Some(host) => Some(host.to_str().unwrap_or_default()),
            None => uri.authority().map(|authority| authority.as_str()),
        };
        // Only a program can leave the header out: a browser always sends it.
        if host.is_some_and(|host| !self.knows(host)) {
            let detail = "the Host is none of the names of this address: use 127.0.0.1 or localhost";
            return Err(Problem::new(Fault::Forbidden, detail));
        }
        let reads = matches!(*method, Method::GET | Method::HEAD);
        let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
        if !reads && origin.is_some_and(|origin| !is_own(origin, host.unwrap_or_default())) {
            return Err(Problem::new(Fault::Forbidden, "pages of another origin may not write here"));
        }
        Ok(())
    }

    /// Refuses a change by a browser's login unless the browser says that a page of ours sent it.
    pub fn check_own(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let host = text(&header::HOST).unwrap_or_default();
        let told = [
            text(&FETCH_SITE).map(|site| site == "same-origin"),
            text(&header::ORIGIN).map(|origin| is_own(origin, host)),
        ];
        if told.iter().flatten().count() > 0 && told.iter().flatten().all(|own| *own) {
            return Ok(());
        }
        Err(Problem::new(Fault::Forbidden, "a login changes things only from pages of this tracker"))
    }

    /// Whether a `Host` is one of ours. The port says nothing: a forwarded port may be any.
    fn knows(&self, authority: &str) -> bool {
        let Some(hosts) = &self.hosts else { return true };
        let host = host_of(authority).to_ascii_lowercase();
        let loopback = host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        loopback || host == "localhost" || host.ends_with(".localhost") || hosts.contains(&host)
    }
}

/// The host of an authority, without the brackets of an IPv6 address.
fn host_of(authority: &str) -> &str {
    if let Some((host, _)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return host;
    }
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}

/// Whether an `Origin` is the address that was asked, port and all: another program's page on this machine is foreign.
fn is_own(origin: &str, host: &str) -> bool {
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    !host.is_empty() && authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;
    use crate::people::Issuer;

    fn headers_of(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        headers.iter().map(pair).collect()
    }

    #[test]
    fn an_address_that_others_reach_demands_a_token_or_an_issuer() {
        let open: SocketAddr = "0.0.0.0:6001".parse().expect("an address");
        let local: SocketAddr = "127.0.0.1:6001".parse().expect("an address");
        assert_eq!(Access::at(open, None, None).err(), Some(OpenByAccident::NoToken(open)));
        assert_eq!(Access::at(open, None, Some("short")).err(), Some(OpenByAccident::ShortToken));
        assert!(Access::at(open, None, Some("0123456789abcdef")).is_ok_and(|access| !access.is_open()));
        assert!(Access::at(local, None, None).is_ok_and(|access| access.is_open()));
        assert!(Access::at("[::1]:1".parse().expect("an address"), None, None).is_ok());
        let issuer = Issuer { url: "https://i".into(), client_id: "c".into(), client_secret: "s".into() };
        let mut policy = Policy { issuer: Some(issuer), ..Policy::default() };
        assert_eq!(Access::with(open, None, None, policy.clone()).err(), Some(OpenByAccident::NoPublicUrl));
        policy.public_url = Some("https://t".into());
        // Where people log in, this machine is no exception.
        for address in [open, local] {
            assert!(Access::with(address, None, None, policy.clone()).is_ok_and(|access| !access.is_open()));
        }
    }

    #[test]
    fn a_token_is_demanded_whole() {
        let open = "0.0.0.0:6001".parse().expect("an address");
        let access = Access::at(open, None, Some("0123456789abcdef\n")).expect("it may be opened");
        for (given, is) in [
            ("0123456789abcdef", true),
            ("0123456789abcde", false),
            ("0123456789abcdefg", false),
            ("", false),
        ] {
            assert_eq!(access.is_secret(given), is, "{given}");
        }
        assert!(!Access::loopback(None).is_secret(""));
        assert!(!format!("{access:?}").contains("0123"), "a token is printed");
    }

    #[test]
    fn older_clients_are_told_from_people() {
        let open = "0.0.0.0:6001".parse().expect("an address");
        let public_url = Some("https://issues.example.com".to_owned());
        let policy = Policy { legacy_writers: true, public_url, ..Policy::default() };
        let access = Access::with(open, None, Some("0123456789abcdef"), policy).expect("it may be opened");
        let within = ("host", "issuetracker.shop:6001");
        for (method, path, headers, taken) in [
            (Method::POST, "/api/v1/issues", vec![within], true),
            (Method::POST, "/api/v1/issues/{id}/comments", vec![within], true),
            (Method::GET, "/api/v1/issues", vec![within], false),
            (Method::PATCH, "/api/v1/issues/{id}", vec![within], false),
            (Method::POST, "/api/v1/issues:bulk", vec![within], false),
            (Method::POST, "/api/v1/issues", vec![("host", "issues.example.com")], false),
            (
                Method::POST,
                "/api/v1/issues",
                vec![within, ("origin", "http://issuetracker.shop:6001")],
                false,
            ),
            (Method::POST, "/api/v1/issues", vec![within, ("x-forwarded-for", "1.2.3.4")], false),
        ] {
            assert_eq!(
                access.takes_legacy(&method, &headers_of(&headers), path),
                taken,
                "{method} {path} {headers:?}"
            );
        }
        let strict = Access::at(open, None, Some("0123456789abcdef")).expect("it may be opened");
        assert!(!strict.takes_legacy(&Method::POST, &headers_of(&[within]), "/api/v1/issues"));
    }

    #[test]
    fn strangers_pages_are_kept_out_of_a_loopback_address() {
        let access = Access::loopback(Some("Tracker.test"));
        let forbidden = Some(Fault::Forbidden);
        for (method, headers, fault) in [
            (Method::GET, vec![("host", "127.0.0.1:6001")], None),
            (Method::GET, vec![("host", "tracker.test:80")], None),
            (Method::GET, vec![("host", "[::1]:6001")], None),
            (Method::GET, vec![("host", "evil.example")], forbidden),
            (Method::GET, vec![("host", "127.0.0.1.evil.example:6001")], forbidden),
            (Method::GET, vec![("host", "localhost:1"), ("origin", "http://evil.example")], None),
            (Method::PATCH, vec![("host", "localhost:1")], None),
            (Method::PATCH, vec![("host", "localhost:1"), ("origin", "http://localhost:1")], None),
            (Method::PATCH, vec![("host", "localhost:1"), ("origin", "http://localhost:3000")], forbidden),
            (Method::POST, vec![("host", "localhost:1"), ("origin", "null")], forbidden),
            (Method::DELETE, vec![("host", "localhost:1"), ("origin", "http://evil.example")], forbidden),
        ] {
            let checked = access.check_sender(&method, &Uri::from_static("/"), &headers_of(&headers));
            assert_eq!(checked.err().map(|problem| problem.fault), fault, "{method} {headers:?}");
        }
    }
}
