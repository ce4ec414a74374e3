//! The tracker service as users run it, taking events, on one Kafka for all tests of this program.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
    time::Duration,
};

use kafka::{settings::Settings, topics};
use serde_json::Value;
use tempfile::TempDir;
use tests::{
    faults::program::Program,
    parts::{kafka::Kafka, ports},
    programs::binary,
    wait,
};
use tokio::runtime::Runtime;

pub const PATIENCE: Duration = Duration::from_secs(150);
const WEEK: Duration = Duration::from_secs(7 * 86_400);
const PARTITIONS: u32 = 3;

/// A broker, and what waits for it.
fn shared() -> &'static (Runtime, Kafka) {
    static SHARED: OnceLock<(Runtime, Kafka)> = OnceLock::new();
    SHARED.get_or_init(|| {
        let runtime = Runtime::new().expect("a runtime");
        let kafka = runtime.block_on(Kafka::start()).expect("Kafka starts");
        (runtime, kafka)
    })
}

/// Waits for what is asynchronous.
pub fn wait_for<T>(future: impl Future<Output = T>) -> T {
    shared().0.block_on(future)
}

/// A service with topics of its own; it ends with this value.
pub struct Service {
    /// The process.
    pub program: Program,
    /// The topic of events.
    pub events: Settings,
    /// Where its store and its log are.
    pub folder: TempDir,
}

impl Service {
    /// `told` is what it is told of projects and of where tickets go.
    pub fn start(folder: TempDir, told: &Value) -> Self {
        let (_, kafka) = shared();
        let topic = format!("issuetracker.{}", uuid::Uuid::new_v4());
        let events = Settings::new(kafka.bootstrap(), format!("{topic}.events"));
        for settings in [Settings::new(kafka.bootstrap(), topic.clone()), events.clone()] {
            wait_for(topics::ensure(&settings, PARTITIONS, WEEK)).expect("a topic");
        }
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("frustration.json"), told.to_string()).expect("the settings are written");
        let environment = vec![
            ("ISSUETRACKER_TRACKER", "shop/main".to_owned()),
            ("ISSUETRACKER_TOPIC", topic),
            ("ISSUETRACKER_KAFKA_BROKERS", kafka.bootstrap()),
            ("ISSUETRACKER_STORE", format!("sqlite:{}", path("issues.db").display())),
            ("ISSUETRACKER_FRUSTRATION", path("frustration.json").display().to_string()),
            ("ISSUETRACKER_LOG_LEVEL", "debug".to_owned()),
        ];
        let port = ports::free().expect("a port");
        let consumer = binary("issuetracker-consumer");
        let mut program = Program::new("consumer", consumer, port, environment, None, path("consumer.log"));
        program.start().expect("the service starts");
        wait::until("the service answers", PATIENCE, || program.health());
        Self { program, events, folder }
    }

    /// Where it serves.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.program.port)
    }

    /// Its store.
    pub fn store(&self) -> PathBuf {
        self.folder.path().join("issues.db")
    }

    /// An answer of the API.
    pub fn get(&self, path: &str) -> Value {
        let answer = ureq::get(format!("{}{path}", self.url())).call();
        answer.expect("the service answers").body_mut().read_json().expect("JSON")
    }

    /// Its incidents.
    pub fn incidents(&self) -> Vec<Value> {
        self.get("/api/v1/incidents?limit=100")["incidents"].as_array().cloned().expect("a list")
    }

    /// Sends JSON; status and answer.
    pub fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url()));
        let request = request.header("content-type", "application/json").body(body.to_string());
        let mut answer = agent.run(request.expect("a request")).expect("the service answers");
        (answer.status().as_u16(), answer.body_mut().read_json().unwrap_or_default())
    }
}

/// The sample shop of `issuetracker dev --frustration`, whose pages may tell another tracker.
pub struct Shop {
    server: std::process::Child,
    url: String,
    _data: TempDir,
}

impl Shop {
    pub fn open() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let server = Command::new(binary("issuetracker"))
            .args(["dev", "--frustration", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the shop opens");
        let url = wait::until("the shop announces itself", PATIENCE, || {
            let text = std::fs::read_to_string(data.path().join("dev.lock")).ok()?;
            let instance: Value = serde_json::from_str(&text).ok()?;
            instance["url"].as_str().map(str::to_owned)
        });
        Self { server, url, _data: data }
    }

    /// Visits by a real browser, each whole; their sessions, in order. `tracker` is who is told.
    pub fn visited(&self, tracker: &str, names: &[&str]) -> Vec<String> {
        let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/browser/test/product.mjs");
        let output = Command::new("node")
            .args(["--experimental-websocket", "--no-warnings"])
            .arg(script)
            .args(["--end", &format!("{}/shop/?tracker={tracker}", self.url)])
            .args(names)
            .output()
            .expect("node runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}
