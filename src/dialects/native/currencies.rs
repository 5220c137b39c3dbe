//! Currencies.

use crate::app::reference::ListCurrencies;
use crate::dialects::kit::{Call, Rejection, Reply};
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
}

/// The currencies in which accounts can be opened.
#[utoipa::path(get, path = "/options/currencies", tag = "Reference data",
    responses((status = 200, body = CurrencyList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let currencies = call.ask(ListCurrencies).await?;
    Reply::ok(&CurrencyList { currencies: currencies.into_iter().map(CurrencyView::from).collect() })
}
