//! The operator's promises: it may be absent or die at any time, leaves alone what is not its own, tells what is wrong, and
//! takes little.

use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use kafka::admin::Admin;
use kafka::settings::Settings;
use serde_json::{Value, json};
use tests::cluster::condition;
use tests::cluster::namespace::Namespace;
use tests::cluster::place::HOST;
use tests::cluster::product::{self, Product, RELEASE, SYSTEM, restricted};
use tests::faults::clock::Clock;
use tests::{images, parts, wait};

use super::{BUSYBOX, PATIENCE, pod};

/// A tracker without a tracker service: what these tests look at needs none.
fn small() -> Value {
    json!({"consumer": {"replicas": 0}})
}

fn quiet(name: &str) -> Value {
    let mut container = json!({
        "name": "app", "image": BUSYBOX, "imagePullPolicy": "IfNotPresent", "command": ["/bin/sh", "-c", "sleep 600"],
    });
    container["securityContext"] = restricted();
    pod(name, json!({"terminationGracePeriodSeconds": 0, "containers": [container]}))
}

fn is_injected(pod: &Value) -> bool {
    pod.pointer("/metadata/annotations").is_some_and(|all| all.get("issuetracker.dev/injected").is_some())
}

fn reason(object: &Value, kind: &str) -> Option<(String, String, String)> {
    let all = object.pointer("/status/conditions")?.as_array()?;
    let found = all.iter().find(|one| one["type"] == kind)?;
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    Some((text("status"), text("reason"), text("message")))
}

