-- Why: currencies, platforms and account groups are configured by the operator, not by callers.

CREATE TABLE currencies (
    id INTEGER PRIMARY KEY,                -- serial
    code TEXT NOT NULL UNIQUE,             -- ISO 4217 or crypto code, upper case
    name TEXT NOT NULL,                    -- English name
    numeric_code INTEGER,                  -- ISO 4217 number; none for crypto
    decimals INTEGER NOT NULL CHECK (decimals BETWEEN 0 AND 8), -- minor units are 10^-decimals; fixed for good
    is_crypto INTEGER NOT NULL CHECK (is_crypto IN (0, 1)), -- whether it is a crypto currency
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)) -- whether accounts may be opened in it
) STRICT;

CREATE TABLE platforms (
    id INTEGER PRIMARY KEY,                -- serial
    code TEXT NOT NULL UNIQUE,             -- key in the reference file
    name TEXT NOT NULL,                    -- its name
    type TEXT NOT NULL                     -- what software it is, such as personal or MetaTrader5
) STRICT;

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
) STRICT;

CREATE TABLE group_currencies (
    id INTEGER PRIMARY KEY,                -- serial of the pair, a public id in some dialects
    group_id INTEGER NOT NULL REFERENCES account_groups (id), -- the group
    currency_id INTEGER NOT NULL REFERENCES currencies (id), -- a currency that it offers
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)), -- whether it still does
    UNIQUE (group_id, currency_id)
) STRICT;
