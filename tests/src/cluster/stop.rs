//! Ending a node, and removing what the end of its namespaces leaves: folders and control groups.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use super::lock::{self, Holder};
use super::place::{CONTROL_GROUP, LOCKS, Place};
use super::{network, node};
use crate::parts::say;
use crate::wait::reached;

/// How long the kernel may take to end a node's processes.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is kept of a cluster that is gone.
const KEPT: &[&str] = &["logs", "audit.log"];

/// Stops the node that this holder runs. The caller holds the right to change.
pub fn stop(holder: &Holder) -> Result<()> {
    say("stopping the cluster");
    kill(holder.process)?;
    // The lock is the node's: it is free when the node's first process is gone.
    reached("the end of the node", PATIENCE, || Ok(lock::running()?.map(drop)))?;
    let place = Place::at(holder.place.clone());
    end(&place)?;
    remove_all_but(place.folder(), KEPT)?;
    lock::forget()
}

/// Kills the first process of a node, and with it all others.
pub fn kill(process: u32) -> Result<()> {
    // Killed first, `unshare` would tell nobody; its child dies with it all the same.
    let target = first_process(process)?.unwrap_or(process);
    let target = i32::try_from(target).ok().and_then(Pid::from_raw).context("the id of a process")?;
    match kill_process(target, Signal::KILL) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error).context("killing the node"),
    }
}

/// The child of `unshare`, in the host's numbers.
pub fn first_process(process: u32) -> Result<Option<u32>> {
    match std::fs::read_to_string(format!("/proc/{process}/task/{process}/children")) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        children => {
            let children = children.context("reading the children of a process")?;
            Ok(children.split_whitespace().next().and_then(|child| child.parse().ok()))
        }
    }
}

/// Removes everything of an earlier cluster, however that ended. No node runs.
pub fn clean(place: &Place) -> Result<()> {
    end(place)?;
    remove_all_but(place.folder(), &[])?;
    std::fs::create_dir_all(place.folder()).with_context(|| format!("making {}", place.folder().display()))
}

/// Takes away what is outside of the cluster's folder. The kernel may be at it still: killed processes leave their
/// control groups one by one.
fn end(place: &Place) -> Result<()> {
    network::disconnect()?;
    for hierarchy in node::hierarchies()? {
        let group = hierarchy.join(CONTROL_GROUP);
        reached("the end of the pods' processes", PATIENCE, || {
            Ok((remove_group(&group).is_ok() && !group.exists()).then_some(()))
        })?;
    }
    let made = std::fs::read_to_string(place.path(node::MADE)).unwrap_or_default();
    for folder in made.lines().collect::<Vec<_>>().iter().rev() {
        // Only an empty one goes: another program may use it by now.
        if let Err(error) = std::fs::remove_dir(folder)
            && Path::new(folder).exists()
        {
            say(&format!("{folder} is kept: {error}"));
        }
    }
    Ok(())
}

/// Control groups are removed from the leaves up, and their files with them.
fn remove_group(group: &Path) -> std::io::Result<()> {
    if !group.exists() {
        return Ok(());
    }
    for entry in std::fs::read_dir(group)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_group(&entry.path())?;
        }
    }
    std::fs::remove_dir(group)
}

fn remove_all_but(folder: &Path, kept: &[&str]) -> Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if kept.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let path = entry.path();
        let removed = match entry.file_type()?.is_dir() {
            true => std::fs::remove_dir_all(&path),
            false => std::fs::remove_file(&path),
        };
        removed.with_context(|| format!("removing {}", path.display()))?;
    }
    Ok(())
}

/// Whether nothing of a cluster is left outside of its folder, for the test of that.
pub fn traces() -> Result<Vec<String>> {
    let mut traces = Vec::new();
    if network::connected() {
        traces.push(String::from("the wire"));
    }
    for hierarchy in node::hierarchies()? {
        let group = hierarchy.join(CONTROL_GROUP);
        if group.exists() {
            traces.push(group.display().to_string());
        }
    }
    let mounts = std::fs::read_to_string("/proc/self/mounts")?;
    let named = |line: &&str| line.contains("issuetracker/cluster") || line.contains(LOCKS);
    traces.extend(mounts.lines().filter(named).map(str::to_owned));
    Ok(traces)
}
