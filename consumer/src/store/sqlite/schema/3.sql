-- A workload is asked for as Deployment/api or as api.
INSERT OR IGNORE INTO facets (facet, value, n)
    SELECT facet, substr(value, instr(value, '/') + 1), n FROM facets
    WHERE facet = 3 AND instr(value, '/') > 0 AND instr(value, '/') < length(value);

-- Whether it came back after it had been resolved.
ALTER TABLE issues ADD COLUMN regressed INTEGER NOT NULL DEFAULT 0;
UPDATE issues SET regressed = 1
    WHERE n IN (SELECT n FROM documents WHERE json_extract(document, '$.regressed'));
