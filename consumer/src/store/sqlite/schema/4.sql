-- Visits, incidents and deliveries are read in the order of a number that their bodies hold.
CREATE INDEX notes_by_order ON notes (kind, json_extract(body, '$.order'), key);
