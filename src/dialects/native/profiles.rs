//! Profiles: creating, replacing and listing end clients.

use super::approvals::{ApprovalView, show as waits_or};
use super::fields;
use super::labels::{self, LabelsRequest, LabelsView};
use super::lists::{LISTS, PagingView};
use crate::app::access::PasswordHash;
use crate::app::clients::{ChangePassword, CreateProfile, GetProfile, ListProfiles, ProfileFilter, ReplaceProfile};
use crate::dialects::kit::formats::{capitals, uuid};
use crate::dialects::kit::{Call, Members, Rejection, Reply, Scalar, optional, required, required_text, sent};
use crate::domain::access::{Password, Right};
use crate::domain::clients::{
    EmailKey, LabelsChange, PersonalChange, Profile, ProfileDetails, ProfileKind, ProfileStatus,
};
use crate::domain::ids::ProfileId;
use crate::domain::refusal::{Field, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A client to create or replace. Unless noted otherwise, omitted fields become empty.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProfileRequest {
    /// An unused UUID; only on creation.
    id: Option<String>,
    /// Required; unique, ignoring case and the spelling of an international domain.
    #[schema(example = "jane.doe@example.com")]
    email: Option<String>,
    #[schema(example = "Jane")]
    first_name: Option<String>,
    #[schema(example = "Doe")]
    last_name: Option<String>,
    ip_address: Option<String>,
    language: Option<String>,
    address: Option<String>,
    zip_code: Option<String>,
    city: Option<String>,
    state: Option<String>,
    country: Option<String>,
    phone: Option<String>,
    company: Option<String>,
    /// The registered name of the company.
    company_full_name: Option<String>,
    nickname: Option<String>,
    /// INDIVIDUAL or CORPORATE.
    #[schema(example = "INDIVIDUAL")]
    kind: Option<String>,
    /// Free-form text, which bursar does not interpret.
    meta_data: Option<String>,
    birth_date: Option<String>,
    timezone: Option<String>,
    /// Password for end-user sessions, 8 to 200 characters; never returned. Omitted or empty keeps the current one.
    password: Option<String>,
    /// Tags that limit which operators see the client. Omitting them keeps the current ones.
    tags: Option<Vec<String>>,
    /// Your own id for the client, at most 100 characters; unique. Null or empty removes it, and omitting it keeps it;
    /// the same holds for the next three fields.
    #[serde(default, deserialize_with = "sent")]
    reference: Option<String>,
    /// Your own category, at most 256 characters.
    #[serde(default, deserialize_with = "sent")]
    category: Option<String>,
    /// Replaces all custom fields: at most 20 strings of 255 characters, with names of up to 50.
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<Object>)]
    custom_fields: Option<Members<Option<String>>>,
    /// Replaces all metadata: at most 100 strings (of 1000 characters), numbers and booleans, with keys of up to 100.
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Members<Scalar>>,
    /// Whether the client is blocked: it gets no sessions, which end, and no new accounts. Omitting it keeps it.
    blocked: Option<bool>,
    /// Whether an operator must approve the client before its accounts can be used; only on creation.
    requires_review: Option<bool>,
}

impl ProfileRequest {
    fn details(&mut self) -> Result<ProfileDetails, Rejection> {
        let kind = optional("kind", self.kind.as_deref(), capitals(ProfileKind::ALL, ProfileKind::name))?;
        let text = |field: &mut Option<String>| field.take().unwrap_or_default();
        let details = ProfileDetails {
            email: text(&mut self.email).trim().to_owned(),
            first_name: text(&mut self.first_name),
            last_name: text(&mut self.last_name),
            ip_address: text(&mut self.ip_address),
            language: text(&mut self.language),
            address: text(&mut self.address),
            zip_code: text(&mut self.zip_code),
            city: text(&mut self.city),
            state: text(&mut self.state),
            country: text(&mut self.country),
            phone: text(&mut self.phone),
            company: text(&mut self.company),
            company_full_name: text(&mut self.company_full_name),
            nickname: text(&mut self.nickname),
            kind: kind.unwrap_or_default(),
            meta_data: text(&mut self.meta_data),
            birth_date: text(&mut self.birth_date),
            timezone: text(&mut self.timezone),
        };
        Ok(details.checked()?)
    }

