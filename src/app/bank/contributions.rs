//! Recurring contributions: planned, run by the scheduler, and what becomes of each.

use crate::app::accounts::find_as;
use crate::app::bank::admit_client;
use crate::app::ledger::{MovementRequest, admit_external, announce, terms_of};
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{Right, Visibility};
use crate::domain::accounts::{Account, Lifecycle};
use crate::domain::bank::{ContributionKind, ContributionPlan, PlanTerms, START_DAY_MAX};
use crate::domain::day::Day;
use crate::domain::events::{ContributionSnapshot, Event, EventType, Snapshot};
use crate::domain::ids::{AccountId, BookId, ExternalAccountId, ExternalSerial, MovementSerial, ProfileId};
use crate::domain::ledger::Movement;
use crate::domain::money::{Amount, DecimalText, ExtraDecimals};
use crate::domain::refusal::{Field, Noun, Refusal};
use crate::store::Job;
use serde::{Deserialize, Serialize};

/// Changes the recurring contribution of an account; None leaves a part as it is. A plan may be incomplete while it is
/// off. A part that is sent with its present value is no change.
///
/// Refusals: unknown account, or not the client's; the client may only read it; archived; the product has none; a part
/// is missing; an amount below the product's minimum, or none of the currency; the account elsewhere is unknown, of
/// another client or not verified; a day after the 28th; an end that is not after the start.
pub struct SetContribution {
    pub account: AccountId,
    /// The client who asks for it; None if an operator does.
    pub client: Option<ProfileId>,
    /// Some(None) turns the plan off.
    pub kind: Option<Option<ContributionKind>>,
    /// In the currency of the account.
    pub amount: Option<DecimalText>,
    pub external: Option<ExternalKeyOfPlan>,
    pub start: Option<Day>,
    /// Some(None) removes it.
    pub end: Option<Option<Day>>,
}

/// How a caller names the account that pays.
#[derive(Clone, Copy, Debug)]
pub enum ExternalKeyOfPlan {
    Id(ExternalAccountId),
    Serial(ExternalSerial),
}

/// A plan as it is now; None if the account never had one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PresentPlan(pub Option<ContributionPlan>);

impl Command for SetContribution {
    type Outcome = PresentPlan;
    const ACTION: &'static str = "contribution.set";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<PresentPlan, Failure> {
        let account = find_as(context, self.account, Field::Account)?;
        if let Some(client) = self.client {
            admit_client(context, &account, client, Field::Account)?;
        }
        let present = context.tx.contribution_plan(account.book)?;
        let old = present.as_ref().map(|plan| plan.terms.clone()).unwrap_or_default();
        let terms = self.applied_to(context, &account, old.clone())?;
        if terms == old {
            return Ok(PresentPlan(present));
        }
        context.caller.principal.require(Right::MoveFunds)?;
        account.admit_change()?;
        admit_terms(context, &account, &terms, self.client)?;
        let today = Day::of(context.clock_now, &context.app.settings().program.time_zone);
        let was_next = present.as_ref().and_then(|plan| plan.next);
        let days = |terms: &PlanTerms| (terms.kind, terms.start);
        let keeps_days = days(&terms) == days(&old) && was_next.is_some();
        let next = match terms.schedule() {
            None => None,
            Some(schedule) if keeps_days => was_next.filter(|next| schedule.end.is_none_or(|end| *next <= end)),
            Some(schedule) => schedule.first(today),
        };
        let plan = match present {
            Some(plan) => ContributionPlan { terms, next, updated_at: context.now, ..plan },
            None => ContributionPlan {
                account: account.id,
                currency: account.currency.clone(),
                decimals: account.decimals,
                terms,
                next,
                runs: 0,
                failures: 0,
                last_failure: None,
                created_at: context.now,
                updated_at: context.now,
            },
        };
        save(context, &account, &plan)?;
        let kind = match (was_next.is_some(), next.is_some()) {
            (false, true) => EventType::ContributionStarted,
            (true, false) => EventType::ContributionEnded,
            (true, true) | (false, false) => EventType::ContributionChanged,
        };
        publish(context, &account, &plan, kind, (None, None))?;
        Ok(PresentPlan(Some(plan)))
    }
}

