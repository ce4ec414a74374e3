//! Who may come in. Until people log in, that is whoever knows the token, or on a loopback address whoever runs on this
//! machine and is not a stranger's page in its browser.

use std::net::{IpAddr, SocketAddr};

use ::intake::problem::{Fault, Problem};
use axum::http::{HeaderMap, Method, Uri, header};

/// A token shorter than this is guessed too soon.
const SHORTEST_TOKEN: usize = 16;

/// Why a service refuses to be opened.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OpenByAccident {
    /// Nobody would be asked for anything.
    #[error(
        "{0} can be reached from other machines: give a token with ISSUETRACKER_TOKEN_FILE, or listen on 127.0.0.1"
    )]
    NoToken(SocketAddr),
    /// Everybody would guess it.
    #[error("the token has fewer than {SHORTEST_TOKEN} characters")]
    ShortToken,
}

/// The rule for this service.
#[derive(Clone, Debug)]
pub struct Access {
    token: Option<Token>,
    /// Names that `Host` may carry; `None`: any, for then the token is what counts.
    hosts: Option<Vec<String>>,
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
        Self { token: None, hosts: Some(name.into_iter().map(str::to_ascii_lowercase).collect()) }
    }

    /// For a service that listens at `address`. An address that others reach demands a token.
    pub fn at(address: SocketAddr, name: Option<&str>, token: Option<&str>) -> Result<Self, OpenByAccident> {
        let local = Self::loopback(name);
        match token.map(str::trim) {
            Some(token) if token.len() < SHORTEST_TOKEN => Err(OpenByAccident::ShortToken),
            Some(token) => {
                let hosts = local.hosts.filter(|_| address.ip().is_loopback());
                Ok(Self { token: Some(Token(token.to_owned())), hosts })
            }
            None if address.ip().is_loopback() => Ok(local),
            None => Err(OpenByAccident::NoToken(address)),
        }
    }

    /// Lets a request in, or says why not.
    pub fn admit(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
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
        self.check_token(headers)
    }

    fn check_token(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(Token(token)) = &self.token else { return Ok(()) };
        let given = headers.get(header::AUTHORIZATION).and_then(|given| given.to_str().ok());
        let given = given.and_then(|given| given.split_once(' '));
        match given {
            Some((scheme, given))
                if scheme.eq_ignore_ascii_case("bearer")
                    && same(given.trim().as_bytes(), token.as_bytes()) =>
            {
                Ok(())
            }
            _ => {
                Err(Problem::new(Fault::Unauthorized, "send the header Authorization: Bearer with the token"))
            }
        }
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

/// Compares without telling by its time how much agrees.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn admitted(access: &Access, method: &Method, headers: &[(&'static str, &'static str)]) -> Option<Fault> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        access.admit(method, &Uri::from_static("/"), &map).err().map(|problem| problem.fault)
    }

    #[test]
    fn an_address_that_others_reach_demands_a_token() {
        let open: SocketAddr = "0.0.0.0:6001".parse().expect("an address");
        let local: SocketAddr = "127.0.0.1:6001".parse().expect("an address");
        assert_eq!(Access::at(open, None, None).err(), Some(OpenByAccident::NoToken(open)));
        assert_eq!(Access::at(open, None, Some("short")).err(), Some(OpenByAccident::ShortToken));
        assert!(Access::at(open, None, Some("0123456789abcdef")).is_ok());
        assert!(Access::at(local, None, None).is_ok());
        assert!(Access::at("[::1]:1".parse().expect("an address"), None, None).is_ok());
    }

    #[test]
    fn a_token_is_demanded_whole() {
        let open = "0.0.0.0:6001".parse().expect("an address");
        let access = Access::at(open, None, Some("0123456789abcdef\n")).expect("it may be opened");
        for (given, fault) in [
            ("Bearer 0123456789abcdef", None),
            ("bearer 0123456789abcdef", None),
            ("Bearer 0123456789abcde", Some(Fault::Unauthorized)),
            ("Bearer 0123456789abcdefg", Some(Fault::Unauthorized)),
            ("Bearer ", Some(Fault::Unauthorized)),
            ("Basic 0123456789abcdef", Some(Fault::Unauthorized)),
            ("0123456789abcdef", Some(Fault::Unauthorized)),
        ] {
            let headers = [("host", "tracker.example"), ("authorization", given)];
            assert_eq!(admitted(&access, &Method::GET, &headers), fault, "{given}");
        }
        assert_eq!(admitted(&access, &Method::GET, &[]), Some(Fault::Unauthorized));
        assert!(!format!("{access:?}").contains("0123"), "a token is printed");
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
            assert_eq!(admitted(&access, &method, &headers), fault, "{method} {headers:?}");
        }
    }
}
