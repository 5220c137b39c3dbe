//! Stages of a movement. Each stage holds exactly the facts known in it, so there is no posting without an entry and no
//! approval without an approver.

use crate::domain::clock::Moment;
use crate::domain::ids::{EntryId, PrincipalSerial};
use crate::domain::money::Amount;
use crate::domain::named::named_enum;
use serde::{Deserialize, Serialize};

named_enum! {
    /// The state of a movement.
    pub enum MovementState {
        /// Requested; nothing is posted.
        Pending = "pending",
        /// A withdrawal that may be paid.
        Approved = "approved",
        /// Final; only a reversal undoes it.
        Posted = "posted",
        /// Returned, rejected, cancelled or released.
        Voided = "voided",
        /// Its expiry time passed.
        Expired = "expired",
    }
}

impl MovementState {
    /// Whether the state is final.
    pub fn is_final(self) -> bool {
        matches!(self, MovementState::Posted | MovementState::Voided | MovementState::Expired)
    }
}

/// The state of a movement, with the facts known in that state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "StageColumns", into = "StageColumns")]
pub enum Stage {
    /// Requested; the amount is reserved.
    Pending,
    /// A withdrawal that may be paid.
    Approved {
        by: PrincipalSerial,
    },
    Posted {
        /// The entry that posted it.
        entry: EntryId,
        /// Above zero; a part of the movement may be posted.
        posted: Amount,
        /// The principal that had approved it.
        approved_by: Option<PrincipalSerial>,
        /// Set for deposits with a clearing period.
        clearing: Option<Clearing>,
    },
    Voided,
    Expired,
}

/// The clearing of a deposit: its funds become available later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clearing {
    /// When the funds become available.
    pub at: Moment,
    /// The amount not available yet; zero once cleared.
    pub uncleared: Amount,
}

/// A stage as spelled by the columns of a movement and the fields of stored outcomes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct StageColumns {
    pub state: MovementState,
    /// See [`Stage::Posted`]; zero in all other stages.
    pub posted: Amount,
    /// The principal that approved it, if any.
    pub approved_by: Option<PrincipalSerial>,
    /// See [`Clearing`]; None without a clearing period.
    pub clears_at: Option<Moment>,
    /// See [`Clearing`]; zero once cleared.
    pub uncleared: Amount,
    /// See [`Stage::Posted`]; None in all other stages.
    pub entry: Option<EntryId>,
}

impl From<Stage> for StageColumns {
    fn from(stage: Stage) -> StageColumns {
        let clearing = stage.clearing();
        StageColumns {
            state: stage.state(),
            posted: stage.posted(),
            approved_by: stage.approved_by(),
            clears_at: clearing.map(|clearing| clearing.at),
            uncleared: clearing.map_or(Amount::ZERO, |clearing| clearing.uncleared),
            entry: stage.entry(),
        }
    }
}

impl TryFrom<StageColumns> for Stage {
    type Error = String;

    /// Fails if the columns contradict each other. The approver of a movement that was voided or expired stays in its
    /// row.
    fn try_from(columns: StageColumns) -> Result<Stage, String> {
        let StageColumns { state, posted, approved_by, clears_at, uncleared, entry } = columns;
        let clearing = clears_at.map(|at| Clearing { at, uncleared });
        let is_unposted = entry.is_none() && posted.is_zero() && clearing.is_none() && uncleared.is_zero();
        let is_posted = posted.is_positive() && (clearing.is_some() || uncleared.is_zero());
        match (state, entry, approved_by) {
            (MovementState::Pending, _, None) if is_unposted => Ok(Stage::Pending),
            (MovementState::Approved, _, Some(by)) if is_unposted => Ok(Stage::Approved { by }),
            (MovementState::Posted, Some(entry), _) if is_posted => {
                Ok(Stage::Posted { entry, posted, approved_by, clearing })
            }
            (MovementState::Voided, ..) if is_unposted => Ok(Stage::Voided),
            (MovementState::Expired, ..) if is_unposted => Ok(Stage::Expired),
            _ => Err(format!("contradictory stage of a movement: {columns:?}")),
        }
    }
}

impl Stage {
    pub fn state(self) -> MovementState {
        match self {
            Stage::Pending => MovementState::Pending,
            Stage::Approved { .. } => MovementState::Approved,
            Stage::Posted { .. } => MovementState::Posted,
            Stage::Voided => MovementState::Voided,
            Stage::Expired => MovementState::Expired,
        }
    }

    pub fn entry(self) -> Option<EntryId> {
        if let Stage::Posted { entry, .. } = self { Some(entry) } else { None }
    }

    pub fn posted(self) -> Amount {
        if let Stage::Posted { posted, .. } = self { posted } else { Amount::ZERO }
    }

    /// The clearing of a deposit, finished or not.
    pub fn clearing(self) -> Option<Clearing> {
        if let Stage::Posted { clearing, .. } = self { clearing } else { None }
    }

    /// The amount that is posted but not available yet.
    pub fn uncleared(self) -> Amount {
        self.clearing().map_or(Amount::ZERO, |clearing| clearing.uncleared)
    }

    /// The approver, in the stages where it still matters.
    pub fn approved_by(self) -> Option<PrincipalSerial> {
        match self {
            Stage::Approved { by } => Some(by),
            Stage::Posted { approved_by, .. } => approved_by,
            Stage::Pending | Stage::Voided | Stage::Expired => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn contradictory_columns_are_rejected() {
        let (one, checker) = (Amount::from_minor(1), PrincipalSerial(2));
        let posted =
            Stage::Posted { entry: EntryId::from(Uuid::nil()), posted: one, approved_by: None, clearing: None };
        let (pending, done) = (StageColumns::from(Stage::Pending), StageColumns::from(posted));
        assert_eq!((Stage::try_from(pending), Stage::try_from(done)), (Ok(Stage::Pending), Ok(posted)));
        let contradictions = [
            StageColumns { posted: one, ..pending },
            StageColumns { entry: done.entry, ..pending },
            StageColumns { uncleared: one, ..pending },
            StageColumns { clears_at: Some(Moment::from_unix_ms(1)), ..pending },
            StageColumns { approved_by: Some(checker), ..pending },
            StageColumns { state: MovementState::Approved, ..pending },
            StageColumns { entry: None, ..done },
            StageColumns { posted: Amount::ZERO, ..done },
            StageColumns { uncleared: one, ..done },
            StageColumns { state: MovementState::Voided, ..done },
            StageColumns { state: MovementState::Expired, ..done },
        ];
        for columns in contradictions {
            assert!(Stage::try_from(columns).is_err(), "{columns:?}");
        }
    }
}
