//! Account states: locks, approval, inactivity and closing.

use super::accounts::{self, AccountView};
use super::fields;
use crate::app::Command;
use crate::app::accounts::{ApproveAccount, CloseAccount, LockAccount, SetLifecycle, UnlockAccount};
use crate::dialects::kit::formats::uuid;
use crate::dialects::kit::{Call, Rejection, Reply, optional};
use crate::domain::accounts::{Account, Lifecycle, LockHolder, LockReason, LockScope};
use crate::domain::ids::AccountId;
use serde::Deserialize;
use utoipa::ToSchema;

/// A lock to place on an account.
#[derive(Default, Deserialize, ToSchema)]
pub(super) struct LockBody {
    /// FULL (the default) blocks both directions; CREDITS_ONLY and DEBITS_ONLY are the direction still allowed.
    #[schema(example = "FULL")]
    lock: Option<String>,
    /// CST (the default): any operator can remove the lock. SYS: only administrators can.
    #[schema(example = "CST")]
    r#type: Option<String>,
    /// UNK, FRD, ADM (the default), TMP, FRZ, SUS, CO, RTN, REC, DED or DOR. With CO, `lock` defaults to CREDITS_ONLY.
    #[schema(example = "ADM")]
    reason: Option<String>,
}

impl LockBody {
    pub(super) fn command(self, id: AccountId) -> Result<LockAccount, Rejection> {
        let reason = match self.reason.as_deref() {
            None => LockReason::Adm,
            Some(code) => LockReason::parse(code).ok_or_else(|| {
                Rejection::invalid("reason", "one of UNK, FRD, ADM, TMP, FRZ, SUS, CO, RTN, REC, DED, DOR")
            })?,
        };
        let scope = match (self.lock.as_deref(), reason) {
            (None, LockReason::Co) | (Some("CREDITS_ONLY"), _) => LockScope::CreditsOnly,
            (None | Some("FULL"), _) => LockScope::Full,
            (Some("DEBITS_ONLY"), _) => LockScope::DebitsOnly,
            (Some(_), _) => return Err(Rejection::invalid("lock", "one of FULL, CREDITS_ONLY, DEBITS_ONLY")),
        };
        let holder = match self.r#type.as_deref() {
            None | Some("CST") => LockHolder::Customer,
            Some("SYS") => LockHolder::System,
            Some(_) => return Err(Rejection::invalid("type", "CST or SYS")),
        };
        Ok(LockAccount { id, scope, holder, reason })
    }
}

async fn run(call: &Call, command: impl Command<Outcome = Account>) -> Result<Reply, Rejection> {
    call.run(command, accounts::show).await
}

/// Lock an account, or replace its lock.
#[utoipa::path(post, path = "/accounts/{id}/lock", tag = "Account states",
    params(("id" = Uuid, Path, description = "account id")), request_body = Option<LockBody>,
    responses((status = 200, body = AccountView)))]
pub(super) async fn lock(call: Call) -> Result<Reply, Rejection> {
    let command = call.optional_body::<LockBody>()?.unwrap_or_default().command(fields::path_id(&call)?)?;
    run(&call, command).await
}

/// Remove the lock from an account.
#[utoipa::path(post, path = "/accounts/{id}/unlock", tag = "Account states",
    params(("id" = Uuid, Path, description = "account id")), responses((status = 200, body = AccountView)))]
pub(super) async fn unlock(call: Call) -> Result<Reply, Rejection> {
    run(&call, UnlockAccount { id: fields::path_id(&call)? }).await
}

/// Approve an account that is waiting for approval.
#[utoipa::path(post, path = "/accounts/{id}/approve", tag = "Account states",
    params(("id" = Uuid, Path, description = "account id"),
           ("If-Match" = Option<String>, Header, description = "the version you read, from ETag")),
    responses((status = 200, body = AccountView)))]
pub(super) async fn approve(call: Call) -> Result<Reply, Rejection> {
    let expected_version = fields::expected_version(&call, None)?;
    run(&call, ApproveAccount { id: fields::path_id(&call)?, expected_version }).await
}

/// Activate an inactive or dormant account, or cancel the closing of an account.
#[utoipa::path(post, path = "/accounts/{id}/activate", tag = "Account states",
    params(("id" = Uuid, Path, description = "account id")), responses((status = 200, body = AccountView)))]
pub(super) async fn activate(call: Call) -> Result<Reply, Rejection> {
    run(&call, SetLifecycle { id: fields::path_id(&call)?, state: Lifecycle::Active }).await
}

/// Set an account inactive, so that no money moves.
#[utoipa::path(post, path = "/accounts/{id}/inactive", tag = "Account states",
    params(("id" = Uuid, Path, description = "account id")), responses((status = 200, body = AccountView)))]
pub(super) async fn inactive(call: Call) -> Result<Reply, Rejection> {
    run(&call, SetLifecycle { id: fields::path_id(&call)?, state: Lifecycle::Inactive }).await
}

/// Set an account dormant, so that no money moves.
#[utoipa::path(post, path = "/accounts/{id}/dormant", tag = "Account states",
    params(("id" = Uuid, Path, description = "account id")), responses((status = 200, body = AccountView)))]
pub(super) async fn dormant(call: Call) -> Result<Reply, Rejection> {
    run(&call, SetLifecycle { id: fields::path_id(&call)?, state: Lifecycle::Dormant }).await
}

/// Options for closing an account.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CloseBody {
    /// The account that receives the balance, in the same currency. If omitted, the account stays CLOSING until its
    /// balance is zero.
    sweep_to_account_id: Option<String>,
}

impl CloseBody {
    pub(super) fn command(self, id: AccountId) -> Result<CloseAccount, Rejection> {
        let sweep_to = optional("sweepToAccountId", self.sweep_to_account_id.as_deref(), uuid)?;
        Ok(CloseAccount { id, sweep_to })
    }
}

/// Close an account: announced deposits are returned, the balance is swept, and the account is archived once it is
/// empty.
#[utoipa::path(post, path = "/accounts/{id}/close", tag = "Account states",
    params(("id" = Uuid, Path, description = "account id")), request_body = Option<CloseBody>,
    responses((status = 200, body = AccountView)))]
pub(super) async fn close(call: Call) -> Result<Reply, Rejection> {
    let command = call.optional_body::<CloseBody>()?.unwrap_or_default().command(fields::path_id(&call)?)?;
    run(&call, command).await
}
