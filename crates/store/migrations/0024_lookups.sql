-- People are looked up by what the tokens of other issuers, and invitations, know of them.
CREATE INDEX directory_user_mail ON directory_user (LOWER(mail));
CREATE INDEX directory_user_employee ON directory_user (employee_id) WHERE employee_id IS NOT NULL;

-- audit_event_target answers all that this one did.
DROP INDEX audit_event_object;
