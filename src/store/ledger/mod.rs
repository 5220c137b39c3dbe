//! Books, entries, movements, and the history of figures behind statements.

mod books;
mod entries;
mod figures;
mod movements;
mod statements;
mod transactions;

pub use books::*;
pub use entries::*;
pub use movements::*;
pub use statements::*;
pub use transactions::*;
