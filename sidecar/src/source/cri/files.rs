//! The log files of one container as the kubelet keeps them: `N.log` is being written, `N.log.<time>` was rotated,
//! `N.log.<time>.gz` was compressed later. `N` counts the container's restarts.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use rustix::fs::OFlags;

/// Names looked at in one folder.
const NAMES: usize = 4096;

/// One file of a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogFile {
    /// The time in a rotated file's name; what is written now comes last.
    rotated: Rotated,
    /// Where.
    pub path: PathBuf,
    /// The system's number of it when it was listed.
    pub inode: u64,
}

impl LogFile {
    /// Opens it. `None`: meanwhile it was renamed, compressed or removed, and this name may be another file's.
    pub fn open(&self) -> io::Result<Option<OpenLog>> {
        match OpenLog::open(&self.path) {
            Ok(file) => Ok(Some(file).filter(|file| file.inode == self.inode)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rotated {
    At(String),
    Not,
}

/// The files of each run in a folder, the oldest first.
pub fn list(folder: &Path) -> io::Result<BTreeMap<u64, Vec<LogFile>>> {
    let mut runs: BTreeMap<u64, Vec<LogFile>> = BTreeMap::new();
    for item in fs::read_dir(folder)?.take(NAMES) {
        let item = item?;
        if let Some((run, rotated)) = item.file_name().to_str().and_then(parse) {
            // What is gone again or is no file of a runtime's is none.
            let path = item.path();
            let file = inode(&path).map(|inode| LogFile { rotated, path, inode });
            runs.entry(run).or_default().extend(file);
        }
    }
    for files in runs.values_mut() {
        files.sort();
        // While the kubelet compresses a file, both are there for a moment; the plain one comes first.
        files.dedup_by(|next, first| next.rotated == first.rotated);
    }
    Ok(runs)
}

/// The name of the file that is being written.
pub fn name(run: u64) -> String {
    format!("{run}.log")
}

fn parse(name: &str) -> Option<(u64, Rotated)> {
    let (run, rest) = name.split_once(".log")?;
    let run = run.parse().ok().filter(|_| run.bytes().all(|byte| byte.is_ascii_digit()))?;
    if rest.is_empty() {
        return Some((run, Rotated::Not));
    }
    let time = rest.strip_prefix('.')?;
    let time = time.strip_suffix(".gz").unwrap_or(time);
    // `20261121-080000`; a file that is being compressed is called otherwise.
    let digits = time.len() == 15 && time.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    digits.then(|| (run, Rotated::At(time.to_owned())))
}

/// An open file.
pub struct OpenLog {
    source: Source,
    /// The system's number of it: a rename keeps it.
    pub inode: u64,
    /// Bytes of text handed out.
    pub offset: u64,
}

enum Source {
    Plain(File),
    Gzip(Box<MultiGzDecoder<File>>),
}

impl std::fmt::Debug for OpenLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenLog")
            .field("inode", &self.inode)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

impl OpenLog {
    /// Opens a regular file and nothing else.
    fn open(path: &Path) -> io::Result<Self> {
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        let file = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)?;
        let known = file.metadata()?;
        if !known.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let inode = known.ino();
        let gzip = path.extension().is_some_and(|extension| extension == "gz");
        let source =
            if gzip { Source::Gzip(Box::new(MultiGzDecoder::new(file))) } else { Source::Plain(file) };
        Ok(Self { source, inode, offset: 0 })
    }

    /// Goes to a place that was handed out before. False: this file cannot be entered there.
    pub fn seek(&mut self, offset: u64) -> io::Result<bool> {
        let Source::Plain(file) = &mut self.source else { return Ok(false) };
        if file.metadata()?.len() < offset {
            return Ok(false);
        }
        self.offset = file.seek(SeekFrom::Start(offset))?;
        Ok(true)
    }

    /// Whether somebody has cut the file shorter than what was read of it. Then it is read from its beginning.
    pub fn truncated(&mut self) -> io::Result<bool> {
        let Source::Plain(file) = &mut self.source else { return Ok(false) };
        let cut = file.metadata()?.len() < self.offset;
        if cut {
            self.offset = file.seek(SeekFrom::Start(0))?;
        }
        Ok(cut)
    }
}

/// The next bytes; 0: there are none now.
impl Read for OpenLog {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.source {
            Source::Plain(file) => file.read(buffer)?,
            Source::Gzip(decoder) => decoder.read(buffer)?,
        };
        self.offset += read as u64;
        Ok(read)
    }
}

/// The number of the file at this path.
pub fn inode(path: &Path) -> Option<u64> {
    fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file).map(|known| known.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kubelet_s_names_are_known_and_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let names = [
            "0.log",
            "0.log.20261121-090000",
            "0.log.20261121-080000.gz",
            "1.log",
            "0.log.20261121-080000.gz.tmp",
            "0.log.20261121-090000.gz",
            "x.log",
            "+1.log",
            "0.log.old",
            "0.logs",
        ];
        for name in names {
            fs::write(folder.path().join(name), "").expect("room");
        }
        let runs = list(folder.path()).expect("a list");
        let names = |run| -> Vec<String> {
            let files: &Vec<LogFile> = &runs[&run];
            files.iter().map(|f| f.path.file_name().unwrap().to_string_lossy().into_owned()).collect()
        };
        assert_eq!(names(0), ["0.log.20261121-080000.gz", "0.log.20261121-090000", "0.log"]);
        assert_eq!(names(1), ["1.log"]);
        assert_eq!(runs.len(), 2);
    }
}
