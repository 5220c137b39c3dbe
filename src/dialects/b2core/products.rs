//! Products with their currencies, their groups, and platforms. The broker configures them as reference data, so this
//! API only reads them.

use super::account_view::{CurrencyView, NamedView, kind_of};
use super::error;
use super::fields;
use crate::app::reference::{Catalogue, Platform, ReadCatalogue};
use crate::dialects::kit::formats::{one_of, serial};
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::ids::{GroupSerial, PlatformSerial};
use crate::domain::reference::{CurrencyCode, Group, Offer};
use serde::Serialize;
use utoipa::ToSchema;

/// A trading platform, or that of wallets.
#[derive(Serialize, ToSchema)]
#[schema(as = Platform)]
pub(super) struct PlatformView {
    #[schema(example = 2)]
    id: i64,
    #[schema(example = "Trading")]
    name: String,
    /// The software, such as personal, wrapper or MetaTrader5.
    #[serde(rename = "type")]
    #[schema(example = "wrapper")]
    software: String,
}

/// A product: what accounts are opened for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Product)]
pub(super) struct ProductView {
    #[schema(example = 7)]
    id: i64,
    #[schema(example = "Pro")]
    name: String,
    /// `personal` for wallets, `trade` or `demo` for trading accounts.
    #[serde(rename = "type")]
    #[schema(example = "trade")]
    kind: &'static str,
    platform: NamedView,
    group: Option<NamedView>,
    /// Whether accounts can be opened.
    enabled: bool,
    create_time: String,
}

/// A currency of a product.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProductCurrency)]
pub(super) struct ProductCurrencyView {
    /// The `productCurrencyId` of a new account.
    #[schema(example = 12)]
    id: i64,
    #[schema(example = 7)]
    product_id: i64,
    currency: CurrencyView,
    /// Whether accounts can be opened in it.
    enabled: bool,
    create_time: String,
}

impl ProductView {
    fn of(catalogue: &Catalogue, group: &Group) -> Option<ProductView> {
        let declared = &group.declared;
        let platform = catalogue.platforms.iter().find(|platform| platform.declared.code == declared.platform)?;
        let label = catalogue.labels().into_iter().find(|(_, label)| *label == declared.label);
        Some(ProductView {
            id: group.serial.0,
            name: declared.name.clone(),
            kind: kind_of(declared.kind, declared.is_demo),
            platform: NamedView { id: platform.serial.0, name: platform.declared.name.clone() },
            group: label.map(|(serial, name)| NamedView { id: serial.0, name: name.to_owned() }),
            enabled: declared.enabled && offers(catalogue, group).any(|offer| offer.enabled),
            create_time: fields::time(group.created_at.unwrap_or(catalogue.since)),
        })
    }
}

impl ProductCurrencyView {
    fn of(catalogue: &Catalogue, offer: &Offer) -> Option<ProductCurrencyView> {
        let currency = catalogue.currencies.iter().find(|currency| currency.serial == offer.currency)?;
        Some(ProductCurrencyView {
            id: offer.serial.0,
            product_id: offer.group.0,
            enabled: offer.enabled && currency.enabled,
            currency: currency.clone().into(),
            create_time: fields::time(offer.created_at.unwrap_or(catalogue.since)),
        })
    }
}

/// The currencies that a product has now, or had.
fn offers<'a>(catalogue: &'a Catalogue, group: &'a Group) -> impl Iterator<Item = ProductCurrencyView> + 'a {
    let offers = catalogue.offers.iter().filter(|offer| offer.group == group.serial);
    offers.filter_map(|offer| ProductCurrencyView::of(catalogue, offer))
}

/// Answers with the view of the id in the path.
fn one<V: Serialize>(
    (call, name): (&Call, &str),
    views: impl IntoIterator<Item = V>,
    (noun, id): (&str, fn(&V) -> i64),
) -> Result<Reply, Rejection> {
    let wanted = fields::path_id(call, name);
    match views.into_iter().find(|view| Some(id(view)) == wanted) {
        Some(view) => Reply::ok(&view),
        None => Ok(error::unknown(noun)),
    }
}

