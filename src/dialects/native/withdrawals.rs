//! Multi-phase withdrawals: requested, approved, then paid, rejected or cancelled.

use super::fields;
use super::movements::{self, MovementBody, MovementList, MovementView};
use crate::app::ledger::{ApproveWithdrawal, PayWithdrawal, RequestWithdrawal, VoidWithdrawal};
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::ledger::MovementKind;

/// Request a withdrawal. The money is held until the withdrawal is decided.
#[utoipa::path(post, path = "/accounts/{id}/withdrawals", tag = "Movements",
    params(("id" = Uuid, Path, description = "account id")), request_body = MovementBody,
    responses((status = 200, body = MovementView)))]
pub(super) async fn request(call: Call) -> Result<Reply, Rejection> {
    let body: MovementBody = call.body()?;
    let external = body.external()?;
    let request = body.request(fields::path_id(&call)?)?;
    movements::run(&call, RequestWithdrawal { request, external }).await
}

/// List the withdrawals of an account, newest first.
#[utoipa::path(get, path = "/accounts/{id}/withdrawals", tag = "Movements",
    params(
        ("id" = Uuid, Path, description = "account id"),
        ("state" = Option<String>, Query, description = "PENDING, APPROVED, POSTED, VOIDED or EXPIRED"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("perPage" = Option<u32>, Query, description = "1 to 500, default 50"),
        ("after" = Option<String>, Query, description = "`next` of the previous page, instead of `page`"),
    ), responses((status = 200, body = MovementList)))]
pub(super) async fn list_of_account(call: Call) -> Result<Reply, Rejection> {
    movements::list(&call, MovementKind::Withdrawal, true).await
}

/// List the withdrawals that you may see, newest first.
#[utoipa::path(get, path = "/withdrawals", tag = "Movements",
    params(
        ("accountId" = Option<String>, Query, description = "account id"),
        ("state" = Option<String>, Query, description = "PENDING, APPROVED, POSTED, VOIDED or EXPIRED"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("perPage" = Option<u32>, Query, description = "1 to 500, default 50"),
        ("after" = Option<String>, Query, description = "`next` of the previous page, instead of `page`"),
    ), responses((status = 200, body = MovementList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    movements::list(&call, MovementKind::Withdrawal, false).await
}

/// Get a withdrawal by its id.
#[utoipa::path(get, path = "/withdrawals/{id}", tag = "Movements",
    params(("id" = Uuid, Path, description = "withdrawal id")), responses((status = 200, body = MovementView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    movements::get(&call, MovementKind::Withdrawal).await
}

/// Approve a withdrawal. If the group requires a second operator, you cannot approve your own request.
#[utoipa::path(post, path = "/withdrawals/{id}/approve", tag = "Movements",
    params(("id" = Uuid, Path, description = "withdrawal id")), responses((status = 200, body = MovementView)))]
pub(super) async fn approve(call: Call) -> Result<Reply, Rejection> {
    movements::run(&call, ApproveWithdrawal { id: fields::path_id(&call)? }).await
}

/// Pay a withdrawal: the amount is posted and the hold ends.
#[utoipa::path(post, path = "/withdrawals/{id}/pay", tag = "Movements",
    params(("id" = Uuid, Path, description = "withdrawal id")), responses((status = 200, body = MovementView)))]
pub(super) async fn pay(call: Call) -> Result<Reply, Rejection> {
    movements::run(&call, PayWithdrawal { id: fields::path_id(&call)? }).await
}

/// Reject a withdrawal, which releases its hold.
#[utoipa::path(post, path = "/withdrawals/{id}/reject", tag = "Movements",
    params(("id" = Uuid, Path, description = "withdrawal id")), responses((status = 200, body = MovementView)))]
pub(super) async fn reject(call: Call) -> Result<Reply, Rejection> {
    movements::run(&call, VoidWithdrawal { id: fields::path_id(&call)? }).await
}

/// Cancel a withdrawal, which releases its hold.
#[utoipa::path(post, path = "/withdrawals/{id}/cancel", tag = "Movements",
    params(("id" = Uuid, Path, description = "withdrawal id")), responses((status = 200, body = MovementView)))]
pub(super) async fn cancel(call: Call) -> Result<Reply, Rejection> {
    movements::run(&call, VoidWithdrawal { id: fields::path_id(&call)? }).await
}
