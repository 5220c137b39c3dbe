//! What a trading platform reports, and what follows from it: positions, price profit, margin, protection.
//!
//! Everything here is computed: rows and events come in, figures go out.

mod kinds;

pub use crate::domain::reference::{MarginBasis, ProtectAfter, SwapBookedBy, SymbolClass, VolumeUnit};
pub use kinds::{ExecutionEntry, OrderState, OrderType, Side, TimeInForce};
