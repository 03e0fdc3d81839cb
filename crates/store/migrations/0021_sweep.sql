-- Sweeps of targets: what is really there, held against the ledger.

CREATE TABLE sweep (
    id TEXT NOT NULL PRIMARY KEY,
    target TEXT NOT NULL,
    -- `queued`, `running`, `completed`, `failed`, `skipped` or `cancelled`.
    state TEXT NOT NULL,
    -- `schedule` or `request`.
    cause TEXT NOT NULL,
    requested_by TEXT,
    requested_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    -- Why it failed or was skipped.
    failure_code TEXT,
    failure_message TEXT,
    -- Who works on it; each claim raises the fence, and who holds an older one writes nothing.
    lease_owner TEXT,
    lease_until BIGINT,
    fence BIGINT NOT NULL,
    -- Not before this instant: the target asked for patience so many times in a row.
    resume_at BIGINT,
    postponed BIGINT NOT NULL,
    missing BIGINT NOT NULL,
    returned BIGINT NOT NULL,
    restored BIGINT NOT NULL,
    removed BIGINT NOT NULL
);
CREATE UNIQUE INDEX sweep_open ON sweep (target) WHERE state IN ('queued', 'running');
CREATE INDEX sweep_target ON sweep (target, requested_at);

-- The objects of a sweep, in its order: each row is a place to go on from.
CREATE TABLE sweep_object (
    sweep_id TEXT NOT NULL REFERENCES sweep (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    origin_system TEXT NOT NULL,
    resource_origin_id TEXT NOT NULL,
    role_origin_id TEXT NOT NULL,
    scope_origin_id TEXT NOT NULL,
    -- `waiting`, `read` or `failed`.
    state TEXT NOT NULL,
    -- Grants up to this subject are compared; the empty text means none yet.
    after_subject_id TEXT NOT NULL,
    -- All grants are compared, and members up to this one are known; null: grants come first.
    after_member TEXT,
    members BIGINT NOT NULL,
    extras BIGINT NOT NULL,
    failure_code TEXT,
    failure_message TEXT,
    ended_at BIGINT,
    PRIMARY KEY (sweep_id, seq)
);
CREATE INDEX sweep_object_place ON sweep_object (resource_origin_id, role_origin_id, ended_at);

-- Access that is there and that no grant of the ledger accounts for.
CREATE TABLE drift_extra (
    id TEXT NOT NULL PRIMARY KEY,
    target TEXT NOT NULL,
    origin_system TEXT NOT NULL,
    resource_origin_id TEXT NOT NULL,
    role_origin_id TEXT NOT NULL,
    scope_origin_id TEXT NOT NULL,
    -- By which the target knows the member.
    member_key TEXT NOT NULL,
    label TEXT NOT NULL,
    -- The user of the directory who that is, if it is known.
    object_id TEXT,
    sweep_id TEXT NOT NULL,
    found_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    UNIQUE (resource_origin_id, role_origin_id, scope_origin_id, origin_system, target, member_key)
);
CREATE INDEX drift_extra_object ON drift_extra (object_id);

-- Whether access that nobody granted is taken away when a sweep finds it.
ALTER TABLE resource ADD COLUMN authoritative BOOLEAN NOT NULL DEFAULT FALSE;

-- The grants of an object in the order in which a sweep reads them.
CREATE INDEX ledger_object ON ledger (origin_system, resource_origin_id, role_origin_id, scope_origin_id, subject_id);
DROP INDEX ledger_resource;
