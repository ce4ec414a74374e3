//! The tracker's API as the command line uses it.

use std::{
    io::{BufRead, BufReader},
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use issue::{document::Issue, id::IssueId};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    arguments::Asked,
    cluster::{self, Forward},
    config,
};

/// Where local mode is.
const USUAL: &str = "http://127.0.0.1:6001";

/// Most bytes of an answer that are read.
const MAX_ANSWER: u64 = 32 * 1024 * 1024;

/// A tracker at an address.
pub struct Client {
    server: String,
    /// The header that proves who asks.
    authorization: Option<String>,
    /// Whom the tracker of a cluster is told that it is; elsewhere it knows.
    person: Option<String>,
    agent: ureq::Agent,
    /// The way to a tracker in a cluster, open as long as it is used.
    _forward: Option<Forward>,
}

/// One page of `GET /api/v1/issues`, as answered and as read.
pub struct Listed {
    /// As answered, for `--output json`.
    pub raw: Vec<Value>,
    /// As read.
    pub issues: Vec<Issue>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

impl Client {
    /// A client of the tracker that is asked for, with the token that it demands.
    pub fn of(asked: &Asked) -> anyhow::Result<Self> {
        let client = match &asked.server {
            Some(server) if !asked.place.is_named() => Self::new(server)?,
            None if !asked.place.is_named() && !asked.place.plugin => Self::new(USUAL)?,
            _ => Self::in_cluster(asked)?,
        };
        let Some(path) = &asked.token_file else { return Ok(client) };
        let token = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the token from {}", path.display()))?;
        Ok(Self { authorization: Some(format!("Bearer {}", token.trim())), ..client })
    }

    fn in_cluster(asked: &Asked) -> anyhow::Result<Self> {
        let token = match &asked.token_file {
            Some(_) => None,
            None => Some(format!("Bearer {}", cluster::token(&asked.place)?)),
        };
        let forward = Forward::open(&asked.place)?;
        let client = Self::new(&forward.url)?;
        let person = token.is_some().then(config::person).flatten();
        Ok(Self { authorization: token, person, _forward: Some(forward), ..client })
    }

