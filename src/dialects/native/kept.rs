//! Refusals of operations as they are kept with the outcome of a batch, so that a repeated call gets the same answer.

use crate::dialects::kit::Rejection;
use crate::domain::refusal::{Field, Noun, Refusal};
use serde::{Deserialize, Serialize};

/// A rejection as it is kept, in the form of this version or of the one before.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Kept {
    /// As it is kept now.
    Now(Rejection),
    /// As it was kept while the core spelled fields as this dialect does, up to schema 12. Outcomes are forgotten after
    /// `idempotency.retention_days`, and then this can go.
    Before(Former),
}

/// What had another form: the rest is a refusal of today without the word `refused` around it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Former {
    NotFound(FormerNoun),
    SameAccount {
        field: String,
    },
    #[serde(untagged)]
    AsNow(Refusal),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FormerNoun {
    Payer,
    Receiver,
    SweepTarget,
    #[serde(untagged)]
    AsNow(Noun),
}

impl From<Rejection> for Kept {
    fn from(rejection: Rejection) -> Self {
        Kept::Now(rejection)
    }
}

impl From<Refusal> for Kept {
    fn from(refusal: Refusal) -> Self {
        Kept::Now(refusal.into())
    }
}

impl From<Kept> for Rejection {
    fn from(kept: Kept) -> Self {
        let account = |field| Refusal::NotFound { noun: Noun::Account, field: Some(field) };
        let refusal = match kept {
            Kept::Now(rejection) => return rejection,
            Kept::Before(Former::NotFound(FormerNoun::Payer)) => account(Field::FromAccount),
            Kept::Before(Former::NotFound(FormerNoun::Receiver)) => account(Field::ToAccount),
            Kept::Before(Former::NotFound(FormerNoun::SweepTarget)) => account(Field::SweepTo),
            Kept::Before(Former::NotFound(FormerNoun::AsNow(Noun::Account))) => account(Field::Account),
            Kept::Before(Former::NotFound(FormerNoun::AsNow(noun))) => Refusal::NotFound { noun, field: None },
            Kept::Before(Former::SameAccount { field }) => {
                let is_sweep = field == "sweepToAccountId";
                Refusal::SameAccount { field: if is_sweep { Field::SweepTo } else { Field::ToAccount } }
            }
            Kept::Before(Former::AsNow(refusal)) => refusal,
        };
        Rejection::Refused(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::native::error::ErrorView;
    use serde_json::Value;

    /// What is answered to a kept refusal of an operation that had a field of every name.
    fn answer(kept: &str) -> (String, String, String) {
        let kept: Kept = serde_json::from_str(kept).unwrap();
        let view = serde_json::to_value(ErrorView::of(&kept.into(), &|_| true)).unwrap();
        let text = |pointer: &str| view.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        (text("/details/0/reason"), text("/details/0/metadata/field"), text("/message"))
    }

    #[test]
    fn what_was_kept_before_is_answered_as_it_was() {
        // Left of each line: what 0.1.0 with schema 12 has written for the operations of a batch.
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
                "toAccountId: must be another account",
            ),
            (
                r#"{"same_account":{"field":"sweepToAccountId"}}"#,
                "SAME_ACCOUNT",
                "sweepToAccountId",
                "sweepToAccountId: must be another account",
            ),
            (
                r#"{"insufficient_funds":{"available":"8.00","currency":"USD"}}"#,
                "INSUFFICIENT_FUNDS",
                "amount",
                "only 8.00 USD available",
            ),
            (r#""duplicate_reference""#, "DUPLICATE_REFERENCE", "reference", "reference: it was used before"),
            (r#""modes_differ""#, "MODES_DIFFER", "", "demo money and live money cannot be joined"),
            (r#"{"not_empty":"balance"}"#, "BALANCE_NOT_ZERO", "", "the balance is not zero"),
            (r#"{"account_state":"dormant"}"#, "ACCOUNT_DORMANT", "", "the account is dormant"),
            (r#"{"movement_state":{"noun":"hold","state":"voided"}}"#, "WRONG_STATE", "", "the hold is voided"),
            (r#"{"forbidden":{"right":"move_funds"}}"#, "RIGHT_MISSING", "", "the right funds:move is needed"),
        ] {
            assert_eq!(answer(kept), (reason.to_owned(), field.to_owned(), message.to_owned()), "{kept}");
        }
    }

    #[test]
    fn what_is_kept_now_comes_back_as_it_was() {
        let not_found = Refusal::NotFound { noun: Noun::Account, field: Some(Field::ToAccount) };
        for rejection in [
            Rejection::invalid("operation", "one of deposit, withdraw"),
            Rejection::MalformedBody { reason: "nested deeper than 32 levels".into() },
            Rejection::Refused(Refusal::invalid(Field::ExpiresAt, "must be in the future")),
            Rejection::Refused(not_found),
            Rejection::Refused(Refusal::SameAccount { field: Field::SweepTo }),
            Rejection::Refused(Refusal::AccountLocked),
        ] {
            let kept = serde_json::to_string(&Kept::from(rejection.clone())).unwrap();
            assert_eq!(Rejection::from(serde_json::from_str::<Kept>(&kept).unwrap()), rejection, "{kept}");
        }
    }
}
