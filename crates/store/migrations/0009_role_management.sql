-- Role management: what is built in, as views of constants, and what is read of role assignments in other shapes.
-- Reeve activates no role for a time: each role assignment is its own schedule and its own instance, and nobody is
-- merely eligible. The views without rows keep those collections readable.

-- The roles of entitlement management. What they may do is what the table of `auth` grants them; a test compares.
CREATE VIEW role_definition AS
SELECT 'ba92d953-d8e0-4e39-a797-0cbedb0a89e8' AS id,
    'Catalog creator' AS display_name,
    'Creates catalogs and becomes the owner of each catalog it creates.' AS description,
    '["microsoft.entitlementManagement/catalogs/create"]' AS allowed_actions,
    -- No role inherits from another.
    CAST(NULL AS TEXT) AS inherited_by
UNION ALL SELECT 'b8689881-cdeb-4adf-a22d-efe9aa18576d',
    'Connected Organization Administrator',
    'Manages connected organizations and their sponsors.',
    '["microsoft.entitlementManagement/connectedOrganizations/allProperties/read",
    "microsoft.entitlementManagement/connectedOrganizations/allTasks"]',
    CAST(NULL AS TEXT)
UNION ALL SELECT 'ae79f266-94d4-4dab-b730-feca7e132178',
    'Catalog owner',
    'Manages everything in a catalog: resources, roles, access packages and assignments.',
    '["microsoft.entitlementManagement/catalogs/allProperties/read",
    "microsoft.entitlementManagement/catalogs/allTasks",
    "microsoft.entitlementManagement/resources/allTasks",
    "microsoft.entitlementManagement/catalogs/roleAssignments/allTasks",
    "microsoft.entitlementManagement/accessPackages/allTasks",
    "microsoft.entitlementManagement/accessPackages/move",
    "microsoft.entitlementManagement/assignmentPolicies/allTasks",
    "microsoft.entitlementManagement/assignmentPolicies/allProperties/read",
    "microsoft.entitlementManagement/assignments/allProperties/read",
    "microsoft.entitlementManagement/assignmentRequests/create",
    "microsoft.entitlementManagement/assignmentRequests/cancel",
    "microsoft.entitlementManagement/assignmentRequests/reprocess",
    "microsoft.entitlementManagement/assignmentRequests/resume",
    "microsoft.entitlementManagement/assignmentRequests/delete",
    "microsoft.entitlementManagement/customExtensions/allTasks",
    "microsoft.entitlementManagement/subjects/lifecycle/update",
    "microsoft.entitlementManagement/uploadSessions/allTasks"]',
    CAST(NULL AS TEXT)
UNION ALL SELECT '44272f93-9762-48e8-af59-1b5351b1d6b3',
    'Catalog reader',
    'Reads everything in a catalog.',
    '["microsoft.entitlementManagement/catalogs/allProperties/read",
    "microsoft.entitlementManagement/assignmentPolicies/allProperties/read",
    "microsoft.entitlementManagement/assignments/allProperties/read"]',
    CAST(NULL AS TEXT)
UNION ALL SELECT '7f480852-ebdc-47d4-87de-0d8498384a83',
    'Access package manager',
    'Manages the access packages, policies and assignments of a catalog.',
    '["microsoft.entitlementManagement/catalogs/allProperties/read",
    "microsoft.entitlementManagement/accessPackages/allTasks",
    "microsoft.entitlementManagement/accessPackages/move",
    "microsoft.entitlementManagement/assignmentPolicies/allTasks",
    "microsoft.entitlementManagement/assignmentPolicies/allProperties/read",
    "microsoft.entitlementManagement/assignments/allProperties/read",
    "microsoft.entitlementManagement/assignmentRequests/create",
    "microsoft.entitlementManagement/assignmentRequests/cancel",
    "microsoft.entitlementManagement/assignmentRequests/reprocess",
    "microsoft.entitlementManagement/assignmentRequests/resume",
    "microsoft.entitlementManagement/assignmentRequests/delete",
    "microsoft.entitlementManagement/subjects/lifecycle/update"]',
    CAST(NULL AS TEXT)
UNION ALL SELECT 'e2182095-804a-4656-ae11-64734e9b7ae5',
    'Access package assignment manager',
    'Manages the assignments and requests of a catalog''s access packages.',
    '["microsoft.entitlementManagement/catalogs/allProperties/read",
    "microsoft.entitlementManagement/assignmentPolicies/allProperties/read",
    "microsoft.entitlementManagement/assignments/allProperties/read",
    "microsoft.entitlementManagement/assignmentRequests/create",
    "microsoft.entitlementManagement/assignmentRequests/cancel",
    "microsoft.entitlementManagement/assignmentRequests/reprocess",
    "microsoft.entitlementManagement/assignmentRequests/resume",
    "microsoft.entitlementManagement/assignmentRequests/delete",
    "microsoft.entitlementManagement/subjects/lifecycle/update"]',
    CAST(NULL AS TEXT);

