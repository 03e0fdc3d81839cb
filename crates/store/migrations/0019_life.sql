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
