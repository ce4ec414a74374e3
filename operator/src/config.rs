//! What the operator is told at its start. The only place that reads the environment.

use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::check::CheckConfig;

/// Runs issue tracking in a cluster from `IssueTracker` resources.
#[derive(Clone, Debug, Parser)]
#[command(name = "issuetracker-operator", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Watch the resources, reconcile them and serve the admission webhook.
    Run(Box<Config>),
    /// Print the definition of the resource (YAML), to install by `kubectl apply -f -`.
    Crd,
    /// Prove in a namespace of its own, which goes in the end, that new pods get the sidecar. `helm test` runs this.
    Check(CheckConfig),
}

/// Settings of `run`.
#[derive(Clone, Debug, Args)]
pub struct Config {
    /// The namespace that the operator runs in.
    #[arg(long, env = "ISSUETRACKER_NAMESPACE", default_value = "issuetracker-system")]
    pub namespace: String,
    /// This replica's name, for the lease.
    #[arg(long, env = "POD_NAME", default_value = "issuetracker-operator")]
    pub pod_name: String,
    /// Beginning of the names of Service, lease, webhook and Secret of this release.
    #[arg(long, env = "ISSUETRACKER_RELEASE", default_value = "issuetracker")]
    pub release: String,
    /// Image of the sidecar; it holds the shim.
    #[arg(long, env = "ISSUETRACKER_SIDECAR_IMAGE", default_value = concat!("issuetracker/sidecar:", env!("CARGO_PKG_VERSION")))]
    pub sidecar_image: String,
    /// Image of the tracker service.
    #[arg(long, env = "ISSUETRACKER_CONSUMER_IMAGE", default_value = concat!("issuetracker/consumer:", env!("CARGO_PKG_VERSION")))]
    pub consumer_image: String,
    /// Where the webhook is served, over TLS.
    #[arg(long, env = "ISSUETRACKER_WEBHOOK_LISTEN", default_value = "0.0.0.0:9443")]
    pub webhook_listen: SocketAddr,
    /// Where /livez, /readyz and /metrics are served.
    #[arg(long, env = "ISSUETRACKER_METRICS_LISTEN", default_value = "0.0.0.0:8080")]
    pub metrics_listen: SocketAddr,
    /// Resources that are reconciled at the same time.
    #[arg(long, env = "ISSUETRACKER_CONCURRENCY", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub concurrency: u16,
    /// Seconds that every API server gets to see a new certificate authority, and every replica to sign by it.
    #[arg(long, env = "ISSUETRACKER_SETTLE_SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(15..))]
    pub settle_seconds: u32,
    /// How logs are written.
    #[arg(long, env = "ISSUETRACKER_LOG_FORMAT", value_enum, default_value = "json")]
    pub log_format: LogFormat,
    /// Which logs are written: error, warn, info, debug, trace, or directives of the crate tracing-subscriber.
    #[arg(long, env = "ISSUETRACKER_LOG_LEVEL", default_value = "info,kube=warn")]
    pub log_level: String,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}
