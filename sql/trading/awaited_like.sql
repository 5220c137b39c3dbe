-- Jumps from one to the next, since many events wait for the same.
WITH RECURSIVE awaited (what) AS (
    SELECT min(waits_for) FROM parked_events WHERE waits_for BETWEEN ?1 AND ?2 AND dropped_at IS NULL
    UNION ALL
    SELECT (SELECT min(waits_for) FROM parked_events
            WHERE waits_for > awaited.what AND waits_for <= ?2 AND dropped_at IS NULL)
    FROM awaited
    WHERE awaited.what IS NOT NULL
)
SELECT what FROM awaited WHERE what IS NOT NULL
