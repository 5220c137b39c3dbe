//! External accounts: accounts of customers at other banks.

use super::customer_view::CustomFields;
use super::customers::custom_fields;
use super::envelope::{answer, ok};
use super::fields::{
    Sent, decimal, name_of, one_of, part_of, path_client, path_number, path_or_query, required_integer, shown, text,
    window, zone,
};
use super::requests::{ExternalBody, ExternalKeyBody, VerifyBody};
use crate::app::bank::{
    AddExternalAccount, ArchiveExternalAccount, ChangeExternalAccount, ExternalFilter, ExternalKey,
    FindExternalAccount, ForClient, ListExternalAccounts, OnExternal, VerifyExternalAccount,
};
use crate::app::clients::GetClient;
use crate::app::{Directory, resolved};
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::access::Right;
use crate::domain::bank::{ExternalAccount, ExternalKind, ExternalLabels, ExternalStatus};
use crate::domain::ids::{ExternalSerial, ProfileId, ProfileSerial};
use crate::domain::money::{Decimals, ExtraDecimals};
use crate::domain::page::Page;
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

const KINDS: [(&str, ExternalKind); 2] = [("Checking", ExternalKind::Checking), ("Savings", ExternalKind::Savings)];

const STATUSES: [(&str, ExternalStatus); 4] = [
    ("Unverified", ExternalStatus::Unverified),
    ("VerifyLocked", ExternalStatus::VerifyLocked),
    ("Verified", ExternalStatus::Verified),
    ("Archived", ExternalStatus::Archived),
];

/// An external account of a customer. Its numbers are never shown in full.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExternalAccount)]
pub(super) struct ExternalAccountView {
    #[schema(example = 4720)]
    external_account_id: i64,
    customer_id: i64,
    /// Of its bank.
    name: String,
    nick_name: String,
    /// Checking or Savings.
    #[serde(rename = "type")]
    #[schema(example = "Savings")]
    kind: &'static str,
    first_name: String,
    last_name: String,
    business_name: String,
    tag: String,
    /// Always null.
    #[schema(value_type = Option<String>)]
    routing_number: (),
    #[schema(example = "*****6789")]
    routing_number_masked: String,
    /// Always null.
    #[schema(value_type = Option<String>)]
    account_number: (),
    #[schema(example = "*****4321")]
    account_number_masked: String,
    /// Unverified, VerifyLocked, Verified or Archived.
    #[schema(example = "Verified")]
    status: &'static str,
    #[schema(format = DateTime)]
    status_date: String,
    /// Whether wrong amounts have locked it.
    is_locked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    locked_date: Option<String>,
    locked_reason: String,
    #[schema(format = DateTime)]
    created_date: String,
    #[schema(format = DateTime)]
    last_modified_date: String,
    #[serde(flatten)]
    custom: CustomFields,
}

impl ExternalAccountView {
    fn of(account: ExternalAccount, customer: ProfileSerial, zone: &TimeZone) -> ExternalAccountView {
        let is_locked = account.status == ExternalStatus::VerifyLocked;
        let status_date = shown(account.status_at, zone);
        ExternalAccountView {
            external_account_id: account.serial.0,
            customer_id: customer.0,
            name: account.bank,
            nick_name: account.labels.nickname,
            kind: name_of(account.kind, &KINDS),
            first_name: account.first_name,
            last_name: account.last_name,
            business_name: account.business_name,
            tag: account.labels.reference,
            routing_number: (),
            routing_number_masked: account.routing_masked,
            account_number: (),
            account_number_masked: account.number_masked,
            status: name_of(account.status, &STATUSES),
            is_locked,
            locked_date: is_locked.then(|| status_date.clone()),
            locked_reason: if is_locked { "Wrong amounts".to_owned() } else { String::new() },
            status_date,
            created_date: shown(account.created_at, zone),
            last_modified_date: shown(account.updated_at, zone),
            custom: CustomFields::of(&account.labels.custom_fields),
        }
    }
}

/// The id of an external account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExternalAccountId {
    #[schema(example = 4720)]
    external_account_id: i64,
}

impl ExternalAccountId {
    fn of(account: &ExternalAccount) -> ExternalAccountId {
        ExternalAccountId { external_account_id: account.serial.0 }
    }
}

