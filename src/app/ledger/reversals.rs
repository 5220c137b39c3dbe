//! Reversals: the only way to undo an entry, once.

use crate::app::ledger::{Draft, Posted, Side, admit_covered, clear_deposit, hands_over, post};
use crate::app::{Command, Context, Failure};
use crate::domain::access::{ObjectKind, Right};
use crate::domain::accounts::{Account, Direction};
use crate::domain::ids::{EntryId, PrincipalSerial};
use crate::domain::ledger::{EntryKind, House};
use crate::domain::money::Amount;
use crate::domain::refusal::{Field, Noun, Refusal};
use crate::domain::text;
use crate::store::BookOwner;

/// Reverses an entry: each posting is undone. Where that takes money from an account, it is a debit with the usual
/// checks, unless an administrator forces it with a reason.
///
/// Refusals: unknown, or one of its accounts is hidden; already reversed; itself a reversal; the lifecycle, lock or
/// flags of its accounts; not covered; it would bypass approval by a second operator; requested or posted by the same
/// operator where the group requires approval; overflow.
pub struct ReverseEntry {
    pub id: EntryId,
    /// Required if `force` is set.
    pub reason: String,
    /// Whether it may take an account below its minimum.
    pub force: bool,
}

impl Command for ReverseEntry {
    type Outcome = Posted;
    const ACTION: &'static str = "entry.reverse";
    const RIGHT: Right = Right::MoveFunds;

    fn run(mut self, context: &Context<'_>) -> Result<Posted, Failure> {
        if self.force {
            context.caller.principal.require(Right::Administer)?;
        }
        self.reason = text::note(Field::Reason, std::mem::take(&mut self.reason), text::COMMENT_MAX)?;
        if self.force && self.reason.trim().is_empty() {
            return Err(Refusal::Required { field: Field::Reason }.into());
        }
        let entry = context.tx.entry(self.id)?.ok_or(Refusal::not_found(Noun::Deal))?;
        let mut parts: Vec<(Part, Amount)> = Vec::with_capacity(entry.legs.len());
        for leg in &entry.legs {
            let opposite = leg.amount.checked_neg().ok_or(Refusal::BalanceOverflow)?;
            let part = match context.tx.account_of_book(leg.book)? {
                Some(id) => {
                    let hidden = Refusal::not_found(Noun::Deal);
                    let account = context.tx.account(id, context.visibility())?.ok_or(hidden)?;
                    context.involve(account.profile);
                    context.concerns_of(ObjectKind::Entry, self.id.uuid(), Some(account.standing.profile));
                    Part::Client(Box::new(account))
                }
                None => {
                    let house = context.tx.house_of_book(leg.book)?.ok_or(Refusal::Internal)?;
                    Part::House(context.tx.book_owner(leg.book)?, house)
                }
            };
            parts.push((part, opposite));
        }
        // What the platform booked is undone by its own correction; the next one would count the entry as posted.
        if entry.kind == EntryKind::Reversal || context.tx.is_of_platform(entry.seq)? {
            return Err(Refusal::NotReversible.into());
        }
        if context.tx.is_reversed(entry.seq)? {
            return Err(Refusal::AlreadyReversed.into());
        }
        // A reversed deposit has nothing left to clear.
        let movement = context.tx.movement_of_entry(entry.seq)?;
        if let Some(movement) = &movement
            && !movement.stage.uncleared().is_zero()
        {
            clear_deposit(context, movement.serial)?;
            refresh(context, &mut parts)?;
        }
        self.refuse_approval_bypasses(context, &parts)?;
        // What was approved was posted by the approver.
        let authors = [Some(entry.principal), movement.map(|movement| movement.requested_by)];
        let is_credit = entry.kind == EntryKind::Credit;
        for (part, amount) in &parts {
            if let Part::Client(account) = part {
                self.admit(context, account, *amount, is_credit, authors)?;
            }
        }
        let sides: Vec<_> = parts
            .iter()
            .map(|(part, amount)| match part {
                Part::Client(account) => (Side::Client(account), *amount),
                Part::House(owner, house) => (Side::House(*owner, *house), *amount),
            })
            .collect();
        let draft = Draft {
            kind: EntryKind::Reversal,
            sides: &sides,
            comment: &self.reason,
            tag: None,
            reverses: Some(entry.seq),
            is_credit,
            effective_at: None,
        };
        Ok(Posted { entry: post(context, &draft)?.id })
    }
}

/// One side of the entry to reverse.
enum Part {
    Client(Box<Account>),
    House(BookOwner, House),
}

fn refresh(context: &Context<'_>, parts: &mut [(Part, Amount)]) -> Result<(), Failure> {
    for (part, _) in parts {
        if let Part::Client(account) = part {
            **account = context.tx.account(account.id, context.visibility())?.ok_or(Refusal::Internal)?;
        }
    }
    Ok(())
}

impl ReverseEntry {
    /// Refuses to take money in one call from an account that requires approval, unless it stays in its currency, under
    /// the rule and with the same client. Administrators are exempt, since they can also move the account to another
    /// group.
    fn refuse_approval_bypasses(&self, context: &Context<'_>, parts: &[(Part, Amount)]) -> Result<(), Failure> {
        if context.caller.principal.require(Right::Administer).is_ok() {
            return Ok(());
        }
        let clients = |pays: bool| {
            parts.iter().filter_map(move |(part, amount)| match part {
                Part::Client(account) if amount.is_negative() == pays => Some(account),
                _ => None,
            })
        };
        for from in clients(true).filter(|from| from.standing.requires_approval) {
            let mut stays = clients(false).next().is_some();
            for to in clients(false) {
                stays &= to.standing.requires_approval
                    && to.standing.currency == from.standing.currency
                    && !hands_over(context, from, to)?;
            }
            if !stays {
                return Err(Refusal::NeedsApproval.into());
            }
        }
        Ok(())
    }

    fn admit(
        &self,
        context: &Context<'_>,
        account: &Account,
        amount: Amount,
        is_credit: bool,
        authors: [Option<PrincipalSerial>; 2],
    ) -> Result<(), Failure> {
        if !amount.is_negative() {
            return Ok(account.admit_credit(amount, is_credit)?);
        }
        if account.standing.requires_approval {
            context.caller.principal.admit_as_checker()?;
            if authors.contains(&Some(context.caller.principal.serial)) {
                return Err(Refusal::OwnRequest.into());
            }
        }
        account.admit_funds(Direction::Debit)?;
        if self.force { Ok(()) } else { admit_covered(context, account, amount, is_credit) }
    }
}
