//! What a portfolio is, and where it is in its life.

use crate::domain::named::named_enum;
use crate::domain::organizations::Portfolio;
use crate::domain::refusal::Refusal;

named_enum! {
    /// Whose portfolio it is.
    #[derive(Default)]
    pub enum PortfolioKind {
        #[default]
        Personal = "personal",
        LegalEntity = "legal_entity",
    }
}

named_enum! {
    #[derive(Default)]
    pub enum PortfolioState {
        #[default]
        Active = "active",
        /// Takes no new accounts, and closes with the last of its accounts.
        Closing = "closing",
        /// For good.
        Closed = "closed",
    }
}

/// Numbers of securities accounts have nine digits; the row of a portfolio is never issued again.
const FIRST_NUMBER: i64 = 100_000_000;

impl Portfolio {
    /// The number under which its securities are kept: nine digits, unique.
    pub fn securities_number(&self) -> String {
        format!("{:09}", FIRST_NUMBER + self.row)
    }

    /// Refuses new accounts while it closes and once it is closed.
    pub fn admit_accounts(&self) -> Result<(), Refusal> {
        match self.state {
            PortfolioState::Active => Ok(()),
            state => Err(Refusal::PortfolioState(state)),
        }
    }
}
