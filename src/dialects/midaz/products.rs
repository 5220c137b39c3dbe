//! Products: the account groups of a ledger.

use super::body;
use super::fields::{RecordView, filter, path_id, place};
use super::ledgers::NamedBody;
use crate::app::organizations::{ChangeProduct, CreateProduct, DeleteProduct, GetProduct, ListProducts};
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::organizations::{Place, Product};
use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// An account group. Those of the reference file are listed, but callers cannot change them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Product)]
pub(super) struct ProductView {
    id: String,
    name: String,
    ledger_id: String,
    organization_id: String,
    #[serde(flatten)]
    record: RecordView,
}

impl ProductView {
    fn of(product: Product, place: Place) -> Self {
        ProductView {
            id: product.id.to_string(),
            name: product.name,
            ledger_id: place.ledger.to_string(),
            organization_id: place.organization.to_string(),
            record: product.record.into(),
        }
    }
}

/// Create a product: a group of wallets with the usual rules.
#[utoipa::path(post, path = "/v1/organizations/{organization}/ledgers/{ledger}/products", tag = "Products",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path)), request_body = NamedBody,
    responses((status = 201, body = ProductView)))]
pub(super) async fn create(call: Call) -> Result<Reply, Rejection> {
    let place = place(&call)?;
    let notes = body::read::<NamedBody>(&call)?.of_new()?;
    let render = |made| Reply::json(StatusCode::CREATED, &ProductView::of(made, place));
    call.run(CreateProduct { place, notes }, render).await
}

/// List the products of a ledger, the newest first.
#[utoipa::path(get, path = "/v1/organizations/{organization}/ledgers/{ledger}/products", tag = "Products",
    params(
        ("organization" = Uuid, Path),
        ("ledger" = Uuid, Path),
        ("page" = Option<u32>, Query, description = "from 1; without page and limit, the list is whole"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 10 with `page`"),
        ("metadata.{key}" = Option<String>, Query, description = "with this value of metadata"),
    ),
    responses((status = 200, body = [ProductView])))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let place = place(&call)?;
    let found = call.ask(ListProducts { place, filter: filter(call.query())? }).await?;
    Reply::ok(&found.into_iter().map(|found| ProductView::of(found, place)).collect::<Vec<_>>())
}

/// Read a product.
#[utoipa::path(get, path = "/v1/organizations/{organization}/ledgers/{ledger}/products/{product}", tag = "Products",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path), ("product" = Uuid, Path)),
    responses((status = 200, body = ProductView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let place = place(&call)?;
    let found = call.ask(GetProduct { place, id: path_id(&call, "product")? }).await?;
    Reply::ok(&ProductView::of(found, place))
}

/// Change a product.
#[utoipa::path(patch, path = "/v1/organizations/{organization}/ledgers/{ledger}/products/{product}", tag = "Products",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path), ("product" = Uuid, Path)),
    request_body = NamedBody, responses((status = 200, body = ProductView)))]
pub(super) async fn change(call: Call) -> Result<Reply, Rejection> {
    let (place, id) = (place(&call)?, path_id(&call, "product")?);
    let notes = body::read::<NamedBody>(&call)?.read()?;
    call.run(ChangeProduct { place, id, notes }, |changed| Reply::ok(&ProductView::of(changed, place))).await
}

/// Delete a product that no account has.
#[utoipa::path(delete, path = "/v1/organizations/{organization}/ledgers/{ledger}/products/{product}", tag = "Products",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path), ("product" = Uuid, Path)),
    responses((status = 204, description = "deleted")))]
pub(super) async fn delete(call: Call) -> Result<Reply, Rejection> {
    let (place, id) = (place(&call)?, path_id(&call, "product")?);
    call.run(DeleteProduct { place, id }, |()| Ok(Reply::empty(StatusCode::NO_CONTENT))).await
}
