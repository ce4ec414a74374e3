//! Unmodified SDKs from their registries report to the intake, and what arrives is what happened.
//!
//! Each kit of a language is installed once into `${XDG_CACHE_HOME:-~/.cache}/issuetracker/sdks/`, named after its
//! pinned version. Where a runtime is missing the test fails and says so: nothing is skipped.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

#[path = "sdks/kit.rs"]
mod kit;
#[path = "intake/spool.rs"]
#[expect(dead_code, reason = "shared with the tests of the router, which use all of it")]
mod spool;

use issue::{
    assemble::Assembler,
    finish::{Origin, Rules, finish},
    parse::parse,
    record::{ReportBody, Via},
    report::{Kind, Language, Level},
};
use kit::{Kit, Program, cached, run, source};
use serve::{Times, serve};
use spool::Door;
use tokio::net::TcpListener;

/// What came of a program that ran against an intake of its own.
struct Ran {
    door: Door,
    stderr: String,
}

/// Runs a program with both protocols' addresses in its environment. A crash is what most of them are for, so only
/// what arrives is judged.
async fn report(program: Program) -> Ran {
    let door = Door::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, door.router.clone(), std::future::pending(), Times::default()));
    let program = program
        .env("SENTRY_DSN", format!("http://x@{address}/1"))
        .env("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", format!("http://{address}/v1/logs"));
    let ran = run(program).await;
    Ran { door, stderr: ran.stderr }
}

impl Ran {
    /// The one report with this type.
    fn of_type(&self, error_type: Option<&str>) -> ReportBody {
        let all = self.door.spool.reports();
        let mut found: Vec<_> =
            all.iter().filter(|body| body.report.error_type.as_deref() == error_type).cloned().collect();
        assert_eq!(found.len(), 1, "{error_type:?} is not once in {all:#?}\n{}", self.stderr);
        found.remove(0)
    }

    /// The fingerprint of the crash as the program printed it.
    fn printed_fingerprint(&self, error_type: &str) -> String {
        let (mut assembler, mut blocks) = (Assembler::default(), Vec::new());
        assembler.push(self.stderr.as_bytes(), 0, &mut blocks);
        assembler.flush(&mut blocks);
        let parsed = blocks.iter().filter_map(|block| parse(block, Level::Error));
        let printed = parsed.into_iter().find(|parsed| parsed.error_type.as_deref() == Some(error_type));
        let printed = printed.unwrap_or_else(|| panic!("no {error_type} in\n{}", self.stderr));
        finish(printed, &Rules::default(), &Origin { component: Some("api"), fingerprint: None }).fingerprint
    }

    fn assert_release(&self, via: Via, release: &str) {
        for submission in self.door.spool.taken() {
            assert_eq!((submission.via, submission.place.release.as_deref()), (via, Some(release)));
        }
    }
}

/// That the message, the tags and the release of the Sentry programs arrived, and that the crash has the right words,
/// place and causes.
fn assert_shop(ran: &Ran, crash: &ReportBody, language: Language, function: &str, causes: &[&str]) {
    ran.assert_release(Via::Sentry, "shop@1.4");
    let message = ran.of_type(None);
    assert_eq!((message.title.as_str(), message.report.kind), ("disk almost full", Kind::Log));
    assert_eq!(message.report.level, Level::Warning);
    assert_eq!(
        (crash.report.language, crash.report.frames[0].function.as_deref()),
        (language, Some(function))
    );
    assert!(crash.report.frames[0].in_app, "{:?}", crash.report.frames[0]);
    let types: Vec<_> = crash.report.causes.iter().filter_map(|cause| cause.error_type.as_deref()).collect();
    assert_eq!(types, causes);
    for tag in ["environment:staging", "tenant:acme"] {
        assert!(crash.tags.iter().any(|known| known == tag), "{tag} is not in {:?}", crash.tags);
    }
}

fn assert_breadcrumb(crash: &ReportBody) {
    let context = crash.context.as_ref().unwrap();
    assert_eq!(context["breadcrumbs"][0]["message"], "order opened", "{context}");
}

const PYTHON_SENTRY: Kit = Kit {
    name: "python-sentry-2.75.0",
    install: |dir| Program::pip(dir).args(["sentry-sdk==2.75.0", "brotli==1.2.1"]),
};

#[tokio::test]
async fn sentry_for_python() {
    let packages = cached(&PYTHON_SENTRY).await;
    let program = Program::new("python3").arg(source("python_sentry.py")).env("PYTHONPATH", packages);
    let ran = report(program).await;
    let crash = ran.of_type(Some("OrderError"));
    assert_eq!((crash.report.message.as_str(), crash.report.level), ("cannot handle order 17", Level::Error));
    assert_shop(&ran, &crash, Language::Python, "handle", &["ValueError"]);
    assert_breadcrumb(&crash);
    assert_eq!(crash.context.as_ref().unwrap()["user"]["id"], "7");
    assert_eq!(crash.report.fingerprint, ran.printed_fingerprint("OrderError"));
}

const NODE_SENTRY: Kit =
    Kit { name: "node-sentry-11.12.0", install: |dir| Program::npm(dir).args(["@sentry/node@11.12.0"]) };

