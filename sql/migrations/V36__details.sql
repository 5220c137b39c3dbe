-- Why: banks keep more about a client than its profile says, and more about an account: legal names, savings goals, tax numbers.

CREATE TABLE profile_details (
    profile_id INTEGER PRIMARY KEY REFERENCES profiles (id), -- the client
    tax_id TEXT,                           -- its number as a tax payer, never shown in full; none: not known
    details TEXT NOT NULL                  -- phones, addresses, birth, consents and the like, JSON; what is not known is left out
) STRICT;

CREATE INDEX profile_details_by_tax_id ON profile_details (tax_id) WHERE tax_id IS NOT NULL;

CREATE TABLE account_details (
    account_id INTEGER PRIMARY KEY REFERENCES accounts (id), -- the account
    legal_name_1 TEXT,                     -- legal name; none: none
    legal_name_2 TEXT,                     -- second legal name, or the rest of a long one; none: none
    sub_category TEXT,                     -- the caller's own classification within the category; none: none
    target_minor INTEGER CHECK (target_minor > 0), -- what the client wants to have available; none: no goal
    target_at INTEGER,                     -- by when the client wants to have it; none: no date
    target_met_at INTEGER,                 -- when that much was available first; none: never so far
    is_kept INTEGER CHECK (is_kept = 1),   -- 1: the client cannot close it; none: it can
    all_external INTEGER CHECK (all_external = 1), -- 1: it may pay to and collect from external accounts of all clients; none: only of its owner
    close_reason TEXT,                     -- why the client closed it, one word; none: not closed, or not said
    close_notes TEXT                       -- the same in the caller's words; none: none
) STRICT;

ALTER TABLE books ADD COLUMN
    target_minor INTEGER; -- of a client account: the available amount whose first time is still to be noted; none: nothing to note
