//! The product in the cluster, as a user has it: images of this checkout, the chart installed by helm, and a real Kafka
//! beside it. Tests share one installation; one that takes the operator away has it for itself.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Cluster;
use super::namespace::Namespace;
use crate::parts::kafka::Kafka;
use crate::{images, parts, wait};

/// The namespace of the operator.
pub const SYSTEM: &str = "issuetracker-system";

/// The name of the release, with which the names of its objects begin.
pub const RELEASE: &str = "issuetracker";

/// Names a folder of images as `cargo xtest images` makes them, to be tested instead of the debug build.
pub const IMAGES: &str = "ISSUETRACKER_TEST_IMAGES";

/// The API answers 200 reads a minute.
const PACE: Duration = Duration::from_millis(400);

/// The installation that tests share.
#[derive(Debug)]
pub struct Product {
    /// The cluster.
    pub cluster: &'static Cluster,
    /// Where pods find the broker.
    pub brokers: String,
    /// The broker as this machine finds it.
    pub bootstrap: String,
    /// Kept for as long as the program runs.
    _kafka: Kafka,
}

/// Who uses the installation: many at once, or one alone.
static TURN: RwLock<()> = RwLock::new(());

/// The use of the shared installation, beside other tests.
pub type Shared = RwLockReadGuard<'static, ()>;

/// The installation for one test alone. What that test did to it is put right afterwards.
#[derive(Debug)]
pub struct Alone {
    product: &'static Product,
    _turn: RwLockWriteGuard<'static, ()>,
}

impl Drop for Alone {
    fn drop(&mut self) {
        if let Err(error) = self.product.install(&[]) {
            parts::say(&format!("the chart could not be installed again: {error:#}"));
        }
    }
}

/// The installation, and the right to use it as it is.
pub fn shared() -> Result<(&'static Product, Shared)> {
    let turn = TURN.read().unwrap_or_else(PoisonError::into_inner);
    Ok((product()?, turn))
}

/// The installation, and the right to take it away.
pub fn alone() -> Result<(&'static Product, Alone)> {
    let turn = TURN.write().unwrap_or_else(PoisonError::into_inner);
    let product = product()?;
    Ok((product, Alone { product, _turn: turn }))
}

fn product() -> Result<&'static Product> {
    static ONE: Mutex<Option<&'static Product>> = Mutex::new(None);
    let mut one = ONE.lock().map_err(|_| anyhow::anyhow!("the product could not be installed before"))?;
    if let Some(product) = *one {
        return Ok(product);
    }
    let product: &'static Product = Box::leak(Box::new(Product::start()?));
    *one = Some(product);
    Ok(product)
}

