//! One cluster per machine: two locks, and a note that says who holds them.
//!
//! `running` is held by the node itself, so the kernel frees it when the node ends, whatever ended it. `changing` is held
//! by a command while it starts or stops a node.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::place::LOCKS;
use crate::parts::say;

/// Who runs the cluster.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Holder {
    /// The process above the node's first one, in the host's numbers.
    pub process: u32,
    /// The process that started the node.
    pub starter: u32,
    /// Its working folder.
    pub from: PathBuf,
    /// When, in UTC.
    pub since: String,
    /// Whether the node ends with the starter.
    pub tied: bool,
    /// The cluster's folder.
    pub place: PathBuf,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tied = if self.tied { ", for as long as that runs" } else { "" };
        let (from, starter, since) = (self.from.display(), self.starter, &self.since);
        write!(f, "started in {from} by process {starter} at {since}{tied}")
    }
}

/// The right to start or stop a node, until it is dropped. Waits for another command that has it.
pub fn changing() -> Result<File> {
    let file = open("changing")?;
    if !try_lock(&file)? {
        say("another command starts or stops the cluster: waiting for it");
        rustix::fs::flock(&file, FlockOperation::LockExclusive)?;
    }
    Ok(file)
}

/// The node's lock, not held by anybody before; `None` when a node runs.
pub fn running() -> Result<Option<File>> {
    let file = open("running")?;
    Ok(try_lock(&file)?.then_some(file))
}

/// Who runs a cluster now, if anybody does.
pub fn holder() -> Result<Option<Holder>> {
    if !Path::new(LOCKS).join("running").exists() || running()?.is_some() {
        return Ok(None);
    }
    match std::fs::read(note()) {
        // Taken, and not yet noted: its starter is at it.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        read => Ok(Some(serde_json::from_slice(&read?).context("the note of the cluster's holder")?)),
    }
}

/// Notes who runs the cluster.
pub fn write(holder: &Holder) -> Result<()> {
    let unready = note().with_extension("tmp");
    std::fs::write(&unready, serde_json::to_vec_pretty(holder)?)?;
    Ok(std::fs::rename(unready, note())?)
}

/// Takes the note away.
pub fn forget() -> Result<()> {
    match std::fs::remove_file(note()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn note() -> PathBuf {
    Path::new(LOCKS).join("holder.json")
}

fn open(name: &str) -> Result<File> {
    ensure!(
        rustix::process::geteuid().is_root(),
        "the built-in cluster needs root; or use --cluster existing"
    );
    std::fs::create_dir_all(LOCKS).with_context(|| format!("making {LOCKS}"))?;
    // The note in it is trusted.
    std::fs::set_permissions(LOCKS, Permissions::from_mode(0o700))?;
    let path = Path::new(LOCKS).join(name);
    File::options()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("opening {}", path.display()))
}

/// Only root may make namespaces and mounts.
///
/// # Errors
/// For anybody else, with the other way.
pub fn root() -> Result<()> {
    let root = rustix::process::geteuid().is_root();
    ensure!(
        root,
        "the built-in cluster needs root; a cluster of your own does as well, with --cluster existing"
    );
    Ok(())
}

fn try_lock(file: &File) -> Result<bool> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error).context("locking"),
    }
}
