-- Bulk reprocess as a job: what it is about, its plan, how far it is, and what came of each object.

CREATE TABLE reprocess_job (
    id TEXT NOT NULL PRIMARY KEY,
    -- `assignments` or `assignmentRequests`.
    collection TEXT NOT NULL,
    -- The filter as it was written, and the condition it came to with what the caller may see; or a list of ids.
    filter TEXT,
    condition TEXT,
    ids TEXT,
    dry_run BOOLEAN NOT NULL,
    note TEXT,
    max_removed BIGINT NOT NULL,
    max_removed_percent BIGINT NOT NULL,
    created_by TEXT,
    -- For whom it acts: as the audit log shows them, and the catalogs that they may see and reprocess.
    initiated_by TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    rights TEXT NOT NULL,
    state TEXT NOT NULL,
    -- What a paused job goes on with: `planning` or `running`.
    phase TEXT NOT NULL,
    -- Why it stopped or failed.
    reason_code TEXT,
    reason_message TEXT,
    -- The plan.
    items BIGINT NOT NULL,
    refused_in_plan BIGINT NOT NULL,
    people BIGINT NOT NULL,
    adds BIGINT NOT NULL,
    removes BIGINT NOT NULL,
    kept BIGINT NOT NULL,
    -- How far: the last object that was planned, the last item that was begun, the last that was asked after.
    planned_through TEXT NOT NULL,
    begun_through BIGINT NOT NULL,
    asked_through BIGINT NOT NULL,
    -- What came of it so far.
    removed BIGINT NOT NULL,
    in_delivery BIGINT NOT NULL,
    delivered BIGINT NOT NULL,
    partially_delivered BIGINT NOT NULL,
    delivery_failed BIGINT NOT NULL,
    superseded BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    planned_at BIGINT,
    started_at BIGINT,
    paused_at BIGINT,
    paused_for BIGINT NOT NULL,
    ended_at BIGINT,
    -- Who works at it, until when, and the number of that lease: a worker whose number is old writes nothing.
    lease_owner TEXT,
    lease_until BIGINT,
    fence BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX reprocess_job_order ON reprocess_job (created_at DESC, id);
CREATE INDEX reprocess_job_work ON reprocess_job (created_at, id)
    WHERE state IN ('planning', 'running') OR in_delivery > 0;

CREATE TABLE reprocess_job_item (
    job_id TEXT NOT NULL REFERENCES reprocess_job (id) ON DELETE CASCADE,
    ordinal BIGINT NOT NULL,
    object_id TEXT NOT NULL,
    -- Whom it is about; nobody, if there is no such object.
    subject_id TEXT,
    -- `planned`, `refused`, `inDelivery`, `delivered`, `partiallyDelivered`, `deliveryFailed` or `superseded`.
    state TEXT NOT NULL,
    adds BIGINT NOT NULL,
    removes BIGINT NOT NULL,
    kept BIGINT NOT NULL,
    code TEXT,
    message TEXT,
    -- The request that delivers it.
    request_id TEXT,
    settled_at BIGINT,
    PRIMARY KEY (job_id, ordinal)
);
CREATE INDEX reprocess_job_item_open ON reprocess_job_item (job_id, ordinal) WHERE state = 'inDelivery';
CREATE INDEX reprocess_job_item_failed ON reprocess_job_item (job_id, ordinal)
    WHERE state IN ('refused', 'partiallyDelivered', 'deliveryFailed', 'superseded');

CREATE TABLE reprocess_job_target (
    job_id TEXT NOT NULL REFERENCES reprocess_job (id) ON DELETE CASCADE,
    target TEXT NOT NULL,
    adds BIGINT NOT NULL,
    removes BIGINT NOT NULL,
    kept BIGINT NOT NULL,
    done BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    PRIMARY KEY (job_id, target)
);

CREATE TABLE reprocess_job_refusal (
    job_id TEXT NOT NULL REFERENCES reprocess_job (id) ON DELETE CASCADE,
    code TEXT NOT NULL,
    items BIGINT NOT NULL,
    PRIMARY KEY (job_id, code)
);

-- Work that a job woke waits behind work that somebody waits for.
ALTER TABLE ledger ADD COLUMN is_bulk BOOLEAN NOT NULL DEFAULT FALSE;
DROP INDEX ledger_ready;
CREATE INDEX ledger_ready ON ledger (target, is_bulk, next_attempt_at, id) WHERE phase = 'pending';
