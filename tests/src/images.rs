//! Container images without a container engine: a few files in an otherwise empty root, written as docker archives, which
//! `docker load`, `ctr images import` and `kind load image-archive` take.

pub mod archive;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

pub use self::archive::Image;
use crate::parts::{self, run, say};

/// Who the programs in our images run as: nobody that a machine knows.
pub const USER: u32 = 65532;

/// Where programs find whom to trust.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The C library of GNU systems linked in: a program that needs no file of any system. Relocations, which a program that is
/// loaded anywhere has by the thousand, in the packed form that this library reads since 2.36.
const RUSTFLAGS: &str = "-C target-feature=+crt-static -C link-arg=-Wl,--pack-dyn-relocs=relr";

/// For the libraries in C, of which TLS is the largest part of an image.
const CFLAGS: &str = "-Os -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables";

/// One of the product's images.
struct Recipe {
    name: &'static str,
    /// Of this workspace, at the root of the image. The first is the entrypoint.
    programs: &'static [&'static str],
    profile: &'static str,
    /// Bytes of the archive, for small images; the others are as large as they are.
    limit: Option<u64>,
}

const RECIPES: &[Recipe] = &[
    Recipe {
        name: "operator",
        programs: &["issuetracker-operator"],
        profile: "image",
        limit: Some(20_000_000),
    },
    Recipe {
        name: "sidecar",
        programs: &["issuetracker-sidecar", "issuetracker-shim"],
        profile: "image",
        limit: Some(15_000_000),
    },
    Recipe { name: "consumer", programs: &["issuetracker-consumer"], profile: "release", limit: None },
];

/// Which programs go into the images.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Programs {
    /// Static ones in the profile of each image: what users get. Built here, which takes many minutes.
    Image,
    /// Those of this checkout's debug build and the C library that they are linked with: the same images for tests, in
    /// seconds. They are not held to the sizes.
    Debug,
}

/// The name of an image of the product as the chart has it.
pub fn tag(name: &str) -> String {
    format!("issuetracker/{name}:{}", env!("CARGO_PKG_VERSION"))
}

/// The archives in a folder that [`write`] wrote.
///
/// # Errors
/// When one of them is not there.
pub fn read(folder: &Path) -> Result<Vec<PathBuf>> {
    let archives = RECIPES.iter().map(|recipe| folder.join(recipe.name).with_extension("tar"));
    archives
        .map(|archive| {
            ensure!(archive.is_file(), "{} is missing: cargo xtest images makes it", archive.display());
            Ok(archive)
        })
        .collect()
}

/// Writes `operator.tar`, `sidecar.tar` and `consumer.tar` into a folder; their paths.
///
/// # Errors
/// When a program cannot be built, or an image is larger than promised.
pub fn write(output: &Path, programs: Programs) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(output).with_context(|| format!("making {}", output.display()))?;
    let folder = match programs {
        Programs::Image => build()?,
        Programs::Debug => debug()?,
    };
    let mut archives = Vec::new();
    for recipe in RECIPES {
        let archive = output.join(recipe.name).with_extension("tar");
        let folder = match programs {
            Programs::Image => folder.join(recipe.profile),
            Programs::Debug => folder.clone(),
        };
        recipe.image(&tag(recipe.name), &folder, programs)?.write(&archive)?;
        let size = std::fs::metadata(&archive)?.len();
        say(&format!("{} is {:.1} MB: {}", tag(recipe.name), megabytes(size), archive.display()));
        if let (Programs::Image, Some(limit)) = (programs, recipe.limit) {
            ensure!(
                size <= limit,
                "the image {} has {:.1} MB, more than the promised {:.0} MB",
                recipe.name,
                megabytes(size),
                megabytes(limit)
            );
        }
        archives.push(archive);
    }
    Ok(archives)
}

