-- Why: other APIs show when groups and their currencies came, companies, blocked clients, and commissions of deposits.

ALTER TABLE account_groups ADD COLUMN
    declared_at INTEGER; -- when the reference file first declared it; none: before this was kept, or a caller made it

ALTER TABLE group_currencies ADD COLUMN
    created_at INTEGER; -- when the group first offered it; none: before this was kept

ALTER TABLE profiles ADD COLUMN
    nickname TEXT; -- name by which it wants to be called; none: none

ALTER TABLE profiles ADD COLUMN
    company_full_name TEXT; -- registered name of the company; none: none

ALTER TABLE profiles ADD COLUMN
    kind TEXT -- what the client is; none: an individual
    CHECK (kind = 'corporate');

ALTER TABLE profiles ADD COLUMN
    blocked INTEGER -- 1: an operator keeps it from sessions and new accounts; none: not blocked
    CHECK (blocked = 1);

ALTER TABLE movements ADD COLUMN
    provider_commission_minor INTEGER -- of a deposit, what the payment provider took; recorded only; none: nothing
    CHECK (provider_commission_minor IS NULL OR provider_commission_minor > 0 AND kind = 'deposit');

ALTER TABLE movements ADD COLUMN
    vendor_commission_minor INTEGER -- of a deposit, what the vendor took; recorded only; none: nothing
    CHECK (vendor_commission_minor IS NULL OR vendor_commission_minor > 0 AND kind = 'deposit');
