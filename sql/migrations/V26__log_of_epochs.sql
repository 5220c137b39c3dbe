-- Why: from here on the log covers epochs, other histories, the checkpoint of events and the floors of numbers; nothing of the schema changes.

-- Numbers that were read from names at a place for backups, which anybody can put there, and that no commit has.
DELETE FROM other_histories WHERE commit_number < 0;
