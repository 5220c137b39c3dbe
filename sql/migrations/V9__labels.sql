-- Why: callers note ids, names and data of their own on clients and accounts and look for them, so all of it has an index; what
-- must be unique is kept unique by the schema itself. Few accounts have labels, and money moves over all: hence own tables.

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
    alias_portfolio_id INTEGER REFERENCES portfolios (id), -- where its alias is taken; none: no alias, or it is archived
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
