//! What each address demands: one table for the API and the pages. An address that is not in it lets nobody in, so that one
//! that was forgotten is noticed.

use super::roles::Act;

/// One address.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// `GET` stands for `HEAD`, too.
    pub method: &'static str,
    /// As the router writes it.
    pub path: &'static str,
    /// What asking it is.
    pub act: Act,
}

const fn get(path: &'static str, act: Act) -> Route {
    Route { method: "GET", path, act }
}

const fn post(path: &'static str, act: Act) -> Route {
    Route { method: "POST", path, act }
}

const fn patch(path: &'static str, act: Act) -> Route {
    Route { method: "PATCH", path, act }
}

const fn delete(path: &'static str, act: Act) -> Route {
    Route { method: "DELETE", path, act }
}

/// The API, below `/api/v1`.
pub static API: &[Route] = &[
    get("/api/v1/issues", Act::Read),
    post("/api/v1/issues", Act::Write),
    get("/api/v1/issues/recent", Act::Read),
    post("/api/v1/issues:bulk", Act::Triage),
    get("/api/v1/issues/{id}", Act::Read),
    patch("/api/v1/issues/{id}", Act::Edit),
    delete("/api/v1/issues/{id}", Act::Administer),
    get("/api/v1/issues/{id}/comments", Act::Read),
    post("/api/v1/issues/{id}/comments", Act::Comment),
    get("/api/v1/issues/{id}/occurrences", Act::Read),
    get("/api/v1/issues/{id}/activities", Act::Read),
    get("/api/v1/issues/{id}/links", Act::Read),
    post("/api/v1/issues/{id}/merge", Act::Triage),
    post("/api/v1/issues/{id}/unmerge", Act::Triage),
    get("/api/v1/stats", Act::Read),
    get("/api/v1/events", Act::Read),
    get("/api/v1/me", Act::Known),
    get("/api/v1/users", Act::Read),
    patch("/api/v1/users/{user}", Act::Administer),
    delete("/api/v1/users/{user}/sessions", Act::Administer),
    get("/api/v1/notifications", Act::Personal),
    post("/api/v1/notifications/read", Act::Personal),
    get("/api/v1/tokens", Act::Personal),
    post("/api/v1/tokens", Act::Personal),
    delete("/api/v1/tokens/{token}", Act::Personal),
    get("/api/v1/backlog", Act::Read),
    post("/api/v1/backlog", Act::Plan),
    get("/api/v1/backlog/{item}", Act::Read),
    patch("/api/v1/backlog/{item}", Act::Triage),
    delete("/api/v1/backlog/{item}", Act::Administer),
    get("/api/v1/dead-letters", Act::Administer),
    get("/api/v1/dead-letters/{letter}", Act::Administer),
    post("/api/v1/dead-letters/{letter}/replay", Act::Administer),
    post("/api/v1/dead-letters/{letter}/discard", Act::Administer),
    get("/api/v1/incidents", Act::Read),
    post("/api/v1/incidents", Act::Write),
    get("/api/v1/incidents/{incident}", Act::Read),
    patch("/api/v1/incidents/{incident}", Act::Edit),
    post("/api/v1/incidents/{incident}/replay", Act::Edit),
    get("/api/v1/deliveries", Act::Administer),
    post("/api/v1/deliveries/{delivery}/retry", Act::Administer),
    get("/api/v1/audit", Act::Administer),
    get("/api/v1/openapi.json", Act::Known),
];

/// Addresses of the older services, one process now: the handlers are those of the API. Those that take events of front ends
/// ([`crate::visits::ingest`]) stand before the door: a project's key opens them.
pub static OLDER: &[Route] = &[
    get("/v1/incidents", Act::Read),
    post("/v1/incidents", Act::Write),
    get("/v1/incidents/{incident}", Act::Read),
    patch("/v1/incidents/{incident}", Act::Edit),
    post("/v1/export/trigger", Act::Triage),
];

/// The pages.
pub static PAGES: &[Route] = &[
    get("/", Act::Read),
    get("/issues", Act::Read),
    get("/issues/recent", Act::Read),
    get("/issues/all", Act::Read),
    post("/issues", Act::Triage),
    get("/issues/{id}", Act::Read),
    get("/issues/{id}/text", Act::Read),
    post("/issues/{id}/status", Act::Edit),
    post("/issues/{id}/priority", Act::Edit),
    post("/issues/{id}/assignee", Act::Edit),
    post("/issues/{id}/mute", Act::Edit),
    post("/issues/{id}/comments", Act::Comment),
    post("/issues/{id}/merge", Act::Triage),
    post("/issues/{id}/unmerge", Act::Triage),
    post("/issues/{id}/delete", Act::Administer),
    get("/incidents", Act::Read),
    get("/incidents/{incident}", Act::Read),
    post("/incidents/{incident}", Act::Edit),
    get("/incidents/{incident}/replay", Act::Read),
    get("/projects", Act::Read),
    get("/deliveries", Act::Administer),
    post("/deliveries/{delivery}", Act::Administer),
    get("/dashboard", Act::Read),
    get("/backlog", Act::Read),
    post("/backlog", Act::Plan),
    post("/backlog/{item}", Act::Triage),
    get("/notifications", Act::Personal),
    post("/notifications", Act::Personal),
    get("/tokens", Act::Personal),
    post("/tokens", Act::Personal),
    post("/tokens/{token}", Act::Personal),
    get("/users", Act::Administer),
    post("/users/{user}", Act::Administer),
    get("/dead-letters", Act::Administer),
    post("/dead-letters/{letter}", Act::Administer),
    get("/login", Act::Open),
    post("/login", Act::Enter),
    get("/login/start", Act::Enter),
    get("/login/callback", Act::Open),
    post("/logout", Act::Known),
    get("/assets/{hash}/{name}", Act::Open),
];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Route> {
    API.iter().chain(OLDER).chain(PAGES)
}

/// What it is to ask this. An address that exists, asked in a way that it does not answer to, demands to be known, as does
/// one that does not exist: strangers do not learn which is which. `None`: the address is not in the table.
pub fn act(method: &str, path: Option<&str>) -> Option<Act> {
    let method = if method == "HEAD" { "GET" } else { method };
    // The API's own answer to what it does not have.
    let Some(path) = path.filter(|path| *path != "/api/v1/{*rest}") else { return Some(Act::Known) };
    let mut known = all().filter(|route| route.path == path).peekable();
    known.peek()?;
    Some(known.find(|route| route.method == method).map_or(Act::Known, |route| route.act))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_login_and_files_are_open() {
        let paths = |act| all().filter(|route| route.act == act).map(|route| route.path).collect::<Vec<_>>();
        assert_eq!(paths(Act::Open), ["/login", "/login/callback", "/assets/{hash}/{name}"]);
        assert_eq!(paths(Act::Enter), ["/login", "/login/start"]);
    }

    #[test]
    fn what_is_not_in_the_table_lets_nobody_in() {
        assert_eq!(act("GET", Some("/api/v1/issues/{id}/secrets")), None);
        assert_eq!(act("HEAD", Some("/issues")), Some(Act::Read));
        assert_eq!(act("PUT", Some("/issues")), Some(Act::Known));
        assert_eq!(act("GET", None), Some(Act::Known));
    }

    #[test]
    fn no_address_is_listed_twice() {
        let mut seen = std::collections::HashSet::new();
        assert!(all().all(|route| seen.insert((route.method, route.path))));
    }
}