fn platforms(catalogue: &Catalogue) -> Vec<PlatformView> {
    let view = |platform: &Platform| PlatformView {
        id: platform.serial.0,
        name: platform.declared.name.clone(),
        software: platform.declared.software.clone(),
    };
    catalogue.platforms.iter().map(view).collect()
}

/// List the platforms.
#[utoipa::path(get, path = "/api/v2/platforms", tag = "Products",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 500, default 10"),
        ("offset" = Option<u32>, Query, description = "default 0"),
        ("sort_by" = Option<String>, Query, description = "createTime"),
        ("sort_order" = Option<String>, Query, description = "asc or desc, default desc"),
    ),
    responses((status = 200, description = "platforms; the header X-Total-Count has the number of all",
        body = [PlatformView])))]
pub(super) async fn list_platforms(call: Call) -> Result<Reply, Rejection> {
    let window = fields::window(call.query())?;
    fields::part(platforms(&call.ask(ReadCatalogue).await?), window)
}

/// Get a platform.
#[utoipa::path(get, path = "/api/v2/platforms/{platformId}", tag = "Products",
    params(("platformId" = i64, Path, description = "platform id")),
    responses((status = 200, description = "the platform", body = PlatformView)))]
pub(super) async fn get_platform(call: Call) -> Result<Reply, Rejection> {
    let all = platforms(&call.ask(ReadCatalogue).await?);
    one((&call, "platformId"), all, ("platform", |view| view.id))
}

/// List the products.
#[utoipa::path(get, path = "/api/v2/products", tag = "Products",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 500, default 10"),
        ("offset" = Option<u32>, Query, description = "default 0"),
        ("sort_by" = Option<String>, Query, description = "createTime"),
        ("sort_order" = Option<String>, Query, description = "asc or desc, default desc"),
        ("filter[platformId]" = Option<String>, Query, description = "on these platforms, separated by commas"),
        ("filter[groupId]" = Option<String>, Query, description = "in these product groups"),
        ("filter[type]" = Option<String>, Query, description = "personal, trade or demo"),
        ("filter[currency]" = Option<String>, Query, description = "offered in any of these currencies"),
    ),
    responses((status = 200, description = "products; the header X-Total-Count has the number of all matches",
        body = [ProductView])))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let query = call.query();
    let window = fields::window(query)?;
    let platforms = query.list("filter[platformId]", serial(PlatformSerial))?;
    let groups = query.list("filter[groupId]", serial(GroupSerial))?;
    let kinds = query.list("filter[type]", one_of(&["personal", "trade", "demo"].map(|kind| (kind, kind))))?;
    let codes = query.list("filter[currency]", fields::currency_code)?;
    let catalogue = call.ask(ReadCatalogue).await?;
    let has = |code: &CurrencyCode, offer: &ProductCurrencyView| {
        offer.enabled && offer.currency.alphabetic_code == code.as_str()
    };
    let offers_any = |group: &&Group| {
        codes.is_empty() || offers(&catalogue, group).any(|offer| codes.iter().any(|code| has(code, &offer)))
    };
    let offering = catalogue.groups.iter().filter(offers_any);
    let mut views: Vec<ProductView> = offering.filter_map(|group| ProductView::of(&catalogue, group)).collect();
    views.retain(|view| {
        (platforms.is_empty() || platforms.iter().any(|platform| platform.0 == view.platform.id))
            && (groups.is_empty() || groups.iter().any(|group| view.group.as_ref().is_some_and(|it| it.id == group.0)))
            && (kinds.is_empty() || kinds.contains(&view.kind))
    });
    fields::part(views, window)
}

