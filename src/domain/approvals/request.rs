//! The contents of requests, as they are stored until they are decided.

use crate::domain::approvals::ApprovalKind;
use crate::domain::ids::AccountId;
use crate::domain::money::{Amount, DecimalText, Decimals};
use crate::domain::reference::CurrencyCode;
use serde::{Deserialize, Serialize};

/// The version of stored requests. A member never changes its name or meaning, and a new one has a default.
pub const REQUEST_VERSION: i64 = 1;

/// What is done once it is approved. What a row of its own says, such as the amount of a movement, is not repeated.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    Withdrawal,
    Transfer(TransferRequest),
}

/// A transfer across currencies.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TransferRequest {
    /// None if the receiving account is hidden from the reader.
    pub arrival: Option<RequestedArrival>,
    /// The rate as the caller gave it; None if it gave the amount that arrives.
    pub rate: Option<DecimalText>,
    /// The reference rate at the time of the request, fresh or not, in its own direction.
    pub reference: Option<StatedRate>,
}

/// What the receiving account would get.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RequestedArrival {
    pub account: AccountId,
    pub currency: CurrencyCode,
    pub decimals: Decimals,
    pub amount: Amount,
}

/// A reference rate as it was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StatedRate {
    pub from: CurrencyCode,
    pub to: CurrencyCode,
    pub rate: DecimalText,
}

impl Request {
    pub fn kind(&self) -> ApprovalKind {
        match self {
            Request::Withdrawal => ApprovalKind::Withdrawal,
            Request::Transfer(_) => ApprovalKind::Transfer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    /// Stored requests must stay readable: these texts never change, and new ones are added below them.
    const STORED: [&str; 3] = [
        r#""withdrawal""#,
        concat!(
            r#"{"transfer":{"arrival":{"account":"00000000-0000-0000-0000-000000000007","currency":"EUR","#,
            r#""decimals":2,"amount":92000},"rate":"0.92","reference":{"from":"USD","to":"EUR","rate":"0.91"}}}"#
        ),
        concat!(
            r#"{"transfer":{"arrival":{"account":"00000000-0000-0000-0000-000000000007","currency":"JPY","#,
            r#""decimals":0,"amount":1},"rate":null,"reference":null}}"#
        ),
    ];

    #[test]
    fn what_was_stored_once_is_read_for_good_and_stored_so_again() {
        for stored in STORED {
            let request: Request = serde_json::from_str(stored).unwrap();
            assert_eq!(serde_json::to_string(&request).unwrap(), stored);
        }
        let Ok(Request::Transfer(transfer)) = serde_json::from_str(STORED[1]) else { panic!("{}", STORED[1]) };
        assert_eq!(transfer.arrival.unwrap().account.uuid(), Uuid::from_u128(7));
    }
}
