//! Languages whose names need little: Python, Ruby, PHP, Elixir, Perl, Dart.

use crate::search;

/// `Foo.<locals>.bar` → `Foo.bar`.
pub(super) fn python(name: &str, out: &mut String) {
    let mut rest = name;
    while let Some((part, after)) = search::split_once(rest, ".<locals>") {
        super::without_addresses(part, out);
        rest = after;
    }
    super::without_addresses(rest, out);
}

/// `block (2 levels) in Foo#bar` → `Foo#bar`; the class of every object says nothing (`Object#foo`).
pub(super) fn ruby(name: &str, out: &mut String) {
    let name = search::rsplit_once(name, " in ").map_or(name, |(_, name)| name);
    let name = ["Object#", "Kernel#", "Object.", "BasicObject#"]
        .iter()
        .find_map(|class| name.strip_prefix(class))
        .unwrap_or(name);
    // A compiled view: `_app_views_users_show_html_erb___4567_1234`.
    out.push_str(super::trim_counters(name, &['_', '-']));
}

/// `App\Foo::{closure}`, `{closure:App\Foo::bar():12}`, `class@anonymous%0/srv/x.php:12$0`, arguments.
pub(super) fn php(name: &str, out: &mut String) {
    let name = match search::find(name, "{closure:") {
        Some(at) => {
            let inner = name.get(at + 9..).unwrap_or_default();
            inner.rsplit_once(':').map_or(inner, |(function, _)| function)
        }
        None => name,
    };
    let name = match search::find(name, "@anonymous") {
        Some(at) => name.get(..at + 10).unwrap_or(name),
        None => name,
    };
    let name = super::before_arguments(name);
    let name = name.strip_suffix("{closure}").unwrap_or(name);
    out.push_str(name.trim_end_matches("::").trim_end_matches("->").trim_end_matches('\\'));
}

/// `anonymous fn/1 in Foo.bar/2` and `Foo."-bar/2-fun-0-"/1` → `Foo.bar/2`; printed arguments go.
pub(super) fn elixir(name: &str, out: &mut String) {
    let name = name.rsplit(" in ").next().unwrap_or(name);
    if let Some((module, inner)) =
        name.split_once('-').filter(|(_, inner)| inner.contains("-fun-") || inner.contains("/"))
    {
        let made =
            module.ends_with('"') || module.is_empty() || module.ends_with('.') || module.ends_with(':');
        if made {
            out.push_str(module.trim_end_matches('"'));
            out.push_str(arity_off(inner.split('-').next().unwrap_or(inner)));
            return;
        }
    }
    out.push_str(arity_off(super::before_arguments(name)));
}

/// A call that does not match prints its arguments instead of their number; both are one function.
fn arity_off(name: &str) -> &str {
    match name.rsplit_once('/') {
        Some((head, arity)) if !head.is_empty() && arity.bytes().all(|byte| byte.is_ascii_digit()) => head,
        _ => name,
    }
}

/// `main::foo('x', 1) called`, `main::__ANON__[x.pl:12]`, `(eval 12)`.
pub(super) fn perl(name: &str, out: &mut String) {
    if name.starts_with("(eval") {
        return out.push_str("(eval)");
    }
    let name = super::before_arguments(name);
    out.push_str(name.split('[').next().unwrap_or(name));
}

/// `Foo.bar.<anonymous closure>` → `Foo.bar`, `new Foo` → `Foo`.
pub(super) fn dart(name: &str, out: &mut String) {
    let name = name.strip_prefix("new ").unwrap_or(name);
    let mut name = name;
    loop {
        let shorter = [".<anonymous closure>", ".<fn>", ".<async>", "<anonymous closure>", "<fn>"]
            .iter()
            .find_map(|made| name.strip_suffix(made));
        match shorter {
            Some(shorter) => name = shorter,
            None => break,
        }
    }
    super::without_nested(name, '<', '>', |_| false, out);
}
