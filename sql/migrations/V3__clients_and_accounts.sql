-- Why: clients own portfolios and accounts; an account's money lives in a narrow book row that every posting touches,
-- apart from its wide settings row, which postings leave alone.

CREATE TABLE organizations (
    id INTEGER PRIMARY KEY,                -- row; 1 is the default organization
    uuid BLOB NOT NULL UNIQUE,             -- public id
    name TEXT NOT NULL,                    -- its name
    created_at INTEGER NOT NULL            -- when it was created
) STRICT;

CREATE TABLE ledgers (
    id INTEGER PRIMARY KEY,                -- row; 1 is the default ledger
    uuid BLOB NOT NULL UNIQUE,             -- public id
    organization_id INTEGER NOT NULL REFERENCES organizations (id), -- whose books it keeps
    name TEXT NOT NULL,                    -- its name
    created_at INTEGER NOT NULL            -- when it was created
) STRICT;

CREATE TABLE profiles (
    id INTEGER PRIMARY KEY,                -- serial, in order of creation
    uuid BLOB NOT NULL UNIQUE,             -- public id
    email TEXT NOT NULL,                   -- e-mail address as it was entered
    email_folded TEXT NOT NULL UNIQUE,     -- the same without regard to case
    first_name TEXT NOT NULL,              -- given name; unset texts are empty
    last_name TEXT NOT NULL,               -- family name
    ip_address TEXT NOT NULL,              -- where the client signed up from, as the caller noted it
    language TEXT NOT NULL,                -- preferred language
    address TEXT NOT NULL,                 -- street and number
    zip_code TEXT NOT NULL,                -- postal code
    city TEXT NOT NULL,                    -- city
    state TEXT NOT NULL,                   -- state or province
    country TEXT NOT NULL,                 -- country
    phone TEXT NOT NULL,                   -- phone number
    company TEXT NOT NULL,                 -- company
    meta_data TEXT NOT NULL,               -- free-form text of the caller
    birth_date TEXT NOT NULL,              -- date of birth, as the caller noted it
    timezone TEXT NOT NULL,                -- time zone
    password_hash TEXT,                    -- Argon2id in PHC form; none: no end-user sessions
    version INTEGER NOT NULL CHECK (version >= 1), -- rises with every change
    created_at INTEGER NOT NULL,           -- when it was created
    updated_at INTEGER NOT NULL            -- when it was last changed
) STRICT;

