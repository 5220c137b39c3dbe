//! Posting: the one place where an entry is drawn up, checked for overflow, appended and told.
//!
//! Which accounts may be debited is decided before, by those who know why money moves.

use super::work::to_json;
use super::{Failure, Work};
use crate::domain::account::{Account, Lifecycle};
use crate::domain::clock::Moment;
use crate::domain::entry::{EntryKind, Leg, comment_hash};
use crate::domain::event::{Event, EventType};
use crate::domain::house::House;
use crate::domain::ids::{AccountId, BookId, EntryId, EntrySeq};
use crate::domain::money::Amount;
use crate::domain::refusal::Refusal;
use crate::store::{BookOwner, NewEntry};

/// One side of an entry.
#[derive(Clone, Copy)]
pub(super) enum Side<'a> {
    /// A client's account.
    Client(&'a Account),
    /// A house account beside a client's account: of the same ledger, currency and mode.
    House(BookOwner, House),
}

/// An entry to be posted. The amounts of each currency sum to zero.
pub(super) struct Draft<'a> {
    /// What it is.
    pub kind: EntryKind,
    /// Who gains how much, or loses if below zero. No side twice.
    pub sides: &'a [(Side<'a>, Amount)],
    /// A comment; may be empty.
    pub comment: &'a str,
    /// The caller's own reference.
    pub tag: Option<&'a str>,
    /// The entry that it reverses.
    pub reverses: Option<EntrySeq>,
    /// Whether it counts as trading credit: CREDIT entries and their reversals.
    pub is_credit: bool,
}

/// An entry that was posted.
#[derive(Clone, Copy)]
pub(super) struct PostedDraft {
    /// Its id.
    pub id: EntryId,
    /// Its sequence number.
    pub seq: EntrySeq,
}

/// What the outside is told of an entry. Comments stay inside: they can hold personal data and can be erased.
#[derive(serde::Serialize)]
struct EntryTold {
    id: EntryId,
    seq: EntrySeq,
    kind: EntryKind,
    recorded_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reverses: Option<EntrySeq>,
    postings: Vec<PostingTold>,
}

#[derive(serde::Serialize)]
struct PostingTold {
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    house: Option<&'static str>,
    currency: i64,
    amount_minor: Amount,
    balance_minor: Amount,
}

/// Posts an entry. Refusals: a balance would overflow.
pub(super) fn post(work: &Work<'_>, draft: &Draft<'_>) -> Result<PostedDraft, Failure> {
    let overflow = || Failure::from(Refusal::BalanceOverflow);
    let mut legs: Vec<Leg> = Vec::with_capacity(draft.sides.len());
    let mut told: Vec<PostingTold> = Vec::with_capacity(draft.sides.len());
    let mut client_books: Vec<BookId> = Vec::with_capacity(2);
    let mut owner = None;
    for (side, amount) in draft.sides {
        let (book, before, account, house, currency) = match side {
            Side::Client(account) => {
                if account.lifecycle == Lifecycle::Closing {
                    work.touch(account.id);
                }
                client_books.push(account.book);
                if draft.is_credit {
                    account.balances.credit_net.checked_add(*amount).ok_or_else(overflow)?;
                }
                owner.get_or_insert(*account);
                let currency = account.standing.currency;
                (account.book, account.balances.balance, Some(account.id), None, currency)
            }
            Side::House(owner, house) => {
                let book = work.tx.house_book(*owner, *house)?;
                (book.id, book.balance, None, Some(house.name()), owner.currency)
            }
        };
        let balance_after = before.checked_add(*amount).ok_or_else(overflow)?;
        legs.push(Leg { book, amount: *amount, balance_after });
        told.push(PostingTold {
            account,
            house,
            currency: currency.0,
            amount_minor: *amount,
            balance_minor: balance_after,
        });
    }
    let mut salt = [0; 16];
    let comment = (!draft.comment.is_empty()).then(|| {
        work.app.randomness().fill(&mut salt);
        (draft.comment, salt, comment_hash(&salt, draft.comment))
    });
    let id = EntryId::new(work.now, work.app.randomness());
    let posted = work.tx.append_entry(&NewEntry {
        id,
        kind: draft.kind,
        now: work.now,
        principal: work.caller.principal.serial,
        tag: draft.tag,
        reverses: draft.reverses,
        comment,
        legs: &legs,
        client_books: &client_books,
    })?;
    for leg in &legs {
        let credit = if draft.is_credit && client_books.contains(&leg.book) { leg.amount } else { Amount::ZERO };
        work.tx.set_balance(leg.book, leg.balance_after, credit)?;
    }
    tell(work, draft, id, posted.seq, posted.recorded_at, told, owner)?;
    Ok(PostedDraft { id, seq: posted.seq })
}

fn tell(
    work: &Work<'_>,
    draft: &Draft<'_>,
    id: EntryId,
    seq: EntrySeq,
    recorded_at: Moment,
    postings: Vec<PostingTold>,
    owner: Option<&Account>,
) -> Result<(), Failure> {
    let told = EntryTold {
        id,
        seq,
        kind: draft.kind,
        recorded_at: recorded_at.to_string(),
        reverses: draft.reverses,
        postings,
    };
    let profile = owner.map(|account| (account.standing.profile, account.profile));
    work.emit(&Event { kind: EventType::EntryPosted, object: id.uuid(), profile, payload: to_json(&told)? })?;
    Ok(())
}
