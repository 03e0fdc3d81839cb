-- Connected organizations, what belongs to whom of them, the settings of the tenant, control configurations, and
-- connectors to outside systems.

CREATE TABLE connected_organization (
    id TEXT NOT NULL PRIMARY KEY,
    display_name TEXT NOT NULL,
    description TEXT,
    state TEXT NOT NULL,
    -- As the wire shows them.
    identity_sources TEXT NOT NULL,
    created_by TEXT,
    created_at BIGINT NOT NULL,
    modified_by TEXT,
    modified_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX connected_organization_order ON connected_organization (display_name, id);

-- What the identity sources come to: by what a guest is known to belong (EX-1). Nothing belongs to two.
CREATE TABLE connected_organization_source (
    -- `domain`: the mail address ends in it. `issuer`: the issuer of an identity contains it.
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    connected_organization_id TEXT NOT NULL REFERENCES connected_organization (id) ON DELETE CASCADE,
    PRIMARY KEY (kind, value)
);
CREATE INDEX connected_organization_source_of ON connected_organization_source (connected_organization_id);

CREATE TABLE connected_organization_internal_sponsor (
    connected_organization_id TEXT NOT NULL REFERENCES connected_organization (id) ON DELETE CASCADE,
    object_id TEXT NOT NULL,
    PRIMARY KEY (connected_organization_id, object_id)
);
CREATE INDEX connected_organization_internal_sponsor_reverse ON connected_organization_internal_sponsor (object_id);

CREATE TABLE connected_organization_external_sponsor (
    connected_organization_id TEXT NOT NULL REFERENCES connected_organization (id) ON DELETE CASCADE,
    object_id TEXT NOT NULL,
    PRIMARY KEY (connected_organization_id, object_id)
);
CREATE INDEX connected_organization_external_sponsor_reverse ON connected_organization_external_sponsor (object_id);

-- Which guest belongs to which organization now: an identity says more than a mail address. The column of `subject` is
-- what this view said when the guest or the organization last changed.
CREATE VIEW connected_organization_guest AS
    SELECT guest.id AS object_id, COALESCE(
        (SELECT source.connected_organization_id
         FROM json_each(
             CASE json_type(guest.details, '$.identities')
                 WHEN 'array' THEN json_extract(guest.details, '$.identities')
                 ELSE '[]'
             END) identity
         JOIN connected_organization_source source
             ON source.kind = 'issuer' AND INSTR(
                 CASE json_type(guest.details, '$.identities[' || identity.key || '].issuer')
                     WHEN 'text'
                         THEN LOWER(json_extract(guest.details, '$.identities[' || identity.key || '].issuer'))
                 END, source.value) > 0
         ORDER BY LENGTH(source.value) DESC, source.value LIMIT 1),
        (SELECT source.connected_organization_id FROM connected_organization_source source
         WHERE source.kind = 'domain' AND source.value = LOWER(SUBSTR(guest.mail, INSTR(guest.mail, '@') + 1)))
    ) AS connected_organization_id
    FROM directory_user guest
    WHERE guest.deleted_at IS NULL AND LOWER(guest.user_type) = 'guest';
-- Words are kept as v1.0 spells them.
UPDATE subject SET subject_type = 'user' WHERE subject_type = 'User';
UPDATE subject SET subject_type = 'servicePrincipal' WHERE subject_type = 'ServicePrincipal';
CREATE INDEX subject_connected_organization ON subject (connected_organization_id);

-- The settings of the tenant: exactly one row.
CREATE TABLE entitlement_settings (
    id TEXT NOT NULL PRIMARY KEY,
    external_user_lifecycle_action TEXT NOT NULL,
    external_user_deleted_after BIGINT,
    version BIGINT NOT NULL
);
-- EX-6: blocked and deleted after thirty days.
INSERT INTO entitlement_settings VALUES ('entitlementManagement', 'blockSignInAndDelete', 2592000000000, 1);

CREATE TABLE control_configuration (
    id TEXT NOT NULL PRIMARY KEY,
    -- The name of its type.
    object_type TEXT NOT NULL UNIQUE,
    is_enabled BOOLEAN NOT NULL,
    is_approval_required BOOLEAN,
    minimum_risk_level TEXT,
    related_people_insight_level TEXT,
    show_approver_details_to_members BOOLEAN,
    created_by TEXT,
    created_at BIGINT,
    modified_by TEXT,
    modified_at BIGINT,
    version BIGINT NOT NULL
);
INSERT INTO control_configuration (id, object_type, is_enabled, is_approval_required, minimum_risk_level,
    related_people_insight_level, show_approver_details_to_members, version)
VALUES
    ('7c1f5a0e-93d2-4b6a-8a41-5d0c2e7b1f01', 'insiderRiskyUserApproval', FALSE, FALSE, 'elevated', NULL, NULL, 1),
    ('7c1f5a0e-93d2-4b6a-8a41-5d0c2e7b1f02', 'entraIdProtectionRiskyUserApproval', FALSE, FALSE, 'high', NULL, NULL, 1),
    ('7c1f5a0e-93d2-4b6a-8a41-5d0c2e7b1f03', 'endUserSettings', TRUE, NULL, NULL, 'disabled', FALSE, 1);

CREATE TABLE external_connector (
    id TEXT NOT NULL PRIMARY KEY,
    display_name TEXT NOT NULL,
    description TEXT,
    connector_type TEXT NOT NULL,
    -- As the wire shows it. It names where secrets are kept, and holds none.
    connection_info TEXT,
    created_by TEXT,
    created_at BIGINT NOT NULL,
    modified_by TEXT,
    modified_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX external_connector_order ON external_connector (display_name, id);
ALTER TABLE resource ADD COLUMN external_connector_id TEXT REFERENCES external_connector (id);
CREATE INDEX resource_external_connector ON resource (external_connector_id);
