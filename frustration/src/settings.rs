//! What a tracker is told: its projects with their keys and thresholds, and where incidents are sent. The operator writes
//! this file from `spec.frustration` and `spec.outbound`, the tracker service reads it.

use serde::{Deserialize, Serialize};

use crate::{
    incident::AutoConfirm,
    outbound::{Policy, email, jira, linear, notice},
    rules::{self, Rules, SettingsError},
};

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// Front ends.
    pub projects: Vec<Project>,
    /// Where confirmed incidents and issues go.
    pub outbound: Vec<Outlet>,
}

/// One front end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Project {
    /// Its name, in every session and incident.
    pub name: String,
    /// What its pages send along. They stand in the pages, so they are no secrets: they tell projects apart.
    pub keys: Vec<String>,
    /// Origins whose pages may send: `https://shop.example`, `http://localhost:*` for any port, or `*`.
    pub origins: Vec<String>,
    /// Every request is answered as if it had been taken, as the older service did; what was refused is counted.
    pub silent: bool,
    /// Routes keep what stands behind `?`.
    pub keep_query: bool,
    /// Whether high confidence confirms itself.
    pub auto_confirm: AutoConfirm,
    /// Thresholds that differ from the table.
    pub rules: rules::Settings,
    /// What is sent.
    pub policy: Policy,
}

/// A place that incidents are sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Outlet {
    /// Part of every delivery's key: a changed name is another place.
    pub name: String,
    /// Projects that are sent there; none: all.
    #[serde(default)]
    pub projects: Vec<String>,
    /// Whether confirmed incidents go there.
    #[serde(default = "yes")]
    pub incidents: bool,
    /// Which issues are told there; without it none are.
    #[serde(default)]
    pub issues: Option<notice::Rules>,
    /// Everything is done but the sending; what would be sent is shown.
    #[serde(default)]
    pub dry_run: bool,
    /// Addresses of private networks may be used, and plain HTTP.
    #[serde(default)]
    pub allow_private: bool,
    /// Tickets and messages a minute.
    #[serde(default = "per_minute")]
    pub per_minute: u32,
    /// What it is.
    pub to: Kind,
}

fn per_minute() -> u32 {
    60
}

fn yes() -> bool {
    true
}

/// The kinds of places. Secrets are files, read when they are needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Kind {
    /// A Jira project.
    Jira {
        /// `https://example.atlassian.net`.
        url: String,
        /// Whose token it is (Cloud); without it the token is a bearer's (Server).
        #[serde(default)]
        email: Option<String>,
        /// The file with the token.
        secret_file: String,
        /// Where in Jira.
        target: jira::Target,
    },
    /// A Linear team.
    Linear {
        /// `https://api.linear.app/graphql`.
        url: String,
        /// The file with the API key.
        secret_file: String,
        /// Where in Linear.
        target: linear::Target,
    },
    /// A Slack channel's incoming webhook. Its address is the secret.
    Slack {
        /// The file with the address.
        secret_file: String,
    },
    /// Whatever takes a signed POST.
    Webhook {
        /// Where.
        url: String,
        /// The file with the key of the signature.
        secret_file: String,
    },
    /// Mail by SMTP.
    Email {
        /// The mail server.
        host: String,
        /// Where it listens; without it what goes with `tls`.
        #[serde(default)]
        port: Option<u16>,
        /// How the connection is kept from being read.
        #[serde(default)]
        tls: email::Tls,
        /// Who logs in; without it nobody does.
        #[serde(default)]
        login: Option<Login>,
        /// Who writes to whom.
        target: email::Target,
    },
}

/// The files of a login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Login {
    /// The file with the name.
    pub user_file: String,
    /// The file with the password.
    pub password_file: String,
}

