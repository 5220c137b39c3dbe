-- The schema after all migrations, for reading. Written by a test from a migrated database; after adding a
-- migration: UPDATE_SCHEMA=1 cargo test --test tidy

CREATE TABLE installation (
    id INTEGER PRIMARY KEY CHECK (id = 1), -- always 1: there is one row
    uuid BLOB NOT NULL,                    -- identity of this database, 16 bytes
    mode TEXT NOT NULL CHECK (mode IN ('production', 'sandbox')), -- fixed for good
    timeline INTEGER NOT NULL,             -- rises with every restore, from 1
    hash_key BLOB NOT NULL,                -- 32 random bytes: key of the hashes of idempotency keys and commands
    clock_ahead_ms INTEGER NOT NULL,       -- how far the clock of a sandbox was moved ahead; 0 in production
    created_at INTEGER NOT NULL            -- milliseconds since 1970, UTC; so are all columns that end in _at
) STRICT;

CREATE TABLE counters (
    name TEXT PRIMARY KEY,                 -- what is counted
    last INTEGER NOT NULL                  -- the number issued last; numbers are never issued twice
) STRICT, WITHOUT ROWID;

CREATE TABLE principal_tags (
    principal_id INTEGER NOT NULL REFERENCES principals (id), -- the operator
    tag TEXT NOT NULL,                     -- a tag that it sees; an operator without tags sees everything
    PRIMARY KEY (principal_id, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    id INTEGER PRIMARY KEY,                -- row of the token
    uuid BLOB NOT NULL UNIQUE,             -- public id, for listing and revoking
    principal_id INTEGER NOT NULL REFERENCES principals (id), -- whose it is
    kind TEXT NOT NULL CHECK (kind IN ('login', 'long_lived')), -- how it was made
    label TEXT NOT NULL,                   -- what it is for, in the operator's words
    hash BLOB NOT NULL UNIQUE,             -- SHA-256 of the token; the token itself is not kept
    scopes TEXT,                           -- JSON array of rights; none: all that the role allows
    tags TEXT,                             -- JSON array of tags that narrow the operator's; none: no narrowing
    networks TEXT,                         -- JSON array of networks it may come from; none: any that is allowed
    created_at INTEGER NOT NULL,           -- when it was made
    expires_at INTEGER,                    -- when it ends; none: it does not
    revoked_at INTEGER                     -- when it was taken back
, refresh_hash BLOB, refresh_expires_at INTEGER -- when the refresh token ends
    CHECK ((refresh_expires_at IS NULL) = (refresh_hash IS NULL)), refreshed_at INTEGER -- when the refresh token was exchanged; it can be only once
    CHECK (refreshed_at IS NULL OR refresh_hash IS NOT NULL), family BLOB -- public id of the first token of the sign-in that it goes back to; none: it has no refresh token
    CHECK ((family IS NULL) = (refresh_hash IS NULL)), last_used_at INTEGER -- when it was used last, up to an hour too early; none: not yet
    DEFAULT NULL) STRICT;

CREATE INDEX tokens_by_principal ON tokens (principal_id);

CREATE TABLE currencies (
    id INTEGER PRIMARY KEY,                -- serial
    code TEXT NOT NULL UNIQUE,             -- ISO 4217 or crypto code, upper case
    name TEXT NOT NULL,                    -- English name
    numeric_code INTEGER,                  -- ISO 4217 number; none for crypto
    decimals INTEGER NOT NULL CHECK (decimals BETWEEN 0 AND 8), -- minor units are 10^-decimals; fixed for good
    is_crypto INTEGER NOT NULL CHECK (is_crypto IN (0, 1)), -- whether it is a crypto currency
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)) -- whether accounts may be opened in it
, made_by_caller INTEGER -- 1: a caller made it, and the reference file does not say it; none: it does
    CHECK (made_by_caller = 1)) STRICT;

CREATE TABLE platforms (
    id INTEGER PRIMARY KEY,                -- serial
    code TEXT NOT NULL UNIQUE,             -- key in the reference file
    name TEXT NOT NULL,                    -- its name
    type TEXT NOT NULL                     -- what software it is, such as personal or MetaTrader5
, time_zone TEXT, volume_unit TEXT -- unit of quantities that name none; none: lots
    CHECK (volume_unit IN ('units', 'hundredths')), swap_booked_by TEXT -- what books swap; none: its daily event
    CHECK (swap_booked_by = 'closing_deal')) STRICT;

CREATE TABLE account_groups (
    id INTEGER PRIMARY KEY,                -- serial, in order of creation
    uuid BLOB NOT NULL UNIQUE,             -- public id
    code TEXT NOT NULL UNIQUE,             -- key in the reference file
    name TEXT NOT NULL,                    -- its name
    description TEXT NOT NULL,             -- what it is for
    platform_id INTEGER NOT NULL REFERENCES platforms (id), -- where its accounts live
    kind TEXT NOT NULL CHECK (kind IN ('trading', 'wallet')), -- what its accounts are
    demo INTEGER NOT NULL CHECK (demo IN (0, 1)), -- whether its accounts are demo accounts; fixed for good
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)), -- whether accounts may join it
    status TEXT NOT NULL CHECK (status IN ('full', 'close_only', 'disabled', 'long_only')), -- what its accounts may trade
    label TEXT NOT NULL,                   -- a label to sort groups by; empty for none
    max_leverage INTEGER NOT NULL CHECK (max_leverage >= 1), -- leverage of accounts that ask for none
    margin_call_level TEXT NOT NULL,       -- margin level of the margin call in percent, decimal text
    stop_out_level TEXT NOT NULL,          -- margin level of the stop-out in percent, decimal text
    negative_balance_protection INTEGER NOT NULL CHECK (negative_balance_protection IN (0, 1)), -- whether losses beyond the balance are taken over
    swap_free INTEGER NOT NULL CHECK (swap_free IN (0, 1)), -- whether positions bear no swap
    margin_calculation TEXT NOT NULL CHECK (margin_calculation IN ('sum', 'max', 'net')), -- how margin is summed up
    deposit_hold_days INTEGER NOT NULL CHECK (deposit_hold_days >= 0), -- days until a deposit from outside is available
    new_client_hold_days INTEGER NOT NULL CHECK (new_client_hold_days >= 0), -- the same, counted from the client's first day
    requires_approval INTEGER NOT NULL CHECK (requires_approval IN (0, 1)), -- whether debits to the outside take a second operator
    minimum_balance TEXT NOT NULL          -- how far below zero its accounts may be allowed to go, decimal text
