//! The pure core: what money, accounts and entries are, and which rules hold between them.
//!
//! Nothing here does I/O, knows a wire format or SQL, or reads a clock: time and randomness come in as arguments, so
//! that every rule can be tested by calling a function.

pub mod account;
pub mod balance;
pub mod clock;
pub mod currency;
pub mod entry;
pub mod event;
pub mod group;
pub mod house;
pub mod ids;
pub mod labels;
pub mod money;
pub mod movement;
pub mod owner;
pub mod page;
pub mod principal;
pub mod profile;
pub mod refusal;
pub mod statement;
pub mod text;
