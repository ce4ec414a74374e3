//! Links the program statically, and only the program.
//!
//! It runs in images of any libc, or of none. `-C target-feature=+crt-static` cannot be set for one package, and
//! set for the workspace it breaks procedural macros. rustc names the shared libraries to the linker
//! (`-Bdynamic -lgcc_s -lc`), so a folder that is searched first answers these names with the static ones.

use std::{env, fs, io, path::PathBuf};

/// What rustc asks for, and what it gets.
const STAND_INS: [(&str, &str); 7] = [
    ("libgcc_s.so", "INPUT(-lgcc_eh)"),
    ("libc.so", "GROUP(libc.a -lgcc -lgcc_eh)"),
    ("libm.so", "INPUT(libm.a)"),
    ("librt.so", "INPUT(libc.a)"),
    ("libdl.so", "INPUT(libc.a)"),
    ("libutil.so", "INPUT(libc.a)"),
    ("libpthread.so", "INPUT(libc.a)"),
];

/// No relocation at the start, so no page of the program becomes private for it.
const OPTIONS: [&str; 2] = ["-static", "-no-pie"];

#[expect(clippy::disallowed_methods, reason = "how cargo speaks to a build script")]
fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let setting = |name: &str| env::var(name).unwrap_or_default();
    // musl is linked statically anyway.
    if setting("CARGO_CFG_TARGET_OS") != "linux" || setting("CARGO_CFG_TARGET_ENV") != "gnu" {
        return Ok(());
    }
    let folder = PathBuf::from(setting("OUT_DIR"));
    for (name, text) in STAND_INS {
        fs::write(folder.join(name), text)?;
    }
    println!("cargo::rustc-link-arg-bins=-L{}", folder.display());
    for option in OPTIONS {
        println!("cargo::rustc-link-arg-bins={option}");
    }
    Ok(())
}
