//! An image as a docker archive: one layer, which is a tar of a root folder, and two small JSON files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::json;
use sha2::{Digest, Sha256};

/// An image in the making.
#[derive(Clone, Debug)]
pub struct Image {
    tag: String,
    entries: BTreeMap<String, Entry>,
    entrypoint: Vec<String>,
    environment: Vec<String>,
    user: Option<u32>,
}

#[derive(Clone, Debug)]
enum Entry {
    Folder(u32),
    File(PathBuf, u32),
    Text(String),
    Link(String),
}

impl Image {
    /// An empty root under a name with its tag.
    pub fn new(tag: &str) -> Self {
        Self {
            tag: tag.to_owned(),
            entries: BTreeMap::new(),
            entrypoint: Vec::new(),
            environment: vec![String::from("PATH=/usr/local/bin:/usr/bin:/bin")],
            user: None,
        }
    }

    /// What runs when a pod names no command.
    pub fn entrypoint(mut self, command: &[&str]) -> Self {
        self.entrypoint = command.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// A variable of the environment.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push(format!("{name}={value}"));
        self
    }

    /// Who runs it, and their group. Root without.
    pub fn user(mut self, user: u32) -> Self {
        self.user = Some(user);
        self
    }

    /// A copy of a file of this machine, at an absolute path of the image.
    pub fn file(mut self, source: &Path, inside: &str, mode: u32) -> Self {
        self.entries.insert(inside.to_owned(), Entry::File(source.to_owned(), mode));
        self
    }

    /// A file of this text.
    pub fn text(mut self, inside: &str, text: &str) -> Self {
        self.entries.insert(inside.to_owned(), Entry::Text(text.to_owned()));
        self
    }

    /// An empty folder. The folders above a file come by themselves.
    pub fn folder(mut self, inside: &str, mode: u32) -> Self {
        self.entries.insert(inside.to_owned(), Entry::Folder(mode));
        self
    }

    /// A symbolic link.
    pub fn link(mut self, inside: &str, target: &str) -> Self {
        self.entries.insert(inside.to_owned(), Entry::Link(target.to_owned()));
        self
    }

    /// A program of this machine with the shared libraries that it is linked with.
    pub fn program(mut self, source: &Path, inside: &str) -> Result<Self> {
        for library in libraries(source)? {
            let name = library.to_str().context("a library's path")?.to_owned();
            self.entries.insert(name, Entry::File(library, 0o755));
        }
        Ok(self.file(source, inside, 0o755))
    }

