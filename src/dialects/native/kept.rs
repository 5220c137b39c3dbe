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
    /// As versions up to 0.1 kept it, when the core spelled fields as this dialect does. Outcomes are forgotten after
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
    use serde_json::{Value, json};

    /// What is answered to a kept refusal of an operation that had a field of every name.
    fn answer(kept: &str) -> (Value, Value, Value) {
        let kept: Kept = serde_json::from_str(kept).unwrap();
        let view = serde_json::to_value(ErrorView::of(&kept.into(), &|_| true)).unwrap();
        let info = &view["details"][0];
        (info["reason"].clone(), info["metadata"]["field"].clone(), view["message"].clone())
    }

    #[test]
    fn what_the_version_before_kept_is_answered_as_it_was() {
        for (kept, reason, field, message) in [
            (
                r#"{"invalid_field":{"field":"expiresAt","reason":"not an RFC 3339 time such as 2026-03-02T08:15:00Z"}}"#,
                "INVALID_FIELD",
                json!("expiresAt"),
                "expiresAt: not an RFC 3339 time such as 2026-03-02T08:15:00Z",
            ),
            (
                r#"{"out_of_range":{"field":"amount","reason":"above zero, at most 5.00"}}"#,
                "OUT_OF_RANGE",
                json!("amount"),
                "amount: above zero, at most 5.00",
            ),
            (
                r#"{"malformed_body":{"reason":"a JSON object is expected"}}"#,
                "MALFORMED_BODY",
                Value::Null,
                "the body cannot be read: a JSON object is expected",
            ),
            (r#"{"not_found":"account"}"#, "NOT_FOUND", json!("accountId"), "no such account"),
            (r#"{"not_found":"hold"}"#, "NOT_FOUND", Value::Null, "no such hold"),
            (r#"{"not_found":"payer"}"#, "NOT_FOUND", json!("fromAccountId"), "no such account"),
            (r#"{"not_found":"receiver"}"#, "NOT_FOUND", json!("toAccountId"), "no such account"),
            (r#"{"not_found":"sweep_target"}"#, "NOT_FOUND", json!("sweepToAccountId"), "no such account"),
            (
                r#"{"same_account":{"field":"toAccountId"}}"#,
                "SAME_ACCOUNT",
                json!("toAccountId"),
                "toAccountId: must be another account",
            ),
            (
                r#"{"insufficient_funds":{"available":"87.49","currency":"EUR"}}"#,
                "INSUFFICIENT_FUNDS",
                json!("amount"),
                "only 87.49 EUR available",
            ),
            (r#""duplicate_reference""#, "DUPLICATE_REFERENCE", json!("reference"), "reference: it was used before"),
            (r#"{"account_state":"dormant"}"#, "ACCOUNT_DORMANT", Value::Null, "the account is dormant"),
            (
                r#"{"movement_state":{"noun":"hold","state":"posted"}}"#,
                "WRONG_STATE",
                Value::Null,
                "the hold is posted",
            ),
            (r#"{"forbidden":{"right":"move_funds"}}"#, "RIGHT_MISSING", Value::Null, "the right funds:move is needed"),
            (r#"{"not_empty":"holds"}"#, "HOLDS_LEFT", Value::Null, "money is held on the account"),
            (r#""account_locked""#, "ACCOUNT_LOCKED", Value::Null, "the account is locked"),
        ] {
            assert_eq!(answer(kept), (json!(reason), field, json!(message)), "{kept}");
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
