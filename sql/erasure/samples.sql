DELETE FROM sqlite_stat4
WHERE tbl IN ('profiles', 'profile_labels', 'profile_attributes', 'account_labels', 'account_attributes', 'external_accounts')
