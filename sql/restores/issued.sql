WITH floors (name, floor) AS (SELECT table_name, floor FROM number_floors)
SELECT max((SELECT coalesce(max(seq), 0) FROM entries),
           coalesce((SELECT floor FROM floors WHERE name = 'entries'), 0)) AS entries,
       (SELECT coalesce(max(seq), 0) FROM events) AS events,
       max((SELECT coalesce(max(id), 0) FROM profiles),
           coalesce((SELECT floor FROM floors WHERE name = 'profiles'), 0)) AS profiles,
       max((SELECT coalesce(max(id), 0) FROM portfolios),
           coalesce((SELECT floor FROM floors WHERE name = 'portfolios'), 0)) AS portfolios,
       max((SELECT coalesce(max(id), 0) FROM movements),
           coalesce((SELECT floor FROM floors WHERE name = 'movements'), 0)) AS movements,
       (SELECT coalesce(max(last), 0) FROM counters WHERE name = 'account') AS accounts
