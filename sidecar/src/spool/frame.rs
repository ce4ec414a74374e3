//! Frames of the journal: what one hand-over wrote is one frame, so a torn write loses it whole or not at all.
//!
//! `magic u32, length u32, crc32 u32, payload`, little-endian; the checksum covers length and payload. The magic
//! exists only so that a reader can find the next frame behind damage.

use std::io;

use super::disk::SpoolFile;

const MAGIC: [u8; 4] = *b"ISJ1";

/// Bytes before the payload.
pub const HEADER: usize = 12;

/// No frame is longer: more than a hand-over of a hundred records of the largest size.
const LONGEST: u32 = 64 * 1024 * 1024;

/// How much is read at a time.
const CHUNK: u64 = 256 * 1024;

/// Opens a frame at the end of `out`; the payload is appended next, then [`finish`] closes it.
pub fn begin(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[0; HEADER - MAGIC.len()]);
    start
}

/// Closes the frame that [`begin`] opened at `start`.
pub fn finish(out: &mut [u8], start: usize) {
    let length = u32::try_from(out.len() - start - HEADER).unwrap_or(u32::MAX).to_le_bytes();
    let (header, payload) = out.split_at_mut(start + HEADER);
    let sum = checksum(length, payload).to_le_bytes();
    let fields = header.iter_mut().skip(start + MAGIC.len());
    fields.zip(length.into_iter().chain(sum)).for_each(|(at, byte)| *at = byte);
}

fn checksum(length: [u8; 4], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(payload);
    hasher.finalize()
}

/// What reading to the end of a file found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Bytes skipped before a later frame that was whole: the disk changed what was durable.
    pub damaged: u64,
    /// Bytes after the last whole frame: a write that was not finished.
    pub torn: u64,
}

/// Hands every whole frame of the first `end` bytes to `take`, with the offset of its payload.
pub fn scan(file: &dyn SpoolFile, end: u64, mut take: impl FnMut(u64, &[u8])) -> io::Result<Scan> {
    let mut found = Scan::default();
    let (mut at, mut good) = (0, 0);
    let mut payload = Vec::new();
    while at + HEADER as u64 <= end {
        if read(file, at, end, &mut payload)? {
            found.damaged += at - good;
            take(at + HEADER as u64, &payload);
            at += (HEADER + payload.len()) as u64;
            good = at;
        } else {
            match next_magic(file, at + 1, end)? {
                Some(next) => at = next,
                None => break,
            }
        }
    }
    found.torn = end - good;
    Ok(found)
}

/// Whether a whole frame stands at `at`; then `payload` holds it.
fn read(file: &dyn SpoolFile, at: u64, end: u64, payload: &mut Vec<u8>) -> io::Result<bool> {
    let mut header = [0; HEADER];
    file.read_at(at, &mut header)?;
    let [m0, m1, m2, m3, l0, l1, l2, l3, s0, s1, s2, s3] = header;
    let length = u32::from_le_bytes([l0, l1, l2, l3]);
    let fits = u64::from(length) <= end - at - HEADER as u64 && length <= LONGEST;
    if [m0, m1, m2, m3] != MAGIC || !fits {
        return Ok(false);
    }
    payload.resize(length as usize, 0);
    file.read_at(at + HEADER as u64, payload)?;
    Ok(checksum(length.to_le_bytes(), payload) == u32::from_le_bytes([s0, s1, s2, s3]))
}

/// The next place where a frame may begin.
fn next_magic(file: &dyn SpoolFile, mut at: u64, end: u64) -> io::Result<Option<u64>> {
    let mut chunk = Vec::new();
    while at + HEADER as u64 <= end {
        chunk.resize((end - at).min(CHUNK) as usize, 0);
        file.read_at(at, &mut chunk)?;
        if let Some(found) = chunk.windows(MAGIC.len()).position(|bytes| bytes == MAGIC) {
            return Ok(Some(at + found as u64));
        }
        // The magic may lie across the border of two chunks.
        at += (chunk.len() - MAGIC.len() + 1) as u64;
    }
    Ok(None)
}
