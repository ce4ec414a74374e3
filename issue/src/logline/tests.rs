use super::*;

fn check(line: &str, rank: Option<Rank>, text: &str) -> Option<String> {
    let found = head(line).and_then(|head| head.rank);
    let message = message(line);
    let right = found == rank && (rank.is_none() || message == text);
    (!right).then(|| format!("{line:?}: {found:?} {message:?}"))
}

#[test]
fn levels_are_found_where_loggers_put_them() {
    let error = Some(Rank::Error);
    let cases: &[(&str, Option<Rank>, &str)] = &[
        ("2026-01-02 03:04:05,678 ERROR app.orders: it failed", error, "it failed"),
        ("2026-01-02 03:04:05,678 - app.orders - ERROR - it failed", error, "it failed"),
        ("ERROR:root:it failed", error, "it failed"),
        ("[error] it failed", error, "it failed"),
        ("E0102 03:04:05.678901   12345 file.go:123] it failed", error, "it failed"),
        ("<3>it failed", error, "it failed"),
        ("2026/01/02 03:04:05 [error] 7#7: *1 open() failed", error, "*1 open() failed"),
        (
            "2026-01-02 03:04:05.678 UTC [77] ERROR:  relation \"x\" does not exist",
            error,
            "relation \"x\" does not exist",
        ),
        (
            "[2026-01-02 03:04:05 +0000] [7] [ERROR] Exception in worker process",
            error,
            "Exception in worker process",
        ),
        ("ERROR:    Exception in ASGI application", error, "Exception in ASGI application"),
        (
            "2026-11-21 10:45:56.288 [main] ERROR com.example.shop.Main -- Order 17 failed",
            error,
            "Order 17 failed",
        ),
        ("2026-01-02 12:00:00.000 ERROR 12345 --- [main] c.e.Foo : it failed", error, "it failed"),
        (
            "2026-01-02T12:00:00.000Z ERROR 1 --- [shop] [nio-8080-exec-1] o.a.c.c.C.[.[.[/] : it failed",
            error,
            "it failed",
        ),
        ("[2026-11-21T10:47:13Z ERROR with_loggers] cannot charge", error, "cannot charge"),
        (
            "2026-11-21T10:47:13.287554Z ERROR with_loggers: cannot charge order=7",
            error,
            "cannot charge order=7",
        ),
        ("E, [2026-01-02T03:04:05.000000 #123] ERROR -- : it failed", error, "it failed"),
        ("2026-01-02T03:04:05.000000Z 0 [ERROR] [MY-010119] [Server] Aborting", error, "Aborting"),
        ("[2026-01-02T03:04:05,678][ERROR][o.e.b.Bootstrap] [node] it failed", error, "it failed"),
        ("SEVERE: order failed", error, "order failed"),
        ("Error: no such table", error, "no such table"),
        ("error: no such table", error, "no such table"),
        ("npm error", None, ""),
        (
            "Jun 14 15:16:01 combo sshd[19939]: error: Could not load host key",
            error,
            "Could not load host key",
        ),
        ("Jun 14 15:16:01 combo sshd[19939]: Failed password for root", None, ""),
        ("[10:22:33 ERR] it failed", error, "it failed"),
        ("2026-01-02T03:04:05Z ERR it failed", error, "it failed"),
        (
            "1:M 02 Jan 2026 03:04:05.678 # Out of memory allocating",
            Some(Rank::Warning),
            "Out of memory allocating",
        ),
        (
            "1:M 02 Jan 2026 03:04:05.678 * Ready to accept connections",
            Some(Rank::Quiet),
            "Ready to accept connections",
        ),
        ("2026-01-02T03:04:05.678Z\tERROR\tloggers/main.go:12\tzap failed", error, "zap failed"),
        (
            "2026/11/21 10:46:37 ERROR default handler speaks attempt=4",
            error,
            "default handler speaks attempt=4",
        ),
        ("03-17 16:13:38.811  1702  2395 E WindowManager: it failed", error, "it failed"),
        ("2016-09-28 04:30:30, Error                 CBS    it failed", error, "CBS    it failed"),
        ("main ERROR Unable to locate appender", error, "Unable to locate appender"),
        ("[main] ERROR com.example.Foo - it failed", error, "it failed"),
        ("fatal: not a git repository", Some(Rank::Fatal), "not a git repository"),
        ("CRITICAL:app:gone", Some(Rank::Fatal), "gone"),
        ("FATA[0003] it failed", Some(Rank::Fatal), "it failed"),
        ("ERRO[2026-01-02T03:04:05Z] it failed", error, "it failed"),
        ("E/flutter ( 123): it failed", error, "it failed"),
        ("E20260102 03:04:05.678901 12345 file.cc:123] it failed", error, "it failed"),
        ("Fatal error: it failed", Some(Rank::Fatal), "it failed"),
        (
            "E, [2026-01-02T03:04:05.000000 #1] ERROR -- importer: 859: unexpected token",
            error,
            "859: unexpected token",
        ),
        (
            "[Thu Jun 09 06:07:04 2005] [error] [client 1.2.3.4] File does not exist",
            error,
            "File does not exist",
        ),
        (
            "[Thu Jun 09 06:07:04.123456 2005] [proxy:error] [pid 7] AH00898: it failed",
            error,
            "AH00898: it failed",
        ),
        (
            "- 1117838570 2005.06.03 R02-M1-N0-C:J12-U11 2005-06-03-15.42.50.675872 R02-M1-N0-C:J12-U11 RAS KERNEL FATAL data storage interrupt",
            Some(Rank::Fatal),
            "data storage interrupt",
        ),
    ];
    let wrong: Vec<_> = cases.iter().filter_map(|(line, rank, text)| check(line, *rank, text)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn prose_states_no_level() {
    let lines = [
        "The ERROR counter was reset",
        "Compiled with 0 errors",
        "retrying after error: connection refused",
        "2026-01-02 03:04:05 INFO app: error count is 0",
        "081109 203615 148 INFO dfs.DataNode$PacketResponder: PacketResponder 1 for block blk_38 terminating",
        "[Sun Dec 04 04:47:44 2005] [notice] workerEnv.init() ok /etc/httpd/conf/workers2.properties",
        "[10.30 16:49:06] chrome.exe - proxy.cse.cuhk.edu.hk:5070 close, 0 bytes sent, error bytes",
        "20171223-22:15:29:606|Step_LSC|30002312|onStandStepChanged 3579",
        "Failed to open file: error code 5",
        "error",
        "Errors: 0",
        "10.0.0.1 - - [02/Jan/2026:03:04:05 +0000] \"GET / HTTP/1.1\" 500 12",
        "2026-01-02 03:04:05 worker finished with error code 0",
        "2026-01-02 03:04:05 level ERROR is enabled for the root logger",
        "1:M 02 Jan 2026 03:04:05.678 * error handler registered",
        "[10.30 16:49:06] a.exe - host.example:80 error : Could not connect through proxy",
        "D/Tag ( 123): error: none",
        "INFO[0003] error: none",
        "{\"level\":\"info\",\"message\":\"[ERROR] was said\"}",
    ];
    for line in lines {
        let found = head(line).and_then(|head| head.level());
        assert!(found.is_none(), "{line:?} states {found:?}");
    }
}

#[test]
fn log_lines_are_told_from_text() {
    for line in [
        "2026-01-02 03:04:05,678 INFO x",
        "INFO:     Started server process [1]",
        "{\"level\":\"info\"}",
        "time=2026-01-02T03:04:05Z level=info msg=x",
        "10.0.0.1 - - [02/Jan/2026:03:04:05 +0000] \"GET / HTTP/1.1\" 200 12",
        "I0102 03:04:05.678901   12345 file.go:123] x",
        "[INFO] x",
    ] {
        assert!(is_log_line(line), "{line:?}");
    }
    for line in
        ["SELECT * FROM users", "  File \"a.py\", line 3", "while migrating the database", "12 rows", ""]
    {
        assert!(!is_log_line(line), "{line:?}");
    }
}
