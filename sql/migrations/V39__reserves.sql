-- Why: callers pay money of the broker to accounts, and name what it comes from by a number like an account's.

CREATE TABLE reserve_accounts (
    serial INTEGER PRIMARY KEY,            -- from the counter of accounts
    ledger_id INTEGER NOT NULL REFERENCES ledgers (id), -- the ledger of the house account that it stands for
    currency_id INTEGER NOT NULL REFERENCES currencies (id), -- its currency
    demo INTEGER NOT NULL CHECK (demo = 0) -- always live
) STRICT;
