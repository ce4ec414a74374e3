//! The pages as a browser gets them: answers, headers, forms, empty and failing states, and what hostile text cannot do.

#[path = "ui/html.rs"]
mod html;
#[path = "ui/memory.rs"]
mod memory;
#[path = "ui/sample.rs"]
mod sample;

use std::sync::{Arc, atomic::Ordering};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use consumer::{
    store::{Child, IssueStore, Store, Version, Write, Written, sqlite::SqliteStore},
    ui::{UiState, routes},
};
use http_body_util::BodyExt as _;
use issue::{
    document::{Comment, Issue, Mute, Status},
    id::TrackerName,
};
use memory::Memory;
use tower::ServiceExt as _;
use uuid::Uuid;

struct Site {
    store: Arc<Memory>,
    router: Router,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().expect("text")
    }
}

impl Site {
    fn over(store: Memory) -> Self {
        let store = Arc::new(store);
        Self { router: Self::router(store.clone()), store }
    }

    fn router(store: Arc<dyn Store>) -> Router {
        let mut state = UiState::new(store, TrackerName::local());
        state.clock = sample::now;
        routes(state)
    }

    fn sample() -> Self {
        let issues = sample::issues();
        let children = sample::children(&issues[0]);
        Self::over(Memory::with(issues, children))
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let body = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("host", "127.0.0.1:6001");
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// Sends a form as the page's own button would.
    async fn post(&self, path: &str, value: &str) -> Answer {
        let token = self.token(path).await;
        self.post_with(path, value, &token, &[("sec-fetch-site", "same-origin")]).await
    }

    async fn post_with(&self, path: &str, value: &str, token: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::post(path)
            .header("host", "127.0.0.1:6001")
            .header("content-type", "application/x-www-form-urlencoded");
        for (name, text) in headers {
            request = request.header(*name, *text);
        }
        let body = format!("token={token}&value={value}");
        self.send(request.body(Body::from(body)).expect("a request")).await
    }

    async fn token(&self, path: &str) -> String {
        let page = path.rsplit_once('/').expect("an act").0;
        let body = self.get(page).await.body;
        let (_, rest) = body.split_once("name=\"token\" value=\"").expect("a token");
        rest.split_once('"').expect("its end").0.to_owned()
    }

    fn issue(&self, issue: &Issue) -> Issue {
        self.store.issues.lock().expect("not poisoned")[&issue.id].1.clone()
    }
}

fn path(issue: &Issue) -> String {
    format!("/issues/{}", issue.id)
}

#[tokio::test]
async fn old_addresses_lead_to_the_list() {
    let site = Site::sample();
    for (from, to) in [("/", "/issues"), ("/issues/recent", "/issues"), ("/issues/all", "/issues?q=")] {
        let answer = site.get(from).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, to));
    }
    let joined = site.get("/issues?q=is:open&q=slow+query&sort=count").await;
    assert_eq!(joined.location(), "/issues?q=is%3Aopen+slow+query&sort=count");
}

#[tokio::test]
async fn the_list_shows_what_is_unresolved_and_the_url_narrows_it() {
    let site = Site::sample();
    let usual = site.get("/issues").await.body;
    assert!(usual.contains("DataIntegrityViolationException") && !usual.contains("UnicodeDecodeError"));
    let closed = site.get("/issues?q=is:closed").await.body;
    assert!(!closed.contains("DataIntegrityViolationException") && closed.contains("UnicodeDecodeError"));
    let wrong = site.get("/issues?q=is:opne").await.body;
    assert!(wrong.contains("is:opne is not understood") && wrong.contains("UnicodeDecodeError"));
    let order = site.get("/issues?q=&sort=count").await.body;
    assert!(order.find("RejectedExecution") < order.find("DataIntegrity"));
}

