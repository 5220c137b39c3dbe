//! The ledger: entries, house accounts, movements and statements.

mod arrival;
mod entry;
mod external;
mod house;
mod movement;
mod stage;
mod statement;
mod transaction;

pub use arrival::*;
pub use entry::*;
pub use external::*;
pub use house::*;
pub use movement::*;
pub use stage::*;
pub use statement::*;
pub use transaction::*;
