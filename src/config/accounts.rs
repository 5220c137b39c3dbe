//! `[accounts]`: how new accounts are numbered.

use super::section::section;
use super::source::Finding;

section! {
    /// Numbering of new accounts; existing accounts keep their numbers.
    pub struct Accounts {
        /// Prefix of every new account number: one to four digits, in quotes.
        number_prefix: String = "21".into();
    }
}

impl Accounts {
    pub(super) fn validate(&self, findings: &mut Vec<Finding>) {
        let prefix = &self.number_prefix;
        if !(1..=4).contains(&prefix.len()) || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            let message = format!("{prefix:?} is not one to four digits");
            findings.push(Finding::new("accounts.number_prefix", message, "Write digits in quotes, such as \"21\"."));
        }
    }
}
