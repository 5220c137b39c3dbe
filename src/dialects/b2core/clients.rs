//! Clients.

use super::{countries, fields};
use crate::app::access::PasswordHash;
use crate::app::approvals::AtOnce;
use crate::app::clients::{ArchiveProfile, ChangeProfile, CreateProfile, GetProfile, ListProfilesIn, ProfileFilter};
use crate::app::resolved;
use crate::dialects::kit::formats::{Fault, serial, unknown};
use crate::dialects::kit::{Call, Literal, QueryParams, Rejection, Reply, optional, sent};
use crate::domain::access::{Password, Right};
use crate::domain::clients::{
    DetailsChange, EmailKey, LabelsChange, PersonalChange, Profile, ProfileDetails, ProfileKind, ProfileStatus,
    check_day,
};
use crate::domain::ids::ProfileSerial;
use crate::domain::refusal::{Field, Noun, Refusal};
use crate::domain::text;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The types of clients by their ids.
const TYPES: [(i64, ProfileKind); 2] = [(1, ProfileKind::Individual), (2, ProfileKind::Corporate)];
/// The states of clients by their ids: whether the client is active.
const STATES: [(i64, bool); 2] = [(1, true), (2, false)];

/// A client of the broker.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Client)]
pub(super) struct ClientView {
    #[schema(example = 305)]
    client_id: i64,
    #[schema(example = "jane.doe@example.com")]
    email: String,
    first_name: String,
    last_name: String,
    nickname: String,
    phone: String,
    /// The number of ISO 3166-1; null if none is known.
    #[schema(example = 756)]
    country_code: Option<u32>,
    city: String,
    address: String,
    zip_code: String,
    birth_date: String,
    language: String,
    company_short_name: String,
    company_full_name: String,
    /// 1: individual, 2: corporate.
    #[schema(example = 1)]
    type_id: i64,
    /// 1: active, 2: blocked, in review, denied or deceased.
    #[schema(example = 1)]
    status_id: i64,
    tags: Vec<String>,
    #[schema(example = "2026-03-02T08:15:00+00:00")]
    create_time: String,
    #[schema(example = "2026-03-02T08:15:00+00:00")]
    update_time: String,
}

impl From<Profile> for ClientView {
    fn from(profile: Profile) -> Self {
        let is_active = profile.status == ProfileStatus::Verified && !profile.is_blocked;
        let d = profile.details;
        ClientView {
            client_id: profile.serial.0,
            country_code: countries::number(&d.country),
            type_id: TYPES.iter().find(|(_, kind)| *kind == d.kind).map_or(1, |(id, _)| *id),
            status_id: STATES.iter().find(|(_, active)| *active == is_active).map_or(2, |(id, _)| *id),
            tags: profile.tags.into_iter().collect(),
            create_time: fields::time(profile.created_at),
            update_time: fields::time(profile.updated_at),
            email: d.email,
            first_name: d.first_name,
            last_name: d.last_name,
            nickname: d.nickname,
            phone: d.phone,
            city: d.city,
            address: d.address,
            zip_code: d.zip_code,
            birth_date: d.birth_date,
            language: d.language,
            company_short_name: d.company,
            company_full_name: d.company_full_name,
        }
    }
}

/// A client to create, or what changes of one. In a change, omitted members stay.
#[derive(Deserialize, Default, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClientBody {
    /// Required on creation; unique, ignoring case.
    #[schema(example = "jane.doe@example.com")]
    email: Option<String>,
    #[schema(example = "Jane")]
    first_name: Option<String>,
    #[schema(example = "Doe")]
    last_name: Option<String>,
    nickname: Option<String>,
    phone: Option<String>,
    /// A number of ISO 3166-1; null clears it, but leaves a country that has no number, which is shown as null.
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<i64>, example = 756)]
    country_code: Option<Option<Literal>>,
    city: Option<String>,
    address: Option<String>,
    zip_code: Option<String>,
    /// YYYY-MM-DD, or empty.
    #[schema(example = "1990-04-12")]
    birth_date: Option<String>,
    language: Option<String>,
    company_short_name: Option<String>,
    company_full_name: Option<String>,
    /// 1: individual, 2: corporate.
    #[schema(example = 1)]
    type_id: Option<i64>,
    /// 1: active, 2: blocked. What is shown changes nothing.
    #[schema(example = 1)]
    status_id: Option<i64>,
    /// Limit which operators see the client.
    tags: Option<Vec<String>>,
    /// For sessions of the client, 8 to 200 characters; never returned. Omit it to keep the present one.
    password: Option<String>,
}

