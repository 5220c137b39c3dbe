-- Why: each commit signs the head of the log with the installation key, so that rows without a signature are a forgery and not what a crash has left.

ALTER TABLE change_journal ADD COLUMN
    signature BLOB -- Ed25519 over all other columns of the row, by the installation key; none: no commit has been made since an earlier version
    DEFAULT NULL;
