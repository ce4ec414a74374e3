//! What is never an application's own, by language.

use std::sync::LazyLock;

use crate::report::Language;
use crate::search::Beginnings;

/// What one language's libraries and runtime are known by.
pub(super) struct Table {
    /// Parts of a path, each from a slash on.
    pub(super) within: &'static [&'static str],
    /// Beginnings of a file's name that are no path.
    pub(super) file_begins: &'static [&'static str],
    /// Whole names of files.
    pub(super) files: &'static [&'static str],
    /// Beginnings of a module, or of a function where there is no module.
    pub(super) names: &'static [&'static str],
    /// First segments of a module.
    pub(super) roots: &'static [&'static str],
    /// Whether a loader may stand before a module, joined by `/` (`java.base@17/`, `app//`).
    pub(super) loaders: bool,
    /// Whether entries of `names` that end with `::` are crates.
    pub(super) crates: bool,
    /// Whether a frame without a file is the runtime's.
    pub(super) fileless_is_library: bool,
}

#[rustfmt::skip]
const NOTHING: Table = Table {
    within: &[],
    file_begins: &[],
    files: &[],
    names: &[],
    roots: &[],
    loaders: false,
    crates: false,
    fileless_is_library: false,
};

/// Directories of libraries that more than one language uses.
#[rustfmt::skip]
pub(super) static EVERYWHERE: &[&str] = &[
    "/node_modules/",
    "/site-packages/",
    "/dist-packages/",
    "/vendor/",
    "/.cargo/registry/",
    "/go/pkg/mod/",
    "/usr/include/",
];

/// The table of a language; of all where it is not known.
pub(super) fn of(language: Language) -> &'static Table {
    match language {
        Language::Python => &PYTHON,
        Language::Jvm => &JVM,
        Language::Javascript => &JAVASCRIPT,
        Language::Dotnet => &DOTNET,
        Language::Go => &GO,
        Language::Rust => &RUST,
        Language::Ruby => &RUBY,
        Language::Php => &PHP,
        Language::Dart => &DART,
        Language::Elixir => &ELIXIR,
        Language::Perl => &PERL,
        Language::Swift => &SWIFT,
        Language::Native => &NATIVE,
        Language::Unknown => &UNKNOWN,
    }
}

const LANGUAGES: [Language; 14] = [
    Language::Python,
    Language::Jvm,
    Language::Javascript,
    Language::Dotnet,
    Language::Go,
    Language::Rust,
    Language::Ruby,
    Language::Php,
    Language::Dart,
    Language::Elixir,
    Language::Perl,
    Language::Swift,
    Language::Native,
    Language::Unknown,
];

/// A table as it is searched: each list by the first byte of its entries.
pub(super) struct Lists {
    /// Directories, of the language and of everybody, looked for behind a slash.
    pub(super) within: Beginnings,
    pub(super) file_begins: Beginnings,
    pub(super) files: Beginnings,
    pub(super) names: Beginnings,
    pub(super) roots: Beginnings,
}

static LISTS: LazyLock<Vec<Lists>> = LazyLock::new(|| {
    let build = |language: &Language| {
        let table = of(*language);
        let within = table.within.iter().chain(EVERYWHERE).copied();
        let list = |words: &'static [&'static str]| Beginnings::new(words.iter().copied());
        Lists {
            within: Beginnings::behind(1, within),
            file_begins: list(table.file_begins),
            files: list(table.files),
            names: list(table.names),
            roots: list(table.roots),
        }
    };
    LANGUAGES.iter().map(build).collect()
});

/// The lists of a language.
pub(super) fn lists(language: Language) -> Option<&'static Lists> {
    LISTS.get(language as usize).or_else(|| LISTS.last())
}