    fn labels(&mut self) -> LabelsChange {
        let request = LabelsRequest {
            reference: self.reference.take(),
            category: self.category.take(),
            custom_fields: self.custom_fields.take(),
            metadata: self.metadata.take(),
        };
        request.into()
    }

    /// Hashes the password, if one was sent. Call it after all cheaper checks, because hashing is slow.
    async fn password(&mut self, call: &Call) -> Result<Option<PasswordHash>, Rejection> {
        match self.password.take().filter(|password| !password.is_empty()) {
            None => Ok(None),
            Some(password) => {
                // Checked again by the command, but hashing is not for those who lack it.
                call.caller()?.principal.require(Right::SetPasswords)?;
                let password = Password::new(Field::Password, &password)?;
                Ok(Some(call.app()?.hash_password(password).await?))
            }
        }
    }
}

/// A client of the broker.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Profile)]
pub(super) struct ProfileView {
    id: String,
    /// A short number that counts up and is never reused.
    #[schema(example = 305)]
    number: i64,
    email: String,
    first_name: String,
    last_name: String,
    ip_address: String,
    language: String,
    address: String,
    zip_code: String,
    city: String,
    state: String,
    country: String,
    phone: String,
    company: String,
    /// The registered name of the company.
    company_full_name: String,
    nickname: String,
    /// INDIVIDUAL or CORPORATE.
    #[schema(example = "INDIVIDUAL")]
    kind: String,
    meta_data: String,
    birth_date: String,
    timezone: String,
    /// Always empty; passwords are never returned.
    password: &'static str,
    /// Tags that limit which operators see the client.
    tags: Vec<String>,
    #[serde(flatten)]
    labels: LabelsView,
    /// PENDING, VERIFIED, DENIED, DECEASED or ARCHIVED.
    #[schema(example = "VERIFIED")]
    status: String,
    /// Whether the client is kept from sessions and new accounts.
    blocked: bool,
    /// The date of death; null if no death was reported.
    deceased_on: Option<String>,
    /// When the client began to leave: it gets no new accounts, and is archived with its last one. Omitted if it stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    offboarding_since: Option<String>,
}

impl From<Profile> for ProfileView {
    fn from(profile: Profile) -> Self {
        let d = profile.details;
        ProfileView {
            id: profile.id.to_string(),
            number: profile.serial.0,
            email: d.email,
            first_name: d.first_name,
            last_name: d.last_name,
            ip_address: d.ip_address,
            language: d.language,
            address: d.address,
            zip_code: d.zip_code,
            city: d.city,
            state: d.state,
            country: d.country,
            phone: d.phone,
            company: d.company,
            company_full_name: d.company_full_name,
            nickname: d.nickname,
            kind: d.kind.name().to_uppercase(),
            meta_data: d.meta_data,
            birth_date: d.birth_date,
            timezone: d.timezone,
            password: "",
            tags: profile.tags.into_iter().collect(),
            labels: profile.labels.into(),
            status: profile.status.name().to_uppercase(),
            blocked: profile.is_blocked,
            deceased_on: profile.deceased_on,
            offboarding_since: profile.offboarding_since.map(|at| at.to_string()),
        }
    }
}

/// Create a client. The e-mail address must not be taken.
#[utoipa::path(post, path = "/profiles", tag = "Clients", request_body = ProfileRequest,
    responses((status = 200, body = ProfileView)))]
pub(super) async fn create(call: Call) -> Result<Reply, Rejection> {
    let mut request: ProfileRequest = call.body()?;
    let (details, labels) = (request.details()?, request.labels().checked()?);
    let command = CreateProfile {
        id: optional("id", request.id.as_deref(), uuid)?,
        details,
        email_optional: false,
        tags: fields::tags(request.tags.take()),
        labels,
        personal: PersonalChange::default(),
        password: request.password(&call).await?,
        requires_review: request.requires_review.unwrap_or(false),
        is_blocked: request.blocked.unwrap_or(false),
    };
    match command.password.is_some() {
        true => call.run_secretly(command, show).await,
        false => call.run(command, show).await,
    }
}

/// Replace a client. Omitted details become empty; an omitted password, tags and labels stay. A change of identity may
/// wait for a second operator.
#[utoipa::path(put, path = "/profiles/{id}", tag = "Clients",
    params(("id" = Uuid, Path, description = "profile id"),
           ("If-Match" = Option<String>, Header, description = "the version you read, from ETag")),
    request_body = ProfileRequest,
    responses((status = 200, body = ProfileView), (status = 202, body = ApprovalView)))]
