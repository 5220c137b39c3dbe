-- Why: the amounts of a transfer across currencies are rounded, so the rate that was agreed cannot be told from them.

ALTER TABLE movements ADD COLUMN
    rate TEXT -- of a transfer across currencies, the rate as the caller gave it; none: the quotient of the two amounts
    CHECK (rate IS NULL OR kind = 'transfer');
