//! Sandbox commands: moving the clock, starting over, and sample data.

mod sample_clients;
mod sample_prices;
mod sample_traders;
mod sample_trading;
mod sandbox;

pub use sandbox::*;
