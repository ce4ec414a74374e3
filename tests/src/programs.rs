//! Our own binaries as a user has them, and the crashing programs of `tests/programs`.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// The path of one of our binaries, built when the first test asks.
///
/// # Panics
/// When it cannot be built: nothing can be tested then.
#[expect(clippy::panic, reason = "without the binary the test has failed")]
pub fn binary(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        let folder = target_folder();
        let release = folder.ends_with("release");
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--workspace", "--bins"])
            .args(release.then_some("--release"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdout(Stdio::null())
            .status();
        match status {
            Ok(status) if status.success() => folder,
            other => panic!("the binaries cannot be built: {other:?}"),
        }
    });
    folder.join(name)
}

/// `target/debug` or `target/release`, whichever holds the running test.
fn target_folder() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    let folder = exe.ancestors().find(|folder| folder.ends_with("debug") || folder.ends_with("release"));
    folder.unwrap_or(Path::new("target/debug")).to_path_buf()
}

/// A file of `tests/programs`.
pub fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("programs").join(name)
}

/// Compiles a source file of `tests/programs` with a real compiler into `folder`.
///
/// # Panics
/// When the compiler is missing or refuses.
#[expect(clippy::panic, reason = "without the program the test has failed")]
pub fn compile(compiler: &mut Command, folder: &Path) {
    let output = compiler.current_dir(folder).output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!("{compiler:?}: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => panic!("{compiler:?}: {error}"),
    }
}
