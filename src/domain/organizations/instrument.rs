//! Instruments: which currency a code stands for.

use crate::domain::money::Decimals;

/// Whether this sort of instrument is money of a state, whose codes are those of ISO 4217.
pub fn is_money(kind: &str) -> bool {
    ["currency", "fiat"].iter().any(|word| kind.eq_ignore_ascii_case(word))
}

/// Whether this sort of instrument is a crypto currency.
pub fn is_crypto(kind: &str) -> bool {
    kind.eq_ignore_ascii_case("crypto")
}

/// Decimals of an instrument that is not money of a state: 8 for crypto currencies, else 2.
pub fn usual_decimals(kind: &str) -> Option<Decimals> {
    Decimals::new(if is_crypto(kind) { 8 } else { 2 })
}
