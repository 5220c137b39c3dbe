//! Negative balance protection: after losses that closed everything, lifts what the client owns to the minimum.

use crate::app::trading::derive::{Derived, Work};
use crate::app::trading::posting::Move;
use crate::app::{Context, Failure};
use crate::domain::accounts::Balances;
use crate::domain::clock::Moment;
use crate::domain::ids::{EntrySeq, SymbolSerial};
use crate::domain::ledger::{EntryKind, House};
use crate::domain::money::Amount;
use crate::domain::refusal::Refusal;
use crate::domain::trading::{ClosingFill, ProtectAfter, Protection};
use crate::store::{ChargePlace, MoneyStep, Moved, TradeOrigin, TradePart};
use std::collections::BTreeSet;

/// Why a fill was forced, in the words of the feed.
const STOP_OUT: &str = "stop_out";

const CREDIT_COMMENT: &str = "Trading credit consumed by negative balance protection";
const COMMENT: &str = "Negative balance protection";

/// What happened since a moment, with sums over everything after each place.
struct History {
    steps: Vec<MoneyStep>,
    /// After each step: what was posted for later ones, protection left out.
    later: Vec<i128>,
    /// Charges with the sum of each and all later ones.
    charges: Vec<(ChargePlace, Moved)>,
    /// Entries of other origin, likewise.
    others: Vec<(EntrySeq, Moved)>,
}

/// Turns amounts into sums of each and all later ones.
fn sum_up<K>(moves: &mut [(K, Moved)]) {
    let mut sum = Moved::default();
    for (_, moved) in moves.iter_mut().rev() {
        sum = Moved { balance: sum.balance + moved.balance, credit: sum.credit + moved.credit };
        *moved = sum;
    }
}

impl History {
    fn since(context: &Context<'_>, work: &Work, moment: Moment) -> Result<History, Failure> {
        let (tx, book) = (context.tx, work.account.book);
        let steps = tx.money_steps(book, moment)?;
        let mut charges = tx.charges_since(book, moment)?;
        let first = steps.iter().map(|step| step.arrived).min();
        let mut others = first.map_or(Ok(Vec::new()), |first| tx.others_since(book, first))?;
        sum_up(&mut charges);
        sum_up(&mut others);
        let mut later = vec![0; steps.len()];
        let mut sum = 0;
        for (later, step) in later.iter_mut().zip(&steps).rev() {
            *later = sum;
            sum += step.moved;
        }
        Ok(History { steps, later, charges, others })
    }

    /// What moved after a step in the platform's order, or after it arrived if it came from elsewhere; protection left
    /// out.
    fn after(&self, index: usize) -> Moved {
        let (step, later) = (&self.steps[index], self.later[index]);
        let place = (step.place.time(), step.place.sequence);
        let charge = self.charges.partition_point(|(at, _)| *at <= place);
        let other = self.others.partition_point(|(seq, _)| *seq <= step.arrived);
        let charges = self.charges.get(charge).map(|(_, moved)| *moved).unwrap_or_default();
        let others = self.others.get(other).map(|(_, moved)| *moved).unwrap_or_default();
        Moved { balance: later + charges.balance + others.balance, credit: charges.credit + others.credit }
    }
}

