//! One wire between host and node. The host's end holds [`HOST`], the other end is a port of the node's bridge, so host,
//! node and pods are neighbours: nothing is routed or forwarded by the host, its packet filter and its default routes
//! stay as they are, and all of it goes when the node's network namespace goes.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::place::{HOST, HOST_LINK, NODE, PODS, SERVICES};
use crate::parts::run;

/// The node's end of the wire.
const NODE_LINK: &str = "host";

/// Refuses to start beside something that uses the same addresses.
pub fn free() -> Result<()> {
    let routes = Command::new("ip").args(["-4", "route", "show"]).output().context("running ip")?;
    let routes = String::from_utf8_lossy(&routes.stdout).into_owned();
    let taken = taken(&routes);
    ensure!(
        taken.is_none(),
        "this machine already has a route into {PODS} or {SERVICES}, which the test cluster needs: `{}`. Another \
         container engine or cluster may be running; stop it, or use it with --cluster existing",
        taken.unwrap_or_default()
    );
    Ok(())
}

/// The first route into our networks that is not over our own wire.
fn taken(routes: &str) -> Option<&str> {
    let ours = [PODS, SERVICES].map(|network| network.trim_end_matches("0.0/16"));
    routes
        .lines()
        .filter(|line| !line.contains(HOST_LINK))
        .find(|line| ours.iter().any(|prefix| line.starts_with(prefix)))
}

/// On the host: lays the wire to the node whose first process this is.
pub fn connect(first_process: u32) -> Result<()> {
    let process = first_process.to_string();
    ip(&["link", "add", HOST_LINK, "type", "veth", "peer", "name", NODE_LINK, "netns", &process])?;
    ip(&["address", "add", &format!("{HOST}/16"), "dev", HOST_LINK])?;
    ip(&["link", "set", HOST_LINK, "up"])?;
    ip(&["route", "add", SERVICES, "via", NODE])
}

/// In the node: the bridge of the pods, with the wire in it.
pub fn bridge() -> Result<()> {
    ip(&["link", "set", "lo", "up"])?;
    // Of its own accord a bridge takes over the address of a new port, and its neighbours lose it for half a minute.
    ip(&["link", "add", "cni0", "address", "02:00:0a:58:00:02", "type", "bridge"])?;
    ip(&["address", "add", &format!("{NODE}/16"), "dev", "cni0"])?;
    ip(&["link", "set", NODE_LINK, "master", "cni0", "up"])?;
    ip(&["link", "set", "cni0", "up"])?;
    // The API server calls webhooks by their Service: without a way there it gives up before the filter sees the packet.
    ip(&["route", "add", SERVICES, "dev", "cni0"])?;
    // The namespace's own switches, not the host's. The second lets services answer neighbours on the bridge.
    std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").context("forwarding between pods")?;
    std::fs::write("/proc/sys/net/bridge/bridge-nf-call-iptables", "1").context("filtering on the bridge")
}

/// Kernels of distributions bring these as modules.
pub fn modules() -> Result<()> {
    for (sign, module) in
        [("/proc/sys/net/bridge/bridge-nf-call-iptables", "br_netfilter"), ("/sys/module/overlay", "overlay")]
    {
        if !Path::new(sign).exists() && !filesystem_known(module)? {
            run(Command::new("modprobe").arg(module))?;
        }
    }
    Ok(())
}

fn filesystem_known(module: &str) -> Result<bool> {
    let known = std::fs::read_to_string("/proc/filesystems").context("reading the kernel's file systems")?;
    Ok(known.split_whitespace().any(|name| name == module))
}

/// Whether the wire is there still.
pub fn connected() -> bool {
    Path::new("/sys/class/net").join(HOST_LINK).exists()
}

/// Takes the wire away, when a node that is gone has not.
pub fn disconnect() -> Result<()> {
    if connected() { ip(&["link", "delete", HOST_LINK]) } else { Ok(()) }
}

fn ip(arguments: &[&str]) -> Result<()> {
    run(Command::new("ip").args(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_of_somebody_else_is_seen_and_our_own_is_not() {
        let plain = "default via 192.0.2.1 dev eth0\n192.0.2.0/24 dev eth0 proto kernel scope link\n";
        let ours =
            "10.88.0.0/16 dev issuetracker0 scope link\n10.96.0.0/16 via 10.88.0.2 dev issuetracker0\n";
        let podman = "10.88.0.0/16 dev cni-podman0 proto kernel scope link\n";
        assert_eq!(taken(&[plain, ours].concat()), None);
        assert_eq!(taken(&[plain, podman].concat()), podman.lines().next());
    }
}
