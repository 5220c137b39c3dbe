//! What a bank does for an account: recurring contributions, payments from and to accounts elsewhere.

use super::fields;
use super::movements::{self, MovementView};
use crate::app::bank::{BankStanding, ExternalKeyOfPlan, GetBankStanding, NoteTransferStep, SetContribution};
use crate::dialects::kit::formats::{Fault, decimal, unknown, uuid};
use crate::dialects::kit::{Call, ExactNumber, Literal, Rejection, Reply, optional};
use crate::domain::bank::{ContributionKind, ContributionPlan};
use crate::domain::day::Day;
use crate::domain::ledger::TransferStep;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A change of a recurring contribution. Omitted members stay.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContributionBody {
    /// MONTHLY, BI_WEEKLY, or NONE to turn it off.
    #[schema(example = "MONTHLY")]
    frequency: Option<String>,
    /// At least the minimum of the product.
    #[schema(value_type = Option<String>, example = "50.00")]
    amount: Option<Literal>,
    /// The account elsewhere that pays.
    external_account_id: Option<String>,
    /// The earliest day, from the 1st to the 28th of a month.
    #[schema(example = "2026-12-15")]
    start_on: Option<String>,
    /// The last day; an empty text removes it.
    end_on: Option<String>,
}

/// The recurring contribution of an account. What was never set is null.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Contribution)]
pub(super) struct ContributionView {
    /// MONTHLY, BI_WEEKLY or NONE.
    #[schema(example = "MONTHLY")]
    frequency: String,
    #[schema(value_type = Option<f64>, example = 50.00)]
    amount: Option<ExactNumber>,
    external_account_id: Option<String>,
    start_on: Option<String>,
    end_on: Option<String>,
    /// The day of the next one, in the programme's time zone; null if there is none to come.
    next_on: Option<String>,
    /// Contributions that were announced.
    runs: u32,
    /// Days on which none could be.
    failures: u32,
    /// The reason of the last day if it was one of these.
    last_failure: Option<String>,
}

impl ContributionView {
    /// Of an account that never had one.
    fn off() -> Self {
        ContributionView {
            frequency: "NONE".into(),
            amount: None,
            external_account_id: None,
            start_on: None,
            end_on: None,
            next_on: None,
            runs: 0,
            failures: 0,
            last_failure: None,
        }
    }
}

impl From<ContributionPlan> for ContributionView {
    fn from(plan: ContributionPlan) -> Self {
        let day = |day: Option<Day>| day.map(|day| day.to_string());
        ContributionView {
            frequency: plan.terms.kind.map_or("NONE".into(), |kind| kind.name().to_uppercase()),
            amount: plan.terms.amount.map(|amount| ExactNumber::of(amount, plan.decimals)),
            external_account_id: plan.terms.external.map(|id| id.to_string()),
            start_on: day(plan.terms.start),
            end_on: day(plan.terms.end),
            next_on: day(plan.next),
            runs: plan.runs,
            failures: plan.failures,
            last_failure: plan.last_failure,
        }
    }
}

/// What a bank knows of an account beyond its balances.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BankStanding)]
pub(super) struct BankStandingView {
    /// Null if it never had one.
    contribution: Option<ContributionView>,
    /// How often money has left it this month; null if its product takes no fee for that.
    withdrawals_this_month: Option<u32>,
}

impl From<BankStanding> for BankStandingView {
    fn from(standing: BankStanding) -> Self {
        BankStandingView {
            contribution: standing.plan.map(ContributionView::from),
            withdrawals_this_month: standing.withdrawals,
        }
    }
}

fn frequency(text: &str) -> Result<Option<ContributionKind>, Fault> {
    let found = ContributionKind::ALL.into_iter().find(|kind| kind.name().to_uppercase() == text);
    let names = || ContributionKind::ALL.iter().map(|kind| kind.name().to_uppercase()).chain(["NONE".to_owned()]);
    if found.is_some() || text == "NONE" { Ok(found) } else { Err(unknown(names())) }
}

fn day(text: &str) -> Result<Day, Fault> {
    Day::parse(text).ok_or_else(|| Fault::invalid("a day such as 2026-12-15"))
}

/// Get what a bank knows of an account: its recurring contribution and its withdrawals of the month.
#[utoipa::path(get, path = "/accounts/{id}/banking", tag = "External accounts",
    params(("id" = Uuid, Path, description = "account id")), responses((status = 200, body = BankStandingView)))]
pub(super) async fn standing(call: Call) -> Result<Reply, Rejection> {
    let month = call.app()?.present_month();
    let standing = call.ask(GetBankStanding { account: fields::path_id(&call)?, month }).await?;
    Reply::ok(&BankStandingView::from(standing))
}

/// Set the recurring contribution of an account. The first day is after tomorrow.
#[utoipa::path(put, path = "/accounts/{id}/contribution", tag = "External accounts",
    params(("id" = Uuid, Path, description = "account id")), request_body = ContributionBody,
    responses((status = 200, body = ContributionView)))]
pub(super) async fn set_contribution(call: Call) -> Result<Reply, Rejection> {
    let body: ContributionBody = call.body()?;
    let external = optional("externalAccountId", body.external_account_id.as_deref(), uuid)?;
    let command = SetContribution {
        account: fields::path_id(&call)?,
        client: None,
        kind: optional("frequency", body.frequency.as_deref(), frequency)?,
        amount: optional("amount", body.amount.as_ref(), decimal)?,
        external: external.map(ExternalKeyOfPlan::Id),
        start: optional("startOn", body.start_on.as_deref(), day)?,
        end: match body.end_on.as_deref() {
            Some("") => Some(None),
            sent => optional("endOn", sent, day)?.map(Some),
        },
    };
    call.run(command, |present| Reply::ok(&present.0.map_or_else(ContributionView::off, ContributionView::from))).await
}

async fn note(call: Call, step: TransferStep) -> Result<Reply, Rejection> {
    movements::run(&call, NoteTransferStep { id: fields::path_id(&call)?, step }).await
}

/// Delay a payment from or to an external account.
#[utoipa::path(post, path = "/external-transfers/{id}/delay", tag = "External accounts",
    params(("id" = Uuid, Path, description = "id of the deposit or withdrawal")),
    responses((status = 200, body = MovementView)))]
pub(super) async fn delay(call: Call) -> Result<Reply, Rejection> {
    note(call, TransferStep::Delayed).await
}

/// Let a delayed payment from or to an external account go on.
#[utoipa::path(post, path = "/external-transfers/{id}/resume", tag = "External accounts",
    params(("id" = Uuid, Path, description = "id of the deposit or withdrawal")),
    responses((status = 200, body = MovementView)))]
pub(super) async fn resume(call: Call) -> Result<Reply, Rejection> {
    note(call, TransferStep::Initiated).await
}

/// Note that the bank has sent a payment from or to an external account: its client can no longer take it back.
#[utoipa::path(post, path = "/external-transfers/{id}/send", tag = "External accounts",
    params(("id" = Uuid, Path, description = "id of the deposit or withdrawal")),
    responses((status = 200, body = MovementView)))]
pub(super) async fn send(call: Call) -> Result<Reply, Rejection> {
    note(call, TransferStep::Sent).await
}