/// Waits for a condition's reason; its message.
fn told(namespace: &Namespace, tracker: &str, kind: &str, wanted: &str, patience: Duration) -> String {
    let object = format!("issuetracker/{tracker}");
    let found = namespace.wait(&format!("{kind} is {wanted}"), &object, patience, |object| {
        let (_, reason, message) = reason(object, kind)?;
        (reason == wanted).then_some(message)
    });
    found.unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

fn admin(product: &Product) -> Admin {
    Admin::new(&Settings::new(product.bootstrap.clone(), String::new()), Duration::from_secs(10)).unwrap()
}

fn topic_of(namespace: &Namespace) -> String {
    format!("issuetracker.{}.main", namespace.name())
}

/// What the API server waits for a webhook at most, by its registration.
const TIMEOUT: Duration = Duration::from_secs(3);

/// One operator after the other is killed while pods are made and a resource changes. No pod is refused, or waits for longer
/// than the webhook is waited for, and in the end everything is as the resource says.
#[test]
fn operators_die_at_random_and_no_pod_is_refused_or_waits() {
    let (product, _alone) = product::alone().unwrap();
    let client = product.cluster.client();
    let namespace = Namespace::restricted(client, "chaos").unwrap();
    let elsewhere = Namespace::restricted(client, "calm").unwrap();
    let api = Api::open(product);
    product.declare(&namespace, &small()).unwrap();
    product.covers(&namespace).unwrap();
    let pods = |namespace: &Namespace| format!("/api/v1/namespaces/{}/pods", namespace.name());
    let create = |namespace: &Namespace, pod: &Value| {
        let start = Instant::now();
        api.create(&pods(namespace), pod);
        start.elapsed()
    };
    let time = Duration::from_secs_f64(60.0 * asked("ISSUETRACKER_TEST_CHAOS_MINUTES", 1.0));
    let (began, mut with, mut without, mut kills) = (Instant::now(), vec![], vec![], 0);
    while began.elapsed() < time {
        let all = product.operators().unwrap();
        let victim = all.get(with.len() % all.len().max(1)).and_then(|pod| pod["metadata"]["name"].as_str());
        if let Some(victim) = victim {
            let at_once = ["--grace-period=0", "--force", "--wait=false", "--ignore-not-found"];
            client
                .kubectl(&[&["--namespace", SYSTEM, "delete", "pod", victim], &at_once[..]].concat())
                .unwrap();
            kills += 1;
        }
        for _ in 0..4 {
            let one = quiet(&format!("pod-{}", with.len()));
            with.push(create(&namespace, &one));
            without.push(create(&elsewhere, &one));
        }
        let partitions = 6 + with.len() / 8;
        product
            .declare(
                &namespace,
                &json!({
                    "consumer": {"replicas": 0}, "kafka": {"topic": {"partitions": partitions}},
                }),
            )
            .unwrap();
        for namespace in [&namespace, &elsewhere] {
            // A pod of a Deployment that never rests is of no use; these need no node.
            let at_once = ["--wait=false", "--grace-period=0", "--force"];
            namespace.kubectl(&[&["delete", "pods", "--all"], &at_once[..]].concat()).unwrap();
        }
        wait::pass(Duration::from_secs(2));
    }
    let made = with.len();
    with.sort();
    without.sort();
    let slow = with.iter().filter(|took| **took >= TIMEOUT).count();
    eprintln!(
        "{kills} operators killed, {made} pods made: half within {:?}, the slowest {:?}, {slow} waited for the webhook in vain; \
         where it is not asked, half within {:?}, the slowest {:?}",
        with[made / 2],
        with[made - 1],
        without[made / 2],
        without[made - 1],
    );
    assert!(kills >= 3 && made >= 12, "{kills} {made}");
    // Whatever else the machine does, the API server needs its own time beside what it waits for the webhook.
    let most = TIMEOUT + without[made - 1].max(Duration::from_millis(500));
    assert!(with[made - 1] < most, "a pod waited {:?}", with[made - 1]);
    product.scale(2).unwrap();
    let wanted = 6 + made / 8;
    namespace
        .wait("the last change", "issuetracker/main", Duration::from_secs(60), |object| {
            (object.pointer("/status/topic/partitions") == Some(&json!(wanted))).then_some(())
        })
        .unwrap();
    product.covers(&namespace).unwrap();
    namespace.apply(&quiet("last")).unwrap();
    assert!(is_injected(&namespace.get("pod/last").unwrap().unwrap()));
}

/// A number that makes a test longer or larger than it is in the suite.
#[expect(clippy::disallowed_methods, reason = "the long form of a test is asked for by whoever runs it")]
fn asked<T: std::str::FromStr>(name: &str, usual: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// The whole release: pods that were made while nobody answered start as they are, are told of, and nothing is left.
#[test]
fn without_operators_pods_start_namespaces_end_and_an_uninstall_leaves_no_webhook() {
    let (product, _alone) = product::alone().unwrap();
    let client = product.cluster.client();
    let (here, gone) =
        (Namespace::restricted(client, "absent").unwrap(), Namespace::restricted(client, "ends").unwrap());
    for namespace in [&here, &gone] {
        product.declare(namespace, &small()).unwrap();
        product.covers(namespace).unwrap();
    }
    product.scale(0).unwrap();
    let start = Instant::now();
    here.apply(&quiet("alone")).unwrap();
    assert!(start.elapsed() < Duration::from_secs(3), "a pod waited {:?}", start.elapsed());
    here.wait_for("pod/alone", "Ready", PATIENCE).unwrap();
    assert!(!is_injected(&here.get("pod/alone").unwrap().unwrap()));
    client.kubectl(&["delete", "namespace", gone.name(), "--timeout=60s"]).unwrap();

    // The watchdog tells of the pod as soon as somebody watches again.
    product.scale(2).unwrap();
    let message = told(&here, "main", "Warning", "PodsMissed", Duration::from_secs(90));
    assert!(message.contains("alone"), "{message}");
    let object = here.get("issuetracker/main").unwrap().unwrap();
    assert_eq!(object.pointer("/status/injection/skipped/missed"), Some(&json!(1)), "{object:#}");
    let events = here.kubectl(&["get", "events", "--output=wide"]).unwrap();
    assert!(events.contains("NoSidecar"), "{events}");
    here.kubectl(&["delete", "pod/alone", "--grace-period=0", "--force"]).unwrap();

    client.helm(&["uninstall", RELEASE, "--namespace", SYSTEM, "--wait"]).unwrap();
    let left = client.kubectl(&["get", "mutatingwebhookconfigurations", "--output=name"]).unwrap();
    assert!(!left.contains(RELEASE), "{left}");
    here.apply(&quiet("after")).unwrap();
    here.wait_for("pod/after", "Ready", PATIENCE).unwrap();
    assert!(
        here.get("issuetracker/main").unwrap().is_some(),
        "the definition, and so every resource, is kept"
    );
}

#[test]
fn deleting_a_resource_keeps_topic_and_volume_unless_it_says_otherwise() {
    let (product, _turn) = product::shared().unwrap();
    let namespace = Namespace::restricted(product.cluster.client(), "deleted").unwrap();
    let topic = topic_of(&namespace);
    product.tracker(&namespace, &json!({})).unwrap();
    assert!(namespace.get("issuetracker/main").unwrap().unwrap().pointer("/metadata/finalizers").is_none());
    namespace.kubectl(&["delete", "issuetracker/main", "--timeout=30s"]).unwrap();
    wait::reached("its children go", PATIENCE, || {
        Ok(namespace.get("deployment/main-issuetracker")?.is_none().then_some(()))
    })
    .unwrap();
    assert!(namespace.get("pvc/main-issuetracker-store").unwrap().is_some(), "the issues are gone");
    assert!(runtime().block_on(admin(product).describe(&topic)).unwrap().is_some(), "the topic is gone");

    let delete = json!({"consumer": {"replicas": 0}, "kafka": {"topic": {"deletionPolicy": "Delete"}}});
    product.declare(&namespace, &delete).unwrap();
    namespace
        .wait("the finalizer", "issuetracker/main", PATIENCE, |object| {
            object.pointer("/metadata/finalizers/0").cloned()
        })
        .unwrap();
    namespace.kubectl(&["delete", "issuetracker/main", "--timeout=60s"]).unwrap();
    wait::reached("the topic goes", PATIENCE, || {
        Ok(runtime().block_on(admin(product).describe(&topic))?.is_none().then_some(()))
    })
    .unwrap();
}

#[test]
fn what_happens_to_a_topic_is_reverted_adopted_or_told_within_half_a_minute() {
    let soon = Duration::from_secs(30);
    let (product, _turn) = product::shared().unwrap();
    let namespace = Namespace::restricted(product.cluster.client(), "topic").unwrap();
    let (topic, runtime, admin) = (topic_of(&namespace), runtime(), admin(product));
    // It is there already: adopted, and grown.
    runtime.block_on(admin.create(&topic, 2, 1, &Default::default())).unwrap();
    product.declare(&namespace, &small()).unwrap();
    told(&namespace, "main", "TopicReady", "AsDescribed", soon);
    let now = || runtime.block_on(admin.describe(&topic)).unwrap().unwrap();
    assert_eq!(now().partitions, 6);
    // Drift.
    runtime
        .block_on(admin.alter(&topic, vec![("retention.ms".to_owned(), Some("1000".to_owned()))]))
        .unwrap();
    wait::reached("the drift is reverted", soon, || {
        Ok((now().config.get("retention.ms").is_some_and(|value| value == "604800000")).then_some(()))
    })
    .unwrap();
    // Up, and not down: by the API server where it can see it, by a warning where it cannot.
    product
        .declare(&namespace, &json!({"consumer": {"replicas": 0}, "kafka": {"topic": {"partitions": 8}}}))
        .unwrap();
    wait::reached("more partitions", soon, || Ok((now().partitions == 8).then_some(()))).unwrap();
    let less = json!({"consumer": {"replicas": 0}, "kafka": {"topic": {"partitions": 7}}});
    let why = product.declare(&namespace, &less).expect_err("fewer partitions").to_string();
    assert!(why.contains("cannot shrink"), "{why}");
    runtime.block_on(admin.grow(&topic, 9)).unwrap();
    let warning = told(&namespace, "main", "Warning", "NotSupported", soon);
    assert!(warning.contains("9 partitions"), "{warning}");
    // The broker goes, and comes back: at another address, for the operator.
    let away = format!("{HOST}:1");
    let apply = |brokers: &str| {
        let spec = json!({"consumer": {"replicas": 0}, "kafka": {
            "bootstrapServers": [brokers], "topic": {"partitions": 8},
        }});
        product.declare(&namespace, &spec).unwrap();
    };
    apply(&away);
    let message = told(&namespace, "main", "TopicReady", "BrokerUnreachable", soon);
    assert!(message.contains(&away) && message.contains("spec.kafka.bootstrapServers"), "{message}");
    apply(&product.brokers);
    told(&namespace, "main", "TopicReady", "AsDescribed", soon);
    // Somebody else wants the same topic.
    let other = Namespace::restricted(product.cluster.client(), "claims").unwrap();
    product
        .declare(&other, &json!({"consumer": {"replicas": 0}, "kafka": {"topic": {"name": topic}}}))
        .unwrap();
    let claimed = told(&other, "main", "TopicReady", "TopicClaimed", soon);
    assert!(claimed.contains(namespace.name()), "{claimed}");
}

/// Nobody writes while nothing happens, Leases aside.
#[test]
fn in_a_steady_minute_the_operator_writes_nothing() {
    let (product, _alone) = product::alone().unwrap();
    let namespace = Namespace::restricted(product.cluster.client(), "steady").unwrap();
    product.tracker(&namespace, &json!({})).unwrap();
    namespace.apply(&quiet("one")).unwrap();
    namespace.wait_for("pod/one", "Ready", PATIENCE).unwrap();
    // Figures of what just happened are written within a minute.
    wait::reached("the count of pods", Duration::from_secs(100), || {
        let object = namespace.get("issuetracker/main")?.unwrap_or_default();
        Ok((object.pointer("/status/injection/injected") == Some(&json!(1))).then_some(()))
    })
    .unwrap();
    wait::pass(Duration::from_secs(5));
    let before = product.cluster.audit().unwrap().len();
    wait::pass(Duration::from_secs(60));
    let writes: Vec<_> = product
        .cluster
        .audit()
        .unwrap()
        .split_off(before)
        .into_iter()
        .filter(is_operator)
        .filter(|event| !["get", "list", "watch"].contains(&event["verb"].as_str().unwrap_or_default()))
        .filter(|event| event.pointer("/objectRef/resource") != Some(&json!("leases")))
        // A namespace of another test may still be going.
        .filter(|event| {
            let place = event.pointer("/objectRef/namespace").and_then(Value::as_str).unwrap_or_default();
            ["", SYSTEM, namespace.name()].contains(&place)
        })
        .collect();
    assert!(writes.is_empty(), "{writes:#?}");
}

fn is_operator(event: &Value) -> bool {
    event.pointer("/user/username")
        == Some(&json!(format!("system:serviceaccount:{SYSTEM}:{RELEASE}-operator")))
}

/// Calls the webhook through the API server over and over while its authority is replaced, twice with two replicas.
#[test]
fn a_thousand_admissions_pass_while_the_authority_is_replaced() {
    let (product, _alone) = product::alone().unwrap();
    product
        .install(&[
            "--set-string",
            "operator.env[0].name=ISSUETRACKER_SETTLE_SECONDS,operator.env[0].value=15",
        ])
        .unwrap();
    let client = product.cluster.client();
    let namespace = Namespace::restricted(client, "rotation").unwrap();
    product.declare(&namespace, &small()).unwrap();
    product.covers(&namespace).unwrap();
    let first = authorities(product);
    let mut old = first.clone();
    old["current"]["made"] = json!("2020-01-01T00:00:00Z");
    set_authorities(product, &old);
    let api = Api::open(product);
    let (mut calls, mut failed) = (0, 0);
    let began = Instant::now();
    let mut replaced = None;
    while calls < 1000 || replaced.is_none() {
        failed += u32::from(!api.is_injected(&namespace));
        calls += 1;
        if calls % 25 == 0 && replaced.is_none() {
            let now = authorities(product);
            let done = now["current"]["certificate"] != first["current"]["certificate"]
                && now.get("previous").is_none()
                && now.get("next").is_none();
            replaced = done.then(|| began.elapsed());
        }
        assert!(began.elapsed() < Duration::from_secs(180), "the authority was not replaced: {calls} calls");
    }
    eprintln!(
        "{calls} admissions, {failed} without the sidecar; the authority was replaced after {replaced:?}"
    );
    assert_eq!(failed, 0, "of {calls}");

    // The Secret goes: the leader has it in memory, and nobody notices.
    let kept = authorities(product);
    client.kubectl(&["--namespace", SYSTEM, "delete", "secret", &format!("{RELEASE}-webhook")]).unwrap();
    wait::reached("the Secret is back", PATIENCE, || {
        Ok(client.get(SYSTEM, &format!("secret/{RELEASE}-webhook"))?.map(drop))
    })
    .unwrap();
    assert!(authorities(product) == kept, "another authority");
    assert!(api.is_injected(&namespace));
}

/// Two days, of which a clock may be wrong.
const AHEAD: i64 = 2 * 86_400;

/// The operator comes back without its Secret on a node whose clock is two days ahead, and then the clock is put right.
#[test]
fn with_a_clock_two_days_ahead_pods_are_injected_and_so_they_are_after_it_went_back() {
    let (product, _alone) = product::alone().unwrap();
    let settle = "operator.env[0].name=ISSUETRACKER_SETTLE_SECONDS,operator.env[0].value=15";
    product.install(&["--set-string", settle]).unwrap();
    let client = product.cluster.client();
    let namespace = Namespace::restricted(client, "clock").unwrap();
    product.declare(&namespace, &small()).unwrap();
    product.covers(&namespace).unwrap();
    let first = authorities(product);
    product.scale(0).unwrap();
    client.kubectl(&["--namespace", SYSTEM, "delete", "secret", &format!("{RELEASE}-webhook")]).unwrap();

    let clock = Ahead::new(product);
    product.scale(1).unwrap();
    product.covers(&namespace).unwrap();
    let made = made(&authorities(product));
    let now = jiff::Timestamp::now();
    assert!(made.duration_since(now).as_hours() > 40, "made at {made}, and now it is {now}");
    assert!(authorities(product) != first, "the authority of before was lost with its Secret");

    clock.right();
    let api = Api::open(product);
    wait::until("the authority from the future is replaced", Duration::from_secs(120), || {
        assert!(api.is_injected(&namespace), "a pod without the sidecar while the authority is replaced");
        let now = authorities(product);
        let alone = now.get("next").is_none() && now.get("previous").is_none();
        (alone && self::made(&now) < jiff::Timestamp::now()).then_some(())
    });
    assert!(api.is_injected(&namespace));
}

/// When the authority was made that signs.
fn made(authorities: &Value) -> jiff::Timestamp {
    authorities["current"]["made"].as_str().unwrap().parse().unwrap()
}

/// A clock for the operator's processes: the node goes by the real one.
struct Ahead<'p> {
    product: &'p Product,
    clock: Clock,
    folder: tempfile::TempDir,
}

impl<'p> Ahead<'p> {
    fn new(product: &'p Product) -> Self {
        let open = std::fs::Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().permissions(open).tempdir().unwrap();
        let clock = Clock::new(folder.path(), "operator").unwrap();
        clock.jump(AHEAD).unwrap();
        let variable = |(name, value): (&str, String)| json!({"name": name, "value": value});
        let environment: Vec<Value> = clock.environment().into_iter().map(variable).collect();
        let mount = json!({"name": "clock", "mountPath": folder.path(), "readOnly": true});
        let archive = folder.path().join("operator.tar");
        let image = images::linked_operator(&archive).unwrap();
        product.cluster.client().import(&archive).unwrap();
        let patch = json!({"spec": {"template": {"spec": {
            "volumes": [{"name": "clock", "hostPath": {"path": folder.path()}}],
            "containers": [{"name": "operator", "image": image, "env": environment, "volumeMounts": [mount]}],
        }}}});
        let ahead = Self { product, clock, folder };
        ahead.patch(&patch);
        ahead
    }

    fn right(&self) {
        self.clock.jump(0).unwrap();
    }

    fn patch(&self, patch: &Value) {
        let deployment = format!("deployment/{RELEASE}-operator");
        let patch = patch.to_string();
        let arguments = ["--namespace", SYSTEM, "patch", &deployment, "--patch", &patch];
        self.product.cluster.client().kubectl(&arguments).unwrap();
    }
}

impl Drop for Ahead<'_> {
    fn drop(&mut self) {
        let gone = |(name, _): (&str, String)| json!({"name": name, "$patch": "delete"});
        let environment: Vec<Value> = self.clock.environment().into_iter().map(gone).collect();
        let mount = json!({"mountPath": self.folder.path(), "$patch": "delete"});
        self.patch(&json!({"spec": {"template": {"spec": {
            "volumes": [{"name": "clock", "$patch": "delete"}],
            "containers": [{
                "name": "operator", "image": images::tag("operator"), "env": environment, "volumeMounts": [mount],
            }],
        }}}}));
        // librdkafka waits until times of the clock that was put back, and whoever ends its client waits for it: this operator is
        // killed after its whole grace, and holds the Lease until then.
        if let Err(error) = self.product.scale(1) {
            parts::say(&format!("the operator with the clock stays: {error:#}"));
        }
    }
}