CREATE TABLE profile_tags (
    profile_id INTEGER NOT NULL REFERENCES profiles (id), -- the profile
    tag TEXT NOT NULL,                     -- a label that lets operators with the same tag see it
    PRIMARY KEY (profile_id, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE portfolios (
    id INTEGER PRIMARY KEY,                -- serial
    uuid BLOB NOT NULL UNIQUE,             -- public id
    ledger_id INTEGER NOT NULL REFERENCES ledgers (id), -- the ledger of its accounts
    profile_id INTEGER NOT NULL REFERENCES profiles (id), -- whose it is
    name TEXT NOT NULL,                    -- its name
    is_default INTEGER NOT NULL CHECK (is_default IN (0, 1)), -- whether new accounts of the profile join it
    last_account_serial INTEGER NOT NULL,  -- the serial issued last inside it; never issued again
    created_at INTEGER NOT NULL            -- when it was created
) STRICT;

CREATE INDEX portfolios_by_profile ON portfolios (profile_id);

CREATE UNIQUE INDEX portfolios_default ON portfolios (profile_id, ledger_id) WHERE is_default = 1;

CREATE TABLE books (
    id INTEGER PRIMARY KEY,                -- row; a client account has the same number
    ledger_id INTEGER NOT NULL REFERENCES ledgers (id), -- the ledger it belongs to; entries never cross ledgers
    currency_id INTEGER NOT NULL REFERENCES currencies (id), -- its currency
    demo INTEGER NOT NULL CHECK (demo IN (0, 1)), -- entries never join demo with live
    role TEXT NOT NULL,                    -- 'client', or the name of the house account
    balance_minor INTEGER NOT NULL,        -- sum of its postings
    held_minor INTEGER NOT NULL CHECK (held_minor >= 0), -- sum of its active holds
    uncleared_minor INTEGER NOT NULL CHECK (uncleared_minor >= 0), -- settled deposits that are not available yet
    pending_minor INTEGER NOT NULL CHECK (pending_minor >= 0), -- announced deposits, not part of the balance
    credit_net_minor INTEGER NOT NULL      -- net sum of its CREDIT postings
) STRICT;

CREATE UNIQUE INDEX books_house ON books (ledger_id, currency_id, demo, role) WHERE role <> 'client';

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY REFERENCES books (id), -- its book
    uuid BLOB NOT NULL UNIQUE,             -- public id
    serial INTEGER NOT NULL UNIQUE,        -- from the counter that accounts share with external accounts
    number TEXT NOT NULL UNIQUE,           -- account number; never reused
    profile_id INTEGER NOT NULL REFERENCES profiles (id), -- primary owner
    group_id INTEGER NOT NULL REFERENCES account_groups (id), -- the group whose rules apply
    portfolio_id INTEGER NOT NULL REFERENCES portfolios (id), -- the portfolio it belongs to
    portfolio_serial INTEGER NOT NULL,     -- its serial inside the portfolio
    spread_betting INTEGER NOT NULL CHECK (spread_betting IN (0, 1)), -- fixed for good
    position_mode TEXT CHECK (position_mode IN ('netting', 'hedging')), -- none: left to the platform; fixed for good
    margin_calculation TEXT CHECK (margin_calculation IN ('sum', 'max', 'net')), -- none: as the group; fixed for good
    trade_status TEXT NOT NULL CHECK (trade_status IN ('full', 'close_only', 'disabled', 'long_only')), -- governs trading only
    max_leverage INTEGER NOT NULL CHECK (max_leverage >= 0), -- leverage cap
    nop_limit_minor INTEGER NOT NULL CHECK (nop_limit_minor >= 0), -- limit of the net open position; 0: none
    daily_statement INTEGER NOT NULL CHECK (daily_statement IN (0, 1)), -- whether daily statements are wanted
    lifecycle TEXT NOT NULL CHECK (lifecycle IN ('pending_approval', 'active', 'inactive', 'dormant', 'closing', 'closed')), -- where it is in its life
    lock TEXT NOT NULL CHECK (lock IN ('none', 'credits_only', 'debits_only', 'full')), -- what still passes
    lock_holder TEXT CHECK (lock_holder IN ('customer', 'system')), -- whose lock it is; none: not locked
    lock_reason TEXT,                      -- three-letter code of why it is locked; none: not locked
    allow_credits INTEGER NOT NULL CHECK (allow_credits IN (0, 1)), -- whether money may come in
    allow_debits INTEGER NOT NULL CHECK (allow_debits IN (0, 1)), -- whether money may go out
    minimum_minor INTEGER NOT NULL CHECK (minimum_minor <= 0), -- how far below zero it may go
    version INTEGER NOT NULL CHECK (version >= 1), -- rises with every change of settings
    created_at INTEGER NOT NULL,           -- when it was opened
    updated_at INTEGER NOT NULL,           -- when its settings last changed
    closed_at INTEGER,                     -- when it was archived
    UNIQUE (portfolio_id, portfolio_serial)
) STRICT;

CREATE INDEX accounts_by_profile ON accounts (profile_id);

CREATE INDEX accounts_by_group ON accounts (group_id);

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,                -- row of the session
    uuid BLOB NOT NULL UNIQUE,             -- the jti of its token
    profile_id INTEGER NOT NULL REFERENCES profiles (id), -- the end user
    issued_at INTEGER NOT NULL,            -- when it began
    expires_at INTEGER NOT NULL,           -- when its token ends
    revoked_at INTEGER                     -- when it was ended early, for instance by a change of password
) STRICT;

CREATE INDEX sessions_by_profile ON sessions (profile_id);
