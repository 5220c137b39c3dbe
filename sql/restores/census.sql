SELECT (SELECT count(*) FROM profiles) AS profiles,
       (SELECT count(*) FROM accounts) AS accounts,
       (SELECT count(*) FROM movements) AS movements,
       (SELECT count(*) FROM entries) AS entries,
       (SELECT count(*) FROM postings) AS postings,
       (SELECT count(*) FROM events) AS events
