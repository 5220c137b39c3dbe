//! Clients: onboarding, changes and status.

mod labels;
mod personal;
mod profile_states;
mod profiles;

pub(in crate::app) use labels::*;
pub use personal::*;
pub use profile_states::*;
pub use profiles::*;