#[rustfmt::skip]
static PYTHON: Table = Table {
    within: &[
        "/lib/python2", "/lib/python3", "/lib64/python2", "/lib64/python3", "/lib-dynload/", "/python3.zip/",
        "/pypy3/lib-python/", "/python/lib/py4j", "/python/lib/pyspark", "/.local/lib/python", "/Lib/asyncio/", "/Lib/concurrent/", "/Lib/importlib/",
        "/Lib/json/", "/Lib/logging/", "/Lib/multiprocessing/", "/Lib/threading.py", "/Lib/unittest/",
    ],
    file_begins: &["<frozen ", "<__array_function__", "<attrs generated", "<decorator-gen", "<template>"],
    ..NOTHING
};

#[rustfmt::skip]
static JVM: Table = Table {
    names: &[
        "java.", "javax.", "jdk.", "sun.", "com.sun.", "$Proxy", "jakarta.", "kotlin.", "kotlinx.", "scala.", "groovy.",
        "groovyjarjar", "org.codehaus.", "clojure.", "org.springframework.", "org.apache.", "org.hibernate.",
        "org.eclipse.", "org.jboss.", "org.wildfly.", "org.xnio.", "org.glassfish.", "org.junit.", "junit.",
        "org.testng.", "org.mockito.", "org.gradle.", "org.slf4j.", "ch.qos.", "org.aspectj.",
        "org.postgresql.", "org.h2.", "org.mariadb.", "org.mongodb.", "org.redisson.", "org.quartz.",
        "org.flywaydb.", "org.jooq.", "org.jetbrains.", "org.scalatest.", "org.thymeleaf.", "org.xml.",
        "org.w3c.", "org.yaml.", "org.json.", "org.graalvm.", "org.objectweb.", "net.bytebuddy.", "net.sf.",
        "net.jodah.", "io.netty.", "io.grpc.", "io.micrometer.", "io.micronaut.", "io.quarkus.", "io.vertx.",
        "io.undertow.", "io.reactivex.", "io.smallrye.", "io.lettuce.", "io.opentelemetry.", "io.ktor.",
        "io.jsonwebtoken.", "io.github.resilience4j.", "rx.", "reactor.", "akka.", "play.", "cats.", "zio.",
        "okhttp3.", "okio.", "retrofit2.", "feign.", "android.", "androidx.", "dalvik.", "com.android.",
        "com.fasterxml.", "com.google.common.", "com.google.inject.", "com.google.gson.",
        "com.google.protobuf.", "com.google.api.", "com.google.cloud.", "com.google.firebase.", "com.zaxxer.",
        "com.mysql.", "com.mongodb.", "com.microsoft.sqlserver.", "com.netflix.", "com.amazonaws.",
        "software.amazon.", "com.ibm.", "com.oracle.", "com.intellij.rt.", "com.codahale.", "com.datastax.",
        "com.github.benmanes.", "com.typesafe.", "com.squareup.", "com.jcraft.", "oracle.", "redis.clients.",
        "freemarker.", "jnr.", "worker.org.gradle.", "lombok.", "picocli.", "graphql.",
    ],
    loaders: true,
    ..NOTHING
};

#[rustfmt::skip]
static JAVASCRIPT: Table = Table {
    within: &[
        "/.pnpm/", "/.yarn/cache/", "/.yarn/berry/", "/.pnp.cjs", "/webpack/bootstrap", "/webpack/runtime/",
        "/deno.land/std", "/(webpack)/", "/next/dist/", "/bower_components/",
    ],
    file_begins: &[
        "node:", "internal/", "ext:", "bun:", "native:", "wasm://", "chrome-extension://", "moz-extension://",
        "safari-extension://", "webpack/bootstrap", "resource://", "chrome://", "npm:", "jsr:", "self-hosted",
        "index ",
    ],
    files: &[
        "native", "global code", "<anonymous>", "[native code]", "anonymous", "native code", "module.js", "events.js",
        "fs.js", "net.js", "_http_client.js", "_http_server.js", "_http_outgoing.js", "_stream_readable.js",
        "_stream_writable.js", "_stream_transform.js", "_stream_duplex.js", "timers.js", "vm.js", "assert.js",
        "bootstrap_node.js", "buffer.js", "dns.js", "domain.js", "child_process.js", "util.js", "zlib.js",
        "tls.js", "_tls_wrap.js", "https.js", "http.js", "stream.js", "readline.js", "repl.js", "url.js",
        "string_decoder.js", "zone.js", "zone.min.js", "react-dom.js", "react-dom.development.js",
        "react-dom.production.min.js", "jquery.js", "jquery.min.js", "vue.runtime.esm.js",
    ],
    names: &["node::", "v8::", "uv_", "napi_", "__libc_start", "_start", "start_thread", "clone"],
    ..NOTHING
};

