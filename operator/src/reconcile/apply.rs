//! Writes what was built, and nothing that is there already.
//!
//! Server-side apply leaves what others own. What was written is remembered with the state that the API server gave it: as
//! long as both are the same, nothing is written, so that a steady cluster sees no write of ours.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, Patch, PatchParams},
    core::{ApiResource, DynamicObject, GroupVersionKind},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    build::{
        Child, MANAGER,
        optional::{self, Apis, KEDA, MONITORING},
    },
    validate::Valid,
};

/// A write that the API server refused.
#[derive(Debug, thiserror::Error)]
#[error("{verb} {object} in namespace {namespace}")]
pub struct ApplyError {
    verb: &'static str,
    object: String,
    namespace: String,
    #[source]
    source: Box<kube::Error>,
}

impl ApplyError {
    fn is_not_found(&self) -> bool {
        matches!(&*self.source, kube::Error::Api(status) if status.code == 404)
    }
}

/// Writes objects, and remembers them.
pub struct Applier {
    client: Client,
    written: Mutex<HashMap<String, Written>>,
    looked: Mutex<HashMap<String, ([u8; 32], Instant)>>,
    tried: Mutex<HashMap<String, Instant>>,
    apis: Mutex<Option<(Apis, Instant)>>,
}

/// What was written, and what it looked like to the API server afterwards.
#[derive(Clone, PartialEq, Eq)]
struct Written {
    hash: [u8; 32],
    state: String,
}

