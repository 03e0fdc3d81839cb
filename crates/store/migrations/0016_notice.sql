-- Notices to people: written with what they are about, sent under a lease.

CREATE TABLE notice (
    id TEXT NOT NULL PRIMARY KEY,
    -- The number in the documented table of mails, and what it is about.
    number BIGINT NOT NULL,
    occasion TEXT NOT NULL,
    request_id TEXT REFERENCES assignment_request (id) ON DELETE CASCADE,
    assignment_id TEXT REFERENCES assignment (id) ON DELETE CASCADE,
    stage_id TEXT,
    -- The one thing, among those of its object, that the notice is about: a stage, an end.
    about TEXT NOT NULL,
    recipient_id TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    -- When it is to be sent; none once that is over.
    due_at BIGINT,
    lease_owner TEXT,
    lease_until BIGINT,
    address TEXT,
    failure TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    version BIGINT NOT NULL
);
-- Nobody is told the same twice (NO-3).
CREATE UNIQUE INDEX notice_once ON notice (about, number, recipient_id);
CREATE INDEX notice_request ON notice (request_id);
CREATE INDEX notice_assignment ON notice (assignment_id);
CREATE INDEX notice_due ON notice (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX notice_lease ON notice (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX notice_state ON notice (state, created_at, id);
CREATE INDEX notice_finished ON notice (finished_at) WHERE finished_at IS NOT NULL;
