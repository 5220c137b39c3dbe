//! The list of currencies.

use super::lists::LISTS;
use crate::app::reference::ListCurrencies;
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::page::Position;
use crate::domain::reference::Currency;
use serde::Serialize;
use utoipa::ToSchema;

/// A currency in which accounts can be opened.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Currency)]
pub(super) struct CurrencyView {
    /// ISO 4217 or crypto code.
    #[schema(example = "EUR")]
    code: String,
    #[schema(example = "Euro")]
    name: String,
    /// Number of decimals of amounts.
    #[schema(example = 2)]
    decimals: u8,
    /// ISO 4217 numeric code; null for crypto currencies.
    #[schema(example = 978)]
    numeric_code: Option<u16>,
    is_crypto: bool,
}

impl From<Currency> for CurrencyView {
    fn from(currency: Currency) -> Self {
        CurrencyView {
            code: currency.code.to_string(),
            name: currency.name,
            decimals: currency.decimals.count(),
            numeric_code: currency.numeric_code,
            is_crypto: currency.is_crypto,
        }
    }
}

/// The currencies in which accounts can be opened.
#[derive(Serialize, ToSchema)]
pub(super) struct CurrencyList {
    /// In the order of the reference data.
    currencies: Vec<CurrencyView>,
    /// Cursor for `after`; null at the end of the list.
    next: Option<String>,
}

/// List the currencies in which accounts can be opened.
#[utoipa::path(get, path = "/options/currencies", tag = "Reference data",
    params(
        ("perPage" = Option<u32>, Query, description = "1 to 500; defaults to all"),
        ("after" = Option<String>, Query, description = "`next` of the previous page"),
    ),
    responses((status = 200, body = CurrencyList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let window = LISTS.part(&call)?;
    let after = window.after.map(|[row]| Position::of(row));
    let found = call.ask(ListCurrencies { after, limit: window.limit }).await?;
    let next = window.next(found.next.map(|shown| [shown.row]));
    Reply::ok(&CurrencyList { currencies: found.rows.into_iter().map(CurrencyView::from).collect(), next })
}
