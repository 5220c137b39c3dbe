//! Holds: money that is reserved, until it is captured, released, or its time has come.

use crate::app::ledger::{MovementRequest, admit_debit, amount_of, find, pay, publish_movement_state, reserve, void};
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
/// Refusals: bad amount, texts or time; reference used before; the account's state, lock or flags; not covered.
pub struct PlaceHold {
    /// What is held.
    pub request: MovementRequest,
}

impl Command for PlaceHold {
    type Outcome = Movement;
    const ACTION: &'static str = "hold.place";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<Movement, Failure> {
        let (account, amount) = self.request.resolve(context, MovementKind::Hold)?;
        admit_debit(&account, amount)?;
        reserve(context, &account, MovementKind::Hold, amount)?;
        let serial = self.request.note(context, MovementKind::Hold, &account, None, amount)?;
        publish_movement_state(context, serial, EventType::MovementRequested)
    }
}

/// Captures a hold, in whole or in part: the captured part is posted to the outside, the rest is available again.
///
/// Refusals: unknown, captured or ended before; more than is held; where the group requires a second operator, placed by
/// the same one; the account's state, lock or flags; losses have eaten the funds.
pub struct CaptureHold {
    /// Which hold.
    pub id: MovementId,
    /// How much; none: all.
    pub amount: Option<DecimalText>,
    /// The currency that the caller takes the amount to be in; must be the account's.
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
            return Err(Refusal::out_of_range(Field::Amount, format!("above zero, at most {held}")).into());
        }
        let movement = movement.undecided(context.now)?;
        if account.standing.requires_approval {
            context.caller.principal.admit_as_checker()?;
            movement.admit_checker(context.caller.principal.serial)?;
        }
        pay(context, movement, &account, amount)
    }
}

/// Releases a hold: the money is available again. Refusals: unknown, captured or ended before.
pub struct ReleaseHold {
    /// Which hold.
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
