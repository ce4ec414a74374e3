//! The way to a tracker in a cluster: `kubectl` knows contexts, logins and proxies, so it is asked to open a port and to read
//! the token.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context, bail};

use crate::arguments::Place;

pub mod leash;

/// What the operator names the tracker's Service and its Secret in every namespace.
const SERVICE: &str = "svc/issuetracker";
const SECRET: &str = "issuetracker-token";

/// The port of the Service.
const PORT: &str = ":6001";

/// So long `kubectl` may take to open the port.
const PATIENCE: Duration = Duration::from_secs(30);

/// A port of this machine that leads to the tracker for as long as this is kept.
pub struct Forward {
    /// The address to ask.
    pub url: String,
    child: Child,
}

impl Forward {
    /// Lets `kubectl` open one.
    pub fn open(place: &Place) -> anyhow::Result<Self> {
        let mut kubectl = kubectl(place);
        kubectl.args(["port-forward", "--address", "127.0.0.1", SERVICE, PORT]);
        let mut kubectl = leash::on(&kubectl)?;
        kubectl.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = kubectl.spawn().context(NO_KUBECTL)?;
        let (said, complaints) = (child.stdout.take(), child.stderr.take());
        let mut forward = Self { url: String::new(), child };
        let (tell, told) = mpsc::channel();
        // It goes on to speak of every connection, and would stop if nobody listened.
        thread::spawn(move || {
            let lines = BufReader::new(said.into_iter().next()?).lines().map_while(Result::ok);
            lines.filter_map(|line| port(&line)).for_each(|port| tell.send(port).unwrap_or_default());
            Some(())
        });
        let (complain, complained) = mpsc::channel();
        thread::spawn(move || {
            let mut text = String::new();
            let read = complaints.map(|from| BufReader::new(from.take(4_096)).read_to_string(&mut text));
            drop((read, complain.send(text)));
        });
        match told.recv_timeout(PATIENCE) {
            Ok(port) => {
                forward.url = format!("http://127.0.0.1:{port}");
                Ok(forward)
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                bail!("kubectl did not open a port within {} s", PATIENCE.as_secs())
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let why = complained.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
                bail!("kubectl does not reach the tracker of {}: {}", named(place), why.trim())
            }
        }
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        // One that has ended already cannot be ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const NO_KUBECTL: &str = "kubectl cannot be started: install it, or name the tracker with --server URL";

/// The port in `Forwarding from 127.0.0.1:40123 -> 6001`.
fn port(line: &str) -> Option<u16> {
    let address = line.strip_prefix("Forwarding from ")?.split(' ').next()?;
    address.rsplit_once(':')?.1.parse().ok()
}

/// The token that the tracker's Secret holds.
pub fn token(place: &Place) -> anyhow::Result<String> {
    let mut kubectl = kubectl(place);
    kubectl.args(["get", "secret", SECRET, "--output", "go-template={{.data.token | base64decode}}"]);
    let answer = kubectl.stdin(Stdio::null()).output().context(NO_KUBECTL)?;
    let token = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    if !answer.status.success() || token.is_empty() {
        let why = String::from_utf8_lossy(&answer.stderr).trim().to_owned();
        bail!(
            "the token of {} cannot be read; name a file with one of yours with --token-file FILE: {why}",
            named(place)
        );
    }
    Ok(token)
}

fn kubectl(place: &Place) -> Command {
    let mut kubectl = Command::new("kubectl");
    if let Some(kubeconfig) = &place.kubeconfig {
        kubectl.arg("--kubeconfig").arg(kubeconfig);
    }
    for (flag, value) in [("--context", &place.context), ("--namespace", &place.namespace)] {
        kubectl.args(value.iter().flat_map(|value| [flag, value]));
    }
    kubectl
}

fn named(place: &Place) -> String {
    place
        .namespace
        .as_ref()
        .map_or("the current namespace".to_owned(), |name| format!("the namespace {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_what_kubectl_says() {
        for (line, expect) in [
            ("Forwarding from 127.0.0.1:40123 -> 6001", Some(40_123)),
            ("Forwarding from [::1]:40123 -> 6001", Some(40_123)),
            ("Handling connection for 40123", None),
            ("Forwarding from nowhere", None),
            ("", None),
        ] {
            assert_eq!(port(line), expect, "{line:?}");
        }
    }
}
