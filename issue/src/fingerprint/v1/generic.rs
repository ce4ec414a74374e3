//! The closed list of types that say nothing on their own.

use crate::report::Language;

const PYTHON: &[&str] = &["Exception", "BaseException", "RuntimeError"];
const JVM: &[&str] =
    &["java.lang.Exception", "java.lang.RuntimeException", "java.lang.Error", "java.lang.Throwable"];
const JAVASCRIPT: &[&str] = &["Error"];
const DOTNET: &[&str] = &["System.Exception", "System.ApplicationException"];
const GO: &[&str] =
    &["panic", "fatal error", "runtime error", "*errors.errorString", "*fmt.wrapError", "*errors.joinError"];
const RUST: &[&str] = &["panic"];
const RUBY: &[&str] = &["StandardError", "RuntimeError"];
const PHP: &[&str] = &["Exception", "Error", "ErrorException"];
const ELIXIR: &[&str] = &["RuntimeError"];
const NATIVE: &[&str] = &["std::exception", "std::runtime_error", "std::logic_error"];

/// Whether a type of this language says nothing. Where the language is not known, any language's list counts.
pub(super) fn is_generic(name: &str, language: Language) -> bool {
    let lists: &[&[&str]] = match language {
        Language::Python => &[PYTHON],
        Language::Jvm => &[JVM],
        Language::Javascript => &[JAVASCRIPT],
        Language::Dotnet => &[DOTNET],
        Language::Go => &[GO],
        Language::Rust => &[RUST],
        Language::Ruby => &[RUBY],
        Language::Php => &[PHP],
        Language::Elixir => &[ELIXIR],
        Language::Native => &[NATIVE],
        Language::Dart | Language::Perl | Language::Swift => &[],
        Language::Unknown => &[PYTHON, JVM, JAVASCRIPT, DOTNET, GO, RUST, RUBY, PHP, ELIXIR, NATIVE],
    };
    lists.iter().any(|list| list.contains(&name))
}
