//! What arrives of a transfer, in the currency of the account that receives.

use crate::domain::money::{Amount, DecimalText, Decimals};
use crate::domain::reference::CurrencyCode;
use serde::{Deserialize, Serialize};

/// The receiver's side of a transfer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Arrived {
    /// The receiving account's currency.
    pub currency: CurrencyCode,
    /// Decimals of that currency.
    pub decimals: Decimals,
    /// In that currency.
    pub amount: Amount,
    /// Between different currencies: how much of the receiving one a unit of the paying one is worth. As the caller gave
    /// it, or else the quotient of the two amounts.
    pub rate: Option<DecimalText>,
}
