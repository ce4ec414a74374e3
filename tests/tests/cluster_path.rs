//! The path as it runs in a cluster, without the cluster: real programs under the real shim, sidecar and consumer as
//! processes of their own, a real Kafka between them.

use std::{
    fs::File,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use kafka::{settings::Settings, topics};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{
    parts::kafka::Kafka,
    programs::{binary, source},
    wait,
};

const PATIENCE: Duration = Duration::from_secs(60);
/// The API answers 200 reads a minute.
const PACE: Duration = Duration::from_millis(400);
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// One broker, one topic, and the folders of one pod and one tracker service.
struct Route {
    kafka: Kafka,
    topic: String,
    data: TempDir,
    ports: [u16; 2],
    runtime: tokio::runtime::Runtime,
}

/// A process that is killed when dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Route {
    fn new(topic: &str) -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let kafka = runtime.block_on(Kafka::start()).expect("a real Kafka");
        let settings = Settings::new(kafka.bootstrap(), topic);
        runtime.block_on(topics::ensure(&settings, 6, WEEK)).expect("a topic");
        let ports = [(); 2].map(|()| {
            let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
            free.expect("a free port").port()
        });
        let data = tempfile::tempdir().expect("a folder for the data");
        Self { kafka, topic: topic.to_owned(), data, ports, runtime }
    }

    fn start(&self, program: &str, port: u16, environment: &[(&str, String)]) -> Process {
        let log = self.data.path().join(format!("{program}.log"));
        let log = File::options().create(true).append(true).open(log).expect("a log file");
        let child = Command::new(binary(program))
            .env("ISSUETRACKER_TRACKER", "payments/main")
            .env("ISSUETRACKER_LISTEN", format!("127.0.0.1:{port}"))
            .env("ISSUETRACKER_KAFKA_BROKERS", self.kafka.bootstrap())
            .env("ISSUETRACKER_TOPIC", &self.topic)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log file"))
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let process = Process(child);
        wait::until(&format!("{program} lives: {}", self.log(program)), PATIENCE, || {
            ureq::get(format!("http://127.0.0.1:{port}/livez")).call().ok()
        });
        process
    }

    fn log(&self, program: &str) -> String {
        std::fs::read_to_string(self.data.path().join(format!("{program}.log"))).unwrap_or_default()
    }

    fn sidecar(&self) -> Process {
        let folder = |name: &str| self.data.path().join(name).display().to_string();
        let environment = [
            ("ISSUETRACKER_SPOOL_DIR", folder("spool")),
            ("ISSUETRACKER_SEGMENTS_DIR", folder("segments")),
            ("ISSUETRACKER_WINDOW", "1".to_owned()),
            ("POD_NAMESPACE", "payments".to_owned()),
            ("POD_NAME", "api-7d9f6b5c4-x2x4z".to_owned()),
            ("NODE_NAME", "n1".to_owned()),
        ];
        self.start("issuetracker-sidecar", self.ports[0], &environment)
    }

    fn consumer(&self) -> Process {
        let store = format!("sqlite:{}", self.data.path().join("issues.db").display());
        self.start("issuetracker-consumer", self.ports[1], &[("ISSUETRACKER_STORE", store)])
    }

    /// Runs a program under the shim, as in a container.
    fn run(&self, command: &[&str]) -> Option<i32> {
        let status = Command::new(binary("issuetracker-shim"))
            .env("ISSUETRACKER_SEGMENTS_DIR", self.data.path().join("segments"))
            .env("ISSUETRACKER_CONTAINER", "app")
            .arg("--")
            .args(command)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.expect("the shim runs").code()
    }

    fn report(&self, message: &str) -> (u16, Value) {
        let body = json!({"reports": [{"type": "PaymentError", "message": message, "component": "api"}]});
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let url = format!("http://127.0.0.1:{}/api/v1/reports", self.ports[0]);
        let mut answer = agent.post(url).send_json(&body).expect("the sidecar answers");
        (answer.status().as_u16(), answer.body_mut().read_json().unwrap_or_default())
    }

    /// `None` while the tracker service does not answer.
    fn issues(&self) -> Option<Vec<Value>> {
        let url = format!("http://127.0.0.1:{}/api/v1/issues?limit=100", self.ports[1]);
        let list: Value = ureq::get(url).call().ok()?.body_mut().read_json().ok()?;
        list["issues"].as_array().cloned()
    }

    /// Waits until an issue has been counted so often; says on the way how far it is, and what the programs say if in vain.
    fn wait_for_count(&self, error_type: &str, count: u64) {
        let mut last = None;
        let waited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait::until_every(PACE, &format!("{error_type} is counted {count} times"), PATIENCE, || {
                let now = self.issues()?.iter().find(|i| i["errorType"] == error_type)?["count"].as_u64();
                if now != last {
                    eprintln!("{error_type}: {now:?} of {count}");
                    last = now;
                }
                (now == Some(count)).then_some(())
            });
        }));
        if let Err(vain) = waited {
            for port in self.ports {
                let health = ureq::get(format!("http://127.0.0.1:{port}/api/health")).call();
                let health = health.and_then(|mut answer| answer.body_mut().read_to_string());
                eprintln!("{port}: {health:?}");
            }
            eprintln!("{}\n{}", self.log("issuetracker-sidecar"), self.log("issuetracker-consumer"));
            std::panic::resume_unwind(vain);
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of ours is text")
}

#[test]
fn crashes_and_reports_become_issues_over_real_kafka_whatever_is_killed() {
    let mut path = Route::new("issuetracker.payments.main");
    let sidecar = path.sidecar();
    let consumer = path.consumer();

    // A crashing program in the container.
    let crash = source("crash.py");
    for number in ["1", "22", "333"] {
        assert_eq!(path.run(&["python3", text(&crash), number]), Some(1));
    }
    path.wait_for_count("OrderError", 3);

    // Accepted, then killed at once: nothing is lost and nothing is doubled.
    assert_eq!(path.report("number 1").0, 202);
    drop(sidecar);
    let sidecar = path.sidecar();
    path.wait_for_count("PaymentError", 1);

    // The tracker service is away while reports come, and is killed while it works them off.
    drop(consumer);
    for number in 2..=50 {
        let (status, answer) = path.report(&format!("number {number}"));
        assert_eq!(status, 202, "{answer}");
    }
    drop(path.consumer());
    let consumer = path.consumer();
    path.wait_for_count("PaymentError", 50);

    // The broker dies: reports are accepted all the same and arrive once it is back.
    path.kafka.kill().expect("the broker can be killed");
    for number in 51..=80 {
        assert_eq!(path.report(&format!("number {number}")).0, 202, "with the broker down");
    }
    drop(sidecar);
    let sidecar = path.sidecar();
    assert_eq!(path.report("number 81").0, 202);
    let Route { kafka, runtime, .. } = &mut path;
    runtime.block_on(kafka.restart()).expect("the broker comes back");
    path.wait_for_count("PaymentError", 81);

    let issues = wait::until_every(PACE, "the list of issues", PATIENCE, || path.issues());
    assert_eq!(issues.len(), 2, "{issues:?}");
    let place = &issues.iter().find(|i| i["errorType"] == "OrderError").expect("the crash")["source"];
    assert_eq!(
        (&place["pod"], &place["container"], &place["node"]),
        (&json!("api-7d9f6b5c4-x2x4z"), &json!("app"), &json!("n1"))
    );
    drop((sidecar, consumer));
}
