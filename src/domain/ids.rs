//! Identities. A public id is a UUIDv7; a serial is a small positive integer that some dialects show instead.
//!
//! Rows inside the database are keyed by integers, because a random key would scatter every insert; public ids are
//! time-ordered for the same reason.

use super::clock::{Moment, Randomness};
use std::fmt;
use uuid::Uuid;

/// Makes one identity type per noun, so that an account's id can never be passed where a profile's is meant.
macro_rules! public_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh time-ordered id.
            pub fn new(now: Moment, randomness: &dyn Randomness) -> Self {
                Self(uuid_v7(now, randomness))
            }

            /// The same identity as a plain UUID.
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
    /// A client profile.
    ProfileId,
    /// An account of a client.
    AccountId,
    /// An account group.
    GroupId,
    /// A portfolio: a client-level grouping of accounts.
    PortfolioId,
    /// An entry of the ledger; also the id of the deal that an account sees of it.
    EntryId,
    /// A deposit, withdrawal, transfer or hold.
    MovementId,
    /// A token of an operator.
    TokenId,
    /// A session of an end user (the `jti` of its token).
    SessionId,
    /// An operator or an API client.
    PrincipalId,
    /// One request to the server, shown in errors, logs and audit rows.
    RequestId,
    /// An organization: the legal body that keeps ledgers.
    OrganizationId,
    /// A ledger of an organization.
    LedgerId,
}

/// Makes one integer type per kind of row, for the same reason.
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
    /// The serial of a profile, from 1.
    ProfileSerial,
    /// The serial of an account, from one counter that accounts share with external accounts.
    AccountSerial,
    /// The serial of an account group, from 1.
    GroupSerial,
    /// The serial of a platform, from 1.
    PlatformSerial,
    /// The serial of a movement, from 1.
    MovementSerial,
    /// The serial of a currency, from 1.
    CurrencySerial,
    /// The serial of a portfolio, from 1.
    PortfolioSerial,
    /// One book of the ledger: a client account or a house account in one currency.
    BookId,
    /// The sequence number of an entry: dense, from 1.
    EntrySeq,
    /// The sequence number of an event: gapless, from 1.
    EventSeq,
    /// The row of a principal.
    PrincipalSerial,
}

/// The ledger in which every dialect but Midaz works; it always exists.
pub const DEFAULT_LEDGER: i64 = 1;

/// The organization to which every profile belongs; it always exists.
pub const DEFAULT_ORGANIZATION: i64 = 1;

/// A version 7 UUID (RFC 9562) of a moment. Ids of the same millisecond are in no particular order.
pub fn uuid_v7(now: Moment, randomness: &dyn Randomness) -> Uuid {
    let mut random = [0u8; 10];
    randomness.fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(now.unix_ms().unsigned_abs(), &random).into_uuid()
}
