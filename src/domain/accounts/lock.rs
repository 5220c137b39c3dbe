//! Locks: which movements they block, who set them, and why.

use crate::domain::accounts::Direction;
use crate::domain::named::named_enum;
use serde::{Deserialize, Serialize};

named_enum! {
    /// What still passes while the lock is on.
    pub enum LockScope {
        CreditsOnly = "credits_only",
        DebitsOnly = "debits_only",
        Full = "full",
    }
}

named_enum! {
    /// Who set the lock, which decides who may remove it.
    pub enum LockHolder {
        /// Set on the client's behalf; any operator may remove it, except during a fraud investigation.
        Customer = "customer",
        /// Set by the broker; only administrators may remove it.
        System = "system",
    }
}

named_enum! {
    /// Why an account is locked (Q2 Helix, "Account object": lockReasonTypeCode): unknown, fraud investigation,
    /// administrative, temporary, freeze, suspected fraud, credits only, return risk, recovery, deceased, dormant.
    pub enum LockReason {
        Unk = "UNK",
        Frd = "FRD",
        Adm = "ADM",
        Tmp = "TMP",
        Frz = "FRZ",
        Sus = "SUS",
        Co = "CO",
        Rtn = "RTN",
        Rec = "REC",
        Ded = "DED",
        Dor = "DOR",
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub enum Lock {
    #[default]
    Open,
    /// A new lock replaces the previous one entirely.
    Locked { scope: LockScope, holder: LockHolder, reason: LockReason },
}

/// The stored name of [`Lock::Open`].
const OPEN: &str = "none";

impl Lock {
    /// Builds a lock from its stored parts. None if they contradict each other.
    pub fn from_parts(name: &str, holder: Option<LockHolder>, reason: Option<LockReason>) -> Option<Lock> {
        match (holder, reason) {
            (None, None) => (name == OPEN).then_some(Lock::Open),
            (Some(holder), Some(reason)) => LockScope::parse(name).map(|scope| Lock::Locked { scope, holder, reason }),
            _ => None,
        }
    }

    /// The stored name: the scope's, or `none`.
    pub fn name(self) -> &'static str {
        match self {
            Lock::Open => OPEN,
            Lock::Locked { scope, .. } => scope.name(),
        }
    }

    pub fn holder(self) -> Option<LockHolder> {
        match self {
            Lock::Open => None,
            Lock::Locked { holder, .. } => Some(holder),
        }
    }

    pub fn reason(self) -> Option<LockReason> {
        match self {
            Lock::Open => None,
            Lock::Locked { reason, .. } => Some(reason),
        }
    }

    /// Whether money may move in this direction.
    pub fn admits(self, direction: Direction) -> bool {
        match self {
            Lock::Open => true,
            Lock::Locked { scope: LockScope::CreditsOnly, .. } => direction == Direction::Credit,
            Lock::Locked { scope: LockScope::DebitsOnly, .. } => direction == Direction::Debit,
            Lock::Locked { scope: LockScope::Full, .. } => false,
        }
    }

    /// Whether only an administrator may remove or replace it: system locks and fraud-investigation locks.
    pub fn needs_administrator(self) -> bool {
        match self {
            Lock::Open => false,
            Lock::Locked { holder, reason, .. } => holder == LockHolder::System || reason == LockReason::Frd,
        }
    }
}

/// A lock as stored in outcomes: three fields of the account, the last two null unless it is locked.
#[derive(Serialize, Deserialize)]
struct Parts {
    #[serde(rename = "lock")]
    name: String,
    #[serde(rename = "lock_holder")]
    holder: Option<LockHolder>,
    #[serde(rename = "lock_reason")]
    reason: Option<LockReason>,
}

impl From<Lock> for Parts {
    fn from(lock: Lock) -> Parts {
        Parts { name: lock.name().to_owned(), holder: lock.holder(), reason: lock.reason() }
    }
}

impl TryFrom<Parts> for Lock {
    type Error = String;

    fn try_from(parts: Parts) -> Result<Lock, String> {
        Lock::from_parts(&parts.name, parts.holder, parts.reason)
            .ok_or_else(|| format!("lock {:?} of {:?} for {:?}", parts.name, parts.holder, parts.reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(holder: LockHolder, reason: LockReason) -> Lock {
        Lock::Locked { scope: LockScope::Full, holder, reason }
    }

    #[test]
    fn contradictory_parts_are_rejected() {
        let (holder, reason) = (LockHolder::System, LockReason::Ded);
        assert_eq!(Lock::from_parts("none", None, None), Some(Lock::Open));
        assert_eq!(Lock::from_parts("full", Some(holder), Some(reason)), Some(full(holder, reason)));
        let contradictions = [
            ("none", Some(holder), Some(reason)),
            ("none", None, Some(reason)),
            ("full", None, None),
            ("full", Some(holder), None),
            ("half", Some(holder), Some(reason)),
        ];
        for (name, holder, reason) in contradictions {
            assert_eq!(Lock::from_parts(name, holder, reason), None, "{name} {holder:?} {reason:?}");
        }
    }

    #[test]
    fn locks_are_stored_as_earlier_versions_did() {
        let locked = serde_json::json!({"lock": "full", "lock_holder": "customer", "lock_reason": "TMP"});
        let open = serde_json::json!({"lock": "none", "lock_holder": null, "lock_reason": null});
        for (lock, json) in [(full(LockHolder::Customer, LockReason::Tmp), locked), (Lock::Open, open)] {
            assert_eq!(serde_json::to_value(lock).unwrap(), json);
            assert_eq!(serde_json::from_value::<Lock>(json).unwrap(), lock);
        }
        let broken = serde_json::json!({"lock": "full", "lock_holder": null, "lock_reason": null});
        assert!(serde_json::from_value::<Lock>(broken).is_err());
    }

    #[test]
    fn locks_of_the_system_and_of_fraud_investigations_are_kept() {
        assert!(!Lock::Open.needs_administrator());
        for reason in LockReason::ALL {
            assert!(full(LockHolder::System, reason).needs_administrator());
            assert_eq!(full(LockHolder::Customer, reason).needs_administrator(), reason == LockReason::Frd);
        }
    }
}
