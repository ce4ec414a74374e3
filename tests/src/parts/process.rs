//! A process of a part: in a group of its own, stopped by its recorded id, and never left behind.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};

/// Waits for the end of its input, which is the end of the program that holds the other side of the pipe, whatever
/// ended it; then kills the group `$1` and removes the folder `$2`.
const GUARD: &str = r#"cat >/dev/null; kill -KILL "-$1" 2>/dev/null; [ -z "$2" ] || rm -rf -- "$2""#;

/// A running process group. It is killed when this is dropped, and also when the test ends without dropping it: a
/// part that several tests share lives in a static, and a killed test drops nothing.
#[derive(Debug)]
pub struct Process {
    child: Child,
    guard: Child,
}

impl Process {
    /// Starts a command. When this program ends without dropping the process, `folder` is removed as well.
    pub fn start(command: &mut Command, folder: Option<&Path>) -> Result<Self> {
        use std::os::unix::process::CommandExt;
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {program}"))?;
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard", &child.id().to_string()])
            .arg(folder.unwrap_or(Path::new("")))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        match guard {
            Ok(guard) => Ok(Self { child, guard }),
            Err(error) => {
                let mut child = child;
                child.kill()?;
                child.wait()?;
                Err(error).context("starting the guard of a process")
            }
        }
    }

    /// The id of the command's process, which is also that of its group.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to the whole group.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        kill_process_group(Pid::from_child(&self.child), signal).context("signalling a process group")
    }

    /// How it ended, when it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for the end that it comes to by itself.
    pub fn wait(mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }

    /// Kills the group and waits for its end. The id is free for others only after the wait, so no signal hits a
    /// stranger.
    pub fn kill(&mut self) -> Result<()> {
        self.guard.kill()?;
        self.guard.wait()?;
        if self.child.try_wait()?.is_none() {
            self.signal(Signal::KILL)?;
            self.child.wait()?;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            super::say(&format!("a process may be left behind: {error:#}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::wait::until;

    #[test]
    fn a_process_and_its_children_end_with_the_value() {
        let folder = tempfile::tempdir().unwrap();
        let pids = folder.path().join("pids");
        let script = "sleep 600 & echo $! >\"$1.tmp\"; mv \"$1.tmp\" \"$1\"; wait";
        let process = Process::start(Command::new("sh").args(["-c", script, "sh"]).arg(&pids), None).unwrap();
        let child = wait_for(|| std::fs::read_to_string(&pids).ok());
        let running = Path::new("/proc").join(child.trim());
        assert!(running.exists());
        drop(process);
        wait_for(|| (!alive(&running)).then_some(()));
    }

    /// The guard is what remains when a test is killed: here its pipe is closed as the system would.
    #[test]
    fn the_guard_ends_what_a_killed_test_leaves() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let mut process = Process::start(Command::new("sleep").arg("600"), Some(&data)).unwrap();
        drop(process.guard.stdin.take());
        let ended = wait_for(|| process.ended().unwrap());
        assert!(!ended.success());
        wait_for(|| (!data.exists()).then_some(()));
    }

    fn alive(proc_folder: &Path) -> bool {
        let stat = std::fs::read_to_string(proc_folder.join("stat")).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
    }

    fn wait_for<T>(condition: impl FnMut() -> Option<T>) -> T {
        until("the end of a process", Duration::from_secs(20), condition)
    }
}
