//! Takes out of a pod whatever injection puts in, so that a second run starts from what the user wrote.

use k8s_openapi::api::core::v1::{Container, Pod};

use super::{INJECTED, INSTALLER, ROOT, SHIM, SIDECAR, VOLUME, container::OURS};

/// Takes out what an earlier run put in.
pub(super) fn strip(pod: &mut Pod) {
    let was_injected = pod.metadata.annotations.as_mut().is_some_and(|all| all.remove(INJECTED).is_some());
    if pod.metadata.annotations.as_ref().is_some_and(|all| all.is_empty()) {
        pod.metadata.annotations = None;
    }
    let Some(spec) = pod.spec.as_mut() else { return };
    if was_injected {
        if let Some(init) = spec.init_containers.as_mut() {
            init.retain(|one| one.name != SIDECAR && one.name != INSTALLER);
        }
        if let Some(volumes) = spec.volumes.as_mut() {
            volumes.retain(|one| one.name != VOLUME && !one.name.starts_with("issuetracker-"));
        }
    }
    spec.init_containers = spec.init_containers.take().filter(|all| !all.is_empty());
    spec.volumes = spec.volumes.take().filter(|all| !all.is_empty());
    for one in spec.init_containers.iter_mut().flatten().chain(&mut spec.containers) {
        unwrap(one, was_injected);
    }
}

fn unwrap(container: &mut Container, was_injected: bool) {
    if let Some(command) = container.command.as_mut()
        && command.first().is_some_and(|first| first == SHIM)
    {
        command.drain(..command.len().min(2));
    }
    container.command = container.command.take().filter(|command| !command.is_empty());
    if let Some(env) = container.env.as_mut() {
        env.retain(|one| {
            let ours = OURS.contains(&one.name.as_str());
            let address = was_injected
                && one.name == super::container::URL
                && one.value.as_deref().is_some_and(|value| value.starts_with("http://127.0.0.1:"));
            !ours && !address
        });
    }
    container.env = container.env.take().filter(|env| !env.is_empty());
    if let Some(mounts) = container.volume_mounts.as_mut() {
        mounts.retain(|one| !(one.name == VOLUME && one.mount_path.starts_with(ROOT)));
    }
    container.volume_mounts = container.volume_mounts.take().filter(|mounts| !mounts.is_empty());
}