#[tokio::test]
async fn a_long_list_is_walked_page_by_page() {
    let mut issues = Vec::new();
    for index in 0..120 {
        issues.push(sample::hostile(index, &format!("number-{index}-")));
    }
    let site = Site::over(Memory::with(issues, Vec::new()));
    let mut url = "/issues?q=is:open".to_owned();
    let mut found = std::collections::HashSet::new();
    let mut pages = 0;
    loop {
        let body = site.get(&url).await.body;
        let rows = body.split("class=\"first\"><a href=\"").skip(1);
        found.extend(rows.filter_map(|row| row.split_once('"').map(|(id, _)| id.to_owned())));
        pages += 1;
        let Some((_, next)) = body.split_once("rel=\"next\" href=\"") else { break };
        url = next.split_once('"').expect("its end").0.replace("&#38;", "&");
    }
    assert_eq!((pages, found.len()), (3, 120));
    let past = site.get("/issues?q=&cursor=nonsense").await.body;
    assert!(past.contains("The list ends here"));
}

#[tokio::test]
async fn an_empty_list_teaches() {
    let site = Site::over(Memory::default());
    let body = site.get("/issues").await.body;
    assert!(body.contains("No reports yet") && body.contains("issuetracker dev -- "));
    assert!(body.contains("curl http://127.0.0.1:6001/api/v1/issues"));
    let filtered = Site::sample().get("/issues?q=nosuchword").await.body;
    assert!(filtered.contains("No issue matches") && filtered.contains("Clear filters"));
    let mut done = sample::issues().remove(0);
    done.status = Status::Closed;
    let quiet = Site::over(Memory::with(vec![done], Vec::new())).get("/issues").await.body;
    assert!(quiet.contains("Nothing to do here"));
}

#[tokio::test]
async fn a_host_header_cannot_write_the_snippet() {
    let site = Site::over(Memory::default());
    let request = Request::get("/issues").header("host", "x;rm -rf $HOME");
    let answer = site.send(request.body(Body::empty()).expect("a request")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(!answer.body.contains("rm -rf"));
}

#[tokio::test]
async fn a_store_that_is_down_is_never_an_empty_list() {
    let site = Site::sample();
    site.store.fails.store(true, Ordering::Relaxed);
    for url in ["/issues".to_owned(), path(&sample::issues()[0])] {
        let answer = site.get(&url).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.body.contains("The store does not answer"));
        assert!(!answer.body.contains("<table") && !answer.body.contains("No reports yet"));
        assert!(!answer.body.contains("disk I/O"), "the page tells what only the log may");
        let id = answer.headers["x-request-id"].to_str().expect("text");
        assert!(answer.body.contains(id), "the page names its request");
    }
}

#[tokio::test]
async fn every_answer_is_harmless_to_keep_and_to_frame() {
    let site = Site::sample();
    let issue = path(&sample::issues()[0]);
    let text = issue.clone() + "/text";
    for url in ["/", "/issues", "/nope", "/assets/x/nope", &issue, &text] {
        let headers = site.get(url).await.headers;
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{url}");
        for part in ["style-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{url}: {part}");
        }
        assert_eq!(headers["x-content-type-options"], "nosniff", "{url}");
        assert_eq!(headers["referrer-policy"], "same-origin", "{url}");
        assert_eq!(headers["cache-control"], "no-store", "{url}");
        assert!(headers.contains_key("x-request-id"), "{url}");
    }
}

