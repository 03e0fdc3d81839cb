-- Details of the life of a request.

-- What answers brought to a user (QA-6). A row stays when its assignment ends if the value is to outlive it.
CREATE TABLE user_attribute_write (
    assignment_id TEXT NOT NULL REFERENCES assignment (id) ON DELETE CASCADE,
    -- The property, as the wire spells it.
    attribute TEXT NOT NULL,
    user_id TEXT NOT NULL,
    value TEXT NOT NULL,
    is_persisted BOOLEAN NOT NULL,
    written_at BIGINT NOT NULL,
    PRIMARY KEY (assignment_id, attribute)
);
CREATE INDEX user_attribute_write_user ON user_attribute_write (user_id, attribute, written_at);

-- What a receiver may answer with in the place of a token of its own (RS-6): fingerprints of the secrets that it was sent.
CREATE TABLE callback_token (
    token_hash TEXT NOT NULL PRIMARY KEY,
    callout_id TEXT NOT NULL REFERENCES extension_callout (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE INDEX callback_token_callout ON callback_token (callout_id);

-- What ended, in the order in which it may go (RQ-26).
CREATE INDEX assignment_request_ended ON assignment_request (completed_at, id) WHERE completed_at IS NOT NULL;
CREATE INDEX assignment_ended ON assignment (expired_at, id) WHERE expired_at IS NOT NULL;
