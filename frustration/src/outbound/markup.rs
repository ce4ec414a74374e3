//! Text for other people's pages: cut to length, without controls, escaped for where it goes.

/// Cuts to `longest` characters, the last one then a mark.
pub fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some(_) => text.chars().take(longest.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// One line: controls and line breaks are spaces, and characters that turn the direction of writing go.
pub fn line(text: &str, longest: usize) -> String {
    let kept =
        text.chars().filter(|c| !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200B}'));
    let plain: String = kept.map(|c| if c.is_control() { ' ' } else { c }).collect();
    cut(plain.trim(), longest)
}

/// Markdown in which nothing is markup: no link, no mention, no HTML.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A zero-width space keeps a name from being called.
            '@' => out.push_str("@\u{200B}"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '~' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.replace("://", ":\u{200B}//")
}

/// Slack's `mrkdwn`: its three escapes keep links, mentions and channels from being made.
pub fn slack(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped.replace(['*', '_', '~', '`'], "\u{2019}")
}

/// A label: small letters, digits and hyphens.
pub fn label(text: &str, longest: usize) -> String {
    let plain: String =
        text.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
    cut_plain(&parts.join("-"), longest)
}

fn cut_plain(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect::<String>().trim_end_matches('-').to_owned()
}
