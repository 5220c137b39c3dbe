//! Negative balance protection: after losses that closed everything, lifts what the client owns to the minimum; what
//! the platform compensates itself replaces it.

use crate::app::trading::derive::{Derived, Work};
use crate::app::trading::posting::Move;
use crate::app::{Context, Failure};
use crate::domain::clock::Moment;
use crate::domain::ids::ExecutionSerial;
use crate::domain::ledger::{EntryKind, House};
use crate::domain::money::Amount;
use crate::domain::refusal::Refusal;
use crate::domain::trading::{MoneyCharge, MoneyStep, Moved, Protection, ProtectionRun, ProtectionTerms};
use crate::store::{TradeOrigin, TradePart};
use std::collections::BTreeSet;

/// What the comments of entries say of protection.
struct Comments {
    credit: &'static str,
    protection: &'static str,
}

const DUE: Comments = Comments {
    credit: "Trading credit consumed by negative balance protection",
    protection: "Negative balance protection",
};

const REPLACED: Comments = Comments {
    credit: "Trading credit restored: the platform has compensated",
    protection: "Negative balance protection replaced by the platform's compensation",
};

/// Executions and charges since a moment.
struct History {
    steps: Vec<MoneyStep>,
    charges: Vec<MoneyCharge>,
}

impl History {
    fn since(context: &Context<'_>, work: &Work, moment: Moment) -> Result<History, Failure> {
        let (tx, book) = (context.tx, work.account.book);
        Ok(History { steps: tx.money_steps(book, moment)?, charges: tx.money_charges(book, moment)? })
    }

    /// Whether there is no protection, neither now nor before.
    fn is_unprotected(&self, present: ProtectionTerms) -> bool {
        let is_unprotected = |step: &MoneyStep| {
            step.terms.unwrap_or(present).after.is_none() && step.protection == Protection::default()
        };
        !self.charges.iter().any(|charge| charge.is_compensation) && self.steps.iter().all(is_unprotected)
    }

    /// A run from the moment on, with what was there before it.
    fn run(&self, context: &Context<'_>, work: &Work, moment: Moment) -> Result<ProtectionRun, Failure> {
        let (tx, book) = (context.tx, work.account.book);
        let first = self.steps.iter().map(|step| step.arrived).min();
        let others = first.map_or(Ok(Vec::new()), |first| tx.others_since(book, first))?;
        let balances = &work.account.balances;
        let present = Moved { balance: balances.balance.minor().into(), credit: balances.credit_net.minor().into() };
        let steps =
            self.steps.iter().map(|step| Moved { balance: step.moved, credit: 0 }.plus(step.protection.moved()));
        let charges = self.charges.iter().map(|charge| charge.moved.minus(charge.offset.unwrap_or_default().moved()));
        let money = steps.chain(charges).chain(others.iter().map(|(_, moved)| *moved)).fold(present, Moved::minus);
        let is_compensated = self.charges.iter().any(|charge| charge.is_compensation);
        let outstanding = if is_compensated { tx.protected_before(book, moment)? } else { Moved::default() };
        let held = tx.symbols_held_before(book, moment)?;
        Ok(ProtectionRun::new((money, outstanding), held, self.charges.clone(), others))
    }
}

impl Work {
    /// Present terms of protection.
    pub(super) fn protection(&self) -> ProtectionTerms {
        ProtectionTerms::of(&self.group, self.account.balances.minimum)
    }

    /// Brings protection in line with what changed, in the order of the executions since the earliest change.
    pub(super) fn protect(&mut self, context: &Context<'_>, derived: &[Derived]) -> Result<(), Failure> {
        let Some(earliest) = self.earliest else { return Ok(()) };
        let present = self.protection();
        let is_candidate = |it: &Derived| {
            present.after.is_some() && it.execution.outcome.leaves_flat && it.execution.posted.profit.is_negative()
        };
        let is_simple = !self.has_charges && derived.iter().all(|it| it.is_new && !is_candidate(it));
        if is_simple && !context.tx.has_executions_after(self.account.book, earliest, derived.len())? {
            return Ok(());
        }
        let history = History::since(context, self, earliest)?;
        if history.is_unprotected(present) {
            return Ok(());
        }
        let new: BTreeSet<_> = derived.iter().filter(|it| it.is_new).map(|it| it.execution.serial).collect();
        let mut run = history.run(context, self, earliest)?;
        for step in &history.steps {
            let due = run.step(step, step.terms.unwrap_or(present));
            self.post_protection(context, step, due, &new)?;
        }
        for (charge, offset) in run.finish() {
            self.post_offset(context, &charge, offset)?;
        }
        Ok(())
    }

    fn post_protection(
        &mut self,
        context: &Context<'_>,
        step: &MoneyStep,
        due: Protection,
        new: &BTreeSet<ExecutionSerial>,
    ) -> Result<(), Failure> {
        let posted = step.protection;
        if due == posted {
            return Ok(());
        }
        let is_new = new.contains(&step.serial);
        let kind = if is_new { EntryKind::NegativeBalanceProtection } else { EntryKind::Correction };
        let origin = |part| TradeOrigin::Execution(step.serial, part);
        self.post_difference(context, (due, posted), (kind, step.place.at, &DUE), origin)?;
        Ok(context.tx.set_protection(step.serial, due)?)
    }

    /// Takes back the protection that a compensation replaces.
    fn post_offset(&mut self, context: &Context<'_>, charge: &MoneyCharge, offset: Protection) -> Result<(), Failure> {
        let posted = charge.offset.unwrap_or_default();
        if offset == posted {
            return Ok(());
        }
        let origin = |part| TradeOrigin::Charge(charge.serial, part);
        self.post_difference(context, (posted, offset), (EntryKind::Correction, charge.at, &REPLACED), origin)?;
        Ok(context.tx.set_offset(charge.serial, offset)?)
    }

    /// Posts `target - posted`.
    fn post_difference(
        &mut self,
        context: &Context<'_>,
        (target, posted): (Protection, Protection),
        (kind, at, comments): (EntryKind, Moment, &Comments),
        origin: impl Fn(TradePart) -> TradeOrigin,
    ) -> Result<(), Failure> {
        let difference = |target: Amount, posted: Amount| {
            target.checked_sub(posted).ok_or_else(|| Failure::from(Refusal::BalanceOverflow))
        };
        let credit = difference(target.from_credit, posted.from_credit)?;
        let consumed = difference(posted.from_credit, target.from_credit)?;
        let balance = difference(target.of_balance, posted.of_balance)?;
        let house = House::NegativeBalanceProtection;
        for (part, kind, house, amount, comment) in [
            (TradePart::CreditConsumed, EntryKind::Credit, House::Credit, consumed, comments.credit),
            (TradePart::ProtectedCredit, kind, house, credit, comments.protection),
            (TradePart::ProtectedBalance, kind, house, balance, comments.protection),
        ] {
            self.post(context, &Move { kind, house, amount, at, comment, origin: origin(part) })?;
        }
        Ok(())
    }
}