fn by_id<T: Copy>(name: &str, sent: Option<i64>, known: &[(i64, T)]) -> Result<Option<T>, Rejection> {
    let Some(sent) = sent else { return Ok(None) };
    let found = known.iter().find(|(id, _)| *id == sent).map(|(_, value)| *value);
    found.map(Some).ok_or_else(|| Rejection::invalid(name, "1 or 2"))
}

fn country(text: &str) -> Result<&'static str, Fault> {
    let number = text.parse().ok().and_then(countries::text);
    number.ok_or_else(|| Fault::invalid("a number of ISO 3166-1"))
}

/// Prepares a change for the client as it is shown. What cannot be sent otherwise may be sent back: a country that has
/// no number, which is shown as null, and a birth date in another form. Other APIs store both as they are.
fn admit(mut change: DetailsChange, shown: &ProfileDetails) -> Result<DetailsChange, Refusal> {
    if change.country.as_deref() == Some("") && countries::number(&shown.country).is_none() {
        change.country = None;
    }
    if change.birth_date.as_ref() == Some(&shown.birth_date) {
        change.birth_date = None;
    }
    match change.birth_date.as_deref() {
        None | Some("") => {}
        Some(day) => drop(check_day(Field::BirthDate, day)?),
    }
    Ok(change)
}

impl ClientBody {
    /// The text to store; empty for null.
    fn country(&self) -> Result<Option<String>, Rejection> {
        match &self.country_code {
            None => Ok(None),
            Some(None) => Ok(Some(String::new())),
            Some(code) => Ok(optional("countryCode", code.as_ref(), country)?.map(str::to_owned)),
        }
    }

    fn details(&mut self) -> Result<DetailsChange, Rejection> {
        let country = self.country()?;
        Ok(DetailsChange {
            email: self.email.take().map(|email| email.trim().to_owned()),
            first_name: self.first_name.take(),
            last_name: self.last_name.take(),
            nickname: self.nickname.take(),
            language: self.language.take(),
            address: self.address.take(),
            zip_code: self.zip_code.take(),
            city: self.city.take(),
            state: None,
            country,
            phone: self.phone.take(),
            company: self.company_short_name.take(),
            company_full_name: self.company_full_name.take(),
            birth_date: self.birth_date.take(),
            kind: by_id("typeId", self.type_id, &TYPES)?,
        })
    }

    fn is_active(&self) -> Result<Option<bool>, Rejection> {
        by_id("statusId", self.status_id, &STATES)
    }

    /// Hashes the password, if one was sent. Call it after all cheaper checks, because hashing is slow.
    async fn password(&mut self, call: &Call) -> Result<Option<PasswordHash>, Rejection> {
        let Some(password) = self.password.take() else { return Ok(None) };
        call.caller()?.principal.require(Right::SetPasswords)?;
        let password = Password::new(Field::Password, &password)?;
        Ok(Some(call.app()?.hash_password(password).await?))
    }
}

/// The client that the path names. One that was deleted is gone for callers of this API.
async fn present(call: &Call) -> Result<Profile, Rejection> {
    let client = named(call)?;
    let query = resolved(move |directory| match directory.client(client)? {
        Profile { status: ProfileStatus::Archived, .. } => Err(Refusal::not_found(Noun::Profile).into()),
        Profile { id, .. } => Ok(GetProfile { id }),
    });
    call.ask(query).await
}

fn named(call: &Call) -> Result<ProfileSerial, Rejection> {
    fields::object(call, "clientId", Noun::Profile).map(ProfileSerial)
}

/// Create a client. The e-mail address must not be taken.
#[utoipa::path(post, path = "/api/v2/clients", tag = "Clients", request_body = ClientBody,
    responses((status = 201, description = "the new client", body = ClientView)))]
