-- Why: platforms tell times to the nanosecond and may leave members out of later reports; both decide what counts.

ALTER TABLE executions ADD COLUMN
    executed_ns INTEGER -- nanoseconds beyond executed_at; none: 0
    DEFAULT NULL;
ALTER TABLE platform_charges ADD COLUMN
    charged_ns INTEGER -- nanoseconds beyond charged_at; none: 0
    DEFAULT NULL;
ALTER TABLE symbol_splits ADD COLUMN
    split_ns INTEGER -- nanoseconds beyond split_at; none: 0
    DEFAULT NULL;
ALTER TABLE quotes ADD COLUMN
    quoted_ns INTEGER -- nanoseconds beyond quoted_at; none: 0
    DEFAULT NULL;
ALTER TABLE orders ADD COLUMN
    reported_ns INTEGER -- nanoseconds beyond reported_at; none: 0
    DEFAULT NULL;
ALTER TABLE orders ADD COLUMN
    earlier TEXT -- JSON object: the columns that the latest report left out, each with the place of the last report that gave it; none: it gave all
    DEFAULT NULL;
ALTER TABLE parked_events ADD COLUMN
    is_next INTEGER -- 1: what it waits for is there, and it and those behind it that wait for the same have yet to be tried; none: no
    DEFAULT NULL;

DROP INDEX executions_in_order;

CREATE INDEX executions_in_order
    ON executions (account_id, symbol_id, executed_at, executed_ns, sequence, execution_id);

CREATE INDEX parked_events_next ON parked_events (is_next) WHERE is_next IS NOT NULL;
