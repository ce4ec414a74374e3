//! `issuetracker-operator`: runs issue tracking in a cluster from `IssueTracker` resources.

use std::{io::Write as _, process::ExitCode};

use anyhow::Context as _;
use clap::Parser as _;
use operator::{
    check::{self, CheckConfig},
    config::{Cli, Command, Config, LogFormat},
    resource, run,
};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Crd => crd(),
        Command::Run(config) => start(*config),
        Command::Check(config) => check(&config),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing else can be done about a stderr that cannot be written.
            writeln!(std::io::stderr(), "issuetracker-operator: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

/// Prints the definition of the resource.
fn crd() -> anyhow::Result<()> {
    print(&serde_yaml::to_string(&resource::definition()).context("writing the definition")?)
}

fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("writing to the standard output"),
    }
}

fn check(config: &CheckConfig) -> anyhow::Result<()> {
    provide_tls()?;
    let sidecar = runtime()?.block_on(check::check(config))?;
    print(&format!("new pods get the sidecar {sidecar}\n"))
}

fn provide_tls() -> anyhow::Result<()> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("another TLS provider is installed"))
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("starting the runtime")
}

fn start(config: Config) -> anyhow::Result<()> {
    provide_tls()?;
    let filter = EnvFilter::try_new(&config.log_level).context("reading --log-level")?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Json => log.json().init(),
        LogFormat::Text => log.init(),
    }
    runtime()?.block_on(run::run(config))
}
