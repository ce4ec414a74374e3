//! What there is of a cluster, for people and for the next start.

use std::fmt::Write;

use anyhow::Result;

use super::client::Client;
use super::lock::{self, Holder};
use super::place::{NODE_NAME, Place};
use super::{condition, node, stop};

/// Why a running cluster cannot be used, if it cannot.
pub fn broken(holder: &Holder, client: &Client) -> Result<Option<String>> {
    if stop::first_process(holder.process)?.is_none() {
        return Ok(Some(String::from("its first process ended")));
    }
    let place = Place::at(holder.place.clone());
    if !place.path("ready").exists() {
        return Ok(Some(String::from("its start was not finished")));
    }
    let ended = std::fs::read_to_string(place.path(node::ENDED)).unwrap_or_default();
    if let Some(first) = ended.lines().next() {
        return Ok(Some(first.to_owned()));
    }
    Ok(match client.get("", &format!("node/{NODE_NAME}")) {
        Err(error) => Some(error.to_string()),
        Ok(Some(object)) if condition(&object, "Ready") == Some("True") => None,
        Ok(_) => Some(String::from("its node is not Ready")),
    })
}

/// A page about the cluster of this machine.
pub fn page(client: impl FnOnce() -> Result<Client>) -> Result<String> {
    let Some(holder) = lock::holder()? else {
        return Ok(String::from("no cluster is up; `cargo xtest cluster up` starts one"));
    };
    let place = Place::at(holder.place.clone());
    let client = client()?;
    let state = broken(&holder, &client)?.map_or(String::from("ready"), |why| format!("broken: {why}"));
    let (processes, bytes) = memory(&holder)?;
    let mut page = format!("the cluster is up, {holder}\nstate:      {state}\n");
    // Writing to a text cannot fail.
    writeln!(page, "memory:     {} MB in {processes} processes, pods included", bytes / 1_000_000).ok();
    writeln!(page, "kubeconfig: {}", place.kubeconfig().display()).ok();
    writeln!(page, "logs:       {}", place.path("logs").display()).ok();
    write!(page, "audit log:  {}", place.path("audit.log").display()).ok();
    Ok(page)
}

/// The processes of the node and the memory that is theirs alone.
fn memory(holder: &Holder) -> Result<(usize, u64)> {
    let Some(first) = stop::first_process(holder.process)? else { return Ok((0, 0)) };
    let space = |process: &str| std::fs::read_link(format!("/proc/{process}/ns/pid_for_children")).ok();
    let own = space(&first.to_string());
    let (mut processes, mut bytes) = (0, 0);
    for entry in std::fs::read_dir("/proc")? {
        let entry = entry?.file_name();
        let Some(process) = entry.to_str().filter(|name| name.parse::<u32>().is_ok()) else { continue };
        // Processes of pods have a namespace within the node's; they are found by their control group instead.
        let of_pod = || {
            std::fs::read_to_string(format!("/proc/{process}/cgroup"))
                .is_ok_and(|groups| groups.contains(&format!("/{}/", super::place::CONTROL_GROUP)))
        };
        if own.is_some() && (space(process) == own || of_pod()) {
            processes += 1;
            bytes += resident(process);
        }
    }
    Ok((processes, bytes))
}

fn resident(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let own = status.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        ["RssAnon", "RssShmem"]
            .contains(&name)
            .then(|| value.split_whitespace().next()?.parse::<u64>().ok())?
    });
    own.sum::<u64>() * 1024
}
