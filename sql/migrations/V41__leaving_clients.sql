-- Why: clients leave and portfolios close in steps, and accounts of one API take orders for the whole account.

ALTER TABLE profiles ADD COLUMN offboarding_at INTEGER; -- when the client began to leave; none: it does not
ALTER TABLE portfolios ADD COLUMN kind TEXT -- whose it is; none: a person's
    CHECK (kind = 'legal_entity');
ALTER TABLE portfolios ADD COLUMN state TEXT -- where it is in its life; none: active
    CHECK (state IN ('closing', 'closed'));
ALTER TABLE accounts ADD COLUMN order_basis TEXT -- what its orders are placed for; none: single instruments
    CHECK (order_basis = 'portfolio');
