//! Movements: money in transit. A movement has its own serial and lifecycle before any entry exists.
//!
//! The states are `pending → posted | voided | expired`, as TigerBeetle uses these words; a withdrawal can be approved
//! in between. A movement that can still be decided is an [`Undecided`], which each decision consumes.

use crate::domain::clock::Moment;
use crate::domain::ids::{AccountId, EntryId, MovementId, MovementSerial, PrincipalSerial};
use crate::domain::ledger::{Arrived, Clearing, ExternalSide, MovementState, Stage};
use crate::domain::money::{Amount, Decimals};
use crate::domain::named::named_enum;
use crate::domain::reference::CurrencyCode;
use crate::domain::refusal::{Noun, Refusal};
use serde::{Deserialize, Serialize};
use std::ops::Deref;

named_enum! {
    pub enum MovementKind {
        /// Money from the outside.
        Deposit = "deposit",
        /// Money to the outside.
        Withdrawal = "withdrawal",
        /// Money between two accounts.
        Transfer = "transfer",
        /// Money reserved on one account.
        Hold = "hold",
    }
}

impl MovementKind {
    /// The noun that a refusal uses for it.
    pub fn noun(self) -> Noun {
        match self {
            MovementKind::Deposit => Noun::Deposit,
            MovementKind::Withdrawal => Noun::Withdrawal,
            MovementKind::Transfer => Noun::Transfer,
            MovementKind::Hold => Noun::Hold,
        }
    }
}

/// What others took of a deposit, in its currency. Only recorded: the account is credited with the full amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Commissions {
    /// Of the payment provider; zero or more.
    pub provider: Amount,
    /// Of the vendor; zero or more.
    pub vendor: Amount,
}