fn authorities(product: &Product) -> Value {
    let template = r#"--output=go-template={{index .data "authorities.json" | base64decode}}"#;
    let secret = format!("secret/{RELEASE}-webhook");
    let text = product.cluster.client().kubectl(&["--namespace", SYSTEM, "get", &secret, template]).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn set_authorities(product: &Product, value: &Value) {
    let patch = json!({"stringData": {"authorities.json": value.to_string()}}).to_string();
    let secret = format!("secret/{RELEASE}-webhook");
    product.cluster.client().kubectl(&["--namespace", SYSTEM, "patch", &secret, "--patch", &patch]).unwrap();
}

/// The API server over `kubectl proxy`: a request costs no process.
struct Api {
    _proxy: parts::process::Process,
    address: String,
}

impl Api {
    fn open(product: &Product) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = product.cluster.client().kubectl_command();
        command.args(["proxy", &format!("--port={port}")]).stdout(std::process::Stdio::null());
        let proxy = parts::process::Process::start(&mut command, None).unwrap();
        let address = format!("http://127.0.0.1:{port}");
        wait::until("the proxy", PATIENCE, || ureq::get(format!("{address}/version")).call().ok());
        Self { _proxy: proxy, address }
    }

    /// Asks what would become of a pod.
    fn is_injected(&self, namespace: &Namespace) -> bool {
        let url = format!("{}/api/v1/namespaces/{}/pods?dryRun=All", self.address, namespace.name());
        let mut answer = ureq::post(url).send_json(quiet("asked")).unwrap();
        is_injected(&answer.body_mut().read_json().unwrap())
    }

    fn create(&self, path: &str, object: &Value) {
        ureq::post(format!("{}{path}", self.address)).send_json(object).unwrap();
    }

    fn text(&self, path: &str) -> String {
        let mut answer = ureq::get(format!("{}{path}", self.address)).call().unwrap();
        answer.body_mut().with_config().limit(1 << 26).read_to_string().unwrap()
    }
}

