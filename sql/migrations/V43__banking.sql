-- Why: banks take money from accounts of clients elsewhere, also regularly, and take a fee for many withdrawals.

CREATE TABLE external_accounts (
    id INTEGER PRIMARY KEY,                -- serial, from the counter that it shares with accounts
    uuid BLOB NOT NULL UNIQUE,             -- public id
    profile_id INTEGER NOT NULL REFERENCES profiles (id), -- whose it is
    kind TEXT NOT NULL CHECK (kind = 'checking' OR kind = 'savings'), -- what it is
    routing_number TEXT NOT NULL,          -- of its bank; empty: erased
    number TEXT NOT NULL,                  -- its number there; empty: erased
    first_name TEXT NOT NULL,              -- of its holder; empty: a company holds it, or erased
    last_name TEXT NOT NULL,               -- likewise
    business_name TEXT NOT NULL,           -- the company that holds it; empty: a person does, or erased
    nickname TEXT NOT NULL,                -- what the client calls it; empty: nothing
    reference TEXT CHECK (reference <> ''), -- the caller's own id of it; none: it has none
    custom_fields TEXT,                    -- JSON object of texts by name; none: none
    status TEXT NOT NULL                   -- whether money may go from and to it
        CHECK (status = 'unverified' OR status = 'verify_locked' OR status = 'verified' OR status = 'archived'),
    status_at INTEGER NOT NULL,            -- since when it has the status
    amount_1 INTEGER CHECK (amount_1 BETWEEN 1 AND 99), -- first deposit that verifies it, in hundredths of a unit; none: none was needed
    amount_2 INTEGER CHECK (amount_2 BETWEEN 1 AND 99), -- second one
    tries INTEGER NOT NULL CHECK (tries >= 0), -- wrong amounts that were told
    created_at INTEGER NOT NULL,           -- when it was added
    updated_at INTEGER NOT NULL            -- when it last changed
) STRICT;

CREATE INDEX external_accounts_by_profile ON external_accounts (profile_id);

CREATE UNIQUE INDEX external_accounts_reference ON external_accounts (reference) WHERE reference IS NOT NULL;

ALTER TABLE movements ADD COLUMN
    external_id INTEGER REFERENCES external_accounts (id); -- of a deposit or withdrawal, the account elsewhere; none: not said

ALTER TABLE movements ADD COLUMN
    step TEXT -- of one with an account elsewhere that is not decided, what its bank has done; none: nothing
    CHECK (step = 'delayed' OR step = 'sent');

CREATE INDEX movements_external ON movements (external_id, id) WHERE external_id IS NOT NULL;

CREATE TABLE contribution_plans (
    account_id INTEGER PRIMARY KEY REFERENCES accounts (id), -- the account that gets the money
    kind TEXT CHECK (kind = 'monthly' OR kind = 'bi_weekly'), -- how often; none: the plan is off
    amount_minor INTEGER CHECK (amount_minor > 0), -- how much, in the account's currency; none: not said yet
    external_id INTEGER REFERENCES external_accounts (id), -- the account that pays; none: not said yet
    start_on TEXT,                         -- earliest day, yyyy-mm-dd in the programme's time zone; none: not said yet
    end_on TEXT,                           -- last day; none: no end
    next_on TEXT,                          -- day of the next contribution; none: none to come
    runs INTEGER NOT NULL CHECK (runs >= 0), -- contributions that were announced
    failures INTEGER NOT NULL CHECK (failures >= 0), -- days on which none could be
    last_failure TEXT,                     -- reason of the last day if it was one of these; none: it was not
    created_at INTEGER NOT NULL,           -- when it was first set
    updated_at INTEGER NOT NULL            -- when it last changed
) STRICT;

CREATE TABLE withdrawal_months (
    account_id INTEGER NOT NULL REFERENCES accounts (id), -- an account whose product takes a fee for withdrawals
    month INTEGER NOT NULL,                -- year and month in the programme's time zone, such as 202611
    withdrawals INTEGER NOT NULL CHECK (withdrawals > 0), -- payments and transfers that left it in the month
    fee_minor INTEGER CHECK (fee_minor >= 0), -- the fee that was posted after the month; none: not yet
    PRIMARY KEY (account_id, month)
) STRICT, WITHOUT ROWID;