fn is_nothing(commissions: &Commissions) -> bool {
    *commissions == Commissions::default()
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Movement {
    /// In order of creation, from 1.
    pub serial: MovementSerial,
    pub id: MovementId,
    pub kind: MovementKind,
    /// The account; for a transfer, the paying one.
    pub account: AccountId,
    /// The receiving account of a transfer; None otherwise, or if it is hidden from the caller.
    pub to_account: Option<AccountId>,
    pub currency: CurrencyCode,
    /// Of the account's currency.
    pub decimals: Decimals,
    /// In the account's currency.
    pub amount: Amount,
    /// What a posted transfer delivered; None otherwise, or if it is hidden from the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived: Option<Arrived>,
    /// Zero unless it is a deposit.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub commissions: Commissions,
    /// Of a deposit or withdrawal: the account elsewhere; None if it was not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalSide>,
    #[serde(flatten)]
    pub stage: Stage,
    /// In the caller's words.
    pub reason: String,
    /// The caller's own reference; unique among movements of the same kind.
    pub reference: Option<String>,
    pub requested_by: PrincipalSerial,
    /// When it expires unless it is decided before.
    pub expires_at: Option<Moment>,
    pub created_at: Moment,
    pub updated_at: Moment,
}

impl Movement {
    /// Returns the movement for a decision. Refuses one that is decided or past its expiry, even if the expiry job has
    /// not run yet.
    pub fn undecided(self, now: Moment) -> Result<Undecided, Refusal> {
        match self.stage {
            Stage::Pending | Stage::Approved { .. } if self.expires_at.is_some_and(|at| at <= now) => {
                Err(self.wrong(MovementState::Expired))
            }
            Stage::Pending | Stage::Approved { .. } => Ok(Undecided(self)),
            Stage::Posted { .. } | Stage::Voided | Stage::Expired => Err(self.wrong(self.stage.state())),
        }
    }

    /// Expires the movement. Refuses one that is decided.
    pub fn expire(self, now: Moment) -> Result<Movement, Refusal> {
        match self.stage {
            Stage::Pending | Stage::Approved { .. } => Ok(self.at(Stage::Expired, now)),
            Stage::Posted { .. } | Stage::Voided | Stage::Expired => Err(self.wrong(self.stage.state())),
        }
    }

    /// Makes the uncleared funds of a deposit available. Refuses a movement without any.
    pub fn clear(self, now: Moment) -> Result<Movement, Refusal> {
        match self.stage {
            Stage::Posted { entry, posted, approved_by, clearing: Some(Clearing { at, uncleared }) }
                if uncleared.is_positive() =>
            {
                let clearing = Some(Clearing { at, uncleared: Amount::ZERO });
                Ok(self.at(Stage::Posted { entry, posted, approved_by, clearing }, now))
            }
            _ => Err(self.wrong(self.stage.state())),
        }
    }

    /// Refuses if `checker` is the principal that requested the movement (maker-checker rule).
    pub fn admit_checker(&self, checker: PrincipalSerial) -> Result<(), Refusal> {
        if self.requested_by == checker { Err(Refusal::OwnRequest) } else { Ok(()) }
    }

    /// Whether a principal other than the requester has approved it.
    pub fn is_approved_by_another(&self) -> bool {
        matches!(self.stage, Stage::Approved { by } if by != self.requested_by)
    }

    fn at(self, stage: Stage, now: Moment) -> Movement {
        Movement { stage, updated_at: now, ..self }
    }

    fn wrong(&self, state: MovementState) -> Refusal {
        Refusal::MovementState { noun: self.kind.noun(), state }
    }
}

/// A movement that is pending or approved and not past its expiry. Each decision consumes it, so none is made twice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Undecided(Movement);

impl Deref for Undecided {
    type Target = Movement;

    fn deref(&self) -> &Movement {
        &self.0
    }
}

impl Undecided {
    /// Approves the payment. Refuses a movement that is already approved.
    pub fn approve(self, by: PrincipalSerial, now: Moment) -> Result<Movement, Refusal> {
        match self.0.stage {
            Stage::Pending => Ok(self.0.at(Stage::Approved { by }, now)),
            stage => Err(self.0.wrong(stage.state())),
        }
    }

    /// Records the entry that posts all or part of it, and the part that is not available yet.
    pub fn post(self, entry: EntryId, posted: Amount, clearing: Option<Clearing>, now: Moment) -> Movement {
        let approved_by = self.0.stage.approved_by();
        self.0.at(Stage::Posted { entry, posted, approved_by, clearing }, now)
    }

    pub fn void(self, now: Moment) -> Movement {
        self.0.at(Stage::Voided, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use uuid::Uuid;

    const MAKER: PrincipalSerial = PrincipalSerial(1);
    const CHECKER: PrincipalSerial = PrincipalSerial(2);
    const ENTRY: Uuid = Uuid::from_u128(7);

    fn at(ms: i64) -> Moment {
        Moment::from_unix_ms(ms)
    }

    fn withdrawal(stage: Stage) -> Movement {
        Movement {
            serial: MovementSerial(1),
            id: MovementId::from(Uuid::nil()),
            kind: MovementKind::Withdrawal,
            account: AccountId::from(Uuid::nil()),
            to_account: None,
            currency: CurrencyCode::from_stored("EUR".into()),
            decimals: Decimals::new(2).unwrap(),
            amount: Amount::from_minor(100),
            arrived: None,
            commissions: Commissions::default(),
            external: None,
            stage,
            reason: String::new(),
            reference: None,
            requested_by: MAKER,
            expires_at: Some(at(1000)),
            created_at: at(0),
            updated_at: at(0),
        }
    }

    fn posted(approved_by: Option<PrincipalSerial>, clearing: Option<Clearing>) -> Stage {
        Stage::Posted { entry: EntryId::from(ENTRY), posted: Amount::from_minor(100), approved_by, clearing }
    }

    fn uncleared(minor: i64) -> Option<Clearing> {
        Some(Clearing { at: at(500), uncleared: Amount::from_minor(minor) })
    }

    fn wrong(state: MovementState) -> Refusal {
        Refusal::MovementState { noun: Noun::Withdrawal, state }
    }

    /// Every stage, and whether a movement in it can still be decided.
    fn stages() -> [(Stage, bool); 6] {
        [
            (Stage::Pending, true),
            (Stage::Approved { by: CHECKER }, true),
            (posted(None, None), false),
            (posted(None, uncleared(100)), false),
            (Stage::Voided, false),
            (Stage::Expired, false),
        ]
    }

    #[test]
    fn only_an_undecided_movement_can_be_decided_or_expire() {
        for (stage, is_undecided) in stages() {
            let movement = withdrawal(stage);
            let undecided = movement.clone().undecided(at(999));
            assert_eq!(undecided.clone().err(), (!is_undecided).then(|| wrong(stage.state())), "{stage:?}");
            let expired = movement.clone().expire(at(1000)).map(|expired| (expired.stage, expired.updated_at));
            let expected = if is_undecided { Ok((Stage::Expired, at(1000))) } else { Err(wrong(stage.state())) };
            assert_eq!(expired, expected, "{stage:?}");
            if let Ok(undecided) = undecided {
                let voided = Movement { stage: Stage::Voided, updated_at: at(999), ..movement };
                assert_eq!(undecided.void(at(999)), voided);
            }
        }
    }

    #[test]
    fn a_movement_expires_at_its_expiry_time() {
        let undecided = |stage, now| withdrawal(stage).undecided(at(now)).map(|_| ());
        for stage in [Stage::Pending, Stage::Approved { by: CHECKER }] {
            assert_eq!(undecided(stage, 999), Ok(()));
            assert_eq!(undecided(stage, 1000), Err(wrong(MovementState::Expired)));
        }
        assert_eq!(undecided(posted(None, None), 1000), Err(wrong(MovementState::Posted)));
        let endless = Movement { expires_at: None, ..withdrawal(Stage::Pending) };
        assert!(endless.undecided(at(i64::MAX)).is_ok());
    }

    #[test]
    fn a_movement_is_approved_once_and_posted_with_its_approval() {
        let approved = withdrawal(Stage::Pending).undecided(at(1)).unwrap().approve(CHECKER, at(1)).unwrap();
        assert_eq!((approved.stage, approved.updated_at), (Stage::Approved { by: CHECKER }, at(1)));
        assert!(approved.is_approved_by_another());
        let again = approved.clone().undecided(at(2)).unwrap().approve(CHECKER, at(2));
        assert_eq!(again, Err(wrong(MovementState::Approved)));
        let amount = Amount::from_minor(100);
        let paid = approved.undecided(at(2)).unwrap().post(EntryId::from(ENTRY), amount, None, at(2));
        assert_eq!((paid.stage, paid.updated_at), (posted(Some(CHECKER), None), at(2)));
        let own = withdrawal(Stage::Approved { by: MAKER });
        assert!(!own.is_approved_by_another());
        assert_eq!((own.admit_checker(MAKER), own.admit_checker(CHECKER)), (Err(Refusal::OwnRequest), Ok(())));
    }

    #[test]
    fn uncleared_funds_are_cleared_once() {
        for (stage, _) in stages() {
            let cleared = withdrawal(stage).clear(at(500)).map(|cleared| cleared.stage);
            let expected = match stage.uncleared().is_zero() {
                false => Ok(posted(None, uncleared(0))),
                true => Err(wrong(stage.state())),
            };
            assert_eq!(cleared, expected, "{stage:?}");
        }
        assert_eq!(withdrawal(posted(None, uncleared(0))).clear(at(500)), Err(wrong(MovementState::Posted)));
    }

    /// A movement as stored in outcomes up to schema 12.
    fn stored_movement(stage: &Value) -> Value {
        let mut movement = json!({
            "serial": 1, "id": Uuid::nil(), "kind": "withdrawal", "account": Uuid::nil(), "to_account": null,
            "currency": "EUR", "decimals": 2, "amount": 100, "reason": "", "reference": null, "requested_by": 1,
            "expires_at": 1000, "created_at": 0, "updated_at": 0
        });
        movement.as_object_mut().unwrap().extend(stage.as_object().unwrap().clone());
        movement
    }

    #[test]
    fn movements_are_stored_as_earlier_versions_did() {
        let pending = json!({
            "state": "pending", "posted": 0, "approved_by": null, "clears_at": null, "uncleared": 0, "entry": null
        });
        let approved = json!({
            "state": "approved", "posted": 0, "approved_by": 2, "clears_at": null, "uncleared": 0, "entry": null
        });
        let cleared = json!({
            "state": "posted", "posted": 100, "approved_by": 2, "clears_at": 500, "uncleared": 0, "entry": ENTRY
        });
        let held = json!({
            "state": "posted", "posted": 100, "approved_by": null, "clears_at": 500, "uncleared": 100, "entry": ENTRY
        });
        let expired = json!({
            "state": "expired", "posted": 0, "approved_by": null, "clears_at": null, "uncleared": 0, "entry": null
        });
        for (json, stage) in [
            (pending, Stage::Pending),
            (approved, Stage::Approved { by: CHECKER }),
            (cleared, posted(Some(CHECKER), uncleared(0))),
            (held, posted(None, uncleared(100))),
            (expired, Stage::Expired),
        ] {
            let movement = withdrawal(stage);
            assert_eq!(serde_json::from_value::<Movement>(stored_movement(&json)).unwrap(), movement);
            assert_eq!(serde_json::to_value(&movement).unwrap(), stored_movement(&json));
        }
        let voided = json!({
            "state": "voided", "posted": 0, "approved_by": 2, "clears_at": null, "uncleared": 0, "entry": null
        });
        assert_eq!(serde_json::from_value::<Movement>(stored_movement(&voided)).unwrap(), withdrawal(Stage::Voided));
    }
}
