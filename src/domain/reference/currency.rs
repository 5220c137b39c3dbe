//! Currencies: ISO 4217 or crypto codes with a fixed number of decimals.

use crate::domain::ids::CurrencySerial;
use crate::domain::money::Decimals;
use crate::domain::refusal::{Field, Refusal};

/// A currency code: 3 to 12 upper-case ASCII letters or digits, such as `EUR` or `USDT`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct CurrencyCode(String);

impl CurrencyCode {
    /// Reads a code; lower case is not folded, since `usd` is as likely a mistake as a spelling.
    pub fn parse(field: Field, text: &str) -> Result<CurrencyCode, Refusal> {
        let valid =
            (3..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if valid {
            Ok(CurrencyCode(text.to_owned()))
        } else {
            Err(Refusal::invalid(field, "a currency code is 3 to 12 upper-case letters or digits, such as EUR"))
        }
    }

    /// Takes a code that was checked before it was stored.
    pub fn from_stored(text: String) -> CurrencyCode {
        CurrencyCode(text)
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for CurrencyCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A currency in which accounts can be opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Currency {
    /// Row of the currency.
    pub serial: CurrencySerial,
    /// Its code; never changes.
    pub code: CurrencyCode,
    /// Its English name.
    pub name: String,
    /// Its decimals; fixed once the currency exists, because stored amounts are in its minor units.
    pub decimals: Decimals,
    /// The ISO 4217 number; none for crypto.
    pub numeric_code: Option<u16>,
    /// Whether it is a crypto currency.
    pub is_crypto: bool,
    /// Whether new accounts may be opened in it.
    pub enabled: bool,
}