/// Get a product.
#[utoipa::path(get, path = "/api/v2/products/{productId}", tag = "Products",
    params(("productId" = i64, Path, description = "product id")),
    responses((status = 200, description = "the product", body = ProductView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let catalogue = call.ask(ReadCatalogue).await?;
    let views = catalogue.groups.iter().filter_map(|group| ProductView::of(&catalogue, group));
    one((&call, "productId"), views, ("product", |view| view.id))
}

/// The currencies of the product in the path; none if there is no such product.
async fn currencies(call: &Call) -> Result<Option<Vec<ProductCurrencyView>>, Rejection> {
    let catalogue = call.ask(ReadCatalogue).await?;
    let product = fields::path_id(call, "productId");
    let group = catalogue.groups.iter().find(|group| Some(group.serial.0) == product);
    Ok(group.map(|group| offers(&catalogue, group).collect()))
}

/// List the currencies of a product.
#[utoipa::path(get, path = "/api/v2/products/{productId}/currencies", tag = "Products",
    params(
        ("productId" = i64, Path, description = "product id"),
        ("limit" = Option<u32>, Query, description = "1 to 500, default 10"),
        ("offset" = Option<u32>, Query, description = "default 0"),
        ("sort_by" = Option<String>, Query, description = "createTime"),
        ("sort_order" = Option<String>, Query, description = "asc or desc, default desc"),
        ("filter[alphabeticCode]" = Option<String>, Query, description = "these currencies, separated by commas"),
    ),
    responses((status = 200, description = "currencies; the header X-Total-Count has the number of all matches",
        body = [ProductCurrencyView])))]
pub(super) async fn list_currencies(call: Call) -> Result<Reply, Rejection> {
    let query = call.query();
    let window = fields::window(query)?;
    let codes = query.list("filter[alphabeticCode]", fields::currency_code)?;
    let Some(mut views) = currencies(&call).await? else { return Ok(error::unknown("product")) };
    views.retain(|view| codes.is_empty() || codes.iter().any(|code| code.as_str() == view.currency.alphabetic_code));
    fields::part(views, window)
}

/// Get a currency of a product.
#[utoipa::path(get, path = "/api/v2/products/{productId}/currencies/{productCurrencyId}", tag = "Products",
    params(("productId" = i64, Path, description = "product id"),
           ("productCurrencyId" = i64, Path, description = "product currency id")),
    responses((status = 200, description = "the currency", body = ProductCurrencyView)))]
pub(super) async fn get_currency(call: Call) -> Result<Reply, Rejection> {
    let Some(views) = currencies(&call).await? else { return Ok(error::unknown("product")) };
    one((&call, "productCurrencyId"), views, ("product currency", |view| view.id))
}

async fn product_groups(call: &Call) -> Result<Vec<NamedView>, Rejection> {
    let catalogue = call.ask(ReadCatalogue).await?;
    let view = |(serial, name): (GroupSerial, &str)| NamedView { id: serial.0, name: name.to_owned() };
    Ok(catalogue.labels().into_iter().map(view).collect())
}

/// List the groups of products.
#[utoipa::path(get, path = "/api/v2/products/groups", tag = "Products",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 500, default 10"),
        ("offset" = Option<u32>, Query, description = "default 0"),
        ("sort_by" = Option<String>, Query, description = "createTime"),
        ("sort_order" = Option<String>, Query, description = "asc or desc, default desc"),
    ),
    responses((status = 200, description = "product groups; the header X-Total-Count has the number of all",
        body = [NamedView])))]
pub(super) async fn list_groups(call: Call) -> Result<Reply, Rejection> {
    let window = fields::window(call.query())?;
    fields::part(product_groups(&call).await?, window)
}

/// Get a group of products.
#[utoipa::path(get, path = "/api/v2/products/groups/{groupId}", tag = "Products",
    params(("groupId" = i64, Path, description = "product group id")),
    responses((status = 200, description = "the product group", body = NamedView)))]
pub(super) async fn get_group(call: Call) -> Result<Reply, Rejection> {
    one((&call, "groupId"), product_groups(&call).await?, ("product group", |view| view.id))
}

/// Answers every write of what is configured elsewhere.
pub(super) async fn refuse_write(_call: Call) -> Result<Reply, Rejection> {
    Ok(error::read_only())
}
