//! Accounts of clients at other banks.

use super::fields;
use super::lists::{LISTS, PagingView};
use crate::app::bank::{
    AddExternalAccount, ArchiveExternalAccount, ChangeExternalAccount, ExternalFilter, GetExternalAccount,
    GetPaymentDetails, ListExternalAccounts, VerifyExternalAccount,
};
use crate::dialects::kit::formats::{Fault, capitals, decimal, uuid};
use crate::dialects::kit::{Call, ExactNumber, Literal, Members, Rejection, Reply, required};
use crate::domain::bank::{ExternalAccount, ExternalKind, ExternalLabels, ExternalStatus, PaymentDetails};
use crate::domain::money::{Amount, Decimals, ExtraDecimals};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An account at another bank to add. Its holder is a person or a company.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExternalAccountBody {
    /// CHECKING or SAVINGS.
    #[schema(example = "CHECKING")]
    kind: Option<String>,
    /// Nine digits.
    #[schema(example = "123456789")]
    routing_number: Option<String>,
    /// At most 17 letters and digits.
    #[schema(example = "000123456789")]
    number: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    company: Option<String>,
    nickname: Option<String>,
    /// Your own id, unique among external accounts.
    reference: Option<String>,
    /// Up to five texts by name.
    #[schema(value_type = Option<Object>, example = json!({"desk": "zrh"}))]
    custom_fields: Option<Members<Option<String>>>,
    /// Whether you vouch for it, so that no deposits verify it; takes the right `external_accounts:verify`.
    verified: Option<bool>,
}

/// What can be changed of an external account. Omitted members stay; empty ones are removed.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExternalAccountChange {
    nickname: Option<String>,
    reference: Option<String>,
    /// Sets those named and leaves the others; null or an empty text removes one.
    #[schema(value_type = Option<Object>, example = json!({"desk": "zrh"}))]
    custom_fields: Option<Members<Option<String>>>,
}

/// The two deposits that the client found on its account, in either order.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct VerificationBody {
    #[schema(value_type = String, example = "0.18")]
    first_amount: Option<Literal>,
    #[schema(value_type = String, example = "0.28")]
    second_amount: Option<Literal>,
}

/// An account at another bank. Its numbers are masked.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExternalAccount)]
pub(super) struct ExternalAccountView {
    id: String,
    /// A short number from the counter that external accounts share with accounts.
    #[schema(example = 12)]
    number: i64,
    profile_id: String,
    /// CHECKING or SAVINGS.
    #[schema(example = "CHECKING")]
    kind: String,
    first_name: String,
    last_name: String,
    company: String,
    /// The name of the bank; empty if unknown.
    bank: String,
    #[schema(example = "*****6789")]
    routing_number_masked: String,
    #[schema(example = "********6789")]
    number_masked: String,
    nickname: String,
    reference: String,
    #[schema(value_type = Object)]
    custom_fields: BTreeMap<String, String>,
    /// UNVERIFIED, VERIFY_LOCKED, VERIFIED or ARCHIVED.
    #[schema(example = "UNVERIFIED")]
    status: String,
    /// Since when it has the status.
    status_at: String,
    /// Wrong amounts so far; three lock it.
    tries: u32,
    created_at: String,
    updated_at: String,
}

impl From<ExternalAccount> for ExternalAccountView {
    fn from(account: ExternalAccount) -> Self {
        ExternalAccountView {
            id: account.id.to_string(),
            number: account.serial.0,
            profile_id: account.profile.to_string(),
            kind: account.kind.name().to_uppercase(),
            first_name: account.first_name,
            last_name: account.last_name,
            company: account.business_name,
            bank: account.bank,
            routing_number_masked: account.routing_masked,
            number_masked: account.number_masked,
            nickname: account.labels.nickname,
            reference: account.labels.reference,
            custom_fields: account.labels.custom_fields,
            status: account.status.name().to_uppercase(),
            status_at: account.status_at.to_string(),
            tries: account.tries,
            created_at: account.created_at.to_string(),
            updated_at: account.updated_at.to_string(),
        }
    }
}

/// What a payment from or to it takes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PaymentDetails)]
pub(super) struct PaymentDetailsView {
    #[schema(example = "123456789")]
    routing_number: String,
    #[schema(example = "000123456789")]
    full_number: String,
    /// CHECKING or SAVINGS.
    #[schema(example = "CHECKING")]
    kind: String,
    /// Of the holder.
    holder: String,
    /// The two deposits to send, by whose amounts the client verifies the account; null if none are needed.
    #[schema(value_type = Option<Vec<f64>>, example = json!([0.18, 0.28]))]
    amounts: Option<Vec<ExactNumber>>,
}

impl From<PaymentDetails> for PaymentDetailsView {
    fn from(details: PaymentDetails) -> Self {
        let shown = |amount: u32| ExactNumber::of(Amount::from_minor(i64::from(amount)), Decimals::TWO);
        PaymentDetailsView {
            routing_number: details.routing_number,
            full_number: details.number,
            kind: details.kind.name().to_uppercase(),
            holder: details.name,
            amounts: details.amounts.map(|amounts| amounts.into_iter().map(shown).collect()),
        }
    }
}

/// One page of external accounts, oldest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExternalAccountList {
    external_accounts: Vec<ExternalAccountView>,
    #[serde(flatten)]
    paging: PagingView,
}

/// An amount from 0.01 to 0.99, in hundredths.
fn small_amount(text: &str) -> Result<u32, Fault> {
    let amount =
        decimal(text)?.to_amount(Decimals::TWO, ExtraDecimals::Refuse).map_err(|e| Fault::invalid(e.to_string()))?;
    let small = u32::try_from(amount.minor()).ok().filter(|amount| (1..=99).contains(amount));
    small.ok_or_else(|| Fault::OutOfRange("an amount from 0.01 to 0.99".into()))
}

