//! Who may do what: operators, their rights, and what they see.

mod principal;

pub use principal::*;
