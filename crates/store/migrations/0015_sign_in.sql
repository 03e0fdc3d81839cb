-- Sign-in at the development issuer. What a browser or a client keeps is a secret; here is its hash alone.

CREATE TABLE sign_in_session (
    secret_hash TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL,
    signed_in_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- What a client was given in a user's name: the family of everything that came of one sign-in.
CREATE TABLE sign_in_grant (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    -- Whether the client has to show its secret.
    needs_secret BOOLEAN NOT NULL,
    signed_in_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE TABLE sign_in_code (
    secret_hash TEXT NOT NULL PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES sign_in_grant (id) ON DELETE CASCADE,
    redirect_uri TEXT NOT NULL,
    challenge TEXT,
    nonce TEXT,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX sign_in_code_grant ON sign_in_code (grant_id);

CREATE TABLE sign_in_refresh_token (
    secret_hash TEXT NOT NULL PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES sign_in_grant (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX sign_in_refresh_token_grant ON sign_in_refresh_token (grant_id);

CREATE TABLE sign_in_device (
    secret_hash TEXT NOT NULL PRIMARY KEY,
    user_code TEXT NOT NULL UNIQUE,
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    needs_secret BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    grant_id TEXT REFERENCES sign_in_grant (id) ON DELETE CASCADE,
    -- How many seconds there have to be between two questions, and when the last one was.
    poll_seconds BIGINT NOT NULL,
    polled_at BIGINT,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sign_in_device_grant ON sign_in_device (grant_id);
