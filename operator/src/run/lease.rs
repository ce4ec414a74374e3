//! Which replica writes: the one that holds the Lease.
//!
//! `kube-lease-manager` takes, renews and releases it, and goes by the times that stand in it. A holder whose clock was ahead
//! leaves a time in the future, before which no replica would take the Lease, or renew it. Every replica therefore also sees
//! whether the Lease changes, by a clock that never jumps, as the Kubernetes client for Go does (`leaderelection`,
//! `observedTime`): one that nobody renewed for its duration is cleared.

use std::time::Duration;

use anyhow::Context as _;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{
    Api, Client, ResourceExt as _,
    api::{Patch, PatchParams},
};
use kube_lease_manager::{DurationSeconds, LeaseManager, LeaseManagerBuilder, LeaseManagerError};
use serde_json::json;
use tokio::{sync::watch, task::JoinHandle, time::Instant};

use crate::config::Config;

/// A Lease is lost after this time without a sign of its holder.
const DURATION: DurationSeconds = 15;
/// So long before that it is renewed.
const GRACE: DurationSeconds = 5;
/// Time between two looks at the Lease.
const PACE: Duration = Duration::from_secs(5);
/// A Lease that did not change for so long has no holder, whatever it says: the time of a look is added, for a renewal may come
/// right after one.
const STILL: Duration = Duration::from_secs(DURATION).saturating_add(PACE);

/// The Lease as one replica sees it.
pub(super) struct Candidate {
    client: Client,
    namespace: String,
    name: String,
    replica: String,
    /// The version of the Lease that was seen last, and since when.
    seen: Option<(String, Instant)>,
    /// Takes and renews the Lease, and gives it back when nobody listens to it any more.
    manager: Option<JoinHandle<Result<LeaseManager, LeaseManagerError>>>,
}

impl Candidate {
    pub(super) fn new(client: Client, config: &Config) -> Self {
        Self {
            client,
            namespace: config.namespace.clone(),
            name: format!("{}-operator", config.release),
            replica: config.pod_name.clone(),
            seen: None,
            manager: None,
        }
    }

    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Waits until this replica holds the Lease. It does so for as long as the receiver says `true`.
    pub(super) async fn wait(&mut self) -> anyhow::Result<watch::Receiver<bool>> {
        loop {
            let manager = LeaseManagerBuilder::new(self.client.clone(), self.name.clone())
                .with_namespace(self.namespace.clone())
                .with_identity(self.replica.clone())
                .with_duration(DURATION)
                .with_grace(GRACE)
                .build()
                .await
                .context("preparing the lease")?;
            let (mut holds, task) = manager.watch().await;
            // One before it may sleep until a time that is long to come.
            if let Some(before) = self.manager.replace(task) {
                before.abort();
            }
            let held = tokio::select! {
                held = holds.wait_for(|holds| *holds) => held.map(|_| true).context("waiting for the lease")?,
                () = self.watch(|holder| holder.is_none()) => false,
            };
            if held {
                return Ok(holds);
            }
        }
    }

    /// Waits until this replica holds the Lease no more.
    pub(super) async fn lost(&mut self, mut holds: watch::Receiver<bool>) {
        let replica = self.replica.clone();
        tokio::select! {
            _ = holds.wait_for(|holds| !*holds) => {}
            () = self.watch(|holder| holder != Some(replica.as_str())) => {}
        }
        // It may believe that it holds the Lease still, and would give back what is another's.
        if let Some(manager) = self.manager.take() {
            manager.abort();
        }
    }

    /// Waits until the Lease is given back, so that the next replica need not wait for its end.
    pub(super) async fn leave(&mut self) -> anyhow::Result<()> {
        match self.manager.take() {
            Some(manager) => Ok(manager.await?.map(drop)?),
            None => Ok(()),
        }
    }

    /// Looks at the Lease until its holder is as `wanted`, or until it stood still for so long that it was cleared.
    async fn watch(&mut self, wanted: impl Fn(Option<&str>) -> bool) {
        loop {
            tokio::time::sleep(PACE).await;
            match self.look(&wanted).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "reading the lease; it goes on by itself"),
            }
        }
    }

    async fn look(&mut self, wanted: impl Fn(Option<&str>) -> bool) -> kube::Result<bool> {
        let lease = self.api().get(&self.name).await?;
        if wanted(holder(&lease)) {
            return Ok(true);
        }
        let version = lease.resource_version().unwrap_or_default();
        match &self.seen {
            Some((seen, since)) if *seen == version => {
                let still = since.elapsed() >= STILL;
                if still {
                    tracing::warn!(
                        holder = holder(&lease),
                        "nobody renewed the lease, although it lasts by its times: a clock is wrong, or was"
                    );
                    self.clear(&lease).await?;
                }
                Ok(still)
            }
            _ => {
                self.seen = Some((version, Instant::now()));
                Ok(false)
            }
        }
    }

    /// Takes the holder out of the Lease, unless it changed in the meantime.
    async fn clear(&self, lease: &Lease) -> kube::Result<()> {
        let patch = json!({
            "metadata": {"resourceVersion": lease.resource_version()},
            "spec": {"holderIdentity": null, "acquireTime": null, "renewTime": null, "leaseDurationSeconds": null},
        });
        self.api().patch(&self.name, &PatchParams::default(), &Patch::Merge(patch)).await.map(drop)
    }

    fn api(&self) -> Api<Lease> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }
}

fn holder(lease: &Lease) -> Option<&str> {
    lease.spec.as_ref()?.holder_identity.as_deref()
}