fn fields_of(body: &ExternalBody) -> [&Sent; 5] {
    [&body.custom_field1, &body.custom_field2, &body.custom_field3, &body.custom_field4, &body.custom_field5]
}

async fn add(call: Call, is_verified: bool) -> Result<Reply, Rejection> {
    let body: ExternalBody = call.lenient_body()?;
    let given = |name: &str, sent: &Sent| Ok::<_, Rejection>(text(name, sent)?.unwrap_or_default());
    let client = customer(&body.customer_id)?;
    let kind = one_of("type", &body.r#type, &KINDS)?.ok_or_else(|| Rejection::missing("type"))?;
    let (routing_number, number) =
        (given("routingNumber", &body.routing_number)?, given("accountNumber", &body.account_number)?);
    let (first_name, last_name) = (given("firstName", &body.first_name)?, given("lastName", &body.last_name)?);
    let business_name = given("businessName", &body.business_name)?;
    let labels = ExternalLabels {
        nickname: given("nickName", &body.nick_name)?,
        reference: given("tag", &body.tag)?,
        custom_fields: custom_fields(fields_of(&body))?,
    };
    let make = move |profile| AddExternalAccount {
        profile,
        kind,
        routing_number,
        number,
        first_name,
        last_name,
        business_name,
        labels,
        is_verified,
    };
    let request = call.origin().request;
    call.run(ForClient { client, make }, |made| answer(request, &ExternalAccountId::of(&made))).await
}

/// Add an external account that you vouch for: it is verified at once. Takes a scope of its own.
#[utoipa::path(post, path = "/externalAccount/create", tag = "External accounts", request_body = ExternalBody,
    responses((status = 200, body = ExternalAccountId)))]
pub(super) async fn create(call: Call) -> Result<Reply, Rejection> {
    add(call, true).await
}

/// Add an external account, which two small deposits will verify.
#[utoipa::path(post, path = "/externalAccount/initiate", tag = "External accounts", request_body = ExternalBody,
    responses((status = 200, body = ExternalAccountId)))]
pub(super) async fn initiate(call: Call) -> Result<Reply, Rejection> {
    add(call, false).await
}

fn customer(sent: &Sent) -> Result<ProfileSerial, Rejection> {
    Ok(ProfileSerial(required_integer("customerId", sent)?))
}

/// The external account that a body names, and the customer whose it is.
fn key(customer_id: &Sent, account: &Sent) -> Result<(ProfileSerial, ExternalSerial), Rejection> {
    Ok((customer(customer_id)?, ExternalSerial(required_integer("externalAccountId", account)?)))
}

/// An amount of a small deposit, in hundredths.
fn cents(name: &str, sent: &Sent) -> Result<u32, Rejection> {
    let amount = decimal(name, sent)?.ok_or_else(|| Rejection::missing(name))?;
    let wrong = || Rejection::invalid(name, "an amount such as 0.18");
    let decimals = Decimals::new(2).ok_or_else(wrong)?;
    let amount = amount.to_amount(decimals, ExtraDecimals::Refuse).map_err(|_| wrong())?;
    u32::try_from(amount.minor()).map_err(|_| wrong())
}

/// Verify an external account by the amounts of the two deposits, in any order. Wrong ones count; three lock it.
#[utoipa::path(post, path = "/externalAccount/verify", tag = "External accounts", request_body = VerifyBody,
    responses((status = 200, body = ExternalAccountId)))]
pub(super) async fn verify(call: Call) -> Result<Reply, Rejection> {
    let body: VerifyBody = call.lenient_body()?;
    let amounts = [cents("amount1", &body.amount1)?, cents("amount2", &body.amount2)?];
    let (client, external) = key(&body.customer_id, &body.external_account_id)?;
    let make = move |id| VerifyExternalAccount { id, amounts };
    let done = call.run_part(0, OnExternal { client, external, make }).await?;
    let account = done.outcome.verified()?;
    Ok(ok(&call, &ExternalAccountId::of(&account))?.replayed(done.replayed))
}

/// Change the nickname, the tag and the custom fields of an external account. What is omitted stays.
#[utoipa::path(post, path = "/externalAccount/update", tag = "External accounts", request_body = ExternalBody,
    responses((status = 200, body = ExternalAccountId)))]
