//! .NET: async state machines, closures, local functions, generics and arguments.

/// A method with its class: `Foo.<Bar>d__7.MoveNext` → `Foo.Bar`, `Foo.<>c.<Main>b__0_1` → `Foo.Main`.
pub(super) fn function(name: &str, out: &mut String) {
    let start = out.len();
    let mut plain = String::with_capacity(name.len());
    without_arguments(name, &mut plain);
    let mut in_state_machine = false;
    for part in split_dots(&plain) {
        let part = match compiler_name(part) {
            Name::Nothing => continue,
            Name::StateMachine(source) => {
                in_state_machine = true;
                source
            }
            Name::Source(source) => source,
        };
        if in_state_machine && part == "MoveNext" {
            continue;
        }
        let part = part.split('`').next().unwrap_or(part);
        if part.is_empty() {
            continue;
        }
        if out.len() > start {
            out.push('.');
        }
        out.push_str(part);
    }
}

/// Without `(…)` and everything after it, and without `[…]`.
pub(super) fn without_arguments(name: &str, out: &mut String) {
    let name = name.trim().strip_prefix("(wrapper ").unwrap_or(name.trim());
    super::without_nested(super::before_arguments(name), '[', ']', |_| false, out);
}

enum Name<'n> {
    /// A closure's class: `<>c`, `<>c__DisplayClass1_0`.
    Nothing,
    /// `<Bar>d__7`.
    StateMachine(&'n str),
    /// What the source calls it.
    Source(&'n str),
}

fn compiler_name(part: &str) -> Name<'_> {
    let Some(rest) = part.strip_prefix('<') else {
        // `lambda_method123`.
        let bare = part.trim_end_matches(|c: char| c.is_ascii_digit());
        return Name::Source(if bare == "lambda_method" { bare } else { part });
    };
    if rest.starts_with('>') {
        return Name::Nothing;
    }
    // The entry point of a file without classes: `<Main>$`, inside others `<<Main>$>d__0`.
    let nested = rest.strip_prefix('<').unwrap_or(rest);
    let Some((source, after)) = nested.split_once('>') else { return Name::Source(part) };
    let after = after.trim_start_matches(['$', '>']);
    if let Some(local) = after.strip_prefix("g__") {
        return Name::Source(local.split('|').next().unwrap_or(local));
    }
    if after.starts_with("d__") || after.starts_with('d') {
        Name::StateMachine(source)
    } else {
        Name::Source(source)
    }
}

/// The parts between dots, those inside angle brackets left alone.
fn split_dots(name: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0i32;
    name.split(move |c| {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            _ => {}
        }
        depth <= 0 && (c == '.' || c == '+' || c == '/')
    })
}
