-- Browsers in which somebody is signed in to the portal. What the browser keeps is a secret; here is its hash alone.

CREATE TABLE portal_session (
    secret_hash TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL,
    -- The directory roles that the issuer named when they signed in, with spaces between.
    directory_roles TEXT NOT NULL,
    signed_in_at BIGINT NOT NULL,
    -- When the browser came last, give or take a minute.
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX portal_session_user ON portal_session (user_id);
CREATE INDEX portal_session_end ON portal_session (expires_at);
