-- Forms of the portal that were sent, so that one that is sent twice is done once. What tells a form from another, its
-- session and what was typed among it, is here as a hash alone.

CREATE TABLE portal_form (
    form_hash TEXT NOT NULL PRIMARY KEY,
    sent_at BIGINT NOT NULL,
    -- The address that the answer led to; none while the form is being done.
    leads_to TEXT
);
CREATE INDEX portal_form_sent ON portal_form (sent_at);
