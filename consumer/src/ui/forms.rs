//! What a form sends: its fields, once it is proved to come from a page of ours, with secrets cut out as they are out of
//! what comes by the API. What somebody typed is kept aside, so that a form that fails gives it back.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::{FromRequest, Request, rejection::FormRejection},
    http::HeaderMap,
};
use issue::{finish::Rules, report::Redacted};

use super::{Asked, UiState, failure::Failure, frame::Frame, guard};

/// What a page wrote into its own form to have it back as it was.
const OURS: [&str; 4] = ["token", "seen", "rank", "next"];

/// Fields that people type into.
const TYPED: [&str; 4] = ["title", "description", "name", "service"];

/// Forms of an issue whose `value` is typed, by the end of their addresses. Elsewhere it is that of a button.
const TYPED_VALUES: [&str; 3] = ["/comments", "/assignee", "/merge"];

/// The fields of a form that was proved.
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a form and checks its proof.
    pub async fn read(state: &UiState, asked: &Asked, request: Request) -> Result<Self, Failure> {
        let headers: HeaderMap = request.headers().clone();
        let mut fields = asked.typed.read(request).await.ok_or(UNREADABLE)?;
        guard::check(&headers, fields.get("token"), &Frame::new(state, asked).form_token)?;
        fields.redact(&state.rules);
        Ok(fields)
    }

    fn redact(&mut self, rules: &Rules) {
        for (_, value) in self.0.iter_mut().filter(|(name, _)| !OURS.contains(&name.as_str())) {
            *value = rules.redact_text(value, &mut Redacted::new()).into_owned();
        }
    }

    /// The value of a field.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of a field; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    /// Every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of a field, trimmed; an empty or too long one is refused with this sentence.
    pub fn text(&self, name: &str, most: usize, otherwise: &'static str) -> Result<String, Failure> {
        // Browsers send line breaks of a text area as CR LF (HTML, section 4.10.21).
        let text = self.get(name).replace("\r\n", "\n").trim().to_owned();
        let fits = (1..=most).contains(&text.chars().count());
        if fits { Ok(text) } else { Err(Failure::Form(otherwise)) }
    }

    /// What of it was typed.
    fn typed(&self, path: &str) -> String {
        let is_typed = |name: &str| {
            TYPED.contains(&name) || name == "value" && TYPED_VALUES.iter().any(|end| path.ends_with(end))
        };
        let typed = self.0.iter().filter(|(name, value)| is_typed(name) && !value.trim().is_empty());
        typed.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("\n\n")
    }
}

const UNREADABLE: Failure = Failure::Form("The form cannot be read, or is too large.");

/// What somebody typed into the form of this request, from when it was read.
#[derive(Clone, Debug, Default)]
pub struct Typed(Arc<OnceLock<String>>);

impl Typed {
    /// Reads the form of a request, proved or not. `None`: it is none, or too large.
    pub async fn read(&self, request: Request) -> Option<Fields> {
        let path = request.uri().path().to_owned();
        let form: Result<axum::Form<Vec<(String, String)>>, FormRejection> =
            axum::Form::from_request(request, &()).await;
        let fields = Fields(form.ok()?.0);
        self.0.get_or_init(|| fields.typed(&path));
        Some(fields)
    }

    /// For whoever typed it.
    pub fn text(&self) -> &str {
        self.0.get().map(String::as_str).unwrap_or_default()
    }
}
