-- Why: an account group can be the product of a bank, with limits and a fee.

ALTER TABLE account_groups ADD COLUMN
    bank TEXT; -- JSON object: the terms of a bank product; none: it is no bank product
