//! Customers: the clients of the core, with their personal details.

use super::customer_view::{CUSTOM_FIELDS, CustomerView};
use super::envelope::{answer, ok};
use super::externals;
use super::fields::{self, Sent, day, flag, path_client, path_or_query, program, text, window, zone};
use super::requests::{AddressBody, CustomerBody, CustomerKey, PhoneBody, SearchBody};
use crate::app::accounts::{DetailedAccount, ListHeldAccounts};
use crate::app::approvals::AtOnce;
use crate::app::clients::{
    ArchiveProfile, ChangeClient, ChangeProfile, CreateProfile, GetClient, KnownClient, ListClients, ProfileFilter,
    RegisterClient,
};
use crate::app::resolved;
use crate::dialects::kit::{AtMost, Call, Rejection, Reply, Scalar, sent_members};
use crate::domain::access::Right;
use crate::domain::clients::{
    DetailsChange, EmailKey, LabelsChange, PersonalAddress, PersonalChange, PersonalPhone, ProfileDetails, TaxId,
};
use crate::domain::ids::ProfileSerial;
use crate::domain::page::Window;
use crate::domain::refusal::{Field, Noun, Refusal};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The id of a customer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CustomerId {
    #[schema(example = 305)]
    customer_id: i64,
}

/// A list that is not sent, null or empty.
fn listed<T, const N: usize>(list: Option<AtMost<T, N>>) -> Option<Vec<T>> {
    list.map(|AtMost(items)| items).filter(|items| !items.is_empty())
}

fn phone(body: &PhoneBody) -> Result<PersonalPhone, Rejection> {
    Ok(PersonalPhone {
        kind: text("phoneType", &body.phone_type)?.unwrap_or_default(),
        number: text("number", &body.number)?.unwrap_or_default(),
        is_active: flag("isActive", &body.is_active)?.unwrap_or(true),
    })
}

fn address(body: &AddressBody) -> Result<PersonalAddress, Rejection> {
    let read = |name: &str, sent: &Sent| Ok::<_, Rejection>(text(name, sent)?.unwrap_or_default());
    Ok(PersonalAddress {
        kind: read("addressType", &body.address_type)?,
        lines: [
            read("addressLine1", &body.address_line1)?,
            read("addressLine2", &body.address_line2)?,
            read("addressLine3", &body.address_line3)?,
            read("addressLine4", &body.address_line4)?,
        ],
        city: read("city", &body.city)?,
        state: read("state", &body.state)?,
        postal_code: read("postalCode", &body.postal_code)?,
        country: read("country", &body.country)?,
        is_active: flag("isActive", &body.is_active)?.unwrap_or(true),
    })
}

/// What a body says, in the terms of the core.
struct Sheet {
    details: DetailsChange,
    personal: PersonalChange,
    tag: Option<String>,
    custom_fields: BTreeMap<String, String>,
}

/// Reads the custom fields that were sent.
pub(super) fn custom_fields(sent: [&Sent; 5]) -> Result<BTreeMap<String, String>, Rejection> {
    let mut fields = BTreeMap::new();
    for (name, sent) in CUSTOM_FIELDS.into_iter().zip(sent) {
        if let Some(value) = text(name, sent)? {
            fields.insert(name.to_owned(), value);
        }
    }
    Ok(fields)
}

/// The first active one is what the profile shows to other APIs.
fn active<T>(list: Option<&Vec<T>>, is_active: impl Fn(&T) -> bool) -> Option<&T> {
    list.and_then(|items| items.iter().find(|item| is_active(item)))
}

