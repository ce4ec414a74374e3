//! JVM: generated classes, lambdas, closures and proxies of Java, Kotlin, Scala, Groovy and Clojure.

use crate::search;

/// From here on a class name was made by a proxy or lambda generator.
const GENERATED: &[&str] = &[
    "$$Lambda",
    "$$EnhancerBy",
    "$$FastClassBy",
    "$$SpringCGLIB",
    "$$Enhancer",
    "$ByteBuddy$",
    "$HibernateProxy$",
    "$MockitoMock$",
    "$$KeyFactoryByCGLIB",
    "_$$_javassist",
    "_$$_jvst",
    "_ClientProxy",
    "_Subclass",
    "$$_WeldClientProxy",
    "$Proxy$_$$_Weld",
];

/// A class: without loader and module before it, generated parts and the numbers of anonymous classes.
pub(super) fn class(name: &str, out: &mut String) {
    if !name.bytes().any(|byte| matches!(byte, b'$' | b'_' | b'/') || byte.is_ascii_digit()) {
        return out.push_str(name);
    }
    let cut = GENERATED.iter().filter_map(|mark| search::find(name, mark)).min();
    let name = name.get(..cut.unwrap_or(name.len())).unwrap_or(name);
    let name = name.rsplit('/').find(|part| !part.starts_with("0x")).unwrap_or(name);
    dollars(name, out);
}

/// A method: the one that the source names, where a compiler made another of it.
pub(super) fn method(name: &str, out: &mut String) {
    if !name.bytes().any(|byte| matches!(byte, b'$' | b'_' | b'-') || byte.is_ascii_digit()) {
        return out.push_str(name);
    }
    // Kotlin mangles functions that take inline classes: `total-WZ4Q5Ns`.
    let name = match name.rsplit_once('-') {
        Some((head, tail)) if tail.len() >= 7 && !head.is_empty() && !head.ends_with("lambda") => head,
        _ => name,
    };
    dollars(name, out);
}

/// Keeps those parts between dollar signs that the source names.
fn dollars(name: &str, out: &mut String) {
    let start = out.len();
    for part in name.split('$') {
        let part = part.trim_end_matches("_closure").trim_start_matches("lambda-");
        let part = trim_closures(part);
        let made = part.is_empty()
            || part.bytes().all(|byte| byte.is_ascii_digit())
            || matches!(
                part,
                "lambda"
                    | "anonfun"
                    | "anon"
                    | "Lambda"
                    | "mcV"
                    | "sp"
                    | "default"
                    | "suspendImpl"
                    | "access"
                    | "delayedEndpoint"
                    | "adapted"
                    | "extension"
                    | "_"
                    | "null"
                    | "static"
            )
            || (part.starts_with("mc") && part.ends_with("sp"));
        if made {
            continue;
        }
        if out.len() > start {
            out.push('$');
        }
        out.push_str(part);
    }
    // `$Proxy12`, `GeneratedMethodAccessor45`, `core$eval123`, `fn__4567`.
    let kept = super::trim_counters(out.get(start..).unwrap_or_default(), &['_']).len();
    out.truncate(start + kept);
    let tail = out.get(start..).unwrap_or_default();
    let counted = ["Proxy", "MethodAccessor", "ConstructorAccessor", "eval", "CallSite"];
    let bare = tail.trim_end_matches(|c: char| c.is_ascii_digit());
    if bare.len() < tail.len() && counted.iter().any(|end| bare.ends_with(end)) {
        let kept = bare.len();
        out.truncate(start + kept);
    }
}

/// Groovy's `_run_closure1_closure2` and Clojure's `fn__4567`.
fn trim_closures(part: &str) -> &str {
    let mut part = part;
    loop {
        let bare = part.trim_end_matches(|c: char| c.is_ascii_digit());
        let shorter = if bare.len() < part.len() {
            bare.strip_suffix("_closure").or_else(|| bare.strip_suffix("__")).unwrap_or(part)
        } else {
            part
        };
        if shorter.len() == part.len() {
            return part;
        }
        part = shorter;
    }
}
