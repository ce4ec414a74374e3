//! The operator may do nothing that it does not do: every right that the chart grants was used in this run, as the audit log
//! has it. This module is the last by name, so the other tests have run before.

use serde_json::Value;
use tests::cluster::product::{self, RELEASE, SYSTEM};

/// Rights that are for what no test brings about, each with its reason.
const UNSEEN: &[(&str, &str, &str)] = &[];

#[test]
fn every_right_of_the_operator_is_used() {
    let (product, _alone) = product::alone().unwrap();
    let client = product.cluster.client();
    let operator = format!("system:serviceaccount:{SYSTEM}:{RELEASE}-operator");
    let audit = product.cluster.audit().unwrap();
    let text = |event: &Value, path: &str| {
        event.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let used: std::collections::BTreeSet<(String, String, String)> = audit
        .iter()
        .filter(|event| text(event, "/user/username") == operator)
        .flat_map(|event| {
            let resource = match text(event, "/objectRef/subresource").as_str() {
                "" => text(event, "/objectRef/resource"),
                below => format!("{}/{below}", text(event, "/objectRef/resource")),
            };
            // A server-side apply that makes an object needs the right to create it as well; it is logged as patch.
            let made = text(event, "/verb") == "patch"
                && event.pointer("/responseStatus/code") == Some(&serde_json::json!(201));
            let verbs = std::iter::once(text(event, "/verb")).chain(made.then(|| "create".to_owned()));
            let group = text(event, "/objectRef/apiGroup");
            verbs.map(|verb| (group.clone(), resource.clone(), verb)).collect::<Vec<_>>()
        })
        .collect();
    let mut unused = Vec::new();
    for (namespace, object) in [("", "clusterrole"), (SYSTEM, "role")] {
        let role = client.get(namespace, &format!("{object}/{RELEASE}-operator")).unwrap().expect("the role");
        for (group, resource, verb) in granted(&role) {
            let known = UNSEEN.iter().any(|(of, word, _)| *of == resource && *word == verb);
            if !known && !used.contains(&(group.clone(), resource.clone(), verb.clone())) {
                unused.push(format!("{verb} {resource}.{group}"));
            }
        }
    }
    assert!(unused.is_empty(), "granted, and used by nobody in a run of all tests: {unused:?}");

    let refused: Vec<_> = audit
        .iter()
        .filter(|event| text(event, "/user/username") == operator)
        .filter(|event| event.pointer("/responseStatus/code") == Some(&serde_json::json!(403)))
        // A namespace that ends takes no new objects, which is told by the same code.
        .filter(|event| {
            event.pointer("/annotations/authorization.k8s.io~1decision") == Some(&serde_json::json!("forbid"))
        })
        .map(|event| format!("{} {}", text(event, "/verb"), text(event, "/requestURI")))
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
}

fn granted(role: &Value) -> Vec<(String, String, String)> {
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
