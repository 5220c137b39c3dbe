//! Immediate funding: deposits, withdrawals and adjustments, each one entry against one house account.

use crate::app::accounts::find;
use crate::app::ledger::{
    Draft, PostedDraft, Side, admit_covered, admit_limits, amount_of, note_paid, post, post_deposit,
};
use crate::app::{Command, Context, Failure};
use crate::domain::access::Right;
use crate::domain::accounts::{Account, Direction};
use crate::domain::clock::Moment;
use crate::domain::ids::{AccountId, EntryId};
use crate::domain::ledger::{EntryKind, House};
use crate::domain::money::{Amount, DecimalText, ExtraDecimals};
use crate::domain::reference::CurrencyCode;
use crate::domain::refusal::{Field, Refusal};
use crate::domain::text;
use crate::store::BookOwner;

/// Posts one amount to an account, settled at once.
///
/// Refusals: invalid amount or comment; a currency other than the account's; an effective time in the future or before
/// the account was opened; unknown account; the account's lifecycle, lock or flags; a debit that is not covered; a
/// debit where the group requires approval; overflow.
#[derive(Clone, Debug)]
pub struct PostFunds {
    pub account: AccountId,
    /// Signed, in the account's currency, as the caller wrote it.
    pub amount: DecimalText,
    /// The currency that the caller assumes; must be the account's.
    pub currency: Option<CurrencyCode>,
    /// How to treat decimals that the currency does not have.
    pub extra_decimals: ExtraDecimals,
    /// Decides which house account is the counterpart.
    pub kind: EntryKind,
    /// At most 255 characters; may be empty.
    pub comment: String,
    /// When the entry takes effect; None means now. Not allowed for money from or to the outside.
    pub effective_at: Option<Moment>,
}

#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Posted {
    /// The entry, which is also the deal.
    #[serde(rename = "e")]
    pub entry: EntryId,
}

impl Command for PostFunds {
    type Outcome = Posted;
    const ACTION: &'static str = "funds.post";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<Posted, Failure> {
        let comment = text::note(Field::Comment, self.comment, text::COMMENT_MAX)?;
        let account = find(context, self.account)?;
        account.admit_currency(self.currency.as_ref())?;
        let amount = amount_of(&account, self.amount, self.extra_decimals)?;
        if let Some(at) = self.effective_at {
            admit_backdating(&account, self.kind, at, context.clock_now)?;
        }
        let direction = if amount.is_negative() { Direction::Debit } else { Direction::Credit };
        if self.kind == EntryKind::Balance && account.standing.is_bank {
            let size =
                if amount.is_negative() { amount.checked_neg().ok_or(Refusal::BalanceOverflow)? } else { amount };
            admit_limits(context, &account, direction, size)?;
        }
        if direction == Direction::Debit && account.standing.requires_approval {
            return Err(Refusal::NeedsApproval.into());
        }
        let is_credit = self.kind == EntryKind::Credit;
        match direction {
            Direction::Credit => account.admit_credit(amount, is_credit)?,
            Direction::Debit => account.admit_funds(direction)?,
        }
        if direction == Direction::Debit {
            admit_covered(context, &account, amount, is_credit)?;
        }
        // Money from or to the outside is a deposit or a withdrawal, with its own serial.
        let posted = match (self.kind, direction) {
            (EntryKind::Balance, Direction::Credit) => post_deposit(context, &account, amount, &comment)?,
            (EntryKind::Balance, Direction::Debit) => note_paid(context, &account, amount, &comment)?,
            _ => adjust(context, &account, amount, self.kind, &comment, self.effective_at)?,
        };
        Ok(Posted { entry: posted.id })
    }
}

/// Refuses an effective time that the entry cannot have.
fn admit_backdating(account: &Account, kind: EntryKind, at: Moment, now: Moment) -> Result<(), Refusal> {
    if kind == EntryKind::Balance {
        Err(Refusal::invalid(Field::EffectiveAt, "money from or to the outside cannot be backdated"))
    } else if at > now {
        Err(Refusal::out_of_range(Field::EffectiveAt, "not in the future"))
    } else if at < account.created_at {
        Err(Refusal::out_of_range(
            Field::EffectiveAt,
            format!("not before {}, when the account was opened", account.created_at),
        ))
    } else {
        Ok(())
    }
}

/// Posts against the house account of the kind.
pub(in crate::app) fn adjust(
    context: &Context<'_>,
    account: &Account,
    amount: Amount,
    kind: EntryKind,
    comment: &str,
    effective_at: Option<Moment>,
) -> Result<PostedDraft, Failure> {
    let house = House::counterpart(kind).ok_or(Refusal::Internal)?;
    let opposite = amount.checked_neg().ok_or(Refusal::BalanceOverflow)?;
    let owner = BookOwner::of(account);
    let sides = [(Side::Client(account), amount), (Side::House(owner, house), opposite)];
    let is_credit = kind == EntryKind::Credit;
    post(context, &Draft { kind, sides: &sides, comment, tag: None, reverses: None, is_credit, effective_at })
}