impl Kind {
    /// The word in metrics, documents and pages.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Jira { .. } => "jira",
            Self::Linear { .. } => "linear",
            Self::Slack { .. } => "slack",
            Self::Webhook { .. } => "webhook",
            Self::Email { .. } => "email",
        }
    }

    /// Whether what is sent there becomes a ticket, one for each issue, and not a message.
    pub fn is_tracker(&self) -> bool {
        matches!(self, Self::Jira { .. } | Self::Linear { .. })
    }

    /// The files with its secrets: one, but for mail, where there is a name and a password, or nothing.
    pub fn secret_files(&self) -> Vec<&str> {
        match self {
            Self::Jira { secret_file, .. }
            | Self::Linear { secret_file, .. }
            | Self::Slack { secret_file }
            | Self::Webhook { secret_file, .. } => vec![secret_file],
            Self::Email { login: Some(login), .. } => vec![&login.user_file, &login.password_file],
            Self::Email { login: None, .. } => Vec::new(),
        }
    }

    /// What the type does not say already, as what to change.
    fn check(&self, allow_private: bool) -> Result<(), String> {
        let Self::Email { host, tls, login, target, .. } = self else { return Ok(()) };
        let wrong = target.to.iter().chain([&target.from]).find(|text| !email::is_address(text));
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let is_number = host.parse::<std::net::IpAddr>().is_ok();
        let in_the_clear = *tls == email::Tls::None;
        let checks = [
            (
                host.is_empty() || host.len() > 253 || !(is_number || host.bytes().all(is_host)),
                format!("host: {host:?} is no name of a host; the port has a field of its own"),
            ),
            (
                wrong.is_some(),
                format!("{:?} is no address; give it alone, such as team@example.com", wrong.cloned().unwrap_or_default()),
            ),
            (
                !(1..=email::RECEIVERS).contains(&target.to.len()),
                format!("to: give 1 to {} addresses", email::RECEIVERS),
            ),
            (
                in_the_clear && login.is_some(),
                "tls: without TLS the password could be read on the way; use starttls or implicit, or remove the login".to_owned(),
            ),
            (
                in_the_clear && !allow_private,
                "tls: none needs allowPrivate: true; what is sent can be read on the way".to_owned(),
            ),
        ];
        checks.into_iter().find(|(is_wrong, _)| *is_wrong).map_or(Ok(()), |(_, text)| Err(text))
    }
}

/// Why settings are refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not the form.
    #[error("the settings cannot be read: {0}")]
    Form(String),
    /// A name that cannot be one.
    #[error("{0:?} is no name: letters, digits, '.', '-' and '_', at most 100, and each once")]
    Name(String),
    /// A key that cannot be one.
    #[error("a key of project {0} is empty, longer than 200 characters, or also another project's")]
    Key(String),
    /// Thresholds that cannot be.
    #[error("project {0}: {1}")]
    Rules(String, SettingsError),
    /// An outlet that nothing can be sent to.
    #[error("outlet {0}: {1}")]
    Outlet(String, String),
}

impl Settings {
    /// Reads and checks a file.
    pub fn read(text: &[u8]) -> Result<Self, Refused> {
        let settings: Self =
            serde_json::from_slice(text).map_err(|error| Refused::Form(error.to_string()))?;
        settings.check().map(|()| settings)
    }

    /// What the type does not say already.
    pub fn check(&self) -> Result<(), Refused> {
        let projects = self.projects.iter().map(|project| &project.name);
        names(projects)?;
        names(self.outbound.iter().map(|outlet| &outlet.name))?;
        for Outlet { name, to, allow_private, issues, .. } in &self.outbound {
            let wrong = |wrong: String| Refused::Outlet(name.clone(), wrong);
            to.check(*allow_private).map_err(wrong)?;
            issues.iter().try_for_each(notice::Rules::check).map_err(wrong)?;
        }
        let mut keys = std::collections::BTreeSet::new();
        for project in &self.projects {
            let fine = |key: &String| !key.trim().is_empty() && key.chars().count() <= 200;
            if !project.keys.iter().all(|key| fine(key) && keys.insert(key)) {
                return Err(Refused::Key(project.name.clone()));
            }
            Rules::new(&project.rules).map_err(|error| Refused::Rules(project.name.clone(), error))?;
        }
        Ok(())
    }

    /// For local mode: project and key `dev`, pages of this machine.
    pub fn local() -> Self {
        let dev = || "dev".to_owned();
        let origins = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"].map(str::to_owned);
        let project = Project {
            name: dev(),
            keys: vec![dev()],
            origins: origins.into(),
            auto_confirm: AutoConfirm::High,
            ..Project::default()
        };
        Self { projects: vec![project], outbound: Vec::new() }
    }
}