pub(super) async fn update(call: Call) -> Result<Reply, Rejection> {
    let body: ExternalBody = call.lenient_body()?;
    let (client, external) = key(&body.customer_id, &body.external_account_id)?;
    let (nickname, reference) = (text("nickName", &body.nick_name)?, text("tag", &body.tag)?);
    let custom_fields = custom_fields(fields_of(&body))?;
    let make = move |id| ChangeExternalAccount { id, nickname, reference, custom_fields };
    let request = call.origin().request;
    call.run(OnExternal { client, external, make }, |changed| answer(request, &ExternalAccountId::of(&changed))).await
}

/// Archive an external account, for good. Transfers that are under way go on.
#[utoipa::path(post, path = "/externalAccount/archive", tag = "External accounts", request_body = ExternalKeyBody,
    responses((status = 200, body = ExternalAccountId)))]
pub(super) async fn archive(call: Call) -> Result<Reply, Rejection> {
    let body: ExternalKeyBody = call.lenient_body()?;
    let (client, external) = key(&body.customer_id, &body.external_account_id)?;
    let make = |id| ArchiveExternalAccount { id };
    let request = call.origin().request;
    call.run(OnExternal { client, external, make }, |archived| answer(request, &ExternalAccountId::of(&archived))).await
}

async fn show(call: &Call, by: ExternalKey) -> Result<Reply, Rejection> {
    let client = path_client(call);
    let find = move |directory: &Directory<'_>| Ok(FindExternalAccount { profile: directory.client(client)?.id, by });
    let found = call.ask(resolved(find)).await?;
    ok(call, &ExternalAccountView::of(found, client, &zone(call)?))
}

/// Get an external account, archived or not.
#[utoipa::path(get, path = "/externalAccount/get/{customerId}/{externalAccountId}", tag = "External accounts",
    params(("customerId" = i64, Path), ("externalAccountId" = i64, Path)),
    responses((status = 200, body = ExternalAccountView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let serial = ExternalSerial(path_number(&call, "externalAccountId"));
    show(&call, ExternalKey::Serial(serial)).await
}

/// Get an external account by the caller's own id. The tag may also be in the query.
#[utoipa::path(get, path = "/externalAccount/getByTag/{customerId}/{tag}", tag = "External accounts",
    params(("customerId" = i64, Path), ("tag" = String, Path)),
    responses((status = 200, body = ExternalAccountView)))]
pub(super) async fn get_by_tag(call: Call) -> Result<Reply, Rejection> {
    let tag = path_or_query(&call, "tag")?;
    show(&call, ExternalKey::Reference(tag)).await
}

/// The external accounts of a customer, archived ones included, for callers who may read clients.
pub(super) async fn of_customer(
    call: &Call,
    profile: ProfileId,
    customer: ProfileSerial,
    zone: &TimeZone,
) -> Result<Vec<ExternalAccountView>, Rejection> {
    call.caller()?.principal.require(Right::ReadProfiles)?;
    let filter = ExternalFilter { profile: Some(profile), status: None };
    let (mut views, mut number) = (Vec::new(), 1);
    loop {
        let found =
            call.ask(ListExternalAccounts { filter: filter.clone(), page: Page::numbered(number, 100) }).await?;
        let has_more = found.next.is_some();
        views.extend(found.rows.into_iter().map(|account| ExternalAccountView::of(account, customer, zone)));
        if !has_more {
            return Ok(views);
        }
        number += 1;
    }
}

/// List the external accounts of a customer, archived ones included.
#[utoipa::path(get, path = "/externalAccount/list/{customerId}", tag = "External accounts",
    params(
        ("customerId" = i64, Path),
        ("pageNumber" = Option<u32>, Query, description = "from 0"),
        ("pageSize" = Option<u32>, Query, description = "1 to 200, default 200"),
    ),
    responses((status = 200, body = [ExternalAccountView])))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let page = window(&call, false)?;
    let client = path_client(&call);
    let found = call.ask(resolved(move |directory| Ok(GetClient { id: directory.client(client)?.id }))).await?;
    let views = of_customer(&call, found.profile.id, client, &zone(&call)?).await?;
    ok(&call, &part_of(&views, page))
}