#[expect(clippy::disallowed_methods, reason = "which images are tested is settled here and nowhere else")]
fn given() -> Option<PathBuf> {
    std::env::var_os(IMAGES).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// A folder of this checkout.
pub fn checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

impl Product {
    fn start() -> Result<Self> {
        let cluster = Cluster::for_tests()?;
        let folder = tempfile::tempdir()?;
        let archives = match given() {
            Some(made) => images::read(&made)?,
            None => images::write(folder.path(), images::Programs::Debug)?,
        };
        for archive in archives {
            cluster.client().import(&archive)?;
        }
        let runtime = tokio::runtime::Runtime::new()?;
        let mut kafka = runtime.block_on(Kafka::start())?;
        let brokers = runtime.block_on(kafka.serve_pods())?;
        let product = Self { cluster, brokers, bootstrap: kafka.bootstrap(), _kafka: kafka };
        product.install(&[])?;
        Ok(product)
    }

    /// Installs the chart, or brings the release to what it should be.
    pub fn install(&self, more: &[&str]) -> Result<()> {
        let chart = checkout("charts/issuetracker");
        let chart = chart.to_str().context("the chart's path")?;
        // Another build has other pods, although the tags are the same.
        let build = format!("operator.podAnnotations.build={}", self.build()?);
        let arguments = ["upgrade", "--install", RELEASE, chart, "--namespace", SYSTEM];
        let options = ["--create-namespace", "--wait", "--timeout=120s", "--set-string", &build];
        self.cluster.client().helm(&[&arguments[..], &options, more].concat()).map(drop)
    }

    /// What tells two builds of the operator apart.
    fn build(&self) -> Result<String> {
        let program = match given() {
            Some(made) => images::read(&made)?.first().cloned().context("no image")?,
            None => parts::binary("issuetracker-operator")?,
        };
        let changed = std::fs::metadata(program)?.modified()?;
        Ok(format!("b{}", changed.duration_since(std::time::UNIX_EPOCH)?.as_millis()))
    }

    /// The pods of the operator that are not about to go.
    pub fn operators(&self) -> Result<Vec<Value>> {
        let list = self.cluster.client().get(SYSTEM, "pods")?.unwrap_or_default();
        let pods = list["items"].as_array().cloned().unwrap_or_default();
        Ok(pods.into_iter().filter(|pod| pod.pointer("/metadata/deletionTimestamp").is_none()).collect())
    }

    /// Sets the number of operators and waits until it is so.
    pub fn scale(&self, replicas: usize) -> Result<()> {
        let name = format!("deployment/{RELEASE}-operator");
        let wanted = format!("--replicas={replicas}");
        self.cluster.client().kubectl(&["--namespace", SYSTEM, "scale", &name, &wanted])?;
        wait::reached("the number of operators", Duration::from_secs(90), || {
            let ready =
                self.operators()?.iter().filter(|pod| super::condition(pod, "Ready") == Some("True")).count();
            let all = self.cluster.client().get(SYSTEM, "pods")?.unwrap_or_default();
            let all = all["items"].as_array().map_or(0, Vec::len);
            Ok((ready == replicas && all == replicas).then_some(()))
        })
    }

    /// Declares a tracker `main` with an embedded store and waits until it is Ready. `more` is merged into its spec.
    pub fn tracker<'n>(&self, namespace: &'n Namespace, more: &Value) -> Result<Tracker<'n>> {
        self.declare(namespace, more)?;
        namespace.wait_for("issuetracker/main", "Ready", Duration::from_secs(60))?;
        self.covers(namespace)?;
        Tracker::of(namespace)
    }

    /// Declares a tracker `main` and waits for nothing.
    pub fn declare(&self, namespace: &Namespace, more: &Value) -> Result<()> {
        namespace.apply(&self.resource("main", more))
    }

    /// A resource with an embedded store unless `more` has another. `more` is merged into its spec.
    pub fn resource(&self, name: &str, more: &Value) -> Value {
        let mut spec = json!({"kafka": {"bootstrapServers": [self.brokers]}, "store": {"embedded": {}}});
        merge(&mut spec, more);
        json!({
            "apiVersion": "issuetracker.dev/v1alpha1", "kind": "IssueTracker",
            "metadata": {"name": name}, "spec": spec,
        })
    }

    /// Waits until the API server asks the webhook about this namespace: it needs a moment to see a registration.
    pub fn covers(&self, namespace: &Namespace) -> Result<()> {
        let probe = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"},
            "spec": {"containers": [{"name": "app", "image": super::BUSYBOX, "command": ["true"],
                "securityContext": restricted()}]},
        });
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), probe.to_string())?;
        let path = file.path().to_str().context("a path")?;
        wait::reached("the webhook is asked", Duration::from_secs(30), || {
            let shown =
                namespace.kubectl(&["create", "--dry-run=server", "--output=json", "--filename", path])?;
            Ok(shown.contains("issuetracker.dev/injected").then_some(()))
        })
    }
}

/// RFC 7386, on which the specs of tests are built.
fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, value) in patch {
        match value {
            Value::Null => {
                target.as_object_mut().map(|members| members.remove(key));
            }
            value => merge(&mut target[key], value),
        }
    }
}

/// What Pod Security `restricted` asks of every container.
pub fn restricted() -> Value {
    json!({
        "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": true,
        "runAsUser": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    })
}

/// A tracker's API, asked from this machine.
#[derive(Debug)]
pub struct Tracker<'n> {
    namespace: &'n Namespace,
    address: String,
    token: String,
}

impl<'n> Tracker<'n> {
    fn of(namespace: &'n Namespace) -> Result<Self> {
        let service = namespace.get("service/issuetracker")?.context("the Service issuetracker")?;
        let address = service.pointer("/spec/clusterIP").and_then(Value::as_str).context("its address")?;
        let template = "--output=go-template={{.data.token | base64decode}}";
        let token = namespace.kubectl(&["get", "secret/issuetracker-token", template])?;
        Ok(Self { namespace, address: format!("http://{address}:6001"), token: token.trim().to_owned() })
    }

    /// The issues; `None` while the service does not answer.
    pub fn issues(&self) -> Option<Vec<Value>> {
        let request = ureq::get(format!("{}/api/v1/issues?limit=100", self.address))
            .header("authorization", format!("Bearer {}", self.token));
        let list: Value = request.call().ok()?.body_mut().read_json().ok()?;
        list["issues"].as_array().cloned()
    }

    /// Waits for an issue of this type.
    pub fn issue(&self, error_type: &str) -> Value {
        wait::until_every(
            PACE,
            &format!("the issue {error_type} in {}", self.namespace.name()),
            Duration::from_secs(60),
            || self.issues()?.into_iter().find(|issue| issue["errorType"] == error_type),
        )
    }
}
