//! The receiver's side of a transfer: what arrives, in the receiving account's currency.

use crate::domain::money::{Amount, DecimalText, Decimals};
use crate::domain::reference::CurrencyCode;
use serde::{Deserialize, Serialize};

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Arrived {
    pub currency: CurrencyCode,
    pub decimals: Decimals,
    pub amount: Amount,
    /// For transfers between currencies: units of the receiving currency per unit of the paying one. The rate that the
    /// caller gave, or else the quotient of the two amounts.
    pub rate: Option<DecimalText>,
}
