WHERE o.account_id = ?1 AND o.state IN ('new', 'amended', 'partially_filled')
