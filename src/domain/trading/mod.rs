//! What a trading platform reports, and what follows from it: positions, price profit, margin, protection.
//!
//! Everything here is computed: rows and events come in, figures go out.

mod kinds;

pub use kinds::{
    ExecutionEntry, MarginBasis, OrderState, OrderType, ProtectAfter, Side, SwapBookedBy, SymbolClass, TimeInForce,
    VolumeUnit,
};
