//! Ledgers of an organization.

use super::body;
use super::fields::{RecordView, StatusBody, demand, filter, path_id, place, status, status_or_empty, text};
use super::metadata::{self, MetadataBody};
use crate::app::organizations::{ChangeLedger, CreateLedger, DeleteLedger, GetLedger, ListLedgers};
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::organizations::{Ledger, RecordChange};
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a caller says of an object that has a name. In a change, what is omitted or null stays as it is.
#[derive(Deserialize, ToSchema)]
pub(super) struct NamedBody {
    /// At most 256 characters.
    #[schema(example = "Retail")]
    name: Option<String>,
    #[serde(default, deserialize_with = "status_or_empty")]
    status: Option<StatusBody>,
    /// Replaces all metadata.
    #[schema(value_type = Option<Object>)]
    metadata: Option<MetadataBody>,
}

impl NamedBody {
    /// The name of something new is required.
    pub(super) fn of_new(self) -> Result<RecordChange, Rejection> {
        let notes = self.read()?;
        demand(&[("name", notes.name.is_some())])?;
        Ok(notes)
    }

    pub(super) fn read(self) -> Result<RecordChange, Rejection> {
        Ok(RecordChange {
            name: text(self.name),
            status: status(self.status)?,
            metadata: metadata::read(self.metadata)?,
        })
    }
}

/// A set of books of an organization.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Ledger)]
pub(super) struct LedgerView {
    id: String,
    #[schema(example = "Retail")]
    name: String,
    organization_id: String,
    #[serde(flatten)]
    record: RecordView,
}

impl From<Ledger> for LedgerView {
    fn from(ledger: Ledger) -> Self {
        LedgerView {
            id: ledger.id.to_string(),
            name: ledger.name,
            organization_id: ledger.organization.to_string(),
            record: ledger.record.into(),
        }
    }
}

/// Create a ledger.
#[utoipa::path(post, path = "/v1/organizations/{organization}/ledgers", tag = "Ledgers",
    params(("organization" = Uuid, Path)), request_body = NamedBody, responses((status = 201, body = LedgerView)))]
pub(super) async fn create(call: Call) -> Result<Reply, Rejection> {
    let organization = path_id(&call, "organization")?;
    let notes = body::read::<NamedBody>(&call)?.of_new()?;
    let render = |made| Reply::json(StatusCode::CREATED, &LedgerView::from(made));
    call.run(CreateLedger { organization, notes }, render).await
}

/// List the ledgers of an organization, the newest first.
#[utoipa::path(get, path = "/v1/organizations/{organization}/ledgers", tag = "Ledgers",
    params(
        ("organization" = Uuid, Path),
        ("page" = Option<u32>, Query, description = "from 1; without page and limit, the list is whole"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 10 with `page`"),
        ("metadata.{key}" = Option<String>, Query, description = "with this value of metadata"),
    ),
    responses((status = 200, body = [LedgerView])))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let organization = path_id(&call, "organization")?;
    let found = call.ask(ListLedgers { organization, filter: filter(call.query())? }).await?;
    Reply::ok(&found.into_iter().map(LedgerView::from).collect::<Vec<_>>())
}

/// Read a ledger.
#[utoipa::path(get, path = "/v1/organizations/{organization}/ledgers/{ledger}", tag = "Ledgers",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path)), responses((status = 200, body = LedgerView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let found = call.ask(GetLedger { place: place(&call)? }).await?;
    Reply::ok(&LedgerView::from(found))
}

/// Change a ledger.
#[utoipa::path(patch, path = "/v1/organizations/{organization}/ledgers/{ledger}", tag = "Ledgers",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path)), request_body = NamedBody,
    responses((status = 200, body = LedgerView)))]
pub(super) async fn change(call: Call) -> Result<Reply, Rejection> {
    let place = place(&call)?;
    let notes = body::read::<NamedBody>(&call)?.read()?;
    call.run(ChangeLedger { place, notes }, |changed| Reply::ok(&LedgerView::from(changed))).await
}

/// Delete a ledger that has no instruments, portfolios and products.
#[utoipa::path(delete, path = "/v1/organizations/{organization}/ledgers/{ledger}", tag = "Ledgers",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path)),
    responses((status = 204, description = "deleted")))]
pub(super) async fn delete(call: Call) -> Result<Reply, Rejection> {
    call.run(DeleteLedger { place: place(&call)? }, |()| Ok(Reply::empty(StatusCode::NO_CONTENT))).await
}
