-- Why: a trading platform feeds what happened to accounts, from which positions, margin and entries follow.

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

-- None of these means the default, so that rows of earlier versions stay as the log has them.
ALTER TABLE account_groups ADD COLUMN lists_symbols INTEGER -- 1: only those in group_symbols; none: it offers all symbols
    CHECK (lists_symbols = 1);
ALTER TABLE account_groups ADD COLUMN margin_basis TEXT -- prices that margin is computed from; none: those of the opening
    CHECK (margin_basis = 'current');
ALTER TABLE account_groups ADD COLUMN protect_after TEXT -- after which closings a negative balance is lifted; none: any
    CHECK (protect_after = 'stop_out');
ALTER TABLE account_groups ADD COLUMN profiles TEXT; -- JSON object of names at the platform, such as symbol_profile; none: no names
ALTER TABLE platforms ADD COLUMN time_zone TEXT; -- IANA zone of times without one in its feed; none: such times are refused
ALTER TABLE platforms ADD COLUMN volume_unit TEXT -- unit of quantities that name none; none: lots
    CHECK (volume_unit IN ('units', 'hundredths'));
ALTER TABLE platforms ADD COLUMN swap_booked_by TEXT -- what books swap; none: its daily event
    CHECK (swap_booked_by = 'closing_deal');

CREATE TABLE quotes (
    symbol_id INTEGER PRIMARY KEY REFERENCES symbols (id), -- the symbol
    bid TEXT NOT NULL,                     -- what a seller gets for one unit, decimal text
    ask TEXT NOT NULL,                     -- what a buyer pays
    quoted_at INTEGER NOT NULL             -- when, by the platform
) STRICT;

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
    protected_balance_minor INTEGER NOT NULL, -- protection that lifted the balance
    UNIQUE (account_id, execution_id, platform_id)
) STRICT;

CREATE INDEX executions_in_order ON executions (account_id, symbol_id, executed_at, sequence, execution_id);

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
    created_at INTEGER NOT NULL,           -- time of the earliest report
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
    split_at INTEGER NOT NULL,             -- when, by the platform
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
) STRICT;

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
    drop_reason TEXT NOT NULL,             -- why; empty: it was not dropped
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
