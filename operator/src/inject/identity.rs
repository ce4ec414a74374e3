//! Who a pod is: its workload, image and release. The rest the downward API tells when the pod runs.

use k8s_openapi::api::core::v1::{Container, Pod};

use super::RELEASE;

/// The object that people think of when they name the pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Workload {
    pub kind: String,
    pub name: String,
}

/// The pod's workload: never the name of a pod or of a ReplicaSet, which change with each rollout.
pub(super) fn workload(pod: &Pod) -> Workload {
    let owners = pod.metadata.owner_references.iter().flatten();
    let Some(owner) =
        owners.clone().find(|owner| owner.controller == Some(true)).or_else(|| owners.clone().next())
    else {
        return bare(pod);
    };
    match owner.kind.as_str() {
        "ReplicaSet" => {
            let hash = label(pod, "pod-template-hash").unwrap_or_default();
            let name = owner.name.strip_suffix(&format!("-{hash}")).filter(|_| !hash.is_empty());
            match name {
                Some(name) => Workload { kind: "Deployment".to_owned(), name: name.to_owned() },
                None => Workload { kind: owner.kind.clone(), name: owner.name.clone() },
            }
        }
        "Job" => match without_schedule(&owner.name) {
            Some(name) => Workload { kind: "CronJob".to_owned(), name: name.to_owned() },
            None => Workload { kind: owner.kind.clone(), name: owner.name.clone() },
        },
        _ => Workload { kind: owner.kind.clone(), name: owner.name.clone() },
    }
}

/// `nightly-29384950` → `nightly`: a CronJob names its Jobs after the minute (since 1970) that they are for.
fn without_schedule(job: &str) -> Option<&str> {
    let (name, minute) = job.rsplit_once('-')?;
    (minute.len() >= 8 && minute.bytes().all(|byte| byte.is_ascii_digit())).then_some(name)
}

fn bare(pod: &Pod) -> Workload {
    let name = label(pod, "app.kubernetes.io/name")
        .or_else(|| main_container(pod).map(|container| container.name.as_str()))
        .unwrap_or_default();
    Workload { kind: "Pod".to_owned(), name: name.to_owned() }
}

/// The container that stands for the pod: kubectl's default, else the first.
pub(super) fn main_container(pod: &Pod) -> Option<&Container> {
    let containers = &pod.spec.as_ref()?.containers;
    let named =
        pod.metadata.annotations.as_ref().and_then(|all| all.get("kubectl.kubernetes.io/default-container"));
    containers.iter().find(|one| Some(&one.name) == named).or_else(|| containers.first())
}

/// The release: a label that says so, the version label, the image's digest, its tag.
pub(super) fn release(pod: &Pod) -> Option<String> {
    let said = label(pod, RELEASE).or_else(|| label(pod, "app.kubernetes.io/version"));
    said.map(str::to_owned).or_else(|| main_container(pod)?.image.as_deref().and_then(version))
}

/// The digest of an image reference, else its tag. A colon before the last slash belongs to a registry's port.
fn version(image: &str) -> Option<String> {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let last = name.rsplit('/').next().unwrap_or(name);
    digest.or_else(|| last.split_once(':').map(|(_, tag)| tag)).map(str::to_owned)
}

fn label<'p>(pod: &'p Pod, name: &str) -> Option<&'p str> {
    let value = pod.metadata.labels.as_ref()?.get(name)?;
    Some(value.as_str()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{version, without_schedule};

    #[test]
    fn the_version_of_an_image_is_its_digest_or_its_tag() {
        for (image, expected) in [
            ("api:v3", Some("v3")),
            ("registry:5000/shop/api", None),
            ("registry:5000/shop/api:v3", Some("v3")),
            ("shop/api:v3@sha256:12ab", Some("sha256:12ab")),
            ("api", None),
        ] {
            assert_eq!(version(image).as_deref(), expected, "{image}");
        }
    }

    #[test]
    fn a_job_of_a_cron_job_ends_in_its_minute() {
        assert_eq!(without_schedule("nightly-29384950"), Some("nightly"));
        assert_eq!(without_schedule("migrate-2"), None);
        assert_eq!(without_schedule("import-2024abcd"), None);
    }
}
