//! Movements: money that is under way. A movement has a serial and a life of its own before any entry exists.
//!
//! `pending → posted | voided | expired`, in TigerBeetle's sense of these words; a withdrawal can be approved in between.

use crate::domain::clock::Moment;
use crate::domain::ids::{AccountId, EntryId, MovementId, MovementSerial, PrincipalSerial};
use crate::domain::money::{Amount, Decimals};
use crate::domain::named::named_enum;
use crate::domain::reference::CurrencyCode;
use crate::domain::refusal::{Noun, Refusal};

named_enum! {
    /// What a movement is.
    pub enum MovementKind {
        /// Money that comes in from outside.
        Deposit = "deposit",
        /// Money that goes out.
        Withdrawal = "withdrawal",
        /// Money that goes from one account to another.
        Transfer = "transfer",
        /// Money that is reserved.
        Hold = "hold",
    }
}

impl MovementKind {
    /// The noun by which a caller asks for it.
    pub fn noun(self) -> Noun {
        match self {
            MovementKind::Deposit => Noun::Deposit,
            MovementKind::Withdrawal => Noun::Withdrawal,
            MovementKind::Transfer => Noun::Transfer,
            MovementKind::Hold => Noun::Hold,
        }
    }
}

named_enum! {
    /// Where a movement is in its life.
    pub enum MovementState {
        /// Asked for; nothing is posted.
        Pending = "pending",
        /// A withdrawal that may be paid.
        Approved = "approved",
        /// Posted, for good; only a reversal undoes it.
        Posted = "posted",
        /// Called off: returned, rejected, cancelled or released.
        Voided = "voided",
        /// Ended by time.
        Expired = "expired",
    }
}

impl MovementState {
    /// Whether nothing can happen to it any more.
    pub fn is_final(self) -> bool {
        matches!(self, MovementState::Posted | MovementState::Voided | MovementState::Expired)
    }
}

/// A movement.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Movement {
    /// Its serial, in order of creation.
    pub serial: MovementSerial,
    /// Its public id.
    pub id: MovementId,
    /// What it is.
    pub kind: MovementKind,
    /// The account; of a transfer, the one that pays.
    pub account: AccountId,
    /// Of a transfer, the account that receives.
    pub to_account: Option<AccountId>,
    /// The account's currency.
    pub currency: CurrencyCode,
    /// Decimals of the account's currency.
    pub decimals: Decimals,
    /// How much, in the account's currency.
    pub amount: Amount,
    /// How much of it was posted.
    pub posted: Amount,
    /// Where it is in its life.
    pub state: MovementState,
    /// Why, in the caller's words.
    pub reason: String,
    /// The caller's own reference; unique among movements of its kind.
    pub reference: Option<String>,
    /// Who asked for it.
    pub requested_by: PrincipalSerial,
    /// Who approved it.
    pub approved_by: Option<PrincipalSerial>,
    /// When it ends by itself.
    pub expires_at: Option<Moment>,
    /// Of a posted deposit: when its funds become available.
    pub clears_at: Option<Moment>,
    /// How much of it is not available yet.
    pub uncleared: Amount,
    /// The entry that posted it.
    pub entry: Option<EntryId>,
    /// When it was asked for.
    pub created_at: Moment,
    /// When it last changed.
    pub updated_at: Moment,
}

impl Movement {
    /// Refuses unless the movement is in one of these states now. One whose time has come has expired, even if nobody
    /// has noted it yet.
    pub fn admit(&self, states: &[MovementState], now: Moment) -> Result<(), Refusal> {
        let is_over = !self.state.is_final() && self.expires_at.is_some_and(|at| at <= now);
        let state = if is_over { MovementState::Expired } else { self.state };
        if states.contains(&state) { Ok(()) } else { Err(Refusal::MovementState { noun: self.kind.noun(), state }) }
    }

    /// Refuses if the one who asked for it is the one who now decides (maker and checker, compared as operators).
    pub fn admit_checker(&self, checker: PrincipalSerial) -> Result<(), Refusal> {
        if self.requested_by == checker { Err(Refusal::OwnRequest) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Decimals;
    use uuid::Uuid;

    fn hold(expires_at: Option<Moment>) -> Option<Movement> {
        Some(Movement {
            serial: MovementSerial(1),
            id: MovementId::from(Uuid::nil()),
            kind: MovementKind::Hold,
            account: AccountId::from(Uuid::nil()),
            to_account: None,
            currency: CurrencyCode::from_stored("EUR".into()),
            decimals: Decimals::new(2)?,
            amount: Amount::from_minor(100),
            posted: Amount::ZERO,
            state: MovementState::Pending,
            reason: String::new(),
            reference: None,
            requested_by: PrincipalSerial(1),
            approved_by: None,
            expires_at,
            clears_at: None,
            uncleared: Amount::ZERO,
            entry: None,
            created_at: Moment::from_unix_ms(0),
            updated_at: Moment::from_unix_ms(0),
        })
    }

    #[test]
    fn a_movement_has_expired_when_its_time_has_come() {
        let at = Moment::from_unix_ms(1000);
        let admitted = |expires_at, now| hold(expires_at).map(|hold| hold.admit(&[MovementState::Pending], now));
        let expired = Refusal::MovementState { noun: Noun::Hold, state: MovementState::Expired };
        assert_eq!(admitted(Some(at), at.plus_ms(-1)), Some(Ok(())));
        assert_eq!(admitted(Some(at), at), Some(Err(expired)));
        assert_eq!(admitted(None, at), Some(Ok(())));
    }
}
