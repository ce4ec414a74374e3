//! Frames that throw for others. Where no frame is in-app, they are left out of the location.

use crate::report::{Frame, Language};

/// For each language the beginnings of such functions (module and function joined by a dot where there is a module). A
/// language without an entry has none.
const THROWERS: [(Language, &[&str]); 12] = [
    (
        Language::Rust,
        &[
            "core::panicking",
            "std::panicking",
            "core::option::unwrap_failed",
            "core::option::expect_failed",
            "core::result::unwrap_failed",
            "rust_begin_unwind",
            "__rust",
            "std::panic::",
            "alloc::raw_vec::handle_error",
            "core::str::slice_error_fail",
            "std::sys::backtrace",
            "std::sys_common::backtrace",
            "std::rt::",
            "std::process::abort",
            "core::slice::index",
            "core::cell::panic",
        ],
    ),
    (
        Language::Go,
        &[
            "runtime.gopanic",
            "runtime.goPanic",
            "runtime.panic",
            "runtime.sigpanic",
            "runtime.throw",
            "runtime.fatal",
            "runtime.goexit",
            "runtime.main",
            "runtime.raise",
            "runtime.dieFromSignal",
            "runtime.crash",
            "runtime.mapassign",
            ".panic",
            "panic",
            "runtime/debug.Stack",
            "runtime.systemstack",
            "runtime.mcall",
            "runtime.park_m",
        ],
    ),
    (
        Language::Native,
        &[
            "__cxa_throw",
            "__cxa_rethrow",
            "__cxxabi",
            "abort",
            "raise",
            "gsignal",
            "__GI_raise",
            "__GI_abort",
            "__assert_fail",
            "__assert_perror_fail",
            "__libc_message",
            "__libc_start",
            "_start",
            "__pthread_kill",
            "pthread_kill",
            "std::terminate",
            "std::__throw_",
            "__gnu_cxx::__verbose_terminate_handler",
            "_Unwind_",
            "__stack_chk_fail",
            "__fortify_fail",
            "__asan_",
            "__interceptor_",
            "__sanitizer",
            "__ubsan",
            "__tsan",
            "__restore_rt",
            "<signal handler",
            "malloc_printerr",
        ],
    ),
    (
        Language::Javascript,
        &[
            "processTicksAndRejections",
            "process.processTicksAndRejections",
            "process._tickCallback",
            "process.emit",
            "node:internal/process",
            "new Promise",
            "Promise.then",
            "runMicrotasks",
            "triggerUncaughtException",
            "Error.captureStackTrace",
            "asyncRunEntryPointWithESMLoader",
            "Module._compile",
            "Module._extensions",
            "Object..js",
            "Module.load",
            "Module._load",
            "Function.executeUserEntryPoint",
            "Function.Module._load",
            "Object.Module._extensions",
            "executeUserEntryPoint",
            "wrapModuleLoad",
            "TracingChannel.traceSync",
        ],
    ),
    (
        Language::Python,
        &["raise_from", "_bootstrap", "_bootstrap_inner", "_run_module_as_main", "_run_code", "reraise"],
    ),
    (
        Language::Jvm,
        &[
            "java.lang.Thread.run",
            "java.lang.Throwable.",
            "java.lang.reflect.",
            "jdk.internal.reflect.",
            "sun.reflect.",
            "java.util.Objects.requireNonNull",
            "java.util.concurrent.ThreadPoolExecutor",
            "java.util.concurrent.FutureTask",
            "java.lang.VirtualThread",
            "kotlin.jvm.internal.Intrinsics",
        ],
    ),
    (
        Language::Dotnet,
        &[
            "System.ThrowHelper",
            "System.Runtime.ExceptionServices",
            "System.Runtime.CompilerServices.TaskAwaiter",
            "System.Threading.Tasks.Task.ThrowIfExceptional",
            "System.ArgumentNullException.Throw",
            "System.Environment.FailFast",
        ],
    ),
    (Language::Ruby, &["raise", "Kernel#raise", "fail"]),
    (Language::Elixir, &[":erlang.error", ":erlang.raise", ":proc_lib.", "Kernel.raise"]),
    (Language::Perl, &["Carp::", "die"]),
    (
        Language::Swift,
        &["_assertionFailure", "_fatalErrorMessage", "swift_unexpectedError", "Swift._assertionFailure"],
    ),
    (Language::Dart, &["_throwNew", "Error._throw", "_AssertionError._throwNew", "_rootRun", "_CustomZone."]),
];

/// The beginnings of a language.
fn prefixes(language: Language) -> &'static [&'static str] {
    THROWERS.iter().find(|(known, _)| *known == language).map_or(&[], |(_, prefixes)| prefixes)
}

/// Why this frame is a throw helper, if it is one.
pub(super) fn of(frame: &Frame, language: Language) -> Option<&'static str> {
    let function = frame.function.as_deref().unwrap_or_default();
    let list = prefixes(language);
    let helper = match frame.module.as_deref() {
        None | Some("") => list.iter().any(|prefix| function.starts_with(prefix)),
        Some(module) => {
            let module = module
                .rsplit_once('/')
                .filter(|_| language == Language::Jvm)
                .map_or(module, |(_, class)| class);
            list.iter().any(|prefix| begins_joined(module, function, prefix))
        }
    };
    helper.then_some("throws for others")
}

/// Whether `module.function` begins with `prefix`, without joining them.
fn begins_joined(module: &str, function: &str, prefix: &str) -> bool {
    match prefix.strip_prefix(module) {
        None => module.starts_with(prefix),
        Some("") => true,
        Some(rest) => rest.strip_prefix('.').is_some_and(|rest| function.starts_with(rest)),
    }
}

/// Python 3.12 no longer gives these a frame of their own (PEP 709).
pub(super) fn is_comprehension(function: &str) -> bool {
    matches!(function, "<listcomp>" | "<dictcomp>" | "<setcomp>")
}
