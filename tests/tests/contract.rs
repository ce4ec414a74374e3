//! What the operator writes, the sidecar and the tracker service read: variables by names that they know and values that they
//! take, files that their parsers take.

use std::collections::BTreeMap;

use clap::{Command, CommandFactory as _, Parser};
use issue::settings::SidecarSettings;
use kafka::settings::Properties;
use operator::{
    inject::{Outcome, SIDECAR, inject},
    reconcile::{
        build::build,
        validate::{Valid, validate},
    },
    resource::IssueTracker,
};
use serde_json::{Value, json};

/// Read by the libraries that reach Firestore, not by us.
const OF_LIBRARIES: [&str; 2] = ["FIRESTORE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS"];

/// Resources that between them set everything which ends as a variable or in a file.
fn resources() -> Vec<Valid> {
    let kafka = json!({"bootstrapServers": ["kafka:9093"], "tls": {"caSecretRef": {"name": "ca", "key": "ca.crt"}},
        "auth": {"mechanism": "SCRAM-SHA-512", "secretRef": {"name": "login"}}});
    let firestore = json!({"projectId": "my-project", "databaseId": "other", "collectionPrefix": "dev_",
        "emulatorHost": "emulator:8080", "credentialsSecretRef": {"name": "google", "key": "key.json"}});
    let specs = [
        json!({"kafka": {"bootstrapServers": ["kafka:9092"]}, "store": {"embedded": {}}, "redis": {"url": "redis://r:6379"}}),
        json!({"kafka": kafka, "store": {"firestore": firestore}, "redis": {"urlSecretRef": {"name": "r", "key": "url"}},
            "access": {"publicUrl": "https://issues.example.com", "admins": ["ada@example.com", "bob@example.com"],
            "defaultRole": "developer", "legacyWriters": true, "oidc": {"issuer": "https://accounts.example.com", "clientId": "c",
            "clientSecretRef": {"name": "oidc", "key": "secret"}, "allowedDomains": ["example.com"]}}, "grouping": {"window": "2m",
            "inApp": {"include": ["shop"]}, "rules": [{"match": "Timeout", "fingerprint": ["{{ type }}"]}]},
            "capture": {"mode": "HostPath", "minLevel": "warning", "redact": [{"name": "n", "pattern": "C-[0-9]+"}]}}),
        json!({"kafka": {"bootstrapServers": ["kafka:9092"]}, "store": {"embedded": {}}, "capture": {"mode": "HttpOnly"},
            "frustration": {"projects": [{"name": "shop", "keys": ["k1"], "origins": ["https://shop.example"], "autoConfirm": "high",
                "sensitivity": "low", "thresholds": {"rage.clicks": 6}, "routes": [{"glob": "/checkout/**", "sensitivity": "high"}]}]},
            "outbound": [
                {"name": "jira", "jira": {"url": "https://j.example", "email": "a@b.example", "project": "SHOP", "secretRef": {"name": "j", "key": "token"}}},
                {"name": "linear", "dryRun": true, "linear": {"teamId": "t", "labels": ["from users"], "secretRef": {"name": "l", "key": "token"}}},
                {"name": "chat", "slack": {"secretRef": {"name": "s", "key": "url"}}, "issues": {"when": ["new", "frequent"], "query": "workload:api", "frequent": {"reports": 9, "minutes": 5}, "digest": {"at": "08:00"}}},
                {"name": "hook", "projects": ["shop"], "webhook": {"url": "https://h.example/in", "secretRef": {"name": "h", "key": "key"}}},
                {"name": "mail", "email": {"host": "smtp.example", "from": "issues@shop.example", "to": ["team@shop.example"], "secretRef": {"name": "m"}}}]}),
    ];
    let valid = specs.into_iter().map(|spec| {
        let resource: IssueTracker = serde_json::from_value(json!({
            "apiVersion": "issuetracker.dev/v1alpha1", "kind": "IssueTracker",
            "metadata": {"name": "main", "namespace": "payments", "uid": "u"}, "spec": spec,
        }))
        .expect("a resource");
        validate(&resource).expect("a good resource")
    });
    valid.collect()
}

/// Variables of a container; one whose value comes from elsewhere has none here.
fn variables(container: &Value) -> BTreeMap<String, Option<String>> {
    let all = container["env"].as_array().into_iter().flatten();
    all.map(|one| {
        (one["name"].as_str().unwrap_or_default().to_owned(), one["value"].as_str().map(str::to_owned))
    })
    .collect()
}

/// Every variable is one of the program's, and the program takes their values.
fn takes<P: Parser>(program: &Command, variables: &BTreeMap<String, Option<String>>) {
    let mut line = vec!["program".to_owned()];
    for (name, value) in variables.iter().filter(|(name, _)| !OF_LIBRARIES.contains(&name.as_str())) {
        let known = program
            .get_arguments()
            .find(|argument| argument.get_env().is_some_and(|env| env == name.as_str()));
        let long = known.and_then(|argument| argument.get_long());
        assert!(long.is_some(), "{} does not know {name}", program.get_name());
        let long = long.unwrap_or_default();
        line.extend(value.iter().map(|value| format!("--{long}={value}")));
    }
    let error = P::try_parse_from(line).err().map(|error| error.to_string());
    assert_eq!(error, None);
}

