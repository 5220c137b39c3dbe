-- Why: events can be read, followed and pruned; a checkpoint says what the balances were where the kept events begin.

CREATE TABLE event_checkpoint (
    id INTEGER PRIMARY KEY CHECK (id = 1), -- always 1: there is one row
    seq INTEGER NOT NULL,                  -- the last event that the balances of event_checkpoint_books include
    entry_seq INTEGER NOT NULL             -- the last entry that was told by then
) STRICT;

CREATE TABLE event_checkpoint_books (
    book_id INTEGER PRIMARY KEY REFERENCES books (id), -- the book
    balance_minor INTEGER NOT NULL,        -- its balance as of the checkpoint
    held_minor INTEGER NOT NULL,           -- what was held
    uncleared_minor INTEGER NOT NULL,      -- what was not available yet
    pending_minor INTEGER NOT NULL,        -- what was announced
    credit_minor INTEGER NOT NULL          -- its trading credit, zero or more
) STRICT;

CREATE TABLE event_consumers (
    name TEXT PRIMARY KEY,                 -- who passes events on, such as webhooks
    delivered_seq INTEGER NOT NULL         -- the last event that it is done with; later ones are not pruned
) STRICT, WITHOUT ROWID;

ALTER TABLE audit_log ADD COLUMN last_event_seq INTEGER /* the last event of it */;

-- Events of before do not say all balances: they can be read, and rebuilding begins after them.
INSERT INTO event_checkpoint (id, seq, entry_seq)
SELECT 1, (SELECT coalesce(max(seq), 0) FROM events), (SELECT coalesce(max(seq), 0) FROM entries);

INSERT INTO event_checkpoint_books (book_id, balance_minor, held_minor, uncleared_minor, pending_minor, credit_minor)
SELECT id, balance_minor, held_minor, uncleared_minor, pending_minor,
       CASE WHEN role = 'client' THEN max(credit_net_minor, 0) ELSE 0 END
FROM books;

-- Personal data and comments must be erasable, so events do not hold them any more.
UPDATE events SET payload = json_remove(payload, '$.reason') WHERE type LIKE 'movement.%';
UPDATE events SET payload = json_remove(payload, '$.details') WHERE type LIKE 'profile.%';
UPDATE events SET payload = json_remove(payload, '$.labels') WHERE type LIKE 'profile.%' OR type LIKE 'account.%';
