//! What a form sends: its fields, once it is proved to come from a page of ours.

use axum::{
    extract::{FromRequest, Request, rejection::FormRejection},
    http::HeaderMap,
};

use super::{Asked, UiState, failure::Failure, frame::Frame, guard};

/// The fields of a form that was proved.
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a form and checks its proof.
    pub async fn read(state: &UiState, asked: &Asked, request: Request) -> Result<Self, Failure> {
        let headers: HeaderMap = request.headers().clone();
        let form: Result<axum::Form<Vec<(String, String)>>, FormRejection> =
            axum::Form::from_request(request, &()).await;
        let axum::Form(fields) =
            form.map_err(|_| Failure::Form("The form cannot be read, or is too large."))?;
        let fields = Self(fields);
        guard::check(&headers, fields.get("token"), &Frame::new(state, asked).form_token)?;
        Ok(fields)
    }

    /// The value of a field; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        let mut found = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        found.next().unwrap_or_default()
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
}
