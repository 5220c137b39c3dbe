//! Users: the clients of the broker.

use super::fields::{BY_CREATION, ListView, country, name, part, path_id, time};
use crate::app::accounts::OffboardClient;
use crate::app::clients::{CreateProfile, GetClient, KnownClient, ListClients, ProfileFilter, RegisterInvestor};
use crate::dialects::kit::formats::{Fault, one_of, rfc3339, uuid};
use crate::dialects::kit::{Call, Rejection, Reply, optional, required};
use crate::domain::clients::{
    Consent, Fatca, LabelsChange, PersonalAddress, PersonalChange, Profile, ProfileDetails, ProfileStatus,
    check_past_day,
};
use crate::domain::refusal::Field;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

const SALUTATIONS: &[(&str, &str)] = &[
    ("", ""),
    ("SALUTATION_MALE", "SALUTATION_MALE"),
    ("SALUTATION_FEMALE", "SALUTATION_FEMALE"),
    ("SALUTATION_FEMALE_MARRIED", "SALUTATION_FEMALE_MARRIED"),
    ("SALUTATION_DIVERSE", "SALUTATION_DIVERSE"),
];
const TITLES: &[(&str, &str)] = &[
    ("", ""),
    ("DR", "DR"),
    ("PROF", "PROF"),
    ("PROF_DR", "PROF_DR"),
    ("DIPL_ING", "DIPL_ING"),
    ("MAGISTER", "MAGISTER"),
];

const NAME_MAX: usize = 100;
const CITY_MAX: usize = 85;
const STATE_MAX: usize = 50;
const POSTCODE_MAX: usize = 10;

/// What a user agrees to; the names are also those of the members.
const TERMS: &str = "terms_and_conditions";
const PRIVACY: &str = "data_privacy_and_sharing_agreement";

/// A postal address.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Address)]
pub(super) struct AddressBody {
    #[schema(required, example = "Unter den Linden 12a")]
    address_line1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_line2: Option<String>,
    #[schema(required, example = "10117")]
    postcode: Option<String>,
    #[schema(required, example = "Berlin")]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// Two letters.
    #[schema(required, example = "DE")]
    country: Option<String>,
}

/// Whether the user is liable to taxes in the USA.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Fatca)]
pub(super) struct FatcaBody {
    #[schema(required)]
    status: Option<bool>,
    #[schema(required, example = "2026-03-02T08:15:00Z")]
    confirmed_at: Option<String>,
}

/// What the user has agreed to.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Consent)]
pub(super) struct ConsentBody {
    /// A UUID.
    #[schema(required)]
    consent_document_id: Option<String>,
    #[schema(required, example = "2026-03-02T08:15:00Z")]
    confirmed_at: Option<String>,
}

/// A user to create.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewUser {
    /// 2 to 100 characters.
    #[schema(required, example = "Ada")]
    first_name: Option<String>,
    /// 2 to 100 characters.
    #[schema(required, example = "Moss")]
    last_name: Option<String>,
    #[schema(required, example = "1992-06-16")]
    birth_date: Option<String>,
    /// At least one country, each two letters.
    #[schema(required)]
    nationalities: Option<Vec<String>>,
    #[schema(required)]
    address: Option<AddressBody>,
    postal_address: Option<AddressBody>,
    salutation: Option<String>,
    title: Option<String>,
    birth_city: Option<String>,
    birth_country: Option<String>,
    birth_name: Option<String>,
    email: Option<String>,
    /// 8 to 15 digits.
    phone_number: Option<String>,
    fatca: Option<FatcaBody>,
    terms_and_conditions: Option<ConsentBody>,
    data_privacy_and_sharing_agreement: Option<ConsentBody>,
}

/// A user. Members that are not known are left out.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(super) struct UserView {
    id: String,
    #[schema(format = DateTime, example = "2026-03-02T08:15:00.000Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-03-02T08:15:00.000Z")]
    updated_at: String,
    /// ACTIVE, INACTIVE, OFFBOARDING or OFFBOARDED.
    #[schema(example = "ACTIVE")]
    status: &'static str,
    first_name: String,
    last_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    salutation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    birth_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    birth_city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    birth_country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    birth_name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nationalities: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    address: Option<AddressBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    postal_address: Option<AddressBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    fatca: Option<FatcaBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    terms_and_conditions: Option<ConsentBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    data_privacy_and_sharing_agreement: Option<ConsentBody>,
}

fn known(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// Blocked clients, and those whom a review has not admitted, are inactive.
fn status(profile: &Profile) -> &'static str {
    match profile.status {
        ProfileStatus::Archived => "OFFBOARDED",
        _ if profile.offboarding_since.is_some() => "OFFBOARDING",
        ProfileStatus::Verified if !profile.is_blocked => "ACTIVE",
        ProfileStatus::Verified | ProfileStatus::Pending | ProfileStatus::Denied | ProfileStatus::Deceased => {
            "INACTIVE"
        }
    }
}

