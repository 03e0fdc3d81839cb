-- Environments of resources, what requests about resources said besides, and uploads of access data.

-- Set where a resource is of a derived type, as is one whose access data is provided by upload.
ALTER TABLE resource ADD COLUMN object_type TEXT;
-- Who is told of decisions about access that only its owner can take away. A document, kept and served.
ALTER TABLE resource ADD COLUMN notification_endpoint TEXT;

ALTER TABLE resource_request ADD COLUMN execute_immediately BOOLEAN;
ALTER TABLE resource_request ADD COLUMN expires_at BIGINT;
-- Set in the answer to a request that was only to be checked, which is not kept.
ALTER TABLE resource_request ADD COLUMN is_validation_only BOOLEAN NOT NULL DEFAULT FALSE;

-- Where resources of a system live. A static system has one environment, which is its default, from the start.
CREATE TABLE resource_environment (
    id TEXT NOT NULL PRIMARY KEY,
    origin_system TEXT NOT NULL UNIQUE,
    origin_id TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT,
    is_default_environment BOOLEAN NOT NULL,
    created_by TEXT,
    created_at BIGINT NOT NULL,
    modified_by TEXT,
    modified_at BIGINT NOT NULL
);
INSERT INTO resource_environment
    (id, origin_system, origin_id, display_name, description, is_default_environment, created_at, modified_at)
    VALUES ('5b2b3f0e-0c6d-4b0a-9d0a-6f2f1c7a1e01', 'AadGroup', 'AadGroup', 'Groups',
        'The groups of the directory', TRUE, 1767225600000000, 1767225600000000);
INSERT INTO resource_environment
    (id, origin_system, origin_id, display_name, description, is_default_environment, created_at, modified_at)
    VALUES ('5b2b3f0e-0c6d-4b0a-9d0a-6f2f1c7a1e02', 'AadApplication', 'AadApplication', 'Applications',
        'The applications of the directory', TRUE, 1767225600000000, 1767225600000000);
INSERT INTO resource_environment
    (id, origin_system, origin_id, display_name, description, is_default_environment, created_at, modified_at)
    VALUES ('5b2b3f0e-0c6d-4b0a-9d0a-6f2f1c7a1e03', 'CustomDataProvidedResource', 'CustomDataProvidedResource',
        'Custom data', 'Resources whose access data is uploaded', TRUE, 1767225600000000, 1767225600000000);

-- An upload of access data for one context, such as one instance of a review: once for each resource and context.
CREATE TABLE upload_session (
    id TEXT NOT NULL PRIMARY KEY,
    resource_id TEXT NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
    object_type TEXT NOT NULL,
    reference_id TEXT NOT NULL,
    -- The context, as it was sent.
    data TEXT NOT NULL,
    status TEXT NOT NULL,
    is_upload_done BOOLEAN NOT NULL,
    files_uploaded BIGINT NOT NULL,
    total_bytes_uploaded BIGINT NOT NULL,
    created_by TEXT,
    created_at BIGINT NOT NULL,
    -- When it expires, unless it is completed before.
    expires_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (resource_id, reference_id)
);
CREATE INDEX upload_session_order ON upload_session (created_at DESC, id);
CREATE INDEX upload_session_expiry ON upload_session (status, expires_at);

-- A file of an upload. Its rows were checked before it was stored.
CREATE TABLE upload_file (
    id TEXT NOT NULL PRIMARY KEY,
    upload_session_id TEXT NOT NULL REFERENCES upload_session (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    uploaded_at BIGINT NOT NULL,
    content TEXT NOT NULL,
    UNIQUE (upload_session_id, name)
);