impl SetContribution {
    fn applied_to(&self, context: &Context<'_>, account: &Account, old: PlanTerms) -> Result<PlanTerms, Failure> {
        let amount = |text: DecimalText| {
            let amount = text.to_amount(account.decimals, ExtraDecimals::Refuse);
            amount.map_err(|error| Refusal::invalid(Field::Amount, error.to_string()))
        };
        let external = match self.external {
            None => old.external,
            Some(ExternalKeyOfPlan::Id(id)) => Some(id),
            Some(ExternalKeyOfPlan::Serial(serial)) => {
                let found = context.tx.external_account_numbered(serial, &Visibility::Everything)?;
                Some(found.ok_or(Refusal::not_found(Noun::ExternalAccount))?.id)
            }
        };
        Ok(PlanTerms {
            kind: self.kind.unwrap_or(old.kind),
            amount: self.amount.map(amount).transpose()?.or(old.amount),
            external,
            start: self.start.or(old.start),
            end: self.end.unwrap_or(old.end),
        })
    }
}

/// Refuses what a plan cannot be. One that is off need not be complete, but what it has must be right.
fn admit_terms(
    context: &Context<'_>,
    account: &Account,
    terms: &PlanTerms,
    client: Option<ProfileId>,
) -> Result<(), Failure> {
    let required = |field| Failure::from(Refusal::Required { field });
    if terms.kind.is_some() {
        terms.amount.ok_or_else(|| required(Field::Amount))?;
        terms.external.ok_or_else(|| required(Field::ExternalAccount))?;
        terms.start.ok_or_else(|| required(Field::StartDay))?;
    }
    let product = terms_of(context, account)?.and_then(|terms| terms.contributions).ok_or(Refusal::ContributionsOff)?;
    if let Some(amount) = terms.amount {
        let least = product.minimum_amount.to_limit(account.decimals).max(Amount::from_minor(1));
        if amount < least {
            let least = least.to_text(account.decimals);
            return Err(Refusal::out_of_range(Field::Amount, format!("at least {least}")).into());
        }
    }
    if terms.start.is_some_and(|start| start.number() > START_DAY_MAX) {
        return Err(Refusal::out_of_range(Field::StartDay, format!("a day from 1 to {START_DAY_MAX}")).into());
    }
    if terms.start.zip(terms.end).is_some_and(|(start, end)| end <= start) {
        return Err(Refusal::out_of_range(Field::EndDay, "after the start").into());
    }
    if let Some(external) = terms.external.filter(|_| terms.kind.is_some()) {
        let found = context.tx.external_account(external, &Visibility::Everything)?;
        let external = found.ok_or(Refusal::not_found(Noun::ExternalAccount))?;
        admit_external(context, account, &external, client.unwrap_or(account.profile))?;
    }
    Ok(())
}

/// Stores a plan, and plans its next day.
fn save(context: &Context<'_>, account: &Account, plan: &ContributionPlan) -> Result<(), Failure> {
    context.tx.put_contribution_plan(account.book, plan)?;
    let job = Job::Contribute(account.book);
    match plan.next {
        Some(next) => context.tx.plan_job(job, next.begins(&context.app.settings().program.time_zone))?,
        None => {
            context.tx.drop_job(job)?;
        }
    }
    Ok(())
}

/// What a day brought: the deposit that was announced, or why none was.
type Run = (Option<MovementSerial>, Option<String>);

fn publish(
    context: &Context<'_>,
    account: &Account,
    plan: &ContributionPlan,
    kind: EventType,
    (movement, failure): Run,
) -> Result<(), Failure> {
    let terms = &plan.terms;
    let snapshot = Snapshot::Contribution(ContributionSnapshot {
        kind: terms.kind,
        amount: terms.amount,
        external: terms.external,
        start: terms.start,
        end: terms.end,
        next: plan.next,
        movement,
        failure,
    });
    context.publish(&Event {
        kind,
        object: account.id.uuid(),
        subject: Some(account.book.0),
        profile: Some((account.standing.profile, account.profile)),
        snapshot,
    })?;
    Ok(())
}

