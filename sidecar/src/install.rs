//! Putting the shim where the application's containers find it: `issuetracker-sidecar install-shim DIR`, run by a pod's
//! first step out of the image that holds both.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// The program's name, in the image and in the folder.
pub const SHIM: &str = "issuetracker-shim";

/// Everybody may run it: the application's container has a user of its own.
const MODE: u32 = 0o755;

/// The shim is not installed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {step} {path}: {source}")]
pub struct InstallError {
    /// What failed.
    step: &'static str,
    /// With which file.
    path: PathBuf,
    /// Why.
    source: io::Error,
}

/// Copies `shim` into `dir`. Whoever starts the file meanwhile finds the old one or the new one, whole.
pub fn install(shim: &Path, dir: &Path) -> Result<PathBuf, InstallError> {
    let fail = |step, path: &Path| {
        let path = path.to_owned();
        move |source| InstallError { step, path, source }
    };
    let target = dir.join(SHIM);
    let unfinished = dir.join(format!(".{SHIM}.{}", std::process::id()));
    let mut from = File::open(shim).map_err(fail("read", shim))?;
    let copied = copy(&mut from, &unfinished).and_then(|()| fs::rename(&unfinished, &target));
    if let Err(source) = copied {
        if let Err(error) = fs::remove_file(&unfinished) {
            tracing::debug!(%error, "nothing was left to remove");
        }
        return Err(fail("write", &target)(source));
    }
    // The volume lives as long as the pod: a crash of the node takes both, so the folder needs no sync.
    Ok(target)
}

fn copy(from: &mut File, to: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(to)?;
    io::copy(from, &mut file)?;
    // The process's umask may have taken rights away.
    file.set_permissions(Permissions::from_mode(MODE))?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shim_is_copied_whole_and_everybody_may_run_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let shim = folder.path().join("shim");
        fs::write(&shim, b"first").expect("room");
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).expect("a folder");
        for text in ["first", "second"] {
            fs::write(&shim, text).expect("room");
            let installed = install(&shim, &bin).expect("installed");
            assert_eq!(fs::read_to_string(&installed).expect("text"), text);
            assert_eq!(fs::metadata(&installed).expect("a file").permissions().mode() & 0o7777, 0o755);
        }
        assert_eq!(fs::read_dir(&bin).expect("a folder").count(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let shim = folder.path().join("shim");
        let missing = install(&shim, folder.path()).expect_err("no shim").to_string();
        assert!(missing.starts_with("cannot read ") && missing.contains("shim"), "{missing}");
        fs::write(&shim, b"x").expect("room");
        let nowhere = install(&shim, &folder.path().join("nowhere")).expect_err("no folder").to_string();
        assert!(nowhere.starts_with("cannot write ") && nowhere.contains("nowhere"), "{nowhere}");
    }
}
