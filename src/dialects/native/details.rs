//! What is known of clients and accounts beyond their objects: personal details, legal names, goals.

use super::fields;
use crate::app::accounts::{ChangeAccountDetails, DetailedAccount, GetDetailedAccount};
use crate::app::clients::{GetClient, KnownClient};
use crate::dialects::kit::formats::{decimal, rfc3339};
use crate::dialects::kit::{Call, ExactNumber, Literal, Rejection, Reply, optional};
use crate::domain::accounts::{AccountDetailsChange, CloseReason};
use crate::domain::clients::{PersonalAddress, PersonalPhone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is known of a client beyond its profile. Unset texts are empty.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClientDetails)]
pub(super) struct PersonalView {
    /// Its last four characters; the number is never shown in full.
    #[schema(example = "*****1234")]
    tax_id_masked: String,
    /// Where the client is written to, if another client has the same address as its own. Omitted if none has.
    #[serde(skip_serializing_if = "String::is_empty")]
    contact_email: String,
    salutation: String,
    title: String,
    middle_name: String,
    suffix: String,
    gender: String,
    #[schema(example = "en-US")]
    culture: String,
    birth_name: String,
    birth_city: String,
    birth_country: String,
    nationalities: Vec<String>,
    phones: Vec<PhoneView>,
    addresses: Vec<AddressView>,
    /// Where letters go, if not to one of the addresses.
    postal_address: Option<AddressView>,
    /// Whether the client is liable to taxes in the USA; null if it did not say.
    fatca: Option<FatcaView>,
    consents: Vec<ConsentView>,
    subject_to_backup_withholding: bool,
    opted_in_to_bank_communication: bool,
    documents_accepted: bool,
}

/// A phone number.
#[derive(Serialize, ToSchema)]
#[schema(as = Phone)]
pub(super) struct PhoneView {
    #[schema(example = "mobile")]
    kind: String,
    phone: String,
    active: bool,
}

/// A postal address.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PostalAddress)]
pub(super) struct AddressView {
    #[schema(example = "residence")]
    kind: String,
    lines: Vec<String>,
    city: String,
    state: String,
    zip_code: String,
    country: String,
    active: bool,
}

/// What a client said about taxes in the USA.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Fatca)]
pub(super) struct FatcaView {
    liable: bool,
    confirmed_at: String,
}

/// What a client has agreed to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Consent)]
pub(super) struct ConsentView {
    /// In the caller's words.
    #[schema(example = "terms_and_conditions")]
    kind: String,
    /// The text agreed to, in the caller's words.
    document: String,
    confirmed_at: String,
}

impl From<PersonalPhone> for PhoneView {
    fn from(phone: PersonalPhone) -> Self {
        PhoneView { kind: phone.kind, phone: phone.number, active: phone.is_active }
    }
}

impl From<PersonalAddress> for AddressView {
    fn from(address: PersonalAddress) -> Self {
        AddressView {
            kind: address.kind,
            lines: address.lines.into_iter().filter(|line| !line.is_empty()).collect(),
            city: address.city,
            state: address.state,
            zip_code: address.postal_code,
            country: address.country,
            active: address.is_active,
        }
    }
}

impl From<KnownClient> for PersonalView {
    fn from(KnownClient { personal: p, .. }: KnownClient) -> Self {
        PersonalView {
            tax_id_masked: p.tax_id.masked(),
            contact_email: p.contact_email,
            salutation: p.salutation,
            title: p.title,
            middle_name: p.middle_name,
            suffix: p.suffix,
            gender: p.gender,
            culture: p.culture,
            birth_name: p.birth_name,
            birth_city: p.birth_city,
            birth_country: p.birth_country,
            nationalities: p.nationalities,
            phones: p.phones.into_iter().map(PhoneView::from).collect(),
            addresses: p.addresses.into_iter().map(AddressView::from).collect(),
            postal_address: p.postal_address.map(AddressView::from),
            fatca: p
                .fatca
                .map(|said| FatcaView { liable: said.is_liable, confirmed_at: said.confirmed_at.to_string() }),
            consents: p
                .consents
                .into_iter()
                .map(|(kind, consent)| ConsentView {
                    kind,
                    document: consent.document,
                    confirmed_at: consent.confirmed_at.to_string(),
                })
                .collect(),
            subject_to_backup_withholding: p.is_subject_to_backup_withholding,
            opted_in_to_bank_communication: p.is_opted_in_to_bank_communication,
            documents_accepted: p.is_documents_accepted,
        }
    }
}

