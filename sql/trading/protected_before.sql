SELECT (SELECT coalesce(sum(protected_balance_minor), 0) FROM executions WHERE account_id = ?1 AND executed_at < ?2)
       - (SELECT coalesce(sum(offset_balance_minor), 0) FROM platform_charges
          WHERE account_id = ?1 AND charged_at < ?2),
       (SELECT coalesce(sum(protected_credit_minor), 0) FROM executions WHERE account_id = ?1 AND executed_at < ?2)
       - (SELECT coalesce(sum(offset_credit_minor), 0) FROM platform_charges
          WHERE account_id = ?1 AND charged_at < ?2)
