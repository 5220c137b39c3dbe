SELECT EXISTS (SELECT 1 FROM instruments WHERE ledger_id = ?1 AND deleted_at IS NULL)
    OR EXISTS (SELECT 1 FROM portfolios WHERE ledger_id = ?1 AND deleted_at IS NULL)
    OR EXISTS (SELECT 1 FROM account_groups WHERE ledger_id = ?1 AND is_ledger_default IS NULL AND deleted_at IS NULL)
