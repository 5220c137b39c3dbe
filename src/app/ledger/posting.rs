//! Posting: the one place where an entry is drawn up, checked for overflow, appended and told.
//!
//! Which accounts may be debited is decided before, by those who know why money moves.

use crate::app::events::{BalancesTold, EntryTold, publish_entry};
use crate::app::{Context, Failure};
use crate::domain::accounts::{Account, Balances, Lifecycle};
use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, CurrencySerial, EntryId, EntrySeq, MovementId, ProfileId, ProfileSerial};
use crate::domain::ledger::{EntryKind, House, Leg, comment_hash};
use crate::domain::money::{Amount, Decimals};
use crate::domain::refusal::Refusal;
use crate::store::{BookOwner, NewEntry};
use std::borrow::Cow;

/// One side of an entry.
#[derive(Clone, Copy)]
pub(in crate::app) enum Side<'a> {
    Client(&'a Account),
    /// A house account beside a client's account: of the same ledger, currency and mode.
    House(BookOwner, House),
}

/// An entry to be posted. The amounts of each currency sum to zero.
pub(in crate::app) struct Draft<'a> {
    pub kind: EntryKind,
    /// Who gains how much, or loses if below zero. No side twice.
    pub sides: &'a [(Side<'a>, Amount)],
    /// A comment; may be empty.
    pub comment: &'a str,
    /// The caller's own reference.
    pub tag: Option<&'a str>,
    pub reverses: Option<EntrySeq>,
    /// Whether it counts as trading credit: CREDIT entries and their reversals.
    pub is_credit: bool,
    /// The movement that it posts.
    pub movement: Option<MovementId>,
    /// When it counts, where that is before the present moment.
    pub effective_at: Option<Moment>,
}

/// An entry that was posted.
#[derive(Clone, Copy)]
pub(in crate::app) struct PostedDraft {
    pub id: EntryId,
    /// Its sequence number.
    pub seq: EntrySeq,
}

/// Posts an entry. Refusals: a balance would overflow.
pub(in crate::app) fn post(context: &Context<'_>, draft: &Draft<'_>) -> Result<PostedDraft, Failure> {
    let overflow = || Failure::from(Refusal::BalanceOverflow);
    let mut legs: Vec<Leg> = Vec::with_capacity(draft.sides.len());
    let mut told: Vec<Told<'_>> = Vec::with_capacity(draft.sides.len());
    let mut client_books: Vec<BookId> = Vec::with_capacity(2);
    for (side, amount) in draft.sides {
        let (book, before) = match side {
            Side::Client(account) => {
                if account.lifecycle == Lifecycle::Closing {
                    context.touch(account.id);
                }
                client_books.push(account.book);
                let after = account.balances.after(*amount, draft.is_credit).ok_or_else(overflow)?;
                told.push(Told::Client(account, *amount, after));
                (account.book, account.balances.balance)
            }
            Side::House(owner, house) => {
                let book = context.tx.house_book(*owner, *house)?;
                let after = book.balance.checked_add(*amount).ok_or_else(overflow)?;
                told.push(Told::House(*owner, *house, book.id, *amount, after));
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
    let entry = EntryTold {
        id,
        seq: posted.seq,
        kind: draft.kind,
        recorded_at: posted.recorded_at,
        effective_at: draft.effective_at.filter(|at| *at < posted.recorded_at),
        reverses: draft.reverses,
        reference: draft.tag,
        movement_id: draft.movement,
    };
    tell(context, &entry, &told)?;
    Ok(PostedDraft { id, seq: posted.seq })
}

/// What is told of one side of an entry.
enum Told<'a> {
    Client(&'a Account, Amount, Balances),
    House(BookOwner, House, BookId, Amount, Amount),
}

/// Tells the outside of an entry: each client in an event of its own, so that nobody learns from it who is on the other
/// side; what the house has of it stands in the first.
fn tell(context: &Context<'_>, entry: &EntryTold<'_>, told: &[Told<'_>]) -> Result<(), Failure> {
    let mut owners: Vec<(ProfileSerial, ProfileId)> = Vec::with_capacity(2);
    for side in told {
        if let Told::Client(account, ..) = side
            && !owners.contains(&(account.standing.profile, account.profile))
        {
            owners.push((account.standing.profile, account.profile));
        }
    }
    if owners.is_empty() {
        return publish_entry(context, entry, None, &lines(context, told, |owner| owner.is_none())?);
    }
    // The movement and its reference are the first one's, who pays.
    let theirs = EntryTold { reference: None, movement_id: None, ..*entry };
    for (number, owner) in owners.iter().enumerate() {
        let is_theirs = |side: Option<ProfileSerial>| side.map_or(number == 0, |side| side == owner.0);
        let entry = if number == 0 { entry } else { &theirs };
        publish_entry(context, entry, Some(*owner), &lines(context, told, is_theirs)?)?;
    }
    Ok(())
}

/// The sides of an entry that are told to somebody, in their order.
fn lines<'a>(
    context: &Context<'_>,
    told: &[Told<'a>],
    is_theirs: impl Fn(Option<ProfileSerial>) -> bool,
) -> Result<Vec<BalancesTold<'a>>, Failure> {
    let mut lines = Vec::with_capacity(told.len());
    for side in told {
        match side {
            Told::Client(account, amount, after) if is_theirs(Some(account.standing.profile)) => {
                lines.push(BalancesTold::of_account(account, after).posted(*amount, account.decimals));
            }
            Told::House(owner, house, book, amount, after) if is_theirs(None) => {
                let (currency, decimals) = currency_of(context, told, owner.currency)?;
                let line = BalancesTold::of_house(*house, *book, currency, decimals, owner.is_demo, *after);
                lines.push(line.posted(*amount, decimals));
            }
            _ => {}
        }
    }
    Ok(lines)
}

/// The currency of a house account, which is mostly that of the client beside it.
fn currency_of<'a>(
    context: &Context<'_>,
    told: &[Told<'a>],
    serial: CurrencySerial,
) -> Result<(Cow<'a, str>, Decimals), Failure> {
    let beside = told.iter().find_map(|side| match side {
        Told::Client(account, ..) if account.standing.currency == serial => Some(*account),
        _ => None,
    });
    match beside {
        Some(account) => Ok((account.currency.as_str().into(), account.decimals)),
        None => {
            let currency = context.tx.currency_of_serial(serial)?.ok_or(Refusal::Internal)?;
            Ok((currency.code.to_string().into(), currency.decimals))
        }
    }
}
