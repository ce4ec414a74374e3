//! `install PATH`: an init container puts the program where the other containers find it.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// Anyone may run it, whatever user the container has.
const MODE: u32 = 0o755;

/// Copies this program to `path`, or into it if it is a folder. What was there is replaced at once: a container that starts
/// meanwhile finds the old one or the new one, whole.
pub fn install(path: &Path) -> io::Result<()> {
    let path = if path.is_dir() { path.join("issuetracker-shim") } else { path.to_owned() };
    let unfinished = beside(&path);
    let copied = copy_to(&unfinished).and_then(|()| fs::rename(&unfinished, &path));
    if copied.is_err() {
        // The first error is the one to tell.
        fs::remove_file(&unfinished).unwrap_or_default();
    }
    copied
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{}", std::process::id()));
    name.into()
}

fn copy_to(path: &Path) -> io::Result<()> {
    let mut program = fs::File::open("/proc/self/exe")?;
    let mut copy = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)?;
    io::copy(&mut program, &mut copy)?;
    copy.set_permissions(fs::Permissions::from_mode(MODE))?;
    copy.sync_all()
}
