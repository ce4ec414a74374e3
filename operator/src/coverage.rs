//! Which pods carry the sidecar, and which should and do not: the most common complaint about every injector is that it
//! failed in silence.
//!
//! Pods are followed by their metadata alone and kept as a few bytes each. One that carries no mark of ours is read once
//! and given to the same pure function that the webhook uses: it says why the pod stays as it is, or that it was missed.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::inject::INJECTED;

/// The word for pods that the webhook would have given a sidecar, had it been asked.
pub const MISSED: &str = "missed";
/// The word for pods that are older than their tracker.
pub const BEFORE: &str = "before_tracker";

/// Shared by the watch of pods, the registration and the reconciler.
#[derive(Clone, Debug, Default)]
pub struct Coverage(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// Namespaces that the API server asks the webhook about.
    registered: Vec<String>,
    /// Pods by namespace and name.
    pods: HashMap<String, HashMap<String, Seen>>,
}

/// What is known of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    /// It carries the sidecar.
    Injected,
    /// It does not, and nobody has looked why.
    Bare(Option<Timestamp>),
    /// It does not, for this reason.
    Judged(&'static str),
}

/// The pods of a namespace, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// With a sidecar.
    pub injected: i64,
    /// Without, by reason.
    pub skipped: BTreeMap<String, i64>,
    /// A pod that was missed.
    pub missed_example: Option<String>,
}

impl Coverage {
    fn known<T>(&self, work: impl FnOnce(&mut Known) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The API server was told to ask about these namespaces.
    pub fn registered(&self, namespaces: &[String]) {
        self.known(|known| known.registered = namespaces.to_vec());
    }

    /// Whether it was told to ask about this one.
    pub fn is_registered(&self, namespace: &str) -> bool {
        self.known(|known| known.registered.iter().any(|one| one == namespace))
    }

    /// Every pod is told anew.
    pub fn forget_pods(&self) {
        self.known(|known| known.pods.clear());
    }

    /// A pod is there.
    pub fn saw(&self, pod: &ObjectMeta) {
        let (Some(namespace), Some(name)) = (&pod.namespace, &pod.name) else { return };
        let labels = pod.labels.as_ref();
        let ours = labels.and_then(|all| all.get("app.kubernetes.io/managed-by"));
        if ours.is_some_and(|manager| manager == crate::reconcile::build::MANAGER) {
            return;
        }
        let injected = pod.annotations.as_ref().is_some_and(|all| all.contains_key(INJECTED));
        let made = pod.creation_timestamp.as_ref().map(|time| time.0);
        self.known(|known| {
            let pods = known.pods.entry(namespace.clone()).or_default();
            match pods.get(name) {
                Some(Seen::Judged(_)) if !injected => {}
                _ => {
                    pods.insert(name.clone(), if injected { Seen::Injected } else { Seen::Bare(made) });
                }
            }
        });
    }

    /// A pod is gone.
    pub fn lost(&self, pod: &ObjectMeta) {
        let (Some(namespace), Some(name)) = (&pod.namespace, &pod.name) else { return };
        self.known(|known| {
            if let Some(pods) = known.pods.get_mut(namespace) {
                pods.remove(name);
            }
            known.pods.retain(|_, pods| !pods.is_empty());
        });
    }

    /// Pods without a sidecar in a namespace whose tracker is as old as `since`, at most `limit`. Those that are older than
    /// it are judged at once.
    pub fn unjudged(&self, namespace: &str, since: Option<Timestamp>, limit: usize) -> Vec<String> {
        self.known(|known| {
            let Some(pods) = known.pods.get_mut(namespace) else { return Vec::new() };
            let mut open = Vec::new();
            for (name, seen) in pods {
                match seen {
                    Seen::Bare(made) if *made < since => *seen = Seen::Judged(BEFORE),
                    Seen::Bare(_) if open.len() < limit => open.push(name.clone()),
                    _ => {}
                }
            }
            open
        })
    }

    /// Why a pod has no sidecar. Returns whether that is new.
    pub fn judge(&self, namespace: &str, name: &str, reason: &'static str) -> bool {
        self.known(|known| match known.pods.get_mut(namespace).and_then(|pods| pods.get_mut(name)) {
            Some(seen @ Seen::Bare(_)) => {
                *seen = Seen::Judged(reason);
                true
            }
            _ => false,
        })
    }

    /// The pods of a namespace, counted; `None` without any.
    pub fn of(&self, namespace: &str) -> Option<Counts> {
        self.known(|known| {
            let mut counts = Counts::default();
            for (name, seen) in known.pods.get(namespace)? {
                match seen {
                    Seen::Injected => counts.injected += 1,
                    Seen::Bare(_) => {}
                    Seen::Judged(reason) => *counts.skipped.entry((*reason).to_owned()).or_default() += 1,
                }
                if *seen == Seen::Judged(MISSED)
                    && counts.missed_example.as_ref().is_none_or(|one| name < one)
                {
                    counts.missed_example = Some(name.clone());
                }
            }
            Some(counts)
        })
    }

    /// Pods that were missed, in all.
    pub fn missed(&self) -> usize {
        self.known(|known| {
            let all = known.pods.values().flat_map(HashMap::values);
            all.filter(|seen| **seen == Seen::Judged(MISSED)).count()
        })
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn at(second: i64) -> Option<Timestamp> {
        Timestamp::from_second(second).ok()
    }

    fn pod(name: &str, second: i64, injected: bool) -> ObjectMeta {
        let mark = (INJECTED.to_owned(), "shop/main".to_owned());
        ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some("shop".to_owned()),
            creation_timestamp: at(second).map(Time),
            annotations: injected.then(|| BTreeMap::from([mark])),
            ..ObjectMeta::default()
        }
    }

    #[test]
    fn pods_are_counted_by_what_is_known_of_them() {
        let coverage = Coverage::default();
        for one in [pod("a", 20, true), pod("b", 5, false), pod("c", 20, false), pod("d", 20, false)] {
            coverage.saw(&one);
        }
        let mut open = coverage.unjudged("shop", at(10), 10);
        open.sort_unstable();
        assert_eq!(open, ["c", "d"], "b is older than the tracker");
        assert!(coverage.judge("shop", "c", MISSED) && !coverage.judge("shop", "c", MISSED));
        coverage.judge("shop", "d", "host_network");
        let counts = coverage.of("shop").unwrap();
        assert_eq!((counts.injected, counts.missed_example.as_deref()), (1, Some("c")));
        let skipped: Vec<_> = counts.skipped.iter().map(|(reason, n)| (reason.as_str(), *n)).collect();
        assert_eq!(skipped, [(BEFORE, 1), ("host_network", 1), (MISSED, 1)]);
        // A change of a pod's metadata is no new pod.
        coverage.saw(&pod("c", 20, false));
        assert_eq!(coverage.missed(), 1);
        coverage.lost(&pod("c", 20, false));
        assert_eq!(coverage.missed(), 0);
    }
}
