//! The fee of savings for withdrawals beyond the free ones of a month: counted as money leaves, posted after the month.

use crate::app::ledger::{adjust, terms_of};
use crate::app::{Context, Failure};
use crate::domain::access::Visibility;
use crate::domain::accounts::{Account, Lifecycle};
use crate::domain::day::Day;
use crate::domain::ids::BookId;
use crate::domain::ledger::EntryKind;
use crate::domain::money::Amount;
use crate::domain::refusal::Refusal;
use crate::store::Job;

/// Counts a payment or transfer that left an account whose product takes a fee for it. The first one of a month plans
/// the fee.
pub(in crate::app) fn count_withdrawal(context: &Context<'_>, account: &Account) -> Result<(), Failure> {
    if terms_of(context, account)?.is_none_or(|terms| terms.withdrawal_fee.is_none()) {
        return Ok(());
    }
    let zone = &context.app.settings().program.time_zone;
    let today = Day::of(context.clock_now, zone);
    if context.tx.count_withdrawal(account.book, today.month())? {
        let next_month = today.first_of_month().plus_months(1);
        context.tx.plan_job_once(Job::ChargeWithdrawals(account.book), next_month.begins(zone))?;
    }
    Ok(())
}

/// Posts the fee for each month that is over, once: at most what the account can pay, whatever its lock. Nothing is
/// posted to a closed account.
pub(in crate::app) fn charge_withdrawals(context: &Context<'_>, book: BookId) -> Result<(), Failure> {
    let Some(id) = context.tx.account_of_book(book)? else { return Ok(()) };
    let today = Day::of(context.clock_now, &context.app.settings().program.time_zone);
    for of_month in context.tx.uncharged_months(book, today.month())? {
        let account = context.tx.account(id, &Visibility::Everything)?.ok_or(Refusal::Internal)?;
        let due = match terms_of(context, &account)?.and_then(|terms| terms.withdrawal_fee) {
            Some(terms) if account.lifecycle != Lifecycle::Closed => {
                let fee = terms.fee.to_limit(account.decimals);
                let times = i64::from(of_month.withdrawals.saturating_sub(terms.free_withdrawals));
                Amount::from_minor(fee.minor().saturating_mul(times))
            }
            _ => Amount::ZERO,
        };
        let fee = due.min(account.balances.withdrawable()).max(Amount::ZERO);
        if fee.is_positive() {
            let debit = fee.checked_neg().ok_or(Refusal::Internal)?;
            adjust(context, &account, debit, EntryKind::Fee, "withdrawals beyond the free ones", None)?;
        }
        if fee != due {
            context.explain("not_collected", due.saturating_sub(fee).to_text(account.decimals));
        }
        context.tx.note_withdrawal_fee(book, of_month.month, fee)?;
    }
    // Withdrawals of the present month that were counted while jobs rested have planned theirs for nothing.
    if context.tx.withdrawals_in(book, today.month())? > 0 {
        let zone = &context.app.settings().program.time_zone;
        let next_month = today.first_of_month().plus_months(1);
        context.tx.plan_job(Job::ChargeWithdrawals(book), next_month.begins(zone))?;
    }
    Ok(())
}
