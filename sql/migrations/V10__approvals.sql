-- Why: a client can be in review, denied, deceased or archived, and an account can wait for approval.

ALTER TABLE profiles ADD COLUMN
    status TEXT -- where the client stands with the broker; clients from before this was kept are verified
    NOT NULL DEFAULT 'verified' CHECK (status IN ('pending', 'verified', 'denied', 'deceased', 'archived'));

ALTER TABLE profiles ADD COLUMN
    deceased_on TEXT -- day of death, yyyy-mm-dd; none: not known to be dead
    CHECK (status <> 'deceased' OR deceased_on IS NOT NULL);

ALTER TABLE profiles ADD COLUMN
    created_by INTEGER -- who created it; none: from before this was kept
    REFERENCES principals (id);

CREATE TABLE account_requests (
    account_id INTEGER PRIMARY KEY REFERENCES accounts (id), -- an account that was not opened for use at once
    awaits TEXT NOT NULL CHECK (awaits IN ('client', 'operator')), -- the review of its client, or an approval of its own
    requested_by INTEGER NOT NULL REFERENCES principals (id), -- who opened it
    approved_by INTEGER REFERENCES principals (id), -- who let it be used; none: nobody yet
    approved_at INTEGER,                   -- when
    CHECK ((approved_by IS NULL) = (approved_at IS NULL))
) STRICT;
