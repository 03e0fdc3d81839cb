-- Custom extensions: what is called at the stages of a request, and what came back.

CREATE TABLE custom_extension (
    id TEXT NOT NULL PRIMARY KEY,
    catalog_id TEXT NOT NULL REFERENCES catalog (id) ON DELETE CASCADE,
    -- The name of its type; a type fits some stages and not others (PO-31).
    object_type TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT,
    endpoint TEXT NOT NULL,
    authentication TEXT,
    client TEXT,
    -- Present where the request waits for an answer (CX-11).
    callback TEXT,
    created_by TEXT,
    created_at BIGINT NOT NULL,
    modified_by TEXT,
    modified_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX custom_extension_catalog ON custom_extension (catalog_id, display_name, id);

-- Those of beta's older type, which has a collection of its own.
CREATE VIEW legacy_custom_extension AS
    SELECT id, catalog_id, object_type, display_name, description, endpoint, authentication, client, created_at, modified_at,
        version
    FROM custom_extension WHERE object_type = 'customAccessPackageWorkflowExtension';

-- Which extension a policy calls at which stage. Written with the policy's document and never apart from it.
CREATE TABLE extension_stage_setting (
    id TEXT NOT NULL PRIMARY KEY,
    policy_id TEXT NOT NULL REFERENCES assignment_policy (id) ON DELETE CASCADE,
    -- The older way of beta to say it.
    is_handler BOOLEAN NOT NULL,
    ordinal BIGINT NOT NULL,
    stage TEXT NOT NULL,
    custom_extension_id TEXT NOT NULL REFERENCES custom_extension (id)
);
CREATE INDEX extension_stage_setting_policy ON extension_stage_setting (policy_id, stage, ordinal);
CREATE INDEX extension_stage_setting_extension ON extension_stage_setting (custom_extension_id);
CREATE INDEX extension_stage_setting_stage ON extension_stage_setting (stage);

CREATE VIEW extension_stage AS
    SELECT id, policy_id, ordinal, stage, custom_extension_id FROM extension_stage_setting WHERE is_handler = FALSE;
CREATE VIEW extension_handler AS
    SELECT id, policy_id, ordinal, stage, custom_extension_id FROM extension_stage_setting WHERE is_handler = TRUE;

-- One call of an extension at a stage: made with the transition that reached the stage, whatever happens to the process
-- afterwards. The id is what receivers know it by.
CREATE TABLE extension_callout (
    id TEXT NOT NULL PRIMARY KEY,
    custom_extension_id TEXT NOT NULL,
    is_handler BOOLEAN NOT NULL,
    request_id TEXT REFERENCES assignment_request (id) ON DELETE CASCADE,
    assignment_id TEXT REFERENCES assignment (id) ON DELETE CASCADE,
    stage TEXT NOT NULL,
    -- `queued`, or a word of the contract (CX-9).
    status TEXT NOT NULL,
    -- What is sent, put together when the stage was reached.
    data TEXT NOT NULL,
    -- Whether the request waits for an answer, and until when.
    waits BOOLEAN NOT NULL,
    deadline_at BIGINT,
    -- For stages before the end of an assignment: which end.
    about_end BIGINT,
    attempts BIGINT NOT NULL,
    -- When the next attempt is due; none once it is over.
    due_at BIGINT,
    lease_owner TEXT,
    lease_until BIGINT,
    external_correlation_id TEXT,
    detail TEXT,
    failure TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    version BIGINT NOT NULL
);
CREATE INDEX extension_callout_request ON extension_callout (request_id, created_at, id);
CREATE INDEX extension_callout_assignment ON extension_callout (assignment_id, created_at, id);
CREATE INDEX extension_callout_due ON extension_callout (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX extension_callout_lease ON extension_callout (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX extension_callout_deadline ON extension_callout (deadline_at) WHERE deadline_at IS NOT NULL;
