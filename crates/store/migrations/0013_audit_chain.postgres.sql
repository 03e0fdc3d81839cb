-- The audit log as a chain (ADR 16). What an event says is never changed; the sealer adds its place in the chain.
ALTER TABLE audit_event ADD COLUMN operation_type TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_event ADD COLUMN logged_by TEXT NOT NULL DEFAULT 'Entitlement Management';
ALTER TABLE audit_event ADD COLUMN seq BIGINT;
ALTER TABLE audit_event ADD COLUMN hash TEXT;
CREATE UNIQUE INDEX audit_event_chain ON audit_event (seq) WHERE seq IS NOT NULL;
CREATE INDEX audit_event_unsealed ON audit_event (happened_at, id) WHERE seq IS NULL;

-- What the log is searched by. Texts are compared without regard to case, so the indexes hold them in lower case; the last
-- one reads the document as a filter on `initiatedBy/user/id` does.
CREATE INDEX audit_event_activity ON audit_event (LOWER(activity), happened_at DESC, id);
CREATE INDEX audit_event_call ON audit_event (LOWER(correlation_id));
CREATE INDEX audit_event_target ON audit_event (LOWER(object_id), happened_at DESC, id);
CREATE INDEX audit_event_user ON audit_event ((CAST(jsonb(initiated_by) -> 'user' ->> 'id' AS TEXT)), happened_at DESC, id);

-- Where the chain begins (`anchor`, once old events are gone) and where it ends (`head`), each with the server's signature.
CREATE TABLE audit_chain (
    place TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL,
    proof TEXT NOT NULL
);