pub(super) async fn create(call: Call) -> Result<Reply, Rejection> {
    let mut body: ClientBody = call.lenient_body()?;
    let nothing = ProfileDetails::default();
    let details = admit(body.details()?, &nothing)?.apply(&nothing).checked()?;
    let command = CreateProfile {
        id: None,
        details,
        email_optional: false,
        tags: body.tags.take().map(|tags| tags.into_iter().collect()),
        labels: LabelsChange::default(),
        personal: PersonalChange::default(),
        is_blocked: body.is_active()? == Some(false),
        password: body.password(&call).await?,
        requires_review: false,
    };
    let render = |profile: Profile| Reply::json(StatusCode::CREATED, &ClientView::from(profile));
    match command.password.is_some() {
        true => call.run_secretly(command, render).await,
        false => call.run(command, render).await,
    }
}

/// Update a client. PUT and PATCH do the same.
#[utoipa::path(method(put, patch), path = "/api/v2/clients/{clientId}", tag = "Clients",
    params(("clientId" = i64, Path, description = "client id")), request_body = ClientBody,
    responses((status = 200, description = "the client after the change", body = ClientView)))]
pub(super) async fn update(call: Call) -> Result<Reply, Rejection> {
    let client = named(&call)?;
    let mut body = call.optional_lenient_body::<ClientBody>()?.unwrap_or_default();
    let (details, is_active) = (body.details()?, body.is_active()?);
    let tags = body.tags.take().map(|tags| tags.into_iter().collect());
    let password = body.password(&call).await?;
    let sets_password = password.is_some();
    let command = resolved(move |directory| {
        let client = directory.client(client)?;
        Ok(AtOnce(ChangeProfile {
            id: client.id,
            details: admit(details, &client.details)?,
            labels: LabelsChange::default(),
            personal: PersonalChange::default(),
            tags,
            is_active,
            password,
        }))
    });
    let render = |profile: Profile| Reply::ok(&ClientView::from(profile));
    let answer = match sets_password {
        true => call.run_secretly(command, render).await,
        false => call.run(command, render).await,
    };
    answer.map_err(gone)
}

/// To callers of this API a client that was deleted does not exist.
fn gone(rejection: Rejection) -> Rejection {
    match rejection {
        Rejection::Refused(Refusal::ProfileState(ProfileStatus::Archived)) => Refusal::not_found(Noun::Profile).into(),
        other => other,
    }
}

/// Delete a client: it is archived for good. All its accounts must be archived.
#[utoipa::path(delete, path = "/api/v2/clients/{clientId}", tag = "Clients",
    params(("clientId" = i64, Path, description = "client id")),
    responses((status = 204, description = "deleted")))]
pub(super) async fn delete(call: Call) -> Result<Reply, Rejection> {
    let client = named(&call)?;
    let command =
        resolved(move |directory| Ok(ArchiveProfile { id: directory.client(client)?.id, expected_version: None }));
    call.run(command, |_| Ok(Reply::empty(StatusCode::NO_CONTENT))).await
}