#[rustfmt::skip]
static DOTNET: Table = Table {
    names: &[
        "System.", "Microsoft.", "UnityEngine.", "UnityEditor.", "Mono.", "MS.", "Interop.", "Internal.", "Npgsql.", "Newtonsoft.", "MySql.",
        "MySqlConnector.", "StackExchange.Redis", "Grpc.", "Google.Protobuf", "Castle.", "Serilog.", "NLog.",
        "Polly.", "MediatR.", "AutoMapper.", "Dapper.", "FluentValidation.", "NUnit.", "Xunit.", "xunit.",
        "Moq.", "RabbitMQ.", "Confluent.Kafka", "MassTransit.", "Quartz.", "Hangfire.", "Autofac.", "Azure.",
        "Amazon.", "lambda_method", "(wrapper ", "FSharp.",
    ],
    ..NOTHING
};

#[rustfmt::skip]
static GO: Table = Table {
    within: &[
        "/usr/local/go/src/", "/usr/lib/go", "/usr/lib/golang/", "/go/src/runtime/", "/go/src/net/",
        "/pkg/mod/", "/libexec/src/", "/hostedtoolcache/go/", "/go/sdk/", "/golang.org/toolchain@",
    ],
    roots: &[
        "archive", "bufio", "builtin", "bytes", "cmp", "compress", "container", "context", "crypto",
        "database", "debug", "embed", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html",
        "image", "index", "io", "iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin",
        "reflect", "regexp", "runtime", "slices", "sort", "strconv", "strings", "structs", "sync", "syscall",
        "testing", "text", "time", "unicode", "unique", "unsafe", "weak", "panic", "golang",
    ],
    names: &["internal/", "golang.org/x/", "google.golang.org/"],
    ..NOTHING
};

#[rustfmt::skip]
static RUST: Table = Table {
    within: &[
        "/rustc/", "/.cargo/git/", "/cargo/registry/", "/lib/rustlib/", "/library/std/src/",
        "/library/core/src/", "/library/alloc/src/", "/library/proc_macro/", "/library/test/src/",
        "/library/panic_unwind/", "/sysdeps/", "/csu/",
    ],
    names: &[
        "std::", "core::", "alloc::", "<core::", "<alloc::", "<std::", "test::", "rust_begin_unwind",
        "__rust", "__rustc", "_start", "__libc_start", "backtrace::", "tokio::", "<tokio::", "futures_util::",
        "futures_core::", "futures_executor::", "futures::", "hyper::", "hyper_util::", "proc_macro::", "mio::", "tower::", "axum::", "actix_", "rayon::", "rayon_core::",
        "anyhow::", "eyre::", "color_eyre::", "tracing::", "<tracing::", "__GI_", "_Unwind_", "<unknown>",
        "__pthread", "panic_unwind::", "std_detect::",
    ],
    roots: &["clone", "clone3", "start_thread", "abort", "raise", "main"],
    crates: true,
    ..NOTHING
};

