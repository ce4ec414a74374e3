-- The columns that lists filter and sort by, narrow so that a scan over all issues stays cheap. Times are microseconds
-- since 1970; last_seen and first_seen are those of the reports, or the time of writing of a hand-written issue.
CREATE TABLE issues (
    n INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    digest INTEGER NOT NULL,
    status INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    type INTEGER NOT NULL,
    category INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    count INTEGER NOT NULL
) STRICT;

-- Each sort order has an index that holds the closed filters as well, so that a list reads nothing else.
CREATE INDEX issues_by_last_seen ON issues (last_seen, n, status, priority, type, category);
CREATE INDEX issues_by_first_seen ON issues (first_seen, n, status, priority, type, category);
CREATE INDEX issues_by_count ON issues (count, n, status, priority, type, category);
CREATE INDEX issues_by_priority ON issues (priority, last_seen, n, status, type, category);

-- The whole documents, as JSON.
CREATE TABLE documents (n INTEGER PRIMARY KEY, document TEXT NOT NULL) STRICT;

-- assignee, reporter, component, workloads and releases of each issue.
CREATE TABLE facets (
    facet INTEGER NOT NULL,
    value TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (facet, value, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX facets_by_issue ON facets (n);

-- Title, culprit and template in lower case; any stretch of three characters and more is found.
CREATE VIRTUAL TABLE search USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1');
CREATE TABLE words (n INTEGER PRIMARY KEY, words TEXT NOT NULL) STRICT;

-- Highest seq counted, by the issue that the record named and its source. `at` is when that was.
CREATE TABLE seen (
    id BLOB NOT NULL,
    source BLOB NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (id, source)
) STRICT, WITHOUT ROWID;

-- The versions of deleted issues: their `seen` marks stay as long as this does.
CREATE TABLE tombstones (id BLOB PRIMARY KEY, version INTEGER NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Children lie together, by issue, in the order of time.
CREATE TABLE occurrences (
    n INTEGER NOT NULL,
    at INTEGER NOT NULL,
    id BLOB NOT NULL,
    full INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (n, at, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE activities (
    n INTEGER NOT NULL,
    at INTEGER NOT NULL,
    id BLOB NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (n, at, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE comments (
    n INTEGER NOT NULL,
    at INTEGER NOT NULL,
    id BLOB NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (n, at, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE notifications (
    user_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    id BLOB NOT NULL,
    n INTEGER NOT NULL,
    read INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (user_id, at, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX notifications_by_issue ON notifications (n);
