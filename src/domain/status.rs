//! The status that a caller gives an object: a word of its own, with a description.

use crate::domain::refusal::{Field, Refusal};
use crate::domain::text;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// In characters.
pub const STATUS_CODE_MAX: usize = 100;
/// In characters.
pub const STATUS_DESCRIPTION_MAX: usize = 256;

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StatusLabel {
    /// Any word; those of [`StatusLabel::stops_money`] have an effect.
    pub code: Cow<'static, str>,
    pub description: Option<String>,
}

impl Default for StatusLabel {
    fn default() -> Self {
        StatusLabel { code: Cow::Borrowed("ACTIVE"), description: None }
    }
}

impl StatusLabel {
    /// Whether it says no more than the default.
    pub fn is_default(&self) -> bool {
        *self == StatusLabel::default()
    }

    /// Checks and normalises both texts.
    pub fn checked(self) -> Result<StatusLabel, Refusal> {
        if self.code.is_empty() {
            return Err(Refusal::Required { field: Field::Status });
        }
        let note = |description| text::note(Field::StatusDescription, description, STATUS_DESCRIPTION_MAX);
        Ok(StatusLabel {
            code: text::identifier(Field::Status, self.code.into_owned(), STATUS_CODE_MAX)?.into(),
            description: self.description.map(note).transpose()?,
        })
    }

    /// Whether an account with this status neither receives nor pays: BLOCKED or INACTIVE, in any case.
    pub fn stops_money(&self) -> bool {
        ["BLOCKED", "INACTIVE"].iter().any(|word| self.code.eq_ignore_ascii_case(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_words_stop_money_in_any_case() {
        let stops = |code: &str| StatusLabel { code: code.to_owned().into(), description: None }.stops_money();
        assert!(stops("BLOCKED") && stops("Blocked") && stops("inactive"));
        assert!(!stops("ACTIVE") && !stops("FROZEN") && !stops("BLOCKED2") && !stops(""));
    }
}