#[rustfmt::skip]
static RUBY: Table = Table {
    within: &[
        "/gems/", "/lib/ruby/", "/rubygems/", "/vendor/bundle/", "/bundler/", "/usr/share/rubygems",
        "/lib/x86_64-linux-gnu/ruby/", "/bin/bundle", "/bin/rails", "/bin/rake", "/bin/puma", "/bin/irb",
        "/bin/rspec",
    ],
    file_begins: &["<internal:", "kernel/", "uri:classloader:", "jar:"],
    ..NOTHING
};

#[rustfmt::skip]
static PHP: Table = Table {
    within: &["/usr/share/php", "/usr/share/pear", "/wp-includes/", "/wp-admin/includes/"],
    file_begins: &["phar://", "[internal"],
    files: &["internal function", "[internal function]", "[internal]"],
    fileless_is_library: true,
    ..NOTHING
};

#[rustfmt::skip]
static DART: Table = Table {
    within: &[
        "/.pub-cache/",
        "/flutter/bin/cache/",
        "/flutter/packages/flutter/",
        "/dart-sdk/",
        "/third_party/dart/sdk/",
    ],
    file_begins: &[
        "dart:", "dart-sdk", "org-dartlang-sdk:", "package:flutter/", "package:flutter_test/",
        "package:flutter_bloc/", "package:bloc/", "package:provider/", "package:riverpod/", "package:dio/",
        "package:http/", "package:test/", "package:test_api/", "package:stack_trace/", "package:async/",
        "package:collection/", "package:shelf/", "package:grpc/", "package:firebase_",
    ],
    ..NOTHING
};

#[rustfmt::skip]
static ELIXIR: Table = Table {
    within: &[
        "/deps/",
        "/lib/elixir/",
        "/lib/stdlib-",
        "/lib/kernel-",
        "/lib/erts-",
        "/usr/lib/erlang/",
        "/usr/lib/elixir/",
    ],
    file_begins: &[
        "src/elixir",
        "lib/ecto/",
        "lib/plug/",
        "lib/phoenix/",
        "lib/phoenix_live_view/",
        "lib/db_connection",
        "lib/logger/",
    ],
    files: &[
        "gen_server.erl", "proc_lib.erl", "gen_statem.erl", "supervisor.erl", "erl_eval.erl", "elixir.erl",
        "elixir_compiler.erl", "gen.erl", "gen_event.erl", "lists.erl", "maps.erl", "timer.erl", "init.erl",
        "ets.erl", "io.erl", "file.erl", "application_master.erl", "gen_tcp.erl", "erl_parse.erl",
    ],
    names: &[
        ":erlang.", ":gen_server.", ":proc_lib.", ":gen_statem.", ":supervisor.", ":elixir", ":lists.",
        ":maps.", ":ets.", ":gen.", ":timer.", ":erl_", ":gen_event.", ":application_master.", ":cowboy",
        ":ranch", ":hackney", "Enum.", "Kernel.", "Stream.", "Task.Supervised.", "GenServer.",
        "Agent.Server.", "Map.", "String.", "Integer.", "Keyword.", "List.", "Access.", "File.", "Code.",
        "Mix.", "IEx.", "ExUnit.", "EEx.", "Logger.", "Ecto.", "Plug.", "Phoenix.", "DBConnection.",
        "Postgrex.", "Bandit.", "ThousandIsland.", "Jason.", "Enumerable.", "Regex.", "Process.", "Registry.",
        "anonymous fn/2 in Enum.", "anonymous fn/3 in Enum.", "gen_server:", "proc_lib:", "erlang:", "lists:",
        "maps:", "gen_statem:", "supervisor:", "init:", "erl_eval:", "escript:", "shell:",
    ],
    roots: &[
        "erlang", "elixir", "stdlib", "kernel", "erts", "eex", "ex_unit", "mix", "iex", "logger", "phoenix", "plug",
        "ecto", "ecto_sql", "postgrex", "db_connection", "cowboy", "ranch", "plug_cowboy", "bandit", "jason",
        "absinthe", "compiler",
    ],
    ..NOTHING
};

