//! Where the cluster is on this machine: its folder, its addresses, its names.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::parts;

/// The address of this machine as pods see it: servers of tests listen here.
pub const HOST: &str = "10.88.0.1";

/// The node: the API server, the kubelet and node ports answer here.
pub const NODE: &str = "10.88.0.2";

/// The network of host, node and pods. Pods begin at [`FIRST_POD`].
pub const PODS: &str = "10.88.0.0/16";

/// Leaves room for addresses of the host and the node.
pub const FIRST_POD: &str = "10.88.1.1";

/// The network of services. The host has a route to it, so tests can call a service's address.
pub const SERVICES: &str = "10.96.0.0/16";

/// The first address of [`SERVICES`] is the API server's.
pub const API_SERVICE: &str = "10.96.0.1";

/// Where pods ask for names.
pub const DNS_SERVICE: &str = "10.96.0.10";

/// The node's name.
pub const NODE_NAME: &str = "node1";

/// The host's end of the wire to the node. At most 15 characters.
pub const HOST_LINK: &str = "issuetracker0";

/// The control group of all pods, in every hierarchy.
pub const CONTROL_GROUP: &str = "issuetracker";

/// Locks and the name of their holder: one cluster per machine, whoever starts it.
pub const LOCKS: &str = "/run/issuetracker-cluster";

/// The cluster's folder: all that it writes is below, and goes with it. Only logs outlive it, until the next start.
#[derive(Clone, Debug)]
pub struct Place(PathBuf);

impl Place {
    /// The folder of this user's cluster.
    pub fn new() -> Result<Self> {
        Ok(Self(parts::cache()?.join("cluster")))
    }

    /// A place that is already known.
    pub fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// A file or folder of the cluster.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// [`Place::path`] as text, for files of settings.
    pub fn text(&self, name: &str) -> Result<String> {
        let path = self.path(name);
        Ok(path.to_str().with_context(|| format!("{} is not text", path.display()))?.to_owned())
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.path("admin.kubeconfig")
    }

    /// containerd's socket.
    pub fn containerd(&self) -> PathBuf {
        self.path("containerd.sock")
    }
}