/// Trackers of the whole form, of which times are promised, and pods for each.
const MANY: usize = 100;
const PODS_EACH: usize = 20;

/// Many trackers and pods, which are objects that no node runs: a hundred and two thousand, where that is asked for.
#[test]
fn many_trackers_and_pods_need_little() {
    let trackers = asked("ISSUETRACKER_TEST_TRACKERS", 15);
    let pods = trackers * PODS_EACH;
    let (product, _alone) = product::alone().unwrap();
    let client = product.cluster.client();
    let namespaces: Vec<_> = (0..trackers).map(|_| Namespace::bare(client, "many").unwrap()).collect();
    product.scale(0).unwrap();
    for namespace in &namespaces {
        product.declare(namespace, &small()).unwrap();
    }
    let began = Instant::now();
    product.scale(1).unwrap();
    wait::reached("all trackers are reconciled", Duration::from_secs(600), || {
        let all = client.kubectl(&["get", "issuetrackers", "--all-namespaces", "--output=json"])?;
        let all: Value = serde_json::from_str(&all)?;
        let done = all["items"].as_array().map_or(0, |items| {
            items.iter().filter(|one| condition(one, "TopicReady") == Some("True")).count()
        });
        Ok((done >= trackers).then_some(()))
    })
    .unwrap();
    let cold = began.elapsed();
    product.covers(&namespaces[0]).unwrap();

    let api = Api::open(product);
    let before = Asked::read(&api);
    for number in 0..pods {
        let namespace = &namespaces[number % trackers];
        let mut one = quiet(&format!("pod-{number}"));
        // No scheduler of this name is there, so no node runs it.
        one["spec"]["schedulerName"] = json!("nobody");
        api.create(&format!("/api/v1/namespaces/{}/pods", namespace.name()), &one);
    }
    let creating = Asked::read(&api).since(&before);
    let memory = memory_of_operator(product);
    let outside = Namespace::bare(client, "outside").unwrap();
    let (with, calls) = asked_one_by_one(&api, || assert!(api.is_injected(&namespaces[0])));
    let (without, _) = asked_one_by_one(&api, || assert!(!api.is_injected(&outside)));
    drop(outside);
    let (handled, quick) = handled(product, &api);
    // Before anything is asserted: a hundred descriptions of a failed test would tell nothing.
    drop(namespaces);
    let kib = |bytes: u64| bytes / 1024;
    eprintln!(
        "{trackers} trackers cold in {:.1} s with the operator's start; operator RssAnon+RssShmem {} KiB; {pods} pods, for which \
         the API server {creating}; of the handler's own time {quick} of {handled} within a millisecond",
        cold.as_secs_f64(),
        kib(memory),
    );
    eprintln!(
        "median and 99th percentile of {CALLS} creations of a pod, as its maker sees it: {with:?} with the webhook, {without:?} \
         without; as the API server counts its calls of the webhook: {calls:?}"
    );
    assert!(kib(memory) <= 20 * 1024, "{} KiB", kib(memory));
    assert!(cold < Duration::from_secs(30), "{cold:?}");
    if trackers >= MANY {
        assert!(creating.mean() < Duration::from_millis(10), "{creating}");
        assert!(quick * 100 >= handled * 99, "{quick} of {handled} answered within a millisecond");
        assert!(calls.1 < Duration::from_millis(10), "99th percentile of the API server's calls: {calls:?}");
    }
}

