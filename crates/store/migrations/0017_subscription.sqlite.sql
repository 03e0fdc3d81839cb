-- Subscriptions to changes, and the notifications that wait to be posted (ADR 20).

CREATE TABLE subscription (
    id TEXT NOT NULL PRIMARY KEY,
    -- As the subscriber wrote it, in which version; the collection's path, with which notifications name objects.
    resource TEXT NOT NULL,
    api_version TEXT NOT NULL,
    collection TEXT NOT NULL,
    -- Of what, and of which one alone.
    entity TEXT NOT NULL,
    object_id TEXT,
    change_types TEXT NOT NULL,
    notification_url TEXT NOT NULL,
    lifecycle_url TEXT,
    notification_url_app_id TEXT,
    client_state TEXT,
    tls_version TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- Who subscribed, through which application, and what the token said.
    creator_id TEXT NOT NULL,
    application_id TEXT,
    principal TEXT NOT NULL,
    -- Nothing is posted until the subscriber has shown a token again.
    is_suspended BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX subscription_creator ON subscription (creator_id);
CREATE INDEX subscription_expiry ON subscription (expires_at);

-- One for the notifications of a subscription, one for what befalls the subscription itself: that one outlives it. Apart from
-- the subscription, because every writer reads that, and only those who post write this.
CREATE TABLE change_feed (
    id TEXT NOT NULL PRIMARY KEY,
    subscription_id TEXT NOT NULL,
    is_lifecycle BOOLEAN NOT NULL,
    url TEXT NOT NULL,
    -- For whom the tokens are that prove who posts.
    audience TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    -- Not before; and since when nothing has come through.
    due_at BIGINT NOT NULL,
    failing_since BIGINT,
    lease_owner TEXT,
    lease_until BIGINT,
    version BIGINT NOT NULL
);
CREATE INDEX change_feed_subscription ON change_feed (subscription_id);
CREATE INDEX change_feed_lease ON change_feed (lease_until) WHERE lease_until IS NOT NULL;

CREATE TABLE change_notification (
    position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    feed_id TEXT NOT NULL REFERENCES change_feed (id) ON DELETE CASCADE,
    change TEXT NOT NULL,
    object_id TEXT,
    -- The whole notification, where it is about the subscription.
    document TEXT
);
CREATE INDEX change_notification_feed ON change_notification (feed_id, position);
