-- Why: each start of a writer is an epoch with an id, so that a copy of the database that was put back, or runs beside its original, is told from the history that it left.

CREATE TABLE epochs (
    id INTEGER PRIMARY KEY,                -- in the order in which they began
    uuid BLOB NOT NULL UNIQUE,             -- the epoch, 16 bytes
    stream BLOB NOT NULL,                  -- the stream of its commits
    parent_epoch BLOB NOT NULL,            -- the epoch that it continues; zeros: commits from before epochs were recorded
    parent_stream BLOB NOT NULL,           -- the stream of that epoch
    parent_commit INTEGER NOT NULL,        -- the last commit of that epoch that belongs to this history
    parent_at INTEGER NOT NULL,            -- the moment of that commit
    started_at INTEGER NOT NULL            -- the moment of its first commit
) STRICT;

CREATE TABLE other_histories (
    epoch BLOB NOT NULL,                   -- an epoch at a place for backups that is not, or not to its end, part of this history
    stream BLOB NOT NULL,                  -- the stream of its commits
    commit_number INTEGER NOT NULL,        -- the last commit of it that was seen
    noticed_at INTEGER NOT NULL,           -- when it was seen first
    is_superseded INTEGER NOT NULL CHECK (is_superseded IN (0, 1)), -- 1: a restore has left it behind up to that commit
    PRIMARY KEY (epoch, stream)
) STRICT, WITHOUT ROWID;

ALTER TABLE change_journal ADD COLUMN epoch BLOB NOT NULL DEFAULT x'00000000000000000000000000000000'; -- the epoch of the last commit
