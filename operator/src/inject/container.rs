//! One container of the user's: the shim in front of its command, and the address it can report to.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, EnvVar, VolumeMount};

use super::{ContainerSkip, Plan, ROOT, SHIM, VOLUME, entrypoint};
use crate::resource::Mode;

/// The address to report to.
pub(super) const URL: &str = "ISSUETRACKER_URL";
const SEGMENTS_DIR: &str = "ISSUETRACKER_SEGMENTS_DIR";
const CONTAINER: &str = "ISSUETRACKER_CONTAINER";
const SHIM_URL: &str = "ISSUETRACKER_SHIM_URL";
/// Variables for the shim; it takes them out of what the command sees.
pub(super) const OURS: [&str; 3] = [SEGMENTS_DIR, CONTAINER, SHIM_URL];

/// Equips one container. An error says why its stderr is not read; it got the address all the same.
pub(super) fn equip(
    container: &mut Container,
    plan: &Plan,
    annotations: &BTreeMap<String, String>,
    port: u16,
) -> Result<(), ContainerSkip> {
    let address = format!("http://127.0.0.1:{port}");
    set_unless_there(container, URL, &address);
    if plan.capture.mode != Mode::Shim {
        return Ok(());
    }
    if container.tty == Some(true) {
        return Err(ContainerSkip::Tty);
    }
    let known = entrypoint::of(container, annotations, &plan.capture.entrypoints)?;
    let shim = [SHIM.to_owned(), "--".to_owned()];
    container.command = Some(shim.into_iter().chain(known.command).collect());
    container.args = known.args.or_else(|| container.args.take());
    set_unless_there(container, SEGMENTS_DIR, &format!("{ROOT}/segments"));
    let name = container.name.clone();
    set_unless_there(container, CONTAINER, &name);
    set_unless_there(container, SHIM_URL, &address);
    let mounts = container.volume_mounts.get_or_insert_default();
    mounts.push(mount("bin", "bin", true));
    mounts.push(mount(&format!("segments/{name}"), &format!("segments/{name}"), false));
    Ok(())
}

/// A part of our emptyDir, mounted under our folder.
pub(super) fn mount(sub_path: &str, path: &str, read_only: bool) -> VolumeMount {
    VolumeMount {
        name: VOLUME.to_owned(),
        sub_path: Some(sub_path.to_owned()),
        mount_path: format!("{ROOT}/{path}"),
        read_only: read_only.then_some(true),
        ..VolumeMount::default()
    }
}

/// Adds a variable, unless the container has one of that name.
fn set_unless_there(container: &mut Container, name: &str, value: &str) {
    let env = container.env.get_or_insert_default();
    if !env.iter().any(|one| one.name == name) {
        env.push(EnvVar { name: name.to_owned(), value: Some(value.to_owned()), value_from: None });
    }
}
