//! A reader of segments, written from the text of `shim::segment` alone.

use shim::segment::{FILE_SIZE, HEAD, PAYLOAD, RING};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

/// What a folder holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Copy {
    /// Payloads, in order.
    pub bytes: Vec<u8>,
    /// Bytes that gap frames tell of.
    pub lost: u64,
    /// Files that are missing at the front of the runs.
    pub skipped: u64,
    /// Runs that ended.
    pub ends: usize,
}

/// Reads all of it, and checks what must always hold.
pub fn read(folder: &Path) -> Copy {
    let mut copy = Copy::default();
    let Ok(entries) = fs::read_dir(folder) else { return copy };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names.len() <= RING, "{names:?}");
    let mut expected = (String::new(), 0);
    for name in &names {
        let path = folder.join(name);
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o644, "{name}");
        assert!(metadata.len() <= FILE_SIZE, "{name}");
        let (start, n) = name.strip_suffix(".seg").unwrap().split_once('-').unwrap();
        let n: u64 = n.parse().unwrap();
        copy.skipped += if start == expected.0 { n - expected.1 } else { n };
        expected = (start.to_owned(), n + 1);
        frames(&fs::read(&path).unwrap(), &mut copy);
    }
    copy
}

fn frames(mut file: &[u8], copy: &mut Copy) {
    while let Some((head, rest)) = file.split_at_checked(HEAD) {
        let kind = u32::from_le_bytes(head[..4].try_into().unwrap());
        let length = (kind & 0x00ff_ffff) as usize;
        assert!(
            u64::from_le_bytes(head[4..].try_into().unwrap()) > 1_600_000_000_000_000_000,
            "a time long ago"
        );
        let Some((payload, rest)) = rest.split_at_checked(length) else { break };
        match kind >> 24 {
            0x00 => {
                assert!((1..=PAYLOAD).contains(&length), "{length}");
                copy.bytes.extend(payload);
            }
            0x80 => copy.lost += u64::from_le_bytes(payload.try_into().unwrap()),
            0xC0 => copy.ends += 1,
            kind => panic!("no such kind: {kind:#x}"),
        }
        file = rest;
    }
}
