-- What an outside directory that feeds this one by SCIM calls its users and groups.

CREATE TABLE user_provisioning (
    id TEXT NOT NULL PRIMARY KEY REFERENCES directory_user (id) ON DELETE CASCADE,
    external_id TEXT,
    -- A user name that cannot be a sign-in name, and the sign-in name that was made of it: the one stands for the other
    -- as long as the user has it.
    user_name TEXT,
    -- The same in lower case: what is looked up.
    user_name_key TEXT,
    sign_in_name TEXT
);
CREATE INDEX user_provisioning_name ON user_provisioning (user_name_key);
CREATE INDEX user_provisioning_external ON user_provisioning (external_id);

CREATE TABLE group_provisioning (
    id TEXT NOT NULL PRIMARY KEY REFERENCES directory_group (id) ON DELETE CASCADE,
    external_id TEXT
);
CREATE INDEX group_provisioning_external ON group_provisioning (external_id);

-- Users as provisioning sees them. When an object was changed last is what the audit trail says.
CREATE VIEW provisioned_user AS
    SELECT u.id, u.user_principal_name_key,
        COALESCE(CASE WHEN p.sign_in_name = u.user_principal_name THEN p.user_name END, u.user_principal_name)
            AS user_name,
        p.user_name_key AS alias_key, p.external_id, u.display_name, u.given_name, u.surname, u.mail, u.user_type, u.account_enabled, u.job_title,
        u.department, u.company_name, u.employee_id, u.mobile_phone, u.preferred_language, u.details, u.manager_id,
        u.created_at,
        COALESCE((SELECT MAX(e.happened_at) FROM audit_event e WHERE e.object_id = u.id), u.created_at)
            AS modified_at,
        u.version
    FROM directory_user u LEFT JOIN user_provisioning p ON p.id = u.id
    WHERE u.deleted_at IS NULL;

CREATE VIEW provisioned_group AS
    SELECT g.id, g.display_name, p.external_id, g.created_at,
        COALESCE((SELECT MAX(e.happened_at) FROM audit_event e WHERE e.object_id = g.id), g.created_at)
            AS modified_at,
        g.version
    FROM directory_group g LEFT JOIN group_provisioning p ON p.id = g.id;