, lists_symbols INTEGER -- 1: only those in group_symbols; none: it offers all symbols
    CHECK (lists_symbols = 1), margin_basis TEXT -- prices that margin is computed from; none: those of the opening
    CHECK (margin_basis = 'current'), protect_after TEXT -- after which closings a negative balance is lifted; none: any
    CHECK (protect_after = 'stop_out'), profiles TEXT, ledger_id INTEGER REFERENCES ledgers (id), is_ledger_default INTEGER -- 1: its accounts have no product; none: it is one
    CHECK (is_ledger_default = 1), status_code TEXT, status_description TEXT, metadata TEXT, created_at INTEGER, updated_at INTEGER, deleted_at INTEGER, declared_at INTEGER, bank TEXT) STRICT;

CREATE TABLE group_currencies (
    id INTEGER PRIMARY KEY,                -- serial of the pair, a public id in some dialects
    group_id INTEGER NOT NULL REFERENCES account_groups (id), -- the group
    currency_id INTEGER NOT NULL REFERENCES currencies (id), -- a currency that it offers
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)), created_at INTEGER, -- whether it still does
    UNIQUE (group_id, currency_id)
) STRICT;

CREATE TABLE organizations (
    id INTEGER PRIMARY KEY,                -- row; 1 is the default organization
    uuid BLOB NOT NULL UNIQUE,             -- public id
    name TEXT NOT NULL,                    -- its name
    created_at INTEGER NOT NULL            -- when it was created
, legal_document TEXT, trading_name TEXT, address TEXT, parent_id INTEGER REFERENCES organizations (id), status_code TEXT, status_description TEXT, metadata TEXT, updated_at INTEGER, deleted_at INTEGER) STRICT;

CREATE TABLE ledgers (
    id INTEGER PRIMARY KEY,                -- row; 1 is the default ledger
    uuid BLOB NOT NULL UNIQUE,             -- public id
    organization_id INTEGER NOT NULL REFERENCES organizations (id), -- whose books it keeps
    name TEXT NOT NULL,                    -- its name
    created_at INTEGER NOT NULL            -- when it was created
, status_code TEXT, status_description TEXT, metadata TEXT, updated_at INTEGER, deleted_at INTEGER) STRICT;

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
, status TEXT -- where the client stands with the broker; clients from before this was kept are verified
    NOT NULL DEFAULT 'verified' CHECK (status IN ('pending', 'verified', 'denied', 'deceased', 'archived')), deceased_on TEXT -- day of death, yyyy-mm-dd; none: not known to be dead
    CHECK (status <> 'deceased' OR deceased_on IS NOT NULL), created_by INTEGER -- who created it; none: from before this was kept
    REFERENCES principals (id), reviewed_by INTEGER -- who verified it in a review; none: it was never reviewed
    REFERENCES principals (id), nickname TEXT, company_full_name TEXT, kind TEXT -- what the client is; none: an individual
    CHECK (kind = 'corporate'), blocked INTEGER -- 1: an operator keeps it from sessions and new accounts; none: not blocked
    CHECK (blocked = 1), offboarding_at INTEGER) STRICT;

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
, updated_at INTEGER, deleted_at INTEGER, kind TEXT -- whose it is; none: a person's
    CHECK (kind = 'legal_entity'), state TEXT -- where it is in its life; none: active
    CHECK (state IN ('closing', 'closed'))) STRICT;

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
, target_minor INTEGER) STRICT;

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
    closed_at INTEGER, withheld TEXT -- JSON array of the permissions it lacks; none: it has all
    DEFAULT NULL, parent_id INTEGER REFERENCES accounts (id), order_basis TEXT -- what its orders are placed for; none: single instruments
    CHECK (order_basis = 'portfolio'),                     -- when it was archived
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
    comment TEXT, effective_at INTEGER,                          -- the comment; none on house books
    PRIMARY KEY (book_id, entry_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY,                -- sequence number of the row
    recorded_at INTEGER NOT NULL,          -- when
    principal_id INTEGER NOT NULL REFERENCES principals (id), -- who
    token_uuid BLOB,                       -- with which token; none for commands on the machine itself
    action TEXT NOT NULL,                  -- what, such as deposit
    object_uuid BLOB,                      -- on which thing
    request_uuid BLOB,                     -- in which request
    address TEXT,                          -- from where
    event_seq INTEGER                      -- the first event of it
, last_event_seq INTEGER /* the last event of it */, machine_user TEXT -- the user of the machine who gave the command there; none: it came through an API, or is older
    DEFAULT NULL, object_kind TEXT -- what the object is, such as account; none: no object, or the row is older
    DEFAULT NULL, profile_id INTEGER -- the client whose tags decide who sees the row; none: no client, or the row is older
    REFERENCES profiles (id), detail TEXT -- what the row says beyond that, JSON; none: nothing
    DEFAULT NULL, changes BLOB -- the rows that it wrote, each with the hashes of its images before and after; none: none, or it is older
    DEFAULT NULL) STRICT;

CREATE TABLE idempotency_state (
    id INTEGER PRIMARY KEY CHECK (id = 1), -- always 1: there is one row
    generation INTEGER NOT NULL,           -- generation modulo 3 names the table that is written to
    started_at INTEGER NOT NULL            -- when this generation began
) STRICT;

