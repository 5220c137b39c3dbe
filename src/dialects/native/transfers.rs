//! Transfers between two accounts, in one currency or across two.

use super::approvals::{ApprovalView, show};
use super::movements::{self, MovementBody, MovementList, MovementView};
use crate::app::ledger::{Arrival, Transfer};
use crate::dialects::kit::formats::{decimal, uuid};
use crate::dialects::kit::{Call, Literal, Rejection, Reply, optional, required};
use crate::domain::ledger::MovementKind;
use serde::Deserialize;
use utoipa::ToSchema;

/// A transfer from one account to another.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TransferBody {
    /// The account that pays.
    from_account_id: Option<String>,
    /// The account that receives.
    to_account_id: Option<String>,
    /// Above zero, in the currency of the paying account.
    #[schema(value_type = String, example = "100.00")]
    amount: Option<Literal>,
    /// Must be the currency of the paying account; optional.
    #[schema(example = "EUR")]
    currency: Option<String>,
    /// Across currencies: what one unit of the paying currency is worth in the receiving one.
    #[schema(value_type = Option<String>, example = "0.9215")]
    rate: Option<Literal>,
    /// Across currencies, instead of `rate`: the amount received, in the currency of the receiving account.
    #[schema(value_type = Option<String>, example = "92.15")]
    to_amount: Option<Literal>,
    /// At most 255 characters.
    reason: Option<String>,
    /// Alias of `reason`, the name used by one-call deposits and withdrawals.
    comment: Option<String>,
    /// Your own reference, at most 100 characters; unique among transfers.
    reference: Option<String>,
}

impl TransferBody {
    pub(super) fn command(self) -> Result<Transfer, Rejection> {
        let rate = optional("rate", self.rate.as_ref(), decimal)?;
        let to_amount = optional("toAmount", self.to_amount.as_ref(), decimal)?;
        let arrival = match (rate, to_amount) {
            (Some(_), Some(_)) => return Err(Rejection::invalid("toAmount", "send either rate or toAmount")),
            (Some(rate), None) => Arrival::Rate(rate),
            (None, Some(amount)) => Arrival::Amount(amount),
            (None, None) => Arrival::Same,
        };
        let body = MovementBody {
            amount: self.amount,
            currency: self.currency,
            reason: self.reason,
            comment: self.comment,
            reference: self.reference,
            expires_at: None,
            external_account_id: None,
        };
        let from = required("fromAccountId", self.from_account_id.as_deref(), uuid)?;
        let to = required("toAccountId", self.to_account_id.as_deref(), uuid)?;
        Ok(Transfer { request: body.request(from)?, to, arrival })
    }
}

/// Transfer money between accounts, in one currency or across two. Across currencies it waits for a second operator if
/// the rate is not close to a fresh reference rate. If the paying account's group requires approval, it waits across
/// currencies and to another client.
#[utoipa::path(post, path = "/transfers", tag = "Movements", request_body = TransferBody,
    responses((status = 200, body = MovementView), (status = 202, body = ApprovalView)))]
pub(super) async fn make(call: Call) -> Result<Reply, Rejection> {
    let command = call.body::<TransferBody>()?.command()?;
    call.run(command, |handled| show(handled, |movement| Reply::ok(&MovementView::from(movement)))).await
}

/// List the transfers that you may see, newest first.
#[utoipa::path(get, path = "/transfers", tag = "Movements",
    params(
        ("accountId" = Option<String>, Query, description = "the paying or receiving account"),
        ("state" = Option<String>, Query, description = "PENDING, APPROVED, POSTED, VOIDED or EXPIRED"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("perPage" = Option<u32>, Query, description = "1 to 500, default 50"),
        ("after" = Option<String>, Query, description = "`next` of the previous page, instead of `page`"),
    ), responses((status = 200, body = MovementList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    movements::list(&call, MovementKind::Transfer, false).await
}

/// Get a transfer by its id.
#[utoipa::path(get, path = "/transfers/{id}", tag = "Movements",
    params(("id" = Uuid, Path, description = "transfer id")), responses((status = 200, body = MovementView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    movements::get(&call, MovementKind::Transfer).await
}
