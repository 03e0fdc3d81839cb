-- Applications as they are registered. What the directory shows of one in use is the service principal of its client id.

CREATE TABLE application (
    id TEXT NOT NULL PRIMARY KEY,
    app_id TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    description TEXT,
    -- The roles that it offers, in the shape of the wire.
    app_roles TEXT NOT NULL,
    details TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX application_order ON application (display_name, id);
