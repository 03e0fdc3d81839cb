-- Catalogs, what is in them, and who may have it.

CREATE TABLE catalog (
    id TEXT NOT NULL PRIMARY KEY,
    display_name TEXT NOT NULL,
    description TEXT,
    catalog_type TEXT NOT NULL,
    state TEXT NOT NULL,
    is_externally_visible BOOLEAN NOT NULL,
    unique_name TEXT UNIQUE,
    created_by TEXT,
    created_at BIGINT NOT NULL,
    modified_by TEXT,
    modified_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX catalog_order ON catalog (display_name, id);

CREATE TABLE resource (
    id TEXT NOT NULL PRIMARY KEY,
    catalog_id TEXT NOT NULL REFERENCES catalog (id),
    origin_system TEXT NOT NULL,
    origin_id TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT,
    resource_type TEXT,
    url TEXT,
    attributes TEXT NOT NULL,
    -- What happens when drift is found: `report` or `restore`.
    drift_action TEXT NOT NULL,
    created_by TEXT,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (catalog_id, origin_system, origin_id)
);
CREATE INDEX resource_origin ON resource (origin_system, origin_id);

CREATE TABLE resource_role (
    id TEXT NOT NULL PRIMARY KEY,
    resource_id TEXT NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
    origin_system TEXT NOT NULL,
    origin_id TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT,
    UNIQUE (resource_id, origin_id)
);
CREATE INDEX resource_role_origin ON resource_role (origin_id);

CREATE TABLE resource_scope (
    id TEXT NOT NULL PRIMARY KEY,
    resource_id TEXT NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
    origin_system TEXT NOT NULL,
    origin_id TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT,
    is_root_scope BOOLEAN NOT NULL,
    UNIQUE (resource_id, origin_id)
);

CREATE TABLE resource_request (
    id TEXT NOT NULL PRIMARY KEY,
    request_type TEXT NOT NULL,
    state TEXT NOT NULL,
    status TEXT NOT NULL,
    justification TEXT,
    catalog_id TEXT NOT NULL,
    resource_id TEXT,
    requestor_id TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX resource_request_order ON resource_request (created_at DESC, id);

CREATE TABLE access_package (
    id TEXT NOT NULL PRIMARY KEY,
    catalog_id TEXT NOT NULL REFERENCES catalog (id),
    display_name TEXT NOT NULL,
    description TEXT,
    is_hidden BOOLEAN NOT NULL,
    is_role_scopes_visible BOOLEAN NOT NULL,
    unique_name TEXT UNIQUE,
    created_by TEXT,
    created_at BIGINT NOT NULL,
    modified_by TEXT,
    modified_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX access_package_catalog ON access_package (catalog_id);
CREATE INDEX access_package_order ON access_package (display_name, id);

CREATE TABLE resource_role_scope (
    -- `{role id}_{scope id}`: the same pair may be in several packages.
    id TEXT NOT NULL,
    access_package_id TEXT NOT NULL REFERENCES access_package (id) ON DELETE CASCADE,
    resource_role_id TEXT NOT NULL REFERENCES resource_role (id),
    resource_scope_id TEXT NOT NULL REFERENCES resource_scope (id),
    created_by TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (access_package_id, resource_role_id, resource_scope_id)
);
CREATE INDEX resource_role_scope_role ON resource_role_scope (resource_role_id);

-- Separation of duties (SD-1): holders of the other may not get this package.
CREATE TABLE incompatible_access_package (
    access_package_id TEXT NOT NULL REFERENCES access_package (id) ON DELETE CASCADE,
    incompatible_id TEXT NOT NULL REFERENCES access_package (id) ON DELETE CASCADE,
    PRIMARY KEY (access_package_id, incompatible_id)
);
CREATE INDEX incompatible_access_package_reverse ON incompatible_access_package (incompatible_id);

CREATE TABLE incompatible_group (
    access_package_id TEXT NOT NULL REFERENCES access_package (id) ON DELETE CASCADE,
    group_id TEXT NOT NULL REFERENCES directory_group (id) ON DELETE CASCADE,
    PRIMARY KEY (access_package_id, group_id)
);

CREATE TABLE assignment_policy (
    id TEXT NOT NULL PRIMARY KEY,
    access_package_id TEXT NOT NULL REFERENCES access_package (id),
    display_name TEXT NOT NULL,
    description TEXT,
    allowed_target_scope TEXT NOT NULL,
    can_extend BOOLEAN NOT NULL,
    -- The rest of the policy, in the one internal shape of both versions (OM-1).
    settings TEXT NOT NULL,
    created_by TEXT,
    created_at BIGINT NOT NULL,
    modified_by TEXT,
    modified_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX assignment_policy_package ON assignment_policy (access_package_id);

-- Roles of entitlement management itself (semantics 7.2).
CREATE TABLE role_assignment (
    id TEXT NOT NULL PRIMARY KEY,
    principal_id TEXT NOT NULL,
    role_definition_id TEXT NOT NULL,
    directory_scope_id TEXT NOT NULL,
    -- `/` or `/AccessPackageCatalog/{id}`.
    app_scope_id TEXT NOT NULL,
    catalog_id TEXT REFERENCES catalog (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    UNIQUE (principal_id, role_definition_id, app_scope_id)
);
