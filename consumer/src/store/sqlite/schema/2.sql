-- Small documents beside the issues: what sidecars say of their totals, what was done with dead letters. Only a higher rank
-- replaces one. `at` is when it was written.
CREATE TABLE notes (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    rank INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