CREATE TABLE idempotency_0 (
    key_hash BLOB PRIMARY KEY,             -- keyed hash of principal and key, 16 bytes
    command_hash BLOB NOT NULL,            -- keyed hash of the command, 16 bytes
    outcome TEXT NOT NULL                  -- what the command led to, JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_1 (
    key_hash BLOB PRIMARY KEY,             -- as in idempotency_0
    command_hash BLOB NOT NULL,            -- as in idempotency_0
    outcome TEXT NOT NULL                  -- as in idempotency_0
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_2 (
    key_hash BLOB PRIMARY KEY,             -- as in idempotency_0
    command_hash BLOB NOT NULL,            -- as in idempotency_0
    outcome TEXT NOT NULL                  -- as in idempotency_0
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY,                -- row of the job
    kind TEXT NOT NULL,                    -- what is to be done
    subject_id INTEGER NOT NULL,           -- on which row
    due_at INTEGER NOT NULL,               -- when it is to run next
    attempts INTEGER NOT NULL,             -- how often it failed
    last_error TEXT,                       -- why it failed last
    UNIQUE (kind, subject_id)
) STRICT;

CREATE INDEX jobs_due ON jobs (due_at);

CREATE TABLE account_owners (
    account_id INTEGER NOT NULL REFERENCES accounts (id), -- the account
    profile_id INTEGER NOT NULL REFERENCES profiles (id), -- one of its owners
    priority INTEGER NOT NULL CHECK (priority >= 1), -- without gaps from 1, who is the primary owner as in accounts
    access TEXT NOT NULL CHECK (access IN ('full', 'read', 'none')), -- what the owner may do; the primary owner has full
    created_at INTEGER NOT NULL,           -- when it became an owner
    PRIMARY KEY (account_id, profile_id),
    UNIQUE (account_id, priority)
) STRICT, WITHOUT ROWID;

CREATE INDEX account_owners_by_profile ON account_owners (profile_id);

CREATE TABLE change_journal (
    id INTEGER PRIMARY KEY CHECK (id = 1), -- always 1: there is one row, and every commit changes it
    stream BLOB NOT NULL,                  -- the stream of commits that can be followed from one to the next, 16 bytes
    commit_number INTEGER NOT NULL,        -- the number of the last commit in its stream, from 1
    recorded_at INTEGER NOT NULL,          -- the moment of the last commit, which all that it recorded share
    last_entry INTEGER NOT NULL,           -- the last entry after it
    last_event INTEGER NOT NULL            -- the last event after it
, epoch BLOB NOT NULL DEFAULT x'00000000000000000000000000000000', log_id BLOB NOT NULL -- identity of the log, 16 random bytes; a restore and a reset of a sandbox begin another one
    DEFAULT x'', log_size INTEGER NOT NULL -- how many rows of the audit log are in the tree
    DEFAULT 0, log_frontier BLOB NOT NULL -- the hashes of the complete subtrees that make up the tree, 32 bytes each, largest first
    DEFAULT x'', signature BLOB -- Ed25519 over all other columns of the row, by the installation key; none: no commit has been made since an earlier version
    DEFAULT NULL) STRICT;

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
, log_id BLOB -- identity of the log that it continues; none: it is older
    DEFAULT NULL, log_size INTEGER -- the size of that log when it was restored
    DEFAULT NULL) STRICT;

CREATE TABLE number_floors (
    table_name TEXT PRIMARY KEY,           -- the table whose rows are numbered
    floor INTEGER NOT NULL                 -- numbers up to here were perhaps issued before a restore, and are not issued again
) STRICT, WITHOUT ROWID;

CREATE TABLE profile_labels (
    profile_id INTEGER PRIMARY KEY REFERENCES profiles (id), -- the profile; one without labels has no row
    organization_id INTEGER NOT NULL REFERENCES organizations (id), -- where its reference is unique
    reference TEXT CHECK (reference <> ''), -- the caller's own id of it; none: it has none
    category TEXT NOT NULL,                -- the caller's word for its sort; empty: none
    UNIQUE (organization_id, reference)
) STRICT;

CREATE INDEX profile_labels_by_category ON profile_labels (category) WHERE category <> '';

CREATE TABLE profile_attributes (
    profile_id INTEGER NOT NULL REFERENCES profile_labels (profile_id), -- the profile
    kind TEXT NOT NULL CHECK (kind IN ('custom_field', 'metadata')), -- which of the two; they share no names
    name TEXT NOT NULL,                    -- the caller's name for it
    type TEXT NOT NULL CHECK (type IN ('text', 'number', 'boolean')), -- what its value is; a custom field is always a text
    value TEXT NOT NULL,                   -- its value; a number as the caller wrote it
    PRIMARY KEY (profile_id, kind, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX profile_attributes_by_value ON profile_attributes (kind, name, value);

CREATE INDEX profile_tags_by_tag ON profile_tags (tag);

CREATE TABLE account_labels (
    account_id INTEGER PRIMARY KEY REFERENCES accounts (id), -- the account; one without labels has no row
    ledger_id INTEGER NOT NULL REFERENCES ledgers (id), -- the ledger of its book, where its reference is unique
    reference TEXT CHECK (reference <> ''), -- the caller's own id of it; none: it has none
    category TEXT NOT NULL,                -- the caller's word for its sort; empty: none
    name TEXT NOT NULL,                    -- what people call it; empty: none
    alias TEXT CHECK (alias <> ''),        -- a second name for programs; none: it has none
    alias_portfolio_id INTEGER REFERENCES portfolios (id), status_code TEXT, status_description TEXT, -- where its alias is taken; none: no alias, or it is archived
    CHECK (alias_portfolio_id IS NULL OR alias IS NOT NULL),
    UNIQUE (ledger_id, reference),
    UNIQUE (alias_portfolio_id, alias)
) STRICT;

CREATE INDEX account_labels_by_category ON account_labels (category) WHERE category <> '';

CREATE INDEX account_labels_by_name ON account_labels (name) WHERE name <> '';

CREATE INDEX account_labels_by_alias ON account_labels (alias) WHERE alias IS NOT NULL;

CREATE TABLE account_attributes (
    account_id INTEGER NOT NULL REFERENCES account_labels (account_id), -- the account
    kind TEXT NOT NULL CHECK (kind IN ('custom_field', 'metadata')), -- as of profiles
    name TEXT NOT NULL,                    -- as of profiles
    type TEXT NOT NULL CHECK (type IN ('text', 'number', 'boolean')), -- as of profiles
    value TEXT NOT NULL,                   -- as of profiles
    PRIMARY KEY (account_id, kind, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX account_attributes_by_value ON account_attributes (kind, name, value);

CREATE TABLE account_requests (
    account_id INTEGER PRIMARY KEY REFERENCES accounts (id), -- an account that was not opened for use at once
    awaits TEXT NOT NULL CHECK (awaits IN ('client', 'operator')), -- the review of its client, or an approval of its own
    requested_by INTEGER NOT NULL REFERENCES principals (id), -- who opened it
    approved_by INTEGER REFERENCES principals (id), -- who let it be used; none: nobody yet
    approved_at INTEGER,                   -- when
    CHECK ((approved_by IS NULL) = (approved_at IS NULL))
) STRICT;

CREATE TABLE event_checkpoint (
    id INTEGER PRIMARY KEY CHECK (id = 1), -- always 1: there is one row
    seq INTEGER NOT NULL,                  -- the last event that the balances of event_checkpoint_books include
    entry_seq INTEGER NOT NULL             -- the last entry that was told by then
) STRICT;

CREATE TABLE event_checkpoint_books (
    book_id INTEGER PRIMARY KEY REFERENCES books (id), -- the book
    balance_minor INTEGER NOT NULL,        -- its balance as of the checkpoint
    held_minor INTEGER NOT NULL,           -- what was held
    uncleared_minor INTEGER NOT NULL,      -- what was not available yet
    pending_minor INTEGER NOT NULL,        -- what was announced
    credit_minor INTEGER NOT NULL          -- its trading credit, zero or more
) STRICT;

CREATE TABLE event_consumers (
    name TEXT PRIMARY KEY,                 -- who passes events on, such as webhooks
    delivered_seq INTEGER NOT NULL         -- the last event that it is done with; later ones are not pruned
, run INTEGER NOT NULL -- rises when it is set to another event; what was done before then does not move it
    DEFAULT 0) STRICT, WITHOUT ROWID;

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

CREATE INDEX postings_backdated ON postings (book_id, effective_at, entry_seq) WHERE effective_at IS NOT NULL;

CREATE VIRTUAL TABLE profile_search USING fts5 ( -- words of clients; the row has the number of the profile
    name,                                  -- given and family name
    email,                                 -- e-mail address
    phone,                                 -- phone number, also without its prefixes
    company,                               -- company
    reference,                             -- the caller's own id
    content = '', contentless_delete = 1, detail = full, prefix = '1 2 3', tokenize = "unicode61 remove_diacritics 0"
);

CREATE VIRTUAL TABLE account_search USING fts5 ( -- words of accounts; the row has the number of the account
    number,                                -- serial and account number
    name,                                  -- what people call it
    alias,                                 -- second name for programs
    reference,                             -- the caller's own id
    content = '', contentless_delete = 1, detail = full, prefix = '1 2 3', tokenize = "unicode61 remove_diacritics 0"
);

CREATE UNIQUE INDEX tokens_by_refresh_hash ON tokens (refresh_hash) WHERE refresh_hash IS NOT NULL;

CREATE INDEX tokens_by_family ON tokens (family) WHERE family IS NOT NULL;

CREATE TABLE "events" (
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

CREATE TABLE reference_rates (
    from_currency_id INTEGER NOT NULL REFERENCES currencies (id), -- the currency of which one unit is priced
    to_currency_id INTEGER NOT NULL REFERENCES currencies (id), -- the currency of the price
    rate TEXT NOT NULL,                    -- the price, decimal text; it also serves the other direction
    as_of INTEGER,                         -- when it was the rate; none: a sample of a sandbox, which does not age
    PRIMARY KEY (from_currency_id, to_currency_id),
    CHECK (from_currency_id <> to_currency_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE "principals" (
    id INTEGER PRIMARY KEY,                -- row of the principal; 1 is the system itself
    uuid BLOB NOT NULL UNIQUE,             -- public id
    kind TEXT NOT NULL CHECK (kind IN ('system', 'operator', 'api_client')), -- who it is
    name TEXT NOT NULL,                    -- login name as it was entered; of an API client, its label
    name_folded TEXT NOT NULL UNIQUE,      -- the same without regard to case
    role TEXT CHECK (role IN ('admin', 'operator', 'service', 'viewer', 'auditor')), -- what it may do; none: only rights
    rights TEXT,                           -- JSON array of rights beyond those of the role; none: there are none
    password_hash TEXT,                    -- Argon2id in PHC form; none: cannot log in
    created_at INTEGER NOT NULL,           -- when it was added
    disabled_at INTEGER,                   -- when it was disabled, with all its tokens
    CHECK ((role IS NULL) = (kind = 'api_client'))
) STRICT;

CREATE INDEX audit_log_of_machine ON audit_log (object_uuid)
    WHERE machine_user IS NOT NULL AND object_uuid IS NOT NULL;

CREATE TABLE "approvals" (
    id INTEGER PRIMARY KEY,                -- serial, in order of request
    uuid BLOB NOT NULL UNIQUE,             -- public id
    kind TEXT NOT NULL CHECK (kind IN ('withdrawal', 'transfer', 'owners', 'identity')), -- what is asked for
    cause TEXT NOT NULL CHECK (cause IN ('guarded_account', 'rate_outside_band', 'no_fresh_rate', 'reviewed_client')), -- why it takes a second operator
    account_id INTEGER REFERENCES accounts (id), -- the account concerned, whose primary owner decides who sees it
    profile_id INTEGER REFERENCES profiles (id), -- the client concerned, where it is about no account
    movement_id INTEGER REFERENCES movements (id), -- of money: the movement that holds it meanwhile
    request_version INTEGER NOT NULL,      -- how the request is written
    request TEXT,                          -- what is done once it is approved, JSON; none: decided and erased
    requested_by INTEGER NOT NULL REFERENCES principals (id), -- who asked
    requested_token BLOB,                  -- with which token; none: with none, or the request is older
    requested_at INTEGER NOT NULL,         -- when
    expires_at INTEGER,                    -- when it ends by itself; none: it does not
    state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'cancelled', 'expired')), -- what became of it
    decided_by INTEGER REFERENCES principals (id), -- who decided; none: nobody did
    decided_token BLOB,                    -- with which token; none: with none, or the decision is older
    decided_at INTEGER,                    -- when it was decided or expired
    reason TEXT NOT NULL,                  -- why it was rejected; empty: not told
    CHECK ((account_id IS NULL) <> (profile_id IS NULL)),
    CHECK ((movement_id IS NOT NULL) = (kind IN ('withdrawal', 'transfer'))),
    CHECK ((decided_at IS NULL) = (state = 'pending')),
    CHECK ((decided_by IS NOT NULL) = (state IN ('approved', 'rejected', 'cancelled'))),
    CHECK (state <> 'approved' OR decided_by <> requested_by)
) STRICT;

CREATE INDEX approvals_pending ON approvals (id) WHERE state = 'pending';

CREATE INDEX approvals_by_account ON approvals (account_id, id) WHERE account_id IS NOT NULL;

CREATE INDEX approvals_by_profile ON approvals (profile_id, id) WHERE profile_id IS NOT NULL;

CREATE UNIQUE INDEX approvals_of_movement ON approvals (movement_id) WHERE movement_id IS NOT NULL;

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

CREATE TABLE audit_changes (
    audit_id INTEGER NOT NULL REFERENCES audit_log (id), -- the row of the audit log whose action changed something
    position INTEGER NOT NULL,             -- its place among the changes of that action, from 0
    subject TEXT NOT NULL,                 -- what kind of thing was changed, such as profile
    subject_id INTEGER NOT NULL,           -- row of that thing
    field TEXT NOT NULL,                   -- what of it, such as status, metadata.iban or tag
    old TEXT,                              -- the value before; none: there was none; personal data as salted hash
    new TEXT,                              -- the value after; likewise; of a secret only that it was changed
    PRIMARY KEY (audit_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_changes_of_subject ON audit_changes (subject, subject_id, audit_id);

CREATE TABLE profile_salts (
    profile_id INTEGER PRIMARY KEY REFERENCES profiles (id), -- the client
    salt BLOB NOT NULL                     -- 16 random bytes
) STRICT;

CREATE TABLE account_salts (
    account_id INTEGER PRIMARY KEY REFERENCES accounts (id), -- the account
    salt BLOB NOT NULL                     -- 16 random bytes
) STRICT;

CREATE TABLE log_nodes (
    position INTEGER PRIMARY KEY,          -- number of the group of 256 consecutive rows of the audit log, from 0
    hash BLOB NOT NULL                     -- hash of its subtree
) STRICT;

CREATE TABLE log_checkpoints (
    size INTEGER PRIMARY KEY,              -- size of the log
    made_at INTEGER NOT NULL,              -- when
    note TEXT NOT NULL                     -- the signed checkpoint, a C2SP signed note
) STRICT;

CREATE TABLE "signing_keys" (
    id INTEGER PRIMARY KEY,                -- row of the key
    kid TEXT NOT NULL UNIQUE,              -- key id in tokens and in the published key set
    algorithm TEXT NOT NULL CHECK (algorithm IN ('EdDSA')), -- how it signs
    sealed_key BLOB,                       -- private key (PKCS#8), sealed with the installation key; none: it signs no more
    was_plain INTEGER NOT NULL CHECK (was_plain IN (0, 1)), -- whether backups of an earlier version hold it unsealed
    public_key BLOB NOT NULL,              -- raw public key
    created_at INTEGER NOT NULL,           -- when it was made
    signs_from INTEGER NOT NULL,           -- when it begins to sign, by the machine's clock; the newest that may does
    retired_at INTEGER,                    -- when it stops signing
    withdrawn_at INTEGER                   -- when it leaves the published key set
) STRICT;

CREATE TABLE symbols (
    id INTEGER PRIMARY KEY,                -- serial, in order of declaration
    uuid BLOB NOT NULL UNIQUE,             -- public id
    code TEXT NOT NULL UNIQUE,             -- what events call it; key in the reference file
    name TEXT NOT NULL,                    -- its name
    class TEXT NOT NULL CHECK (class IN ('forex', 'cfd_index', 'commodity', 'share', 'crypto', 'other')), -- what it is
    contract_size TEXT NOT NULL,           -- units of one lot, decimal text
    price_decimals INTEGER NOT NULL CHECK (price_decimals BETWEEN 0 AND 12), -- how prices are shown
    quantity_decimals INTEGER NOT NULL CHECK (quantity_decimals BETWEEN 0 AND 12), -- how quantities are shown
    profit_currency_id INTEGER NOT NULL REFERENCES currencies (id), -- currency of prices and of profit
    margin_currency_id INTEGER NOT NULL REFERENCES currencies (id), -- currency of margin; of a currency pair, its base
    margin_rate TEXT,                      -- margin as a share of the value, decimal text; none: 1 / leverage
    time_zone TEXT,                        -- zone of its trading day, in which swaps are due; none: the platform's
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)) -- whether its quotes serve conversions and groups offer it
) STRICT;

CREATE TABLE group_symbols (
    id INTEGER PRIMARY KEY,                -- serial of the pair, a public id in some dialects
    group_id INTEGER NOT NULL REFERENCES account_groups (id), -- a group that offers some symbols only
    symbol_id INTEGER NOT NULL REFERENCES symbols (id), -- a symbol that it offers
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)), -- whether it still does
    templates TEXT NOT NULL,               -- JSON object of what the platform applies, such as margin_template; {}: nothing
    UNIQUE (group_id, symbol_id)
) STRICT;

CREATE TABLE quotes (
    symbol_id INTEGER PRIMARY KEY REFERENCES symbols (id), -- the symbol
    bid TEXT NOT NULL,                     -- what a seller gets for one unit, decimal text
    ask TEXT NOT NULL,                     -- what a buyer pays
    quoted_at INTEGER NOT NULL             -- when, by the platform
, quoted_ns INTEGER -- nanoseconds beyond quoted_at; none: 0
    DEFAULT NULL) STRICT;

CREATE TABLE platform_accounts (
    account_id INTEGER NOT NULL REFERENCES accounts (id), -- the account
    platform_id INTEGER NOT NULL REFERENCES platforms (id), -- a platform that calls it by a number of its own
    number TEXT NOT NULL,                  -- that number
    PRIMARY KEY (platform_id, number),
    UNIQUE (account_id, platform_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE platform_events (
    platform_id INTEGER NOT NULL REFERENCES platforms (id), -- where the event is from
    event_id TEXT NOT NULL,                -- its id there
    digest BLOB NOT NULL,                  -- first 16 bytes of the SHA-256 hash of what it said, to tell a repeat from a contradiction
    PRIMARY KEY (platform_id, event_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE executions (
    id INTEGER PRIMARY KEY,                -- serial, in order of arrival
    account_id INTEGER NOT NULL REFERENCES accounts (id), -- the account
    symbol_id INTEGER NOT NULL REFERENCES symbols (id), -- the symbol
    executed_at INTEGER NOT NULL,          -- when, by the platform
    sequence INTEGER,                      -- the platform's order within the account; none sorts first
    execution_id TEXT NOT NULL,            -- its id at the platform
    platform_id INTEGER NOT NULL REFERENCES platforms (id), -- the platform
    side TEXT CHECK (side IN ('buy', 'sell')), -- none: a close-by that did not say
    entry TEXT CHECK (entry IN ('in', 'out', 'inout', 'out_by')), -- what the platform calls it; none: not said
    quantity TEXT,                         -- lots, decimal text; none: a close-by of all that both sides have
    price TEXT,                            -- decimal text; none: a close-by
    order_id TEXT,                         -- the order at the platform; none: it has none
    position_ref TEXT,                     -- the position at the platform; none: not said
    opposite_ref TEXT,                     -- of a close-by, the other position
    reason TEXT,                           -- why it happened, such as stop_out; none: not said
    profit_rate TEXT,                      -- account currency for one unit of the profit currency, the lower side
    profit_rate_high TEXT,                 -- the higher side; none: the same
    margin_rate TEXT,                      -- account currency for one unit of the margin currency; none: not needed
    has_profit_rate INTEGER NOT NULL CHECK (has_profit_rate IN (0, 1)), -- whether the platform gave the rate of profit
    has_margin_rate INTEGER NOT NULL CHECK (has_margin_rate IN (0, 1)), -- whether it gave the rate of margin
    booked_profit_minor INTEGER,           -- price profit that the platform booked; none: not said, so it is computed
    booked_commission_minor INTEGER,       -- commission, signed as the client sees it; likewise the next two
    booked_swap_minor INTEGER,             -- swap
    booked_fee_minor INTEGER,              -- fee
    balance_after_minor INTEGER,           -- balance that the platform had afterwards; none: not said
    version_id TEXT,                       -- id of the correction that counts now; none: it was never corrected
    is_cancelled INTEGER NOT NULL CHECK (is_cancelled IN (0, 1)), -- whether a correction took it out
    arrived_entry INTEGER NOT NULL,        -- the last entry before it arrived
    closed_quantity TEXT,                  -- derived: lots that it closed; none: nothing
    open_price TEXT,                       -- derived: average open price of what it closed
    position_id INTEGER,                   -- derived: row of the position that it opened, changed or closed; none: none
    profit_minor INTEGER NOT NULL,         -- derived: price profit as computed, in the account's currency
    leaves_flat INTEGER NOT NULL CHECK (leaves_flat IN (0, 1)), -- derived: whether the account has nothing open in the symbol afterwards
    posted_profit_minor INTEGER NOT NULL,  -- sum of the entries of its profit, corrections included; likewise the next five
    posted_commission_minor INTEGER NOT NULL, -- of its commission
    posted_swap_minor INTEGER NOT NULL,    -- of its swap
    posted_fee_minor INTEGER NOT NULL,     -- of its fee
    protected_credit_minor INTEGER NOT NULL, -- protection that consumed trading credit
    protected_balance_minor INTEGER NOT NULL, executed_ns INTEGER -- nanoseconds beyond executed_at; none: 0
    DEFAULT NULL, protection TEXT CHECK (protection IN ('never', 'any_close', 'stop_out')) -- after which closings the account was protected when it arrived; none: recorded by an earlier version
    DEFAULT NULL, protected_minimum_minor INTEGER -- what own money was lifted to then; none: recorded by an earlier version
    DEFAULT NULL, -- protection that lifted the balance
    UNIQUE (account_id, execution_id, platform_id)
) STRICT;

CREATE INDEX executions_of_account ON executions (account_id, executed_at);

CREATE INDEX executions_by_version ON executions (account_id, version_id) WHERE version_id IS NOT NULL;

CREATE TABLE execution_versions (
    execution_id INTEGER NOT NULL REFERENCES executions (id), -- the execution
    number INTEGER NOT NULL,               -- from 1, the figures that it arrived with
    correction_id TEXT,                    -- id of the correction that replaced or cancelled these figures; none: completed by a repeat
    figures TEXT NOT NULL,                 -- the figures that no longer count, JSON
    recorded_at INTEGER NOT NULL,          -- when they stopped to count
    PRIMARY KEY (execution_id, number)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX execution_versions_by_correction ON execution_versions (correction_id, execution_id)
    WHERE correction_id IS NOT NULL;

CREATE TABLE positions (
    id INTEGER PRIMARY KEY,                -- row
    uuid BLOB NOT NULL UNIQUE,             -- public id
    account_id INTEGER NOT NULL REFERENCES accounts (id), -- the account
    symbol_id INTEGER NOT NULL REFERENCES symbols (id), -- the symbol
    position_ref TEXT,                     -- the position at the platform; none: not said
    opened_by INTEGER NOT NULL REFERENCES executions (id), -- the execution that opened it
    closed_by INTEGER REFERENCES executions (id), -- the execution that closed it; none: it is open
    side TEXT NOT NULL CHECK (side IN ('buy', 'sell')), -- its side
    quantity TEXT NOT NULL,                -- lots that are open
    opened_quantity TEXT NOT NULL,         -- lots that were opened in all
    cost TEXT NOT NULL,                    -- sum of lots times open price, of what is open; up to 40 decimals
    margin_cost TEXT NOT NULL,             -- the same with the frozen rates of margin, in the account's currency
    profit_rate TEXT NOT NULL,             -- the rate of profit when it was opened last
    closed_value TEXT NOT NULL,            -- sum of lots times closing price, of what was closed
    open_price TEXT NOT NULL,              -- average open price, 12 decimals
    close_price TEXT,                      -- average closing price, 12 decimals; none: nothing was closed
    profit_minor INTEGER NOT NULL,         -- price profit of what was closed
    opened_at INTEGER NOT NULL,            -- by the platform
    updated_at INTEGER NOT NULL,           -- of the last execution that changed it
    closed_at INTEGER                      -- none: it is open
) STRICT;

CREATE INDEX positions_open ON positions (account_id, symbol_id) WHERE closed_at IS NULL;

CREATE INDEX positions_closed ON positions (account_id, closed_at, id) WHERE closed_at IS NOT NULL;

CREATE INDEX positions_by_symbol ON positions (symbol_id) WHERE closed_at IS NULL;

CREATE TABLE orders (
    id INTEGER PRIMARY KEY,                -- serial, in order of arrival
    uuid BLOB NOT NULL UNIQUE,             -- public id
    account_id INTEGER NOT NULL REFERENCES accounts (id), -- the account
    platform_id INTEGER NOT NULL REFERENCES platforms (id), -- the platform
    order_id TEXT NOT NULL,                -- its id there
    symbol_id INTEGER NOT NULL REFERENCES symbols (id), -- the symbol
    state TEXT NOT NULL CHECK (state IN ('new', 'amended', 'partially_filled', 'filled', 'cancelled', 'rejected', 'expired')), -- as of the latest report; so are the next columns
    type TEXT CHECK (type IN ('market', 'limit', 'stop', 'stop_limit', 'trailing_stop')), -- none: not said
    time_in_force TEXT,                    -- GTC, DAY, IOC, FOK or GTD; none: not said
    side TEXT CHECK (side IN ('buy', 'sell')), -- none: not said
    quantity TEXT,                         -- lots that were ordered; none: not said
    filled_quantity TEXT,                  -- lots that are filled, as the report says; none: not said
    limit_price TEXT,                      -- none: no limit
    stop_price TEXT,                       -- none: no stop
    stop_loss TEXT,                        -- price; none: no stop loss
    take_profit TEXT,                      -- price; none: no take profit
    parent_order_id TEXT,                  -- the order that it belongs to; none: none
    position_ref TEXT,                     -- the position that it closes or protects; none: not said
    reason TEXT,                           -- why it was placed, such as client; none: not said
    comment TEXT,                          -- of the platform; none: none
    expires_at INTEGER,                    -- when it ends by itself; none: it does not
    reported_at INTEGER NOT NULL,          -- time of the latest report, by the platform
    sequence INTEGER,                      -- the platform's order of that report; none sorts first
    event_id TEXT NOT NULL,                -- the event of that report
    created_at INTEGER NOT NULL, reported_ns INTEGER -- nanoseconds beyond reported_at; none: 0
    DEFAULT NULL, earlier TEXT -- JSON object: the columns that the latest report left out, each with the place of the last report that gave it; none: it gave all
    DEFAULT NULL,           -- time of the earliest report
    UNIQUE (account_id, order_id, platform_id)
) STRICT;

CREATE INDEX orders_working ON orders (account_id, symbol_id) WHERE state IN ('new', 'amended', 'partially_filled');

CREATE INDEX executions_of_order ON executions (account_id, order_id) WHERE order_id IS NOT NULL;

CREATE TABLE symbol_splits (
    id INTEGER PRIMARY KEY,                -- serial
    symbol_id INTEGER NOT NULL REFERENCES symbols (id), -- the symbol
    platform_id INTEGER NOT NULL REFERENCES platforms (id), -- the platform that told of it
    event_id TEXT NOT NULL,                -- the event
    ratio TEXT NOT NULL,                   -- new units for one old, decimal text
    split_at INTEGER NOT NULL, left_accounts TEXT -- JSON array of the accounts that were closed when it came and that it does not change; none: none
    DEFAULT NULL, split_ns INTEGER -- nanoseconds beyond split_at; none: 0
    DEFAULT NULL,             -- when, by the platform
    UNIQUE (symbol_id, split_at)
) STRICT;

CREATE TABLE platform_charges (
    id INTEGER PRIMARY KEY,                -- serial, in order of arrival
    account_id INTEGER NOT NULL REFERENCES accounts (id), -- the account
    platform_id INTEGER NOT NULL REFERENCES platforms (id), -- the platform that booked it
    event_id TEXT NOT NULL,                -- the event
    kind TEXT NOT NULL,                    -- kind of its entry, such as swap, funding, dividend or balance
    amount_minor INTEGER NOT NULL,         -- signed as the client sees it
    symbol_id INTEGER REFERENCES symbols (id), -- the symbol; none: not of a symbol
    position_ref TEXT,                     -- the position at the platform; none: not of a position
    charged_at INTEGER NOT NULL,           -- when, by the platform
    sequence INTEGER                       -- the platform's order within the account; none sorts first
, charged_ns INTEGER -- nanoseconds beyond charged_at; none: 0
    DEFAULT NULL, offset_credit_minor INTEGER -- derived: protection in place of trading credit that this compensation replaced; none: nothing
    DEFAULT NULL, offset_balance_minor INTEGER -- derived: protection of the balance that it replaced; none: nothing
    DEFAULT NULL) STRICT;

CREATE INDEX platform_charges_of_account ON platform_charges (account_id, charged_at);

CREATE TABLE trade_entries (
    entry_seq INTEGER PRIMARY KEY REFERENCES entries (seq), -- an entry that follows from the feed
    execution_id INTEGER REFERENCES executions (id), -- the execution that it is of; none: of a charge
    charge_id INTEGER REFERENCES platform_charges (id), -- the charge that it is of; none: of an execution
    part TEXT NOT NULL CHECK (part IN ('profit', 'commission', 'swap', 'fee', 'protected_credit', 'credit_consumed', 'protected_balance', 'charge')), -- what of it
    CHECK ((execution_id IS NULL) <> (charge_id IS NULL))
) STRICT;

CREATE INDEX trade_entries_of_execution ON trade_entries (execution_id) WHERE execution_id IS NOT NULL;

CREATE TABLE parked_events (
    id INTEGER PRIMARY KEY,                -- serial, in order of arrival
    uuid BLOB NOT NULL UNIQUE,             -- public id
    platform_id INTEGER NOT NULL REFERENCES platforms (id), -- the platform
    event_id TEXT NOT NULL,                -- its id there
    sent TEXT NOT NULL,                    -- the event as it was sent, JSON
    event TEXT NOT NULL,                   -- the event as it was read, JSON
    reason TEXT NOT NULL,                  -- why it cannot be applied yet, such as unknown_symbol
    waits_for TEXT NOT NULL,               -- what it waits for, such as symbol:EURUSD
    parked_at INTEGER NOT NULL,            -- since when
    dropped_at INTEGER,                    -- when an operator dropped it; none: it waits
    drop_reason TEXT NOT NULL, is_next INTEGER -- 1: what it waits for is there, and it and those behind it that wait for the same have yet to be tried; none: no
    DEFAULT NULL,             -- why; empty: it was not dropped
    UNIQUE (platform_id, event_id)
) STRICT;

CREATE INDEX parked_events_waiting ON parked_events (waits_for) WHERE dropped_at IS NULL;

CREATE TABLE alerts (
    id INTEGER PRIMARY KEY,                -- serial
    uuid BLOB NOT NULL UNIQUE,             -- public id
    kind TEXT NOT NULL,                    -- what is to be looked at, such as profit_differs
    account_id INTEGER REFERENCES accounts (id), -- the account; none: of no account
    subject TEXT NOT NULL,                 -- what it is about at the platform, such as an execution
    detail TEXT NOT NULL,                  -- figures of both sides, JSON
    raised_at INTEGER NOT NULL,            -- when it was raised first
    seen_at INTEGER NOT NULL,              -- when it was raised last
    resolved_at INTEGER,                   -- when it no longer held or an operator resolved it; none: it is open
    resolution TEXT NOT NULL               -- why it was resolved; empty: it is open, or no longer holds
) STRICT;

CREATE UNIQUE INDEX alerts_open ON alerts (kind, coalesce(account_id, 0), subject) WHERE resolved_at IS NULL;

CREATE INDEX executions_in_order
    ON executions (account_id, symbol_id, executed_at, executed_ns, sequence, execution_id);

CREATE INDEX parked_events_next ON parked_events (is_next) WHERE is_next IS NOT NULL;

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

CREATE TABLE portfolio_labels (
    portfolio_id INTEGER PRIMARY KEY REFERENCES portfolios (id), -- the portfolio; one without labels has no row
    profile_id INTEGER NOT NULL REFERENCES profiles (id), -- whose it is, with whose salt the log hashes it
    name TEXT NOT NULL,                    -- what the caller calls it; empty: as in portfolios
    status_code TEXT,                      -- as of organizations
    status_description TEXT,               -- as of organizations
    metadata TEXT                          -- as of organizations
) STRICT;

CREATE INDEX portfolios_by_ledger ON portfolios (ledger_id);

CREATE INDEX accounts_by_parent ON accounts (parent_id) WHERE parent_id IS NOT NULL;

CREATE INDEX accounts_by_portfolio ON accounts (portfolio_id);

CREATE TABLE position_states (
    account_id INTEGER NOT NULL REFERENCES accounts (id), -- the account
    symbol_id INTEGER NOT NULL REFERENCES symbols (id), -- the symbol
    at INTEGER NOT NULL,                   -- the millisecond, by the platform, at whose end the positions were open
    positions TEXT NOT NULL,               -- these positions, JSON; derived, so that it can be deleted at any time
    PRIMARY KEY (account_id, symbol_id, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE "movements" (
    id INTEGER PRIMARY KEY,                -- serial, a public id in some dialects
    uuid BLOB NOT NULL UNIQUE,             -- public id
    kind TEXT NOT NULL                     -- what it is
        CHECK (kind = 'deposit' OR kind = 'withdrawal' OR kind = 'transfer' OR kind = 'hold'),
    account_id INTEGER NOT NULL REFERENCES accounts (id), -- the account; of a transfer, the one that pays
    to_account_id INTEGER REFERENCES accounts (id), -- of a transfer, the account that receives
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0), -- how much, in the account's currency
    posted_minor INTEGER NOT NULL CHECK (posted_minor BETWEEN 0 AND amount_minor), -- how much of it was posted
    state TEXT NOT NULL                    -- where it is in its life
        CHECK (state = 'posted' OR state = 'pending' OR state = 'approved' OR state = 'voided' OR state = 'expired'),
    reason TEXT NOT NULL,                  -- why, in the caller's words
    reference TEXT,                        -- the caller's own reference; unique among movements of its kind
    requested_by INTEGER NOT NULL REFERENCES principals (id), -- who asked for it
    approved_by INTEGER REFERENCES principals (id), -- who approved it
    expires_at INTEGER,                    -- when it ends by itself
    clears_at INTEGER,                     -- of a posted deposit: when its funds become available
    uncleared_minor INTEGER NOT NULL CHECK (uncleared_minor >= 0), -- how much of it is not available yet
    entry_seq INTEGER REFERENCES entries (seq), -- the entry that posted it
    created_at INTEGER NOT NULL,           -- when it was asked for
    updated_at INTEGER NOT NULL,           -- when it last changed
    rate TEXT                              -- of a transfer across currencies, as the caller gave it; none: amount by amount
        CHECK (rate IS NULL OR kind = 'transfer'),
    provider_commission_minor INTEGER      -- of a deposit, what the payment provider took; recorded only; none: nothing
        CHECK (provider_commission_minor IS NULL OR provider_commission_minor > 0 AND kind = 'deposit'),
    vendor_commission_minor INTEGER        -- of a deposit, what the vendor took; recorded only; none: nothing
        CHECK (vendor_commission_minor IS NULL OR vendor_commission_minor > 0 AND kind = 'deposit')
, external_id INTEGER REFERENCES external_accounts (id), step TEXT -- of one with an account elsewhere that is not decided, what its bank has done; none: nothing
    CHECK (step = 'delayed' OR step = 'sent')) STRICT;

CREATE INDEX movements_by_account ON movements (account_id, kind, id);

CREATE UNIQUE INDEX movements_reference ON movements (kind, reference) WHERE reference IS NOT NULL;

CREATE UNIQUE INDEX movements_entry ON movements (entry_seq) WHERE entry_seq IS NOT NULL;

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

CREATE TABLE api_clients (
    principal_id INTEGER PRIMARY KEY REFERENCES principals (id), -- the client; its secrets are its long-lived tokens
    api TEXT NOT NULL                      -- the API that it may call
) STRICT;

CREATE TABLE client_keys (
    id INTEGER PRIMARY KEY,                -- row of the key
    uuid BLOB NOT NULL UNIQUE,             -- public id, which a signature names
    principal_id INTEGER NOT NULL REFERENCES principals (id), -- the client that signs with it
    public_key BLOB NOT NULL,              -- public key, as a SubjectPublicKeyInfo in DER
    created_at INTEGER NOT NULL,           -- when it was registered
    expires_at INTEGER                     -- when its signatures count no more; none: never
) STRICT;

CREATE INDEX client_keys_by_principal ON client_keys (principal_id);

CREATE TABLE used_nonces (
    hash BLOB PRIMARY KEY,                 -- keyed hash of the client and the nonce of a signed write, 16 bytes
    expires_at INTEGER NOT NULL            -- when the signature ends, by the machine's clock; then the row is deleted
) STRICT, WITHOUT ROWID;

CREATE INDEX used_nonces_by_end ON used_nonces (expires_at);

CREATE TABLE reserve_accounts (
    serial INTEGER PRIMARY KEY,            -- from the counter of accounts
    ledger_id INTEGER NOT NULL REFERENCES ledgers (id), -- the ledger of the house account that it stands for
    currency_id INTEGER NOT NULL REFERENCES currencies (id), -- its currency
    demo INTEGER NOT NULL CHECK (demo = 0) -- always live
) STRICT;

CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY,                -- serial, from the counter of changes of webhooks
    uuid BLOB NOT NULL UNIQUE,             -- public id
    api TEXT NOT NULL,                     -- the API whose form its events have, such as native
    principal_id INTEGER NOT NULL REFERENCES principals (id), -- who made it or changed it last
    tags TEXT,                             -- JSON array of the tags that limited the maker, and limit its events; none: all
    address TEXT NOT NULL,                 -- URL of the receiver
    types TEXT NOT NULL,                   -- JSON array of types of events in the words of the API; empty: all
    title TEXT NOT NULL,                   -- what it is for
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)), -- whether it gets events
    delay_ms INTEGER,                      -- how long events are collected for one request; none: not at all
    package_bytes INTEGER,                 -- the size at which a request is full; none: one event each
    paused_at INTEGER,                     -- when the server disabled it because of its receiver or its maker
    created_at INTEGER NOT NULL,           -- when it was made
    updated_at INTEGER NOT NULL            -- when it was changed last
) STRICT;

CREATE TABLE webhook_secrets (
    id INTEGER PRIMARY KEY,                -- row of the secret
    webhook_id INTEGER NOT NULL REFERENCES webhooks (id), -- the webhook
    sealed_secret BLOB NOT NULL,           -- what signs its requests, sealed with the installation key
    created_at INTEGER NOT NULL,           -- when it was made
    ends_at INTEGER                        -- when it signs no more, by the machine's clock; none: not yet replaced
) STRICT;

CREATE TABLE webhook_deliveries (
    webhook_id INTEGER NOT NULL,           -- the webhook; it may be deleted
    event_seq INTEGER NOT NULL,            -- the event; 0: a test
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')), -- whether the receiver has it
    tries INTEGER NOT NULL,                -- how often it was sent
    attempts TEXT NOT NULL,                -- the latest of them, JSON: at, status, duration_ms and error of each
    first_at INTEGER NOT NULL,             -- when the present series of attempts began
    last_at INTEGER NOT NULL,              -- when it was sent last
    next_at INTEGER,                       -- when it is sent again
    PRIMARY KEY (webhook_id, event_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_orders (
    id INTEGER PRIMARY KEY,                -- in the order of arrival, from the counter of changes of webhooks
    webhook_id INTEGER NOT NULL REFERENCES webhooks (id), -- the webhook
    event_seq INTEGER NOT NULL             -- the event that is sent once, outside of the order; 0: a test
) STRICT;

CREATE TABLE webhook_keys (
    id INTEGER PRIMARY KEY,                -- row of the key
    kid TEXT NOT NULL UNIQUE,              -- key id in signatures and in the published key set
    sealed_key BLOB,                       -- private key on P-521 (PKCS#8), sealed with the installation key; none: it signs no more
    public_key BLOB NOT NULL,              -- public key, an uncompressed point
    created_at INTEGER NOT NULL,           -- when it was made
    signs_from INTEGER NOT NULL,           -- when it begins to sign, by the machine's clock; the newest that may does
    retired_at INTEGER,                    -- when it stops signing
    withdrawn_at INTEGER                   -- when it leaves the published key set
) STRICT;

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
