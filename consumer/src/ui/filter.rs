//! The list's filter: the URL is the view. A query text is parsed into [`Term`]s, terms make an [`IssueQuery`], and a
//! [`View`] prints the URL that it was read from, so that every view can be kept, shared and stepped back to.

use issue::terms::{Term, parse_terms};

use super::url::Url;
use crate::{
    asked,
    store::{IssueQuery, Sort},
};

/// What `/issues` shows when it is asked for nothing: what still needs somebody.
const DEFAULT: &str = "is:unresolved";

/// How many issues one page of the list holds.
const PAGE: usize = 40;

/// One view of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// What it is narrowed to, in the order typed.
    pub terms: Vec<Term>,
    /// What was typed and could not be used, as sentences for the reader.
    pub problems: Vec<String>,
    /// In which order.
    pub sort: Sort,
    /// Where the previous page ended.
    pub cursor: Option<String>,
}

impl View {
    /// Reads the parameters of a URL: `q` (several are joined), `sort`, `cursor`. Unknown ones are left alone.
    pub fn parse(parameters: &[(String, String)]) -> Self {
        let asked: Vec<&str> = values(parameters, "q").collect();
        let query = if asked.is_empty() { DEFAULT.to_owned() } else { asked.join(" ") };
        let (terms, mut problems) = parse_terms(&query);
        let sort = values(parameters, "sort").next_back().filter(|word| !word.is_empty());
        let sort = sort.map_or(Some(Sort::default()), sort_of);
        if sort.is_none() {
            problems.push("This order is not known; the list runs by last seen.".to_owned());
        }
        let cursor =
            values(parameters, "cursor").next_back().filter(|cursor| !cursor.is_empty()).map(str::to_owned);
        Self { terms, problems, sort: sort.unwrap_or_default(), cursor }
    }

    /// The query text that reads back as these terms.
    pub fn text(&self) -> String {
        self.terms.iter().map(Term::to_string).collect::<Vec<_>>().join(" ")
    }

    /// The words of the free text, as they stand in the search field.
    pub fn words(&self) -> String {
        let words = self.terms.iter().filter(|term| term.is_word());
        words.map(Term::to_string).collect::<Vec<_>>().join(" ")
    }

    /// The URL of this view.
    pub fn url(&self) -> String {
        let text = self.text();
        let query = (text != DEFAULT).then_some(text.as_str());
        Url::of("/issues")
            .with("q", query)
            .with("sort", self.sort_parameter())
            .with("cursor", self.cursor.as_deref())
            .build()
    }

    /// The word of the order, unless it is the usual one.
    pub fn sort_parameter(&self) -> Option<&'static str> {
        (self.sort != Sort::default()).then(|| sort_word(self.sort))
    }

    /// The same view from its beginning, in another order.
    pub fn sorted(&self, sort: Sort) -> Self {
        Self { sort, cursor: None, ..self.clone() }
    }

    /// The same view from where this page ends.
    pub fn after(&self, cursor: String) -> Self {
        Self { cursor: Some(cursor), ..self.clone() }
    }

    /// The same view without one of its terms.
    pub fn without(&self, term: &Term) -> Self {
        let terms = self.terms.iter().filter(|each| *each != term).cloned().collect();
        Self { terms, cursor: None, ..self.clone() }
    }

    /// The same view with another answer to `is:`; `None` asks for every status.
    pub fn with_status(&self, value: Option<&str>) -> Self {
        let others = self.terms.iter().filter(|term| !term.has_key("is")).cloned();
        let status = value.and_then(|value| Term::new("is", value));
        Self { terms: status.into_iter().chain(others).collect(), cursor: None, ..self.clone() }
    }

    /// Whether `is:` is answered with exactly this.
    pub fn has_status(&self, value: Option<&str>) -> bool {
        let mut values = self.terms.iter().filter(|term| term.has_key("is")).map(Term::value);
        values.next() == value && values.next().is_none()
    }

    /// Whether it is narrowed by more than the tabs do.
    pub fn is_filtered(&self) -> bool {
        self.terms.iter().any(|term| !term.has_key("is"))
    }

    /// What the store is asked for. `me` is who `assigned:me` means.
    pub fn to_query(&self, me: &str) -> IssueQuery {
        let query = asked::query(&self.terms, me);
        IssueQuery { sort: self.sort, cursor: self.cursor.clone(), limit: PAGE, ..query }
    }
}

/// Every value of one parameter, in order.
fn values<'a>(parameters: &'a [(String, String)], name: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
    parameters.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// The orders with the words of the URL.
const SORTS: [(Sort, &str); 4] = [
    (Sort::LastSeen, "last_seen"),
    (Sort::FirstSeen, "first_seen"),
    (Sort::Count, "count"),
    (Sort::Priority, "priority"),
];

fn sort_of(word: &str) -> Option<Sort> {
    SORTS.iter().find(|(_, name)| *name == word).map(|(sort, _)| *sort)
}

