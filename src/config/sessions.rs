//! `[sessions]`: the tokens that end users present to the trading platform.

use super::section::section;
use super::source::Finding;

section! {
    /// End-user tokens: signed by bursar, verified by the trading platform.
    pub struct Sessions {
        /// The `iss` claim of every token; the platform checks it.
        issuer: String = "bursar".into();
        /// The `aud` claim of every token: the platform that it is for.
        audience: String = "trading-platform".into();
        /// Seconds until a token expires; keep it short, because a signed token cannot be revoked.
        lifetime_s: u64 = 900, in 30..=86_400;
        /// Seconds that platforms may cache the published keys.
        key_cache_s: u64 = 300, in 0..=86_400;
        /// Seconds that a new key is published before it signs; at least key_cache_s.
        key_notice_s: u64 = 600, in 0..=86_400;
    }
}

impl Sessions {
    pub(super) fn validate(&self, findings: &mut Vec<Finding>) {
        for (key, value) in [("sessions.issuer", &self.issuer), ("sessions.audience", &self.audience)] {
            if value.trim().is_empty() {
                let fix = format!("Set {key} to what the trading platform expects, or remove it to use the default.");
                findings.push(Finding::new(key, "is empty, and platforms refuse tokens without it", fix));
            }
        }
        if self.key_notice_s < self.key_cache_s {
            let what = format!(
                "is shorter than sessions.key_cache_s = {}: platforms would not know the new key",
                self.key_cache_s
            );
            let fix = format!("Set it to at least {}.", self.key_cache_s);
            findings.push(Finding::new("sessions.key_notice_s", what, fix));
        }
    }
}
