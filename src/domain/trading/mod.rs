//! What a trading platform reports, and what follows from it: positions, price profit, margin, protection.
//!
//! Everything here is computed: rows and events come in, figures go out.

mod derive;
mod event;
mod exact;
mod fill;
mod instrument;
mod kinds;
mod margin;
mod position;
mod protection;
mod protection_run;
mod rates;
mod recorded;
mod small;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod worked_examples;

pub use crate::domain::reference::{MarginBasis, ProtectAfter, SwapBookedBy, SymbolClass, VolumeUnit};
pub use derive::{ClosedPosition, Derivation, Outcome, ProfitTooLarge, State, derive};
pub use event::*;
pub use exact::{Exact, NumberError};
pub use fill::{Fill, Place, Scope, Split, Step, Trade};
pub use instrument::Instrument;
pub use kinds::{ExecutionEntry, OrderState, OrderType, Side, TimeInForce};
pub use margin::{Dependency, Holdings, MarginFigures, MarginTerms, Need, PositionFigures, WorkingOrder};
pub use position::{Closing, Position};
pub use protection::{ClosingFill, Protection, ProtectionTerms};
pub use protection_run::{MoneyCharge, MoneyStep, Moved, ProtectionRun};
pub use rates::{FillRates, FoundRate, MissingRate, Quote, RatePair, RateTable};
pub use recorded::*;
