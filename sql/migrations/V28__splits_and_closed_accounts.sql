-- Why: a split that comes late must not change the positions and the money of accounts that were closed meanwhile.

ALTER TABLE symbol_splits ADD COLUMN
    left_accounts TEXT -- JSON array of the accounts that were closed when it came and that it does not change; none: none
    DEFAULT NULL;