fn sort_word(sort: Sort) -> &'static str {
    SORTS.iter().find(|(each, _)| *each == sort).map_or("last_seen", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use issue::document::Status;
    use proptest::prelude::*;

    use super::*;

    fn view(q: &str) -> View {
        View::parse(&[("q".to_owned(), q.to_owned())])
    }

    fn reread(url: &str) -> View {
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let uri: axum::http::Uri = format!("/issues?{query}").parse().expect("a URI");
        let parameters = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri).expect("a query");
        View::parse(&parameters.0)
    }

    #[test]
    fn a_query_text_becomes_a_query() {
        let base = || IssueQuery { limit: PAGE, ..IssueQuery::default() };
        let text = |text: &str| Some(text.to_owned());
        let cases: Vec<(&str, IssueQuery)> = vec![
            ("", base()),
            ("is:open", IssueQuery { status: vec![Status::Open], ..base() }),
            ("is:open is:closed", IssueQuery { status: vec![Status::Open, Status::Closed], ..base() }),
            ("is:unresolved", IssueQuery { status: vec![Status::Open, Status::InProgress], ..base() }),
            ("is:regressed", IssueQuery { regressed: true, ..base() }),
            ("is:regressed is:open", IssueQuery { regressed: true, status: vec![Status::Open], ..base() }),
            ("IS:Open", IssueQuery { status: vec![Status::Open], ..base() }),
            ("assigned:me", IssueQuery { assignee: text("ada"), ..base() }),
            ("assigned:grace", IssueQuery { assignee: text("grace"), ..base() }),
            ("workload:Deployment/api", IssueQuery { workload: text("Deployment/api"), ..base() }),
            ("workload:a workload:b", IssueQuery { workload: text("b"), ..base() }),
            ("release:\"2.1 beta\"", IssueQuery { release: text("2.1 beta"), ..base() }),
            ("component:pay", IssueQuery { component: text("pay"), ..base() }),
            (
                "priority:high type:bug category:data",
                IssueQuery {
                    priority: vec![issue::report::Priority::High],
                    issue_type: vec![issue::record::IssueType::Bug],
                    category: vec![issue::report::Category::Data],
                    ..base()
                },
            ),
            ("time out", IssueQuery { text: text("time out"), ..base() }),
            ("KeyError: 'x'", IssueQuery { text: text("KeyError: 'x'"), ..base() }),
            ("\"is:open\"", IssueQuery { text: text("is:open"), ..base() }),
            ("is:", base()),
            ("is:opne", base()),
        ];
        for (q, expect) in cases {
            assert_eq!(view(q).to_query("ada"), expect, "{q:?}");
        }
    }

    #[test]
    fn what_is_not_understood_is_said_and_not_guessed() {
        let wrong = view("is:opne");
        assert_eq!(
            wrong.problems,
            [
                "is:opne is not understood: is: takes unresolved, regressed, open, in-progress, resolved or closed."
            ]
        );
        assert!(view("is:open").problems.is_empty());
        assert_eq!(View::parse(&[("sort".to_owned(), "x".to_owned())]).problems.len(), 1);
    }

    #[test]
    fn nothing_asked_shows_what_is_unresolved_and_an_empty_query_shows_all() {
        assert_eq!(View::parse(&[]).to_query("").status, [Status::Open, Status::InProgress]);
        assert_eq!(View::parse(&[]).url(), "/issues");
        assert_eq!(view("").to_query("").status, []);
        assert_eq!(view("").url(), "/issues?q=");
    }

    #[test]
    fn chips_and_tabs_change_one_thing() {
        let view = view("is:open workload:api slow");
        assert_eq!(view.without(&view.terms[1]).text(), "is:open slow");
        assert_eq!(view.with_status(Some("resolved")).text(), "is:resolved workload:api slow");
        assert_eq!(view.with_status(None).text(), "workload:api slow");
        assert_eq!(view.sorted(Sort::Count).url(), "/issues?q=is%3Aopen+workload%3Aapi+slow&sort=count");
        assert!(view.has_status(Some("open")) && !view.has_status(None));
    }

    proptest! {
        #[test]
        fn a_url_reads_back_as_its_view(q in "\\PC{0,60}", sort in 0..4usize, cursor in "[a-zA-Z0-9_=+/-]{0,20}") {
            let parameters =
                [("q", q.as_str()), ("sort", SORTS[sort].1), ("cursor", cursor.as_str())]
                    .map(|(key, value)| (key.to_owned(), value.to_owned()));
            let view = View { problems: Vec::new(), ..View::parse(&parameters) };
            prop_assert_eq!(&reread(&view.url()), &view);
        }

        #[test]
        fn a_query_of_our_words_reads_back(q in "((is|workload|release|assigned):(open|\"a b\"|x|me)|\"[a-z:\\\\\" ]{0,5}\"| |[a-z:]{1,4}){0,8}") {
            let view = View { problems: Vec::new(), ..view(&q) };
            prop_assert_eq!(&reread(&view.url()), &view);
        }
    }
}