#[rustfmt::skip]
static PERL: Table = Table {
    within: &[
        "/usr/share/perl",
        "/usr/lib/x86_64-linux-gnu/perl",
        "/usr/lib/aarch64-linux-gnu/perl",
        "/perl5/",
        "/site_perl/",
        "/vendor_perl/",
        "/usr/local/lib/perl",
    ],
    ..NOTHING
};

#[rustfmt::skip]
static SWIFT: Table = Table {
    within: &[
        "/usr/lib/swift/",
        "/.build/checkouts/",
        "/swift-corelibs",
        "/usr/lib/",
        "/lib/x86_64-linux-gnu/",
        "/lib/aarch64-linux-gnu/",
        "/System/Library/",
    ],
    files: &["libswiftCore.so", "libFoundation.so", "libdispatch.so", "libc.so.6"],
    file_begins: &["Swift/", "libswift"],
    names: &[
        "swift_", "Swift.", "_swift", "libswiftCore", "libdispatch", "Foundation.", "$sS", "__libc_start",
        "_start", "_assertionFailure", "_fatalErrorMessage", "_swift_runtime", "assertionFailure(", "fatalError(",
        "preconditionFailure(",
    ],
    ..NOTHING
};

#[rustfmt::skip]
static NATIVE: Table = Table {
    within: &[
        "/usr/lib/", "/usr/lib64/", "/lib/x86_64-linux-gnu/", "/lib/aarch64-linux-gnu/", "/lib64/",
        "/lib/ld-", "/sysdeps/", "/csu/", "/nptl/", "/glibc", "/libsanitizer/", "/compiler-rt/",
        "/libstdc++-v3/", "/gcc/", "/stdlib/abort.c", "/include/c++/", "/bits/", "/System/Library/",
        "/system/lib", "/apex/com.android.", "/stdlib/", "/malloc/", "/signal/", "/assert/", "/posix/",
    ],
    file_begins: &[
        "libc.so", "libc-", "libstdc++", "libgcc", "libpthread", "libasan", "libubsan", "libtsan", "ld-linux",
        "linux-vdso", "(libc",
    ],
    names: &[
        "std::", "__libc_", "__GI_", "_start", "__cxa_", "__gnu_cxx", "__asan", "__interceptor_",
        "__sanitizer", "__ubsan", "__tsan", "__msan", "__lsan", "operator new", "operator delete", "_IO_",
        "__assert_fail", "__assert_perror", "__pthread_", "pthread_", "__clone", "__restore_rt",
        "<signal handler", "__stack_chk", "__fortify", "__chk_fail", "__memcpy", "__strlen", "__gxx_",
        "google::", "absl::", "testing::",
        "_Unwind_",
    ],
    roots: &[
        "raise", "abort", "gsignal", "malloc", "free", "memcpy", "strlen", "strcpy", "calloc", "realloc",
        "clone", "start_thread", "kill",
    ],
    ..NOTHING
};

#[rustfmt::skip]
static UNKNOWN: Table = Table {
    within: &[
        "/lib/python2",
        "/lib/python3",
        "/usr/local/go/src/",
        "/rustc/",
        "/gems/",
        "/lib/ruby/",
        "/usr/lib/",
        "/pkg/mod/",
        "/share/crystal/",
    ],
    file_begins: &["<frozen ", "node:", "internal/", "<internal:", "dart:"],
    names: &[
        "java.", "javax.", "jdk.", "sun.", "kotlin.", "scala.", "org.springframework.", "org.apache.",
        "System.", "Microsoft.", "std::", "core::",
    ],
    ..NOTHING
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_its_lists_and_every_directory_a_slash() {
        for (index, language) in LANGUAGES.into_iter().enumerate() {
            assert_eq!(language as usize, index);
            assert!(of(language).within.iter().chain(EVERYWHERE).all(|part| part.starts_with('/')));
        }
    }
}
