//! Holds: money of an account that is reserved, one hold at a time.

use super::accounts::{AccountId, key};
use super::envelope::answer;
use super::fields::{DESCRIPTION_MAX, decimal, midnight, text_of, zone};
use super::requests::{AccountKeyBody, HoldBody};
use crate::app::ledger::{PlaceHeldHold, ReleaseHeldHold};
use crate::dialects::kit::{Call, Rejection, Reply};

/// Place a hold. It may exceed what is available.
#[utoipa::path(post, path = "/account/placeHold", tag = "Accounts", request_body = HoldBody,
    responses((status = 200, body = AccountId)))]
pub(super) async fn place(call: Call) -> Result<Reply, Rejection> {
    let zone = zone(&call)?;
    let body: HoldBody = call.lenient_body()?;
    let key = key(&body.customer_id, &body.account_id)?;
    let amount = decimal("amount", &body.amount)?.or(decimal("holdAmount", &body.hold_amount)?);
    let reason = text_of("reason", &body.reason, DESCRIPTION_MAX)?.filter(|reason| !reason.is_empty());
    let command = PlaceHeldHold {
        key,
        amount: amount.ok_or_else(|| Rejection::missing("amount"))?,
        reason: reason.ok_or_else(|| Rejection::missing("reason"))?,
        expires_at: midnight("expirationDate", &body.expiration_date, &zone)?,
    };
    let request = call.origin().request;
    call.run(command, |_| answer(request, &AccountId::of(key))).await
}

/// Release the hold of an account.
#[utoipa::path(post, path = "/account/releaseHold", tag = "Accounts", request_body = AccountKeyBody,
    responses((status = 200, body = AccountId)))]
pub(super) async fn release(call: Call) -> Result<Reply, Rejection> {
    let body: AccountKeyBody = call.lenient_body()?;
    let key = key(&body.customer_id, &body.account_id)?;
    let request = call.origin().request;
    call.run(ReleaseHeldHold { key }, |_| answer(request, &AccountId::of(key))).await
}
