//! What a container starts, by Kubernetes' own rules.
//!
//! Kubernetes starts `command` + `args`; a missing `command` is the image's ENTRYPOINT, and the image's CMD counts only
//! where both are missing. Since the shim takes the place of `command`, what it replaces must be known beforehand: the
//! kubelet alone can look into an image, and an admission call must not wait for a registry.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Container;

use super::{ContainerSkip, ENTRYPOINT};
use crate::resource::Entrypoint;

/// What a container starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// In place of `command`.
    pub command: Vec<String>,
    /// In place of `args`, where the pod gives none.
    pub args: Option<Vec<String>>,
}

/// Inits that work as process 1 only.
const PID1: &[&str] =
    &["init", "systemd", "s6-svscan", "s6-overlay-suexec", "s6-linux-init", "runit-init", "runit"];

/// Finds out what a container starts: its command, the pod's annotation, the tracker's table, in this order.
pub(super) fn of(
    container: &Container,
    annotations: &BTreeMap<String, String>,
    table: &[Entrypoint],
) -> Result<Known, ContainerSkip> {
    let known = find(container, annotations, table)?;
    let program = known.command.first().map_or("", |path| path.rsplit('/').next().unwrap_or(path));
    if PID1.contains(&program) { Err(ContainerSkip::NeedsPid1) } else { Ok(known) }
}

fn find(
    container: &Container,
    annotations: &BTreeMap<String, String>,
    table: &[Entrypoint],
) -> Result<Known, ContainerSkip> {
    if let Some(command) = container.command.as_ref().filter(|command| !command.is_empty()) {
        return Ok(Known { command: command.clone(), args: None });
    }
    if let Some(text) = annotations.get(&format!("{ENTRYPOINT}{}", container.name)) {
        let command: Vec<String> =
            serde_json::from_str(text).map_err(|_| ContainerSkip::EntrypointInvalid)?;
        return match command.is_empty() {
            true => Err(ContainerSkip::EntrypointInvalid),
            false => Ok(Known { command, args: None }),
        };
    }
    let image = container.image.as_deref().unwrap_or_default();
    let entry =
        table.iter().find(|entry| glob(&entry.image, image)).ok_or(ContainerSkip::EntrypointUnknown)?;
    let has_args = container.args.as_ref().is_some_and(|args| !args.is_empty());
    let args = (!has_args && !entry.args.is_empty()).then(|| entry.args.clone());
    Ok(Known { command: entry.command.clone(), args })
}

/// Whether `text` is of the form `pattern`, in which `*` stands for any run of characters. Linear in both.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else { return text.is_empty() };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part).and_then(|at| rest.get(at + part.len()..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, text, fits) in [
            ("python:3.12", "python:3.12", true),
            ("python:3.12", "python:3.12-slim", false),
            ("python:*", "python:3.12-slim", true),
            ("*/api:*", "registry.example/shop/api:v3", true),
            ("*/api:*", "registry.example/shop/apiary:v3", false),
            ("*", "", true),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXbYd", false),
            ("a*a", "a", false),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }
}
