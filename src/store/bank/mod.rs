//! External accounts, recurring contributions, and counts of withdrawals.

mod contributions;
mod external_accounts;
mod withdrawal_months;

pub use external_accounts::{ExternalFilter, NewExternalAccount};
pub use withdrawal_months::UnchargedMonth;
