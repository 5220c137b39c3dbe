//! The API dialects: each speaks one documented interface over the same core. No dialect names another; what they share
//! is in [`kit`].

pub mod kit;
pub mod native;
