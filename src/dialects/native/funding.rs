//! One-call deposits, withdrawals and balance adjustments.

use super::fields;
use crate::app::Command;
use crate::app::ledger::{PostFunds, Posted};
use crate::dialects::kit::formats::{currency, decimal, rfc3339};
use crate::dialects::kit::{Call, Literal, Rejection, Reply, optional, required};
use crate::domain::ids::AccountId;
use crate::domain::ledger::EntryKind;
use crate::domain::money::{DecimalText, ExtraDecimals};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An amount to deposit or withdraw.
#[derive(Deserialize, ToSchema)]
pub(super) struct MoveRequest {
    /// Above zero, in the account's currency, rounded half away from zero to its decimals.
    #[schema(value_type = String, example = "10000")]
    amount: Option<Literal>,
    /// Must be the account's currency; optional.
    #[schema(example = "EUR")]
    currency: Option<String>,
    /// At most 255 characters.
    #[schema(example = "Opening deposit")]
    comment: Option<String>,
}

/// An amount to add to a balance or to take from it.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AdjustRequest {
    /// Signed, not zero, in the account's currency.
    #[schema(value_type = String, example = "-12.50")]
    amount: Option<Literal>,
    /// Must be the account's currency; optional.
    #[schema(example = "EUR")]
    currency: Option<String>,
    /// Any deal action except BUY and SELL; defaults to CORRECTION.
    #[schema(value_type = Option<String>, example = "DEAL_ACTION_FEE")]
    action: Option<Literal>,
    /// At most 255 characters.
    comment: Option<String>,
    /// The effective time (RFC 3339), from the opening of the account until now; not allowed for BALANCE.
    effective_at: Option<String>,
}

/// The deal that was booked.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DealMade {
    deal_id: String,
}

impl MoveRequest {
    pub(super) fn deposit(self, account: AccountId) -> Result<PostFunds, Rejection> {
        let amount = amount(self.amount.as_ref())?;
        if amount.is_negative() {
            return Err(Rejection::invalid("amount", "must be above zero"));
        }
        let currency = optional("currency", self.currency.as_deref(), currency)?;
        Ok(PostFunds { currency, ..post(account, amount, EntryKind::Balance, self.comment) })
    }

    pub(super) fn withdrawal(self, account: AccountId) -> Result<PostFunds, Rejection> {
        let deposit = self.deposit(account)?;
        Ok(PostFunds { amount: deposit.amount.negated(), ..deposit })
    }
}

impl AdjustRequest {
    pub(super) fn command(self, account: AccountId) -> Result<PostFunds, Rejection> {
        let action = optional("action", self.action.as_ref(), fields::parse_adjustment)?;
        let amount = amount(self.amount.as_ref())?;
        let effective_at = optional("effectiveAt", self.effective_at.as_deref(), rfc3339)?;
        let currency = optional("currency", self.currency.as_deref(), currency)?;
        Ok(PostFunds {
            effective_at,
            currency,
            ..post(account, amount, action.unwrap_or(EntryKind::Correction), self.comment)
        })
    }
}

impl From<Posted> for DealMade {
    fn from(posted: Posted) -> Self {
        DealMade { deal_id: posted.entry.to_string() }
    }
}

fn amount(literal: Option<&Literal>) -> Result<DecimalText, Rejection> {
    let amount = required("amount", literal, decimal)?;
    if amount.is_zero() { Err(Rejection::invalid("amount", "must not be zero")) } else { Ok(amount) }
}

fn post(account: AccountId, amount: DecimalText, kind: EntryKind, comment: Option<String>) -> PostFunds {
    let comment = comment.unwrap_or_default();
    PostFunds {
        account,
        amount,
        currency: None,
        extra_decimals: ExtraDecimals::RoundHalfAway,
        kind,
        comment,
        effective_at: None,
    }
}

pub(super) async fn run(call: &Call, command: impl Command<Outcome = Posted>) -> Result<Reply, Rejection> {
    call.run(command, |posted| Reply::ok(&DealMade::from(posted))).await
}

/// Deposit funds in one step.
#[utoipa::path(post, path = "/accounts/{id}/deposit", tag = "Funds",
    params(("id" = Uuid, Path, description = "account id")), request_body = MoveRequest,
    responses((status = 200, body = DealMade)))]
pub(super) async fn deposit(call: Call) -> Result<Reply, Rejection> {
    let command = call.body::<MoveRequest>()?.deposit(fields::path_id(&call)?)?;
    run(&call, command).await
}

/// Withdraw funds in one step. Refused if the account's group requires approval.
#[utoipa::path(post, path = "/accounts/{id}/withdraw", tag = "Funds",
    params(("id" = Uuid, Path, description = "account id")), request_body = MoveRequest,
    responses((status = 200, body = DealMade)))]
pub(super) async fn withdraw(call: Call) -> Result<Reply, Rejection> {
    let command = call.body::<MoveRequest>()?.withdrawal(fields::path_id(&call)?)?;
    run(&call, command).await
}

/// Adjust a balance, such as by a fee, a bonus, a credit or a correction.
#[utoipa::path(post, path = "/accounts/{id}/balance", tag = "Funds",
    params(("id" = Uuid, Path, description = "account id")), request_body = AdjustRequest,
    responses((status = 200, body = DealMade)))]
pub(super) async fn adjust(call: Call) -> Result<Reply, Rejection> {
    let command = call.body::<AdjustRequest>()?.command(fields::path_id(&call)?)?;
    run(&call, command).await
}
