-- Why: events are sent to receivers, in order, until each has taken them.

CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY,                -- serial, from the counter of changes of webhooks
    uuid BLOB NOT NULL UNIQUE,             -- public id
    api TEXT NOT NULL,                     -- the API whose form its events have, such as native
    principal_id INTEGER NOT NULL REFERENCES principals (id), -- who made it or changed it last
    tags TEXT,                             -- JSON array of the tags that limited the maker, and limit its events; none: all
    address TEXT NOT NULL,                 -- URL of the receiver
    types TEXT NOT NULL,                   -- JSON array of types of events in the words of the API; empty: all
    title TEXT NOT NULL,                   -- what it is for
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)), -- whether it gets events
    delay_ms INTEGER,                      -- how long events are collected for one request; none: not at all
    package_bytes INTEGER,                 -- the size at which a request is full; none: one event each
    paused_at INTEGER,                     -- when the server disabled it because of its receiver or its maker
    created_at INTEGER NOT NULL,           -- when it was made
    updated_at INTEGER NOT NULL            -- when it was changed last
) STRICT;

CREATE TABLE webhook_secrets (
    id INTEGER PRIMARY KEY,                -- row of the secret
    webhook_id INTEGER NOT NULL REFERENCES webhooks (id), -- the webhook
    sealed_secret BLOB NOT NULL,           -- what signs its requests, sealed with the installation key
    created_at INTEGER NOT NULL,           -- when it was made
    ends_at INTEGER                        -- when it signs no more, by the machine's clock; none: not yet replaced
) STRICT;

CREATE TABLE webhook_deliveries (
    webhook_id INTEGER NOT NULL,           -- the webhook; it may be deleted
    event_seq INTEGER NOT NULL,            -- the event; 0: a test
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')), -- whether the receiver has it
    tries INTEGER NOT NULL,                -- how often it was sent
    attempts TEXT NOT NULL,                -- the latest of them, JSON: at, status, duration_ms and error of each
    first_at INTEGER NOT NULL,             -- when the present series of attempts began
    last_at INTEGER NOT NULL,              -- when it was sent last
    next_at INTEGER,                       -- when it is sent again
    PRIMARY KEY (webhook_id, event_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_orders (
    id INTEGER PRIMARY KEY,                -- in the order of arrival, from the counter of changes of webhooks
    webhook_id INTEGER NOT NULL REFERENCES webhooks (id), -- the webhook
    event_seq INTEGER NOT NULL             -- the event that is sent once, outside of the order; 0: a test
) STRICT;

ALTER TABLE event_consumers ADD COLUMN
    run INTEGER NOT NULL -- rises when it is set to another event; what was done before then does not move it
    DEFAULT 0;
