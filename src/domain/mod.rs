//! The pure core: money, accounts and entries, and the rules that hold between them.
//!
//! Nothing here does I/O, knows a wire format or SQL, or reads a clock: time and randomness are arguments, so every
//! rule can be tested with a plain call. Each area has a folder of the same name here, in `app` and in `store`; what
//! all areas share is beside the folders.

pub mod access;
pub mod accounts;
pub mod approvals;
pub mod bank;
pub mod clients;
pub mod clock;
pub mod clock_watch;
pub mod day;
pub mod events;
pub mod ids;
pub mod ledger;
pub mod merkle;
pub mod money;
pub mod named;
pub mod organizations;
pub mod page;
pub mod reference;
pub mod refusal;
pub mod search;
pub mod status;
pub mod text;
pub mod trading;
