//! `[program]`: the programme of bank accounts as a whole.

use super::section::section;
use super::source::Finding;

section! {
    /// Bank accounts: what holds for all products.
    pub struct Program {
        /// Name that callers are shown.
        name: String = "bursar".into();
        /// Time zone of its days and months: a name of the IANA database, such as "America/New_York".
        time_zone: String = "UTC".into();
        /// The most external accounts of a client that are not archived.
        max_external_accounts: u64 = 10, in 1..=1_000;
    }
}

impl Program {
    pub(super) fn validate(&self, findings: &mut Vec<Finding>) {
        if jiff::tz::TimeZone::get(&self.time_zone).is_err() {
            let message = format!("{:?} is no time zone", self.time_zone);
            let fix = "Write a name of the IANA time zone database, such as \"America/New_York\".";
            findings.push(Finding::new("program.time_zone", message, fix));
        }
        if self.name.trim().is_empty() || self.name.chars().count() > 100 {
            let message = format!("{:?} is no name", self.name);
            findings.push(Finding::new("program.name", message, "Write 1 to 100 characters."));
        }
    }
}
