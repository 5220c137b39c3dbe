SELECT r.timeline,
       EXISTS (SELECT 1 FROM audit_log AS a
               WHERE a.id > r.log_size AND a.id <= r.log_size + 8 AND a.action = 'restore.apply'
                 AND a.recorded_at = r.restored_at AND a.event_seq = r.next_event) AS has_row,
       r.next_event <= (SELECT seq FROM event_checkpoint)
         OR EXISTS (SELECT 1 FROM events AS e
                    WHERE e.seq = r.next_event AND e.type = 'restore.applied' AND e.recorded_at = r.restored_at)
         AS has_event,
       EXISTS (SELECT 1 FROM epochs AS s
               WHERE s.started_at = r.restored_at AND s.stream <> s.parent_stream) AS has_epoch
FROM restores AS r
-- Those from before the log have none.
WHERE r.log_id IS NOT NULL
ORDER BY r.timeline
