//! The stored form of rejections in the outcome of a batch, so that a repeated call gets the same answer.

use crate::dialects::kit::Rejection;
use crate::domain::refusal::{Field, Noun, Refusal};
use serde::{Deserialize, Serialize};

/// A stored rejection, in the current form or in that of earlier versions.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum StoredRejection {
    Current(Rejection),
    /// Written up to schema 12, when the core used this dialect's field names. Outcomes are deleted after
    /// `idempotency.retention_days`; this variant can be removed then.
    Legacy(LegacyRefusal),
}

/// The refusals whose form has changed. All others are unchanged, except that they were not wrapped in `refused`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LegacyRefusal {
    NotFound(LegacyNoun),
    SameAccount {
        field: String,
    },
    #[serde(untagged)]
    Unchanged(Refusal),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LegacyNoun {
    Payer,
    Receiver,
    SweepTarget,
    #[serde(untagged)]
    Unchanged(Noun),
}

impl From<Rejection> for StoredRejection {
    fn from(rejection: Rejection) -> Self {
        StoredRejection::Current(rejection)
    }
}

impl From<Refusal> for StoredRejection {
    fn from(refusal: Refusal) -> Self {
        StoredRejection::Current(refusal.into())
    }
}

impl From<StoredRejection> for Rejection {
    fn from(stored: StoredRejection) -> Self {
        let account = |field| Refusal::NotFound { noun: Noun::Account, field: Some(field) };
        let refusal = match stored {
            StoredRejection::Current(rejection) => return rejection,
            StoredRejection::Legacy(LegacyRefusal::NotFound(LegacyNoun::Payer)) => account(Field::FromAccount),
            StoredRejection::Legacy(LegacyRefusal::NotFound(LegacyNoun::Receiver)) => account(Field::ToAccount),
            StoredRejection::Legacy(LegacyRefusal::NotFound(LegacyNoun::SweepTarget)) => account(Field::SweepTo),
            StoredRejection::Legacy(LegacyRefusal::NotFound(LegacyNoun::Unchanged(Noun::Account))) => {
                account(Field::Account)
            }
            StoredRejection::Legacy(LegacyRefusal::NotFound(LegacyNoun::Unchanged(noun))) => {
                Refusal::NotFound { noun, field: None }
            }
            StoredRejection::Legacy(LegacyRefusal::SameAccount { field }) => {
                let is_sweep = field == "sweepToAccountId";
                Refusal::SameAccount { field: if is_sweep { Field::SweepTo } else { Field::ToAccount } }
            }
            StoredRejection::Legacy(LegacyRefusal::Unchanged(refusal)) => refusal,
        };
        Rejection::Refused(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::native::error::ErrorView;
    use serde_json::Value;

    /// The reason, field and message answered for a stored refusal, if the operation had sent every field.
    fn answer(kept: &str) -> (String, String, String) {
        let kept: StoredRejection = serde_json::from_str(kept).unwrap();
        let view = serde_json::to_value(ErrorView::of(&kept.into(), &|_| true)).unwrap();
        let text = |pointer: &str| view.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        (text("/details/0/reason"), text("/details/0/metadata/field"), text("/message"))
    }

    #[test]
    fn legacy_rejections_are_answered_as_before() {
        // The first column is what 0.1.0 stored with schema 12 for operations of a batch.
        for (kept, reason, field, message) in [
            (
                r#"{"malformed_body":{"reason":"an object"}}"#,
                "MALFORMED_BODY",
                "",
                "the body cannot be read: an object",
            ),
            (
                r#"{"invalid_field":{"field":"accountId","reason":"not a UUID"}}"#,
                "INVALID_FIELD",
                "accountId",
                "accountId: not a UUID",
            ),
            (
                r#"{"out_of_range":{"field":"expiresAt","reason":"must be in the future"}}"#,
                "OUT_OF_RANGE",
                "expiresAt",
                "expiresAt: must be in the future",
            ),
            (r#"{"not_found":"account"}"#, "NOT_FOUND", "accountId", "no such account"),
            (r#"{"not_found":"payer"}"#, "NOT_FOUND", "fromAccountId", "no such account"),
            (r#"{"not_found":"receiver"}"#, "NOT_FOUND", "toAccountId", "no such account"),
            (r#"{"not_found":"sweep_target"}"#, "NOT_FOUND", "sweepToAccountId", "no such account"),
            (r#"{"not_found":"hold"}"#, "NOT_FOUND", "", "no such hold"),
            (r#"{"not_found":"deal"}"#, "NOT_FOUND", "", "no such deal"),
            (
                r#"{"same_account":{"field":"toAccountId"}}"#,
                "SAME_ACCOUNT",
                "toAccountId",
                "toAccountId: must be a different account",
            ),
            (
                r#"{"same_account":{"field":"sweepToAccountId"}}"#,
                "SAME_ACCOUNT",
                "sweepToAccountId",
                "sweepToAccountId: must be a different account",
            ),
            (
                r#"{"insufficient_funds":{"available":"8.00","currency":"USD"}}"#,
                "INSUFFICIENT_FUNDS",
                "amount",
                "only 8.00 USD available",
            ),
            (r#""duplicate_reference""#, "DUPLICATE_REFERENCE", "reference", "reference: already in use"),
            (r#""modes_differ""#, "MODES_DIFFER", "", "demo and live money cannot be mixed, nor that of two ledgers"),
            (r#"{"not_empty":"balance"}"#, "BALANCE_NOT_ZERO", "", "the balance is not zero"),
            (r#"{"account_state":"dormant"}"#, "ACCOUNT_DORMANT", "", "the account is dormant"),
            (r#"{"movement_state":{"noun":"hold","state":"voided"}}"#, "WRONG_STATE", "", "the hold is voided"),
            (r#"{"forbidden":{"right":"move_funds"}}"#, "RIGHT_MISSING", "", "the right funds:move is needed"),
        ] {
            assert_eq!(answer(kept), (reason.to_owned(), field.to_owned(), message.to_owned()), "{kept}");
        }
    }

    #[test]
    fn current_rejections_round_trip() {
        let not_found = Refusal::NotFound { noun: Noun::Account, field: Some(Field::ToAccount) };
        for rejection in [
            Rejection::invalid("operation", "one of deposit, withdraw"),
            Rejection::MalformedBody { reason: "nested deeper than 32 levels".into() },
            Rejection::Refused(Refusal::invalid(Field::ExpiresAt, "must be in the future")),
            Rejection::Refused(not_found),
            Rejection::Refused(Refusal::SameAccount { field: Field::SweepTo }),
            Rejection::Refused(Refusal::AccountLocked),
        ] {
            let kept = serde_json::to_string(&StoredRejection::from(rejection.clone())).unwrap();
            assert_eq!(Rejection::from(serde_json::from_str::<StoredRejection>(&kept).unwrap()), rejection, "{kept}");
        }
    }
}
