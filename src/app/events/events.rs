//! Reading events in order, restricted by the caller's tags, and the checkpoint before the oldest one.

use crate::app::{Failure, Query, View};
use crate::domain::access::{Right, Visibility};
use crate::domain::clients::{AccountLabels, Labels};
use crate::domain::ids::{AccountId, BookId, EntrySeq, EventSeq, MovementId};
use crate::domain::ledger::EntryKind;
use crate::domain::refusal::{Field, Refusal};
use crate::store::Feed;

pub use crate::store::{
    BookLine, BookName, ContributionContent, EntryContent, EventContent, EventFilter, EventRow, LegacyContent,
    RestoreContent,
};

/// The most events examined by one call; a caller who sees few of them gets a cursor to continue from.
const LOOKED_AT_MAX: i64 = 20_000;

/// The events after a given one, in order.
///
/// Refusals: events after it have been pruned; there is no such event yet.
#[derive(Clone, Debug)]
pub struct ReadEvents {
    /// The last event that the caller has; zero for the beginning.
    pub after: EventSeq,
    pub filter: EventFilter,
    /// The most events to return.
    pub limit: u32,
}

#[derive(Clone, Debug)]
pub struct EventPage {
    /// The events that the caller can see.
    pub rows: Vec<EventRow>,
    /// The last event that was examined: continue after it.
    pub upto: EventSeq,
    /// The latest event of all, even if the caller cannot see it.
    pub last: EventSeq,
}

impl Query for ReadEvents {
    type Answer = EventPage;
    const RIGHT: Right = Right::ReadEvents;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<EventPage, Failure> {
        let Feed { pruned, last } = view.tx.feed()?;
        if self.after < pruned {
            return Err(Refusal::EventsPruned { oldest: pruned.0 + 1 }.into());
        }
        if self.after > last {
            return Err(Refusal::out_of_range(Field::After, format!("the last event is {last}")).into());
        }
        let end = EventSeq(last.0.min(self.after.0.saturating_add(LOOKED_AT_MAX)));
        let mut rows = view.tx.events(&self.filter, view.visibility, self.after, end, self.limit)?;
        let is_full = rows.len() == self.limit as usize;
        let upto = rows.last().filter(|_| is_full).map_or(end, |row| row.seq);
        if matches!(view.visibility, Visibility::Tagged(_)) {
            for row in &mut rows {
                veil(view, row)?;
            }
        }
        Ok(EventPage { rows, upto, last })
    }
}

/// Removes what the caller's tags hide: the legs of house accounts, the receiver of a transfer, and the names and texts
/// of accounts that the caller can no longer see.
fn veil(view: &View<'_>, event: &mut EventRow) -> Result<(), Failure> {
    let is_seen = |account: AccountId| Ok::<_, Failure>(view.tx.account(account, view.visibility)?.is_some());
    event.balances.retain(|line| line.book.account.is_some());
    match &mut event.content {
        EventContent::Entry(entry) => {
            hide_reason(view, (entry.kind, entry.seq), &mut entry.comment)?;
            for account in event.balances.iter().filter_map(|line| line.book.account) {
                if !entry.comment.is_empty() && !is_seen(account)? {
                    entry.comment.clear();
                }
            }
        }
        EventContent::Movement(movement) => {
            if !movement.reason.is_empty() && !is_seen(movement.account)? {
                movement.reason.clear();
            }
            if let Some(to) = movement.to_account
                && !is_seen(to)?
            {
                (movement.to_account, movement.arrived) = (None, None);
            }
        }
        EventContent::Account(account) => {
            let Labels { reference, category, .. } = account.labels.common.clone();
            let common = Labels { reference, category, ..Labels::default() };
            let without_texts = AccountLabels { common, ..AccountLabels::default() };
            if account.labels != without_texts && !is_seen(account.id)? {
                account.labels = without_texts;
            }
        }
        EventContent::Legacy(legacy) => {
            legacy.hides_house = true;
            if let Some(to) = view.tx.receiver_of_movement(MovementId::from(event.object))? {
                legacy.hides_receiver = !is_seen(to)?;
            }
        }
        EventContent::Owner { .. }
        | EventContent::Profile(_)
        | EventContent::External(_)
        | EventContent::Contribution(_)
        | EventContent::Approval(_)
        | EventContent::Reference(_)
        | EventContent::Restore(_) => {}
    }
    Ok(())
}

/// Removes the comment of a transfer, or of its reversal, from what a caller sees who cannot see the client that paid.
pub(in crate::app) fn hide_reason(
    view: &View<'_>,
    (kind, entry): (EntryKind, EntrySeq),
    comment: &mut String,
) -> Result<(), Failure> {
    let may_be_hidden = *view.visibility != Visibility::Everything
        && matches!(kind, EntryKind::Transfer | EntryKind::Reversal)
        && !comment.is_empty();
    if may_be_hidden
        && let Some(payer) = view.tx.payer_of_transfer(entry)?
        && !view.tx.is_profile_visible(payer, view.visibility)?
    {
        comment.clear();
    }
    Ok(())
}

/// Books as of the checkpoint, for callers who see everything. Refusals: the caller is limited by tags.
pub struct ReadCheckpoint {
    /// Only books after this one.
    pub after: BookId,
    /// The most books to return.
    pub limit: u32,
}

/// A part of the checkpoint.
#[derive(Clone, Debug)]
pub struct CheckpointPage {
    /// The last event that the balances include.
    pub seq: EventSeq,
    /// In the order of their numbers.
    pub books: Vec<BookLine>,
}

impl Query for ReadCheckpoint {
    type Answer = CheckpointPage;
    const RIGHT: Right = Right::ReadEvents;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<CheckpointPage, Failure> {
        view.visibility.require_everything()?;
        let seq = view.tx.event_checkpoint()?.seq;
        Ok(CheckpointPage { seq, books: view.tx.checkpoint_books(self.after, self.limit)? })
    }
}