impl Applier {
    /// Remembers nothing yet: the first run writes everything once.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            written: Mutex::default(),
            looked: Mutex::default(),
            tried: Mutex::default(),
            apis: Mutex::default(),
        }
    }

    /// Which APIs of others the cluster serves, asked again now and then: somebody may install them.
    pub async fn apis(&self) -> Apis {
        const PAUSE: Duration = Duration::from_secs(120);
        let known = *self.apis.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((apis, at)) = known
            && at.elapsed() < PAUSE
        {
            return apis;
        }
        let before = known.map_or_else(Apis::default, |(apis, _)| apis);
        let serves =
            async |version: &str, before: bool| match self.client.list_api_group_resources(version).await {
                Ok(_) => true,
                Err(kube::Error::Api(status)) if status.code == 404 => false,
                Err(error) => {
                    tracing::debug!(version, %error, "not known whether the cluster serves this API");
                    before
                }
            };
        let apis = Apis {
            keda: serves(KEDA, before.keda).await,
            monitors: serves(MONITORING, before.monitors).await,
        };
        *self.apis.lock().unwrap_or_else(PoisonError::into_inner) = Some((apis, Instant::now()));
        apis
    }

    /// Whether it is time to try to make what the operator may not read. A try on what is there changes nothing, yet it is
    /// a write that somebody may wonder about.
    pub fn may_try(&self, key: String) -> bool {
        const PAUSE: Duration = Duration::from_secs(3600);
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let due = tried.get(&key).is_none_or(|last| now.duration_since(*last) >= PAUSE);
        if due {
            tried.insert(key, now);
        }
        due
    }

    /// Whether the children must be looked at: another resource, a Deployment that somebody changed, or a while ago. A
    /// broker is asked far more often, and the API server should not be asked as often for that.
    pub fn is_due(&self, valid: &Valid, children: &[Child], deployment: Option<&ObjectMeta>) -> bool {
        const PAUSE: Duration = Duration::from_secs(120);
        let looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = looked
            .get(&valid.tracker())
            .is_some_and(|(hash, at)| *hash == hash_of(children) && at.elapsed() < PAUSE);
        let known = children.iter().find(|child| child.object["kind"] == "Deployment");
        let known = known.and_then(|child| self.remembered(&format!("{}/{}", valid.namespace, child.key())));
        let same = deployment.is_some_and(|found| known.is_some_and(|known| known.state == state(found)));
        !(recent && same)
    }

    /// Makes the cluster look like `children`. Returns how many objects were written.
    pub async fn apply(&self, valid: &Valid, children: &[Child], apis: Apis) -> Result<usize, ApplyError> {
        let written = self.write(valid, children, apis).await;
        if written.as_ref().is_err_and(ApplyError::is_not_found) {
            // An API that was there is gone, as after an uninstall of whoever served it.
            *self.apis.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        written
    }

    async fn write(&self, valid: &Valid, children: &[Child], apis: Apis) -> Result<usize, ApplyError> {
        let mut writes = 0;
        for child in children {
            writes += usize::from(self.apply_one(&valid.namespace, child).await?);
        }
        writes += self.remove_orphans(valid, children, apis).await?;
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        looked.insert(valid.tracker(), (hash_of(children), Instant::now()));
        Ok(writes)
    }

    async fn apply_one(&self, namespace: &str, child: &Child) -> Result<bool, ApplyError> {
        let api = self.api(namespace, &child.object);
        let name = child.object["metadata"]["name"].as_str().unwrap_or_default();
        let error = |verb, source| ApplyError {
            verb,
            object: child.key(),
            namespace: namespace.to_owned(),
            source: Box::new(source),
        };
        let key = format!("{namespace}/{}", child.key());
        let hash: [u8; 32] = Sha256::digest(child.object.to_string().as_bytes()).into();
        let now = api.get_metadata_opt(name).await.map_err(|source| error("reading", source))?;
        let before = now.map(|now| Written { hash, state: state(&now.metadata) });
        if before.is_some() && self.remembered(&key) == before {
            return Ok(false);
        }
        let params = PatchParams::apply(MANAGER).force();
        let after = api
            .patch(name, &params, &Patch::Apply(&child.object))
            .await
            .map_err(|source| error("writing", source))?;
        self.remember(key, Written { hash, state: state(&after.metadata) });
        Ok(true)
    }

    /// Removes what an earlier resource wanted and this one does not.
    async fn remove_orphans(
        &self,
        valid: &Valid,
        children: &[Child],
        apis: Apis,
    ) -> Result<usize, ApplyError> {
        let labels: Vec<_> =
            super::build::labels(valid).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut removed = 0;
        for (version, kind, plural) in optional::kinds(apis) {
            if children.iter().any(|child| child.object["kind"] == kind) {
                continue;
            }
            let resource = resource(version, kind, plural);
            let api: Api<DynamicObject> =
                Api::namespaced_with(self.client.clone(), &valid.namespace, &resource);
            let error = |verb, source| ApplyError {
                verb,
                object: kind.to_owned(),
                namespace: valid.namespace.clone(),
                source: Box::new(source),
            };
            let params = ListParams::default().labels(&labels.join(","));
            let found = match api.list_metadata(&params).await {
                Ok(found) => found,
                // An API that this cluster does not serve holds no orphans.
                Err(kube::Error::Api(status)) if status.code == 404 => continue,
                Err(source) => return Err(error("listing", source)),
            };
            for orphan in found.items {
                let name = orphan.metadata.name.unwrap_or_default();
                api.delete(&name, &DeleteParams::default())
                    .await
                    .map_err(|source| error("deleting", source))?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn api(&self, namespace: &str, object: &Value) -> Api<DynamicObject> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
        let plural = format!("{}s", kind.to_lowercase());
        Api::namespaced_with(self.client.clone(), namespace, &resource(&version, &kind, &plural))
    }

    fn remembered(&self, key: &str) -> Option<Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn remember(&self, key: String, written: Written) {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(key, written);
    }
}

fn resource(version: &str, kind: &str, plural: &str) -> ApiResource {
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
}

fn hash_of(children: &[Child]) -> [u8; 32] {
    let mut hash = Sha256::new();
    children.iter().for_each(|child| hash.update(child.object.to_string()));
    hash.finalize().into()
}

/// What changes when somebody changes what we wrote: the generation, which a change of status leaves alone, or, for kinds
/// without one, the fields that the API server says are ours: who changes one of them takes it over. The version would not
/// do, others write to what is theirs, as a provisioner to a claim.
fn state(meta: &ObjectMeta) -> String {
    let uid = meta.uid.as_deref().unwrap_or_default();
    if let Some(generation) = meta.generation {
        return format!("{uid}/g{generation}");
    }
    let entries = meta.managed_fields.iter().flatten();
    let ours = entries.filter(|entry| entry.manager.as_deref() == Some(MANAGER));
    let fields: Vec<String> =
        ours.filter_map(|entry| Some(entry.fields_v1.as_ref()?.0.to_string())).collect();
    let hash = Sha256::digest(fields.concat());
    format!("{uid}/f{}", hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claim(version: &str, fields: Value) -> ObjectMeta {
        serde_json::from_value(json!({
            "uid": "u", "resourceVersion": version,
            "managedFields": [
                {"manager": MANAGER, "operation": "Apply", "fieldsV1": fields},
                {"manager": "provisioner", "operation": "Update", "fieldsV1": {"f:metadata": {"f:annotations": version}}},
            ],
        }))
        .expect("metadata")
    }

    #[test]
    fn what_others_write_to_what_is_theirs_is_no_change() {
        let ours = json!({"f:spec": {"f:resources": {}}});
        assert_eq!(state(&claim("1", ours.clone())), state(&claim("2", ours.clone())));
        assert_ne!(state(&claim("1", ours)), state(&claim("1", json!({"f:spec": {}}))));
        let deployment =
            |generation: i64| ObjectMeta { generation: Some(generation), ..ObjectMeta::default() };
        assert_eq!(state(&deployment(1)), state(&deployment(1)));
        assert_ne!(state(&deployment(1)), state(&deployment(2)));
    }
}
