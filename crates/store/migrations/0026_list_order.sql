-- Requests by who sent them, in the order in which they are listed.
CREATE INDEX assignment_request_creator ON assignment_request (created_by, created_at DESC, id);
-- Who somebody of the directory is to entitlement management, without reading the row.
CREATE INDEX subject_of_object ON subject (object_id, id);