impl From<KnownClient> for UserView {
    fn from(KnownClient { profile, personal }: KnownClient) -> Self {
        let details = &profile.details;
        let consent = |kind: &str| {
            personal.consents.get(kind).map(|consent| ConsentBody {
                consent_document_id: known(&consent.document),
                confirmed_at: Some(time(consent.confirmed_at)),
            })
        };
        UserView {
            id: profile.id.to_string(),
            created_at: time(profile.created_at),
            updated_at: time(profile.updated_at),
            status: status(&profile),
            first_name: details.first_name.clone(),
            last_name: details.last_name.clone(),
            salutation: known(&personal.salutation),
            title: known(&personal.title),
            birth_date: known(&details.birth_date),
            birth_city: known(&personal.birth_city),
            birth_country: known(&personal.birth_country),
            birth_name: known(&personal.birth_name),
            email: known(&details.email).or_else(|| known(&personal.contact_email)),
            phone_number: known(&details.phone),
            address: address_of(details),
            postal_address: personal.postal_address.as_ref().map(|address| AddressBody {
                address_line1: Some(address.lines[0].clone()),
                address_line2: known(&address.lines[1]),
                postcode: Some(address.postal_code.clone()),
                city: Some(address.city.clone()),
                state: known(&address.state),
                country: Some(address.country.clone()),
            }),
            fatca: personal
                .fatca
                .map(|fatca| FatcaBody { status: Some(fatca.is_liable), confirmed_at: Some(time(fatca.confirmed_at)) }),
            terms_and_conditions: consent(TERMS),
            data_privacy_and_sharing_agreement: consent(PRIVACY),
            nationalities: personal.nationalities,
        }
    }
}

/// The profile has the lines of an address as one text.
fn address_of(details: &ProfileDetails) -> Option<AddressBody> {
    let (line1, line2) = details.address.split_once('\n').unwrap_or((&details.address, ""));
    known(line1).map(|line1| AddressBody {
        address_line1: Some(line1),
        address_line2: known(line2),
        postcode: Some(details.zip_code.clone()),
        city: Some(details.city.clone()),
        state: known(&details.state),
        country: Some(details.country.clone()),
    })
}

/// A name of 2 to 100 characters.
fn full_name(text: &str) -> Result<String, Fault> {
    match (2..=NAME_MAX).contains(&text.chars().count()) {
        true => Ok(text.to_owned()),
        false => Err(Fault::OutOfRange(format!("2 to {NAME_MAX} characters"))),
    }
}

fn postcode(text: &str) -> Result<String, Fault> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || c == '-';
    let is_good = (1..=POSTCODE_MAX).contains(&text.len()) && text.chars().all(is_plain);
    if is_good { Ok(text.to_owned()) } else { Err(Fault::invalid("1 to 10 letters, digits, blanks and hyphens")) }
}

fn phone(text: &str) -> Result<String, Fault> {
    let is_good = (8..=15).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit());
    if is_good { Ok(text.to_owned()) } else { Err(Fault::invalid("8 to 15 digits")) }
}

/// The parts of an address, all checked.
struct Address {
    line1: String,
    line2: String,
    postcode: String,
    city: String,
    state: String,
    country: String,
}

impl AddressBody {
    fn read(self, of: &str) -> Result<Address, Rejection> {
        let member = |name: &str| format!("{of}.{name}");
        let text = |part: &str, sent: Option<String>, max| name(&member(part), sent, max);
        let line1 = text("address_line1", self.address_line1, NAME_MAX)?;
        let city = text("city", self.city, CITY_MAX)?;
        Ok(Address {
            line1: line1.ok_or_else(|| Rejection::missing(member("address_line1")))?,
            line2: text("address_line2", self.address_line2.filter(|line| !line.is_empty()), NAME_MAX)?
                .unwrap_or_default(),
            postcode: required(&member("postcode"), self.postcode.as_ref(), postcode)?,
            city: city.ok_or_else(|| Rejection::missing(member("city")))?,
            state: text("state", self.state.filter(|state| !state.is_empty()), STATE_MAX)?.unwrap_or_default(),
            country: required(&member("country"), self.country.as_ref(), country)?,
        })
    }
}

impl ConsentBody {
    fn read(self, of: &str) -> Result<Consent, Rejection> {
        let document: Uuid = required(&format!("{of}.consent_document_id"), self.consent_document_id.as_ref(), uuid)?;
        let confirmed_at = required(&format!("{of}.confirmed_at"), self.confirmed_at.as_ref(), rfc3339)?;
        Ok(Consent { document: document.to_string(), confirmed_at })
    }
}