impl Sheet {
    fn read(body: CustomerBody, zone: &TimeZone) -> Result<Sheet, Rejection> {
        let phones = listed(body.phones).map(|list| list.iter().map(phone).collect::<Result<Vec<_>, _>>());
        let addresses = listed(body.addresses).map(|list| list.iter().map(address).collect::<Result<Vec<_>, _>>());
        let (phones, addresses) = (phones.transpose()?, addresses.transpose()?);
        let shown = active(addresses.as_ref(), |address| address.is_active);
        let part = |of: fn(&PersonalAddress) -> &String| shown.map(|address| of(address).clone());
        let email = text("emailAddress", &body.email_address)?;
        Ok(Sheet {
            details: DetailsChange {
                email: email.map(|email| email.trim().to_owned()),
                first_name: text("firstName", &body.first_name)?,
                last_name: text("lastName", &body.last_name)?,
                birth_date: day("birthDate", &body.birth_date, zone)?,
                phone: active(phones.as_ref(), |phone| phone.is_active).map(|phone| phone.number.clone()),
                address: part(|address| &address.lines[0]),
                city: part(|address| &address.city),
                state: part(|address| &address.state),
                zip_code: part(|address| &address.postal_code),
                country: part(|address| &address.country),
                ..DetailsChange::default()
            },
            personal: PersonalChange {
                tax_id: text("taxId", &body.tax_id)?.map(TaxId::from),
                middle_name: text("middleName", &body.middle_name)?,
                suffix: text("suffix", &body.suffix)?,
                gender: text("gender", &body.gender)?,
                culture: text("culture", &body.culture)?,
                phones,
                addresses,
                is_subject_to_backup_withholding: flag(
                    "isSubjectToBackupWithholding",
                    &body.is_subject_to_backup_withholding,
                )?,
                is_opted_in_to_bank_communication: flag(
                    "isOptedInToBankCommunication",
                    &body.is_opted_in_to_bank_communication,
                )?,
                is_documents_accepted: flag("isDocumentsAccepted", &body.is_documents_accepted)?,
                ..PersonalChange::default()
            },
            tag: text("tag", &body.tag)?,
            custom_fields: custom_fields([
                &body.custom_field1,
                &body.custom_field2,
                &body.custom_field3,
                &body.custom_field4,
                &body.custom_field5,
            ])?,
        })
    }
}

/// The number of a client in a body.
fn named(sent: &Sent) -> Result<ProfileSerial, Rejection> {
    fields::required_integer("customerId", sent).map(ProfileSerial)
}

/// The accounts of a customer, for callers who may read accounts.
async fn accounts(call: &Call, client: ProfileSerial) -> Result<Vec<DetailedAccount>, Rejection> {
    if call.caller()?.principal.require(Right::ReadAccounts).is_err() {
        return Ok(Vec::new());
    }
    call.ask(ListHeldAccounts { client }).await
}

/// Create a customer.
#[utoipa::path(post, path = "/customer/create", tag = "Customers", request_body = CustomerBody,
    responses((status = 200, body = CustomerId)))]
pub(super) async fn create(call: Call) -> Result<Reply, Rejection> {
    let zone = zone(&call)?;
    let sheet = Sheet::read(call.lenient_body()?, &zone)?;
    for (name, sent) in [("firstName", &sheet.details.first_name), ("lastName", &sheet.details.last_name)] {
        if sent.as_ref().is_none_or(String::is_empty) {
            return Err(Rejection::missing(name));
        }
    }
    let command = RegisterClient(CreateProfile {
        id: None,
        details: sheet.details.apply(&ProfileDetails::default()),
        email_optional: true,
        tags: None,
        labels: LabelsChange {
            reference: sheet.tag,
            custom_fields: Some(sheet.custom_fields),
            ..LabelsChange::default()
        },
        personal: sheet.personal,
        password: None,
        requires_review: false,
        is_blocked: false,
    });
    let request = call.origin().request;
    call.run(command, |made| answer(request, &CustomerId { customer_id: made.profile.serial.0 })).await
}

/// Change a customer. What is omitted stays.
#[utoipa::path(post, path = "/customer/update", tag = "Customers", request_body = CustomerBody,
    responses((status = 200, body = CustomerView)))]