/// Get what is known of a client beyond its profile.
#[utoipa::path(get, path = "/profiles/{id}/details", tag = "Clients",
    params(("id" = Uuid, Path, description = "profile id")), responses((status = 200, body = PersonalView)))]
pub(super) async fn of_profile(call: Call) -> Result<Reply, Rejection> {
    Reply::ok(&PersonalView::from(call.ask(GetClient { id: fields::path_id(&call)? }).await?))
}

/// What is known of an account beyond its settings. Unset texts are empty.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccountDetails)]
pub(super) struct DetailsView {
    legal_name1: String,
    legal_name2: String,
    sub_category: String,
    /// What the client wants to have available; null without a goal.
    #[schema(value_type = Option<f64>)]
    target_amount: Option<ExactNumber>,
    /// By when the client wants to have it.
    target_at: Option<String>,
    /// When that much was available first. Set once, whatever the target becomes.
    target_met_at: Option<String>,
    /// Whether the client can close the account.
    closeable: bool,
    /// Whether it may pay to and collect from external accounts of all clients, not only of its owner.
    uses_all_external_accounts: bool,
    /// Whether it is the first account of its primary owner.
    first_of_client: bool,
    /// When the first credit was posted.
    first_credit_at: Option<String>,
    /// When the balance, or what is available or pending, last changed.
    balances_changed_at: String,
    /// Why the client closed it: FRAUD, NEVER_FUNDED, BSA, RELATIONSHIP_ENDED, DECEASED or OTHER.
    close_reason: Option<String>,
    close_notes: String,
}

impl From<DetailedAccount> for DetailsView {
    fn from(found: DetailedAccount) -> Self {
        let (details, decimals) = (found.details, found.account.decimals);
        DetailsView {
            legal_name1: details.legal_name_1,
            legal_name2: details.legal_name_2,
            sub_category: details.sub_category,
            target_amount: details.target.map(|target| ExactNumber::of(target, decimals)),
            target_at: details.target_at.map(|at| at.to_string()),
            target_met_at: details.target_met_at.map(|at| at.to_string()),
            closeable: !details.is_kept,
            uses_all_external_accounts: details.uses_all_external,
            first_of_client: found.is_first,
            first_credit_at: found.first_credit_at.map(|at| at.to_string()),
            balances_changed_at: found.balances_changed_at.to_string(),
            close_reason: details.close_reason.map(CloseReason::name).map(str::to_uppercase),
            close_notes: details.close_notes,
        }
    }
}

/// A change of the details of an account. What is omitted or null stays; an empty text, and a target of 0, is removed.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccountDetailsBody)]
pub(super) struct DetailsBody {
    legal_name1: Option<String>,
    legal_name2: Option<String>,
    sub_category: Option<String>,
    /// What the client wants to have available; 0 for no goal.
    #[schema(value_type = Option<String>)]
    target_amount: Option<Literal>,
    /// In the future; empty for no date.
    target_at: Option<String>,
    uses_all_external_accounts: Option<bool>,
}

fn show(found: DetailedAccount) -> Result<Reply, Rejection> {
    let version = found.account.version;
    Ok(Reply::ok(&DetailsView::from(found))?.version(version))
}

/// Get what is known of an account beyond its settings.
#[utoipa::path(get, path = "/accounts/{id}/details", tag = "Accounts",
    params(("id" = Uuid, Path, description = "account id")), responses((status = 200, body = DetailsView)))]
pub(super) async fn of_account(call: Call) -> Result<Reply, Rejection> {
    show(call.ask(GetDetailedAccount { id: fields::path_id(&call)? }).await?)
}

/// Change what is known of an account beyond its settings.
#[utoipa::path(put, path = "/accounts/{id}/details", tag = "Accounts",
    params(("id" = Uuid, Path, description = "account id"),
           ("If-Match" = Option<String>, Header, description = "the version you read, from ETag")),
    request_body = DetailsBody, responses((status = 200, body = DetailsView)))]
pub(super) async fn change(call: Call) -> Result<Reply, Rejection> {
    let id = fields::path_id(&call)?;
    let body: DetailsBody = call.body()?;
    let target_at = match body.target_at.as_deref() {
        Some("") => Some(None),
        sent => optional("targetAt", sent, rfc3339)?.map(Some),
    };
    let change = AccountDetailsChange {
        legal_name_1: body.legal_name1,
        legal_name_2: body.legal_name2,
        sub_category: body.sub_category,
        target: optional("targetAmount", body.target_amount.as_ref(), decimal)?,
        target_at,
        uses_all_external: body.uses_all_external_accounts,
    };
    let command = ChangeAccountDetails { id, expected_version: fields::expected_version(&call, None)?, change };
    call.run(command, show).await
}
