//! The first process of the node. It runs in new namespaces of network, mounts and processes, prepares them, starts the
//! parts, and takes in what they orphan.
//!
//! When it ends, however it ends, the kernel kills every process of the node and drops its mounts, interfaces and packet
//! filter: nothing of a cluster can outlive it, so nothing has to be cleaned up one by one.

use std::fs::File;
use std::io::{BufRead, Write};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{WaitOptions, WaitStatus};

use super::build::Programs;
use super::place::{CONTROL_GROUP, Place};
use super::{network, processes};
use crate::parts::run;
use crate::wait;

/// Said to the node when its wire is laid.
pub const GO: &str = "go";

/// Said instead when the node is to end with the program that started it.
pub const GO_TIED: &str = "go, and end with me";

/// Folders that the node's programs know by these names and that are the host's otherwise: covered with folders of
/// the cluster, or with empty ones in memory.
const COVERED: &[(&str, Option<&str>)] = &[
    ("/run/netns", None),
    ("/run/containerd", None),
    ("/run/runc", None),
    ("/var/lib/cni", None),
    ("/var/lib/kubelet", Some("kubelet")),
    ("/var/log/pods", Some("pod-logs")),
    ("/var/log/containers", Some("container-logs")),
    ("/tmp/hostpath_pv", Some(VOLUMES)),
];

/// The folder of claimed volumes.
const VOLUMES: &str = "volumes";

/// Kernel settings that the kubelet insists on and writes if they differ. They are the whole machine's, so it is shown
/// files of these contents instead.
const TUNABLES: &[(&str, &str)] = &[
    ("vm/overcommit_memory", "1"),
    ("vm/panic_on_oom", "0"),
    ("kernel/panic", "10"),
    ("kernel/panic_on_oops", "1"),
    ("kernel/keys/root_maxkeys", "1000000"),
    ("kernel/keys/root_maxbytes", "25000000"),
];

/// How long the API server may take to answer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where the host's folders are noted that were made to be covered.
pub const MADE: &str = "made-folders";

/// Where parts are noted that ended.
pub const ENDED: &str = "ended";

/// Runs the node. Returns when its starter is gone, in the tied mode, and otherwise never.
pub fn run_first(place: &Place, programs: &Programs) -> Result<()> {
    let mut input = std::io::stdin().lock();
    let mut order = String::new();
    input.read_line(&mut order).context("waiting for the wire")?;
    let tied = match order.trim_end() {
        GO => false,
        GO_TIED => true,
        _ => bail!("the starter is gone"),
    };
    drop(input);
    mounts(place)?;
    network::bridge()?;
    control_groups()?;
    let mut parts = start_all(place, programs)?;
    if tied {
        std::thread::spawn(end_with_starter);
    }
    let volumes = place.path(VOLUMES);
    std::thread::spawn(move || open_volumes(&volumes));
    take_in(place, &mut parts)
}

fn mounts(place: &Place) -> Result<()> {
    run(Command::new("mount").args(["--make-rshared", "/"]))?;
    let mut made = File::create(place.path(MADE))?;
    for (folder, cover) in COVERED {
        if !Path::new(folder).exists() {
            std::fs::create_dir_all(folder).with_context(|| format!("making {folder}"))?;
            writeln!(made, "{folder}")?;
        }
        match cover {
            Some(cover) => {
                let cover = place.path(cover);
                std::fs::create_dir_all(&cover)?;
                run(Command::new("mount").arg("--bind").arg(cover).arg(folder))?;
            }
            None => run(Command::new("mount").args(["-t", "tmpfs", "-o", "mode=0755", "tmpfs", folder]))?,
        }
    }
    std::fs::create_dir_all(place.path("tunables"))?;
    for (name, value) in TUNABLES {
        let shown = place.path("tunables").join(name.replace('/', "."));
        std::fs::write(&shown, format!("{value}\n"))?;
        run(Command::new("mount").arg("--bind").arg(shown).arg(format!("/proc/sys/{name}")))?;
    }
    Ok(())
}

/// The kubelet wants its root group to be there, in each hierarchy.
fn control_groups() -> Result<()> {
    for hierarchy in hierarchies()? {
        std::fs::create_dir_all(hierarchy.join(CONTROL_GROUP))
            .with_context(|| format!("making a control group in {}", hierarchy.display()))?;
    }
    Ok(())
}

/// The roots of the control groups: one in version 2, one for each controller in version 1.
pub fn hierarchies() -> Result<Vec<std::path::PathBuf>> {
    let mounts = std::fs::read_to_string("/proc/self/mounts").context("reading the mounts")?;
    let groups = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (_, folder, kind) = (words.next()?, words.next()?, words.next()?);
        ["cgroup", "cgroup2"].contains(&kind).then(|| folder.into())
    });
    Ok(groups.collect())
}

fn start_all(place: &Place, programs: &Programs) -> Result<Vec<(&'static str, Child)>> {
    let start = |name: &&'static str| Ok((*name, processes::start(place, programs, name)?));
    let mut parts = processes::FIRST.iter().map(start).collect::<Result<Vec<_>>>()?;
    wait::reached("the API server answers", PATIENCE, || {
        for (name, part) in &mut parts {
            if let Some(status) = part.try_wait()? {
                bail!("{name} ended with {status}: see its log in {}", place.path("logs").display());
            }
        }
        let mut ask = Command::new(programs.path("kubectl"));
        ask.arg("--kubeconfig").arg(place.kubeconfig()).args(["get", "--raw=/readyz"]);
        Ok(ask.output()?.status.success().then_some(()))
    })?;
    for part in processes::THEN.iter().map(start) {
        parts.push(part?);
    }
    Ok(parts)
}

/// The provisioner of the controller manager makes folders for root alone and knows no `fsGroup`. Those of clusters that
/// people run give a volume to the pod's group, or to everybody; so does this one.
fn open_volumes(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    loop {
        for volume in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let open = std::fs::Permissions::from_mode(0o777);
            // A volume that goes in this moment needs no opening.
            std::fs::set_permissions(volume.path(), open).ok();
        }
        wait::pass(Duration::from_millis(200));
    }
}

/// The pipe to the starter is closed when it ends, whatever ended it.
fn end_with_starter() {
    let mut rest = String::new();
    while std::io::stdin().read_line(&mut rest).is_ok_and(|length| length > 0) {
        rest.clear();
    }
    std::process::exit(0);
}

fn how(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("with code {code}"),
        (_, Some(signal)) => format!("killed by signal {signal}"),
        _ => String::from("somehow"),
    }
}

/// Waits for every process of the node: parts, whose end is noted, and orphans of containers.
fn take_in(place: &Place, parts: &mut [(&'static str, Child)]) -> Result<()> {
    let mut ended = File::options().create(true).append(true).open(place.path(ENDED))?;
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((process, status))) => {
                let id = u32::try_from(process.as_raw_nonzero().get()).unwrap_or_default();
                if let Some((name, _)) = parts.iter().find(|(_, part)| part.id() == id) {
                    writeln!(ended, "{name} ended, {}", how(status))?;
                }
            }
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).context("waiting for the node's processes"),
        }
    }
}
