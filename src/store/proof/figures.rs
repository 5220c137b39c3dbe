//! The proof of the history of what books hold and await: each row of it says what movements and postings had come to at
//! its moment, and no moment at which that changed is left out.
//!
//! Three streams in the order of book and time are merged: the rows, what movements reserved and gave back, and the CREDIT
//! postings, which whoever goes through the ledger hands over.

use crate::domain::clock::Moment;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, sql};
use crate::store::proof::Proof;
use rusqlite::{Row, Rows, Statement};

/// A book, and a moment in its life.
type Place = (i64, i64);

/// What is held, uncleared, pending, and the net trading credit.
type Figures = [i64; 4];

/// The statements behind [`History`].
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

/// The history beside what it is made of.
pub(in crate::store) struct History<'s> {
    rows: Rows<'s>,
    row: Option<(Place, Figures)>,
    changes: Rows<'s>,
    change: Option<(Place, Figures)>,
    book: i64,
    /// What movements and postings come to so far.
    running: Figures,
    /// What the last row of the book says.
    shown: Figures,
    /// The last moment at which anything changed.
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

    /// A posting that counts as trading credit. They come in the order of book and time.
    pub(in crate::store) fn credit(&mut self, proof: &mut Proof, place: Place, amount: i64) -> Result<(), StoreError> {
        self.go_to(proof, Some(place))?;
        self.take(proof, place, [0, 0, 0, amount]);
        Ok(())
    }

    /// There are no more postings.
    pub(in crate::store) fn finish(mut self, proof: &mut Proof) -> Result<(), StoreError> {
        self.go_to(proof, None)?;
        self.close(proof, None);
        Ok(())
    }

    /// Takes in what comes before a place: of one moment first what changed, then the row that says what it led to.
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

    /// Something changed.
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

    /// The moment of the last change is over, if what follows is at a later one: there should have been a row for it.
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
            "the history of book {book} {what} for {at}, where movements and postings come to held, uncleared, pending, \
             credit {running:?}"
        )
    });
}
