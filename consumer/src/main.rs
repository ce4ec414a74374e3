//! `issuetracker-consumer`: reads the settings, puts the parts together, and stops in order.

use std::{fs, path::Path, process::ExitCode, time::Duration};

use anyhow::Context;
use consumer::{
    Events, Settings,
    api::{Access, Limits},
    config::{Command, Config, LogFormat, Tool},
    consume::Pace,
    transfer::{run_export, run_import},
};
use kafka::{
    publish::broker::BrokerPublisher,
    settings::{Properties, Settings as KafkaSettings},
    source::broker::BrokerSource,
};
use serve::{Times, room_for, serve};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Connections at once: each open page holds one for what changes.
const CONNECTIONS: usize = 1024;

/// How long open connections may go on after the records are stored.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    // Two of the libraries below bring a provider of TLS each; the first use would not know which to take.
    #[cfg(any(feature = "firestore", feature = "oidc", feature = "outbound"))]
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        tracing::debug!("a provider of TLS was installed before");
    }
    match Command::read() {
        Command::Run(config) => serve_as(config),
        Command::Tool(tool) => run_tool(&tool),
    }
}

fn serve_as(config: Config) -> ExitCode {
    let done = start_log(&config).and_then(|()| {
        let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
        runtime.block_on(run(config))
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "stopped");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the last word of a command line program goes to stderr")]
fn run_tool(tool: &Tool) -> ExitCode {
    let done = tokio::runtime::Runtime::new().context("start the runtime").and_then(|runtime| {
        runtime.block_on(async {
            Ok(match tool {
                Tool::Export(arguments) => run_export(arguments).await?,
                Tool::Import(arguments) => run_import(arguments).await?,
            })
        })
    });
    done.unwrap_or_else(|error| {
        eprintln!("issuetracker-consumer: {error:#}");
        ExitCode::from(2)
    })
}

fn start_log(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log_level).context("read --log-level")?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Json => log.json().flatten_event(true).init(),
        LogFormat::Text => log.init(),
    }
    Ok(())
}

async fn run(config: Config) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("watch for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("watch for SIGINT")?;
    let access = access(&config)?;
    let store = config.store.open().with_context(|| format!("use {:?}", config.store.store))?;
    let source =
        BrokerSource::subscribe(kafka_settings(&config)?, &config.group()).context("join the group")?;
    let listener =
        TcpListener::bind(config.listen).await.with_context(|| format!("listen at {}", config.listen))?;
    tracing::info!(
        tracker = %config.tracker,
        listen = %config.listen,
        topic = config.topic(),
        group = config.group(),
        store = ?config.store.store,
        token = config.token_file.is_some(),
        issuer = config.people.oidc_issuer,
        "started"
    );
    let settings = Settings {
        tracker: config.tracker.clone(),
        access,
        limits: Limits::default(),
        pace: Pace::default(),
    };
    let events = events(&config)?;
    let tracker = consumer::start_with(settings, Box::new(source), store, events).await;
    let routes = tracker
        .health_routes()
        .merge(tracker.event_routes())
        .merge(tracker.api_routes())
        .merge(tracker.write_routes())
        .merge(tracker.ui_routes());
    let stop_serving = CancellationToken::new();
    let stop = stop_serving.clone();
    let shutdown = async move { stop.cancelled().await };
    let times = Times { connections: room_for(CONNECTIONS), ..Times::default() };
    let server = tokio::spawn(serve(listener, routes, shutdown, times));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: what was read is stored first");
    stop_serving.cancel();
    tracker.stop(Duration::from_secs(config.grace_seconds)).await;
    match tokio::time::timeout(LAST_ANSWERS, server).await {
        Ok(served) => served.context("serve"),
        Err(_) => Ok(()),
    }
}

fn access(config: &Config) -> anyhow::Result<Access> {
    let token = config.token_file.as_deref().map(read).transpose()?;
    let secret = config.people.oidc_client_secret_file.as_deref().map(read).transpose()?;
    let policy = config.policy(secret.as_deref());
    if policy.issuer.as_ref().is_some_and(|issuer| issuer.url.starts_with("http://")) {
        tracing::warn!("the issuer is asked without TLS: whoever is between can log in as anybody");
    }
    Ok(Access::with(config.listen, config.public_host(), token.as_deref(), policy)?)
}

/// Both ends of the topic of events, where front ends send any.
fn events(config: &Config) -> anyhow::Result<Option<Events>> {
    let Some(path) = &config.frustration else { return Ok(None) };
    let told = frustration::settings::Settings::read(read(path)?.as_bytes())
        .with_context(|| format!("use {}", path.display()))?;
    tracing::info!(projects = told.projects.len(), outlets = told.outbound.len(), "front ends and outlets");
    if told.projects.is_empty() {
        return Ok(Some(Events { settings: told, ends: None }));
    }
    let topic = KafkaSettings { topic: config.events_topic(), ..kafka_settings(config)? };
    let group = format!("{}.events", config.group());
    let source = BrokerSource::subscribe(topic.clone(), &group).context("join the group of events")?;
    let publisher = BrokerPublisher::connect(topic).context("make the publisher of events")?;
    tracing::info!(group, "events are taken");
    Ok(Some(Events { settings: told, ends: Some((Box::new(source), Box::new(publisher))) }))
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

fn kafka_settings(config: &Config) -> anyhow::Result<KafkaSettings> {
    let properties = match &config.kafka_properties {
        Some(path) => Properties::read(path)?,
        None => Properties::default(),
    };
    Ok(KafkaSettings { brokers: config.kafka_brokers.clone(), topic: config.topic(), properties })
}
