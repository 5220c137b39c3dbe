INSERT INTO contribution_plans (account_id, kind, amount_minor, external_id, start_on, end_on, next_on, runs, failures,
                                last_failure, created_at, updated_at)
VALUES (?1, ?2, ?3, (SELECT id FROM external_accounts WHERE uuid = ?4), ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (account_id) DO UPDATE
SET kind = excluded.kind, amount_minor = excluded.amount_minor, external_id = excluded.external_id,
    start_on = excluded.start_on, end_on = excluded.end_on, next_on = excluded.next_on, runs = excluded.runs,
    failures = excluded.failures, last_failure = excluded.last_failure, updated_at = excluded.updated_at
