//! Proves the history of figures: each row must equal the sum of movements and postings up to its moment, and no moment
//! at which that sum changed may lack a row.
//!
//! Merges three streams in the order of book and time: the rows of the history, what movements reserved and released,
//! and the CREDIT postings, which the caller passes in while it scans the ledger.

use crate::domain::clock::Moment;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, sql};
use crate::store::proof::Proof;
use rusqlite::{Row, Rows, Statement};

/// A book and a moment in its history.
type Place = (i64, i64);

/// Held, uncleared, pending, and the net trading credit.
type Figures = [i64; 4];

pub(in crate::store) struct HistoryStatements<'c> {
    rows: Statement<'c>,
    changes: Statement<'c>,
}

impl<'c> HistoryStatements<'c> {
    pub(in crate::store) fn prepare(tx: &'c ReadTx<'_>) -> Result<HistoryStatements<'c>, StoreError> {
        let connection = tx.connection();
        Ok(HistoryStatements {
            rows: connection.prepare(sql!("proof/figure_rows"))?,
            changes: connection.prepare(sql!("proof/figure_changes"))?,
        })
    }
}

/// The merge of the three streams.
pub(in crate::store) struct History<'s> {
    rows: Rows<'s>,
    row: Option<(Place, Figures)>,
    changes: Rows<'s>,
    change: Option<(Place, Figures)>,
    book: i64,
    /// The sum of movements and postings so far.
    running: Figures,
    /// The figures in the last row of the book.
    shown: Figures,
    /// The last change that has no row yet.
    changed: Option<Place>,
}

fn place_and_figures(row: &Row<'_>) -> Result<(Place, Figures), StoreError> {
    Ok(((row.get(0)?, row.get(1)?), [row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?]))
}

fn next(rows: &mut Rows<'_>) -> Result<Option<(Place, Figures)>, StoreError> {
    rows.next()?.map(place_and_figures).transpose()
}

impl<'s> History<'s> {
    pub(in crate::store) fn begin(statements: &'s mut HistoryStatements<'_>) -> Result<History<'s>, StoreError> {
        let (mut rows, mut changes) = (statements.rows.query([])?, statements.changes.query([])?);
        let (row, change) = (next(&mut rows)?, next(&mut changes)?);
        let (running, shown) = Default::default();
        Ok(History { rows, row, changes, change, book: 0, running, shown, changed: None })
    }

    /// Adds a posting that counts as trading credit. Must be called in the order of book and time.
    pub(in crate::store) fn credit(&mut self, proof: &mut Proof, place: Place, amount: i64) -> Result<(), StoreError> {
        self.go_to(proof, Some(place))?;
        self.take(proof, place, [0, 0, 0, amount]);
        Ok(())
    }

    /// Must be called after the last posting.
    pub(in crate::store) fn finish(mut self, proof: &mut Proof) -> Result<(), StoreError> {
        self.go_to(proof, None)?;
        self.close(proof, None);
        Ok(())
    }

    /// Consumes both streams up to a place. Within a moment, changes come first, then the row that shows their result.
    fn go_to(&mut self, proof: &mut Proof, end: Option<Place>) -> Result<(), StoreError> {
        loop {
            let is_due = |place: Place| end.is_none_or(|end| place < end);
            let row = self.row.filter(|(place, _)| is_due(*place));
            match self.change.filter(|(place, _)| is_due(*place)) {
                Some((place, figures)) if row.is_none_or(|(of_row, _)| place <= of_row) => {
                    self.take(proof, place, figures);
                    self.change = next(&mut self.changes)?;
                }
                _ => {
                    let Some((place, figures)) = row else { return Ok(()) };
                    self.compare(proof, place, figures);
                    self.row = next(&mut self.rows)?;
                }
            }
        }
    }

    fn take(&mut self, proof: &mut Proof, place: Place, figures: Figures) {
        self.close(proof, Some(place));
        for (running, change) in self.running.iter_mut().zip(figures) {
            *running = running.wrapping_add(change);
        }
        self.changed = Some(place);
    }

    fn compare(&mut self, proof: &mut Proof, place: Place, figures: Figures) {
        self.close(proof, Some(place));
        if figures != self.running {
            let running = self.running;
            find(proof, place, &format!("says {figures:?}"), running);
        }
        (self.shown, self.changed) = (figures, None);
    }

    /// If the next place is later than the last change, that change should have had a row.
    fn close(&mut self, proof: &mut Proof, next: Option<Place>) {
        if let Some(place) = self.changed.filter(|place| next != Some(*place)) {
            if self.running != self.shown {
                find(proof, place, "has no row", self.running);
            }
            self.changed = None;
        }
        if let Some((book, _)) = next.filter(|(book, _)| *book != self.book) {
            (self.book, self.running, self.shown) = (book, Figures::default(), Figures::default());
        }
    }
}

fn find(proof: &mut Proof, (book, at): Place, what: &str, running: Figures) {
    proof.find("figures", || {
        let at = Moment::from_unix_ms(at);
        format!(
            "the history of book {book} {what} for {at}, but movements and postings come to held, uncleared, pending, \
             credit {running:?}"
        )
    });
}
