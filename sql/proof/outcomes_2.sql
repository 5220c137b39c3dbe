SELECT hex(key_hash)
FROM idempotency_2
WHERE length(key_hash) <> 16 OR length(command_hash) <> 16
   OR CASE WHEN json_valid(outcome) THEN
        json_type(outcome, '$.o') IS NULL
        OR (json_type(outcome, '$.c') = 'text' AND NOT EXISTS (
            SELECT 1 FROM profiles p WHERE p.uuid = unhex(replace(json_extract(outcome, '$.c'), '-', ''))))
        OR (json_type(outcome, '$.o.e') = 'text' AND NOT EXISTS (
            SELECT 1 FROM entries n WHERE n.uuid = unhex(replace(json_extract(outcome, '$.o.e'), '-', ''))))
      ELSE 1 END
LIMIT 20
