//! Exact decimal numbers in JSON.

use crate::domain::money::{Amount, DecimalText, Decimals, Total};
use crate::domain::reference::TRADE_DECIMALS_MAX;
use crate::domain::trading::Exact;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A decimal number written to JSON digit by digit, never through a binary float.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExactNumber(String);

impl ExactNumber {
    pub fn zero() -> ExactNumber {
        ExactNumber("0".into())
    }

    /// An amount with the decimals of its currency.
    pub fn of(amount: Amount, decimals: Decimals) -> ExactNumber {
        ExactNumber(amount.to_text(decimals))
    }

    /// A sum of amounts with the decimals of their currency.
    pub fn total(total: Total, decimals: Decimals) -> ExactNumber {
        ExactNumber(total.to_text(decimals))
    }

    /// With at most 12 decimals, rounded half away from zero.
    pub fn exact(number: &Exact) -> ExactNumber {
        ExactNumber(number.text(0, u32::from(TRADE_DECIMALS_MAX)))
    }

    /// Wraps decimal text that was checked before it was stored.
    pub fn from_stored(text: &str) -> ExactNumber {
        ExactNumber(text.to_owned())
    }
}

impl From<DecimalText> for ExactNumber {
    fn from(number: DecimalText) -> Self {
        ExactNumber(number.into())
    }
}

impl Serialize for ExactNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.0.clone()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}
