use super::*;

fn frame(module: &str, function: &str, file: &str) -> Frame {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Frame { module: some(module), function: some(function), file: some(file), ..Frame::default() }
}

fn is_in_app(language: Language, module: &str, function: &str, file: &str) -> bool {
    judge(&frame(module, function, file), language, &Prefixes::default()).0
}

#[test]
fn an_application_is_told_from_libraries_and_the_runtime() {
    use Language::*;
    for (language, module, function, file, expected) in [
        (Python, "", "parse", "/app/core.py", true),
        (Python, "", "loads", "/usr/lib/python3.11/json/__init__.py", false),
        (Python, "", "get", "/srv/venv/lib/python3.12/site-packages/requests/api.py", false),
        (Python, "", "_call", "<frozen importlib._bootstrap>", false),
        (Python, "", "<module>", "<stdin>", true),
        (Jvm, "com.acme.Shop", "buy", "Shop.java", true),
        (Jvm, "java.base@17.0.1/java.util.HashMap", "get", "HashMap.java", false),
        (Jvm, "app//com.acme.Shop", "buy", "Shop.java", true),
        (Jvm, "java.base/java.lang.Thread", "run", "Thread.java", false),
        (Javascript, "", "Object.<anonymous>", "/srv/index.js", true),
        (Javascript, "", "Module._compile", "node:internal/modules/cjs/loader", false),
        (Javascript, "", "x", "/srv/node_modules/express/lib/router.js", false),
        (Javascript, "", "x", "node_modules/express/lib/router.js", false),
        (Go, "main", "main", "/srv/main.go", true),
        (Go, "net/http", "(*conn).serve", "/usr/local/go/src/net/http/server.go", false),
        (Go, "network/tcp", "Dial", "/srv/network/tcp/dial.go", true),
        (Go, "github.com/x/y", "F", "/home/me/go/pkg/mod/github.com/x/y@v1.0.0/y.go", false),
        (Rust, "", "shop::buy", "src/main.rs", true),
        (
            Rust,
            "",
            "core::panicking::panic",
            "/rustc/90b35a6239c3d8bdabc530a6a0816f7ff89a0aaf/library/core/src/panicking.rs",
            false,
        ),
        (Ruby, "", "Shop#buy", "/srv/shop.rb", true),
        (Ruby, "", "call", "/usr/lib/ruby/gems/3.1.0/gems/rack-2.2/lib/rack.rb", false),
        (Php, "", "intdiv", "/srv/shop.php", true),
        (Php, "", "array_map", "[internal function]", false),
        (Dotnet, "", "Acme.Shop.Buy", "/src/Shop.cs", true),
        (Dotnet, "", "System.Int32.Parse", "", false),
        (Native, "", "main", "/src/a.c", true),
        (Native, "", "__libc_start_main", "/lib/x86_64-linux-gnu/libc.so.6", false),
        (Python, "", "run", "C:\\Users\\x\\venv\\Lib\\site-packages\\flask\\app.py", false),
        (Unknown, "", "", "", false),
    ] {
        assert_eq!(
            is_in_app(language, module, function, file),
            expected,
            "{language:?} {module} {function} {file}"
        );
    }
}

#[test]
fn settings_decide_before_the_tables() {
    let prefixes = Prefixes {
        include: vec!["org.apache.kafka.".into()],
        exclude: vec!["com.acme.generated.".into(), "/srv/gen/".into()],
    };
    let judged = |frame: &Frame| judge(frame, Language::Jvm, &prefixes);
    assert_eq!(
        judged(&frame("org.apache.kafka.Broker", "run", "")),
        (true, Because::Included, Some("org.apache.kafka."))
    );
    assert_eq!(judged(&frame("com.acme.generated.X", "run", "")).1, Because::Excluded);
    assert_eq!(judged(&frame("", "run", "/srv/gen/x.java")).1, Because::Excluded);
}
