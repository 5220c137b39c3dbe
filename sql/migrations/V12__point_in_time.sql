-- Why: balances and statements of any past moment must be what was shown then, so what an account holds, awaits and may
-- overdraw keeps its history, and an entry can count from an earlier moment than that at which it was written.

CREATE TABLE book_figures (
    book_id INTEGER NOT NULL REFERENCES books (id), -- the book of a client account
    recorded_at INTEGER NOT NULL,          -- from when on these figures hold; never before an entry on the book
    held_minor INTEGER NOT NULL CHECK (held_minor >= 0), -- as in books; so are the next three
    uncleared_minor INTEGER NOT NULL CHECK (uncleared_minor >= 0), -- settled deposits that were not available yet
    pending_minor INTEGER NOT NULL CHECK (pending_minor >= 0), -- announced deposits
    credit_net_minor INTEGER NOT NULL,     -- net sum of its CREDIT postings
    minimum_minor INTEGER NOT NULL CHECK (minimum_minor <= 0), -- the account's own limit, as in accounts
    group_id INTEGER NOT NULL REFERENCES account_groups (id), -- the group that it was in, whose limit counts as well
    PRIMARY KEY (book_id, recorded_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE group_minimums (
    group_id INTEGER NOT NULL REFERENCES account_groups (id), -- the group
    recorded_at INTEGER NOT NULL,          -- from when on this limit holds; 0: from the first one that is known
    minimum_balance TEXT NOT NULL,         -- as in account_groups
    PRIMARY KEY (group_id, recorded_at)
) STRICT, WITHOUT ROWID;

INSERT INTO group_minimums (group_id, recorded_at, minimum_balance)
SELECT id, 0, minimum_balance
FROM account_groups;

ALTER TABLE postings ADD COLUMN effective_at INTEGER; -- as in the entry, where it counts earlier than it was recorded

CREATE INDEX postings_backdated ON postings (book_id, effective_at, entry_seq) WHERE effective_at IS NOT NULL;

-- What was before is put together from movements, postings and events. A movement that was asked for and posted in one
-- call adds and takes away at one moment, which comes to nothing.
CREATE TEMP TABLE figure_changes AS
SELECT account_id AS book_id, created_at AS at, amount_minor AS held, 0 AS uncleared, 0 AS pending, 0 AS credit,
       NULL AS minimum, NULL AS group_uuid
FROM movements
WHERE kind <> 'deposit'
UNION ALL
SELECT account_id, updated_at, -amount_minor, 0, 0, 0, NULL, NULL
FROM movements
WHERE kind <> 'deposit' AND state IN ('posted', 'voided', 'expired')
UNION ALL
SELECT account_id, created_at, 0, 0, amount_minor, 0, NULL, NULL
FROM movements
WHERE kind = 'deposit'
UNION ALL
SELECT m.account_id, coalesce(e.recorded_at, m.updated_at), 0, 0, -m.amount_minor, 0, NULL, NULL
FROM movements m
LEFT JOIN entries e ON e.seq = m.entry_seq
WHERE m.kind = 'deposit' AND m.state IN ('posted', 'voided', 'expired')
UNION ALL
SELECT m.account_id, e.recorded_at, 0, m.amount_minor, 0, 0, NULL, NULL
FROM movements m
JOIN entries e ON e.seq = m.entry_seq
WHERE m.clears_at IS NOT NULL
UNION ALL
SELECT account_id, updated_at, 0, -amount_minor, 0, 0, NULL, NULL
FROM movements
WHERE clears_at IS NOT NULL AND uncleared_minor = 0
UNION ALL
SELECT t.book_id, t.recorded_at, 0, 0, 0, t.amount_minor, NULL, NULL
FROM postings t
JOIN books b ON b.id = t.book_id AND b.role = 'client'
JOIN entries e ON e.seq = t.entry_seq
LEFT JOIN entries r ON r.seq = e.reverses_seq
WHERE e.kind = 'credit' OR r.kind = 'credit'
UNION ALL
SELECT a.id, v.recorded_at, 0, 0, 0, 0, -- Events of two forms: minor units in the older one, decimals in the newer one.
       coalesce(json_extract(v.payload, '$.balances.minimum'), CAST(replace(v.payload -> '$.minimumBalance', '.', '') AS INTEGER)),
       unhex(replace(coalesce(v.payload ->> '$.group', v.payload ->> '$.groupId'), '-', ''))
FROM events v
JOIN accounts a ON a.uuid = v.object_uuid
WHERE v.type IN ('account.opened', 'account.updated');

INSERT INTO book_figures (book_id, recorded_at, held_minor, uncleared_minor, pending_minor, credit_net_minor, minimum_minor,
                          group_id)
SELECT book_id, at, sum(held) OVER so_far, sum(uncleared) OVER so_far, sum(pending) OVER so_far, sum(credit) OVER so_far,
       coalesce((SELECT l.minimum FROM figure_changes l
                 WHERE l.book_id = s.book_id AND l.at <= s.at AND l.minimum IS NOT NULL
                 ORDER BY l.at DESC, l.rowid DESC
                 LIMIT 1), 0),
       coalesce((SELECT g.id FROM figure_changes l JOIN account_groups g ON g.uuid = l.group_uuid
                 WHERE l.book_id = s.book_id AND l.at <= s.at
                 ORDER BY l.at DESC, l.rowid DESC
                 LIMIT 1), (SELECT a.group_id FROM accounts a WHERE a.id = s.book_id))
FROM (SELECT book_id, at, sum(held) AS held, sum(uncleared) AS uncleared, sum(pending) AS pending, sum(credit) AS credit
      FROM figure_changes
      GROUP BY book_id, at) s
WINDOW so_far AS (PARTITION BY book_id ORDER BY at);

DROP TABLE figure_changes;
