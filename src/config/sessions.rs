//! `[sessions]`: the tokens that end users take to the trading platform.

use super::section::section;
use super::source::Finding;

section! {
    /// End-user tokens: signed by bursar, verified by the trading platform.
    pub struct Sessions {
        /// The `iss` of every token; the platform checks it.
        issuer: String = "bursar".into();
        /// The `aud` of every token: the platform that it is for.
        audience: String = "trading-platform".into();
        /// Seconds that a token lasts; short, because a signed token cannot be called back.
        lifetime_s: u64 = 900, in 30..=86_400;
    }
}

impl Sessions {
    pub(super) fn validate(&self, findings: &mut Vec<Finding>) {
        for (key, value) in [("sessions.issuer", &self.issuer), ("sessions.audience", &self.audience)] {
            if value.trim().is_empty() {
                let fix = format!("Set {key} to what the trading platform expects, or remove it for the default.");
                findings.push(Finding::new(key, "is empty, and a token without it is refused everywhere", fix));
            }
        }
    }
}
