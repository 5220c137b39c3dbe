-- Why: events refer to rows and keep only what cannot be read there, in minor units; they no longer speak for one API.

-- Events of before stay as they were written: subscribers have them so, and they go on proving balances.
CREATE TABLE neutral_events (
    seq INTEGER PRIMARY KEY,               -- sequence number, from 1; gaps only where a restore has left numbers out
    type TEXT NOT NULL,                    -- what happened, such as account.opened
    subject_id INTEGER                     -- row of a profile, account, movement, entry or restore; none: installation
        CHECK (subject_id IS NOT NULL OR type IN ('reference.changed', 'restore.applied', 'restore.resumed')),
    profile_id INTEGER REFERENCES profiles (id), -- the client whose tags decide who sees it; none: no client
    principal_id INTEGER NOT NULL REFERENCES principals (id), -- who did it
    recorded_at INTEGER NOT NULL,          -- when
    payload_version INTEGER NOT NULL,      -- 0: JSON as the native API showed it; 1: a snapshot
    payload TEXT                           -- what the event keeps beside its subject, JSON; none: nothing
) STRICT;

INSERT INTO neutral_events (seq, type, subject_id, profile_id, principal_id, recorded_at, payload_version, payload)
SELECT e.seq, e.type, coalesce(n.seq, m.id, a.id, p.id), e.profile_id, e.principal_id, e.recorded_at, 0, e.payload
FROM events e
LEFT JOIN entries n ON n.uuid = e.object_uuid AND e.type = 'entry.posted'
LEFT JOIN movements m ON m.uuid = e.object_uuid AND e.type IN ('movement.requested', 'movement.changed')
LEFT JOIN accounts a ON a.uuid = e.object_uuid AND e.type GLOB 'account.*'
LEFT JOIN profiles p ON p.uuid = e.object_uuid AND e.type GLOB 'profile.*'
ORDER BY e.seq;

DROP TABLE events;

ALTER TABLE neutral_events RENAME TO events;
