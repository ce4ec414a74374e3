//! `cargo xtest cluster`: the cluster for people.

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;

use super::place::Place;
use super::{Cluster, build, down, node, running, status};
use crate::parts::say;

/// What is to be done with it.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Starts it, or says that it is up. It stays until `down`.
    Up,

    /// Stops it and removes all that is left of it.
    Down,

    /// Says who runs one, since when, and how it is.
    Status,

    /// Prints the path of the administrator's kubeconfig.
    Kubeconfig,

    /// Loads the images of docker archives into it.
    Load {
        /// Archives as `cargo xtest images` makes them.
        #[arg(required = true)]
        archives: Vec<PathBuf>,
    },

    /// Builds and installs all that it needs, and starts nothing.
    Build,

    /// The node's first process. Started by `up`.
    #[command(hide = true)]
    Node {
        /// The cluster's folder.
        folder: PathBuf,
    },
}

impl Task {
    /// Does it. The answer to a question is for standard output.
    pub fn run(self) -> Result<Option<String>> {
        match self {
            Self::Up => {
                let cluster = Cluster::up(false)?;
                return Ok(Some(format!("export KUBECONFIG={}", cluster.kubeconfig().display())));
            }
            Self::Down => {
                if !down()? {
                    say("no cluster was up");
                }
            }
            Self::Status => return status::page(running).map(Some),
            Self::Kubeconfig => return Ok(Some(Place::new()?.kubeconfig().display().to_string())),
            Self::Load { archives } => {
                let client = running()?;
                archives.iter().try_for_each(|archive| client.import(archive))?;
            }
            Self::Build => {
                build::ready()?;
                say("all parts of the cluster are ready");
            }
            Self::Node { folder } => node::run_first(&Place::at(folder), &build::ready()?)?,
        }
        Ok(None)
    }
}
