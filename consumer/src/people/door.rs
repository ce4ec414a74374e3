//! The door that every request of the API and the pages goes through: from where it was sent, by whom, and whether they may.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use ::intake::problem::{Fault, Problem};
use axum::{
    extract::{ConnectInfo, MatchedPath},
    http::{Method, request::Parts},
};
use issue::id::IssueId;
use jiff::Timestamp;

use super::{
    Identity,
    identity::{Via, identify},
    roles::{Act, Grant, grant},
    routes,
};
use crate::{
    api::{
        Access,
        limit::{Limiter, Sort},
    },
    edit,
    store::IssueStore,
};

/// What the door stands on.
#[derive(Clone)]
pub struct Door {
    /// Who may come in.
    pub access: Arc<Access>,
    /// Where people are known.
    pub store: Arc<dyn IssueStore>,
    /// How often.
    pub limiter: Arc<Limiter>,
}

impl Door {
    /// Lets a request in, with who sent it among its extensions, or says why not.
    pub async fn admit(&self, request: &mut Parts) -> Result<(), Problem> {
        self.access.check_sender(&request.method, &request.uri, &request.headers)?;
        let path = request.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned());
        let Some(act) = routes::act(request.method.as_str(), path.as_deref()) else {
            tracing::error!(path, "an address is in no table of who may ask it");
            return Err(Problem::new(Fault::Forbidden, "this address lets nobody in"));
        };
        let address = request.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_string());
        let address = address.unwrap_or_default();
        if act == Act::Enter {
            self.limit(&address, Sort::Login)?;
        }
        if matches!(act, Act::Open | Act::Enter) {
            request.extensions.insert(Identity::nobody());
            return Ok(());
        }
        let path = path.as_deref().unwrap_or_default();
        let identity = self.identify(request, path, &address).await?;
        self.authorise(&identity, act, request).await?;
        let client = if identity.is_named() { &identity.user } else { &address };
        self.count(request, client)?;
        request.extensions.insert(identity);
        Ok(())
    }

    async fn identify(&self, request: &Parts, path: &str, address: &str) -> Result<Identity, Problem> {
        let (method, headers) = (&request.method, &request.headers);
        let found = identify(&self.access, &*self.store, method, headers, path, Timestamp::now()).await?;
        if let Some(identity) = found {
            if identity.via == Via::Session && !is_read(method) {
                self.access.check_own(headers)?;
            }
            return Ok(identity);
        }
        if headers.contains_key("authorization") {
            // Whoever tries tokens is slowed down.
            self.limit(address, Sort::Login)?;
        }
        Err(Problem::new(
            Fault::Unauthorized,
            "log in, or send the header Authorization: Bearer with a token",
        ))
    }

    async fn authorise(&self, identity: &Identity, act: Act, request: &Parts) -> Result<(), Problem> {
        let refused = |detail: String| Err(Problem::new(Fault::Forbidden, detail));
        match grant(identity.role, act) {
            Grant::Yes => Ok(()),
            Grant::No => refused(format!("the role {} does not allow this", identity.role.as_str())),
            Grant::Own if self.is_own(identity, request.uri.path()).await? => Ok(()),
            Grant::Own => {
                refused(format!("the role {} allows this for its own issues only", identity.role.as_str()))
            }
        }
    }

    /// Whether the issue that the address names was written by who asks. One that does not exist is nobody's: a program
    /// does not learn which ids others have.
    async fn is_own(&self, identity: &Identity, path: &str) -> Result<bool, Problem> {
        let id = path.strip_prefix("/api/v1/issues/").and_then(|rest| rest.split('/').next());
        let Some(id) = id.and_then(|id| id.parse::<IssueId>().ok()) else { return Ok(false) };
        if identity.via == Via::Legacy {
            // Whom such a client speaks for is not known; it may comment, as it always could.
            return Ok(true);
        }
        let loaded = edit::load(&*self.store, id, Vec::new()).await;
        let loaded = loaded.map_err(|error| Problem::from(edit::EditError::Store(error)))?;
        Ok(loaded.issue.is_some_and(|issue| issue.reporter_id == identity.user))
    }

    /// Pages are read as often as people can; writing has one limit wherever it is done.
    fn count(&self, request: &Parts, client: &str) -> Result<(), Problem> {
        let path = request.uri.path();
        let by_program = path.starts_with("/api/") || path.starts_with("/v1/");
        match (is_read(&request.method), by_program) {
            (true, true) => self.limit(client, Sort::Read),
            (true, false) => Ok(()),
            (false, _) => self.limit(client, Sort::Write),
        }
    }

    fn limit(&self, client: &str, sort: Sort) -> Result<(), Problem> {
        self.limiter.take(client, sort, Instant::now()).map_err(|wait| {
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            let detail = format!("too many requests from this client; try again in {seconds} s");
            Problem::new(Fault::TooMany, detail).with_retry_after(seconds)
        })
    }
}

/// Whether a request changes nothing.
fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}
