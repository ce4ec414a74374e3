//! The operator may do nothing that it does not do: every right that the chart grants was used in this run, as the audit log
//! has it. This module is the last by name, so the other tests have run before.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::cluster::product::{self, RELEASE, SYSTEM};

/// A group, a resource and a verb.
type Right = (String, String, String);

/// Rights that are for what no test brings about, each with its reason.
const UNSEEN: &[(&str, &str, &str)] = &[];

#[test]
fn every_right_of_the_operator_is_used() {
    let (product, _alone) = product::alone().unwrap();
    let client = product.cluster.client();
    let operator = format!("system:serviceaccount:{SYSTEM}:{RELEASE}-operator");
    let audit = product.cluster.audit().unwrap();
    let ours: Vec<&Value> = audit.iter().filter(|event| text(event, "/user/username") == operator).collect();
    let used: BTreeSet<Right> = ours.iter().flat_map(|event| exercised(event)).collect();
    let roles = [("", "clusterrole"), (SYSTEM, "role")].map(|(namespace, object)| {
        client.get(namespace, &format!("{object}/{RELEASE}-operator")).unwrap().expect("the role")
    });
    let granted: BTreeSet<Right> = roles.iter().flat_map(granted).collect();
    let known =
        |(_, resource, verb): &Right| UNSEEN.iter().any(|(of, word, _)| of == resource && word == verb);
    let unused: Vec<_> = granted.difference(&used).filter(|right| !known(right)).collect();
    assert!(unused.is_empty(), "granted, and used by nobody in a run of all tests: {unused:?}");

    let is_forbidden = |event: &&&Value| {
        // A namespace that ends takes no new objects, which is told by the same code.
        event.pointer("/responseStatus/code") == Some(&serde_json::json!(403))
            && text(event, "/annotations/authorization.k8s.io~1decision") == "forbid"
    };
    // What the chart grants is refused while it is uninstalled: its roles go before its pods have ended.
    let is_missing = |event: &&&Value| exercised(event).iter().any(|right| !granted.contains(right));
    let refused: Vec<_> = ours
        .iter()
        .filter(is_forbidden)
        .filter(is_missing)
        .map(|event| format!("{} {}", text(event, "/verb"), text(event, "/requestURI")))
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
}

/// What a request needed the right to.
fn exercised(event: &Value) -> Vec<Right> {
    let resource = match text(event, "/objectRef/subresource").as_str() {
        "" => text(event, "/objectRef/resource"),
        below => format!("{}/{below}", text(event, "/objectRef/resource")),
    };
    // A server-side apply that makes an object needs the right to create it as well; it is logged as patch.
    let made = text(event, "/verb") == "patch"
        && event.pointer("/responseStatus/code") == Some(&serde_json::json!(201));
    let verbs = std::iter::once(text(event, "/verb")).chain(made.then(|| "create".to_owned()));
    let group = text(event, "/objectRef/apiGroup");
    verbs.map(|verb| (group.clone(), resource.clone(), verb)).collect()
}

fn text(event: &Value, path: &str) -> String {
    event.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn granted(role: &Value) -> Vec<Right> {
    let words = |rule: &Value, name: &str| -> Vec<String> {
        let all = rule[name].as_array().into_iter().flatten();
        all.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut all = Vec::new();
    for rule in role["rules"].as_array().into_iter().flatten() {
        for group in words(rule, "apiGroups") {
            for resource in words(rule, "resources") {
                for verb in words(rule, "verbs") {
                    all.push((group.clone(), resource.clone(), verb));
                }
            }
        }
    }
    all
}
