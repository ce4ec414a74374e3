-- What came back is looked for often and is seldom much.
CREATE INDEX issues_regressed ON issues (n) WHERE regressed = 1;