/// Get a client.
#[utoipa::path(get, path = "/api/v2/clients/{clientId}", tag = "Clients",
    params(("clientId" = i64, Path, description = "client id")),
    responses((status = 200, description = "the client", body = ClientView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    Reply::ok(&ClientView::from(present(&call).await?))
}

/// List the clients that you can see.
#[utoipa::path(get, path = "/api/v2/clients", tag = "Clients",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 500, default 10"),
        ("offset" = Option<u32>, Query, description = "default 0"),
        ("sort_by" = Option<String>, Query, description = "createTime"),
        ("sort_order" = Option<String>, Query, description = "asc or desc, default desc"),
        ("filter[clientId]" = Option<String>, Query, description = "these clients, separated by commas"),
        ("filter[email]" = Option<String>, Query, description = "with this address"),
        ("filter[emails]" = Option<String>, Query, description = "with any of these addresses"),
        ("filter[name]" = Option<String>, Query, description = "a part of first and last name"),
        ("filter[nickname]" = Option<String>, Query, description = "with any of these nicknames"),
        ("filter[countryCodes]" = Option<String>, Query, description = "in any of these countries (ISO 3166-1)"),
        ("filter[city]" = Option<String>, Query, description = "in any of these cities"),
        ("filter[statusIds]" = Option<String>, Query, description = "1: active, 2: others"),
        ("filter[typeIds]" = Option<String>, Query, description = "1: individual, 2: corporate"),
        ("filter[companyShortName]" = Option<String>, Query, description = "of any of these companies"),
        ("filter[companyFullName]" = Option<String>, Query, description = "of any of these companies"),
        ("filter[managerIds]" = Option<String>, Query, description = "clients have no managers: finds none"),
        ("filter[internalTypeIds]" = Option<String>, Query, description = "finds none"),
        ("filter[riskLevelIds]" = Option<String>, Query, description = "finds none"),
        ("filter[verificationLevelIds]" = Option<String>, Query, description = "finds none"),
    ),
    responses((status = 200, description = "clients; the header X-Total-Count has the number of all matches",
        body = [ClientView])))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let query = call.query();
    let (filter, window) = (filter(query)?, fields::window(query)?);
    let Some(filter) = filter else {
        call.app()?;
        let none: [ClientView; 0] = [];
        return fields::list(&none, 0);
    };
    let (clients, total) = call.ask(ListProfilesIn { filter, window }).await?;
    let views: Vec<_> = clients.into_iter().map(ClientView::from).collect();
    fields::list(&views, total)
}

/// The filters by what clients of the core do not have.
const FOREIGN: [&str; 4] =
    ["filter[managerIds]", "filter[internalTypeIds]", "filter[riskLevelIds]", "filter[verificationLevelIds]"];

/// None if no client matches.
fn filter(query: &QueryParams) -> Result<Option<ProfileFilter>, Rejection> {
    let mut matches_none = false;
    for name in FOREIGN {
        matches_none |= !query.list(name, |_| Ok(()))?.is_empty();
    }
    let email = |text: &str| EmailKey::parse(Field::Email, text).map_err(|refusal| Fault::invalid(refusal.to_string()));
    let country = |text: &str| {
        let number = text.parse().map_err(|_| Fault::invalid("numbers of ISO 3166-1"))?;
        Ok(countries::texts(number).unwrap_or_default())
    };
    let countries = query.list("filter[countryCodes]", country)?;
    matches_none |= !countries.is_empty() && countries.iter().all(Vec::is_empty);
    let kinds = query.list("filter[typeIds]", known(&TYPES))?;
    let states = query.list("filter[statusIds]", known(&STATES))?;
    let filter = ProfileFilter {
        serials: query.list("filter[clientId]", serial(ProfileSerial))?,
        email: query.value("filter[email]", email)?,
        emails: query.list("filter[emails]", email)?,
        name_part: query.one("filter[name]")?.map(text::nfc),
        nicknames: texts(query, "filter[nickname]")?,
        cities: texts(query, "filter[city]")?,
        companies: texts(query, "filter[companyShortName]")?,
        companies_full: texts(query, "filter[companyFullName]")?,
        countries: countries.concat(),
        kind: only(&kinds),
        is_active: only(&states),
        without_archived: true,
        ..ProfileFilter::default()
    };
    Ok((!matches_none).then_some(filter))
}

/// The values of a list of texts; the whole text counts too, because names have commas.
fn texts(query: &QueryParams, name: &str) -> Result<Vec<String>, Rejection> {
    let mut texts = query.list(name, |part| Ok(text::nfc(part)))?;
    texts.extend(query.one(name)?.filter(|whole| whole.contains(',')).map(text::nfc));
    Ok(texts)
}

fn known<T: Copy>(all: &'static [(i64, T)]) -> impl Fn(&str) -> Result<T, Fault> {
    move |text| {
        let found = all.iter().find(|(id, _)| text.parse() == Ok(*id)).map(|(_, value)| *value);
        found.ok_or_else(|| unknown(all.iter().map(|(id, _)| id.to_string())))
    }
}

/// The value that all of these are; none if there are none or if they differ, which leaves out nothing.
fn only<T: Copy + PartialEq>(values: &[T]) -> Option<T> {
    let first = *values.first()?;
    values.iter().all(|value| *value == first).then_some(first)
}
