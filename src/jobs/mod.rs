//! Work that nobody asked for: what has to be done by itself while the server runs.

pub mod housekeeping;
