//! How far a movement has come: each stage holds only what is known in it, so that no posting is without its entry and no
//! approval without its author.

use crate::domain::clock::Moment;
use crate::domain::ids::{EntryId, PrincipalSerial};
use crate::domain::money::Amount;
use crate::domain::named::named_enum;
use serde::{Deserialize, Serialize};

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

/// How far a movement has come, with what is known from there on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "StageColumns", into = "StageColumns")]
pub enum Stage {
    /// Asked for; its amount is reserved.
    Pending,
    /// A withdrawal that may be paid.
    Approved {
        /// Who approved it.
        by: PrincipalSerial,
    },
    /// Posted, for good.
    Posted {
        /// The entry that posted it.
        entry: EntryId,
        /// How much of it was posted; above zero.
        posted: Amount,
        /// Who approved it before.
        approved_by: Option<PrincipalSerial>,
        /// Of a deposit whose funds are or were held back: until when, and how much still is.
        clearing: Option<Clearing>,
    },
    /// Called off: returned, rejected, cancelled or released.
    Voided,
    /// Ended by time.
    Expired,
}

/// How long the funds of a deposit are held back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clearing {
    /// When they become available.
    pub at: Moment,
    /// How much is not available yet; zero once it is.
    pub uncleared: Amount,
}

/// A stage as the columns of a movement and the fields of kept outcomes spell it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct StageColumns {
    /// Its name.
    pub state: MovementState,
    /// See [`Stage::Posted`]; zero in all other stages.
    pub posted: Amount,
    /// Who approved it, if anybody did.
    pub approved_by: Option<PrincipalSerial>,
    /// See [`Clearing`]; none where nothing was held back.
    pub clears_at: Option<Moment>,
    /// See [`Clearing`]; zero where nothing is held back.
    pub uncleared: Amount,
    /// See [`Stage::Posted`]; none in all other stages.
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

    /// Fails for columns that contradict each other. Who had approved a movement that was called off or has expired stays
    /// in its row.
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
    /// Its name.
    pub fn state(self) -> MovementState {
        match self {
            Stage::Pending => MovementState::Pending,
            Stage::Approved { .. } => MovementState::Approved,
            Stage::Posted { .. } => MovementState::Posted,
            Stage::Voided => MovementState::Voided,
            Stage::Expired => MovementState::Expired,
        }
    }

    /// The entry that posted it.
    pub fn entry(self) -> Option<EntryId> {
        if let Stage::Posted { entry, .. } = self { Some(entry) } else { None }
    }

    /// How much was posted.
    pub fn posted(self) -> Amount {
        if let Stage::Posted { posted, .. } = self { posted } else { Amount::ZERO }
    }

    /// How long the funds of a deposit are or were held back.
    pub fn clearing(self) -> Option<Clearing> {
        if let Stage::Posted { clearing, .. } = self { clearing } else { None }
    }

    /// How much is posted and not available yet.
    pub fn uncleared(self) -> Amount {
        self.clearing().map_or(Amount::ZERO, |clearing| clearing.uncleared)
    }

    /// Who approved it, where that is still of consequence.
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
    fn columns_that_contradict_each_other_are_no_stage() {
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
