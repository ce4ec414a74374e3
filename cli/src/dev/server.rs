//! The server process of local mode: when it begins, what it says, when it ends.

use std::{future::Future, io::Write, os::fd::OwnedFd, path::Path, process::ExitCode};

use anyhow::{Context, bail};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::{Pid, PidfdFlags, getppid, pidfd_open},
};
use tokio::{signal::unix::SignalKind, sync::oneshot};
use tracing_subscriber::filter::LevelFilter;

use super::{
    instance::{Claim, Instance},
    service::Service,
};
use crate::arguments::DevArguments;

/// Serves until a signal comes, and says where.
#[expect(clippy::print_stderr, reason = "the address is all that this command has to say")]
pub fn serve_in_foreground(arguments: &DevArguments, data_dir: &Path) -> anyhow::Result<ExitCode> {
    let claim = match Claim::take(data_dir)? {
        Ok(claim) => claim,
        Err(Instance { pid, url }) => {
            bail!("{} is in use: its page is at {url} already (process {pid})", data_dir.display())
        }
    };
    log_to(LevelFilter::WARN);
    runtime()?.block_on(async {
        let server = Service::start(arguments, data_dir, claim).await?;
        eprintln!("issuetracker: the page is at {} – issues are kept in {}", server.url, data_dir.display());
        if arguments.frustration {
            eprintln!(
                "issuetracker: the sample shop is at {}/shop/ – trouble there becomes incidents",
                server.url
            );
        }
        let signals = signals()?;
        signals.await;
        server.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Serves until the parent has ended or a signal comes. The first line on stdout is `ready URL` or `failed WHY`.
pub fn serve_for_parent(arguments: &DevArguments, data_dir: &Path) -> anyhow::Result<ExitCode> {
    log_to(LevelFilter::INFO);
    let parent = getppid().context("the parent has ended")?;
    let parent = pidfd_open(parent, PidfdFlags::NONBLOCK).context("cannot watch the parent")?;
    runtime()?.block_on(async {
        let started = match Claim::take(data_dir)? {
            Ok(claim) => Service::start(arguments, data_dir, claim).await,
            Err(instance) => bail!("the data folder was taken by process {} meanwhile", instance.pid),
        };
        let server = match started {
            Ok(server) => server,
            Err(error) => {
                say(&format!("failed {error:#}"))?;
                return Ok(ExitCode::from(2));
            }
        };
        let signals = signals()?;
        say(&format!("ready {}", server.url))?;
        tokio::select! {
            () = signals => {}
            () = ended(parent) => tracing::info!("the parent has ended"),
        }
        server.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Returns when SIGINT, SIGTERM or SIGHUP comes, or when the server process has ended.
pub fn wait_for_signal(server: Option<Pid>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let server = server.and_then(|pid| pidfd_open(pid, PidfdFlags::NONBLOCK).ok());
    runtime.block_on(async {
        let signals = signals()?;
        match server {
            Some(server) => tokio::select! { () = signals => {}, () = ended(server) => {} },
            None => signals.await,
        }
        Ok(())
    })
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(8)
        .enable_all()
        .build()
        .context("cannot start the threads of the server")
}

fn log_to(level: LevelFilter) {
    tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_ansi(false).init();
}

fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", line.replace('\n', " "))?;
    out.flush()
}

/// Registered when called, so that no signal is missed before the first poll.
fn signals() -> anyhow::Result<impl Future<Output = ()>> {
    let watch = |kind| tokio::signal::unix::signal(kind).context("cannot listen to signals");
    let (mut interrupt, mut terminate, mut hangup) =
        (watch(SignalKind::interrupt())?, watch(SignalKind::terminate())?, watch(SignalKind::hangup())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

/// Returns when the process behind a pidfd has ended (pidfd_open(2): it becomes readable). A thread waits for it, since it
/// may wait for ever, which no thread of the runtime should.
async fn ended(process: OwnedFd) {
    let (tell, ended) = oneshot::channel();
    std::thread::spawn(move || {
        let mut watched = [PollFd::new(&process, PollFlags::IN)];
        while poll(&mut watched, None).is_err_and(|error| error == Errno::INTR) {}
        // Nobody listens any more once a signal was faster.
        tell.send(()).ok();
    });
    ended.await.unwrap_or_default();
}
