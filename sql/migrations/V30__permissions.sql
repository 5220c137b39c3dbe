-- Why: an operator withholds single permissions from an account, such as transfers to it.

ALTER TABLE accounts ADD COLUMN
    withheld TEXT -- JSON array of the permissions it lacks; none: it has all
    DEFAULT NULL;
