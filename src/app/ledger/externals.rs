//! Deposits and withdrawals whose other side is an account at another bank.

use crate::app::{Context, Failure};
use crate::domain::accounts::Account;
use crate::domain::bank::ExternalAccount;
use crate::domain::clock::Moment;
use crate::domain::ids::{ExternalAccountId, ExternalSerial, MovementSerial, ProfileId};
use crate::domain::ledger::{Movement, TransferStep};
use crate::domain::refusal::{Noun, Refusal};
use crate::store::{Job, Mode};

/// An hour, in milliseconds.
const HOUR_MS: i64 = 3_600_000;

/// Refuses an account elsewhere that money of an account must not come from or go to: of another client, unless the
/// account may use those of all clients, or not verified.
pub(in crate::app) fn admit_external(
    context: &Context<'_>,
    account: &Account,
    external: &ExternalAccount,
    client: ProfileId,
) -> Result<(), Failure> {
    if external.profile != client && !context.tx.account_details(account.book)?.uses_all_external {
        return Err(Refusal::not_found(Noun::ExternalAccount).into());
    }
    Ok(external.admit_payment()?)
}

/// The account elsewhere that an operator has named for an account; it must be its primary owner's.
pub(in crate::app) fn external_of(
    context: &Context<'_>,
    account: &Account,
    id: ExternalAccountId,
) -> Result<ExternalSerial, Failure> {
    let found = context.tx.external_account(id, context.visibility())?;
    let external = found.ok_or(Refusal::not_found(Noun::ExternalAccount))?;
    admit_external(context, account, &external, account.profile)?;
    Ok(external.serial)
}

/// Refuses to settle a payment that its bank delays.
pub(in crate::app) fn admit_settling(movement: &Movement) -> Result<(), Refusal> {
    match movement.external.map(|external| external.step) {
        Some(TransferStep::Delayed) => Err(Refusal::TransferStep(TransferStep::Delayed)),
        _ => Ok(()),
    }
}

/// In a sandbox, where there is no bank, plans that a payment settles at the next full hour.
pub(in crate::app) fn plan_settlement(context: &Context<'_>, serial: MovementSerial) -> Result<(), Failure> {
    if context.app.installation().mode == Mode::Sandbox {
        let hours = context.clock_now.unix_ms().div_euclid(HOUR_MS) + 1;
        context.tx.plan_job(Job::SettleTransfer(serial), Moment::from_unix_ms(hours * HOUR_MS))?;
    }
    Ok(())
}
