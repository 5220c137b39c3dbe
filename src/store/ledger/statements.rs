//! The ledger over time: the balance of a book at a moment, and its postings between two moments. A posting counts at
//! the moment it was recorded, or, if the caller asks for it, at the earlier moment from which it is effective.
//!
//! Postings that are not back-dated are in the same order by either time, so only back-dated ones need an index.

use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, EntryId, EntrySeq};
use crate::domain::ledger::{Basis, EntryKind, Place, TrialLine};
use crate::domain::money::{Amount, Total};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, named, sql};
use crate::store::reference::decimals;
use rusqlite::{Row, params};
use uuid::Uuid;

/// A posting as a statement shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatementRow {
    /// The entry's sequence number.
    pub seq: EntrySeq,
    pub id: EntryId,
    pub kind: EntryKind,
    /// Above zero for money in, below zero for money out.
    pub amount: Amount,
    pub recorded_at: Moment,
    pub effective_at: Moment,
    /// Empty if there is none.
    pub comment: String,
    /// The entry that this one reverses.
    pub reverses: Option<EntryId>,
    /// The entry that reverses this one.
    pub reversed_by: Option<EntryId>,
}

/// Money in and money out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Turnover {
    /// The sum of the postings above zero.
    pub credits: Total,
    /// The sum of the postings below zero; has their sign.
    pub debits: Total,
}

/// A period of a book, as seen by the entries recorded so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Period {
    /// Which of the two times counts.
    pub basis: Basis,
    /// At or after this moment.
    pub from: Moment,
    /// The end of the period, exclusive.
    pub to: Moment,
    /// Only entries before this one.
    pub bound: EntrySeq,
}

fn line(row: &Row<'_>) -> rusqlite::Result<StatementRow> {
    let id = |column: &str| Ok::<_, rusqlite::Error>(row.get::<_, Option<Uuid>>(column)?.map(EntryId::from));
    let recorded_at: i64 = row.get("recorded_at")?;
    Ok(StatementRow {
        seq: EntrySeq(row.get("entry_seq")?),
        id: EntryId::from(row.get::<_, Uuid>("entry_uuid")?),
        kind: named(row, "kind")?,
        amount: Amount::from_minor(row.get("amount_minor")?),
        recorded_at: Moment::from_unix_ms(recorded_at),
        effective_at: Moment::from_unix_ms(row.get::<_, Option<i64>>("effective_at")?.unwrap_or(recorded_at)),
        comment: row.get::<_, Option<String>>("comment")?.unwrap_or_default(),
        reverses: id("reverses")?,
        reversed_by: id("reversed_by")?,
    })
}

/// A sum computed in two parts so that it cannot overflow: units of 10⁹, and the remainder.
fn halves(row: &Row<'_>, column: usize) -> rusqlite::Result<Total> {
    let (billions, rest): (i64, i64) = (row.get(column)?, row.get(column + 1)?);
    Ok(Total::from_minor(i128::from(billions) * 1_000_000_000 + i128::from(rest)))
}

impl ReadTx<'_> {
    /// The next unused sequence number, and the time of the last entry.
    pub fn end_of_journal(&self) -> Result<(EntrySeq, Option<Moment>), StoreError> {
        let last = self.find("SELECT seq, recorded_at FROM entries ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok((EntrySeq(row.get::<_, i64>(0)? + 1), Some(Moment::from_unix_ms(row.get(1)?))))
        })?;
        Ok(last.unwrap_or((EntrySeq(1), None)))
    }

    /// The balance of a book before a moment, and the part of its CREDIT postings that its figures do not include. Only
    /// entries before `bound` count.
    pub fn balance_before(
        &self,
        book: BookId,
        basis: Basis,
        moment: Moment,
        bound: EntrySeq,
    ) -> Result<(Total, Total), StoreError> {
        let end = self.first_entry_from(moment)?.min(bound);
        let recorded: i64 =
            self.find(sql!("statements/balance_before"), (book.0, end.0), |row| row.get(0))?.unwrap_or_default();
        let recorded = Total::from_minor(i128::from(recorded));
        match basis {
            Basis::Recorded => Ok((recorded, Total::default())),
            Basis::Effective => {
                let params = (book.0, moment.unix_ms(), end.0, bound.0);
                let (amount, credit) = self
                    .one(sql!("statements/backdated_before"), params, |row| Ok((halves(row, 0)?, halves(row, 2)?)))?;
                Ok((recorded + amount, credit))
            }
        }
    }

    pub fn turnover(&self, book: BookId, period: &Period) -> Result<Turnover, StoreError> {
        let sums = |row: &Row<'_>| Ok(Turnover { credits: halves(row, 0)?, debits: halves(row, 2)? });
        let (first, end) = self.entries_of(period)?;
        let in_order = (book.0, first.0, end.0);
        match period.basis {
            Basis::Recorded => {
                self.one(sql!("statements/turnover_columns", "statements/turnover_recorded"), in_order, sums)
            }
            Basis::Effective => {
                let on_time =
                    self.one(sql!("statements/turnover_columns", "statements/turnover_on_time"), in_order, sums)?;
                let backdated = self.one(
                    sql!("statements/turnover_columns", "statements/turnover_backdated"),
                    (book.0, period.from.unix_ms(), period.to.unix_ms(), period.bound.0),
                    sums,
                )?;
                Ok(Turnover { credits: on_time.credits + backdated.credits, debits: on_time.debits + backdated.debits })
            }
        }
    }

    /// The postings of a book in the order in which they count, at most `limit`, starting after a position.
    pub fn statement_lines(
        &self,
        book: BookId,
        period: &Period,
        after: Option<Place>,
        limit: u32,
    ) -> Result<Vec<StatementRow>, StoreError> {
        let (first, end) = self.entries_of(period)?;
        let bound = period.bound.0;
        if period.basis == Basis::Recorded {
            let first = after.map_or(first, |place| first.max(EntrySeq(place.seq.0 + 1)));
            return self.all(
                sql!("statements/line_columns", "statements/lines_recorded"),
                (book.0, first.0, bound, end.0, limit),
                line,
            );
        }
        let after = after.unwrap_or(Place { at: period.from.plus_ms(-1), seq: EntrySeq(i64::MAX) });
        let start = period.from.max(after.at);
        let first = self.first_entry_from(start)?;
        let place = (after.at.unix_ms(), after.seq.0);
        let on_time = self.all(
            sql!("statements/line_columns", "statements/lines_on_time"),
            params![book.0, first.0, bound, end.0, limit, place.0, place.1],
            line,
        )?;
        let backdated = self.all(
            sql!("statements/line_columns", "statements/lines_backdated"),
            params![book.0, start.unix_ms(), bound, period.to.unix_ms(), limit, place.0, place.1],
            line,
        )?;
        Ok(merged(on_time, backdated, limit as usize))
    }

    /// The entries recorded in a period: the first one, and the first one after it.
    fn entries_of(&self, period: &Period) -> Result<(EntrySeq, EntrySeq), StoreError> {
        let first = self.first_entry_from(period.from)?;
        Ok((first, self.first_entry_from(period.to)?.min(period.bound)))
    }

    /// The balance of every book before a moment. Back-dated postings are separate lines.
    pub fn trial_balance(&self, basis: Basis, moment: Moment) -> Result<Vec<TrialLine>, StoreError> {
        let line = |row: &Row<'_>| {
            Ok(TrialLine {
                ledger: row.get("ledger")?,
                currency: row.get("code")?,
                decimals: decimals(row.get("decimals")?)?,
                is_demo: row.get("demo")?,
                role: row.get("role")?,
                balance: Amount::from_minor(row.get(5)?),
            })
        };
        let end = self.first_entry_from(moment)?;
        let mut lines = self.all(sql!("statements/trial_balance"), [end.0], line)?;
        if basis == Basis::Effective {
            lines.extend(self.all(sql!("statements/trial_backdated"), (end.0, moment.unix_ms()), line)?);
        }
        Ok(lines)
    }
}

