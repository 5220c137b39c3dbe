-- Why: callers keep organizations, ledgers, instruments, portfolios and products of their own, and nest accounts in each other.

-- In all columns that are added, none means the default, so that rows of earlier versions stay as the log has them.
ALTER TABLE organizations ADD COLUMN legal_document TEXT; -- number under which it is registered; none: unknown
ALTER TABLE organizations ADD COLUMN trading_name TEXT; -- name under which it does business; none: its legal name
ALTER TABLE organizations ADD COLUMN address TEXT; -- JSON object of its postal address; none: unknown
ALTER TABLE organizations ADD COLUMN parent_id INTEGER REFERENCES organizations (id); -- organization that it belongs to; none: none
ALTER TABLE organizations ADD COLUMN status_code TEXT; -- the caller's word for its status; none: ACTIVE
ALTER TABLE organizations ADD COLUMN status_description TEXT; -- what the caller says about it; none: nothing
ALTER TABLE organizations ADD COLUMN metadata TEXT; -- JSON object of the caller's metadata, each value under its type; none: none
ALTER TABLE organizations ADD COLUMN updated_at INTEGER; -- when it was last changed; none: never
ALTER TABLE organizations ADD COLUMN deleted_at INTEGER; -- when it was deleted; none: it was not

ALTER TABLE ledgers ADD COLUMN status_code TEXT; -- as of organizations
ALTER TABLE ledgers ADD COLUMN status_description TEXT; -- as of organizations
ALTER TABLE ledgers ADD COLUMN metadata TEXT; -- as of organizations
ALTER TABLE ledgers ADD COLUMN updated_at INTEGER; -- when it was last changed; none: never
ALTER TABLE ledgers ADD COLUMN deleted_at INTEGER; -- when it was deleted; none: it was not

CREATE TABLE instruments (
    id INTEGER PRIMARY KEY,                -- serial, in order of creation
    uuid BLOB NOT NULL UNIQUE,             -- public id
    ledger_id INTEGER NOT NULL REFERENCES ledgers (id), -- a ledger that keeps accounts in the currency
    currency_id INTEGER NOT NULL REFERENCES currencies (id), -- the currency
    name TEXT NOT NULL,                    -- what callers call it
    type TEXT NOT NULL,                    -- the caller's word for its sort, such as currency or crypto
    status_code TEXT,                      -- as of organizations
    status_description TEXT,               -- as of organizations
    metadata TEXT,                         -- as of organizations
    created_at INTEGER NOT NULL,           -- when it was created
    updated_at INTEGER,                    -- when it was last changed; none: never
    deleted_at INTEGER                     -- when it was deleted; none: it was not
) STRICT;

CREATE UNIQUE INDEX instruments_living ON instruments (ledger_id, currency_id) WHERE deleted_at IS NULL;

ALTER TABLE currencies ADD COLUMN made_by_caller INTEGER -- 1: a caller made it, and the reference file does not say it; none: it does
    CHECK (made_by_caller = 1);

ALTER TABLE account_groups ADD COLUMN ledger_id INTEGER REFERENCES ledgers (id); -- ledger of a caller who made it; none: the reference file declares it
ALTER TABLE account_groups ADD COLUMN is_ledger_default INTEGER -- 1: its accounts have no product; none: it is one
    CHECK (is_ledger_default = 1);
ALTER TABLE account_groups ADD COLUMN status_code TEXT; -- as of organizations
ALTER TABLE account_groups ADD COLUMN status_description TEXT; -- as of organizations
ALTER TABLE account_groups ADD COLUMN metadata TEXT; -- as of organizations
ALTER TABLE account_groups ADD COLUMN created_at INTEGER; -- when a caller made it; none: the reference file declares it
ALTER TABLE account_groups ADD COLUMN updated_at INTEGER; -- when a caller last changed it; none: never
ALTER TABLE account_groups ADD COLUMN deleted_at INTEGER; -- when a caller deleted it; none: nobody did

ALTER TABLE portfolios ADD COLUMN updated_at INTEGER; -- when it was last changed; none: never
ALTER TABLE portfolios ADD COLUMN deleted_at INTEGER; -- when it was deleted; none: it was not

CREATE TABLE portfolio_labels (
    portfolio_id INTEGER PRIMARY KEY REFERENCES portfolios (id), -- the portfolio; one without labels has no row
    profile_id INTEGER NOT NULL REFERENCES profiles (id), -- whose it is, with whose salt the log hashes it
    name TEXT NOT NULL,                    -- what the caller calls it; empty: as in portfolios
    status_code TEXT,                      -- as of organizations
    status_description TEXT,               -- as of organizations
    metadata TEXT                          -- as of organizations
) STRICT;

CREATE INDEX portfolios_by_ledger ON portfolios (ledger_id);

ALTER TABLE accounts ADD COLUMN parent_id INTEGER REFERENCES accounts (id); -- account that it is nested in; none: none

CREATE INDEX accounts_by_parent ON accounts (parent_id) WHERE parent_id IS NOT NULL;

CREATE INDEX accounts_by_portfolio ON accounts (portfolio_id);

ALTER TABLE account_labels ADD COLUMN status_code TEXT; -- the caller's word for its status; BLOCKED and INACTIVE stop money; none: ACTIVE
ALTER TABLE account_labels ADD COLUMN status_description TEXT; -- what the caller says about it; none: nothing