pub(super) async fn update(call: Call) -> Result<Reply, Rejection> {
    let program = program(&call)?;
    let body: CustomerBody = call.lenient_body()?;
    let client = named(&body.customer_id)?;
    let mut sheet = Sheet::read(body, &program.zone)?;
    // They cannot be removed. A client of another API may have none, and what was read is sent back.
    let names = [&mut sheet.details.first_name, &mut sheet.details.last_name];
    names.into_iter().for_each(|name| *name = name.take().filter(|name| !name.is_empty()));
    let command = resolved(move |directory| {
        let change = ChangeProfile {
            id: directory.client(client)?.id,
            details: sheet.details,
            labels: LabelsChange { reference: sheet.tag, ..LabelsChange::default() },
            personal: sheet.personal,
            tags: None,
            password: None,
            is_active: None,
        };
        Ok(AtOnce(ChangeClient { change, custom_fields: sheet.custom_fields }))
    });
    let done = call.run_part(0, command).await?;
    let accounts = accounts(&call, done.outcome.profile.serial).await?;
    let externals =
        externals::of_customer(&call, done.outcome.profile.id, done.outcome.profile.serial, &program.zone).await?;
    let view = CustomerView::of(done.outcome, &accounts, externals, &program, None);
    Ok(ok(&call, &view)?.replayed(done.replayed))
}

/// Archive a customer, for good. All its accounts must be closed.
#[utoipa::path(post, path = "/customer/archive", tag = "Customers", request_body = CustomerKey,
    responses((status = 200, body = CustomerId)))]
pub(super) async fn archive(call: Call) -> Result<Reply, Rejection> {
    let body: CustomerKey = call.lenient_body()?;
    let client = named(&body.customer_id)?;
    let command =
        resolved(move |directory| Ok(ArchiveProfile { id: directory.client(client)?.id, expected_version: None }));
    let request = call.origin().request;
    call.run(command, |archived| answer(request, &CustomerId { customer_id: archived.serial.0 })).await
}

async fn show(call: &Call, client: KnownClient) -> Result<Reply, Rejection> {
    let accounts = accounts(call, client.profile.serial).await?;
    let program = program(call)?;
    let externals = externals::of_customer(call, client.profile.id, client.profile.serial, &program.zone).await?;
    ok(call, &CustomerView::of(client, &accounts, externals, &program, None))
}

/// Get a customer.
#[utoipa::path(get, path = "/customer/get/{customerId}", tag = "Customers",
    params(("customerId" = i64, Path)), responses((status = 200, body = CustomerView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let client = path_client(&call);
    let client = call.ask(resolved(move |directory| Ok(GetClient { id: directory.client(client)?.id }))).await?;
    show(&call, client).await
}

/// The only client that a filter finds.
async fn one(call: &Call, filter: ProfileFilter) -> Result<Reply, Rejection> {
    let (clients, _) = call.ask(ListClients { filter, window: FIRST }).await?;
    let client = clients.into_iter().next().ok_or(Refusal::not_found(Noun::Profile))?;
    show(call, client).await
}

const FIRST: Window = Window { offset: 0, limit: 1, newest_first: false };

/// Get a customer by the caller's own id. The tag may also be in the query.
#[utoipa::path(get, path = "/customer/getByTag/{tag}", tag = "Customers",
    params(("tag" = String, Path)), responses((status = 200, body = CustomerView)))]
pub(super) async fn get_by_tag(call: Call) -> Result<Reply, Rejection> {
    let tag = path_or_query(&call, "tag")?;
    let mut filter = ProfileFilter::default();
    filter.labels.reference = Some(tag);
    one(&call, filter).await
}

/// Get a customer by its address. The address may also be in the query.
#[utoipa::path(get, path = "/customer/getByEmail/{emailAddress}", tag = "Customers",
    params(("emailAddress" = String, Path)), responses((status = 200, body = CustomerView)))]
