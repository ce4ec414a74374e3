//! What the part of an address behind `?` asks for, and the address of the next page.

use ::intake::{
    problem::FieldError,
    vocabulary::{ISSUE_TYPES, PRIORITIES, STATUSES, Words, listed, meaning},
};
use axum::{
    extract::Query,
    http::{HeaderMap, HeaderValue, Uri, header},
};
use issue::report::Category;

use super::incidents;
use crate::{
    store::{IssueQuery, Sort},
    visits::incidents::Query as IncidentQuery,
};

/// Categories by their words.
const CATEGORIES: Words<Category> = &[
    ("resource", Category::Resource),
    ("crash", Category::Crash),
    ("security", Category::Security),
    ("data", Category::Data),
    ("dependency", Category::Dependency),
    ("configuration", Category::Configuration),
    ("code", Category::Code),
    ("validation", Category::Validation),
    ("unknown", Category::Unknown),
];

/// Sort orders by their words.
const SORTS: Words<Sort> = &[
    ("last_seen", Sort::LastSeen),
    ("first_seen", Sort::FirstSeen),
    ("count", Sort::Count),
    ("priority", Sort::Priority),
];

const TRUTHS: Words<bool> = &[("true", true), ("false", false)];

/// How many a page holds where nothing else is asked for, and at most.
const LIMIT: usize = 50;
const MAX_LIMIT: usize = 100;

/// Characters of a filter's value. No name is longer, and a text that is takes too long to look for.
const MAX_VALUE: usize = 200;

/// A page of something: where it begins and how long it is.
pub struct Stretch {
    pub cursor: Option<String>,
    pub limit: usize,
}

/// Reads the filters of a list; every wrong one is named.
pub fn issues(raw: &str) -> Result<IssueQuery, Vec<FieldError>> {
    let mut query = IssueQuery { limit: LIMIT, ..IssueQuery::default() };
    let mut errors = Vec::new();
    for (key, value) in pairs(raw)? {
        let read = match key.as_str() {
            "status" => words(STATUSES, &value, &mut query.status),
            "priority" => words(PRIORITIES, &value, &mut query.priority),
            "type" => words(ISSUE_TYPES, &value, &mut query.issue_type),
            "category" => words(CATEGORIES, &value, &mut query.category),
            "assignee" | "assignee_id" => text(value, &mut query.assignee),
            "reporter" | "reporter_id" => text(value, &mut query.reporter),
            "component" => text(value, &mut query.component),
            "workload" => text(value, &mut query.workload),
            "release" => text(value, &mut query.release),
            "regressed" => word(TRUTHS, &value).map(|truth| query.regressed = truth),
            "q" => text(value, &mut query.text),
            "sort" => word(SORTS, &value).map(|sort| query.sort = sort),
            "cursor" => text(value, &mut query.cursor),
            "limit" => limit(&value).map(|limit| query.limit = limit),
            _ => Err("is not a filter of this list".to_owned()),
        };
        errors.extend(read.err().map(|message| FieldError { pointer: format!("?{key}"), message }));
    }
    if errors.is_empty() { Ok(query) } else { Err(errors) }
}

/// Reads the filters of the list of incidents.
pub fn incidents(raw: &str) -> Result<IncidentQuery, Vec<FieldError>> {
    let mut query = IncidentQuery { limit: LIMIT, ..IncidentQuery::default() };
    let mut errors = Vec::new();
    for (key, value) in pairs(raw)? {
        let read = match key.as_str() {
            "project_id" => text(value, &mut query.project),
            "status" => match value.as_str() {
                "any" => Ok(None),
                value => word(incidents::STATUSES, value).map(Some),
            }
            .map(|status| query.status = status),
            "min_confidence" => {
                let number = value.parse::<u32>().ok().filter(|number| *number <= 100);
                let number = number.ok_or_else(|| "must be a number from 0 to 100".to_owned());
                number.map(|number| query.min_confidence = number)
            }
            "suppressed" => word(TRUTHS, &value).map(|truth| query.suppressed = Some(truth)),
            "exported" => word(TRUTHS, &value).map(|truth| query.exported = Some(truth)),
            "session_id" => text(value, &mut query.session),
            "cursor" => text(value, &mut query.cursor),
            "limit" => limit(&value).map(|limit| query.limit = limit),
            _ => Err("is not a filter of this list".to_owned()),
        };
        errors.extend(read.err().map(|message| FieldError { pointer: format!("?{key}"), message }));
    }
    if errors.is_empty() { Ok(query) } else { Err(errors) }
}