/// How many pods the one operator's handler answered, and how many of them within a millisecond.
fn handled(product: &Product, api: &Api) -> (u64, u64) {
    let pods = product.operators().unwrap();
    let name = pods[0]["metadata"]["name"].as_str().unwrap();
    let metrics = api.text(&format!("/api/v1/namespaces/{SYSTEM}/pods/{name}:8080/proxy/metrics"));
    let of = |what: &str| -> u64 {
        let name = format!("issuetracker_operator_admission_seconds_{what} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
        line.expect("a figure of the handler").parse().unwrap()
    };
    (of("count"), of(r#"bucket{le="0.001"}"#))
}

/// Requests of which times are told.
const CALLS: usize = 500;

/// Median and 99th percentile.
type Spread = (Duration, Duration);

/// How long requests took, and what the API server says that each call of our webhook took: it tells the sum alone, which is
/// asked for after each. One call for each request, or none for all.
fn asked_one_by_one(api: &Api, request: impl Fn()) -> (Spread, Spread) {
    let (mut whole, mut calls) = (Vec::with_capacity(CALLS), Vec::with_capacity(CALLS));
    let mut before = Asked::read(api);
    for _ in 0..CALLS {
        let began = Instant::now();
        request();
        whole.push(began.elapsed());
        let now = Asked::read(api);
        let one = now.since(&before);
        // One at most: the API server asks again where something changed a pod after us.
        assert!(one.count < 1.5, "a pod was asked about twice: {one}");
        calls.push(one.mean());
        before = now;
    }
    let spread = |mut all: Vec<Duration>| {
        all.sort();
        (all[CALLS / 2], all[CALLS * 99 / 100])
    };
    (spread(whole), spread(calls))
}

/// What the API server counted of its calls of our webhook.
#[derive(Debug)]
struct Asked {
    count: f64,
    /// Seconds that it waited in all.
    waited: f64,
    /// Calls that were answered within 5 and within 25 milliseconds: it has no step between.
    quick: [f64; 2],
}

impl Asked {
    fn read(api: &Api) -> Self {
        let metrics = api.text("/metrics");
        let sum = |kind: &str, label: &str| -> f64 {
            let name = format!("apiserver_admission_webhook_admission_duration_seconds_{kind}{{");
            let ours = |line: &&str| {
                line.starts_with(&name) && line.contains("inject.issuetracker.dev") && line.contains(label)
            };
            let lines = metrics.lines().filter(ours);
            lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
        };
        let quick = [r#"le="0.005""#, r#"le="0.025""#].map(|label| sum("bucket", label));
        Self { count: sum("count", ""), waited: sum("sum", ""), quick }
    }

    fn mean(&self) -> Duration {
        Duration::from_secs_f64(self.waited / self.count.max(1.0))
    }

    fn since(&self, before: &Self) -> Self {
        let quick = [self.quick[0] - before.quick[0], self.quick[1] - before.quick[1]];
        Self { count: self.count - before.count, waited: self.waited - before.waited, quick }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (count, mean, [five, more]) = (self.count, self.mean(), self.quick);
        write!(f, "called {count} times, for {mean:?} on average, {five} within 5 ms, {more} within 25 ms")
    }
}

/// Bytes that belong to the one operator's process alone.
fn memory_of_operator(product: &Product) -> u64 {
    let pods = product.operators().unwrap();
    let uid = pods[0]["metadata"]["uid"].as_str().unwrap().to_owned();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let found = processes.filter(|entry| {
        let read = |file: &str| std::fs::read_to_string(entry.path().join(file)).unwrap_or_default();
        read("cmdline").starts_with("/issuetracker-operator") && read("cgroup").contains(&uid)
    });
    let process = found.map(|entry| entry.path()).next().expect("the operator's process");
    let status = std::fs::read_to_string(process.join("status")).unwrap();
    let field = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
    };
    1024 * (field("RssAnon:") + field("RssShmem:"))
}