/// Merges two sorted lists, cut off at `limit`.
fn merged(a: Vec<StatementRow>, b: Vec<StatementRow>, limit: usize) -> Vec<StatementRow> {
    if b.is_empty() {
        return a;
    }
    let mut rows = [a, b].concat();
    rows.sort_by_key(|row| (row.effective_at, row.seq));
    rows.truncate(limit);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Decimals;
    use crate::store::database::migrations::migrate;
    use rusqlite::Connection;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    const BOOK: BookId = BookId(7);
    const SPACING_MS: i64 = 10;

    /// A ledger with this many entries of 1 on a book, some of them back-dated to the first moment.
    fn ledger(entries: i64, backdated: i64) -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, None).unwrap();
        connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)";
        let sql = format!(
            "{numbers} INSERT INTO entries (seq, uuid, kind, effective_at, recorded_at, principal_id, legs, hash)
             SELECT i, randomblob(16), 'fee', iif(i > ?1 - ?3, ?2, i * ?2), i * ?2, 1, x'', x'' FROM n"
        );
        connection.execute(&sql, [entries, SPACING_MS, backdated]).unwrap();
        let sql =
            "INSERT INTO postings (book_id, entry_seq, amount_minor, balance_minor, recorded_at, kind, entry_uuid,
                                         effective_at)
                   SELECT 7, seq, 1, seq, recorded_at, kind, uuid, iif(effective_at < recorded_at, effective_at, NULL)
                   FROM entries";
        connection.execute(sql, []).unwrap();
        connection
    }

    /// The number of steps of SQLite's virtual machine that a read takes.
    fn steps<T>(connection: &Connection, read: impl FnOnce(&ReadTx<'_>) -> Result<T, StoreError>) -> (u64, T) {
        let count = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&count);
        let count_step = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        };
        connection.progress_handler(1, Some(count_step)).unwrap();
        let found = read(&ReadTx::new(connection)).unwrap();
        connection.progress_handler(0, None::<fn() -> bool>).unwrap();
        (count.load(Ordering::Relaxed), found)
    }

    #[test]
    fn a_past_balance_and_a_page_cost_the_same_on_a_long_history() {
        const LONG: i64 = 100_000;
        let (short, long) = (ledger(100, 3), ledger(LONG, 3));
        let middle = Moment::from_unix_ms(SPACING_MS * LONG / 2);
        let end = EntrySeq(LONG + 1);
        for basis in Basis::ALL {
            let of = |connection: &Connection, at: Moment| {
                let balance = steps(connection, |tx| tx.balance_before(BOOK, basis, at, end));
                let figures = steps(connection, |tx| tx.figures_at(BOOK, at, Decimals::new(2).unwrap()));
                let period = Period { basis, from: at, to: Moment::MAX, bound: end };
                let page = steps(connection, |tx| tx.statement_lines(BOOK, &period, None, 10));
                (balance.0 + figures.0 + page.0, balance.1.0, page.1.len())
            };
            let (few, _, _) = of(&short, Moment::from_unix_ms(SPACING_MS * 50));
            let (many, balance, lines) = of(&long, middle);
            let expected = LONG / 2 - 1 + if basis == Basis::Effective { 3 } else { 0 };
            assert_eq!((balance, lines), (Total::from_minor(i128::from(expected)), 10));
            // A binary search over a thousand times as many entries takes ten more steps; a scan would take 50,000.
            assert!(many < few + 500, "{basis:?}: {few} steps on 100 entries, {many} on {LONG}");
        }
    }
}
