//! Currencies: ISO 4217 or crypto codes with a fixed number of decimals.

use crate::domain::ids::CurrencySerial;
use crate::domain::money::Decimals;
use crate::domain::refusal::{Field, Refusal};

/// A currency code: 3 to 12 upper-case ASCII letters or digits, such as `EUR` or `USDT`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct CurrencyCode(String);

impl CurrencyCode {
    /// Lower case is refused rather than folded: `usd` is as likely a mistake as a spelling.
    pub fn parse(field: Field, text: &str) -> Result<CurrencyCode, Refusal> {
        let valid =
            (3..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if valid {
            Ok(CurrencyCode(text.to_owned()))
        } else {
            Err(Refusal::invalid(field, "a currency code is 3 to 12 upper-case letters or digits, such as EUR"))
        }
    }

    /// Wraps a code that was checked before it was stored.
    pub fn from_stored(text: String) -> CurrencyCode {
        CurrencyCode(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for CurrencyCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A currency that accounts can be opened in.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Currency {
    pub serial: CurrencySerial,
    /// Identifies the currency and never changes.
    pub code: CurrencyCode,
    /// The English name, for people.
    pub name: String,
    /// Fixed once the currency exists, because stored amounts are in its minor units.
    pub decimals: Decimals,
    /// The ISO 4217 number; None for crypto currencies.
    pub numeric_code: Option<u16>,
    pub is_crypto: bool,
    /// Whether new accounts may be opened in it.
    pub enabled: bool,
    /// Whether a caller made it; otherwise the reference file declares it.
    pub is_made_by_caller: bool,
}
