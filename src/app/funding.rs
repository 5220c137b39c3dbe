//! Moving money at once: deposits, withdrawals and adjustments, each one entry against one house account.

use super::accounts::find;
use super::work::to_json;
use super::{Command, Failure, Work};
use crate::domain::account::{Account, Direction};
use crate::domain::entry::{EntryKind, Leg, comment_hash};
use crate::domain::event::{Event, EventType};
use crate::domain::house::House;
use crate::domain::ids::{AccountId, EntryId, EntrySeq};
use crate::domain::money::{Amount, DecimalText, ExtraDecimals};
use crate::domain::principal::Right;
use crate::domain::refusal::Refusal;
use crate::domain::text;
use crate::store::NewEntry;

/// Posts one amount to an account, settled at once.
///
/// Refusals: bad amount or comment; unknown account; the account's state, lock or flags; a debit beyond what can be
/// withdrawn; an overflow.
#[derive(Clone, Debug)]
pub struct PostFunds {
    /// Which account.
    pub account: AccountId,
    /// The signed amount in the account's currency, as the caller wrote it.
    pub amount: DecimalText,
    /// What to do with decimals that the currency does not have.
    pub extra_decimals: ExtraDecimals,
    /// What the entry is; decides the house account.
    pub kind: EntryKind,
    /// A comment; may be empty.
    pub comment: String,
}

/// Where the money went.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Posted {
    /// The entry; also the id of the deal.
    #[serde(rename = "e")]
    pub entry: EntryId,
}

impl Command for PostFunds {
    type Outcome = Posted;
    const ACTION: &'static str = "funds.post";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, work: &Work<'_>) -> Result<Posted, Failure> {
        text::check("comment", &self.comment, text::COMMENT_MAX)?;
        let account = find(work, self.account)?;
        let amount = self.amount.to_amount(account.decimals, self.extra_decimals).map_err(|error| match error {
            crate::domain::money::AmountError::TooLarge => Refusal::out_of_range("amount", error.to_string()),
            _ => Refusal::invalid("amount", error.to_string()),
        })?;
        let direction = if amount.is_negative() { Direction::Debit } else { Direction::Credit };
        if amount.is_zero() {
            return Err(Refusal::invalid("amount", "must not be zero").into());
        }
        account.admit_funds(direction)?;
        let is_credit = self.kind == EntryKind::Credit;
        if direction == Direction::Debit && !account.balances.covers(amount, is_credit) {
            return Err(account.insufficient_funds(is_credit).into());
        }
        let house = House::counterpart(self.kind).ok_or(Refusal::Internal)?;
        let entry = post(work, &account, amount, self.kind, house, &self.comment)?;
        Ok(Posted { entry })
    }
}

/// Appends the entry: the account's leg and the house account's leg, which sum to zero.
fn post(
    work: &Work<'_>,
    account: &Account,
    amount: Amount,
    kind: EntryKind,
    house: House,
    comment: &str,
) -> Result<EntryId, Failure> {
    let overflow = || Failure::from(Refusal::BalanceOverflow);
    let is_credit = kind == EntryKind::Credit;
    let after = account.balances.after(amount, is_credit).ok_or_else(overflow)?;
    let owner = work.tx.book_owner(account.book)?;
    let house_book = work.tx.house_book(owner, house)?;
    let opposite = amount.checked_neg().ok_or_else(overflow)?;
    let house_after = house_book.balance.checked_add(opposite).ok_or_else(overflow)?;
    let legs = [
        Leg { book: account.book, amount, balance_after: after.balance },
        Leg { book: house_book.id, amount: opposite, balance_after: house_after },
    ];
    let mut salt = [0; 16];
    let comment = (!comment.is_empty()).then(|| {
        work.app.randomness().fill(&mut salt);
        (comment, salt, comment_hash(&salt, comment))
    });
    let id = EntryId::new(work.now, work.app.randomness());
    let posted = work.tx.append_entry(&NewEntry {
        id,
        kind,
        now: work.now,
        principal: work.caller.principal.serial,
        tag: None,
        reverses: None,
        comment,
        legs: &legs,
        client_books: &[account.book],
    })?;
    work.tx.set_balance(account.book, after.balance, if is_credit { amount } else { Amount::ZERO })?;
    work.tx.set_balance(house_book.id, house_after, Amount::ZERO)?;
    let told = EntryPosted {
        id,
        seq: posted.seq,
        kind,
        recorded_at: posted.recorded_at.to_string(),
        currency: account.currency.as_str(),
        decimals: account.decimals.count(),
        postings: [
            PostingTold { account: Some(account.id), house: None, amount_minor: amount, balance_minor: after.balance },
            PostingTold {
                account: None,
                house: Some(house.name()),
                amount_minor: opposite,
                balance_minor: house_after,
            },
        ],
    };
    let profile = work.tx.owner_of(account.book)?;
    work.emit(&Event {
        kind: EventType::EntryPosted,
        object: id.uuid(),
        profile: Some((profile, account.profile)),
        payload: to_json(&told)?,
    })?;
    Ok(id)
}

/// What the outside is told of an entry. Comments stay inside: they can hold personal data and can be erased.
#[derive(serde::Serialize)]
struct EntryPosted<'a> {
    id: EntryId,
    seq: EntrySeq,
    kind: EntryKind,
    recorded_at: String,
    currency: &'a str,
    decimals: u8,
    postings: [PostingTold; 2],
}

#[derive(serde::Serialize)]
struct PostingTold {
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    house: Option<&'static str>,
    amount_minor: Amount,
    balance_minor: Amount,
}
