-- What changed since somebody holds a delta link (ADR 25).

-- A place in the log from which somebody reads on. Without one nothing is logged.
CREATE TABLE change_log_mark (
    at BIGINT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL
);

-- Positions grow in the order of commits.
CREATE TABLE change_log (
    position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    entity TEXT NOT NULL,
    object_id TEXT NOT NULL,
    change TEXT NOT NULL
);
CREATE INDEX change_log_entity ON change_log (entity, position);
CREATE INDEX change_log_ending ON change_log (position) WHERE change = 'deleted';
