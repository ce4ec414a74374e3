//! A child that ends when this program does, however it ends: killed, it could tell nobody.
//!
//! Only a process itself can ask to be told of its parent's end, so the child is this program first. It asks, and becomes
//! what was asked for.

use std::{
    env,
    ffi::OsString,
    os::unix::process::{CommandExt as _, parent_id},
    process::{Command, ExitCode},
};

use anyhow::Context;

/// What the hidden command takes.
#[derive(clap::Args)]
pub struct LeashArguments {
    /// Who has to live.
    #[arg(long)]
    parent: u32,
    /// What to become.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// The command on a leash. It must be started by the first thread: the kernel looks at who started it, not at the process.
pub fn on(command: &Command) -> anyhow::Result<Command> {
    let mut child = Command::new(env::current_exe().context("this program does not find itself")?);
    // Called as kubectl's plugin, this program would read another command line.
    child.arg0("issuetracker").args(["leash", "--parent", &std::process::id().to_string(), "--"]);
    child.arg(command.get_program()).args(command.get_args());
    Ok(child)
}

/// Becomes what was asked for; comes back only if that cannot be.
pub fn run(arguments: &LeashArguments) -> anyhow::Result<ExitCode> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))
        .context("the end of the parent cannot be waited for")?;
    // Of one that ended before that nobody is told.
    if parent_id() != arguments.parent {
        return Ok(ExitCode::FAILURE);
    }
    let (program, rest) = arguments.command.split_first().context("nothing to start")?;
    Err(Command::new(program).args(rest).exec())
        .with_context(|| format!("{} cannot be started", program.display()))
}