/// Reads the stretch of a list that has no filters.
pub fn stretch(raw: &str) -> Result<Stretch, Vec<FieldError>> {
    let mut stretch = Stretch { cursor: None, limit: LIMIT };
    let mut errors = Vec::new();
    for (key, value) in pairs(raw)? {
        let read = match key.as_str() {
            "cursor" => text(value, &mut stretch.cursor),
            "limit" => limit(&value).map(|limit| stretch.limit = limit),
            _ => Err("is not known here; cursor and limit are".to_owned()),
        };
        errors.extend(read.err().map(|message| FieldError { pointer: format!("?{key}"), message }));
    }
    if errors.is_empty() { Ok(stretch) } else { Err(errors) }
}

fn pairs(raw: &str) -> Result<Vec<(String, String)>, Vec<FieldError>> {
    let unreadable = |message: String| vec![FieldError { pointer: "?".to_owned(), message }];
    let uri = Uri::builder().path_and_query(format!("/?{raw}")).build();
    let uri = uri.map_err(|error| unreadable(error.to_string()))?;
    match Query::<Vec<(String, String)>>::try_from_uri(&uri) {
        Ok(Query(pairs)) => Ok(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

/// Several words of one set, separated by commas or by naming the key again, are alternatives.
fn words<T: Copy>(known: Words<T>, value: &str, place: &mut Vec<T>) -> Result<(), String> {
    for given in value.split(',') {
        place.push(word(known, given)?);
    }
    Ok(())
}

fn word<T: Copy>(known: Words<T>, given: &str) -> Result<T, String> {
    meaning(known, &given.trim().to_lowercase()).ok_or_else(|| format!("must be one of {}", listed(known)))
}

fn text(value: String, place: &mut Option<String>) -> Result<(), String> {
    if value.chars().count() > MAX_VALUE {
        return Err(format!("has more than {MAX_VALUE} characters"));
    }
    *place = Some(value);
    Ok(())
}

fn limit(value: &str) -> Result<usize, String> {
    value
        .parse()
        .ok()
        .filter(|limit| (1..=MAX_LIMIT).contains(limit))
        .ok_or_else(|| format!("must be a number from 1 to {MAX_LIMIT}"))
}

/// `Link: <…>; rel="next"` (RFC 8288): the same address with the next cursor.
pub fn link(path: &str, raw: &str, next: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Some(next) = next else { return headers };
    let kept = raw.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    // Cursors of every store are letters, digits, dots and dashes: nothing in them needs escaping.
    let query: Vec<String> = kept.map(str::to_owned).chain([format!("cursor={next}")]).collect();
    if let Ok(value) = HeaderValue::from_str(&format!("<{path}?{}>; rel=\"next\"", query.join("&"))) {
        headers.insert(header::LINK, value);
    }
    headers
}

#[cfg(test)]
mod tests {
    use issue::{document::Status, report::Priority};

    use super::*;

    #[test]
    fn every_filter_is_read() {
        let raw = "status=open,in-progress&priority=HIGH&type=bug&category=code&assignee=a%40b&reporter=r&component=c\
            &workload=Deployment%2Fapi&release=r1&regressed=true&q=a+b&sort=count&cursor=c.1.2&limit=7&status=closed";
        let some = |text: &str| Some(text.to_owned());
        let expected = IssueQuery {
            status: vec![Status::Open, Status::InProgress, Status::Closed],
            priority: vec![Priority::High],
            issue_type: vec![issue::record::IssueType::Bug],
            category: vec![Category::Code],
            assignee: some("a@b"),
            reporter: some("r"),
            component: some("c"),
            workload: some("Deployment/api"),
            release: some("r1"),
            regressed: true,
            text: some("a b"),
            sort: Sort::Count,
            cursor: some("c.1.2"),
            limit: 7,
        };
        assert_eq!(issues(raw), Ok(expected));
        assert_eq!(issues("status=&q="), Ok(IssueQuery { limit: 50, ..IssueQuery::default() }));
    }

    #[test]
    fn every_wrong_filter_is_named() {
        let errors = issues("status=gone&limit=0&colour=red&sort=x&limit=101").expect_err("wrong");
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["?status", "?limit", "?colour", "?sort", "?limit"]);
        assert!(issues(&format!("q={}", "x".repeat(201))).is_err());
        assert!(stretch("status=open").is_err());
    }

    #[test]
    fn the_next_page_has_the_same_filters() {
        let headers = link("/api/v1/issues", "status=open&cursor=l.1.1&limit=5", Some("l.2.2"));
        let expected = "</api/v1/issues?status=open&limit=5&cursor=l.2.2>; rel=\"next\"";
        assert_eq!(headers.get("link").and_then(|link| link.to_str().ok()), Some(expected));
        assert!(link("/api/v1/issues", "", None).is_empty());
    }
}
