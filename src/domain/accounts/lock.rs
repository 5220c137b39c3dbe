//! Locks: what they keep out, whose they are, and why.

use crate::domain::accounts::Direction;
use crate::domain::named::named_enum;
use serde::{Deserialize, Serialize};

named_enum! {
    /// What a lock lets through.
    pub enum LockScope {
        /// Credits; debits are kept out.
        CreditsOnly = "credits_only",
        /// Debits; credits are kept out.
        DebitsOnly = "debits_only",
        /// Nothing.
        Full = "full",
    }
}

named_enum! {
    /// Whose a lock is, which decides who may take it off.
    pub enum LockHolder {
        /// Put on for the client; any operator takes it off, except for a fraud investigation.
        Customer = "customer",
        /// Put on by the broker; only administrators take it off.
        System = "system",
    }
}

named_enum! {
    /// Why an account is locked (Q2 Helix, "Account object": lockReasonTypeCode).
    pub enum LockReason {
        /// Unknown.
        Unk = "UNK",
        /// Fraud investigation.
        Frd = "FRD",
        /// Administrative.
        Adm = "ADM",
        /// Temporary.
        Tmp = "TMP",
        /// Freeze.
        Frz = "FRZ",
        /// Suspected fraud.
        Sus = "SUS",
        /// Credits only.
        Co = "CO",
        /// Return risk.
        Rtn = "RTN",
        /// Recovery.
        Rec = "REC",
        /// Deceased.
        Ded = "DED",
        /// Dormant.
        Dor = "DOR",
    }
}

/// The lock of an account, if it has one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub enum Lock {
    /// Not locked.
    #[default]
    Open,
    /// Locked. A lock replaces the one before as a whole.
    Locked {
        /// What still passes.
        scope: LockScope,
        /// Who may take it off.
        holder: LockHolder,
        /// Why.
        reason: LockReason,
    },
}

/// The name of a lock that is none.
const OPEN: &str = "none";

impl Lock {
    /// The lock of which these are the stored parts. None for parts that contradict each other.
    pub fn from_parts(name: &str, holder: Option<LockHolder>, reason: Option<LockReason>) -> Option<Lock> {
        match (holder, reason) {
            (None, None) => (name == OPEN).then_some(Lock::Open),
            (Some(holder), Some(reason)) => LockScope::parse(name).map(|scope| Lock::Locked { scope, holder, reason }),
            _ => None,
        }
    }

    /// The stored name: that of the scope, or `none`.
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

    /// Why the account is locked.
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

    /// Whether only an administrator may take it off or replace it: a lock of the system, or of a fraud investigation.
    pub fn is_kept(self) -> bool {
        match self {
            Lock::Open => false,
            Lock::Locked { holder, reason, .. } => holder == LockHolder::System || reason == LockReason::Frd,
        }
    }
}

/// A lock as outcomes are kept with it: three fields of the account, the last two of which are null where it is not locked.
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
    fn parts_that_contradict_each_other_are_no_lock() {
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
    fn locks_are_written_as_earlier_versions_did() {
        let locked = serde_json::json!({"lock": "full", "lock_holder": "customer", "lock_reason": "TMP"});
        let open = serde_json::json!({"lock": "none", "lock_holder": null, "lock_reason": null});
        for (lock, json) in [(full(LockHolder::Customer, LockReason::Tmp), locked), (Lock::Open, open)] {
            assert_eq!(serde_json::to_value(lock).unwrap(), json);
            assert_eq!(serde_json::from_value::<Lock>(json).unwrap(), lock);
        }
        let torn = serde_json::json!({"lock": "full", "lock_holder": null, "lock_reason": null});
        assert!(serde_json::from_value::<Lock>(torn).is_err());
    }

    #[test]
    fn locks_of_the_system_and_of_fraud_investigations_are_kept() {
        assert!(!Lock::Open.is_kept());
        for reason in LockReason::ALL {
            assert!(full(LockHolder::System, reason).is_kept());
            assert_eq!(full(LockHolder::Customer, reason).is_kept(), reason == LockReason::Frd);
        }
    }
}
