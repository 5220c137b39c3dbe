//! Two-phase deposits: announced, then settled or returned.

use super::fields;
use super::movements::{self, MovementBody, MovementList, MovementView};
use crate::app::ledger::{AnnounceDeposit, ReturnDeposit, SettleDeposit};
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::ledger::MovementKind;

/// Announce a deposit. It is PENDING until it is settled or returned.
#[utoipa::path(post, path = "/accounts/{id}/deposits", tag = "Movements",
    params(("id" = Uuid, Path, description = "account id")), request_body = MovementBody,
    responses((status = 200, body = MovementView)))]
pub(super) async fn announce(call: Call) -> Result<Reply, Rejection> {
    let body: MovementBody = call.body()?;
    let external = body.external()?;
    let request = body.request(fields::path_id(&call)?)?;
    movements::run(&call, AnnounceDeposit { request, external }).await
}

/// List the deposits of an account, newest first.
#[utoipa::path(get, path = "/accounts/{id}/deposits", tag = "Movements",
    params(
        ("id" = Uuid, Path, description = "account id"),
        ("state" = Option<String>, Query, description = "PENDING, APPROVED, POSTED, VOIDED or EXPIRED"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("perPage" = Option<u32>, Query, description = "1 to 500, default 50"),
        ("after" = Option<String>, Query, description = "`next` of the previous page, instead of `page`"),
    ), responses((status = 200, body = MovementList)))]
pub(super) async fn list_of_account(call: Call) -> Result<Reply, Rejection> {
    movements::list(&call, MovementKind::Deposit, true).await
}

/// List the deposits that you may see, newest first.
#[utoipa::path(get, path = "/deposits", tag = "Movements",
    params(
        ("accountId" = Option<String>, Query, description = "account id"),
        ("state" = Option<String>, Query, description = "PENDING, APPROVED, POSTED, VOIDED or EXPIRED"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("perPage" = Option<u32>, Query, description = "1 to 500, default 50"),
        ("after" = Option<String>, Query, description = "`next` of the previous page, instead of `page`"),
    ), responses((status = 200, body = MovementList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    movements::list(&call, MovementKind::Deposit, false).await
}

/// Get a deposit by its id.
#[utoipa::path(get, path = "/deposits/{id}", tag = "Movements",
    params(("id" = Uuid, Path, description = "deposit id")), responses((status = 200, body = MovementView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    movements::get(&call, MovementKind::Deposit).await
}

/// Settle an announced deposit.
#[utoipa::path(post, path = "/deposits/{id}/settle", tag = "Movements",
    params(("id" = Uuid, Path, description = "deposit id")), responses((status = 200, body = MovementView)))]
pub(super) async fn settle(call: Call) -> Result<Reply, Rejection> {
    movements::run(&call, SettleDeposit { id: fields::path_id(&call)? }).await
}

/// Return an announced deposit, because the money did not arrive.
#[utoipa::path(post, path = "/deposits/{id}/return", tag = "Movements",
    params(("id" = Uuid, Path, description = "deposit id")), responses((status = 200, body = MovementView)))]
pub(super) async fn return_deposit(call: Call) -> Result<Reply, Rejection> {
    movements::run(&call, ReturnDeposit { id: fields::path_id(&call)? }).await
}
