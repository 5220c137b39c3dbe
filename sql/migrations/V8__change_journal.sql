-- Why: commits are numbered, so that a copy says by itself where in the change journal it stands; a restore is remembered.

CREATE TABLE change_journal (
    id INTEGER PRIMARY KEY CHECK (id = 1), -- always 1: there is one row, and every commit changes it
    stream BLOB NOT NULL,                  -- the stream of commits that can be followed from one to the next, 16 bytes
    commit_number INTEGER NOT NULL,        -- the number of the last commit in its stream, from 1
    recorded_at INTEGER NOT NULL,          -- the moment of the last commit, which all that it recorded share
    last_entry INTEGER NOT NULL,           -- the last entry after it
    last_event INTEGER NOT NULL            -- the last event after it
) STRICT;

INSERT INTO change_journal (id, stream, commit_number, recorded_at, last_entry, last_event)
VALUES (1, zeroblob(16), 0, 0, 0, 0);

CREATE TABLE restores (
    timeline INTEGER PRIMARY KEY,          -- the timeline that it began
    restored_at INTEGER NOT NULL,          -- when it was done
    backup TEXT NOT NULL,                  -- the backup that it began with
    asked_for INTEGER,                     -- the moment that was asked for; none: the latest that can be reached
    reached_at INTEGER NOT NULL,           -- the moment of the last commit that was restored
    last_entry INTEGER NOT NULL,           -- the last entry that was restored
    last_event INTEGER NOT NULL,           -- the last event that was restored
    next_entry INTEGER NOT NULL,           -- the first entry after it; the numbers between were perhaps issued before
    next_event INTEGER NOT NULL,           -- the first event after it; likewise
    resumed_at INTEGER                     -- when jobs were let run again; none: they rest
) STRICT;

CREATE TABLE number_floors (
    table_name TEXT PRIMARY KEY,           -- the table whose rows are numbered
    floor INTEGER NOT NULL                 -- numbers up to here were perhaps issued before a restore, and are not issued again
) STRICT, WITHOUT ROWID;
