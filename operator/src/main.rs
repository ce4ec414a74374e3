//! `issuetracker-operator`: runs issue tracking in a cluster from `IssueTracker` resources.

use std::{io::Write as _, process::ExitCode};

use anyhow::Context as _;
use clap::Parser as _;
use operator::{
    config::{Cli, Command, Config, LogFormat},
    resource, run,
};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Crd => crd(),
        Command::Run(config) => start(*config),
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
    let text = serde_yaml::to_string(&resource::definition()).context("writing the definition")?;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("printing the definition"),
    }
}

fn start(config: Config) -> anyhow::Result<()> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("another TLS provider is installed"))?;
    let filter = EnvFilter::try_new(&config.log_level).context("reading --log-level")?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Json => log.json().init(),
        LogFormat::Text => log.init(),
    }
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("starting the runtime")?
        .block_on(run::run(config))
}
