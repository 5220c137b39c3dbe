//! Currencies.

use super::lists::Stretch;
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
    /// Its name.
    #[schema(example = "Euro")]
    name: String,
    /// Its decimals.
    #[schema(example = 2)]
    decimals: u8,
    /// Its ISO 4217 number; null for crypto.
    #[schema(example = 978)]
    numeric_code: Option<u16>,
    /// Whether it is a crypto currency.
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

/// All of them.
#[derive(Serialize, ToSchema)]
pub(super) struct CurrencyList {
    /// The currencies, in the order of the reference data.
    currencies: Vec<CurrencyView>,
    /// Send it as `after` to go on; null at the end of the list.
    next: Option<String>,
}

/// The currencies in which accounts can be opened.
#[utoipa::path(get, path = "/options/currencies", tag = "Reference data",
    params(
        ("perPage" = Option<u32>, Query, description = "1 to 500; all if left out"),
        ("after" = Option<String>, Query, description = "`next` of the last answer"),
    ),
    responses((status = 200, body = CurrencyList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let stretch = Stretch::of(&call)?;
    let after = stretch.after.map(|[row]| Position::of(row));
    let found = call.ask(ListCurrencies { after, limit: stretch.limit }).await?;
    let next = stretch.next(found.next.map(|shown| [shown.row]));
    Reply::ok(&CurrencyList { currencies: found.rows.into_iter().map(CurrencyView::from).collect(), next })
}
