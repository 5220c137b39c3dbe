//! Posting: the only place where an entry is drawn up, checked for overflow, appended and published.
//!
//! The use cases decide beforehand whether accounts may be debited.

use crate::app::events::{ClientSide, publish_entry};
use crate::app::{Context, Failure};
use crate::domain::accounts::{Account, Lifecycle};
use crate::domain::clock::Moment;
use crate::domain::events::Reserves;
use crate::domain::ids::{BookId, EntryId, EntrySeq};
use crate::domain::ledger::{EntryKind, House, Leg, comment_hash};
use crate::domain::money::Amount;
use crate::domain::refusal::Refusal;
use crate::store::{BookOwner, NewEntry};

#[derive(Clone, Copy)]
pub(in crate::app) enum Side<'a> {
    Client(&'a Account),
    /// The house account of the same ledger, currency and mode as the client's account.
    House(BookOwner, House),
}

/// An entry to post. The amounts of each currency sum to zero.
pub(in crate::app) struct Draft<'a> {
    pub kind: EntryKind,
    /// Positive amounts are gains. Each side appears once.
    pub sides: &'a [(Side<'a>, Amount)],
    pub comment: &'a str,
    /// The caller's own reference.
    pub tag: Option<&'a str>,
    pub reverses: Option<EntrySeq>,
    /// Whether it counts as trading credit: CREDIT entries and their reversals.
    pub is_credit: bool,
    /// When it takes effect, if that is before now.
    pub effective_at: Option<Moment>,
}

#[derive(Clone, Copy)]
pub(in crate::app) struct PostedDraft {
    pub id: EntryId,
    pub seq: EntrySeq,
}

/// Posts an entry. Refusals: a balance would overflow.
pub(in crate::app) fn post(context: &Context<'_>, draft: &Draft<'_>) -> Result<PostedDraft, Failure> {
    let overflow = || Failure::from(Refusal::BalanceOverflow);
    let mut legs: Vec<Leg> = Vec::with_capacity(draft.sides.len());
    let mut published: Vec<Option<ClientSide>> = Vec::with_capacity(draft.sides.len());
    let mut client_books: Vec<BookId> = Vec::with_capacity(2);
    for (side, amount) in draft.sides {
        let (book, before) = match side {
            Side::Client(account) => {
                if account.lifecycle == Lifecycle::Closing || account.standing.unmet_target.is_some() {
                    context.touch(account.id);
                }
                client_books.push(account.book);
                let after = account.balances.after(*amount, draft.is_credit).ok_or_else(overflow)?;
                let profile = (account.standing.profile, account.profile);
                published.push(Some(ClientSide { profile, reserves: Reserves::of(&after) }));
                (account.book, account.balances.balance)
            }
            Side::House(owner, house) => {
                let book = context.tx.house_book(*owner, *house)?;
                published.push(None);
                (book.id, book.balance)
            }
        };
        let balance_after = before.checked_add(*amount).ok_or_else(overflow)?;
        legs.push(Leg { book, amount: *amount, balance_after });
    }
    let mut salt = [0; 16];
    let comment = (!draft.comment.is_empty()).then(|| {
        context.app.randomness().fill(&mut salt);
        (draft.comment, salt, comment_hash(&salt, draft.comment))
    });
    let id = EntryId::new(context.now, context.app.randomness());
    let posted = context.tx.append_entry(&NewEntry {
        id,
        kind: draft.kind,
        now: context.now,
        effective_at: draft.effective_at,
        principal: context.caller.principal.serial,
        tag: draft.tag,
        reverses: draft.reverses,
        comment,
        legs: &legs,
        client_books: &client_books,
    })?;
    for leg in &legs {
        let credit = if draft.is_credit && client_books.contains(&leg.book) { leg.amount } else { Amount::ZERO };
        context.tx.set_balance(leg.book, leg.balance_after, credit, context.now)?;
    }
    publish_entry(context, (id, posted.seq), &published)?;
    Ok(PostedDraft { id, seq: posted.seq })
}
