//! The bank's side of deposits and withdrawals that come from or go to an account elsewhere.

use crate::domain::ids::{ExternalAccountId, ExternalSerial};
use crate::domain::named::named_enum;
use serde::{Deserialize, Serialize};

named_enum! {
    /// How far a bank has got with a payment that is not decided.
    #[derive(Default)]
    pub enum TransferStep {
        #[default]
        Initiated = "initiated",
        /// It waits until it is let go on.
        Delayed = "delayed",
        /// The client can no longer take it back.
        Sent = "sent",
    }
}

impl TransferStep {
    pub fn may_become(self, next: TransferStep) -> bool {
        matches!(
            (self, next),
            (TransferStep::Initiated, TransferStep::Delayed | TransferStep::Sent)
                | (TransferStep::Delayed, TransferStep::Initiated)
        )
    }
}

/// The account elsewhere that a deposit comes from or a withdrawal goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ExternalSide {
    pub serial: ExternalSerial,
    pub id: ExternalAccountId,
    #[serde(default)]
    pub step: TransferStep,
}

#[cfg(test)]
mod tests {
    use super::TransferStep::{Delayed, Initiated, Sent};
    use super::*;

    #[test]
    fn a_payment_that_is_sent_stays_so() {
        let leads_to = |step: TransferStep| -> Vec<TransferStep> {
            TransferStep::ALL.into_iter().filter(|next| step.may_become(*next)).collect()
        };
        assert_eq!(leads_to(Initiated), [Delayed, Sent]);
        assert_eq!(leads_to(Delayed), [Initiated]);
        assert_eq!(leads_to(Sent), []);
    }
}
