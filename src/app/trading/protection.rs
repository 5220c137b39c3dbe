//! Negative balance protection: lifts the own money of a client after losses that closed everything.

use crate::app::Context;
use crate::app::Failure;
use crate::app::trading::derive::{Derived, Work};
use crate::app::trading::posting::Move;
use crate::domain::ledger::{EntryKind, House};
use crate::domain::money::Amount;
use crate::domain::reference::{DeclaredGroup, GroupKind, ProtectAfter};
use crate::domain::refusal::Refusal;
use crate::store::{Execution, TradeOrigin, TradePart};

/// Why a fill was forced, in the words of the feed.
const STOP_OUT: &str = "stop_out";

const CREDIT_COMMENT: &str = "Trading credit consumed by negative balance protection";
const COMMENT: &str = "Negative balance protection";

impl Work {
    /// Brings protection in line with what changed, in the order of the executions since the earliest change.
    pub(super) fn protect(&mut self, context: &Context<'_>, derived: &[Derived]) -> Result<(), Failure> {
        let Some(earliest) = self.earliest else { return Ok(()) };
        let group = context.tx.group(self.account.group)?.ok_or(Refusal::Internal)?.declared;
        if !group.negative_balance_protection || group.kind != GroupKind::Trading {
            return Ok(());
        }
        let is_candidate = |it: &Derived| it.execution.outcome.leaves_flat && it.execution.posted.profit.is_negative();
        let is_simple = !self.has_charges && derived.iter().all(|it| it.is_new && !is_candidate(it));
        if is_simple && !context.tx.has_executions_after(self.account.book, earliest, derived.len())? {
            return Ok(());
        }
        for mut execution in context.tx.executions_of_account(self.account.book, earliest)? {
            let is_new = derived.iter().any(|it| it.is_new && it.execution.serial == execution.serial);
            self.protect_after(context, &group, &mut execution, is_new)?;
        }
        Ok(())
    }

    fn protect_after(
        &mut self,
        context: &Context<'_>,
        group: &DeclaredGroup,
        execution: &mut Execution,
        is_new: bool,
    ) -> Result<(), Failure> {
        let zero = Amount::ZERO;
        let (credit, balance) = if self.is_protected(context, group, execution)? {
            self.shortfall(context, execution)?
        } else {
            (zero, zero)
        };
        let posted = &mut execution.posted;
        if (posted.protected_credit, posted.protected_balance) == (credit, balance) {
            return Ok(());
        }
        let minus = |one: Amount, other: Amount| one.checked_sub(other).ok_or(Failure::from(Refusal::BalanceOverflow));
        let more_credit = minus(credit, posted.protected_credit)?;
        let more_balance = minus(balance, posted.protected_balance)?;
        (posted.protected_credit, posted.protected_balance) = (credit, balance);
        let protection = if is_new { EntryKind::NegativeBalanceProtection } else { EntryKind::Correction };
        let house = House::NegativeBalanceProtection;
        for (part, kind, house, amount, comment) in [
            (TradePart::CreditConsumed, EntryKind::Credit, House::Credit, minus(zero, more_credit)?, CREDIT_COMMENT),
            (TradePart::ProtectedCredit, protection, house, more_credit, COMMENT),
            (TradePart::ProtectedBalance, protection, house, more_balance, COMMENT),
        ] {
            let origin = TradeOrigin::Execution(execution.serial, part);
            self.post(context, &Move { kind, house, amount, at: execution.place.at, comment, origin })?;
        }
        context.tx.set_outcome(execution.serial, &execution.outcome, &execution.posted)?;
        Ok(())
    }

    /// Whether an execution is followed by protection: it closed at a loss, and the account holds nothing afterwards.
    fn is_protected(
        &self,
        context: &Context<'_>,
        group: &DeclaredGroup,
        execution: &Execution,
    ) -> Result<bool, Failure> {
        let is_loss = !execution.is_cancelled
            && execution.outcome.closed.is_some()
            && execution.outcome.leaves_flat
            && execution.posted.profit.is_negative();
        if !is_loss || !context.tx.is_flat_after(self.account.book, &execution.place, execution.symbol)? {
            return Ok(false);
        }
        if group.protect_after == ProtectAfter::AnyClose || execution.recorded.reason.as_deref() == Some(STOP_OUT) {
            return Ok(true);
        }
        let Some(order) = &execution.recorded.order else { return Ok(false) };
        let order = context.tx.order(self.account.book, execution.place.platform, order)?;
        Ok(order.is_some_and(|order| order.reason.as_deref() == Some(STOP_OUT)))
    }

    /// What is lifted after an execution, at most its loss: first in place of trading credit, then the balance.
    fn shortfall(&self, context: &Context<'_>, execution: &Execution) -> Result<(Amount, Amount), Failure> {
        let later = context.tx.money_after(self.account.book, execution)?;
        let balances = &self.account.balances;
        let posted = &execution.posted;
        // Without its own protection, and as if nothing had followed.
        let balance =
            i128::from(balances.balance.minor()) - later.balance - i128::from(posted.protected_balance.minor());
        let credit =
            i128::from(balances.credit_net.minor()) - later.credit + i128::from(posted.protected_credit.minor());
        let credit = credit.max(0);
        let loss = -i128::from(posted.profit.minor());
        let shortfall = (i128::from(balances.minimum.minor()) - (balance - credit)).min(loss).max(0);
        let of_credit = credit.min(shortfall);
        let amount = |minor: i128| i64::try_from(minor).map(Amount::from_minor).map_err(|_| Refusal::BalanceOverflow);
        Ok((amount(of_credit)?, amount(shortfall - of_credit)?))
    }
}
