//! Moving the wall clock of single processes: a small library of ours (`tests/programs/clock.c`) is preloaded into them.
//!
//! A time namespace moves only the clocks that never jump, and setting the machine's clock would hit everything else
//! on it.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{
    parts::{Tool, need, run},
    programs::source,
};

/// A clock that processes can be started with.
#[derive(Debug)]
pub struct Clock {
    library: PathBuf,
    offset: PathBuf,
    file: File,
}

impl Clock {
    /// A clock that goes right. Its files lie in `folder` under `name`; the library is compiled there once.
    pub fn new(folder: &Path, name: &str) -> Result<Self> {
        let library = folder.join("clock.so");
        if !library.exists() {
            need(&[Tool { program: "gcc", package: "gcc" }])?;
            let mut gcc = Command::new("gcc");
            run(gcc.args(["-shared", "-fPIC", "-O2", "-Wall", "-o"]).arg(&library).arg(source("clock.c")))?;
        }
        let offset = folder.join(format!("{name}.clock"));
        fs::write(&offset, 0_i64.to_ne_bytes()).context("making a clock")?;
        let file = File::options().write(true).open(&offset)?;
        Ok(Self { library, offset, file })
    }

    /// What a process needs in its environment to go by this clock.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        [
            ("LD_PRELOAD", self.library.display().to_string()),
            ("CLOCK_OFFSET_FILE", self.offset.display().to_string()),
        ]
    }

    /// So many seconds off from now on.
    pub fn jump(&self, seconds: i64) -> Result<()> {
        self.file.write_all_at(&seconds.to_ne_bytes(), 0).context("moving a clock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_goes_by_its_clock() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::new(folder.path(), "one").unwrap();
        let now = || -> i64 {
            let output =
                Command::new("date").arg("+%s").envs(clock.environment()).output().expect("date runs");
            String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
        };
        let before = now();
        clock.jump(-7200).unwrap();
        assert!((7100..=7200).contains(&(before - now())));
        clock.jump(0).unwrap();
        assert!((0..100).contains(&(now() - before)));
    }
}
