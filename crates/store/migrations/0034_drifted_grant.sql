-- What has drifted (L8): it shall be there and is not, is there and shall not be, or was to be taken away, was given up, and
-- was not seen to be gone. Said once, here: the view says the words that the index says, so that both databases see that
-- the one is the other. The index holds what lists and counts look at; it has a row for what has drifted alone.
CREATE INDEX ledger_drifted ON ledger (created_at DESC, id, target, desired, observed, phase, operation, observed_at, error_at)
WHERE (phase = 'settled' AND desired = TRUE AND observed <> 'present')
    OR (phase = 'settled' AND desired = FALSE AND observed = 'present')
    OR (phase = 'needsAttention' AND desired = FALSE AND operation = 'remove' AND observed <> 'absent');
DROP INDEX ledger_drift;

CREATE VIEW drifted_grant AS
SELECT id, subject_id, origin_system, resource_origin_id, role_origin_id, scope_origin_id, desired, observed, observed_at,
    observed_by, preexisting, phase, operation, target, attempts, next_attempt_at, error_code, error_message, error_at,
    created_at, version
FROM ledger
WHERE (phase = 'settled' AND desired = TRUE AND observed <> 'present')
    OR (phase = 'settled' AND desired = FALSE AND observed = 'present')
    OR (phase = 'needsAttention' AND desired = FALSE AND operation = 'remove' AND observed <> 'absent');
