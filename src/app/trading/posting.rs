//! Posts what executions and charges move, and links each entry to what it follows from.

use crate::app::ledger::{Draft, Side as Leg, post};
use crate::app::trading::derive::{Derived, Work};
use crate::app::trading::session::Session;
use crate::app::{Context, Failure, to_json};
use crate::domain::clock::Moment;
use crate::domain::ids::{AlertId, BookId};
use crate::domain::ledger::{EntryKind, House};
use crate::domain::money::Amount;
use crate::domain::refusal::Refusal;
use crate::domain::trading::{AlertKind, Side};
use crate::store::{BookOwner, Execution, TradeOrigin, TradePart};

pub(super) struct Move<'a> {
    pub(super) kind: EntryKind,
    pub(super) house: House,
    pub(super) amount: Amount,
    pub(super) at: Moment,
    pub(super) comment: &'a str,
    pub(super) origin: TradeOrigin,
}

impl Work {
    /// Posts unless the amount is zero. Nothing is checked but overflows: the platform has booked it.
    pub(super) fn post(&mut self, context: &Context<'_>, money: &Move<'_>) -> Result<(), Failure> {
        let Move { kind, house, amount, at, comment, origin } = *money;
        if amount.is_zero() {
            return Ok(());
        }
        let opposite = amount.checked_neg().ok_or(Refusal::BalanceOverflow)?;
        let is_credit = kind == EntryKind::Credit;
        let owner = BookOwner::of(&self.account);
        let sides = [(Leg::Client(&self.account), amount), (Leg::House(owner, house), opposite)];
        let effective_at = Some(at.min(context.now));
        let draft = Draft { kind, sides: &sides, comment, tag: None, reverses: None, is_credit, effective_at };
        let posted = post(context, &draft)?;
        context.tx.link_entry(posted.seq, origin)?;
        self.account.balances = self.account.balances.after(amount, is_credit).ok_or(Refusal::BalanceOverflow)?;
        Ok(())
    }

    /// Posts what an execution should have moved and has not.
    pub(super) fn post_parts(&mut self, context: &Context<'_>, derived: &mut Derived) -> Result<(), Failure> {
        let target = derived.execution.target();
        let trade = if derived.side == Side::Buy { EntryKind::Buy } else { EntryKind::Sell };
        let Execution { serial, place, posted, .. } = &mut derived.execution;
        for (part, kind, house, target, posted) in [
            (TradePart::Profit, trade, House::TradingPnl, target.profit, &mut posted.profit),
            (
                TradePart::Commission,
                EntryKind::Commission,
                House::Commission,
                target.commission,
                &mut posted.commission,
            ),
            (TradePart::Swap, EntryKind::Swap, House::Swap, target.swap, &mut posted.swap),
            (TradePart::Fee, EntryKind::Fee, House::Fee, target.fee, &mut posted.fee),
        ] {
            let amount = target.checked_sub(*posted).ok_or(Refusal::BalanceOverflow)?;
            let kind = if derived.is_new { kind } else { EntryKind::Correction };
            let origin = TradeOrigin::Execution(*serial, part);
            self.post(context, &Move { kind, house, amount, at: place.at, comment: "", origin })?;
            *posted = target;
        }
        Ok(())
    }

    /// Raises what an operator should look at, and settles what no longer holds.
    pub(super) fn raise_alerts(&self, context: &Context<'_>, derived: &Derived) -> Result<(), Failure> {
        let Derived { execution, unmatched, is_new, .. } = derived;
        let subject = execution.place.execution_id.as_str();
        let book = Some(self.account.book);
        let show = |kind, detail: Option<serde_json::Value>| match detail {
            Some(detail) => raise(context, (kind, book, subject), &detail),
            None if *is_new => Ok(()),
            None => Ok(context.tx.settle_alert((kind, book, subject), context.now)?),
        };
        let unmatched = unmatched.as_ref().filter(|_| !execution.is_cancelled);
        show(
            AlertKind::CloseWithoutPosition,
            unmatched.map(|lots| serde_json::json!({"unmatched": lots.text(0, 12)})),
        )?;
        let ours = execution.outcome.profit;
        let theirs = execution.recorded.booked.profit.filter(|_| !execution.is_cancelled && unmatched.is_none());
        let differs = theirs.filter(|theirs| ours.minor().abs_diff(theirs.minor()) > 1);
        let text = |amount: Amount| amount.to_text(self.account.decimals);
        show(
            AlertKind::ProfitDiffers,
            differs.map(|theirs| serde_json::json!({"ours": text(ours), "theirs": text(theirs)})),
        )
    }
}

impl Work {
    /// Compares our balance with the platform's after the last execution, if it came last.
    pub(super) fn compare_balance(&self, context: &Context<'_>, derived: &[Derived]) -> Result<(), Failure> {
        let Some(last) = derived.last().filter(|last| last.is_new) else { return Ok(()) };
        let Execution { place, recorded, .. } = &last.execution;
        let Some(theirs) = recorded.booked.balance_after else { return Ok(()) };
        if context.tx.has_trading_after(self.account.book, place.time())? {
            return Ok(());
        }
        let ours = self.account.balances.balance;
        let about = (AlertKind::BalanceDiffers, Some(self.account.book), "balance");
        if ours == theirs {
            return Ok(context.tx.settle_alert(about, context.now)?);
        }
        let text = |amount: Amount| amount.to_text(self.account.decimals);
        let detail = serde_json::json!({"execution": place.execution_id, "ours": text(ours), "theirs": text(theirs)});
        raise(context, about, &detail)
    }
}

/// Raises an alert about an account.
pub(super) fn raise(
    context: &Context<'_>,
    about: (AlertKind, Option<BookId>, &str),
    detail: &serde_json::Value,
) -> Result<(), Failure> {
    let id = AlertId::new(context.now, context.app.randomness());
    Ok(context.tx.raise_alert(id, about, &to_json(detail)?, context.now)?)
}

impl Session<'_, '_> {
    pub(super) fn raise(
        &self,
        about: (AlertKind, Option<BookId>, &str),
        detail: &serde_json::Value,
    ) -> Result<(), Failure> {
        raise(self.context, about, detail)
    }
}