fn kind(text: &str) -> Result<ExternalKind, Fault> {
    capitals(ExternalKind::ALL, ExternalKind::name)(text)
}

fn texts(members: Option<Members<Option<String>>>) -> BTreeMap<String, String> {
    let members = members.map(|members| members.0).unwrap_or_default();
    members.into_iter().map(|(name, value)| (name, value.unwrap_or_default())).collect()
}

/// Add an account at another bank. Two small deposits verify it, unless you vouch for it.
#[utoipa::path(post, path = "/profiles/{id}/external-accounts", tag = "External accounts",
    params(("id" = Uuid, Path, description = "profile id")), request_body = ExternalAccountBody,
    responses((status = 200, body = ExternalAccountView)))]
pub(super) async fn add(call: Call) -> Result<Reply, Rejection> {
    let body: ExternalAccountBody = call.body()?;
    let command = AddExternalAccount {
        profile: fields::path_id(&call)?,
        kind: required("kind", body.kind.as_deref(), kind)?,
        routing_number: body.routing_number.unwrap_or_default(),
        number: body.number.unwrap_or_default(),
        first_name: body.first_name.unwrap_or_default(),
        last_name: body.last_name.unwrap_or_default(),
        business_name: body.company.unwrap_or_default(),
        labels: ExternalLabels {
            nickname: body.nickname.unwrap_or_default(),
            reference: body.reference.unwrap_or_default(),
            custom_fields: texts(body.custom_fields),
        },
        is_verified: body.verified.unwrap_or_default(),
    };
    call.run(command, show).await
}

fn show(account: ExternalAccount) -> Result<Reply, Rejection> {
    Reply::ok(&ExternalAccountView::from(account))
}

/// List external accounts, oldest first.
#[utoipa::path(get, path = "/external-accounts", tag = "External accounts",
    params(
        ("profileId" = Option<String>, Query, description = "of this client"),
        ("status" = Option<String>, Query, description = "UNVERIFIED, VERIFY_LOCKED, VERIFIED or ARCHIVED"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("perPage" = Option<u32>, Query, description = "1 to 500, default 50"),
        ("after" = Option<String>, Query, description = "`next` of the previous page, instead of `page`"),
    ), responses((status = 200, body = ExternalAccountList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let query = call.query();
    let filter = ExternalFilter {
        profile: query.value("profileId", uuid)?,
        status: query.value("status", capitals(ExternalStatus::ALL, ExternalStatus::name))?,
    };
    let paging = LISTS.page(&call)?;
    let found = call.ask(ListExternalAccounts { filter, page: paging.page }).await?;
    let paging = PagingView::of(&found, &paging);
    let external_accounts = found.rows.into_iter().map(ExternalAccountView::from).collect();
    Reply::ok(&ExternalAccountList { external_accounts, paging })
}

/// Get an external account by its id.
#[utoipa::path(get, path = "/external-accounts/{id}", tag = "External accounts",
    params(("id" = Uuid, Path, description = "id of the external account")),
    responses((status = 200, body = ExternalAccountView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let found = call.ask(GetExternalAccount { id: fields::path_id(&call)? }).await?;
    show(found)
}

/// Get what a payment takes: the numbers in full, and the amounts of the deposits that verify it.
#[utoipa::path(get, path = "/external-accounts/{id}/payment-details", tag = "External accounts",
    params(("id" = Uuid, Path, description = "id of the external account")),
    responses((status = 200, body = PaymentDetailsView)))]
pub(super) async fn payment_details(call: Call) -> Result<Reply, Rejection> {
    let found = call.ask(GetPaymentDetails { id: fields::path_id(&call)? }).await?;
    Reply::ok(&PaymentDetailsView::from(found))
}

/// Change an external account; omitted members stay.
#[utoipa::path(put, path = "/external-accounts/{id}", tag = "External accounts",
    params(("id" = Uuid, Path, description = "id of the external account")), request_body = ExternalAccountChange,
    responses((status = 200, body = ExternalAccountView)))]
pub(super) async fn change(call: Call) -> Result<Reply, Rejection> {
    let body: ExternalAccountChange = call.body()?;
    let command = ChangeExternalAccount {
        id: fields::path_id(&call)?,
        nickname: body.nickname,
        reference: body.reference,
        custom_fields: texts(body.custom_fields),
    };
    call.run(command, show).await
}

/// Verify an external account by the amounts of the two deposits. Wrong ones count, and three lock it.
#[utoipa::path(post, path = "/external-accounts/{id}/verify", tag = "External accounts",
    params(("id" = Uuid, Path, description = "id of the external account")), request_body = VerificationBody,
    responses((status = 200, body = ExternalAccountView)))]
pub(super) async fn verify(call: Call) -> Result<Reply, Rejection> {
    let body: VerificationBody = call.body()?;
    let command = VerifyExternalAccount {
        id: fields::path_id(&call)?,
        amounts: [
            required("firstAmount", body.first_amount.as_ref(), small_amount)?,
            required("secondAmount", body.second_amount.as_ref(), small_amount)?,
        ],
    };
    call.run(command, |verification| show(verification.verified()?)).await
}

/// Archive an external account; final. Payments that are under way go on.
#[utoipa::path(post, path = "/external-accounts/{id}/archive", tag = "External accounts",
    params(("id" = Uuid, Path, description = "id of the external account")),
    responses((status = 200, body = ExternalAccountView)))]
pub(super) async fn archive(call: Call) -> Result<Reply, Rejection> {
    call.run(ArchiveExternalAccount { id: fields::path_id(&call)? }, show).await
}