fn names<'n>(names: impl Iterator<Item = &'n String>) -> Result<(), Refused> {
    let mut known = std::collections::BTreeSet::new();
    for name in names {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        if name.is_empty() || name.len() > 100 || !plain || !known.insert(name) {
            return Err(Refused::Name(name.clone()));
        }
    }
    Ok(())
}

impl Project {
    /// Whether pages of an origin may send.
    pub fn takes(&self, origin: &str) -> bool {
        self.origins.iter().any(|known| match known.strip_suffix(":*") {
            _ if known == "*" || known == origin => true,
            Some(host) => origin
                .strip_prefix(host)
                .is_some_and(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port)),
            None => false,
        })
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_taken_as_it_was_declared() {
        let mut project = Settings::local().projects.remove(0);
        for (origin, taken) in [
            ("http://localhost:3000", true),
            ("http://localhost", true),
            ("http://localhost:3000.evil.example", false),
            ("http://localhost.evil.example", false),
            ("https://localhost:3000", false),
            ("null", false),
        ] {
            assert_eq!(project.takes(origin), taken, "{origin}");
        }
        project.origins = vec!["*".to_owned()];
        assert!(project.takes("https://anything.example"));
    }

    #[test]
    fn settings_are_refused_with_what_is_wrong() {
        assert!(Settings::read(&serde_json::to_vec(&Settings::local()).unwrap()).is_ok());
        for (text, part) in [
            (r#"{"projects": [{"name": "a b"}]}"#, "no name"),
            (r#"{"projects": [{"name": "a"}, {"name": "a"}]}"#, "no name"),
            (
                r#"{"projects": [{"name": "a", "keys": ["k"]}, {"name": "b", "keys": ["k"]}]}"#,
                "key of project b",
            ),
            (r#"{"projects": [{"name": "a", "rules": {"thresholds": {"rage.clicks": 1}}}]}"#, "project a"),
            (r#"{"project": []}"#, "unknown field"),
        ] {
            let refused = Settings::read(text.as_bytes()).unwrap_err().to_string();
            assert!(refused.contains(part), "{refused}");
        }
    }

    #[test]
    fn a_mail_outlet_is_refused_with_what_to_change() {
        let good = serde_json::json!({"host": "smtp.example.com", "tls": "starttls",
            "login": {"userFile": "/u", "passwordFile": "/p"},
            "target": {"from": "issues@example.com", "to": ["team@example.com"]}});
        let read = |change: &[(&str, serde_json::Value)], private: bool| {
            let mut email = good.clone();
            for (pointer, value) in change {
                *email.pointer_mut(pointer).unwrap() = value.clone();
            }
            let outlet = serde_json::json!({"name": "mail", "allowPrivate": private, "to": {"email": email}});
            Settings::read(serde_json::json!({"outbound": [outlet]}).to_string().as_bytes())
        };
        let settings = read(&[], false).unwrap();
        assert_eq!(settings.outbound[0].to.secret_files(), ["/u", "/p"]);
        assert!(read(&[("/tls", "none".into()), ("/login", ().into())], true).is_ok());
        for (pointer, value, part) in [
            ("/host", "smtp.example.com:25/x".into(), "no name of a host"),
            ("/host", "".into(), "no name of a host"),
            ("/target/from", "Issues <issues@example.com>".into(), "give it alone"),
            ("/target/to", serde_json::json!(["a@b.cd\nBcc: x@y.z"]), "give it alone"),
            ("/target/to", serde_json::json!([]), "1 to 50 addresses"),
            ("/tls", "none".into(), "password could be read"),
            ("/tls", "ssl".into(), "unknown variant"),
        ] {
            let refused = read(&[(pointer, value)], true).unwrap_err().to_string();
            assert!(refused.contains(part), "{pointer}: {refused}");
        }
        let refused = read(&[("/tls", "none".into()), ("/login", ().into())], false).unwrap_err();
        assert!(refused.to_string().contains("allowPrivate"), "{refused}");
    }
}
