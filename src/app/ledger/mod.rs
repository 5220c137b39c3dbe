//! Money: deposits, withdrawals, transfers, holds, adjustments and reversals, and the balances and statements they
//! result in.

mod deals;
mod deposits;
mod externals;
mod funding;
mod held_money;
mod holds;
mod limits;
mod movements;
mod openings;
mod posting;
mod proofs;
mod reversals;
mod statements;
mod transactions;
mod transfers;
mod withdrawal_fees;
mod withdrawals;

pub use deals::*;
pub use deposits::*;
pub(in crate::app) use externals::*;
pub use funding::*;
pub use held_money::*;
pub use holds::*;
pub(in crate::app) use limits::*;
pub use movements::*;
pub use openings::*;
pub(in crate::app) use posting::*;
pub use proofs::*;
pub use reversals::*;
pub use statements::*;
pub use transactions::*;
pub use transfers::*;
pub(in crate::app) use withdrawal_fees::*;
pub use withdrawals::*;