pub(super) async fn replace(call: Call) -> Result<Reply, Rejection> {
    let id = fields::path_id(&call)?;
    let mut request: ProfileRequest = call.body()?;
    let (details, labels) = (request.details()?, request.labels().checked()?);
    if optional("id", request.id.as_deref(), uuid)?.is_some_and(|sent: ProfileId| sent != id) {
        return Err(Refusal::Immutable { field: Field::Id }.into());
    }
    let command = ReplaceProfile {
        id,
        details,
        tags: fields::tags(request.tags.take()),
        labels,
        password: request.password(&call).await?,
        is_blocked: request.blocked,
        expected_version: fields::expected_version(&call, None)?,
    };
    match command.password.is_some() {
        true => call.run_secretly(command, |handled| waits_or(handled, show)).await,
        false => call.run(command, |handled| waits_or(handled, show)).await,
    }
}

/// A new password for a client.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PasswordRequest {
    /// The client's profile id.
    id: Option<String>,
    /// 8 to 200 characters.
    new_password: Option<String>,
}

/// An object without members.
#[derive(Serialize, ToSchema)]
pub(super) struct Empty {}

/// Set a client's password, which ends its sessions.
#[utoipa::path(put, path = "/profiles/change-password", tag = "Clients", request_body = PasswordRequest,
    responses((status = 200, body = Empty), (status = 404)))]
pub(super) async fn change_password(call: Call) -> Result<Reply, Rejection> {
    let request: PasswordRequest = call.body()?;
    let id = required("id", request.id.as_deref(), uuid)?;
    let password = required_text("newPassword", request.new_password, usize::MAX)?;
    let password = Password::new(Field::NewPassword, &password)?;
    let command = ChangePassword { id, password: call.app()?.hash_password(password).await? };
    call.run_secretly(command, |()| Reply::ok(&Empty {})).await
}

/// Get a client by its profile id.
#[utoipa::path(get, path = "/profiles/{id}", tag = "Clients", params(("id" = Uuid, Path, description = "profile id")),
    responses((status = 200, body = ProfileView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    show(call.ask(GetProfile { id: fields::path_id(&call)? }).await?)
}

/// A client, with its version.
pub(super) fn show(profile: Profile) -> Result<Reply, Rejection> {
    let version = profile.version;
    Ok(Reply::ok(&ProfileView::from(profile))?.version(version))
}

/// One page of clients.
#[derive(Serialize, ToSchema)]
pub(super) struct ProfileList {
    profiles: Vec<ProfileView>,
    #[serde(flatten)]
    paging: PagingView,
}

/// List the clients that you may see.
#[utoipa::path(get, path = "/profiles", tag = "Clients",
    params(
        ("search" = Option<String>, Query, description = "words, or beginnings of words, of the name, \
            e-mail, phone, company or reference; ignores case and accents; best matches first"),
        ("email" = Option<String>, Query, description = "exact address, ignoring case and the spelling \
            of an international domain"),
        ("reference" = Option<String>, Query, description = "exact reference"),
        ("category" = Option<String>, Query, description = "exact category"),
        ("tag" = Option<String>, Query, description = "tag of the client"),
        ("metadata.{key}" = Option<String>, Query, description = "exact metadata value; repeatable for other keys"),
        ("customField.{name}" = Option<String>, Query, description = "exact custom field; repeatable for other names"),
        ("status" = Option<String>, Query, description = "PENDING, VERIFIED, DENIED, DECEASED or ARCHIVED"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("perPage" = Option<u32>, Query, description = "1 to 500, default 50"),
        ("after" = Option<String>, Query, description = "`next` of the previous page, instead of `page`"),
    ),
    responses((status = 200, body = ProfileList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let query = call.query();
    let filter = ProfileFilter {
        search: fields::search(query)?,
        email: query.one("email")?.map(|email| EmailKey::parse(Field::Email, email)).transpose()?,
        status: query.value("status", capitals(ProfileStatus::ALL, ProfileStatus::name))?,
        labels: labels::filter(query)?,
        ..ProfileFilter::default()
    };
    let paging = LISTS.page(&call)?;
    let found = call.ask(ListProfiles { filter, page: paging.page }).await?;
    let paging = PagingView::of(&found, &paging);
    Reply::ok(&ProfileList { profiles: found.rows.into_iter().map(ProfileView::from).collect(), paging })
}