impl NewUser {
    /// The client to create, and what is known of it beyond its profile.
    fn read(self, call: &Call) -> Result<(ProfileDetails, PersonalChange), Rejection> {
        let now = call.app()?.now();
        let day = |text: &str| match check_past_day(Field::BirthDate, text, now) {
            Ok(()) => Ok(text.to_owned()),
            Err(refusal) => Err(Fault::Refused(refusal)),
        };
        let address = self.address.ok_or_else(|| Rejection::missing("address"))?.read("address")?;
        let nationalities = self.nationalities.ok_or_else(|| Rejection::missing("nationalities"))?;
        if nationalities.is_empty() {
            return Err(Rejection::invalid("nationalities", "at least one"));
        }
        let nationalities: Vec<String> = nationalities
            .iter()
            .map(|code| required("nationalities", Some(code), country))
            .collect::<Result<_, _>>()?;
        let postal = match self.postal_address {
            None => None,
            Some(postal) => {
                let Address { line1, line2, postcode, city, state, country } = postal.read("postal_address")?;
                let lines = [line1, line2, String::new(), String::new()];
                Some(PersonalAddress {
                    lines,
                    city,
                    state,
                    postal_code: postcode,
                    country,
                    ..PersonalAddress::default()
                })
            }
        };
        let mut consents = BTreeMap::new();
        for (kind, consent) in [(TERMS, self.terms_and_conditions), (PRIVACY, self.data_privacy_and_sharing_agreement)]
        {
            if let Some(consent) = consent {
                consents.insert(kind.to_owned(), consent.read(kind)?);
            }
        }
        let fatca = match self.fatca {
            None => None,
            Some(fatca) => Some(Fatca {
                is_liable: fatca.status.ok_or_else(|| Rejection::missing("fatca.status"))?,
                confirmed_at: required("fatca.confirmed_at", fatca.confirmed_at.as_ref(), rfc3339)?,
            }),
        };
        let details = ProfileDetails {
            first_name: required("first_name", self.first_name.as_ref(), full_name)?,
            last_name: required("last_name", self.last_name.as_ref(), full_name)?,
            birth_date: required("birth_date", self.birth_date.as_ref(), day)?,
            email: name("email", self.email.filter(|email| !email.is_empty()), NAME_MAX)?.unwrap_or_default(),
            phone: optional("phone_number", self.phone_number.as_ref(), phone)?.unwrap_or_default(),
            address: match address.line2.is_empty() {
                true => address.line1,
                false => format!("{}\n{}", address.line1, address.line2),
            },
            zip_code: address.postcode,
            city: address.city,
            state: address.state,
            country: address.country,
            ..ProfileDetails::default()
        };
        let word = |of: &str, sent: Option<&String>, words| optional(of, sent, one_of(words));
        let text = |of: &str, sent: Option<String>, max| name(of, sent.filter(|text| !text.is_empty()), max);
        let personal = PersonalChange {
            salutation: word("salutation", self.salutation.as_ref(), SALUTATIONS)?.map(str::to_owned),
            title: word("title", self.title.as_ref(), TITLES)?.map(str::to_owned),
            birth_city: text("birth_city", self.birth_city, CITY_MAX)?,
            birth_country: optional("birth_country", self.birth_country.as_ref(), country)?,
            birth_name: text("birth_name", self.birth_name, NAME_MAX)?,
            nationalities: Some(nationalities),
            postal_address: Some(postal),
            fatca: Some(fatca),
            consents: Some(consents),
            ..PersonalChange::default()
        };
        Ok((details, personal))
    }
}

/// Create a user.
#[utoipa::path(post, path = "/users", tag = "Users", request_body = NewUser,
    responses((status = 200, body = UserView)))]
pub(super) async fn create(call: Call, manual_approval: bool) -> Result<Reply, Rejection> {
    let new: NewUser = call.lenient_body()?;
    let (details, personal) = new.read(&call)?;
    let command = RegisterInvestor(CreateProfile {
        id: None,
        details,
        email_optional: true,
        tags: None,
        labels: LabelsChange::default(),
        personal,
        password: None,
        requires_review: manual_approval,
        is_blocked: false,
    });
    call.run(command, |created| Reply::ok(&UserView::from(created))).await
}

/// List all users.
#[utoipa::path(get, path = "/users", tag = "Users",
    params(
        ("sort" = Option<String>, Query, description = "created_at"),
        ("order" = Option<String>, Query, description = "ASC (default) or DESC"),
        ("offset" = Option<u32>, Query, description = "rows to skip, default 0"),
        ("limit" = Option<u32>, Query, description = "0 to 1000, default 100"),
    ),
    responses((status = 200, body = ListView<UserView>)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let part = part(&call, BY_CREATION)?;
    let wanted = ListClients { filter: ProfileFilter::default(), window: part.sorted.window };
    let (users, total) = call.ask(wanted).await?;
    part.answer(users.into_iter().map(UserView::from).collect(), total)
}

/// Read a user.
#[utoipa::path(get, path = "/users/{user_id}", tag = "Users", params(("user_id" = Uuid, Path)),
    responses((status = 200, body = UserView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let found = call.ask(GetClient { id: path_id(&call, "user_id")? }).await?;
    Reply::ok(&UserView::from(found))
}

/// Offboard a user. Its accounts and account groups close first.
#[utoipa::path(delete, path = "/users/{user_id}", tag = "Users", params(("user_id" = Uuid, Path)),
    responses((status = 202, description = "the user is being offboarded")))]
pub(super) async fn offboard(call: Call) -> Result<Reply, Rejection> {
    let command = OffboardClient { id: path_id(&call, "user_id")? };
    call.run(command, |()| Ok(Reply::empty(StatusCode::ACCEPTED))).await
}
