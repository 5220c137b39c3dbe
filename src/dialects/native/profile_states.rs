//! Client states: approval, denial, death, archiving and erasure.

use super::fields;
use super::profiles::{self, ProfileView};
use crate::app::Command;
use crate::app::clients::{ApproveProfile, ArchiveProfile, DenyProfile, EraseProfile, ReportDeath};
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::clients::Profile;
use serde::Deserialize;
use utoipa::ToSchema;

async fn run(call: &Call, command: impl Command<Outcome = Profile>) -> Result<Reply, Rejection> {
    call.run(command, profiles::show).await
}

/// Approve a client in review, or one that was denied. Accounts that were waiting only for this become active.
#[utoipa::path(post, path = "/profiles/{id}/approve", tag = "Client states",
    params(("id" = Uuid, Path, description = "profile id"),
           ("If-Match" = Option<String>, Header, description = "the version you read, from ETag")),
    responses((status = 200, body = ProfileView)))]
pub(super) async fn approve(call: Call) -> Result<Reply, Rejection> {
    let expected_version = fields::expected_version(&call, None)?;
    run(&call, ApproveProfile { id: fields::path_id(&call)?, expected_version }).await
}

/// Deny a client in review.
#[utoipa::path(post, path = "/profiles/{id}/deny", tag = "Client states",
    params(("id" = Uuid, Path, description = "profile id"),
           ("If-Match" = Option<String>, Header, description = "the version you read, from ETag")),
    responses((status = 200, body = ProfileView)))]
pub(super) async fn deny(call: Call) -> Result<Reply, Rejection> {
    let expected_version = fields::expected_version(&call, None)?;
    run(&call, DenyProfile { id: fields::path_id(&call)?, expected_version }).await
}

/// The date of a client's death.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeathBody {
    /// Not in the future; defaults to today in UTC.
    #[schema(example = "2026-03-02")]
    deceased_on: Option<String>,
}

/// Record that a client has died. The next owner becomes the primary owner; accounts without another owner are locked.
#[utoipa::path(post, path = "/profiles/{id}/deceased", tag = "Client states",
    params(("id" = Uuid, Path, description = "profile id"),
           ("If-Match" = Option<String>, Header, description = "the version you read, from ETag")),
    request_body = Option<DeathBody>, responses((status = 200, body = ProfileView)))]
pub(super) async fn deceased(call: Call) -> Result<Reply, Rejection> {
    let day = call.optional_body::<DeathBody>()?.unwrap_or_default().deceased_on.filter(|day| !day.is_empty());
    let expected_version = fields::expected_version(&call, None)?;
    run(&call, ReportDeath { id: fields::path_id(&call)?, day, expected_version }).await
}

/// Archive a client permanently. All its accounts must be archived.
#[utoipa::path(post, path = "/profiles/{id}/archive", tag = "Client states",
    params(("id" = Uuid, Path, description = "profile id"),
           ("If-Match" = Option<String>, Header, description = "the version you read, from ETag")),
    responses((status = 200, body = ProfileView)))]
pub(super) async fn archive(call: Call) -> Result<Reply, Rejection> {
    let expected_version = fields::expected_version(&call, None)?;
    run(&call, ArchiveProfile { id: fields::path_id(&call)?, expected_version }).await
}

/// Erase the personal data of an archived client permanently, with the labels of its accounts and the comments and
/// reasons on them. Older backups keep it.
#[utoipa::path(post, path = "/profiles/{id}/erase", tag = "Client states",
    params(("id" = Uuid, Path, description = "profile id"),
           ("If-Match" = Option<String>, Header, description = "the version you read, from ETag")),
    responses((status = 200, body = ProfileView)))]
pub(super) async fn erase(call: Call) -> Result<Reply, Rejection> {
    let expected_version = fields::expected_version(&call, None)?;
    run(&call, EraseProfile { id: fields::path_id(&call)?, expected_version }).await
}
