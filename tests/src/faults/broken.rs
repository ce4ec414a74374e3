//! Broken builds: patches that each take one rule of delivery away. A suite that does not notice is worth nothing.
//!
//! The tree as it is committed is laid out a second time, patched, and built into a target folder of its own, which
//! begins with what is built of other people's crates.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use super::{
    Plan,
    schedule::{Fault, Planned},
    store::Kind,
};
use crate::parts::{run, say, target};

/// A rule that is taken away, and what brings that to light.
#[derive(Clone, Copy, Debug)]
pub struct Broken {
    /// Of the patch in `tests/faults/broken`.
    pub name: &'static str,
    /// What is wrong with it.
    pub says: &'static str,
    /// Seconds of load, and its slowness.
    load: (u64, u64),
    /// Begin and length in milliseconds.
    faults: &'static [(u64, u64, Fault)],
}

/// Every one of them.
pub const BROKEN: &[Broken] = &[
    Broken {
        name: "commit-before-store",
        says: "the consumer commits offsets before it stores",
        load: (34, 1),
        faults: &[
            (4_000, 7_000, Fault::StoreDown),
            (7_000, 300, Fault::KillConsumer),
            (24_000, 6_000, Fault::StoreDown),
            (27_000, 300, Fault::KillConsumer),
        ],
    },
    Broken {
        name: "answer-before-write",
        says: "202 is answered before the accept is written",
        load: (20, 1),
        faults: &[
            (3_000, 2_000, Fault::FullDisk(0)),
            (6_000, 300, Fault::KillSidecar(1)),
            (7_000, 2_000, Fault::FullDisk(1)),
            (11_000, 2_000, Fault::FullDisk(0)),
        ],
    },
    Broken {
        name: "seal-after-send",
        says: "a record is sent before its seal is durable",
        load: (24, 8),
        // A second after a start all windows that were restored end at once: the next kill comes right then.
        faults: &[
            (3_000, 150, Fault::KillSidecar(0)),
            (3_700, 150, Fault::KillSidecar(1)),
            (4_210, 150, Fault::KillSidecar(0)),
            (4_940, 150, Fault::KillSidecar(1)),
            (5_460, 150, Fault::KillSidecar(0)),
            (6_220, 150, Fault::KillSidecar(1)),
            (6_750, 150, Fault::KillSidecar(0)),
            (7_540, 150, Fault::KillSidecar(1)),
            (8_080, 150, Fault::KillSidecar(0)),
            (8_900, 150, Fault::KillSidecar(1)),
            (9_450, 150, Fault::KillSidecar(0)),
            (10_300, 150, Fault::KillSidecar(1)),
            (10_860, 150, Fault::KillSidecar(0)),
            (11_740, 150, Fault::KillSidecar(1)),
            (12_100, 150, Fault::KillSidecar(0)),
            (12_950, 150, Fault::KillSidecar(1)),
            (13_380, 150, Fault::KillSidecar(0)),
            (14_200, 150, Fault::KillSidecar(1)),
            (14_700, 150, Fault::KillSidecar(0)),
            (15_490, 150, Fault::KillSidecar(1)),
            (16_060, 150, Fault::KillSidecar(0)),
            (16_820, 150, Fault::KillSidecar(1)),
            (17_460, 150, Fault::KillSidecar(0)),
            (18_190, 150, Fault::KillSidecar(1)),
        ],
    },
    Broken {
        name: "seen-dropped",
        says: "the consumer does not look whether it has seen a record",
        load: (20, 1),
        faults: &[
            (4_000, 200, Fault::KillSidecar(0)),
            (6_000, 200, Fault::KillSidecar(1)),
            (8_000, 300, Fault::KillConsumer),
            (12_000, 0, Fault::Replay),
        ],
    },
    Broken {
        name: "one-sent-again",
        says: "one record is sent again alone after its delivery timed out",
        load: (40, 1),
        faults: &[
            (4_000, 4_000, Fault::Cut),
            (13_000, 4_000, Fault::Cut),
            (22_000, 4_500, Fault::Cut),
            (31_000, 4_000, Fault::Cut),
        ],
    },
];

/// The one of this name.
pub fn named(name: &str) -> Result<&'static Broken> {
    let names: Vec<&str> = BROKEN.iter().map(|broken| broken.name).collect();
    BROKEN
        .iter()
        .find(|broken| broken.name == name)
        .with_context(|| format!("there is no {name}; there are {}", names.join(", ")))
}