#[tokio::test]
async fn sentry_for_node() {
    let packages = cached(&NODE_SENTRY).await;
    let program = Program::new("node").arg(source("node_sentry.cjs"));
    let ran = report(program.env("NODE_PATH", packages.join("node_modules"))).await;
    let crash = ran.of_type(Some("OrderError"));
    assert_eq!((crash.report.message.as_str(), crash.report.level), ("cannot handle order 17", Level::Fatal));
    assert_shop(&ran, &crash, Language::Javascript, "handle", &["SyntaxError"]);
    assert_breadcrumb(&crash);
    assert_eq!(crash.report.fingerprint, ran.printed_fingerprint("OrderError"));
}

const JAVA_SENTRY: Kit = Kit {
    name: "java-sentry-8.62.0",
    install: |dir| {
        Program::new("mvn")
            .args(["-q", "-B", "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"])
            .arg("-Dartifact=io.sentry:sentry:8.62.0")
            .arg(format!("-DoutputDirectory={}", dir.display()))
    },
};

#[tokio::test]
async fn sentry_for_java() {
    let jars = cached(&JAVA_SENTRY).await;
    let program = Program::new("java").arg("-cp").arg(jars.join("sentry-8.62.0.jar"));
    let ran = report(program.arg(source("JavaSentry.java"))).await;
    let crash = ran.of_type(Some("JavaSentry$OrderException"));
    assert_eq!((crash.report.message.as_str(), crash.report.level), ("cannot handle order 17", Level::Fatal));
    assert_shop(&ran, &crash, Language::Jvm, "handle", &["java.lang.NumberFormatException"]);
    assert_eq!(crash.report.fingerprint, ran.printed_fingerprint("JavaSentry$OrderException"));
}

const GO_SENTRY: Kit = Kit {
    name: "go-sentry-0.50.0",
    install: |dir| {
        for file in ["go.mod", "main.go"] {
            std::fs::copy(source("go_sentry").join(file), dir.join(file)).unwrap();
        }
        Program::new("go").args(["build", "-mod=mod", "-o", "shop", "."]).dir(dir)
    },
};

#[tokio::test]
async fn sentry_for_go() {
    let built = cached(&GO_SENTRY).await;
    let ran = report(Program::new(built.join("shop"))).await;
    let error = ran.of_type(Some("*main.OrderError"));
    assert_eq!(
        (error.report.message.as_str(), error.report.kind),
        ("cannot handle order 17", Kind::Exception)
    );
    assert_eq!(error.report.causes[0].error_type.as_deref(), Some("*errors.errorString"));
    let panic = ran.of_type(Some("panic"));
    assert_eq!(
        (panic.title.as_str(), panic.report.kind),
        ("panic: assignment to entry in nil map", Kind::Panic)
    );
    assert_shop(&ran, &panic, Language::Go, "crash", &[]);
}

const PYTHON_OTLP: Kit = Kit {
    name: "python-otlp-1.45.2",
    install: |dir| {
        Program::pip(dir)
            .args(["opentelemetry-sdk==1.45.2", "opentelemetry-exporter-otlp-proto-http==1.45.2"])
    },
};

#[tokio::test]
async fn opentelemetry_logs_for_python_in_protobuf() {
    let packages = cached(&PYTHON_OTLP).await;
    let program = Program::new("python3").arg(source("python_otlp.py")).env("PYTHONPATH", packages);
    let ran = report(program).await;
    let error = ran.of_type(Some("KeyError"));
    assert_eq!(
        (error.report.message.as_str(), error.report.log.as_deref()),
        ("order", Some("cannot handle order 17"))
    );
    assert_logs(&ran, &error, Language::Python);
}

const NODE_OTLP: Kit = Kit {
    name: "node-otlp-0.203.0",
    install: |dir| {
        Program::npm(dir).args([
            "@opentelemetry/api@1.9.0",
            "@opentelemetry/sdk-logs@0.203.0",
            "@opentelemetry/exporter-logs-otlp-http@0.203.0",
        ])
    },
};

#[tokio::test]
async fn opentelemetry_logs_for_node_in_json() {
    let packages = cached(&NODE_OTLP).await;
    let program = Program::new("node").arg(source("node_otlp.cjs"));
    let ran = report(program.env("NODE_PATH", packages.join("node_modules"))).await;
    let error = ran.of_type(Some("TypeError"));
    assert_eq!(error.report.log.as_deref(), Some("cannot handle order 17"));
    assert_logs(&ran, &error, Language::Javascript);
}

/// That of three records the two errors arrived, the exception with the frames of its stack trace.
fn assert_logs(ran: &Ran, error: &ReportBody, language: Language) {
    ran.assert_release(Via::Otlp, "1.4");
    assert_eq!(ran.door.spool.reports().len(), 2, "{}", ran.stderr);
    let line = ran.of_type(None);
    assert_eq!((line.title.as_str(), line.report.kind), ("disk almost full", Kind::Log));
    assert_eq!((error.report.language, error.report.level), (language, Level::Error));
    assert_eq!(error.report.frames[0].function.as_deref(), Some("handle"));
    assert_eq!(error.context.as_ref().unwrap()["scope"], "shop.orders");
    assert!(error.tags.contains(&"service:shop".to_owned()), "{:?}", error.tags);
}
