//! Withdrawals in phases.

use super::fields;
use super::movements::{self, MovementBody, MovementList, MovementView};
use crate::app::ledger::{ApproveWithdrawal, PayWithdrawal, RequestWithdrawal, VoidWithdrawal};
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::ledger::MovementKind;

/// Request a withdrawal: the money is held until it is decided.
#[utoipa::path(post, path = "/accounts/{id}/withdrawals", tag = "Movements",
    params(("id" = Uuid, Path, description = "account id")), request_body = MovementBody, responses((status = 200, body = MovementView)))]
pub(super) async fn request(call: Call) -> Result<Reply, Rejection> {
    let request = call.body::<MovementBody>()?.request(fields::path_id(&call)?)?;
    movements::run(&call, RequestWithdrawal { request }).await
}

/// The withdrawals of an account, newest first.
#[utoipa::path(get, path = "/accounts/{id}/withdrawals", tag = "Movements",
    params(
        ("id" = Uuid, Path, description = "account id"),
        ("state" = Option<String>, Query, description = "PENDING, APPROVED, POSTED, VOIDED or EXPIRED"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("perPage" = Option<u32>, Query, description = "1 to 500, default 50"),
        ("after" = Option<String>, Query, description = "`next` of the last answer, instead of `page`; skips and repeats nothing"),
    ), responses((status = 200, body = MovementList)))]
pub(super) async fn list_of_account(call: Call) -> Result<Reply, Rejection> {
    movements::list(&call, MovementKind::Withdrawal, true).await
}

/// The withdrawals that you see, newest first.
#[utoipa::path(get, path = "/withdrawals", tag = "Movements",
    params(
        ("accountId" = Option<String>, Query, description = "of this account"),
        ("state" = Option<String>, Query, description = "PENDING, APPROVED, POSTED, VOIDED or EXPIRED"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("perPage" = Option<u32>, Query, description = "1 to 500, default 50"),
        ("after" = Option<String>, Query, description = "`next` of the last answer, instead of `page`; skips and repeats nothing"),
    ), responses((status = 200, body = MovementList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    movements::list(&call, MovementKind::Withdrawal, false).await
}

/// One withdrawal.
#[utoipa::path(get, path = "/withdrawals/{id}", tag = "Movements",
    params(("id" = Uuid, Path, description = "withdrawal id")), responses((status = 200, body = MovementView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    movements::get(&call, MovementKind::Withdrawal).await
}

/// Approve a withdrawal. Where the group requires a second operator, not your own.
#[utoipa::path(post, path = "/withdrawals/{id}/approve", tag = "Movements",
    params(("id" = Uuid, Path, description = "withdrawal id")), responses((status = 200, body = MovementView)))]
pub(super) async fn approve(call: Call) -> Result<Reply, Rejection> {
    movements::run(&call, ApproveWithdrawal { id: fields::path_id(&call)? }).await
}

/// Pay a withdrawal: it is posted and the hold ends.
#[utoipa::path(post, path = "/withdrawals/{id}/pay", tag = "Movements",
    params(("id" = Uuid, Path, description = "withdrawal id")), responses((status = 200, body = MovementView)))]
pub(super) async fn pay(call: Call) -> Result<Reply, Rejection> {
    movements::run(&call, PayWithdrawal { id: fields::path_id(&call)? }).await
}

/// Reject a withdrawal: the hold ends.
#[utoipa::path(post, path = "/withdrawals/{id}/reject", tag = "Movements",
    params(("id" = Uuid, Path, description = "withdrawal id")), responses((status = 200, body = MovementView)))]
pub(super) async fn reject(call: Call) -> Result<Reply, Rejection> {
    movements::run(&call, VoidWithdrawal { id: fields::path_id(&call)? }).await
}

/// Cancel a withdrawal: the hold ends.
#[utoipa::path(post, path = "/withdrawals/{id}/cancel", tag = "Movements",
    params(("id" = Uuid, Path, description = "withdrawal id")), responses((status = 200, body = MovementView)))]
pub(super) async fn cancel(call: Call) -> Result<Reply, Rejection> {
    movements::run(&call, VoidWithdrawal { id: fields::path_id(&call)? }).await
}