pub(super) async fn get_by_email(call: Call) -> Result<Reply, Rejection> {
    let address = path_or_query(&call, "emailAddress")?;
    let email = EmailKey::parse(Field::Email, &address).map_err(|_| Refusal::not_found(Noun::Profile))?;
    one(&call, ProfileFilter { email: Some(email), ..ProfileFilter::default() }).await
}

async fn page(call: &Call, filter: ProfileFilter, window: Window) -> Result<Reply, Rejection> {
    let program = program(call)?;
    let (clients, total) = call.ask(ListClients { filter, window }).await?;
    let mut views = Vec::with_capacity(clients.len());
    for client in clients {
        let accounts = accounts(call, client.profile.serial).await?;
        let externals = externals::of_customer(call, client.profile.id, client.profile.serial, &program.zone).await?;
        views.push(CustomerView::of(client, &accounts, externals, &program, Some(total)));
    }
    ok(call, &views)
}

/// List the customers, in the order of creation.
#[utoipa::path(get, path = "/customer/list", tag = "Customers",
    params(
        ("pageNumber" = Option<u32>, Query, description = "from 0"),
        ("pageSize" = Option<u32>, Query, description = "1 to 200, default 200"),
    ),
    responses((status = 200, body = [CustomerView])))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let window = window(&call, false)?;
    page(&call, ProfileFilter::default(), window).await
}

/// The members by which customers are found, and those that only say which page is wanted.
const SEARCHED: [&str; 6] = ["tag", "taxId", "birthDate", "emailAddress", "lastName", "firstName"];
const NOT_SEARCHED: [&str; 4] = ["requestId", "customerCount", "pageNumber", "pageSize"];

/// Whether the body asks for something by which no customer is found.
fn is_foreign(call: &Call) -> Result<bool, Rejection> {
    let body = call.raw_body()?;
    let values: BTreeMap<String, Box<serde_json::value::RawValue>> = serde_json::from_slice(body).unwrap_or_default();
    let is_unset = |name: &String| {
        let value = values.get(name).map(|value| value.get().replace([' ', '\n', '\r', '\t'], ""));
        value.is_none_or(|value| matches!(value.as_str(), "null" | "\"\"" | "[]" | "{}"))
    };
    let is_known = |name: &String| SEARCHED.contains(&name.as_str()) || NOT_SEARCHED.contains(&name.as_str());
    Ok(sent_members(body).iter().any(|name| !is_known(name) && !is_unset(name)))
}

/// Find customers. All that is sent must match; by other members than these nothing is found.
#[utoipa::path(post, path = "/customer/search", tag = "Customers",
    params(
        ("pageNumber" = Option<u32>, Query, description = "from 0"),
        ("pageSize" = Option<u32>, Query, description = "1 to 200, default 200"),
    ),
    request_body = SearchBody, responses((status = 200, body = [CustomerView])))]
pub(super) async fn search(call: Call) -> Result<Reply, Rejection> {
    call.refuse_rehearsal()?;
    let (window, zone) = (window(&call, false)?, zone(&call)?);
    let body: SearchBody = call.lenient_body()?;
    let wanted =
        |name: &str, sent: &Option<Scalar>| Ok::<_, Rejection>(text(name, sent)?.filter(|text| !text.is_empty()));
    let address = wanted("emailAddress", &body.email_address)?;
    let email = address.as_deref().map(|address| EmailKey::parse(Field::Email, address));
    if is_foreign(&call)? || matches!(email, Some(Err(_))) {
        let none: [CustomerView; 0] = [];
        return ok(&call, &none);
    }
    let mut filter = ProfileFilter {
        email: email.transpose()?,
        first_name: wanted("firstName", &body.first_name)?,
        last_name: wanted("lastName", &body.last_name)?,
        birth_date: day("birthDate", &body.birth_date, &zone)?,
        tax_id: wanted("taxId", &body.tax_id)?,
        ..ProfileFilter::default()
    };
    filter.labels.reference = wanted("tag", &body.tag)?;
    page(&call, filter, window).await
}
