-- Why: a late execution derives positions from the last moment that is known, which may be long ago if the account was never flat.

CREATE TABLE position_states (
    account_id INTEGER NOT NULL REFERENCES accounts (id), -- the account
    symbol_id INTEGER NOT NULL REFERENCES symbols (id), -- the symbol
    at INTEGER NOT NULL,                   -- the millisecond, by the platform, at whose end the positions were open
    positions TEXT NOT NULL,               -- these positions, JSON; derived, so that it can be deleted at any time
    PRIMARY KEY (account_id, symbol_id, at)
) STRICT, WITHOUT ROWID;
