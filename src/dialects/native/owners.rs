//! The owners of an account.

use super::approvals::{ApprovalView, show as waits_or};
use super::fields;
use super::lists::LISTS;
use super::profiles::Empty;
use crate::app::accounts::{AddOwner, AlterOwner, ListOwners, OwnerWritten, RemoveOwner};
use crate::dialects::kit::formats::{capitals, uuid, whole_number};
use crate::dialects::kit::{Call, Literal, Rejection, Reply, optional, required};
use crate::domain::accounts::OwnerAccess;
use crate::domain::clock::Moment;
use crate::domain::ids::ProfileId;
use crate::domain::page::Position;
use crate::domain::refusal::{Field, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An owner to add or change.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnerRequest {
    /// The client. Required to add an owner.
    profile_id: Option<String>,
    /// FULL, READ or NONE. Required to add an owner; if omitted in a change, it stays.
    #[schema(example = "READ")]
    access: Option<String>,
    /// From 1, the primary owner; the other owners shift. Defaults to the last place for a new owner, and to the
    /// current one in a change.
    #[schema(value_type = Option<i64>, example = 2)]
    priority: Option<Literal>,
}

impl OwnerRequest {
    fn access(&self) -> Result<Option<OwnerAccess>, Rejection> {
        optional("access", self.access.as_deref(), capitals(OwnerAccess::ALL, OwnerAccess::name))
    }

    fn adding(&self, call: &Call) -> Result<AddOwner, Rejection> {
        Ok(AddOwner {
            account: fields::path_id(call)?,
            profile: required("profileId", self.profile_id.as_deref(), uuid)?,
            access: self.access()?.ok_or_else(|| Rejection::missing("access"))?,
            priority: optional("priority", self.priority.as_ref(), whole_number)?,
            expected_version: fields::expected_version(call, None)?,
        })
    }

    fn altering(&self, call: &Call) -> Result<AlterOwner, Rejection> {
        let profile: ProfileId = call.path_value("profileId", uuid)?;
        if optional("profileId", self.profile_id.as_deref(), uuid)?.is_some_and(|sent: ProfileId| sent != profile) {
            return Err(Refusal::Immutable { field: Field::Profile }.into());
        }
        Ok(AlterOwner {
            account: fields::path_id(call)?,
            profile,
            access: self.access()?,
            priority: optional("priority", self.priority.as_ref(), whole_number)?,
            expected_version: fields::expected_version(call, None)?,
        })
    }
}

/// An owner of an account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Owner)]
pub(super) struct OwnerView {
    /// The client; null if you may not see it.
    profile_id: Option<String>,
    /// FULL, READ or NONE. The primary owner has FULL.
    #[schema(example = "FULL")]
    access: String,
    /// 1 is the primary owner; without gaps.
    #[schema(example = 1)]
    priority: u32,
    is_primary: bool,
    /// When the client became an owner.
    since: String,
}

impl OwnerView {
    fn of(profile_id: Option<String>, access: OwnerAccess, priority: u32, since: Moment) -> OwnerView {
        let access = access.name().to_uppercase();
        OwnerView { profile_id, access, priority, is_primary: priority == 1, since: since.to_string() }
    }
}

impl From<OwnerWritten> for OwnerView {
    fn from(owner: OwnerWritten) -> Self {
        OwnerView::of(Some(owner.profile.to_string()), owner.access, owner.priority, owner.since)
    }
}

/// The owners of an account, the primary owner first.
#[derive(Serialize, ToSchema)]
pub(super) struct OwnerList {
    owners: Vec<OwnerView>,
    /// Cursor for `after`; null at the end of the list.
    next: Option<String>,
}

/// List the owners of an account, the primary owner first.
#[utoipa::path(get, path = "/accounts/{id}/owners", tag = "Owners",
    params(
        ("id" = Uuid, Path, description = "account id"),
        ("perPage" = Option<u32>, Query, description = "1 to 500; defaults to all"),
        ("after" = Option<String>, Query,
            description = "`next` of the previous page; refused once the account has changed"),
    ), responses((status = 200, body = OwnerList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let window = LISTS.part(&call)?;
    let after = window.after.map(|[row, version]| (Position::of(row), version.unsigned_abs()));
    let (seen, version) = call.ask(ListOwners { account: fields::path_id(&call)?, after, limit: window.limit }).await?;
    let view = |owner: crate::app::accounts::OwnerSeen| {
        OwnerView::of(owner.profile.map(|id| id.to_string()), owner.access, owner.priority, owner.since)
    };
    let next = window.next(seen.next.map(|shown| [shown.row, i64::try_from(version).unwrap_or(i64::MAX)]));
    Ok(Reply::ok(&OwnerList { owners: seen.rows.into_iter().map(view).collect(), next })?.version(version))
}

/// Add an owner. Priority 1 makes it the primary owner, whose tags decide which operators see the account.
#[utoipa::path(post, path = "/accounts/{id}/owners", tag = "Owners",
    params(("id" = Uuid, Path, description = "account id"),
           ("If-Match" = Option<String>, Header, description = "the account's version you read, from ETag")),
    request_body = OwnerRequest, responses((status = 200, body = OwnerView), (status = 202, body = ApprovalView)))]
pub(super) async fn add(call: Call) -> Result<Reply, Rejection> {
    let command = call.body::<OwnerRequest>()?.adding(&call)?;
    call.run(command, |handled| waits_or(handled, show)).await
}

/// Change an owner's access or priority; omitted fields keep their values. Priority 1 makes it the primary owner, with
/// full access.
#[utoipa::path(put, path = "/accounts/{id}/owners/{profileId}", tag = "Owners",
    params(("id" = Uuid, Path, description = "account id"), ("profileId" = Uuid, Path, description = "the owner"),
           ("If-Match" = Option<String>, Header, description = "the account's version you read, from ETag")),
    request_body = OwnerRequest, responses((status = 200, body = OwnerView), (status = 202, body = ApprovalView)))]
pub(super) async fn alter(call: Call) -> Result<Reply, Rejection> {
    let command = call.body::<OwnerRequest>()?.altering(&call)?;
    call.run(command, |handled| waits_or(handled, show)).await
}

/// Remove an owner. If it is the primary owner, the next one takes its place, with full access.
#[utoipa::path(delete, path = "/accounts/{id}/owners/{profileId}", tag = "Owners",
    params(("id" = Uuid, Path, description = "account id"), ("profileId" = Uuid, Path, description = "the owner"),
           ("If-Match" = Option<String>, Header, description = "the account's version you read, from ETag")),
    responses((status = 200, body = Empty), (status = 202, body = ApprovalView)))]
pub(super) async fn remove(call: Call) -> Result<Reply, Rejection> {
    let command = RemoveOwner {
        account: fields::path_id(&call)?,
        profile: call.path_value("profileId", uuid)?,
        expected_version: fields::expected_version(&call, None)?,
    };
    call.run(command, |handled| waits_or(handled, |()| Reply::ok(&Empty {}))).await
}

/// An owner, with the version of the account.
fn show(owner: OwnerWritten) -> Result<Reply, Rejection> {
    let version = owner.version;
    Ok(Reply::ok(&OwnerView::from(owner))?.version(version))
}
