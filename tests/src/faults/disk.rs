//! A small file system that can be filled up: only a really full one gives ENOSPC.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::parts::{run, say};

/// What lies in the way.
const BALLAST: &str = "ballast";

/// A mounted file system of its own. Unmounted when dropped.
#[derive(Debug)]
pub struct Disk {
    path: PathBuf,
}

impl Disk {
    /// Mounts `mib` MiB at `path`. Only root may.
    pub fn mount(path: &Path, mib: u64) -> Result<Self> {
        fs::create_dir_all(path)?;
        let size = format!("size={mib}m");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "issuetracker-faults"]).arg(path))
            .context("mounting a small file system needs root")?;
        Ok(Self { path: path.to_owned() })
    }

    /// From now on no byte more fits.
    pub fn fill(&self) -> Result<()> {
        let mut ballast = fs::File::create(self.path.join(BALLAST))?;
        for size in [64 * 1024, 4096, 1] {
            let block = vec![0; size];
            loop {
                match ballast.write_all(&block) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                    Err(error) => return Err(error).context("filling a disk"),
                }
            }
        }
        Ok(())
    }

    /// There is room again.
    pub fn empty(&self) -> Result<()> {
        fs::remove_file(self.path.join(BALLAST)).context("making room on a disk")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Err(error) = run(Command::new("umount").arg("--lazy").arg(&self.path)) {
            say(&format!("a file system may be left behind: {error:#}"));
        }
    }
}

/// Unmounts what runs that were killed left behind in the folder for temporary files: their names carry the ids of
/// processes, and those are gone.
pub fn clean(prefix: &str) -> Result<()> {
    let mounts = fs::read_to_string("/proc/mounts")?;
    for path in mounts.lines().filter_map(|line| line.split(' ').nth(1)) {
        let Some(rest) = path.rsplit_once(prefix).map(|(_, rest)| rest) else { continue };
        let owner = rest.split('-').next().unwrap_or_default();
        if owner.parse::<u32>().is_ok() && !Path::new("/proc").join(owner).exists() {
            run(Command::new("umount").arg("--lazy").arg(path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_takes_nothing_and_takes_again() {
        let folder = tempfile::tempdir().unwrap();
        let disk = match Disk::mount(folder.path(), 1) {
            Ok(disk) => disk,
            Err(error) => {
                assert!(!rustix::process::geteuid().is_root(), "root may mount: {error:#}");
                return say("left out: a full disk (only root may mount one)");
            }
        };
        let write = || fs::write(folder.path().join("file"), [1; 5000]);
        write().unwrap();
        fs::remove_file(folder.path().join("file")).unwrap();
        disk.fill().unwrap();
        assert_eq!(write().unwrap_err().kind(), io::ErrorKind::StorageFull);
        disk.empty().unwrap();
        write().unwrap();
    }
}
