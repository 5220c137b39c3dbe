-- Why: protection must be derivable again after a group has changed it, and it must not stand beside what the platform itself compensates.

ALTER TABLE executions ADD COLUMN
    protection TEXT CHECK (protection IN ('never', 'any_close', 'stop_out')) -- after which closings the account was protected when it arrived; none: recorded by an earlier version
    DEFAULT NULL;

ALTER TABLE executions ADD COLUMN
    protected_minimum_minor INTEGER -- what own money was lifted to then; none: recorded by an earlier version
    DEFAULT NULL;

ALTER TABLE platform_charges ADD COLUMN
    offset_credit_minor INTEGER -- derived: protection in place of trading credit that this compensation replaced; none: nothing
    DEFAULT NULL;

ALTER TABLE platform_charges ADD COLUMN
    offset_balance_minor INTEGER -- derived: protection of the balance that it replaced; none: nothing
    DEFAULT NULL;