#[tokio::test]
async fn files_are_kept_for_ever_under_their_own_hash_only() {
    let site = Site::sample();
    let body = site.get("/issues").await.body;
    let files = html::attributes(&body).into_iter().filter(|(_, _, value)| value.starts_with("/assets/"));
    let urls: Vec<String> = files.map(|(_, _, value)| value).collect();
    assert_eq!(urls.len(), 4, "{urls:?}");
    for url in urls {
        let answer = site.get(&url).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.headers["cache-control"], "public, max-age=31536000, immutable");
        let name = url.rsplit_once('/').expect("a name").1;
        let other = site.get(&format!("/assets/0000000000000000/{name}")).await;
        assert_eq!(other.status, StatusCode::OK);
        assert_eq!(other.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_page_too() {
    let site = Site::sample();
    let unknown = "/issues/00000000-0000-0000-0000-000000000000";
    for url in ["/nope", "/issues/nope", "/issues/..%2f..%2fetc", unknown, "/issues/a/b/c"] {
        let answer = site.get(url).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{url}");
        assert!(
            answer.body.contains("There is nothing here") && answer.body.contains("Request <code>"),
            "{url}"
        );
    }
    let post =
        Request::post("/dashboard").header("host", "127.0.0.1:6001").body(Body::empty()).expect("a request");
    let answer = site.send(post).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers["allow"], "GET,HEAD");
    assert!(answer.body.contains("does not take that"));
}

#[tokio::test]
async fn the_issue_page_tells_what_where_since_when_and_who() {
    let site = Site::sample();
    let body = site.get(&path(&sample::issues()[0])).await.body;
    for part in [
        "DataIntegrityViolationException",
        "org.springframework.dao",
        "com.acme.checkout.order.OrderService in placeOrder",
        "18,342",
        "9 days ago",
        "2.14.1",
        "3 library frames",
        "Caused by",
        "Suppressed while it was handled",
        "value=\"ada\"",
        "Why this is one issue",
        "<strong>same</strong>",
        "2 of 12",
    ] {
        assert!(body.contains(part), "{part}");
    }
    let older =
        body.split_once("rel=\"next\" href=\"").and_then(|(_, rest)| rest.split_once('"')).expect("a link").0;
    let next = site.get(older.split_once('#').expect("an anchor").0).await.body;
    assert!(next.contains("3 of 12") && next.contains("counted without a stack of its own"));
    let whole = site.get(&(path(&sample::issues()[0]) + "/text")).await;
    assert_eq!(whole.headers["content-type"], "text/plain; charset=utf-8");
    assert!(
        whole.body.contains("\tat com.acme.checkout.order.OrderService.placeOrder(OrderService.java:141)")
    );
}

#[tokio::test]
async fn an_issue_without_reports_or_samples_has_a_page() {
    let written = sample::written();
    let bare = sample::issues().remove(1);
    let site = Site::over(Memory::with(vec![written.clone(), bare.clone()], Vec::new()));
    let body = site.get(&path(&written)).await.body;
    assert!(body.contains("Show the tax rate") && body.contains("Today they open the PDF."));
    assert!(!body.contains("Why this is one issue") && !body.contains("class=\"chart\""));
    assert_eq!(site.get(&path(&bare)).await.status, StatusCode::OK);
    assert_eq!(site.get(&(path(&bare) + "/text")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn of_a_very_long_talk_the_page_shows_the_newest() {
    let issue = sample::issues().remove(0);
    let say = |n: u32| {
        let at = sample::now() - jiff::SignedDuration::from_mins(1_300 - i64::from(n));
        Child::Comment(Comment {
            id: Uuid::from_u128(n.into()),
            issue_id: issue.id,
            author_id: "grace".to_owned(),
            content: format!("word {n}."),
            created_at: at,
            updated_at: at,
        })
    };
    let site = Site::over(Memory::with(vec![issue.clone()], (0..1_200).map(say).collect()));
    let body = site.get(&path(&issue)).await.body;
    assert!(body.contains("word 1199.") && body.contains("word 1190."), "{body}");
    assert!(!body.contains("word 0.") && !body.contains("word 999."));
    assert!(body.contains("More than ") && body.contains(" earlier entries are not shown here."));
}

#[tokio::test]
async fn forms_change_the_issue_and_tell_of_it() {
    let site = Site::sample();
    let issue = &sample::issues()[0];
    for (act, value) in [
        ("status", "resolved"),
        ("priority", "low"),
        ("assignee", "grace"),
        ("mute", "next-release"),
        ("comments", "fixed%20by%20%3Cb%3E%0D%0Aagain"),
    ] {
        let answer = site.post(&format!("{}/{act}", path(issue)), value).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{act}: {}", answer.body);
        assert!(answer.location().starts_with(&path(issue)), "{act}");
    }
    let changed = site.issue(issue);
    assert_eq!((changed.status, changed.resolved_at), (Status::Resolved, Some(sample::now())));
    assert_eq!(changed.assignee_id.as_deref(), Some("grace"));
    assert_eq!(changed.mute, Some(Mute::NextRelease("2.14.1".to_owned())));
    let body = site.get(&path(issue)).await.body;
    assert!(body.contains("fixed by &#60;b&#62;<br>again") && body.contains("Reopen"));
    assert!(body.contains("from <b><bdi>critical</bdi></b> to <b><bdi>low</bdi></b>"), "{body}");
    assert!(body.contains("until a release after 2.14.1"));
}

/// Everything of the sample in a real store, as the consumer would write it.
async fn sqlite(path: &std::path::Path) -> SqliteStore {
    let store = SqliteStore::open(path).expect("a store");
    let issues = sample::issues();
    let children = sample::children(&issues[0]);
    let mut writes: Vec<Write> = issues.into_iter().map(write).collect();
    for child in children {
        match child {
            Child::Occurrence(occurrence) => writes[0].occurrences.push(occurrence),
            Child::Activity(activity) => writes[0].activities.push(activity),
            Child::Comment(comment) => writes[0].comments.push(comment),
        }
    }
    let written = store.write(writes).await.expect("written");
    assert!(written.iter().all(|written| matches!(written, Written::Done(_))));
    store
}

fn write(issue: Issue) -> Write {
    Write {
        issue,
        expect: Version::Absent,
        seen: Vec::new(),
        occurrences: Vec::new(),
        activities: Vec::new(),
        comments: Vec::new(),
        notifications: Vec::new(),
        notes: Vec::new(),
    }
}

#[tokio::test]
async fn the_pages_over_sqlite_read_and_write_as_over_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = sqlite(&folder.path().join("issues.db")).await;
    let site = Site { store: Arc::default(), router: Site::router(Arc::new(store)) };
    let issue = &sample::issues()[0];
    let list = site.get("/issues?q=is:open+constraint+workload:Deployment/checkout-api").await.body;
    assert!(list.contains(&path(issue)) && !list.contains("RejectedExecutionException"), "{list}");
    let page = site.get(&path(issue)).await.body;
    assert!(
        page.contains("2 of 12")
            && page.contains("3 library frames")
            && page.contains("<strong>same</strong>")
    );
    for (act, value) in [("status", "resolved-in-next-release"), ("comments", "over%20SQLite")] {
        let answer = site.post(&format!("{}/{act}", path(issue)), value).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{act}: {}", answer.body);
    }
    let page = site.get(&path(issue)).await.body;
    assert!(
        page.contains("over SQLite")
            && page.contains("after release <bdi>2.14.1</bdi>")
            && page.contains("Reopen")
    );
}

#[tokio::test]
async fn a_change_that_changes_nothing_writes_nothing() {
    let site = Site::sample();
    let issue = &sample::issues()[0];
    let version = |site: &Site| site.store.issues.lock().expect("not poisoned")[&issue.id].0;
    let answer = site.post(&(path(issue) + "/status"), "open").await;
    assert_eq!((answer.status, version(&site)), (StatusCode::SEE_OTHER, 1));
}

#[tokio::test]
async fn a_change_that_meets_others_is_tried_again_and_then_given_up() {
    let site = Site::sample();
    let issue = &sample::issues()[0];
    let form = path(issue) + "/status";
    site.store.conflicts.store(2, Ordering::Relaxed);
    assert_eq!(site.post(&form, "resolved").await.status, StatusCode::SEE_OTHER);
    assert_eq!(site.issue(issue).status, Status::Resolved);
    site.store.conflicts.store(1_000, Ordering::Relaxed);
    let answer = site.post(&form, "open").await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("Somebody else is changing this issue"));
}

#[tokio::test]
async fn forged_and_broken_forms_change_nothing() {
    let site = Site::sample();
    let issue = &sample::issues()[0];
    let status = path(issue) + "/status";
    let token = site.token(&status).await;
    let own = ("sec-fetch-site", "same-origin");
    let forged: &[(&str, &[(&str, &str)])] = &[
        (&token, &[]),
        (&token, &[("sec-fetch-site", "cross-site")]),
        (&token, &[("origin", "http://evil.example")]),
        (&token, &[own, ("origin", "http://evil.example")]),
        ("", &[own]),
        ("0123456789abcdef0123456789abcdef", &[own]),
    ];
    for (token, headers) in forged {
        let answer = site.post_with(&status, "resolved", token, headers).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
        assert!(answer.body.contains("Nothing was changed"), "{headers:?}");
    }
    for (act, value, expect) in [
        ("status", "gone", StatusCode::UNPROCESSABLE_ENTITY),
        ("comments", "+", StatusCode::UNPROCESSABLE_ENTITY),
        ("vanish", "x", StatusCode::NOT_FOUND),
    ] {
        let answer = site.post_with(&format!("{}/{act}", path(issue)), value, &token, &[own]).await;
        assert_eq!(answer.status, expect, "{act}");
    }
    let huge = "x".repeat(3 << 20);
    assert!(site.post_with(&status, &huge, &token, &[own]).await.status.is_client_error());
    assert_eq!(site.issue(issue).status, Status::Open);
}

#[tokio::test]
async fn a_hostile_text_is_text_on_every_page() {
    let (mut issues, mut children) = (Vec::<Issue>::new(), Vec::<Child>::new());
    for (index, text) in sample::HOSTILE.iter().enumerate() {
        let issue = sample::hostile(index, text);
        children.extend(sample::hostile_children(&issue, text));
        issues.push(issue);
    }
    let urls: Vec<String> = issues.iter().map(path).collect();
    let site = Site::over(Memory::with(issues, children));
    let mut pages = vec![site.get("/issues").await];
    for url in &urls {
        pages.push(site.get(url).await);
    }
    for text in sample::HOSTILE {
        let query: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        pages.push(site.get(&format!("/issues?q={query}&sort={query}&cursor={query}")).await);
        pages.push(site.get(&format!("/issues?q={query}+workload:%22{query}%22")).await);
        pages.push(site.get(&format!("/issues/{query}")).await);
    }
    for page in pages.into_iter().filter(|page| !page.status.is_redirection()) {
        html::assert_harmless(&page.body);
        assert!(page.body.len() <= 100 * 1024, "{} bytes", page.body.len());
    }
}

#[tokio::test]
async fn no_text_makes_a_page_larger_than_100_kib() {
    for piece in
        ["<", "\u{202e}", "日本", "@a ", "- a\n", "`a` ", "http://a ", "**a** ", "a\n\n", "a.b", "```\n"]
    {
        let text = piece.repeat(200_000 / piece.len());
        let mut issues = vec![sample::hostile(0, &text)];
        let children = sample::hostile_children(&issues[0], &text);
        issues.extend((1..55).map(|index| sample::hostile(index, text.get(..3_000).unwrap_or(&text))));
        // What a person wrote is shown as prose, at length.
        let mut prose = issues[0].clone();
        prose.reported = None;
        prose.id = issue::id::IssueId::of_idempotency_key(&TrackerName::local(), "prose");
        let urls = ["/issues?q=".to_owned(), path(&issues[0]), path(&prose)];
        issues.push(prose);
        let site = Site::over(Memory::with(issues, children));
        for url in urls {
            let page = site.get(&url).await;
            assert_eq!(page.status, StatusCode::OK);
            assert!(page.body.len() <= 100 * 1024, "{piece:?} makes {url} {} bytes", page.body.len());
            html::assert_harmless(&page.body);
        }
    }
}

#[tokio::test]
async fn ten_megabytes_are_cut_with_a_mark() {
    let huge = "A".repeat(10 << 20);
    let mut issue = sample::hostile(0, "x");
    let mut children = sample::hostile_children(&issue, "x");
    (issue.title, issue.description, issue.assignee_id) = (huge.clone(), huge.clone(), Some(huge.clone()));
    if let Some(reported) = &mut issue.reported {
        (reported.error_type, reported.template) = (Some(huge.clone()), huge.clone());
    }
    for child in &mut children {
        match child {
            Child::Occurrence(occurrence) => {
                let report = occurrence.report.as_mut().expect("a full sample");
                (report.message, report.text) = (huge.clone(), huge.clone());
            }
            Child::Comment(comment) if comment.id.is_nil() => comment.content.clone_from(&huge),
            Child::Comment(_) | Child::Activity(_) => {}
        }
    }
    let site = Site::over(Memory::with(vec![issue.clone()], children));
    for (url, mark) in [("/issues".to_owned(), "…"), (path(&issue), "… cut here: 10,485,760 bytes in all")]
    {
        let page = site.get(&url).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains(mark) && page.body.len() <= 100 * 1024, "{} bytes", page.body.len());
    }
}
