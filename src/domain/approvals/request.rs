//! The contents of requests, as they are stored until they are decided.

use crate::domain::accounts::OwnerAccess;
use crate::domain::approvals::ApprovalKind;
use crate::domain::clients::{Labels, ProfileDetails};
use crate::domain::ids::{AccountId, ProfileId};
use crate::domain::money::{Amount, DecimalText, Decimals};
use crate::domain::named::named_enum;
use crate::domain::reference::CurrencyCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The version of stored requests. A member never changes its name or meaning, and a new one has a default.
pub const REQUEST_VERSION: i64 = 1;

/// What is done once it is approved. What a row of its own says, such as the amount of a movement, is not repeated.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    Withdrawal,
    Transfer(TransferRequest),
    Owners(OwnersRequest),
    Identity(IdentityRequest),
}

named_enum! {
    pub enum OwnersChange {
        Add = "add",
        Alter = "alter",
        Remove = "remove",
    }
}

/// A change of the owners of an account that gives somebody control of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OwnersRequest {
    pub change: OwnersChange,
    /// Who is added, altered or removed; None if it is hidden from the reader.
    pub profile: Option<ProfileId>,
    pub access: Option<OwnerAccess>,
    /// From 1.
    pub priority: Option<u64>,
    /// The account's version at the request; the change is refused if the account has changed since.
    pub version: u64,
    /// The version at the request of the client who gets control, for the same purpose; None in requests that were
    /// stored before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_version: Option<u64>,
}

named_enum! {
    /// A personal detail by which a client is identified.
    pub enum IdentityField {
        Email = "email",
        FirstName = "first_name",
        LastName = "last_name",
        BirthDate = "birth_date",
        Country = "country",
        Company = "company",
        CompanyFullName = "company_full_name",
        Kind = "kind",
    }
}

/// A change of who a client is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IdentityRequest {
    pub fields: Vec<FieldChange>,
    /// The whole change; None once it is decided, because it is personal data.
    pub asked: Option<Box<IdentityChange>>,
}

/// One detail that changes. Its values are None once the request is decided.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FieldChange {
    pub field: IdentityField,
    pub from: Option<String>,
    pub to: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IdentityChange {
    pub details: ProfileDetails,
    /// None keeps them.
    pub tags: Option<BTreeSet<String>>,
    pub labels: Labels,
    /// The client's version at the request; the change is refused if the client has changed since.
    pub version: u64,
}

impl IdentityField {
    fn of(self, details: &ProfileDetails) -> &str {
        match self {
            IdentityField::Email => &details.email,
            IdentityField::FirstName => &details.first_name,
            IdentityField::LastName => &details.last_name,
            IdentityField::BirthDate => &details.birth_date,
            IdentityField::Country => &details.country,
            IdentityField::Company => &details.company,
            IdentityField::CompanyFullName => &details.company_full_name,
            IdentityField::Kind => details.kind.name(),
        }
    }

    /// What differs between two sets of details.
    pub fn changes(from: &ProfileDetails, to: &ProfileDetails) -> Vec<FieldChange> {
        let differing = IdentityField::ALL.into_iter().filter(|field| field.of(from) != field.of(to));
        let change = |field: IdentityField| FieldChange {
            field,
            from: Some(field.of(from).to_owned()),
            to: Some(field.of(to).to_owned()),
        };
        differing.map(change).collect()
    }
}

/// A transfer across currencies, or to another client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TransferRequest {
    /// None if the receiving account is hidden from the reader.
    pub arrival: Option<RequestedArrival>,
    /// The rate as the caller gave it; None if it gave the amount that arrives, or within one currency.
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
            Request::Owners(_) => ApprovalKind::Owners,
            Request::Identity(_) => ApprovalKind::Identity,
        }
    }

    /// What may be kept once it is decided.
    #[must_use]
    pub fn without_personal_data(self) -> Request {
        match self {
            Request::Identity(IdentityRequest { fields, .. }) => {
                let fields = fields.into_iter().map(|change| FieldChange { from: None, to: None, ..change }).collect();
                Request::Identity(IdentityRequest { fields, asked: None })
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    /// Stored requests must stay readable: these texts never change, and new ones are added below them.
    const STORED: [&str; 6] = [
        r#""withdrawal""#,
        concat!(
            r#"{"transfer":{"arrival":{"account":"00000000-0000-0000-0000-000000000007","currency":"EUR","#,
            r#""decimals":2,"amount":92000},"rate":"0.92","reference":{"from":"USD","to":"EUR","rate":"0.91"}}}"#
        ),
        concat!(
            r#"{"transfer":{"arrival":{"account":"00000000-0000-0000-0000-000000000007","currency":"JPY","#,
            r#""decimals":0,"amount":1},"rate":null,"reference":null}}"#
        ),
        concat!(
            r#"{"owners":{"change":"add","profile":"00000000-0000-0000-0000-000000000007","access":"full","#,
            r#""priority":1,"version":3}}"#
        ),
        r#"{"identity":{"fields":[{"field":"email","from":null,"to":null}],"asked":null}}"#,
        concat!(
            r#"{"owners":{"change":"add","profile":"00000000-0000-0000-0000-000000000007","access":"full","#,
            r#""priority":null,"version":3,"client_version":2}}"#
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