impl Broken {
    /// What brings it to light, carried out by these programs.
    pub fn plan(&self, seed: u64, programs: PathBuf) -> Plan {
        let planned = |&(at, lasts, fault): &(u64, u64, Fault)| Planned {
            at: Duration::from_millis(at),
            lasts: Duration::from_millis(lasts),
            fault,
        };
        let faults = self.faults.iter().map(planned).collect();
        let (load, store) = (Duration::from_secs(self.load.0), Kind::Sqlite);
        Plan { seed, load, slow: self.load.1, faults, programs, store }
    }

    /// Builds it. Returns the folder of its binaries.
    pub fn build(&self) -> Result<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
        let built = target()?.join("broken");
        let tree = built.join("tree");
        lay_out(&root, &tree)?;
        let patch = root.join(format!("tests/faults/broken/{}.patch", self.name));
        // Outside of any repository, as far as git can see: paths are taken as they stand.
        run(Command::new("git")
            .args(["apply", "--whitespace=nowarn"])
            .arg(&patch)
            .current_dir(&tree)
            .env("GIT_CEILING_DIRECTORIES", &built))
        .with_context(|| format!("applying {}", patch.display()))?;
        borrow(&target()?.join("debug"), &built.join("debug"))?;
        say(&format!("building {}: {}", self.name, self.says));
        let bins = ["issuetracker-sidecar", "issuetracker-consumer", "issuetracker-shim"];
        let bins = bins.iter().flat_map(|bin| ["--bin", bin]);
        run(cargo()
            .args(["build", "--quiet", "--workspace"])
            .args(bins)
            .current_dir(&tree)
            .env("CARGO_TARGET_DIR", &built))?;
        Ok(built.join("debug"))
    }
}

#[expect(clippy::disallowed_methods, reason = "cargo tells its commands where it is")]
fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Lays the committed tree out in a folder, leaving files alone that are as they should be: those need no new build.
fn lay_out(root: &Path, tree: &Path) -> Result<()> {
    let output = Command::new("git")
        .args(["ls-tree", "-r", "-z", "--name-only", "HEAD"])
        .current_dir(root)
        .output()?;
    ensure!(output.status.success(), "git cannot list the tree");
    let names = String::from_utf8(output.stdout)?;
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let shown = Command::new("git").args(["show", &format!("HEAD:{name}")]).current_dir(root).output()?;
        ensure!(shown.status.success(), "git cannot show {name}");
        let path = tree.join(name);
        if fs::read(&path).is_ok_and(|there| there == shown.stdout) {
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, &shown.stdout)?;
    }
    Ok(())
}

/// Crates of this workspace, as cargo names what it makes of them.
const OURS: &[&str] = &[
    "issue", "shim", "kafka", "intake", "sidecar", "consumer", "operator", "tests", "xtest", "xbench", "xgen",
];

/// Links what is built of other people's crates from one target folder into another.
fn borrow(from: &Path, to: &Path) -> Result<()> {
    if to.join("deps").is_dir() {
        return Ok(());
    }
    for part in ["deps", "build", ".fingerprint"] {
        fs::create_dir_all(to)?;
        run(Command::new("cp").arg("-al").arg(from.join(part)).arg(to))?;
        for entry in fs::read_dir(to.join(part))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !is_ours(&name) {
                continue;
            }
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
        }
    }
    if !to.join("deps").is_dir() {
        bail!("nothing is built yet");
    }
    Ok(())
}

/// `libsidecar-1f….rlib`, `sidecar-1f…`, `issuetracker_sidecar-…`.
fn is_ours(file: &str) -> bool {
    let name = file.rsplit_once('-').map_or(file, |(name, _)| name);
    let name = name.strip_prefix("lib").unwrap_or(name);
    name.starts_with("issuetracker") || name.starts_with("kafka") || OURS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_broken_build_has_its_patch_and_every_patch_its_build() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("faults/broken");
        let mut there: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().trim_end_matches(".patch").to_owned())
            .collect();
        let mut known: Vec<&str> = BROKEN.iter().map(|broken| broken.name).collect();
        there.sort();
        known.sort_unstable();
        assert_eq!(there, known);
    }

    #[test]
    fn what_is_ours_is_not_borrowed() {
        for (file, ours) in [
            ("libsidecar-1f0a.rlib", true),
            ("sidecar-1f0a", true),
            ("issuetracker_sidecar-1f0a.d", true),
            ("kafka_reader-1f0a", true),
            ("libtokio-1f0a.rmeta", false),
            ("serde-1f0a", false),
        ] {
            assert_eq!(is_ours(file), ours, "{file}");
        }
    }
}
