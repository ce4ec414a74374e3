//! The webhook's certificates at run time: the leader keeps the Secret, every replica signs its leaf and serves.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use axum::Router;
use axum_server::tls_rustls::RustlsConfig;
use jiff::SignedDuration;
use k8s_openapi::api::{admissionregistration::v1::MutatingWebhookConfiguration, core::v1::Secret};
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use serde_json::json;

use super::now;
use crate::{config::Config, inject::certificates::Authorities, reconcile::build::MANAGER};

/// The Secret's key.
const KEY: &str = "authorities.json";
/// How often the leader looks whether a step is due, and a replica for a new Secret.
const PACE: Duration = Duration::from_secs(5);
/// A leaf lives for a month and is signed anew every day, and whenever the authority changes.
const LEAF: Duration = Duration::from_secs(86_400);

type Shared = Arc<ArcSwap<Option<Authorities>>>;

/// The Secret's name.
fn secret(config: &Config) -> String {
    format!("{}-webhook", config.release)
}

/// The names under which the API server calls the webhook.
pub(super) fn names(config: &Config) -> Vec<String> {
    let service = super::registration::service(config);
    vec![
        format!("{service}.{}.svc", config.namespace),
        format!("{service}.{}.svc.cluster.local", config.namespace),
    ]
}

/// Every replica: reads the Secret whenever it changes. What is in memory outlives a deleted Secret.
pub(super) async fn follow(client: Client, config: &Config, shared: Shared) -> anyhow::Result<()> {
    let api: Api<Secret> = Api::namespaced(client, &config.namespace);
    let name = secret(config);
    let mut pace = tokio::time::interval(PACE);
    loop {
        pace.tick().await;
        match api.get_opt(&name).await {
            Ok(Some(found)) => match read(&found) {
                Some(authorities) if shared.load().as_ref().as_ref() != Some(&authorities) => {
                    shared.store(Arc::new(Some(authorities)));
                }
                Some(_) => {}
                None => tracing::warn!(
                    name,
                    "the Secret of the webhook cannot be read; the leader writes it anew"
                ),
            },
            Ok(None) => {}
            Err(error) => tracing::warn!(name, %error, "reading the Secret of the webhook"),
        }
    }
}

fn read(secret: &Secret) -> Option<Authorities> {
    serde_json::from_slice(&secret.data.as_ref()?.get(KEY)?.0).ok()
}

/// The leader: makes the Secret, restores it, and takes the steps of a rotation.
pub(super) async fn keep(client: Client, config: &Config, shared: Shared) -> anyhow::Result<()> {
    let api: Api<Secret> = Api::namespaced(client.clone(), &config.namespace);
    let name = secret(config);
    let settle = SignedDuration::from_secs(config.settle_seconds.into());
    let mut pace = tokio::time::interval(PACE);
    loop {
        pace.tick().await;
        let found = match api.get_opt(&name).await {
            Ok(found) => found.as_ref().and_then(read),
            Err(error) => {
                tracing::warn!(name, %error, "reading the Secret of the webhook");
                continue;
            }
        };
        let memory = shared.load().as_ref().clone();
        let wanted = match (&found, memory) {
            (Some(found), _) => match found.step(now(), &trusted(&client, config).await, settle)? {
                Some(next) => next,
                None => continue,
            },
            (None, Some(memory)) => memory,
            (None, None) => Authorities::new(now())?,
        };
        if let Err(error) = write(&api, &name, &wanted).await {
            tracing::warn!(name, %error, "writing the Secret of the webhook");
            continue;
        }
        shared.store(Arc::new(Some(wanted)));
    }
}

async fn write(api: &Api<Secret>, name: &str, authorities: &Authorities) -> anyhow::Result<()> {
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "type": "Opaque",
        "stringData": {KEY: serde_json::to_string(authorities)?},
    });
    api.patch(name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(&secret)).await?;
    Ok(())
}

/// The bundle that the API server has.
async fn trusted(client: &Client, config: &Config) -> String {
    let api: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    let found = api.get_opt(&super::registration::name(config)).await.ok().flatten();
    let bundles = found.into_iter().flat_map(|found| found.webhooks.unwrap_or_default());
    let bundle = bundles.filter_map(|webhook| webhook.client_config.ca_bundle).next();
    bundle.map(|bundle| String::from_utf8_lossy(&bundle.0).into_owned()).unwrap_or_default()
}

/// Serves the webhook as soon as there is an authority, with a leaf that follows it.
pub(super) async fn serve(
    listen: SocketAddr,
    app: Router,
    names: Vec<String>,
    shared: Shared,
) -> anyhow::Result<()> {
    let mut pace = tokio::time::interval(Duration::from_millis(200));
    let first = loop {
        pace.tick().await;
        if let Some(authorities) = shared.load().as_ref().clone() {
            break authorities;
        }
    };
    let config = RustlsConfig::from_config(Arc::new(first.current.leaf(&names, now())?));
    let server = axum_server::bind_rustls(listen, config.clone()).serve(app.into_make_service());
    let renew = async {
        let (mut signer, mut signed) = (first.current, now());
        let mut pace = tokio::time::interval(PACE);
        loop {
            pace.tick().await;
            let Some(authorities) = shared.load().as_ref().clone() else { continue };
            let age = now().duration_since(signed).unsigned_abs();
            if authorities.current == signer && age < LEAF {
                continue;
            }
            (signer, signed) = (authorities.current, now());
            config.reload_from_config(Arc::new(signer.leaf(&names, signed)?));
            tracing::info!("the webhook serves with a new certificate");
        }
    };
    tokio::select! {
        ended = server => ended.with_context(|| format!("serving the webhook on {listen}")),
        ended = renew => ended,
    }
}
