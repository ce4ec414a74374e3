//! Rust: symbol hashes, closures, generics.

/// A path: without `::h<16 hex>`, `{{closure}}`, `{closure#0}`, `::<…>`, `[hash]` and `.llvm.…`.
pub(super) fn function(name: &str, out: &mut String) {
    let name = name.split(".llvm.").next().unwrap_or(name);
    let mut plain = String::with_capacity(name.len());
    without_generics(name, &mut plain);
    let mut unhashed = String::with_capacity(plain.len());
    super::without_nested(&plain, '[', ']', |_| false, &mut unhashed);
    let start = out.len();
    for part in unhashed.split("::") {
        if part.is_empty() || part.starts_with('{') || is_hash(part) {
            continue;
        }
        if out.len() > start {
            out.push_str("::");
        }
        out.push_str(part);
    }
}

/// `h` and sixteen hexadecimal digits.
fn is_hash(part: &str) -> bool {
    part.len() == 17 && part.starts_with('h') && part.bytes().skip(1).all(|byte| byte.is_ascii_hexdigit())
}

/// Generic arguments go (`Vec<T>`, `::<T>`); a path that begins with `<T as Trait>` keeps what stands in it, without
/// the arguments of its own.
fn without_generics(name: &str, out: &mut String) {
    let keep = i32::from(name.starts_with('<'));
    let mut depth = 0i32;
    let mut before = ' ';
    for c in name.chars() {
        match c {
            '<' => depth += 1,
            // `->` in a function pointer closes nothing.
            '>' if before != '-' => depth -= 1,
            _ => {}
        }
        let inside = depth > keep || (depth == keep && c == '<' && depth > 0 && keep == 0);
        let bracket = c == '<' || (c == '>' && before != '-');
        if !inside && !bracket {
            out.push(c);
        }
        before = c;
    }
}
