-- People from outside: known by an address before they are in the directory, and gone from it after their last access.

-- The mail address, in lower case, of a subject that the directory does not know yet: one subject for each address.
ALTER TABLE subject ADD COLUMN address_key TEXT;
CREATE UNIQUE INDEX subject_address ON subject (address_key);
-- The account is to be looked at, because access came or went.
ALTER TABLE subject ADD COLUMN look_at BIGINT;
CREATE INDEX subject_look ON subject (look_at) WHERE look_at IS NOT NULL;
-- When the account is deleted (EX-6), and whether it was Reeve that blocked its sign-in (EX-8).
ALTER TABLE subject ADD COLUMN cleanup_at BIGINT;
ALTER TABLE subject ADD COLUMN blocked_here BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX subject_cleanup ON subject (cleanup_at) WHERE cleanup_at IS NOT NULL;

-- Requests that are delivered as soon as the directory knows their target (EX-4, RP-35).
CREATE TABLE guest_wait (
    request_id TEXT NOT NULL PRIMARY KEY REFERENCES assignment_request (id) ON DELETE CASCADE,
    subject_id TEXT NOT NULL REFERENCES subject (id),
    ends_at BIGINT NOT NULL
);
CREATE INDEX guest_wait_end ON guest_wait (ends_at);
CREATE INDEX guest_wait_subject ON guest_wait (subject_id);

-- Users who were deleted and can be restored.
CREATE INDEX directory_user_deleted ON directory_user (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE VIEW deleted_user AS
    SELECT id, user_principal_name, display_name, given_name, surname, mail, mail_nickname, user_type,
        account_enabled, job_title, department, company_name, employee_id, office_location, mobile_phone,
        usage_location, preferred_language, details, created_at, deleted_at, version
    FROM directory_user WHERE deleted_at IS NOT NULL;
