INSERT INTO platforms (code, name, type, time_zone, volume_unit, swap_booked_by)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (code) DO UPDATE
SET name = excluded.name, type = excluded.type, time_zone = excluded.time_zone, volume_unit = excluded.volume_unit,
    swap_booked_by = excluded.swap_booked_by
