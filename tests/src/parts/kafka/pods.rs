//! A broker that pods of the test cluster reach as well.

use std::net::TcpListener;

use anyhow::{Context, Result};

use super::Kafka;
use crate::cluster::place::HOST;

impl Kafka {
    /// Restarts the broker with one more listener, at the host's address in a cluster that is up. Returns the address
    /// for pods.
    ///
    /// # Errors
    /// When no cluster is up: the address is there only with it.
    pub async fn serve_pods(&mut self) -> Result<String> {
        let free = TcpListener::bind((HOST, 0)).context("the host's address in the test cluster")?;
        let address = free.local_addr()?.to_string();
        drop(free);
        let path = self.folder.path().join("server.properties");
        let text = with_listener(&std::fs::read_to_string(&path)?, &address);
        std::fs::write(&path, text)?;
        self.restart().await?;
        Ok(address)
    }
}

/// The same settings with one more plain listener, which tells clients that same address.
fn with_listener(properties: &str, address: &str) -> String {
    let added = |line: &str| match line.split_once('=').map(|(name, _)| name) {
        Some("listeners" | "advertised.listeners") => format!("{line},PODS://{address}\n"),
        Some("listener.security.protocol.map") => format!("{line},PODS:PLAINTEXT\n"),
        _ => format!("{line}\n"),
    };
    properties.lines().map(added).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_added_wherever_listeners_are_named() {
        let text = "node.id=1\nlisteners=A://1:1\nadvertised.listeners=A://1:1\nlistener.security.protocol.map=A:B\n";
        let expect = "node.id=1\nlisteners=A://1:1,PODS://2:2\nadvertised.listeners=A://1:1,PODS://2:2\n\
                      listener.security.protocol.map=A:B,PODS:PLAINTEXT\n";
        assert_eq!(with_listener(text, "2:2"), expect);
    }
}
