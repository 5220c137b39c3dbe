//! Where a client stands: approved, denied, dead, archived.

use super::fields;
use super::profiles::{self, ProfileView};
use crate::app::Command;
use crate::app::clients::{ApproveProfile, ArchiveProfile, DenyProfile, ReportDeath};
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::clients::Profile;
use serde::Deserialize;
use utoipa::ToSchema;

async fn run(call: &Call, command: impl Command<Outcome = Profile>) -> Result<Reply, Rejection> {
    call.run(command, profiles::show).await
}

/// Approve a client in review, or one who was denied. Its accounts that waited only for this can be used.
#[utoipa::path(post, path = "/profiles/{id}/approve", tag = "Client states",
    params(("id" = Uuid, Path, description = "profile id"),
           ("If-Match" = Option<String>, Header, description = "the version that was read, from ETag")),
    responses((status = 200, body = ProfileView)))]
pub(super) async fn approve(call: Call) -> Result<Reply, Rejection> {
    let expected_version = fields::expected_version(&call, None)?;
    run(&call, ApproveProfile { id: fields::path_id(&call)?, expected_version }).await
}

/// Turn a client in review down.
#[utoipa::path(post, path = "/profiles/{id}/deny", tag = "Client states",
    params(("id" = Uuid, Path, description = "profile id"),
           ("If-Match" = Option<String>, Header, description = "the version that was read, from ETag")),
    responses((status = 200, body = ProfileView)))]
pub(super) async fn deny(call: Call) -> Result<Reply, Rejection> {
    let expected_version = fields::expected_version(&call, None)?;
    run(&call, DenyProfile { id: fields::path_id(&call)?, expected_version }).await
}

/// When a client died.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeathBody {
    /// The day, not in the future; left out: today in UTC.
    #[schema(example = "2026-03-02")]
    deceased_on: Option<String>,
}

/// Note that a client is dead. Other owners follow; accounts without any are locked.
#[utoipa::path(post, path = "/profiles/{id}/deceased", tag = "Client states",
    params(("id" = Uuid, Path, description = "profile id"),
           ("If-Match" = Option<String>, Header, description = "the version that was read, from ETag")),
    request_body = Option<DeathBody>, responses((status = 200, body = ProfileView)))]
pub(super) async fn deceased(call: Call) -> Result<Reply, Rejection> {
    let day = call.optional_body::<DeathBody>()?.unwrap_or_default().deceased_on.filter(|day| !day.is_empty());
    let expected_version = fields::expected_version(&call, None)?;
    run(&call, ReportDeath { id: fields::path_id(&call)?, day, expected_version }).await
}

/// Archive a client, for good. It must not own accounts that are not archived.
#[utoipa::path(post, path = "/profiles/{id}/archive", tag = "Client states",
    params(("id" = Uuid, Path, description = "profile id"),
           ("If-Match" = Option<String>, Header, description = "the version that was read, from ETag")),
    responses((status = 200, body = ProfileView)))]
pub(super) async fn archive(call: Call) -> Result<Reply, Rejection> {
    let expected_version = fields::expected_version(&call, None)?;
    run(&call, ArchiveProfile { id: fields::path_id(&call)?, expected_version }).await
}
