-- The ledger: one row for each grant that Reeve has ever had to do with.

CREATE TABLE ledger (
    id TEXT NOT NULL PRIMARY KEY,
    subject_id TEXT NOT NULL REFERENCES subject (id),
    origin_system TEXT NOT NULL,
    resource_origin_id TEXT NOT NULL,
    role_origin_id TEXT NOT NULL,
    scope_origin_id TEXT NOT NULL,
    -- Desired: at least one live assignment justifies it (see ledger_link).
    desired BOOLEAN NOT NULL,
    -- Observed: `present`, `absent` or `unknown`; when, and whether a write's answer or a read told.
    observed TEXT NOT NULL,
    observed_at BIGINT,
    observed_by TEXT,
    -- The last write may have been taken although no answer came.
    in_doubt BOOLEAN NOT NULL DEFAULT FALSE,
    -- It was there before Reeve granted it (AS-3).
    preexisting BOOLEAN NOT NULL,
    -- In flight: `settled`, `pending`, `leased` or `needsAttention`.
    phase TEXT NOT NULL,
    operation TEXT,
    target TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_at BIGINT,
    lease_owner TEXT,
    lease_until BIGINT,
    error_code TEXT,
    error_message TEXT,
    error_at BIGINT,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (subject_id, origin_system, resource_origin_id, role_origin_id, scope_origin_id)
);
CREATE INDEX ledger_ready ON ledger (target, next_attempt_at, id) WHERE phase = 'pending';
CREATE INDEX ledger_leased ON ledger (lease_until) WHERE phase = 'leased';
CREATE INDEX ledger_resource ON ledger (origin_system, resource_origin_id);
CREATE INDEX ledger_drift ON ledger (id) WHERE phase = 'settled' AND (
    (desired = TRUE AND observed <> 'present') OR (desired = FALSE AND observed = 'present'));

-- Which assignments justify a grant, and by which role and scope of which catalog (LG-2).
CREATE TABLE ledger_link (
    grant_id TEXT NOT NULL REFERENCES ledger (id) ON DELETE CASCADE,
    assignment_id TEXT NOT NULL REFERENCES assignment (id) ON DELETE CASCADE,
    resource_role_id TEXT NOT NULL,
    resource_scope_id TEXT NOT NULL,
    PRIMARY KEY (assignment_id, grant_id)
);
CREATE INDEX ledger_link_grant ON ledger_link (grant_id);

-- What a request waits for: its units of work (RP-30).
CREATE TABLE request_delivery (
    request_id TEXT NOT NULL REFERENCES assignment_request (id) ON DELETE CASCADE,
    grant_id TEXT NOT NULL REFERENCES ledger (id),
    operation TEXT NOT NULL,
    -- `pending`, `done` or `failed`.
    outcome TEXT NOT NULL,
    -- Done without a write of its own: nothing was missing, or another assignment still needs the access (LG-1).
    kept BOOLEAN NOT NULL,
    error_code TEXT,
    error_message TEXT,
    attempts BIGINT NOT NULL,
    settled_at BIGINT,
    PRIMARY KEY (request_id, grant_id)
);
-- Of every outcome: what waits for a grant is also asked for just after the grant was settled.
CREATE INDEX request_delivery_grant ON request_delivery (grant_id);

-- Packages whose roles changed: the reconciler plans their live assignments anew, some at a time (AS-4).
CREATE TABLE package_replan (
    access_package_id TEXT NOT NULL PRIMARY KEY REFERENCES access_package (id) ON DELETE CASCADE,
    -- Assignments up to this one are planned; the empty text means none yet.
    after_assignment_id TEXT NOT NULL,
    requested_at BIGINT NOT NULL
);
