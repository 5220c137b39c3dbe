//! Holds: reserved money, until it is captured, released or expired.

use crate::app::ledger::{
    MovementRequest, OtherSide, admit_debit, amount_of, find, pay, publish_movement_state, reserve, void,
};
use crate::app::{Command, Context, Failure};
use crate::domain::access::Right;
use crate::domain::events::EventType;
use crate::domain::ids::MovementId;
use crate::domain::ledger::{Movement, MovementKind};
use crate::domain::money::{DecimalText, ExtraDecimals};
use crate::domain::reference::CurrencyCode;
use crate::domain::refusal::{Field, Refusal};

/// Places a hold.
///
/// Refusals: invalid amount, texts or expiry; reference already used; the account's lifecycle, lock or flags; not
/// covered.
pub struct PlaceHold {
    pub request: MovementRequest,
}

impl Command for PlaceHold {
    type Outcome = Movement;
    const ACTION: &'static str = "hold.place";
    const RIGHT: Right = Right::MoveFunds;

    fn run(mut self, context: &Context<'_>) -> Result<Movement, Failure> {
        let (account, amount) = self.request.resolve(context, MovementKind::Hold)?;
        admit_debit(context, &account, amount)?;
        reserve(context, &account, MovementKind::Hold, amount)?;
        let serial = self.request.note(context, MovementKind::Hold, &account, OtherSide::Unsaid, amount)?;
        publish_movement_state(context, serial, EventType::MovementRequested)
    }
}

/// Captures all or part of a hold: the captured part is posted to the outside, the rest becomes available again.
///
/// Refusals: unknown; already decided or expired; more than is held; placed by the same operator where the group
/// requires approval; the account's lifecycle, lock or flags; losses have consumed the funds.
pub struct CaptureHold {
    pub id: MovementId,
    /// None captures all that is held.
    pub amount: Option<DecimalText>,
    /// The currency that the caller assumes; must be the account's.
    pub currency: Option<CurrencyCode>,
}

impl Command for CaptureHold {
    type Outcome = Movement;
    const ACTION: &'static str = "hold.capture";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<Movement, Failure> {
        let (movement, account) = find(context, MovementKind::Hold, self.id)?;
        account.admit_currency(self.currency.as_ref())?;
        let amount = match self.amount {
            Some(text) => amount_of(&account, text, ExtraDecimals::RoundHalfAway)?,
            None => movement.amount,
        };
        if amount.is_negative() || amount > movement.amount {
            let held = movement.amount.to_text(account.decimals);
            return Err(Refusal::out_of_range(Field::Amount, format!("must be above zero and at most {held}")).into());
        }
        let movement = movement.undecided(context.clock_now)?;
        if account.standing.requires_approval {
            context.caller.principal.admit_as_checker()?;
            movement.admit_checker(context.caller.principal.serial)?;
        }
        pay(context, movement, &account, amount)
    }
}

/// Releases a hold: the money becomes available again. Refusals: unknown; already decided or expired.
pub struct ReleaseHold {
    pub id: MovementId,
}

impl Command for ReleaseHold {
    type Outcome = Movement;
    const ACTION: &'static str = "hold.release";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<Movement, Failure> {
        let (movement, account) = find(context, MovementKind::Hold, self.id)?;
        void(context, movement, &account)
    }
}
