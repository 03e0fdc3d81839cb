-- The life of a request, the assignments it leads to, the approvals in between, and what is remembered of all that.

CREATE TABLE subject (
    id TEXT NOT NULL PRIMARY KEY,
    object_id TEXT UNIQUE,
    subject_type TEXT NOT NULL,
    display_name TEXT,
    email TEXT,
    principal_name TEXT,
    subject_lifecycle TEXT NOT NULL,
    connected_organization_id TEXT,
    created_at BIGINT NOT NULL
);

CREATE TABLE assignment (
    id TEXT NOT NULL PRIMARY KEY,
    access_package_id TEXT NOT NULL REFERENCES access_package (id),
    assignment_policy_id TEXT NOT NULL REFERENCES assignment_policy (id),
    target_id TEXT NOT NULL REFERENCES subject (id),
    state TEXT NOT NULL,
    status TEXT NOT NULL,
    -- The schedule as the wire shows it; `ends_at` is what the timers read.
    schedule TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT,
    is_extended BOOLEAN NOT NULL,
    expired_at BIGINT,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
-- OM-3: at most one live assignment for each subject and package.
CREATE UNIQUE INDEX assignment_live ON assignment (target_id, access_package_id)
    WHERE state IN ('delivering', 'delivered', 'partiallyDelivered');
CREATE INDEX assignment_order ON assignment (created_at DESC, id);
CREATE INDEX assignment_package ON assignment (access_package_id, created_at DESC, id);
CREATE INDEX assignment_policy_used ON assignment (assignment_policy_id, state);
CREATE INDEX assignment_target ON assignment (target_id, created_at DESC, id);
CREATE INDEX assignment_due ON assignment (ends_at)
    WHERE ends_at IS NOT NULL AND state <> 'expired';

CREATE TABLE assignment_request (
    id TEXT NOT NULL PRIMARY KEY,
    request_type TEXT NOT NULL,
    is_extension BOOLEAN NOT NULL,
    access_package_id TEXT NOT NULL REFERENCES access_package (id),
    assignment_policy_id TEXT REFERENCES assignment_policy (id),
    assignment_id TEXT REFERENCES assignment (id),
    requestor_id TEXT NOT NULL REFERENCES subject (id),
    target_id TEXT NOT NULL REFERENCES subject (id),
    -- Directory id of who sent the request, for "created by me" and for AP-9.
    created_by TEXT NOT NULL,
    state TEXT NOT NULL,
    status TEXT NOT NULL,
    justification TEXT,
    answers TEXT NOT NULL,
    -- The schedule as asked for, and what it came to (RQ-17).
    schedule TEXT NOT NULL,
    starts_at BIGINT,
    ends_at BIGINT,
    -- How long it lasts from delivery on, where the end is not a date (SC-3).
    lasts_for BIGINT,
    -- Whether approval may be skipped (AP-12).
    bypass_approval BOOLEAN NOT NULL,
    -- The reconciler has not planned this delivery yet: the durable promise behind a 202.
    plan_due BOOLEAN NOT NULL,
    -- Why it ended as it did, for our own API.
    failure_code TEXT,
    failure_message TEXT,
    created_at BIGINT NOT NULL,
    delivering_since BIGINT,
    completed_at BIGINT,
    first_completed_at BIGINT,
    version BIGINT NOT NULL
);
-- RQ-8: at most one open request for each target and package.
CREATE UNIQUE INDEX assignment_request_open ON assignment_request (target_id, access_package_id)
    WHERE state IN ('submitted', 'pendingApproval', 'scheduled', 'delivering');
CREATE INDEX assignment_request_order ON assignment_request (created_at DESC, id);
CREATE INDEX assignment_request_package ON assignment_request (access_package_id, created_at DESC, id);
CREATE INDEX assignment_request_assignment ON assignment_request (assignment_id);
CREATE INDEX assignment_request_target ON assignment_request (target_id, created_at DESC, id);
CREATE INDEX assignment_request_requestor ON assignment_request (requestor_id, created_at DESC, id);
CREATE INDEX assignment_request_policy ON assignment_request (assignment_policy_id);
CREATE INDEX assignment_request_plan ON assignment_request (delivering_since, id) WHERE plan_due = TRUE;
CREATE INDEX assignment_request_start ON assignment_request (starts_at) WHERE state = 'scheduled';
CREATE INDEX assignment_request_delivering ON assignment_request (delivering_since) WHERE state = 'delivering';

CREATE TABLE approval_stage (
    id TEXT NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL REFERENCES assignment_request (id) ON DELETE CASCADE,
    ordinal BIGINT NOT NULL,
    display_name TEXT,
    -- `Initializing`, `InProgress`, `Completed` or `Expired` (AP-11).
    status TEXT NOT NULL,
    review_result TEXT NOT NULL,
    is_approver_justification_required BOOLEAN NOT NULL,
    justification TEXT,
    reviewed_by_id TEXT,
    reviewed_by_name TEXT,
    reviewed_by_principal_name TEXT,
    reviewed_at BIGINT,
    lasts_for BIGINT NOT NULL,
    escalates_after BIGINT,
    opened_at BIGINT,
    due_at BIGINT,
    escalates_at BIGINT,
    is_escalated BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (request_id, ordinal)
);
CREATE INDEX approval_stage_due ON approval_stage (due_at) WHERE status = 'InProgress';
CREATE INDEX approval_stage_escalation ON approval_stage (escalates_at) WHERE status = 'InProgress';

CREATE TABLE approval_stage_approver (
    stage_id TEXT NOT NULL REFERENCES approval_stage (id) ON DELETE CASCADE,
    -- A user or a group of the directory; groups are followed when somebody asks (AP-16).
    principal_id TEXT NOT NULL,
    -- `primary`, `fallbackPrimary`, `escalation` or `fallbackEscalation`.
    tier TEXT NOT NULL,
    PRIMARY KEY (stage_id, tier, principal_id)
);
CREATE INDEX approval_stage_approver_principal ON approval_stage_approver (principal_id);

CREATE VIEW approval AS
    SELECT r.id, r.access_package_id, r.created_at FROM assignment_request r
    WHERE EXISTS (SELECT 1 FROM approval_stage s WHERE s.request_id = r.id);

CREATE TABLE audit_event (
    id TEXT NOT NULL PRIMARY KEY,
    happened_at BIGINT NOT NULL,
    activity TEXT NOT NULL,
    category TEXT NOT NULL,
    result TEXT NOT NULL,
    result_reason TEXT,
    initiated_by TEXT NOT NULL,
    target_resources TEXT NOT NULL,
    additional_details TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    -- The object it is about, for finding the history of one request.
    object_id TEXT
);
CREATE INDEX audit_event_order ON audit_event (happened_at DESC, id);
CREATE INDEX audit_event_object ON audit_event (object_id);

-- Calls that were accepted under a client's own request id (RP-41).
CREATE TABLE accepted_call (
    caller_id TEXT NOT NULL,
    client_request_id TEXT NOT NULL,
    operation TEXT NOT NULL,
    object_id TEXT NOT NULL,
    accepted_at BIGINT NOT NULL,
    PRIMARY KEY (caller_id, client_request_id, operation, object_id)
);
CREATE INDEX accepted_call_age ON accepted_call (accepted_at);
