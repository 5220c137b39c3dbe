//! Money on the move: entries, house accounts, movements and statements.

mod entry;
mod house;
mod movement;
mod stage;
mod statement;

pub use entry::*;
pub use house::*;
pub use movement::*;
pub use stage::*;
pub use statement::*;
