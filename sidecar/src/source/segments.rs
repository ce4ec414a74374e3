//! Segment files as the shim writes them: which there are, and the frames in them. The format is the shim's
//! (`shim/src/segment.rs`); the container can write anything here, so nothing is trusted and everything is bounded.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

/// The shim begins a new file rather than make one longer than this.
pub const FILE_SIZE: u64 = 1 << 20;

/// Bytes before the payload of a frame.
pub const HEAD: u64 = 12;

/// Bytes of a data frame, at most.
const PAYLOAD: u64 = 64 * 1024;

/// Names looked at in one folder.
const NAMES: usize = 4096;

/// The name of a segment: `<start>-<n>.seg`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The run: 20 digits.
    pub run: String,
    /// The file's number within the run.
    pub n: u64,
}

impl Name {
    /// Reads 20 digits, a dash, 10 digits, `.seg`.
    pub fn parse(name: &str) -> Option<Self> {
        let digits =
            |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        let (run, n) = name.strip_suffix(".seg")?.split_once('-')?;
        (digits(run, 20) && digits(n, 10)).then_some(())?;
        Some(Self { run: run.to_owned(), n: n.parse().ok()? })
    }

    /// As it stands in the folder.
    pub fn file(run: &str, n: u64) -> String {
        format!("{run}-{n:010}.seg")
    }
}

/// The numbers of the files of each run in a folder.
pub fn list(folder: &Path) -> io::Result<BTreeMap<String, BTreeSet<u64>>> {
    let mut runs: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for item in fs::read_dir(folder)?.take(NAMES) {
        if let Some(name) = item?.file_name().to_str().and_then(Name::parse) {
            runs.entry(name.run).or_default().insert(name.n);
        }
    }
    Ok(runs)
}

/// The folders of containers; a symbolic link is none.
pub fn containers(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    const CONTAINERS: usize = 64;
    const LONGEST: usize = 253;
    let mut found = Vec::new();
    for item in fs::read_dir(folder)?.take(NAMES) {
        let item = item?;
        let name = item.file_name().into_string().ok().filter(|name| name.len() <= LONGEST);
        if let (true, Some(name)) = (item.file_type()?.is_dir(), name) {
            found.push((name, item.path()));
        }
    }
    found.sort();
    found.truncate(CONTAINERS);
    Ok(found)
}

/// An open segment.
#[derive(Debug)]
pub struct Segment {
    file: File,
    /// Offset of the next frame.
    pub offset: u64,
}

/// One frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// Bytes of stderr, now in the buffer, and when they were read, in nanoseconds since 1970.
    Data(u64),
    /// So many bytes were not kept.
    Gap(u64),
    /// The run is over.
    End,
    /// Of a kind that is not known.
    Other,
}

impl Segment {
    /// Opens a regular file and nothing else: a link would lead out of the folder, a pipe would never end.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        let file = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok(Self { file, offset: 0 })
    }

    /// The next frame, if all of it is there. Then the segment stands behind it.
    pub fn next(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<Frame>> {
        let size = self.file.metadata()?.len();
        let start = self.offset + HEAD;
        if size < start {
            return Ok(None);
        }
        let mut head = [0; HEAD as usize];
        self.file.read_exact_at(&mut head, self.offset)?;
        let [l0, l1, l2, kind, time @ ..] = head;
        let length = u64::from(u32::from_le_bytes([l0, l1, l2, 0]));
        if size < start + length {
            return Ok(None);
        }
        let frame = match kind {
            0x00 if length <= PAYLOAD => {
                buffer.resize(length as usize, 0);
                self.file.read_exact_at(buffer, start)?;
                Frame::Data(u64::from_le_bytes(time))
            }
            // Longer than the shim writes: it is not the shim's.
            0x00 => Frame::Gap(length),
            0x80 if length == 8 => {
                let mut count = [0; 8];
                self.file.read_exact_at(&mut count, start)?;
                Frame::Gap(u64::from_le_bytes(count))
            }
            0xC0 => Frame::End,
            _ => Frame::Other,
        };
        self.offset = start + length;
        Ok(Some(frame))
    }
}
