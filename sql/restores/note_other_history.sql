INSERT INTO other_histories (epoch, stream, commit_number, noticed_at, is_superseded)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (epoch, stream) DO UPDATE
SET commit_number = CASE
        -- A restore leaves behind what is signed; anybody can have put there what was noticed before.
        WHEN excluded.is_superseded > is_superseded THEN excluded.commit_number
        ELSE max(commit_number, excluded.commit_number)
    END,
    is_superseded = CASE
        -- What was added after a restore was not left behind by it.
        WHEN excluded.commit_number > commit_number THEN excluded.is_superseded
        ELSE max(is_superseded, excluded.is_superseded)
    END
