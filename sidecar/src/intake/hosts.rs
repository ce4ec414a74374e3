//! Whose requests are ours: the names under which this address is meant to be reached.
//!
//! A loopback address can be reached by every web page that a browser on this machine shows. A page of another origin
//! says so in `Origin`; a page whose own name was pointed at 127.0.0.1 (DNS rebinding) says so in `Host`.

use std::net::IpAddr;

/// The names that `Host` and `Origin` may carry: loopback ones always, and these.
#[derive(Clone, Debug, Default)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// `names` without ports, in any case.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().map(|name| name.to_ascii_lowercase()).collect())
    }

    /// Whether an authority (`host`, `host:port`, `[v6]:port`) is one of ours. The port says nothing.
    pub fn know(&self, authority: &str) -> bool {
        let host = host_of(authority).to_ascii_lowercase();
        let loopback = host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        loopback || host == "localhost" || host.ends_with(".localhost") || self.0.contains(&host)
    }

    /// Whether an `Origin` (RFC 6454, section 7) is one of ours. `null`, which sandboxed pages send, is not.
    pub fn know_origin(&self, origin: &str) -> bool {
        origin.split_once("://").is_some_and(|(_, authority)| self.know(authority))
    }
}

/// The host of an authority, without the brackets of an IPv6 address.
fn host_of(authority: &str) -> &str {
    if let Some((host, _)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return host;
    }
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_and_named_hosts_are_known_and_nothing_else() {
        let hosts = Hosts::new(["Tracker.example".to_owned()]);
        for known in [
            "127.0.0.1",
            "127.0.0.1:6001",
            "127.9.9.9:1",
            "localhost",
            "LocalHost:80",
            "app.localhost:1",
            "[::1]",
            "[::1]:6001",
            "tracker.example:443",
        ] {
            assert!(hosts.know(known), "{known}");
            assert!(hosts.know_origin(&format!("http://{known}")), "{known}");
        }
        for foreign in [
            "",
            "evil.example",
            "evil.example:6001",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "notlocalhost",
            "127.0.0.1@evil.example",
            "192.168.0.1",
            "[::2]:1",
            "a.tracker.example",
        ] {
            assert!(!hosts.know(foreign), "{foreign}");
            assert!(!hosts.know_origin(&format!("http://{foreign}")), "{foreign}");
        }
        assert!(!hosts.know_origin("null") && !hosts.know_origin("127.0.0.1"));
    }
}
