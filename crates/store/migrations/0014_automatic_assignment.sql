-- Assignment by rule (section 6.8): which policies do so, who has to be looked at, and what was left undone and why.

-- The automatic policies, as their documents say; written with them and by nobody else.
CREATE TABLE automatic_policy (
    policy_id TEXT NOT NULL PRIMARY KEY REFERENCES assignment_policy (id) ON DELETE CASCADE,
    access_package_id TEXT NOT NULL REFERENCES access_package (id) ON DELETE CASCADE,
    rule TEXT NOT NULL,
    adds BOOLEAN NOT NULL,
    removes BOOLEAN NOT NULL,
    -- How long access is kept that the rule no longer gives; null: not at all.
    grace BIGINT,
    -- When the policy was made: the oldest owns the assignment (AU-2).
    created_at BIGINT NOT NULL,
    -- When its rule was last asked of everybody.
    evaluated_at BIGINT
);
CREATE INDEX automatic_policy_package ON automatic_policy (access_package_id, created_at, policy_id);

-- Packages whose rules have to be asked of everybody, some at a time.
CREATE TABLE automatic_sweep (
    access_package_id TEXT NOT NULL PRIMARY KEY REFERENCES access_package (id) ON DELETE CASCADE,
    -- Users up to this one are done; the empty text means nobody yet.
    after_object_id TEXT NOT NULL,
    looked_at BIGINT NOT NULL,
    requested_at BIGINT NOT NULL
);

-- Users whom the rules have to be asked about, because they or a request of theirs changed.
CREATE TABLE automatic_due (
    object_id TEXT NOT NULL PRIMARY KEY
);

-- What a rule says and is not done, or not yet done.
CREATE TABLE automatic_note (
    policy_id TEXT NOT NULL REFERENCES assignment_policy (id) ON DELETE CASCADE,
    object_id TEXT NOT NULL,
    -- `skipped`, `suppressed` or `grace`.
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    noted_at BIGINT NOT NULL,
    -- When to look again.
    due_at BIGINT,
    PRIMARY KEY (policy_id, object_id)
);
CREATE INDEX automatic_note_object ON automatic_note (object_id);
CREATE INDEX automatic_note_due ON automatic_note (due_at, object_id) WHERE due_at IS NOT NULL;