/// Makes the contribution of the day that has come, in the savepoint that moves the plan on. If it is refused, the plan
/// moves on all the same, and an event says why. Days that passed while the server did not run are made up for one by
/// one.
pub(in crate::app) fn contribute(context: &Context<'_>, book: BookId) -> Result<(), Failure> {
    let Some(plan) = context.tx.contribution_plan(book)? else { return Ok(()) };
    let (Some(today), Some(schedule)) = (plan.next, plan.terms.schedule()) else { return Ok(()) };
    let account = context.tx.account(plan.account, &Visibility::Everything)?.ok_or(Refusal::Internal)?;
    if today.begins(&context.app.settings().program.time_zone) > context.clock_now {
        // The time zone has changed since it was planned.
        return save(context, &account, &plan);
    }
    let made = context.attempt(|| announce_contribution(context, &account, &plan))?;
    // An account that is closing or closed gets no more.
    let is_over = matches!(account.lifecycle, Lifecycle::Closing | Lifecycle::Closed);
    let next = schedule.after(today).filter(|_| !is_over);
    let (kind, run): (EventType, Run) = match &made {
        Ok(movement) => (EventType::ContributionMade, (Some(movement.serial), None)),
        Err(refusal) => (EventType::ContributionFailed, (None, Some(refusal.reason().to_owned()))),
    };
    let (runs, failures) = (plan.runs + u32::from(made.is_ok()), plan.failures + u32::from(made.is_err()));
    let moved = ContributionPlan { next, runs, failures, last_failure: run.1.clone(), updated_at: context.now, ..plan };
    save(context, &account, &moved)?;
    publish(context, &account, &moved, kind, run)?;
    if next.is_none() {
        publish(context, &account, &moved, EventType::ContributionEnded, (None, None))?;
    }
    Ok(())
}

fn announce_contribution(
    context: &Context<'_>,
    account: &Account,
    plan: &ContributionPlan,
) -> Result<Movement, Failure> {
    let terms = &plan.terms;
    let (amount, external) = terms.amount.zip(terms.external).ok_or(Refusal::Internal)?;
    if terms_of(context, account)?.is_none_or(|terms| terms.contributions.is_none()) {
        return Err(Refusal::ContributionsOff.into());
    }
    let found = context.tx.external_account(external, &Visibility::Everything)?;
    let external = found.ok_or(Refusal::not_found(Noun::ExternalAccount))?;
    admit_external(context, account, &external, external_owner(context, account, external.profile)?)?;
    let request = MovementRequest {
        account: account.id,
        amount: DecimalText::parse(&amount.to_text(account.decimals)).map_err(|_| Refusal::Internal)?,
        currency: None,
        extra_decimals: ExtraDecimals::Refuse,
        reason: String::new(),
        reference: None,
        expires_at: None,
    };
    announce(context, request, Some(external.serial))
}

/// The client for whom a contribution is made: the holder of the account elsewhere if it still controls the account,
/// else the primary owner.
fn external_owner(context: &Context<'_>, account: &Account, holder: ProfileId) -> Result<ProfileId, Failure> {
    match admit_client(context, account, holder, Field::ExternalAccount) {
        Ok(()) => Ok(holder),
        Err(Failure::Refused(_)) => Ok(account.profile),
        Err(failure) => Err(failure),
    }
}

/// What a bank knows of an account beyond its balances.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BankStanding {
    pub plan: Option<ContributionPlan>,
    /// How often money has left it this month; None if its product takes no fee for that.
    pub withdrawals: Option<u32>,
}

/// Refusals: unknown.
pub struct GetBankStanding {
    pub account: AccountId,
    /// The present month in the programme's time zone, such as 202611.
    pub month: i64,
}

impl Query for GetBankStanding {
    type Answer = BankStanding;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<BankStanding, Failure> {
        let account = view.tx.account(self.account, view.visibility)?.ok_or(Refusal::not_found(Noun::Account))?;
        let terms = match account.standing.is_bank {
            true => view.tx.bank_terms(account.standing.group)?,
            false => None,
        };
        let takes_fee = terms.is_some_and(|terms| terms.withdrawal_fee.is_some());
        Ok(BankStanding {
            plan: view.tx.contribution_plan(account.book)?,
            withdrawals: takes_fee.then(|| view.tx.withdrawals_in(account.book, self.month)).transpose()?,
        })
    }
}

impl crate::app::App {
    /// The present month in the programme's time zone, such as 202611.
    pub fn present_month(&self) -> i64 {
        Day::of(self.now(), &self.settings().program.time_zone).month()
    }
}
