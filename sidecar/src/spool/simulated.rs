//! A disk in memory that loses what was not synced, tears what was being written, and refuses when told to.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use super::disk::{Directory, SpoolFile};

#[derive(Clone, Debug, Default)]
struct Inode {
    data: Vec<u8>,
    synced: usize,
    /// A write or a sync failed: nobody may trust this file with more.
    refused: bool,
}

#[derive(Debug, Default)]
struct Inner {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable: BTreeMap<String, usize>,
    /// The operation that fails, counted from now.
    fail_in: Option<u32>,
    /// Bytes that fit on the disk.
    capacity: Option<usize>,
}

/// Shared by the spool under test and the test.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<Inner>>);

/// A stream of numbers from a seed.
pub struct Dice(pub u64);

impl Dice {
    /// Below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        // Knuth's MMIX constants; the low bits of such a generator are poor.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides.max(1)
    }
}

impl Disk {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("not poisoned")
    }

    /// The `n`th operation from now fails.
    pub fn fail_in(&self, n: Option<u32>) {
        self.inner().fail_in = n;
    }

    /// The disk is full beyond this.
    pub fn capacity(&self, bytes: Option<usize>) {
        self.inner().capacity = bytes;
    }

    /// Bytes in all files.
    pub fn used(&self) -> usize {
        let inner = self.inner();
        inner.names.values().filter_map(|&index| inner.inodes.get(index)).map(|inode| inode.data.len()).sum()
    }

    /// Pulls the plug: what was not synced survives in part, torn, or not at all; so do names.
    pub fn crash(&self, dice: &mut Dice) {
        let mut inner = self.inner();
        inner.fail_in = None;
        let (current, durable) = (inner.names.clone(), inner.durable.clone());
        let mut after = durable.clone();
        for (name, &index) in &current {
            if !durable.contains_key(name) && dice.roll(2) == 0 {
                after.insert(name.clone(), index);
            }
        }
        after.retain(|name, _| current.contains_key(name) || dice.roll(2) == 0);
        for inode in &mut inner.inodes {
            let kept = inode.synced + dice.roll(inode.data.len() - inode.synced + 1);
            inode.data.truncate(kept);
            if kept > inode.synced && dice.roll(3) == 0 {
                let hit = inode.synced + dice.roll(kept - inode.synced);
                inode.data[hit] ^= 0x55;
            }
            // What is on the disk after a crash stays there.
            inode.synced = inode.data.len();
            inode.refused = false;
        }
        (inner.names, inner.durable) = (after.clone(), after);
    }

    /// Stops the process only: everything written is there.
    pub fn stop(&self) {
        self.inner().fail_in = None;
        for inode in &mut self.inner().inodes {
            inode.refused = false;
        }
    }

    /// Changes one byte of what is durable.
    pub fn rot(&self, offset: usize) {
        let mut inner = self.inner();
        let index = *inner.names.values().next_back().expect("a file");
        inner.inodes[index].data[offset] ^= 0x01;
    }

    /// The bytes of the newest file.
    pub fn newest(&self) -> Vec<u8> {
        let inner = self.inner();
        inner.inodes[*inner.names.values().next_back().expect("a file")].data.clone()
    }

    fn operation(&self) -> io::Result<()> {
        let mut inner = self.inner();
        match inner.fail_in {
            Some(0) => {
                inner.fail_in = None;
                Err(io::Error::other("the disk refused"))
            }
            Some(n) => {
                inner.fail_in = Some(n - 1);
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Directory for Disk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.inner().names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn SpoolFile>> {
        self.operation()?;
        let mut inner = self.inner();
        assert!(!inner.names.contains_key(name), "{name} was made twice");
        let index = inner.inodes.len();
        inner.inodes.push(Inode::default());
        inner.names.insert(name.to_owned(), index);
        Ok(Box::new(Handle { disk: self.clone(), index }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn SpoolFile>> {
        let index = self.inner().names.get(name).copied().ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Handle { disk: self.clone(), index }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.operation()?;
        self.inner().names.remove(name).map(drop).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync(&self) -> io::Result<()> {
        self.operation()?;
        let mut inner = self.inner();
        inner.durable = inner.names.clone();
        Ok(())
    }
}

struct Handle {
    disk: Disk,
    index: usize,
}

impl SpoolFile for Handle {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let refused = self.disk.operation();
        let used = self.disk.used();
        let mut inner = self.disk.inner();
        let fits =
            inner.capacity.map_or(bytes.len(), |capacity| capacity.saturating_sub(used).min(bytes.len()));
        let inode = &mut inner.inodes[self.index];
        assert!(!inode.refused, "a file that had refused was written again");
        // A failed write leaves half of itself.
        let written = if refused.is_err() { bytes.len() / 2 } else { fits };
        inode.data.extend_from_slice(&bytes[..written.min(fits)]);
        inode.refused = refused.is_err() || fits < bytes.len();
        refused?;
        if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        let refused = self.disk.operation();
        let mut inner = self.disk.inner();
        let inode = &mut inner.inodes[self.index];
        assert!(!inode.refused, "a file that had refused was synced again");
        inode.refused = refused.is_err();
        refused?;
        inode.synced = inode.data.len();
        Ok(())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let inner = self.disk.inner();
        let data = &inner.inodes[self.index].data;
        let start = offset as usize;
        let bytes = data.get(start..start + buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.disk.inner().inodes[self.index].data.len() as u64)
    }

    fn truncate(&mut self, size: u64) -> io::Result<()> {
        self.disk.operation()?;
        let mut inner = self.disk.inner();
        let inode = &mut inner.inodes[self.index];
        inode.data.truncate(size as usize);
        inode.synced = inode.synced.min(inode.data.len());
        Ok(())
    }
}