/// Writes an archive of the debug build's operator under a tag of its own, which is told. A clock that is put in front of the C
/// library's does nothing to a static program.
///
/// # Errors
/// When it cannot be built.
pub fn linked_operator(archive: &Path) -> Result<String> {
    let tag = format!("{}-linked", tag("operator"));
    let recipe = RECIPES.iter().find(|recipe| recipe.name == "operator").context("no recipe")?;
    recipe.image(&tag, &debug()?, Programs::Debug)?.write(archive)?;
    Ok(tag)
}

fn megabytes(bytes: u64) -> f64 {
    let thousands = u32::try_from(bytes / 1000).unwrap_or(u32::MAX);
    f64::from(thousands) / 1000.0
}

impl Recipe {
    fn image(&self, tag: &str, folder: &Path, programs: Programs) -> Result<Image> {
        let mut image = base(tag)?;
        for program in self.programs {
            let (source, inside) = (folder.join(program), format!("/{program}"));
            image = match programs {
                Programs::Image => {
                    ensure_static(&source)?;
                    image.file(&source, &inside, 0o755)
                }
                Programs::Debug => image.program(&source, &inside)?,
            };
        }
        let first = self.programs.first().context("an image without a program")?;
        Ok(image.entrypoint(&[&format!("/{first}")]).user(USER))
    }
}

/// What every program may look for: names, whom to trust, and a place for files that do not stay.
fn base(tag: &str) -> Result<Image> {
    ensure!(
        Path::new(AUTHORITIES).is_file(),
        "{AUTHORITIES} is missing: install the package ca-certificates"
    );
    let accounts = format!("root:x:0:0:root:/:/none\nissuetracker:x:{USER}:{USER}::/:/none\n");
    let groups = format!("root:x:0:\nissuetracker:x:{USER}:\n");
    Ok(Image::new(tag)
        .text("/etc/passwd", &accounts)
        .text("/etc/group", &groups)
        .text("/etc/nsswitch.conf", "hosts: files dns\n")
        .file(Path::new(AUTHORITIES), AUTHORITIES, 0o644)
        .folder("/tmp", 0o1777))
}

/// The folder of the static programs, which are built, below it a folder for each profile.
fn build() -> Result<PathBuf> {
    let target = parts::target()?;
    let system = system()?;
    for profile in ["image", "release"] {
        say(&format!("building static programs in the profile {profile} (many minutes the first time)"));
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--profile", profile, "--target", &system]);
        // By their crates: of the whole workspace they would have the features that its tests ask for.
        let recipes = RECIPES.iter().filter(|recipe| recipe.profile == profile);
        let crates = recipes
            .flat_map(|recipe| recipe.programs)
            .map(|program| program.trim_start_matches("issuetracker-"));
        cargo.arg("--bins").args(crates.flat_map(|name| ["-p", name]));
        cargo.arg("--target-dir").arg(&target).current_dir(env!("CARGO_MANIFEST_DIR"));
        cargo.env("RUSTFLAGS", RUSTFLAGS);
        cargo.env("CFLAGS", CFLAGS);
        let status = cargo.status().context("running cargo")?;
        ensure!(status.success(), "the programs for the images cannot be built");
    }
    Ok(target.join(system))
}

/// The folder of this checkout's debug build, built anew where something changed. The whole workspace at once, as the
/// test command does it: a choice of crates would choose other features of their dependencies, and build those again.
fn debug() -> Result<PathBuf> {
    let target = parts::target()?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--workspace", "--bins", "--target-dir"]).arg(&target);
    run(cargo.current_dir(env!("CARGO_MANIFEST_DIR")))?;
    Ok(target.join("debug"))
}

/// The kind of system that this compiler builds for.
fn system() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("asking rustc for its system")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no system")?.to_owned())
}

fn ensure_static(program: &Path) -> Result<()> {
    let libraries = archive::libraries(program)?;
    if let Some(library) = libraries.first() {
        bail!("{} needs {}: it is not static", program.display(), library.display());
    }
    Ok(())
}
