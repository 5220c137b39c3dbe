//! External accounts: accounts of clients at other banks, from and to which money goes.

use crate::domain::clock::Moment;
use crate::domain::ids::{ExternalAccountId, ExternalSerial, ProfileId};
use crate::domain::named::named_enum;
use crate::domain::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest number of an external account, in characters.
pub const EXTERNAL_NUMBER_MAX: usize = 17;

/// The longest other text of one, in characters (Q2 Helix, string properties).
pub const EXTERNAL_TEXT_MAX: usize = 50;

/// The most custom fields of one.
pub const EXTERNAL_FIELDS_MAX: usize = 5;

/// Wrong amounts after which an external account is locked.
pub const VERIFY_TRIES: u32 = 3;

/// The routing number of a bank that does not exist, for tests.
pub const SANDBOX_ROUTING_NUMBER: &str = "123456789";

named_enum! {
    /// Whether money may go from and to an external account.
    pub enum ExternalStatus {
        /// Its client has yet to tell the amounts of two small deposits to it.
        Unverified = "unverified",
        /// Wrong amounts were told too often.
        VerifyLocked = "verify_locked",
        Verified = "verified",
        /// Final.
        Archived = "archived",
    }
}

impl ExternalStatus {
    /// As it appears in messages.
    pub fn word(self) -> &'static str {
        match self {
            ExternalStatus::Unverified => "not verified",
            ExternalStatus::VerifyLocked => "locked after wrong amounts",
            ExternalStatus::Verified => "verified already",
            ExternalStatus::Archived => "archived",
        }
    }
}

named_enum! {
    pub enum ExternalKind {
        Checking = "checking",
        Savings = "savings",
    }
}

/// What its client may change.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ExternalLabels {
    /// What the client calls it; empty for none.
    pub nickname: String,
    /// The caller's own id, unique among external accounts; empty for none.
    pub reference: String,
    /// Texts by name.
    pub custom_fields: BTreeMap<String, String>,
}

/// An external account. Its numbers are masked; [`PaymentDetails`] has them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ExternalAccount {
    /// From the counter that it shares with accounts.
    pub serial: ExternalSerial,
    pub id: ExternalAccountId,
    pub profile: ProfileId,
    pub kind: ExternalKind,
    /// Of its holder; empty if that is a company.
    pub first_name: String,
    pub last_name: String,
    /// Empty if the holder is a person.
    pub business_name: String,
    /// The name of its bank; empty if unknown.
    pub bank: String,
    pub routing_masked: String,
    pub number_masked: String,
    pub labels: ExternalLabels,
    pub status: ExternalStatus,
    /// Since when it has the status.
    pub status_at: Moment,
    /// Wrong amounts so far.
    pub tries: u32,
    pub created_at: Moment,
    pub updated_at: Moment,
}

/// What a payment takes: for the operator's connection to a bank.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PaymentDetails {
    pub routing_number: String,
    pub number: String,
    pub kind: ExternalKind,
    /// Of the holder.
    pub name: String,
    /// The two small deposits that verify it, in hundredths of a unit; None once they do not count any more.
    pub amounts: Option<[u32; 2]>,
}

/// The name of the bank with a routing number; empty if it is not known.
pub fn bank_of(routing_number: &str) -> &'static str {
    if routing_number == SANDBOX_ROUTING_NUMBER { "COREPRO SANDBOX BANK" } else { "" }
}

impl ExternalAccount {
    /// Refuses payments unless it is verified.
    pub fn admit_payment(&self) -> Result<(), Refusal> {
        if self.status == ExternalStatus::Verified { Ok(()) } else { Err(Refusal::ExternalState(self.status)) }
    }

    /// Refuses changes once it is archived.
    pub fn admit_change(&self) -> Result<(), Refusal> {
        if self.status == ExternalStatus::Archived { Err(Refusal::ExternalState(self.status)) } else { Ok(()) }
    }

    /// Compares what a client tells with the amounts of the two deposits, in either order. Wrong ones count, and the
    /// third time lock it. True if they were right. Refuses one that does not wait for them.
    pub fn verify(&mut self, told: [u32; 2], amounts: [u32; 2], now: Moment) -> Result<bool, Refusal> {
        if self.status != ExternalStatus::Unverified {
            return Err(Refusal::ExternalState(self.status));
        }
        let is_right = told == amounts || told == [amounts[1], amounts[0]];
        if is_right {
            self.enter(ExternalStatus::Verified, now);
        } else {
            self.tries += 1;
            self.updated_at = now;
            if self.tries >= VERIFY_TRIES {
                self.enter(ExternalStatus::VerifyLocked, now);
            }
        }
        Ok(is_right)
    }

    /// How many wrong amounts it still takes.
    pub fn tries_left(&self) -> u32 {
        VERIFY_TRIES.saturating_sub(self.tries)
    }

    pub fn enter(&mut self, status: ExternalStatus, now: Moment) {
        (self.status, self.status_at, self.updated_at) = (status, now, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOW: Moment = Moment::MAX;

    fn external(status: ExternalStatus) -> ExternalAccount {
        let then = Moment::from_unix_ms(0);
        ExternalAccount {
            serial: ExternalSerial(1),
            id: ExternalAccountId::from(Uuid::nil()),
            profile: ProfileId::from(Uuid::nil()),
            kind: ExternalKind::Checking,
            first_name: String::new(),
            last_name: String::new(),
            business_name: "ACME".into(),
            bank: String::new(),
            routing_masked: "*****6789".into(),
            number_masked: "****5678".into(),
            labels: ExternalLabels::default(),
            status,
            status_at: then,
            tries: 0,
            created_at: then,
            updated_at: then,
        }
    }

    #[test]
    fn three_wrong_tries_lock_and_the_right_amounts_verify_in_either_order() {
        for told in [[18, 28], [28, 18]] {
            let mut account = external(ExternalStatus::Unverified);
            assert_eq!(account.verify([18, 29], [18, 28], NOW), Ok(false));
            assert_eq!(account.verify([18, 18], [18, 28], NOW), Ok(false));
            assert_eq!((account.status, account.tries_left()), (ExternalStatus::Unverified, 1));
            assert_eq!(account.verify(told, [18, 28], NOW), Ok(true));
            assert_eq!((account.status, account.status_at), (ExternalStatus::Verified, NOW));
        }
        let mut account = external(ExternalStatus::Unverified);
        for _ in 0..3 {
            assert_eq!(account.verify([1, 2], [18, 28], NOW), Ok(false));
        }
        assert_eq!((account.status, account.tries_left()), (ExternalStatus::VerifyLocked, 0));
        let locked = Err(Refusal::ExternalState(ExternalStatus::VerifyLocked));
        assert_eq!(account.verify([18, 28], [18, 28], NOW), locked);
    }

    #[test]
    fn only_a_verified_one_takes_payments_and_only_an_archived_one_no_changes() {
        for status in ExternalStatus::ALL {
            let account = external(status);
            assert_eq!(account.admit_payment().is_ok(), status == ExternalStatus::Verified, "{status:?}");
            assert_eq!(account.admit_change().is_ok(), status != ExternalStatus::Archived, "{status:?}");
        }
    }
}
