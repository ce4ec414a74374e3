//! Carries requests over HTTPS, to what was configured and nowhere else: no redirects, no plain HTTP and no addresses of
//! private networks unless the outlet allows them. The name is resolved once, what is found is judged, and the connection goes
//! to just that address, so that a name that changes its mind leads nowhere else.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use async_trait::async_trait;
use reqwest::{Client, Url, redirect};

use super::{Answer, Courier, Failure, Mail, Request, exchange::Meaning, smtp::Smtp};

/// A third of a claim.
const TIME: Duration = Duration::from_secs(20);

/// Bytes of an answer that are read.
const MOST: usize = 64 * 1024;

/// The courier of the service.
#[derive(Clone, Debug)]
pub struct Https {
    /// How long an attempt may take.
    pub time: Duration,
    /// How mail is carried.
    pub mail: Smtp,
}

impl Default for Https {
    fn default() -> Self {
        Self { time: TIME, mail: Smtp::default() }
    }
}

#[async_trait]
impl Courier for Https {
    async fn carry(&self, request: &Request, private: bool) -> Result<Answer, Failure> {
        let not_sent = |why: &str| Failure::NotSent(why.to_owned());
        let url = Url::parse(&request.url).map_err(|_| not_sent("the address cannot be read"))?;
        if url.scheme() != "https" && !(private && url.scheme() == "http") {
            return Err(not_sent("the address is not https"));
        }
        let host = url.host_str().ok_or_else(|| not_sent("the address names no host"))?.to_owned();
        let port = url.port_or_known_default().unwrap_or(443);
        let address = resolve(&host, port, private).await?;
        let client = Client::builder()
            .timeout(self.time)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .resolve(host.trim_matches(['[', ']']), address)
            .build()
            .map_err(|error| Failure::NotSent(crate::health::told(&error.without_url())))?;
        let mut sending = client.post(url).body(request.body.clone());
        for (name, value) in &request.headers {
            sending = sending.header(*name, value);
        }
        let mut response = sending.send().await.map_err(failed)?;
        let retry_after =
            response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while body.len() < MOST {
            match response.chunk().await {
                Ok(Some(bytes)) => body.extend_from_slice(&bytes),
                Ok(None) => break,
                Err(error) => return Err(failed(error)),
            }
        }
        body.truncate(MOST);
        Ok(Answer { status, retry_after, body: String::from_utf8_lossy(&body).into_owned() })
    }

    async fn post(&self, mail: &Mail, private: bool) -> Meaning {
        self.mail.post(mail, private).await
    }
}

/// A connection that was never made has sent nothing; of everything else nobody knows.
fn failed(error: reqwest::Error) -> Failure {
    let never = error.is_connect() || error.is_builder();
    let told = crate::health::told(&error.without_url());
    if never { Failure::NotSent(told) } else { Failure::Unknown(told) }
}

pub(super) async fn resolve(host: &str, port: u16, private: bool) -> Result<SocketAddr, Failure> {
    let plain = host.trim_matches(['[', ']']);
    let found = tokio::net::lookup_host((plain, port)).await;
    let found: Vec<SocketAddr> =
        found.map_err(|error| Failure::NotSent(format!("the host is not found: {error}")))?.collect();
    let fit = found.into_iter().find(|address| private || is_public(address.ip()));
    fit.ok_or_else(|| Failure::NotSent("the host has no address outside of private networks".to_owned()))
}

/// Whether an address is one of the internet (IANA's special-purpose registries, as far as they are not).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4_mapped() {
                return is_public_v4(v4);
            }
            let first = v6.segments()[0];
            // Global unicast but for documentation, Teredo, 6to4 and the translation prefixes, which lead elsewhere.
            (0x2000..0x4000).contains(&first)
                && first != 0x2002
                && !(first == 0x2001 && v6.segments()[1] < 0x0200)
                && !(first == 0x2001 && v6.segments()[1] == 0x0db8)
        }
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let special = v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_broadcast()
        || v4.is_documentation()
        || v4.is_unspecified()
        || v4.is_multicast();
    // Shared (RFC 6598), protocol assignments (RFC 6890), benchmarks (RFC 2544), reserved.
    !(special
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 240
        || a == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_within_are_told_from_those_outside() {
        for (address, public) in [
            ("1.1.1.1", true),
            ("104.192.136.1", true),
            ("2606:4700::1111", true),
            ("10.0.0.1", false),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("192.168.1.1", false),
            ("0.0.0.0", false),
            ("::1", false),
            ("::ffff:10.0.0.1", false),
            ("64:ff9b::a00:1", false),
            ("2002:a00:1::", false),
            ("fd00::1", false),
            ("fe80::1", false),
        ] {
            assert_eq!(is_public(address.parse().expect("an address")), public, "{address}");
        }
    }

    #[tokio::test]
    async fn nothing_is_sent_where_nothing_may_go() {
        let request = |url: &str| Request { url: url.to_owned(), headers: Vec::new(), body: String::new() };
        for (url, private) in [
            ("http://1.1.1.1/", false),
            ("https://127.0.0.1:1/", false),
            ("https://[::1]:1/", false),
            ("ftp://127.0.0.1/", true),
            ("https://", true),
        ] {
            let failure = Https::default().carry(&request(url), private).await.expect_err("nothing is sent");
            assert!(matches!(failure, Failure::NotSent(_)), "{url}: {failure:?}");
        }
    }
}
