//! Who has access to an account: its customers, the primary one first.

use super::account_view::ACCESS;
use super::accounts::{AccountId, key, path_key};
use super::envelope::{answer, ok};
use super::fields::{Sent, integer, name_of, one_of, required_integer};
use super::requests::AccessBody;
use crate::app::accounts::{AddHolder, EditHolder, KnownHolder, ListHolders, RemoveHolder};
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::accounts::{Account, OwnerAccess};
use crate::domain::ids::ProfileSerial;
use crate::domain::text::masked;
use serde::Serialize;
use utoipa::ToSchema;

/// The access of a customer to an account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Access)]
pub(super) struct AccessView {
    customer_id: i64,
    account_id: i64,
    /// FULL, RDONLY or NONE.
    #[schema(example = "FULL")]
    access_type_code: &'static str,
    /// From 1, the primary customer, among those with some access; 0 for the others.
    #[schema(example = 1)]
    customer_priority: usize,
    is_primary_customer: bool,
    primary_customer_id: i64,
    first_name: String,
    middle_name: String,
    last_name: String,
    suffix: String,
    email_address: String,
    customer_tag: String,
    account_tag: String,
    account_name: String,
    account_number_masked: String,
    routing_number_masked: String,
}

impl AccessView {
    fn of(account: &Account, routing_number: &str, holder: KnownHolder) -> AccessView {
        let KnownHolder { client, access, priority } = holder;
        let details = client.profile.details;
        AccessView {
            customer_id: client.profile.serial.0,
            account_id: account.serial.0,
            access_type_code: name_of(access, &ACCESS),
            customer_priority: priority.unwrap_or(0),
            is_primary_customer: priority == Some(1),
            primary_customer_id: account.standing.profile.0,
            first_name: details.first_name,
            middle_name: client.personal.middle_name,
            last_name: details.last_name,
            suffix: client.personal.suffix,
            email_address: details.email,
            customer_tag: client.profile.labels.reference,
            account_tag: account.labels.common.reference.clone(),
            account_name: account.labels.name.clone(),
            account_number_masked: masked(&account.number),
            routing_number_masked: masked(routing_number),
        }
    }
}

/// List who has access to an account.
#[utoipa::path(get, path = "/account/listAccess/{customerId}/{accountId}", tag = "Access",
    params(("customerId" = i64, Path), ("accountId" = i64, Path)), responses((status = 200, body = [AccessView])))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let held = call.ask(ListHolders { key: path_key(&call) }).await?;
    let views = held.holders.into_iter().map(|holder| AccessView::of(&held.account, &held.routing_number, holder));
    ok(&call, &views.collect::<Vec<_>>())
}

fn target(body: &AccessBody) -> Result<ProfileSerial, Rejection> {
    required_integer("targetCustomerId", &body.target_customer_id).map(ProfileSerial)
}

fn access(body: &AccessBody) -> Result<Option<OwnerAccess>, Rejection> {
    one_of("accessTypeCode", &body.access_type_code, &ACCESS)
}

fn priority(sent: &Sent) -> Result<Option<u64>, Rejection> {
    let Some(number) = integer("customerPriority", sent)? else { return Ok(None) };
    match u64::try_from(number) {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(Rejection::out_of_range("customerPriority", "1 or more")),
    }
}

/// Give a customer access to an account. Only the primary customer can.
#[utoipa::path(post, path = "/account/addAccess", tag = "Access", request_body = AccessBody,
    responses((status = 200, body = AccountId)))]
pub(super) async fn add(call: Call) -> Result<Reply, Rejection> {
    let body: AccessBody = call.lenient_body()?;
    let key = key(&body.customer_id, &body.account_id)?;
    let command = AddHolder {
        key,
        target: target(&body)?,
        access: access(&body)?.ok_or_else(|| Rejection::missing("accessTypeCode"))?,
        priority: priority(&body.customer_priority)?,
    };
    let request = call.origin().request;
    call.run(command, |()| answer(request, &AccountId::of(key))).await
}

/// Change the access of a customer. Only the primary customer can; others can only lower their own.
#[utoipa::path(post, path = "/account/editAccess", tag = "Access", request_body = AccessBody,
    responses((status = 200, body = AccountId)))]
pub(super) async fn edit(call: Call) -> Result<Reply, Rejection> {
    let body: AccessBody = call.lenient_body()?;
    let key = key(&body.customer_id, &body.account_id)?;
    let (access, priority) = (access(&body)?, priority(&body.customer_priority)?);
    let command = EditHolder { key, target: target(&body)?, access, priority };
    let request = call.origin().request;
    call.run(command, |()| answer(request, &AccountId::of(key))).await
}

/// Take all access from a customer. Only the primary customer can; others can only leave.
#[utoipa::path(post, path = "/account/removeAccess", tag = "Access", request_body = AccessBody,
    responses((status = 200, body = AccountId)))]
pub(super) async fn remove(call: Call) -> Result<Reply, Rejection> {
    let body: AccessBody = call.lenient_body()?;
    let key = key(&body.customer_id, &body.account_id)?;
    let command = RemoveHolder { key, target: target(&body)? };
    let request = call.origin().request;
    call.run(command, |()| answer(request, &AccountId::of(key))).await
}