    /// A folder of this machine with all that is in it, at the same path. Links are followed.
    pub fn tree(mut self, folder: &Path) -> Result<Self> {
        for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                self = self.tree(&path)?;
            } else if path.is_file() {
                let name = path.to_str().context("a file's path")?.to_owned();
                self.entries.insert(name, Entry::File(path, 0o755));
            }
        }
        Ok(self)
    }

    /// Writes the archive. The same contents give the same bytes.
    pub fn write(&self, archive: &Path) -> Result<()> {
        let folder = archive.parent().unwrap_or(Path::new("."));
        let mut layer = tempfile::tempfile_in(folder)?;
        self.layer(&mut layer).with_context(|| format!("packing {}", self.tag))?;
        let digest = digest(&mut layer)?;
        let config = json!({
            "architecture": architecture(),
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {
                "Entrypoint": self.entrypoint,
                "Env": self.environment,
                "User": self.user.map(|user| format!("{user}:{user}")).unwrap_or_default(),
                "WorkingDir": "/",
            },
            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{digest}")]},
        });
        let config = config.to_string();
        let config_name = format!("{}.json", hex(&Sha256::digest(&config)));
        let layer_name = format!("{digest}/layer.tar");
        let manifest = json!([{"Config": config_name, "RepoTags": [self.tag], "Layers": [layer_name]}]);
        let unready = tempfile::NamedTempFile::new_in(folder)?;
        let mut tar = tar::Builder::new(BufWriter::new(unready.as_file()));
        tar.mode(tar::HeaderMode::Deterministic);
        append(&mut tar, &config_name, config.as_bytes())?;
        let length = layer.metadata()?.len();
        tar.append_data(&mut header(length, 0o644), &layer_name, &layer)?;
        append(&mut tar, "manifest.json", manifest.to_string().as_bytes())?;
        tar.into_inner()?.flush()?;
        unready.persist(archive).with_context(|| format!("writing {}", archive.display()))?;
        Ok(())
    }

    fn layer(&self, file: &mut File) -> Result<()> {
        let mut tar = tar::Builder::new(BufWriter::new(file));
        let mut entries = self.entries.clone();
        for name in self.entries.keys() {
            for above in
                Path::new(name).ancestors().skip(1).filter_map(Path::to_str).filter(|above| *above != "/")
            {
                entries.entry(above.to_owned()).or_insert(Entry::Folder(0o755));
            }
        }
        for (name, entry) in &entries {
            let name = name.trim_start_matches('/');
            match entry {
                Entry::Folder(mode) => {
                    let mut header = header(0, *mode);
                    header.set_entry_type(tar::EntryType::Directory);
                    tar.append_data(&mut header, format!("{name}/"), io::empty())?;
                }
                Entry::File(source, mode) => {
                    let file = File::open(source).with_context(|| format!("reading {}", source.display()))?;
                    tar.append_data(&mut header(file.metadata()?.len(), *mode), name, file)?;
                }
                Entry::Text(text) => append(&mut tar, name, text.as_bytes())?,
                Entry::Link(target) => {
                    let mut header = header(0, 0o777);
                    header.set_entry_type(tar::EntryType::Symlink);
                    tar.append_link(&mut header, name, target)?;
                }
            }
        }
        tar.into_inner()?.flush()?;
        Ok(())
    }
}

fn append(tar: &mut tar::Builder<impl Write>, name: &str, text: &[u8]) -> Result<()> {
    let length = u64::try_from(text.len())?;
    Ok(tar.append_data(&mut header(length, 0o644), name, text)?)
}

/// Root's, and of no time.
fn header(length: u64, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(length);
    header.set_mode(mode);
    header
}

fn digest(file: &mut File) -> Result<String> {
    file.rewind()?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 16];
    loop {
        let length = file.read(&mut block)?;
        let Some(read) = block.get(..length).filter(|read| !read.is_empty()) else { break };
        hash.update(read);
    }
    file.rewind()?;
    Ok(hex(&hash.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name that images have for the processor.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The shared libraries and the loader of a program; none for a static one.
pub fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("ldd").arg(program).output().context("running ldd")?;
    Ok(library_paths(&String::from_utf8_lossy(&output.stdout)))
}

fn library_paths(text: &str) -> Vec<PathBuf> {
    let paths = text.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    paths.filter(|path| !path.ends_with(':')).map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_read_from_what_ldd_prints() {
        let text = "\tlinux-vdso.so.1 (0x00007ffd)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)\n\
                    \t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";
        let expect = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"].map(PathBuf::from);
        assert_eq!(library_paths(text), expect);
        assert_eq!(library_paths("\tstatically linked\n"), Vec::<PathBuf>::new());
    }

    #[test]
    fn an_image_is_the_same_bytes_whenever_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let image =
            Image::new("a/b:1").text("/etc/x/y", "text").link("/l", "/etc/x/y").folder("/tmp", 0o1777);
        let image = image.entrypoint(&["/etc/x/y"]).user(65532);
        let written = ["1.tar", "2.tar"].map(|name| {
            image.write(&folder.path().join(name)).unwrap();
            std::fs::read(folder.path().join(name)).unwrap()
        });
        assert_eq!(written[0], written[1]);
        let mut archive = tar::Archive::new(written[0].as_slice());
        let names: Vec<_> =
            archive.entries().unwrap().map(|e| e.unwrap().path().unwrap().into_owned()).collect();
        assert_eq!(names.len(), 3);
        assert_eq!(names[2], Path::new("manifest.json"));
    }
}
