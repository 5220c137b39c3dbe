-- Why: entries are the journal (what happened, in one chain), postings the ledger (what happened to one book). Each
-- entry also keeps its legs, so that the chain is verified by one scan and an entry is read without an index over
-- postings; postings are clustered by book with all that a page of history shows, so that a page is one range scan.

CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,               -- dense sequence number, from 1
    uuid BLOB NOT NULL UNIQUE,             -- public id, UUIDv7; also the id of the deal
    kind TEXT NOT NULL,                    -- what it is, such as balance or fee
    effective_at INTEGER NOT NULL,         -- when it counts
    recorded_at INTEGER NOT NULL,          -- when it was written; never decreases
    principal_id INTEGER NOT NULL REFERENCES principals (id), -- who wrote it
    tag TEXT,                              -- the caller's own reference
    reverses_seq INTEGER REFERENCES entries (seq), -- the entry that it reverses
    comment_salt BLOB,                     -- salt of comment_hash; erased together with the comment
    comment_hash BLOB,                     -- SHA-256 of salt and comment: all of the comment that the chain knows
    legs BLOB NOT NULL,                    -- book, amount, balance after: 8 bytes each, big-endian, for every posting
    hash BLOB NOT NULL                     -- SHA-256 over the predecessor's hash and this entry
) STRICT;

CREATE UNIQUE INDEX entries_reversal ON entries (reverses_seq) WHERE reverses_seq IS NOT NULL;

CREATE TABLE postings (
    book_id INTEGER NOT NULL REFERENCES books (id), -- the book
    entry_seq INTEGER NOT NULL REFERENCES entries (seq), -- the entry; at most one posting of it on a book
    amount_minor INTEGER NOT NULL CHECK (amount_minor <> 0), -- what the book gains, or loses if below zero
    balance_minor INTEGER NOT NULL,        -- the book's balance after it
    recorded_at INTEGER NOT NULL,          -- as in the entry
    kind TEXT NOT NULL,                    -- as in the entry
    entry_uuid BLOB,                       -- as in the entry; none on house books
    comment TEXT,                          -- the comment; none on house books
    PRIMARY KEY (book_id, entry_seq)
) STRICT, WITHOUT ROWID;
