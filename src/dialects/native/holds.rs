//! Placing, releasing and capturing holds.

use super::fields;
use super::movements::{self, MovementBody, MovementList, MovementView};
use crate::app::ledger::{CaptureHold, PlaceHold, ReleaseHold};
use crate::dialects::kit::formats::{currency, decimal};
use crate::dialects::kit::{Call, Literal, Rejection, Reply, optional};
use crate::domain::ids::MovementId;
use crate::domain::ledger::MovementKind;
use serde::Deserialize;
use utoipa::ToSchema;

/// Place a hold, which reserves money.
#[utoipa::path(post, path = "/accounts/{id}/holds", tag = "Movements",
    params(("id" = Uuid, Path, description = "account id")), request_body = MovementBody,
    responses((status = 200, body = MovementView)))]
pub(super) async fn place(call: Call) -> Result<Reply, Rejection> {
    let request = call.body::<MovementBody>()?.of_hold(fields::path_id(&call)?)?;
    movements::run(&call, PlaceHold { request }).await
}

/// List the holds of an account, newest first.
#[utoipa::path(get, path = "/accounts/{id}/holds", tag = "Movements",
    params(
        ("id" = Uuid, Path, description = "account id"),
        ("state" = Option<String>, Query, description = "PENDING, APPROVED, POSTED, VOIDED or EXPIRED"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("perPage" = Option<u32>, Query, description = "1 to 500, default 50"),
        ("after" = Option<String>, Query, description = "`next` of the previous page, instead of `page`"),
    ), responses((status = 200, body = MovementList)))]
pub(super) async fn list_of_account(call: Call) -> Result<Reply, Rejection> {
    movements::list(&call, MovementKind::Hold, true).await
}

/// Get a hold by its id.
#[utoipa::path(get, path = "/holds/{id}", tag = "Movements",
    params(("id" = Uuid, Path, description = "hold id")), responses((status = 200, body = MovementView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    movements::get(&call, MovementKind::Hold).await
}

/// Release a hold, which makes its money available again.
#[utoipa::path(post, path = "/holds/{id}/release", tag = "Movements",
    params(("id" = Uuid, Path, description = "hold id")), responses((status = 200, body = MovementView)))]
pub(super) async fn release(call: Call) -> Result<Reply, Rejection> {
    movements::run(&call, ReleaseHold { id: fields::path_id(&call)? }).await
}

/// How much of a hold to capture.
#[derive(Default, Deserialize, ToSchema)]
pub(super) struct CaptureBody {
    /// Above zero, up to the amount held; defaults to all of it. The rest becomes available again.
    #[schema(value_type = Option<String>, example = "100.00")]
    amount: Option<Literal>,
    /// Must be the account's currency; optional.
    #[schema(example = "EUR")]
    currency: Option<String>,
}

impl CaptureBody {
    pub(super) fn command(self, id: MovementId) -> Result<CaptureHold, Rejection> {
        let amount = optional("amount", self.amount.as_ref(), decimal)?;
        Ok(CaptureHold { id, amount, currency: optional("currency", self.currency.as_deref(), currency)? })
    }
}

/// Capture a hold in whole or in part. The captured part is paid out; the rest becomes available again.
#[utoipa::path(post, path = "/holds/{id}/capture", tag = "Movements",
    params(("id" = Uuid, Path, description = "hold id")), request_body = Option<CaptureBody>,
    responses((status = 200, body = MovementView)))]
pub(super) async fn capture(call: Call) -> Result<Reply, Rejection> {
    let command = call.optional_body::<CaptureBody>()?.unwrap_or_default().command(fields::path_id(&call)?)?;
    movements::run(&call, command).await
}
