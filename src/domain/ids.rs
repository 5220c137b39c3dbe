//! Identifiers. A public id is a UUIDv7; a serial is a small positive integer that some dialects show instead.
//!
//! Database rows are keyed by integers, because random keys would scatter inserts over the index; public ids are
//! time-ordered for the same reason.

use super::clock::{Moment, Randomness};
use super::merkle::sha256;
use std::fmt;
use uuid::Uuid;

/// Makes one id type per noun, so that an account's id cannot be passed where a profile's is expected.
macro_rules! public_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new time-ordered id.
            pub fn new(now: Moment, randomness: &dyn Randomness) -> Self {
                Self(uuid_v7(now, randomness))
            }

            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    )+};
}

public_ids! {
    ProfileId,
    AccountId,
    GroupId,
    SymbolId,
    /// A portfolio groups the accounts of a client.
    PortfolioId,
    /// An entry of the ledger, and also the deal by which an account shows it.
    EntryId,
    /// A deposit, withdrawal, transfer or hold.
    MovementId,
    /// An account of a client at another bank.
    ExternalAccountId,
    /// A request that waits for a second operator.
    ApprovalId,
    /// A token of an operator.
    TokenId,
    /// A session of an end user (the `jti` claim of its token).
    SessionId,
    /// An operator or an API client.
    PrincipalId,
    /// A public key of an API client.
    ClientKeyId,
    /// One request to the server; appears in errors, logs and audit rows.
    RequestId,
    /// A legal entity that keeps ledgers.
    OrganizationId,
    LedgerId,
    /// A currency in a ledger.
    InstrumentId,
    PositionId,
    OrderId,
    /// An event of a trading platform that waits.
    ParkedId,
    AlertId,
    WebhookId,
}

impl InstrumentId {
    /// The id of the instrument that a ledger has for a currency without a caller's doing: a version 8 UUID (RFC 9562).
    pub fn of_currency(ledger: LedgerId, code: &str) -> InstrumentId {
        let hash = sha256(&[ledger.uuid().as_bytes(), code.as_bytes()].concat());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        InstrumentId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

/// Makes one integer type per kind of row, for the same reason. Serials count up from 1.
macro_rules! row_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

row_ids! {
    ProfileSerial,
    /// From one counter shared with external accounts.
    AccountSerial,
    /// Of an account at another bank, from the counter of accounts.
    ExternalSerial,
    GroupSerial,
    /// A currency that a group offers.
    OfferSerial,
    PlatformSerial,
    MovementSerial,
    ApprovalSerial,
    CurrencySerial,
    SymbolSerial,
    PortfolioSerial,
    WebhookSerial,
    /// The row of a fill, in order of arrival.
    ExecutionSerial,
    /// The row of money that a platform booked outside executions, in order of arrival.
    ChargeSerial,
    /// A book of the ledger: a client account or a house account, in one currency.
    BookId,
    /// The sequence number of an entry: from 1, without gaps except where a restore skipped numbers.
    EntrySeq,
    /// The sequence number of an event: from 1, without gaps except where a restore skipped numbers.
    EventSeq,
    PrincipalSerial,
}

/// The ledger of accounts that name no other; it always exists.
pub const DEFAULT_LEDGER: i64 = 1;

/// The organization that every profile belongs to; it always exists.
pub const DEFAULT_ORGANIZATION: i64 = 1;

/// Makes a version 7 UUID (RFC 9562). Ids of the same millisecond are in no particular order.
pub fn uuid_v7(now: Moment, randomness: &dyn Randomness) -> Uuid {
    let mut random = [0u8; 10];
    randomness.fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(now.unix_ms().unsigned_abs(), &random).into_uuid()
}