impl Work {
    /// Brings protection in line with what changed, in the order of the executions since the earliest change.
    pub(super) fn protect(&mut self, context: &Context<'_>, derived: &[Derived]) -> Result<(), Failure> {
        let Some(earliest) = self.earliest else { return Ok(()) };
        let Some(rule) = Protection::rule(&self.group) else { return Ok(()) };
        let is_candidate = |it: &Derived| it.execution.outcome.leaves_flat && it.execution.posted.profit.is_negative();
        let is_simple = !self.has_charges && derived.iter().all(|it| it.is_new && !is_candidate(it));
        if is_simple && !context.tx.has_executions_after(self.account.book, earliest, derived.len())? {
            return Ok(());
        }
        let new: BTreeSet<_> = derived.iter().filter(|it| it.is_new).map(|it| it.execution.serial).collect();
        let history = History::since(context, self, earliest)?;
        let mut held: BTreeSet<SymbolSerial> =
            context.tx.symbols_held_before(self.account.book, earliest)?.into_iter().collect();
        // What later steps have posted as protection is taken out of the present balances, step by step.
        let mut pending: (i128, i128) = history.steps.iter().fold((0, 0), |(balance, credit), step| {
            let of = |amount: Amount| i128::from(amount.minor());
            (balance + of(step.protected_balance), credit + of(step.protected_credit))
        });
        for (index, step) in history.steps.iter().enumerate() {
            if step.leaves_flat {
                held.remove(&step.symbol)
            } else {
                held.insert(step.symbol)
            };
            let was = (step.protected_balance.minor(), step.protected_credit.minor());
            let fill = ClosingFill {
                leaves_flat: held.is_empty() && step.closes && !step.is_cancelled,
                is_stop_out: rule == ProtectAfter::StopOut && self.is_stop_out(context, step)?,
                profit: step.profit,
            };
            let is_due = fill.leaves_flat && step.profit.is_negative();
            if is_due || was != (0, 0) {
                let after = history.after(index);
                let balances = &self.account.balances;
                // Credit that protection consumed was made up for in the balance.
                let balance = i128::from(balances.balance.minor()) - after.balance - pending.0;
                let credit = i128::from(balances.credit_net.minor()) - after.credit + pending.1;
                let amount = |sum: i128| i64::try_from(sum).map_err(|_| Failure::from(Refusal::BalanceOverflow));
                let then = Balances {
                    balance: Amount::from_minor(amount(balance)?),
                    credit_net: Amount::from_minor(amount(credit)?),
                    ..*balances
                };
                let target = Protection::of(rule, fill, &then);
                self.post_protection(context, step, target, new.contains(&step.serial))?;
            }
            pending = (pending.0 - i128::from(was.0), pending.1 - i128::from(was.1));
        }
        Ok(())
    }

    fn is_stop_out(&self, context: &Context<'_>, step: &MoneyStep) -> Result<bool, Failure> {
        if step.reason.as_deref() == Some(STOP_OUT) {
            return Ok(true);
        }
        let Some(order) = &step.order else { return Ok(false) };
        let order = context.tx.order(self.account.book, step.place.platform, order)?;
        Ok(order.is_some_and(|order| order.reason.as_deref() == Some(STOP_OUT)))
    }

    fn post_protection(
        &mut self,
        context: &Context<'_>,
        step: &MoneyStep,
        target: Protection,
        is_new: bool,
    ) -> Result<(), Failure> {
        let overflow = || Failure::from(Refusal::BalanceOverflow);
        let credit = target.from_credit.checked_sub(step.protected_credit).ok_or_else(overflow)?;
        let balance = target.of_balance.checked_sub(step.protected_balance).ok_or_else(overflow)?;
        if credit.is_zero() && balance.is_zero() {
            return Ok(());
        }
        let protection = if is_new { EntryKind::NegativeBalanceProtection } else { EntryKind::Correction };
        let house = House::NegativeBalanceProtection;
        let consumed = credit.checked_neg().ok_or_else(overflow)?;
        for (part, kind, house, amount, comment) in [
            (TradePart::CreditConsumed, EntryKind::Credit, House::Credit, consumed, CREDIT_COMMENT),
            (TradePart::ProtectedCredit, protection, house, credit, COMMENT),
            (TradePart::ProtectedBalance, protection, house, balance, COMMENT),
        ] {
            let origin = TradeOrigin::Execution(step.serial, part);
            self.post(context, &Move { kind, house, amount, at: step.place.at, comment, origin })?;
        }
        Ok(context.tx.set_protection(step.serial, target.from_credit, target.of_balance)?)
    }
}
