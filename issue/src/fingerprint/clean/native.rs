//! C, C++ and Swift: template arguments, parameters, clones of the optimiser.

/// A function: `void a::b<int>::f<T>(int) const [clone .cold]` → `a::b::f`.
pub(super) fn function(name: &str, out: &mut String) {
    let name = name.trim();
    let name = name.split(" [clone").next().unwrap_or(name);
    let name = name.split("(+0x").next().unwrap_or(name);
    let name = name.split("+0x").next().unwrap_or(name);
    let mut plain = String::with_capacity(name.len());
    super::without_nested(
        name,
        '<',
        '>',
        |before| {
            before.ends_with("operator")
                || before.ends_with("operator<")
                || before.is_empty()
                || before.ends_with('-')
        },
        &mut plain,
    );
    let plain = parameters_off(&plain);
    let plain = clone_off(plain);
    let plain = return_type_off(plain);
    // Inline namespaces of the standard libraries: `std::__1::`, `std::__cxx11::`.
    let start = out.len();
    for part in plain.split("::").filter(|part| !matches!(*part, "__1" | "__cxx11" | "")) {
        if out.len() > start {
            out.push_str("::");
        }
        // `{lambda(int)#1}`.
        out.push_str(if part.starts_with("{lambda") { "{lambda}" } else { part });
    }
}

/// Swift: `closure #1 in foo(_:)` → `foo`, `specialized`, `@objc` and `partial apply for` dropped.
pub(super) fn swift(name: &str, out: &mut String) {
    let name = name.rsplit(" in ").next().unwrap_or(name).trim();
    let words =
        ["specialized ", "@objc ", "partial apply for ", "thunk for ", "static ", "generic specialization "];
    let name = words.iter().fold(name, |name, word| name.strip_prefix(word).unwrap_or(name));
    let name = name.split(" + ").next().unwrap_or(name);
    let mut plain = String::with_capacity(name.len());
    super::without_nested(super::before_arguments(name), '<', '>', |before| before.is_empty(), &mut plain);
    out.push_str(plain.trim());
}

/// Up to the parameter list; `(anonymous namespace)` and `operator()` are none.
fn parameters_off(name: &str) -> &str {
    let mut from = 0;
    while let Some(open) = name.get(from..).and_then(|rest| rest.find('(')).map(|at| from + at) {
        let rest = name.get(open..).unwrap_or_default();
        let before = name.get(..open).unwrap_or_default();
        let name_of_its_own = rest.starts_with("(anonymous") || rest.starts_with("(lambda");
        if name_of_its_own || before.ends_with("operator") || before.ends_with("{lambda") {
            from = open + rest.find(')').unwrap_or(rest.len() - 1) + 1;
        } else if open == 0 {
            from = 1;
        } else {
            return before.trim_end();
        }
    }
    name.trim_end()
}

/// `.cold`, `.part.0`, `.constprop.1`, `.isra.0`, `.lto_priv.3`, `.llvm.123`.
fn clone_off(name: &str) -> &str {
    let marks = [".cold", ".part.", ".constprop.", ".isra.", ".lto_priv.", ".llvm.", "@@", "@plt"];
    let cut = marks.iter().filter_map(|mark| name.find(mark)).min();
    name.get(..cut.unwrap_or(name.len())).unwrap_or(name)
}

/// `void f` → `f`: templates print their return type. `operator new` is one name.
fn return_type_off(name: &str) -> &str {
    if name.contains("operator") || name.contains("(anonymous") {
        return name;
    }
    name.trim_end_matches(" const").rsplit(' ').next().unwrap_or(name)
}
