//! The audit log for people who audit: who did what, when, from where and with which token.

use crate::app::{Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::clock::Moment;
use crate::domain::page::{Part, Position};
use crate::domain::refusal::{Field, Refusal};

pub use crate::store::{AuditFilter, AuditRecord, AuditedChange};

/// The most rows examined for one part of a list; whoever selects few gets a cursor to continue from.
const LOOKED_AT_MAX: i64 = 200_000;

/// Rows of the audit log, newest first. The list may go on although a part has fewer rows than asked for.
///
/// Refusals: `from` is after `to`; more rows than asked for, where they must be complete.
pub struct ReadAuditLog {
    pub filter: AuditFilter,
    /// Inclusive; None for the beginning.
    pub from: Option<Moment>,
    /// Exclusive; None for the present.
    pub to: Option<Moment>,
    /// The last row that was shown.
    pub after: Option<Position>,
    /// The most rows to return.
    pub limit: u32,
    /// Whether all rows are wanted in one part.
    pub is_whole: bool,
}

impl Query for ReadAuditLog {
    type Answer = Part<AuditRecord>;
    const RIGHT: Right = Right::ReadAudit;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Part<AuditRecord>, Failure> {
        if self.from.zip(self.to).is_some_and(|(from, to)| from > to) {
            return Err(Refusal::invalid(Field::From, "must not be after to").into());
        }
        let first = self.from.map_or(Ok(1), |from| view.tx.first_audited(from))?;
        let end = self.to.map_or_else(|| Ok(view.tx.last_audited()? + 1), |to| view.tx.first_audited(to))?;
        let mut before = self.after.map_or(end, |shown| shown.row.min(end));
        let mut rows = Vec::new();
        loop {
            let start = first.max(before.saturating_sub(LOOKED_AT_MAX));
            let missing = (self.limit + 1).saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
            rows.extend(view.tx.audit_records(&self.filter, view.visibility, (start, before - 1), missing)?);
            let is_over = start <= first || rows.len() > self.limit as usize;
            if is_over || !self.is_whole {
                let mut part = Part::cut(rows, self.limit, |row: &AuditRecord| Position::of(row.id));
                if self.is_whole && part.next.is_some() {
                    let limit = self.limit;
                    return Err(Refusal::out_of_range(Field::To, format!("more than {limit} rows; choose less")).into());
                }
                if !is_over {
                    part.next = Some(Position::of(start));
                }
                return Ok(part);
            }
            before = start;
        }
    }
}
