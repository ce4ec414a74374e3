//! `issuetracker-sidecar`: one in every pod.

use std::{io::IsTerminal, process::ExitCode, sync::Arc};

use anyhow::Context;
use kafka::publish::broker::BrokerPublisher;
use serve::{Times, room_for, serve};
use sidecar::{
    config::{Config, LogFormat},
    health::health_routes,
    intake::{Hosts, IntakeState, Limits, not_found, routes},
    metrics::Metrics,
    shared::SharedWindow,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};
use tracing_subscriber::EnvFilter;

/// A sidecar shares its pod's cores with the application.
const THREADS: usize = 2;

fn main() -> ExitCode {
    let config = Config::read();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .max_blocking_threads(2 * THREADS)
        .enable_all()
        .build();
    let ran = log(&config)
        .and_then(|()| runtime.context("cannot start the runtime"))
        .and_then(|runtime| runtime.block_on(run(config)));
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn log(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log_level).context("--log-level")?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Json => logs.json().flatten_event(true).init(),
        LogFormat::Text => logs.with_ansi(std::io::stderr().is_terminal()).init(),
    }
    Ok(())
}

/// The window that replicas share, where one is asked for.
fn shared_window(config: &Config) -> anyhow::Result<Option<Box<dyn SharedWindow>>> {
    let Some(url) = &config.redis_url else { return Ok(None) };
    #[cfg(feature = "redis")]
    {
        let window = sidecar::shared::redis::RedisWindow::new(url.reveal())
            .map_err(|reason| anyhow::anyhow!("ISSUETRACKER_REDIS_URL cannot be used: {reason}"))?;
        Ok(Some(Box::new(window)))
    }
    #[cfg(not(feature = "redis"))]
    {
        anyhow::bail!("this program was built without Redis; leave ISSUETRACKER_REDIS_URL out ({url:?})")
    }
}

/// From start to SIGTERM. A native sidecar gets that only after the containers of the application have ended.
async fn run(config: Config) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for signals")?;
    let (settings, kafka) = (config.settings()?, config.kafka()?);
    // Secrets stand in files only, and the properties show none of theirs.
    tracing::info!(?config, ?kafka, "starts");
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let publisher = BrokerPublisher::connect(kafka)?;
    let place = settings.place.clone();
    let sidecar = sidecar::start_sharing(settings, Box::new(publisher), shared_window(&config)?).await?;
    if let Some(path) = &config.settings {
        sidecar.follow(path.clone(), config.otherwise());
    }
    let (close, closed) = oneshot::channel();
    let shutdown = async { closed.await.unwrap_or_default() };
    let metrics = Arc::new(Metrics::new(sidecar.status()));
    let state = IntakeState::new(
        sidecar.acceptor(),
        sidecar.settings(),
        config.tracker.clone(),
        place,
        Hosts::default(),
        Limits::default(),
        Arc::clone(&metrics),
    )
    .with_events(config.events_url.clone());
    let router = routes(state).merge(health_routes(sidecar.status(), metrics)).fallback(not_found);
    let times = Times::default();
    let times = Times { connections: room_for(times.connections), ..times };
    let served = tokio::spawn(serve(listener, router, shutdown, times));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stops");
    sidecar.stop(config.grace()).await;
    // Whoever still waits for an answer has got it: the spool refuses from here on.
    if close.send(()).is_err() {
        tracing::debug!("the server had ended already");
    }
    served.await.context("the server ended badly")?;
    Ok(())
}
