//! A tracker's documents as a month of several services would leave them, and hostile ones.

use std::collections::BTreeMap;

use consumer::store::Child;
use issue::{
    document::{
        Activity, ActivityType, Comment, FieldChange, Issue, Mute, Occurrence, ReleaseSeen, Reported, SCHEMA,
        Status,
    },
    id::{IssueId, TrackerName},
    record::{IssueType, Place, Via, Workload},
    report::{Category, Cause, Frame, Kind, Language, Level, Priority, Relation, Report},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

/// When all of it is looked at.
pub fn now() -> Timestamp {
    "2026-11-21T10:24:00Z".parse().expect("a time")
}

fn ago(minutes: i64) -> Timestamp {
    now() - SignedDuration::from_mins(minutes)
}

/// One line of the sample: language, workload, type, message, culprit, level, status, priority, count, minutes since last
/// and since first, assignee.
type Line = (
    Language,
    &'static str,
    Option<&'static str>,
    &'static str,
    &'static str,
    Level,
    Status,
    Priority,
    u64,
    i64,
    i64,
    Option<&'static str>,
);

#[rustfmt::skip]
const LINES: &[Line] = {
    use {Language::*, Level::*, Priority::*, Status::*};
    &[
    (Jvm, "Deployment/checkout-api", Some("org.springframework.dao.DataIntegrityViolationException"), "could not execute statement; SQL [n/a]; constraint [uk_orders_idempotency_key]; nested exception is org.hibernate.exception.ConstraintViolationException", "com.acme.checkout.order.OrderService in placeOrder", Error, Open, Critical, 18_342, 1, 60 * 24 * 9, Some("ada")),
    (Go, "Deployment/gateway", Some("runtime error"), "invalid memory address or nil pointer dereference [signal SIGSEGV: segmentation violation code=0x1 addr=0x28 pc=0x6d1f3a]", "proxy/upstream.go in (*Pool).Pick", Fatal, Open, Critical, 41, 3, 55, None),
    (Python, "Deployment/ingest-worker", Some("sqlalchemy.exc.OperationalError"), "(psycopg2.OperationalError) connection to server at \"db-0.db\" (10.42.3.17), port 5432 failed: Connection refused", "ingest/batch.py in flush", Error, InProgress, High, 2_911, 6, 60 * 24 * 3, Some("grace")),
    (Javascript, "Deployment/storefront", Some("TypeError"), "Cannot read properties of undefined (reading 'currency')", "src/cart/total.ts in formatTotal", Error, Open, High, 733, 9, 60 * 20, Some("you")),
    (Rust, "StatefulSet/indexer", Some("panic"), "called `Result::unwrap()` on an `Err` value: Corrupt { segment: 1184, offset: 77203 }", "indexer::segment in read_footer", Fatal, Open, High, 7, 14, 38, None),
    (Python, "CronJob/nightly-report", Some("KeyError"), "'fx_rate_eur'", "report/currency.py in convert", Error, Open, Medium, 1, 22, 22, None),
    (Jvm, "Deployment/checkout-api", Some("java.util.concurrent.RejectedExecutionException"), "Task java.util.concurrent.FutureTask@4f2a rejected from java.util.concurrent.ThreadPoolExecutor@1b2c[Running, pool size = 200, active threads = 200, queued tasks = 10000, completed tasks = 8127711]", "com.acme.checkout.mail.ReceiptMailer in enqueue", Error, Open, Medium, 90_412, 31, 60 * 24 * 26, Some("ada")),
    (Dotnet, "Deployment/billing", Some("System.Net.Http.HttpRequestException"), "The SSL connection could not be established, see inner exception.", "Acme.Billing.Gateway.StripeClient in SendAsync", Error, Open, Medium, 218, 44, 60 * 24 * 2, None),
    (Ruby, "Deployment/backoffice", Some("ActiveRecord::RecordNotFound"), "Couldn't find Invoice with 'id'=88121", "app/controllers/invoices_controller.rb in show", Error, Open, Low, 64, 61, 60 * 24 * 14, None),
    (Go, "DaemonSet/log-shipper", None, "write /var/log/ship/buffer.dat: no space left on device", "ship/buffer.go in (*Ring).Flush", Warning, Open, High, 5_120, 70, 60 * 30, Some("linus")),
    (Php, "Deployment/legacy-portal", Some(r"Illuminate\Database\QueryException"), "SQLSTATE[HY000]: General error: 2006 MySQL server has gone away (SQL: select * from `users` where `id` = 7 limit 1)", "app/Http/Middleware/LoadUser.php in handle", Error, InProgress, Medium, 377, 95, 60 * 24 * 5, Some("margaret")),
    (Javascript, "Deployment/storefront", Some("ChunkLoadError"), "Loading chunk 417 failed.", "webpack/runtime/jsonp.js in __webpack_require__.f.j", Error, Open, Low, 1_204, 118, 60 * 24 * 29, None),
    (Native, "Deployment/thumbnailer", Some("SIGABRT"), "free(): invalid pointer", "src/resize.c in resample_row", Fatal, Open, High, 3, 150, 60 * 26, None),
    (Elixir, "Deployment/presence", Some("FunctionClauseError"), "no function clause matching in Presence.Tracker.handle_diff/2", "lib/presence/tracker.ex in handle_diff/2", Error, Open, Medium, 12, 200, 60 * 24 * 7, None),
    (Unknown, "Job/migrate-20261120", None, "migration 0142 left 3 rows behind, see table migration_leftovers", "", Warning, Open, Low, 1, 60 * 9, 60 * 9, None),
    (Jvm, "Deployment/search", Some("org.elasticsearch.ElasticsearchStatusException"), "Elasticsearch exception [type=search_phase_execution_exception, reason=all shards failed]", "com.acme.search.query.FacetedProductSearchQueryExecutorFactoryBean in executeWithFallback", Error, Resolved, High, 660, 60 * 30, 60 * 24 * 12, Some("grace")),
    (Python, "Deployment/ingest-worker", Some("UnicodeDecodeError"), "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte", "ingest/reader.py in rows", Error, Closed, Low, 44, 60 * 24 * 4, 60 * 24 * 20, None),
    ]
};

/// The month: what the pages are judged by.
pub fn issues() -> Vec<Issue> {
    let mut issues: Vec<Issue> = LINES.iter().enumerate().map(|(index, line)| issue(index, line)).collect();
    issues[1].regressed = true;
    issues[6].mute = Some(Mute::NextRelease("2.14.0".to_owned()));
    issues.push(written());
    issues
}

fn issue(index: usize, line: &Line) -> Issue {
    let (language, workload, error_type, message, culprit, level, status, priority, count, last, first, who) =
        *line;
    let fingerprint = format!("v1:{index:064x}");
    let (kind, name) = workload.split_once('/').expect("kind/name");
    let title = error_type.map_or_else(|| message.to_owned(), |name| format!("{name}: {message}"));
    let (hours, days) = (buckets(index, count, last, first, 60), buckets(index, count, last, first, 24 * 60));
    let releases = releases(count, last, first);
    Issue {
        id: IssueId::of_fingerprint(&TrackerName::local(), &fingerprint),
        title: title.chars().take(200).collect(),
        description: message.to_owned(),
        status,
        priority,
        issue_type: IssueType::Bug,
        reporter_id: format!("{name}@service.local"),
        assignee_id: who.map(str::to_owned),
        tags: vec!["eu-west".to_owned(), "canary".to_owned()],
        attachments: Vec::new(),
        created_at: ago(first),
        updated_at: ago(last),
        resolved_at: (status == Status::Resolved).then(|| ago(last)),
        resolved_in: None,
        component: Some(name.to_owned()),
        severity: None,
        context: None,
        source: Some(place(kind, name, index)),
        reported: Some(Reported {
            fingerprint,
            kind: if level == Level::Fatal { Kind::Panic } else { Kind::Exception },
            error_type: error_type.map(str::to_owned),
            template: template(message),
            culprit: (!culprit.is_empty()).then(|| culprit.to_owned()),
            category: Category::Code,
            language,
            level,
        }),
        count,
        first_seen: Some(ago(first)),
        last_seen: Some(ago(last)),
        first_release: releases.first_key_value().map(|(name, _)| name.clone()),
        last_release: releases.last_key_value().map(|(name, _)| name.clone()),
        releases,
        workloads: BTreeMap::from([
            (workload.to_owned(), count - count / 5),
            ("Deployment/checkout-canary".to_owned(), count / 5),
        ]),
        hours,
        days,
        mute: None,
        regressed: false,
        escalated: None,
        rates: Default::default(),
        merge: None,
        schema: SCHEMA,
    }
}

fn place(kind: &str, name: &str, index: usize) -> Place {
    Place {
        namespace: Some("shop".to_owned()),
        pod: Some(format!("{name}-7c9f4d8b6-x2k{index}p")),
        pod_uid: None,
        container: Some("main".to_owned()),
        node: Some(format!("worker-{}", index % 4)),
        workload: Some(Workload { kind: kind.to_owned(), name: name.to_owned() }),
        image: Some(format!("registry.acme.example/{name}@sha256:{}", "3f9a".repeat(16))),
        release: Some("2.14.1".to_owned()),
    }
}

/// What normalisation would leave of these messages, near enough for a page.
fn template(message: &str) -> String {
    let words =
        message.split(' ').map(|word| if word.bytes().any(|b| b.is_ascii_digit()) { "<*>" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

fn releases(count: u64, last: i64, first: i64) -> BTreeMap<String, ReleaseSeen> {
    let seen = |from: i64, to: i64, count| ReleaseSeen { first_seen: ago(from), last_seen: ago(to), count };
    let (third, half) = (first - (first - last) / 3, first - (first - last) / 2);
    BTreeMap::from([
        ("2.13.0".to_owned(), seen(first, third, count / 6)),
        ("2.13.2".to_owned(), seen(third, half, count / 4)),
        ("2.14.0".to_owned(), seen(half, last + 60, count / 3)),
        ("2.14.1".to_owned(), seen((last + 1_300).min(half - 1), last, count / 4)),
    ])
}

/// Spreads a count over buckets of `width` minutes, uneven in the same way each time.
fn buckets(seed: usize, count: u64, last: i64, first: i64, width: i64) -> BTreeMap<String, u64> {
    let format = if width == 60 { "%Y-%m-%dT%H" } else { "%Y-%m-%d" };
    let span = (first / width).min(if width == 60 { 47 } else { 29 });
    let mut buckets = BTreeMap::new();
    let mut state = seed as u64 * 7 + 3;
    for back in last / width..=span {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let noise = state >> 33;
        let storm = if seed.is_multiple_of(3) && back < 5 { 6 } else { 1 };
        let share = noise % 100 * storm * count / 3_000 / if width == 60 { 12 } else { 1 };
        let share =
            if count < 60 { u64::from(noise.is_multiple_of(5) || back == last / width) } else { share };
        let share = if back == last / width { share.max(1) } else { share };
        buckets.insert(ago(back * width).strftime(format).to_string(), share);
    }
    buckets
}

/// An issue that a person wrote.
pub fn written() -> Issue {
    let mut issue = issue(900, &LINES[0]);
    issue.title = "Show the tax rate on the invoice page".to_owned();
    issue.description = "Support asks for it twice a week.\n\nToday they open the PDF.".to_owned();
    (issue.issue_type, issue.priority) = (IssueType::Feature, Priority::Low);
    (issue.reported, issue.source, issue.count) = (None, None, 0);
    (issue.reporter_id, issue.assignee_id) = ("grace".to_owned(), None);
    (issue.first_seen, issue.last_seen, issue.first_release, issue.last_release) = (None, None, None, None);
    (issue.component, issue.updated_at) = (Some("billing".to_owned()), ago(60 * 13));
    (issue.releases, issue.workloads, issue.hours, issue.days) = Default::default();
    issue
}

fn frame(module: &str, function: &str, file: &str, line: u32, in_app: bool) -> Frame {
    Frame {
        function: Some(function.to_owned()),
        module: (!module.is_empty()).then(|| module.to_owned()),
        file: Some(file.to_owned()),
        line: Some(line),
        column: None,
        in_app,
    }
}

/// What hangs below the first issue of the sample.
pub fn children(issue: &Issue) -> Vec<Child> {
    let mut children = Vec::new();
    for index in 0..12_u64 {
        let full = index % 4 == 1;
        children.push(Child::Occurrence(Occurrence {
            id: Uuid::from_u128(0xacc0 + u128::from(index)),
            issue_id: issue.id,
            at: ago(1 + index as i64 * 7),
            received_at: ago(1 + index as i64 * 7),
            count: if index % 3 == 0 { 120 } else { 1 },
            via: Via::Stderr,
            place: place("Deployment", "checkout-api", index as usize),
            report: full.then(|| java(issue)),
            tags: vec!["eu-west".to_owned()],
            context: Some(
                json!({"request": {"method": "POST", "url": "/v2/orders"}, "user": {"id": "u-8812"}}),
            ),
        }));
    }
    children.extend(talk(issue));
    children
}

fn java(issue: &Issue) -> Report {
    let spring = "org.springframework.transaction.interceptor.TransactionInterceptor";
    let frames = vec![
        frame(
            "org.springframework.orm.jpa.vendor.HibernateJpaDialect",
            "convertHibernateAccessException",
            "HibernateJpaDialect.java",
            294,
            false,
        ),
        frame(
            "org.springframework.orm.jpa.vendor.HibernateJpaDialect",
            "translateExceptionIfPossible",
            "HibernateJpaDialect.java",
            233,
            false,
        ),
        frame(
            "org.springframework.dao.support.ChainedPersistenceExceptionTranslator",
            "translateExceptionIfPossible",
            "ChainedPersistenceExceptionTranslator.java",
            61,
            false,
        ),
        frame("com.acme.checkout.order.OrderRepository", "save", "OrderRepository.java", 88, true),
        frame("com.acme.checkout.order.OrderService", "placeOrder", "OrderService.java", 141, true),
        frame(spring, "invoke", "TransactionInterceptor.java", 119, false),
        frame(
            "org.springframework.aop.framework.ReflectiveMethodInvocation",
            "proceed",
            "ReflectiveMethodInvocation.java",
            184,
            false,
        ),
        frame("com.acme.checkout.web.OrderController", "create", "OrderController.java", 57, true),
        frame(
            "jdk.internal.reflect.DirectMethodHandleAccessor",
            "invoke",
            "DirectMethodHandleAccessor.java",
            103,
            false,
        ),
        frame(
            "org.apache.catalina.core.ApplicationFilterChain",
            "doFilter",
            "ApplicationFilterChain.java",
            149,
            false,
        ),
        frame("java.lang.Thread", "run", "Thread.java", 1583, false),
    ];
    let causes = vec![
        Cause {
            error_type: Some("org.hibernate.exception.ConstraintViolationException".to_owned()),
            message: "could not execute statement [ERROR: duplicate key value violates unique constraint \"uk_orders_idempotency_key\"]".to_owned(),
            frames: vec![
                frame("org.hibernate.exception.internal.SQLStateConversionDelegate", "convert", "SQLStateConversionDelegate.java", 97, false),
                frame("com.acme.checkout.order.OrderRepository", "save", "OrderRepository.java", 86, true),
            ],
            relation: None,
        },
        Cause {
            error_type: Some("org.postgresql.util.PSQLException".to_owned()),
            message: "ERROR: duplicate key value violates unique constraint \"uk_orders_idempotency_key\"\n  Detail: Key (idempotency_key)=(…) already exists.".to_owned(),
            frames: vec![frame("org.postgresql.core.v3.QueryExecutorImpl", "receiveErrorResponse", "QueryExecutorImpl.java", 2725, false)],
            relation: None,
        },
        Cause {
            error_type: Some("java.io.IOException".to_owned()),
            message: "stream closed".to_owned(),
            frames: Vec::new(),
            relation: Some(Relation::Suppressed),
        },
    ];
    let reported = issue.reported.as_ref().expect("a reported issue");
    let mut text = format!(
        "2026-11-21T10:22:58.114Z ERROR [http-nio-8080-exec-41] c.a.c.web.OrderController : order failed\n{}: {}\n",
        reported.error_type.as_deref().unwrap_or_default(),
        issue.description
    );
    for frame in &frames {
        text.push_str(&format!(
            "\tat {}.{}({}:{})\n",
            frame.module.as_deref().unwrap_or_default(),
            frame.function.as_deref().unwrap_or_default(),
            frame.file.as_deref().unwrap_or_default(),
            frame.line.unwrap_or_default()
        ));
    }
    Report {
        kind: Kind::Exception,
        level: Level::Error,
        language: reported.language,
        error_type: reported.error_type.clone(),
        message: issue.description.clone(),
        frames,
        causes,
        template: reported.template.clone(),
        culprit: reported.culprit.clone(),
        log: Some("order failed".to_owned()),
        redacted: BTreeMap::from([("jwt".to_owned(), 1)]),
        fingerprint: reported.fingerprint.clone(),
        category: reported.category,
        priority: issue.priority,
        text,
    }
}

fn talk(issue: &Issue) -> Vec<Child> {
    let act = |n: u128,
               activity_type,
               who: &str,
               minutes,
               changes: Vec<(&str, serde_json::Value, serde_json::Value)>| {
        Child::Activity(Activity {
            id: Uuid::from_u128(n),
            issue_id: issue.id,
            activity_type,
            user_id: who.to_owned(),
            changes: changes
                .into_iter()
                .map(|(field, old_value, new_value)| FieldChange {
                    field: field.to_owned(),
                    old_value,
                    new_value,
                })
                .collect(),
            created_at: ago(minutes),
        })
    };
    let say = |n: u128, who: &str, minutes, content: &str| {
        Child::Comment(Comment {
            id: Uuid::from_u128(n),
            issue_id: issue.id,
            author_id: who.to_owned(),
            content: content.to_owned(),
            created_at: ago(minutes),
            updated_at: ago(minutes),
        })
    };
    vec![
        act(1, ActivityType::Created, "checkout-api@service.local", 60 * 24 * 9, vec![]),
        act(
            2,
            ActivityType::Assigned,
            "grace",
            60 * 24 * 9 - 30,
            vec![("assigneeId", json!(null), json!("ada"))],
        ),
        say(
            3,
            "ada",
            60 * 24 * 8,
            "The client retries with the **same** key after a timeout. We insert before we look:\n\n```java\nrepository.save(order); // throws on the second attempt\n```\n\n- look up by `idempotency_key` first\n- answer the stored order\n\nSee https://docs.acme.example/checkout/idempotency for the contract.",
        ),
        act(
            4,
            ActivityType::StatusChanged,
            "ada",
            60 * 24 * 7,
            vec![("status", json!("open"), json!("resolved"))],
        ),
        act(
            5,
            ActivityType::Regressed,
            "checkout-api@service.local",
            60 * 24 * 2,
            vec![("status", json!("resolved"), json!("open"))],
        ),
        act(
            6,
            ActivityType::Updated,
            "grace",
            60 * 24 * 2 - 60,
            vec![("priority", json!("high"), json!("critical"))],
        ),
        say(7, "grace", 60 * 20, "Back with 2.14.1: the fix was lost in the merge. @ada can you take it?"),
    ]
}

/// Texts that try what texts can try.
pub const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'-alert(1)-'{{7*7}}${7*7}",
    "\u{1b}[31mred\u{1b}]8;;http://evil.example\u{7}link",
    "nul\0byte and bell\u{7}",
    "user\u{202e}gpj.exe\u{202c}",
    "pay\u{200b}pal\u{feff}",
    "</title></textarea></pre><style>*{display:none}</style>",
    "javascript:alert(1)",
    "[x](javascript:alert(1)) ![y](data:text/html,<b>) https://evil.example/\"onmouseover=alert(1)",
    "<!-- --!> <![CDATA[ ]]> &lt;b&gt; &#60;",
    "ZA\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}LGO 日本語 العربية 👩‍💻",
];

/// An issue each of whose texts is `text`.
pub fn hostile(index: usize, text: &str) -> Issue {
    let mut issue = issue(1_000 + index, &LINES[0]);
    let own = || text.to_owned();
    let some = || Some(own());
    (issue.title, issue.description, issue.reporter_id) = (own(), own(), own());
    (issue.assignee_id, issue.component, issue.severity) = (some(), some(), some());
    (issue.first_release, issue.last_release, issue.resolved_in) = (some(), some(), some());
    issue.tags = vec![own(), own()];
    issue.mute = Some(Mute::NextRelease(own()));
    let seen = ReleaseSeen { first_seen: ago(600), last_seen: ago(1), count: u64::MAX };
    issue.releases = BTreeMap::from([(own(), seen)]);
    issue.workloads = BTreeMap::from([(own(), u64::MAX)]);
    issue.hours = BTreeMap::from([(own(), 1), ("2026-99-99T99".to_owned(), 3)]);
    issue.days = issue.hours.clone();
    issue.count = u64::MAX;
    issue.context = Some(json!({ text: text }));
    issue.source = Some(hostile_place(text));
    if let Some(reported) = &mut issue.reported {
        (reported.fingerprint, reported.template) = (own(), own());
        (reported.error_type, reported.culprit) = (some(), some());
    }
    issue
}

fn hostile_place(text: &str) -> Place {
    let some = || Some(text.to_owned());
    Place {
        namespace: some(),
        pod: some(),
        pod_uid: some(),
        container: some(),
        node: some(),
        workload: Some(Workload { kind: text.to_owned(), name: text.to_owned() }),
        image: some(),
        release: some(),
    }
}

/// What hangs below such an issue: of every sort, and too much of it.
pub fn hostile_children(issue: &Issue, text: &str) -> Vec<Child> {
    let own = || text.to_owned();
    let some = || Some(own());
    // A few hundred characters in each frame are more than any page shows.
    let short: String = text.chars().take(600).collect();
    let brief = || Some(short.clone());
    let frame = |in_app| Frame {
        function: brief(),
        module: brief(),
        file: brief(),
        line: Some(u32::MAX),
        column: Some(u32::MAX),
        in_app,
    };
    let mut report = java(issue);
    (report.error_type, report.culprit, report.log) = (some(), some(), some());
    (report.message, report.text) = (own(), own());
    report.frames = (0..300).map(|n| frame(n % 2 == 0)).collect();
    report.redacted = BTreeMap::from([(own(), 1)]);
    report.causes = (0..40)
        .map(|n| Cause {
            error_type: brief(),
            message: brief().unwrap_or_default(),
            frames: (0..50).map(|_| frame(true)).collect(),
            relation: (n % 2 == 0).then_some(Relation::Member),
        })
        .collect();
    let occurrence = Occurrence {
        id: Uuid::from_u128(0xbad),
        issue_id: issue.id,
        at: Timestamp::MIN,
        received_at: Timestamp::MAX,
        count: u64::MAX,
        via: Via::Sentry,
        place: hostile_place(text),
        report: Some(report),
        tags: vec![own(), own()],
        context: Some(json!({ text: [text, { "deep": text }] })),
    };
    let mut children = vec![Child::Occurrence(occurrence)];
    for n in 0..60 {
        children.push(Child::Comment(Comment {
            id: Uuid::from_u128(n),
            issue_id: issue.id,
            author_id: own(),
            content: own(),
            created_at: ago(n as i64),
            updated_at: ago(n as i64),
        }));
    }
    children.push(Child::Activity(Activity {
        id: Uuid::from_u128(99),
        issue_id: issue.id,
        activity_type: ActivityType::Updated,
        user_id: own(),
        changes: vec![FieldChange { field: own(), old_value: json!(text), new_value: json!({ text: text }) }],
        created_at: ago(5),
    }));
    children
}
