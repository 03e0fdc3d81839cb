-- What ends soon is paged in the order of its end; the index before had no way to go on among those that end together.
CREATE INDEX assignment_ending ON assignment (ends_at, id) WHERE ends_at IS NOT NULL AND state <> 'expired';
DROP INDEX assignment_due;
