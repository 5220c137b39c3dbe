//! Portfolios: the accounts of one client in a ledger. `portfolio` is accepted in paths, too.

use super::body;
use super::fields::{RecordView, StatusBody, demand, filter, id, path_id, place, status, text};
use super::ledgers::NamedBody;
use super::metadata::{self, MetadataBody};
use crate::app::organizations::{ChangePortfolio, CreatePortfolio, DeletePortfolio, GetPortfolio, ListPortfolios};
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::organizations::{Place, Portfolio, RecordChange};
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A portfolio to create.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewPortfolio {
    /// The client, a UUID; one that nobody has creates a client of which nothing else is known.
    #[schema(required)]
    entity_id: Option<String>,
    /// At most 256 characters.
    #[schema(required, example = "Savings")]
    name: Option<String>,
    status: Option<StatusBody>,
    #[schema(value_type = Option<Object>)]
    metadata: Option<MetadataBody>,
}

/// A group of accounts of one client.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Portfolio)]
pub(super) struct PortfolioView {
    id: String,
    name: String,
    /// The client.
    entity_id: String,
    ledger_id: String,
    organization_id: String,
    #[serde(flatten)]
    record: RecordView,
}

impl PortfolioView {
    fn of(portfolio: Portfolio, place: Place) -> Self {
        PortfolioView {
            id: portfolio.id.to_string(),
            name: portfolio.name,
            entity_id: portfolio.profile.to_string(),
            ledger_id: place.ledger.to_string(),
            organization_id: place.organization.to_string(),
            record: portfolio.record.into(),
        }
    }
}

/// Create a portfolio.
#[utoipa::path(post, path = "/v1/organizations/{organization}/ledgers/{ledger}/portfolios", tag = "Portfolios",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path)), request_body = NewPortfolio,
    responses((status = 201, body = PortfolioView)))]
pub(super) async fn create(call: Call) -> Result<Reply, Rejection> {
    let place = place(&call)?;
    let new: NewPortfolio = body::read(&call)?;
    let (profile, name) = (id("entityId", new.entity_id.as_deref())?, text(new.name));
    demand(&[("entityId", profile.is_some()), ("name", name.is_some())])?;
    let notes = RecordChange { name, status: status(new.status)?, metadata: metadata::read(new.metadata)? };
    let profile = profile.ok_or_else(|| Rejection::missing("entityId"))?;
    let render = |made| Reply::json(StatusCode::CREATED, &PortfolioView::of(made, place));
    call.run(CreatePortfolio { place, profile, notes }, render).await
}

/// List the portfolios of a ledger, the newest first.
#[utoipa::path(get, path = "/v1/organizations/{organization}/ledgers/{ledger}/portfolios", tag = "Portfolios",
    params(
        ("organization" = Uuid, Path),
        ("ledger" = Uuid, Path),
        ("page" = Option<u32>, Query, description = "from 1; without page and limit, the list is whole"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 10 with `page`"),
        ("metadata.{key}" = Option<String>, Query, description = "with this value of metadata"),
    ),
    responses((status = 200, body = [PortfolioView])))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let place = place(&call)?;
    let found = call.ask(ListPortfolios { place, filter: filter(call.query())? }).await?;
    Reply::ok(&found.into_iter().map(|found| PortfolioView::of(found, place)).collect::<Vec<_>>())
}

/// Read a portfolio.
#[utoipa::path(get, path = "/v1/organizations/{organization}/ledgers/{ledger}/portfolios/{portfolio}",
    tag = "Portfolios",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path), ("portfolio" = Uuid, Path)),
    responses((status = 200, body = PortfolioView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let place = place(&call)?;
    let found = call.ask(GetPortfolio { place, id: path_id(&call, "portfolio")? }).await?;
    Reply::ok(&PortfolioView::of(found, place))
}

/// Change a portfolio; its client stays.
#[utoipa::path(patch, path = "/v1/organizations/{organization}/ledgers/{ledger}/portfolios/{portfolio}",
    tag = "Portfolios",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path), ("portfolio" = Uuid, Path)),
    request_body = NamedBody, responses((status = 200, body = PortfolioView)))]
pub(super) async fn change(call: Call) -> Result<Reply, Rejection> {
    let (place, id) = (place(&call)?, path_id(&call, "portfolio")?);
    let notes = body::read::<NamedBody>(&call)?.read()?;
    call.run(ChangePortfolio { place, id, notes }, |changed| Reply::ok(&PortfolioView::of(changed, place))).await
}

/// Delete a portfolio that has no accounts.
#[utoipa::path(delete, path = "/v1/organizations/{organization}/ledgers/{ledger}/portfolios/{portfolio}",
    tag = "Portfolios",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path), ("portfolio" = Uuid, Path)),
    responses((status = 204, description = "deleted")))]
pub(super) async fn delete(call: Call) -> Result<Reply, Rejection> {
    let (place, id) = (place(&call)?, path_id(&call, "portfolio")?);
    call.run(DeletePortfolio { place, id }, |()| Ok(Reply::empty(StatusCode::NO_CONTENT))).await
}
