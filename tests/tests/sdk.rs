//! The browser SDK as it is committed: its types, its size, and what it does in a real Chromium. What these run is `npm test`
//! of `sdk/browser`, but that nothing is written into the checkout.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The folder of the SDK, with the tools that it is built with.
fn sdk() -> &'static Path {
    static READY: OnceLock<PathBuf> = OnceLock::new();
    READY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/browser");
        if !folder.join("node_modules/typescript").exists() {
            let mut npm = Command::new("npm");
            run(npm.args(["ci", "--include=dev", "--no-audit", "--no-fund"]).current_dir(&folder));
        }
        folder
    })
}

/// What it printed.
fn run(command: &mut Command) -> String {
    let output = command.output().expect("it starts: node and npm are needed");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{command:?}\n{said}");
    said
}

fn node(words: &[&str]) -> String {
    run(Command::new("node")
        .args(["--experimental-websocket", "--no-warnings"])
        .args(words)
        .current_dir(sdk()))
}

#[test]
fn its_types_are_sound_and_those_that_are_committed() {
    let built = tempfile::tempdir().expect("a folder");
    let mut compiler = Command::new(sdk().join("node_modules/.bin/tsc"));
    run(compiler.arg("--outDir").arg(built.path()).current_dir(sdk()));
    let mut files = 0;
    for file in fs::read_dir(built.path()).expect("types").map(|file| file.expect("a file")) {
        let name = file.file_name();
        let committed = fs::read_to_string(sdk().join("dist").join(&name)).unwrap_or_default();
        let made = fs::read_to_string(file.path()).expect("a text");
        assert_eq!(committed, made, "dist/{} is not what `npm run build` makes", name.to_string_lossy());
        files += 1;
    }
    assert!(files > 5, "{files} files");
}

#[test]
fn what_is_committed_is_what_is_built_and_smaller_than_six_kibibytes() {
    let said = node(&["build.mjs", "--check"]);
    eprint!("{said}");
    let sizes: Vec<u32> = said
        .lines()
        .filter_map(|line| line.split(" gzip").next()?.rsplit(' ').next()?.parse().ok())
        .collect();
    assert!(sizes.len() == 2 && sizes.iter().all(|size| *size < 6 * 1024), "{said}");
}

#[test]
fn it_tells_what_visitors_meet_and_changes_nothing_in_a_real_chromium() {
    let said = node(&["test/browser.mjs"]);
    eprint!("{said}");
    assert!(said.ends_with("all fine\n"), "{said}");
}