-- Roles of one's own cannot be made, so none is ever deleted.
CREATE VIEW deleted_role_definition AS
SELECT role_definition.*, 'deletedItems' AS container FROM role_definition WHERE 1 = 0;

-- The two single objects that collections hang from.
CREATE VIEW role_deleted_items AS SELECT 'deletedItems' AS id;
CREATE VIEW role_application AS SELECT 'entitlementManagement' AS id;

CREATE VIEW role_resource_namespace AS SELECT 'microsoft.entitlementManagement' AS id;

CREATE VIEW role_resource_action AS
SELECT 'microsoft.entitlementManagement-catalogs-allProperties-read' AS id,
    'microsoft.entitlementManagement' AS namespace_id,
    'microsoft.entitlementManagement/catalogs/allProperties/read' AS name,
    'GET' AS action_verb,
    'Read catalogs, their resources, access packages and role assignments.' AS description
UNION ALL SELECT 'microsoft.entitlementManagement-catalogs-create', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/catalogs/create', 'POST',
    'Create catalogs.'
UNION ALL SELECT 'microsoft.entitlementManagement-catalogs-allTasks', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/catalogs/allTasks', CAST(NULL AS TEXT),
    'Update and delete catalogs.'
UNION ALL SELECT 'microsoft.entitlementManagement-resources-allTasks', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/resources/allTasks', CAST(NULL AS TEXT),
    'Add, update, refresh and remove the resources of catalogs.'
UNION ALL SELECT 'microsoft.entitlementManagement-catalogs-roleAssignments-allTasks', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/catalogs/roleAssignments/allTasks', CAST(NULL AS TEXT),
    'Assign roles in catalogs.'
UNION ALL SELECT 'microsoft.entitlementManagement-roleAssignments-allTasks', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/roleAssignments/allTasks', CAST(NULL AS TEXT),
    'Assign roles for the whole tenant.'
UNION ALL SELECT 'microsoft.entitlementManagement-accessPackages-allTasks', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/accessPackages/allTasks', CAST(NULL AS TEXT),
    'Create, update and delete access packages and what is in them.'
UNION ALL SELECT 'microsoft.entitlementManagement-accessPackages-move', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/accessPackages/move', 'POST',
    'Move access packages to another catalog.'
UNION ALL SELECT 'microsoft.entitlementManagement-assignmentPolicies-allTasks', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/assignmentPolicies/allTasks', CAST(NULL AS TEXT),
    'Create, update and delete assignment policies.'
UNION ALL SELECT 'microsoft.entitlementManagement-assignmentPolicies-automatic-allTasks', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/assignmentPolicies/automatic/allTasks', CAST(NULL AS TEXT),
    'Create, update and delete policies that assign by rule.'
UNION ALL SELECT 'microsoft.entitlementManagement-assignmentPolicies-allProperties-read', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/assignmentPolicies/allProperties/read', 'GET',
    'Read assignment policies.'
UNION ALL SELECT 'microsoft.entitlementManagement-assignments-allProperties-read', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/assignments/allProperties/read', 'GET',
    'Read assignments and assignment requests.'
UNION ALL SELECT 'microsoft.entitlementManagement-assignmentRequests-create', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/assignmentRequests/create', 'POST',
    'Add, change and remove assignments of others.'
UNION ALL SELECT 'microsoft.entitlementManagement-assignmentRequests-cancel', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/assignmentRequests/cancel', 'POST',
    'Cancel assignment requests of others.'
UNION ALL SELECT 'microsoft.entitlementManagement-assignmentRequests-reprocess', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/assignmentRequests/reprocess', 'POST',
    'Reprocess assignments and assignment requests.'
UNION ALL SELECT 'microsoft.entitlementManagement-assignmentRequests-resume', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/assignmentRequests/resume', 'POST',
    'Resume assignment requests that wait for an extension.'
UNION ALL SELECT 'microsoft.entitlementManagement-assignmentRequests-delete', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/assignmentRequests/delete', 'DELETE',
    'Delete assignment requests.'
UNION ALL SELECT 'microsoft.entitlementManagement-customExtensions-allTasks', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/customExtensions/allTasks', CAST(NULL AS TEXT),
    'Create, update and delete custom extensions.'
UNION ALL SELECT 'microsoft.entitlementManagement-connectedOrganizations-allProperties-read', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/connectedOrganizations/allProperties/read', 'GET',
    'Read connected organizations and their sponsors.'
