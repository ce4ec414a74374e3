//! Reads a page as a browser would, as far as it takes to know what is markup in it.

/// The tags that our templates use. Anything else came from outside.
const TAGS: &[&str] = &[
    "html", "head", "meta", "title", "link", "script", "body", "a", "header", "svg", "rect", "path",
    "circle", "span", "bdi", "nav", "symbol", "use", "main", "div", "h1", "h2", "h3", "form", "input",
    "button", "p", "section", "table", "thead", "tbody", "tr", "th", "td", "time", "pre", "code", "strong",
    "b", "br", "ul", "ol", "li", "dl", "dt", "dd", "small", "line", "text", "details", "summary", "textarea",
    "label", "select", "option", "aside", "caption", "dialog", "kbd",
];

/// Attributes that run, style or load.
const BANNED: &[&str] = &["style", "srcdoc", "srcset", "background", "data", "poster", "formaction", "ping"];

/// Every attribute of a page: its tag, its name and its value with entities read.
pub fn attributes(page: &str) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((_, inner)) = rest.split_once('<') {
        rest = inner;
        if rest.starts_with('/') || rest.starts_with("!doctype") {
            continue;
        }
        let name_end = rest.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or(rest.len());
        let (tag, inner) = rest.split_at(name_end);
        let tag = tag.to_lowercase();
        rest = inner;
        found.push((tag.clone(), String::new(), String::new()));
        rest = within(rest, &tag, &mut found);
    }
    found
}

/// Reads up to the end of the tag; returns what follows.
fn within<'a>(mut rest: &'a str, tag: &str, found: &mut Vec<(String, String, String)>) -> &'a str {
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() || rest.starts_with('>') {
            return rest;
        }
        let end = rest.find(|c: char| c.is_whitespace() || "=>/".contains(c)).unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        let name = name.to_lowercase();
        rest = tail;
        let mut value = "";
        if let Some(after) = rest.strip_prefix("=\"") {
            let (inner, tail) = after.split_once('"').expect("a closed attribute");
            (value, rest) = (inner, tail);
        } else {
            assert!(!rest.starts_with('='), "an attribute without quotes in <{tag}>");
        }
        found.push((tag.to_owned(), name, unescape(value)));
    }
}

fn unescape(value: &str) -> String {
    let named = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    named.iter().fold(value.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

/// Fails when anything on the page is not ours, or cannot be seen.
pub fn assert_harmless(page: &str) {
    for (tag, name, value) in attributes(page) {
        assert!(TAGS.contains(&tag.as_str()), "<{tag}> came from outside");
        assert!(!name.starts_with("on") && !BANNED.contains(&name.as_str()), "<{tag} {name}=…>");
        if ["href", "src", "action"].contains(&name.as_str()) {
            let is_ours = value.is_empty() || value.starts_with(['/', '#']) && !value.starts_with("//");
            let is_web = tag == "a" && (value.starts_with("https://") || value.starts_with("http://"));
            assert!(is_ours || is_web, "<{tag} {name}={value:?}>");
        }
    }
    assert_eq!(page.matches("<script").count(), 1, "a second script");
    let unseen = |c: char| {
        c.is_control() && c != '\n' && c != '\t'
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{feff}')
    };
    // A hidden field carries a filter back exactly as it came; nobody sees it.
    let seen: Vec<&str> = page
        .split("<input type=\"hidden\" name=\"q\" value=\"")
        .enumerate()
        .map(
            |(index, part)| if index == 0 { part } else { part.split_once('"').map_or("", |(_, rest)| rest) },
        )
        .collect();
    assert!(!seen.concat().contains(unseen), "something that cannot be seen");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "<img> came from outside")]
    fn a_smuggled_tag_is_found() {
        assert_harmless("<p>x</p><img src=\"x\">");
    }

    #[test]
    #[should_panic(expected = "<a onclick=…>")]
    fn a_smuggled_attribute_is_found() {
        assert_harmless("<a href=\"/\" onclick=\"x\">");
    }

    #[test]
    #[should_panic(expected = "javascript:")]
    fn a_smuggled_address_is_found() {
        assert_harmless("<a href=\"javascript:x\">");
    }
}