    /// A client of the tracker at `server`, an `http://` address.
    pub fn new(server: &str) -> anyhow::Result<Self> {
        if !server.starts_with("http://") {
            bail!("{server:?} is not an address that can be asked: write http://HOST:PORT");
        }
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(30)))
            .http_status_as_error(false)
            .build();
        let server = server.trim_end_matches('/').to_owned();
        Ok(Self { server, authorization: None, person: None, agent: config.into(), _forward: None })
    }

    /// The address of an issue's page.
    pub fn page(&self, id: IssueId) -> String {
        format!("{}/issues/{id}", self.server)
    }

    /// The address of the list's page.
    pub fn page_of_all(&self) -> String {
        format!("{}/issues", self.server)
    }

    /// Issues that match a query string (without `?`), one page.
    pub fn list(&self, query: &str) -> anyhow::Result<Listed> {
        #[derive(Deserialize)]
        struct Answer {
            issues: Vec<Value>,
            next_cursor: Option<String>,
        }
        let answer: Answer = self.get(&format!("/api/v1/issues?{query}"))?;
        let issues = answer.issues.iter().map(Issue::deserialize).collect::<Result<_, _>>();
        let issues = issues.context("the tracker answered issues of an unknown form")?;
        Ok(Listed { raw: answer.issues, issues, next_cursor: answer.next_cursor })
    }

    /// Asks for a JSON document.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let answer = self.named(self.agent.get(format!("{}{path}", self.server))).call();
        self.read(answer, path)
    }

    /// Changes fields of an issue; answers the changed one.
    pub fn change(&self, id: IssueId, changes: &Value) -> anyhow::Result<Value> {
        let path = format!("/api/v1/issues/{id}");
        let answer = self.named(self.agent.patch(format!("{}{path}", self.server))).send_json(changes);
        self.read(answer, &path)
    }

    /// Writes a comment; answers it.
    pub fn comment(&self, id: IssueId, author: &str, text: &str) -> anyhow::Result<Value> {
        self.post(&format!("/api/v1/issues/{id}/comments"), &json!({ "content": text, "author_id": author }))
    }

    /// Sends a JSON document.
    pub fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> anyhow::Result<T> {
        let answer = self.named(self.agent.post(format!("{}{path}", self.server))).send_json(body);
        self.read(answer, path)
    }

    /// What happens at the tracker from now on, as server-sent events. Nothing comes for as long as nothing happens, but for
    /// a line of comment now and then.
    pub fn listen(&self) -> anyhow::Result<impl BufRead> {
        let config = ureq::Agent::config_builder()
            .timeout_recv_response(Some(Duration::from_secs(30)))
            .timeout_recv_body(None)
            .http_status_as_error(false)
            .build();
        let path = "/api/v1/events";
        let answer = self.named(ureq::Agent::from(config).get(format!("{}{path}", self.server))).call();
        match answer {
            Ok(answer) if answer.status().is_success() => {
                Ok(BufReader::new(answer.into_body().into_reader()))
            }
            other => Err(self.read::<Value>(other, path).err().unwrap_or_else(|| anyhow!("no events came"))),
        }
    }

    fn named<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        let headers = [("authorization", &self.authorization), ("x-user-id", &self.person)];
        headers.into_iter().fold(request, |request, (name, value)| match value {
            Some(value) => request.header(name, value),
            None => request,
        })
    }

    /// The id that a person means: a whole one, or the first characters of one among the latest issues.
    pub fn resolve_id(&self, text: &str) -> anyhow::Result<IssueId> {
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        if text.len() < 4 || !text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
            bail!("{text:?} is not an issue id: give the whole id or at least its first 4 characters");
        }
        let wanted = text.to_ascii_lowercase();
        let mut found = Vec::new();
        let mut cursor = String::new();
        // Enough pages for any tracker that a person abbreviates ids on, and a bound for those that are larger.
        for _ in 0..20 {
            let page = self.list(&format!("limit=100{cursor}"))?;
            found.extend(page.issues.iter().map(|i| i.id).filter(|id| id.to_string().starts_with(&wanted)));
            match page.next_cursor {
                Some(next) => cursor = format!("&cursor={}", encode(&next)),
                None => break,
            }
        }
        match found.as_slice() {
            [id] => Ok(*id),
            [] => {
                bail!("no issue's id begins with {text}: `issuetracker issues list --status all` lists them")
            }
            several => bail!("{} issues' ids begin with {text}: give more characters", several.len()),
        }
    }

    fn read<T: DeserializeOwned>(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
        path: &str,
    ) -> anyhow::Result<T> {
        let mut answer = answer.map_err(|error| {
            anyhow!(
                "no tracker answers at {}: {error}. Start one with `issuetracker dev`, or name another with --server URL",
                self.server
            )
        })?;
        let status = answer.status();
        let text = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_string();
        let text = text.with_context(|| format!("the answer to {path} broke off"))?;
        if !status.is_success() {
            let problem: Value = serde_json::from_str(&text).unwrap_or_default();
            let told = ["detail", "error", "title"].iter().find_map(|key| problem.get(key)?.as_str());
            bail!("{} answered {status} to {path}: {}", self.server, told.unwrap_or("no explanation"));
        }
        serde_json::from_str(&text)
            .with_context(|| format!("{}{path} did not answer JSON of the known form", self.server))
    }
}

/// Percent-encodes a query value (RFC 3986, section 2.1).
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_value_is_encoded_byte_by_byte() {
        assert_eq!(encode("a b&c=ü"), "a%20b%26c%3D%C3%BC");
    }

    #[test]
    fn an_address_without_a_scheme_is_refused_with_the_form_it_needs() {
        let error = Client::new("localhost:6001").err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("http://HOST:PORT")));
    }
}