#[test]
fn the_tracker_service_takes_every_variable_of_its_deployment() {
    for valid in resources() {
        let children = build(&valid, "issuetracker/consumer:0.1.0");
        let deployment =
            children.iter().find(|child| child.object["kind"] == "Deployment").expect("a Deployment");
        let container = &deployment.object["spec"]["template"]["spec"]["containers"][0];
        takes::<consumer::config::Config>(&consumer::config::Config::command(), &variables(container));
    }
}

#[test]
fn the_sidecar_takes_every_variable_that_injection_gives_it() {
    let pod = json!({"metadata": {"name": "api"}, "spec": {"containers": [{"name": "app", "image": "api:v3", "command": ["api"]}]}});
    for valid in resources() {
        let pod = serde_json::from_value(pod.clone()).expect("a pod");
        let Outcome::Injected(injected) = inject(&pod, &valid.plan("issuetracker/sidecar:0.1.0")) else {
            panic!("the pod was skipped")
        };
        let pod = serde_json::to_value(&injected.pod).expect("JSON");
        let containers = pod["spec"]["initContainers"].as_array().expect("containers").iter();
        let sidecar = containers.clone().find(|one| one["name"] == SIDECAR).expect("the sidecar");
        takes::<sidecar::config::Config>(&sidecar::config::Config::command(), &variables(sidecar));
    }
}

/// The file of front ends and outlets is read as it was meant, and every secret that it names is mounted where it says.
#[test]
fn the_tracker_service_takes_the_file_of_front_ends() {
    let mut read = 0;
    for valid in resources() {
        let Some(file) = &valid.frustration else { continue };
        let settings = frustration::settings::Settings::read(file.as_bytes()).expect("settings");
        let project = &settings.projects[0];
        assert_eq!((project.name.as_str(), project.rules.thresholds["rage.clicks"]), ("shop", 6));
        let children = build(&valid, "issuetracker/consumer:0.1.0");
        let of = |kind: &str| {
            children.iter().find(|child| child.object["kind"] == kind).expect(kind).object.clone()
        };
        assert_eq!(of("ConfigMap")["data"]["frustration.json"], file.as_str());
        let pod = of("Deployment")["spec"]["template"]["spec"].clone();
        let container = &pod["containers"][0];
        let told = variables(container);
        assert_eq!(
            told["ISSUETRACKER_FRUSTRATION"].as_deref(),
            Some("/issuetracker/config/frustration.json")
        );
        for outlet in &settings.outbound {
            assert!(!outlet.to.secret_files().is_empty());
            for file in outlet.to.secret_files() {
                let folder = file.rsplit_once('/').expect("a path").0;
                let mounts = container["volumeMounts"].as_array().expect("mounts");
                assert!(mounts.iter().any(|mount| mount["mountPath"] == folder), "{folder} is not mounted");
            }
        }
        let topic = valid.events.as_ref().expect("a topic of events");
        let line =
            ["x", "--tracker", "payments/main", "--kafka-brokers", "k:9092", "--store", "sqlite:/x.db"];
        let config = consumer::config::Config::try_parse_from(line).expect("settings");
        assert_eq!(topic.name, config.events_topic());
        read += settings.outbound.len();
    }
    assert_eq!(read, 5);
}

#[test]
fn the_files_of_the_config_map_are_read_as_they_were_meant() {
    for valid in resources() {
        let settings: SidecarSettings = serde_json::from_str(&valid.settings).expect("settings");
        issue::finish::Rules::new(&settings.rules()).expect("rules");
        let properties = Properties::parse(&valid.security.properties()).expect("properties");
        let protocol =
            properties.iter().find(|(key, _)| *key == "security.protocol").map(|(_, value)| value.to_owned());
        assert_eq!(protocol.as_deref(), Some(valid.security.protocol()));
    }
}

/// Files of the chart that speak of metrics, and the sources that name them.
const WATCHING: [&str; 2] =
    ["charts/issuetracker/templates/monitoring.yaml", "charts/issuetracker/files/dashboard.json"];
const NAMING: [&str; 3] =
    ["consumer/src/metrics.rs", "consumer/src/visits/counts.rs", "operator/src/metrics.rs"];

#[test]
fn alerts_and_dashboard_ask_for_metrics_that_there_are() {
    let read = |path: &str| {
        std::fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).expect("a file of ours")
    };
    let named = NAMING.map(read).concat();
    let mut asked = 0;
    for path in WATCHING {
        let text = read(path);
        let words = text.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
        for word in words.filter(|word| {
            ["issuetracker_consumer_", "issuetracker_operator_", "issuetracker_frustration_"]
                .iter()
                .any(|start| word.starts_with(start))
        }) {
            let name = word.strip_suffix("_bucket").unwrap_or(word);
            assert!(named.contains(&format!("\"{name}\"")), "{path} asks for {name}, which nobody tells");
            asked += 1;
        }
    }
    assert!(asked > 20, "only {asked} metrics were found");
    let dashboard: Value = serde_json::from_str(&read(WATCHING[1])).expect("JSON");
    let panels =
        dashboard["panels"].as_array().expect("panels").iter().filter(|panel| panel["type"] != "row");
    for panel in panels {
        let targets = panel["targets"].as_array().expect("targets");
        assert!(
            !targets.is_empty() && targets.iter().all(|target| target["expr"].is_string()),
            "{}",
            panel["title"]
        );
    }
}
