-- The directory that Reeve keeps itself: users, groups, service principals and who is in what.

CREATE TABLE directory_user (
    id TEXT NOT NULL PRIMARY KEY,
    user_principal_name TEXT NOT NULL,
    -- The sign-in name in lower case: sign-in names are unique without regard to case.
    user_principal_name_key TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    given_name TEXT,
    surname TEXT,
    mail TEXT,
    mail_nickname TEXT,
    user_type TEXT NOT NULL,
    account_enabled BOOLEAN NOT NULL,
    job_title TEXT,
    department TEXT,
    company_name TEXT,
    employee_id TEXT,
    office_location TEXT,
    mobile_phone TEXT,
    usage_location TEXT,
    preferred_language TEXT,
    -- Properties that are only kept and served.
    details TEXT NOT NULL,
    manager_id TEXT REFERENCES directory_user (id) ON DELETE SET NULL,
    password_hash TEXT,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    version BIGINT NOT NULL
);
CREATE INDEX directory_user_manager ON directory_user (manager_id);
CREATE INDEX directory_user_order ON directory_user (display_name, id);

CREATE TABLE directory_group (
    id TEXT NOT NULL PRIMARY KEY,
    display_name TEXT NOT NULL,
    description TEXT,
    mail TEXT,
    mail_nickname TEXT,
    mail_enabled BOOLEAN NOT NULL,
    security_enabled BOOLEAN NOT NULL,
    group_types TEXT NOT NULL,
    membership_rule TEXT,
    visibility TEXT,
    is_assignable_to_role BOOLEAN,
    on_premises_sync_enabled BOOLEAN,
    details TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX directory_group_order ON directory_group (display_name, id);

CREATE TABLE service_principal (
    id TEXT NOT NULL PRIMARY KEY,
    app_id TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    description TEXT,
    account_enabled BOOLEAN NOT NULL,
    app_role_assignment_required BOOLEAN NOT NULL,
    service_principal_type TEXT NOT NULL,
    details TEXT NOT NULL,
    -- Hash of the client secret, for the clients of the built-in issuer.
    secret_hash TEXT,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE app_role (
    service_principal_id TEXT NOT NULL REFERENCES service_principal (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    display_name TEXT,
    description TEXT,
    value TEXT,
    is_enabled BOOLEAN NOT NULL,
    allowed_member_types TEXT NOT NULL,
    PRIMARY KEY (service_principal_id, id)
);

CREATE TABLE app_role_assignment (
    id TEXT NOT NULL PRIMARY KEY,
    principal_id TEXT NOT NULL,
    principal_type TEXT NOT NULL,
    resource_id TEXT NOT NULL REFERENCES service_principal (id) ON DELETE CASCADE,
    app_role_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (resource_id, app_role_id, principal_id)
);
CREATE INDEX app_role_assignment_principal ON app_role_assignment (principal_id);

CREATE TABLE group_member (
    group_id TEXT NOT NULL REFERENCES directory_group (id) ON DELETE CASCADE,
    member_id TEXT NOT NULL,
    PRIMARY KEY (group_id, member_id)
);
CREATE INDEX group_member_member ON group_member (member_id);

CREATE TABLE group_owner (
    group_id TEXT NOT NULL REFERENCES directory_group (id) ON DELETE CASCADE,
    owner_id TEXT NOT NULL,
    PRIMARY KEY (group_id, owner_id)
);
CREATE INDEX group_owner_owner ON group_owner (owner_id);

-- Directory roles such as Identity Governance Administrator, by the well-known id of the role.
CREATE TABLE directory_role_member (
    role_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    PRIMARY KEY (role_id, member_id)
);

-- Permissions of service principals (application permissions), by name.
CREATE TABLE application_permission (
    service_principal_id TEXT NOT NULL REFERENCES service_principal (id) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    PRIMARY KEY (service_principal_id, permission)
);

CREATE VIEW directory_object AS
    SELECT id, 'user' AS object_type, display_name, mail, user_principal_name
    FROM directory_user WHERE deleted_at IS NULL
    UNION ALL
    SELECT id, 'group', display_name, mail, NULL FROM directory_group
    UNION ALL
    SELECT id, 'servicePrincipal', display_name, NULL, NULL FROM service_principal;

-- Which configured target a group or an application is delivered to; without a row it is the built-in directory.
CREATE TABLE target_binding (
    object_id TEXT NOT NULL PRIMARY KEY,
    target TEXT NOT NULL,
    address TEXT
);

-- What an operator said about a target.
CREATE TABLE target_switch (
    target TEXT NOT NULL PRIMARY KEY,
    paused BOOLEAN NOT NULL,
    reason TEXT,
    -- A fault that a development tenant injects, or null.
    fault TEXT,
    changed_at BIGINT NOT NULL
);
