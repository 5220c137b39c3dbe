//! The object of a customer.

use super::account_view::AccountView;
use super::externals::ExternalAccountView;
use super::fields::{Program, shown, shown_day};
use crate::app::accounts::DetailedAccount;
use crate::app::clients::KnownClient;
use crate::domain::clients::{PersonalAddress, PersonalPhone, ProfileStatus};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A customer. Texts that are not set are empty, dates are left out.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Customer)]
pub(super) struct CustomerView {
    /// In lists: the number of all matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    customer_count: Option<u64>,
    #[schema(example = 305)]
    customer_id: i64,
    first_name: String,
    middle_name: String,
    last_name: String,
    suffix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    birth_date: Option<String>,
    gender: String,
    culture: String,
    tag: String,
    /// Verified, ManualReview, Denied or Archived.
    #[schema(example = "Verified")]
    status: &'static str,
    #[schema(format = DateTime)]
    created_date: String,
    #[schema(format = DateTime)]
    last_modified_date: String,
    #[schema(example = "*****1234")]
    tax_id_masked: String,
    email_address: String,
    is_active: bool,
    is_locked: bool,
    locked_reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    deceased_date: Option<String>,
    is_subject_to_backup_withholding: bool,
    is_opted_in_to_bank_communication: bool,
    is_documents_accepted: bool,
    #[serde(flatten)]
    custom: CustomFields,
    phones: Vec<PhoneView>,
    addresses: Vec<AddressView>,
    accounts: Vec<AccountView>,
    external_accounts: Vec<ExternalAccountView>,
    /// Always empty.
    #[schema(value_type = Vec<Object>)]
    cards: [(); 0],
}

/// What clients keep for themselves.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CustomFields {
    custom_field1: String,
    custom_field2: String,
    custom_field3: String,
    custom_field4: String,
    custom_field5: String,
}

/// The names of custom fields, in the core too.
pub(super) const CUSTOM_FIELDS: [&str; 5] =
    ["customField1", "customField2", "customField3", "customField4", "customField5"];

impl CustomFields {
    pub(super) fn of(fields: &BTreeMap<String, String>) -> CustomFields {
        let [custom_field1, custom_field2, custom_field3, custom_field4, custom_field5] =
            CUSTOM_FIELDS.map(|name| fields.get(name).cloned().unwrap_or_default());
        CustomFields { custom_field1, custom_field2, custom_field3, custom_field4, custom_field5 }
    }
}

/// A phone number.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Phone)]
pub(super) struct PhoneView {
    #[schema(example = "mobile")]
    phone_type: String,
    number: String,
    is_active: bool,
}

/// A postal address.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Address)]
pub(super) struct AddressView {
    #[schema(example = "residence")]
    address_type: String,
    address_line1: String,
    address_line2: String,
    address_line3: String,
    address_line4: String,
    city: String,
    state: String,
    postal_code: String,
    country: String,
    is_active: bool,
}

impl From<PersonalPhone> for PhoneView {
    fn from(phone: PersonalPhone) -> Self {
        PhoneView { phone_type: phone.kind, number: phone.number, is_active: phone.is_active }
    }
}

impl From<PersonalAddress> for AddressView {
    fn from(address: PersonalAddress) -> Self {
        let [address_line1, address_line2, address_line3, address_line4] = address.lines;
        AddressView {
            address_type: address.kind,
            address_line1,
            address_line2,
            address_line3,
            address_line4,
            city: address.city,
            state: address.state,
            postal_code: address.postal_code,
            country: address.country,
            is_active: address.is_active,
        }
    }
}

/// The phones of a client; the one of its profile if other APIs have set no others.
fn phones(client: &KnownClient) -> Vec<PersonalPhone> {
    let own = &client.profile.details.phone;
    if !client.personal.phones.is_empty() || own.is_empty() {
        return client.personal.phones.clone();
    }
    vec![PersonalPhone { kind: String::new(), number: own.clone(), is_active: true }]
}

/// The same for addresses.
fn addresses(client: &KnownClient) -> Vec<PersonalAddress> {
    let own = &client.profile.details;
    let parts = [&own.address, &own.zip_code, &own.city, &own.state, &own.country];
    if !client.personal.addresses.is_empty() || parts.iter().all(|part| part.is_empty()) {
        return client.personal.addresses.clone();
    }
    vec![PersonalAddress {
        kind: String::new(),
        lines: [own.address.clone(), String::new(), String::new(), String::new()],
        city: own.city.clone(),
        state: own.state.clone(),
        postal_code: own.zip_code.clone(),
        country: own.country.clone(),
        is_active: true,
    }]
}

fn status(status: ProfileStatus) -> &'static str {
    match status {
        // A deceased customer was verified; `deceasedDate` says the rest.
        ProfileStatus::Verified | ProfileStatus::Deceased => "Verified",
        ProfileStatus::Pending => "ManualReview",
        ProfileStatus::Denied => "Denied",
        ProfileStatus::Archived => "Archived",
    }
}

impl CustomerView {
    /// `total` is the number of all matches of a list.
    pub(super) fn of(
        client: KnownClient,
        accounts: &[DetailedAccount],
        external_accounts: Vec<ExternalAccountView>,
        program: &Program,
        total: Option<u64>,
    ) -> CustomerView {
        let (serial, zone) = (client.profile.serial, &program.zone);
        let (phones, addresses) = (phones(&client), addresses(&client));
        let KnownClient { profile, personal } = client;
        CustomerView {
            customer_count: total,
            customer_id: serial.0,
            custom: CustomFields::of(&profile.labels.custom_fields),
            first_name: profile.details.first_name,
            middle_name: personal.middle_name,
            last_name: profile.details.last_name,
            suffix: personal.suffix,
            birth_date: shown_day(&profile.details.birth_date, zone),
            gender: personal.gender,
            culture: personal.culture,
            tag: profile.labels.reference,
            status: status(profile.status),
            created_date: shown(profile.created_at, zone),
            last_modified_date: shown(profile.updated_at, zone),
            tax_id_masked: personal.tax_id.masked(),
            email_address: profile.details.email,
            is_active: profile.status == ProfileStatus::Verified && !profile.is_blocked,
            is_locked: profile.is_blocked,
            locked_reason: if profile.is_blocked { "Blocked by an operator".to_owned() } else { String::new() },
            deceased_date: profile.deceased_on.as_deref().and_then(|day| shown_day(day, zone)),
            is_subject_to_backup_withholding: personal.is_subject_to_backup_withholding,
            is_opted_in_to_bank_communication: personal.is_opted_in_to_bank_communication,
            is_documents_accepted: personal.is_documents_accepted,
            phones: phones.into_iter().map(PhoneView::from).collect(),
            addresses: addresses.into_iter().map(AddressView::from).collect(),
            accounts: accounts.iter().map(|account| AccountView::of(account, serial, program)).collect(),
            external_accounts,
            cards: [],
        }
    }
}