UNION ALL SELECT 'microsoft.entitlementManagement-connectedOrganizations-allTasks', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/connectedOrganizations/allTasks', CAST(NULL AS TEXT),
    'Create, update and delete connected organizations and their sponsors.'
UNION ALL SELECT 'microsoft.entitlementManagement-settings-allProperties-read', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/settings/allProperties/read', 'GET',
    'Read the settings of entitlement management.'
UNION ALL SELECT 'microsoft.entitlementManagement-settings-allTasks', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/settings/allTasks', CAST(NULL AS TEXT),
    'Change the settings of entitlement management.'
UNION ALL SELECT 'microsoft.entitlementManagement-subjects-lifecycle-update', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/subjects/lifecycle/update', 'PATCH',
    'Change the life cycle of external subjects.'
UNION ALL SELECT 'microsoft.entitlementManagement-uploadSessions-allTasks', 'microsoft.entitlementManagement',
    'microsoft.entitlementManagement/uploadSessions/allTasks', CAST(NULL AS TEXT),
    'Upload the data of resources.';

-- Where a role may count: the tenant, and each catalog.
CREATE VIEW app_scope AS
SELECT '/' AS id, 'Tenant' AS display_name, 'Tenant' AS scope_type, CAST(NULL AS TEXT) AS catalog_id
UNION ALL SELECT '/AccessPackageCatalog/' || id, display_name, 'AccessPackageCatalog', id FROM catalog;

-- Who holds a role, directly or as a member of a group that holds it.
CREATE VIEW role_assignment_holder AS
WITH RECURSIVE held (assignment_id, principal_id) AS (
    SELECT id, principal_id FROM role_assignment
    UNION
    SELECT held.assignment_id, group_member.member_id
    FROM held JOIN group_member ON group_member.group_id = held.principal_id
)
SELECT held.assignment_id || '_' || held.principal_id AS id, held.assignment_id, held.principal_id,
    role_assignment.role_definition_id, role_assignment.catalog_id
FROM held JOIN role_assignment ON role_assignment.id = held.assignment_id;

CREATE VIEW transitive_role_assignment AS SELECT * FROM role_assignment;

-- Requests to assign or remove a role, kept as a record of what was done at once.
CREATE TABLE role_assignment_schedule_request (
    id TEXT NOT NULL PRIMARY KEY,
    -- `adminAssign` or `adminRemove`.
    action TEXT NOT NULL,
    -- `Provisioned` or `Revoked`.
    status TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    role_definition_id TEXT NOT NULL,
    directory_scope_id TEXT NOT NULL,
    app_scope_id TEXT NOT NULL,
    catalog_id TEXT REFERENCES catalog (id) ON DELETE CASCADE,
    justification TEXT,
    custom_data TEXT,
    schedule_info TEXT,
    ticket_info TEXT,
    -- The role assignment that was made or removed; it may be gone.
    target_schedule_id TEXT NOT NULL,
    created_by TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX role_assignment_schedule_request_target ON role_assignment_schedule_request (target_schedule_id);
CREATE INDEX role_assignment_schedule_request_principal ON role_assignment_schedule_request (principal_id);
CREATE INDEX role_assignment_schedule_request_catalog ON role_assignment_schedule_request (catalog_id);

CREATE VIEW role_assignment_schedule AS
SELECT role_assignment.*,
    (SELECT id FROM role_assignment_schedule_request
        WHERE target_schedule_id = role_assignment.id AND action = 'adminAssign') AS created_using,
    -- No role is held by way of an eligibility.
    CAST(NULL AS TEXT) AS eligibility_id
FROM role_assignment;

CREATE VIEW role_assignment_schedule_instance AS
SELECT role_assignment.*, CAST(NULL AS TEXT) AS eligibility_id FROM role_assignment;

CREATE VIEW role_eligibility_schedule AS
SELECT role_assignment_schedule.* FROM role_assignment_schedule WHERE 1 = 0;

CREATE VIEW role_eligibility_schedule_instance AS
SELECT role_assignment_schedule_instance.* FROM role_assignment_schedule_instance WHERE 1 = 0;

CREATE VIEW role_eligibility_schedule_request AS
SELECT role_assignment_schedule_request.* FROM role_assignment_schedule_request WHERE 1 = 0;

-- Roles are assigned without asking anybody.
CREATE VIEW role_assignment_approval AS
SELECT id, created_at FROM role_assignment WHERE 1 = 0;

CREATE VIEW role_assignment_approval_step AS
SELECT id, id AS approval_id, CAST(NULL AS TEXT) AS display_name, CAST(NULL AS TEXT) AS status,
    CAST(NULL AS TEXT) AS review_result, CAST(NULL AS TEXT) AS justification,
    CAST(NULL AS TEXT) AS reviewed_by_id, created_at AS reviewed_at
FROM role_assignment WHERE 1 = 0;
