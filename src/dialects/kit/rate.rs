//! Limits how many requests each token may send, and tells clients how many are left, in the headers of the IETF draft
//! "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers-10).

use crate::domain::access::{Principal, PrincipalKind};
use crate::domain::ids::{PrincipalSerial, TokenId};
use crate::domain::refusal::{Excess, Refusal};
use actix_web::HttpResponseBuilder;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;

/// A token, or an API client or an operator without one.
type Sender = (PrincipalSerial, Option<TokenId>);

/// The most senders remembered before those that have been quiet are forgotten.
const REMEMBERED_MAX: usize = 10_000;

/// The requests of all tokens.
pub struct Rates {
    limiter: RateLimiter<Sender, HashMapStateStore<Sender>, DefaultClock, StateInformationMiddleware>,
    clock: DefaultClock,
    per_second: NonZeroU32,
    burst: NonZeroU32,
}

/// What is left of a token's quota.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remainder {
    quota: u32,
    /// The seconds in which the quota is earned anew.
    window_s: u32,
    requests: u32,
    /// Seconds until the whole quota is there again.
    reset_s: u32,
}

impl Rates {
    /// `None` if either number is zero.
    pub fn new(per_second: u64, burst: u64) -> Option<Rates> {
        let number = |number: u64| NonZeroU32::new(u32::try_from(number).unwrap_or(u32::MAX));
        let (per_second, burst) = (number(per_second)?, number(burst)?);
        let limiter = RateLimiter::hashmap(Quota::per_second(per_second).allow_burst(burst)).with_middleware();
        Some(Rates { limiter, clock: DefaultClock::default(), per_second, burst })
    }

    pub(super) fn count(&self, principal: &Principal) -> (Remainder, Result<(), Refusal>) {
        if self.limiter.len() > REMEMBERED_MAX {
            self.limiter.retain_recent();
        }
        // An API client gets a new token whenever it likes.
        let token = principal.token.filter(|_| principal.kind != PrincipalKind::ApiClient);
        match self.limiter.check_key(&(principal.serial, token)) {
            Ok(state) => (self.remainder(state.remaining_burst_capacity()), Ok(())),
            Err(not_yet) => {
                let wait = not_yet.wait_time_from(self.clock.now());
                let retry_after_s = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
                let what = Excess::Requests { per_second: self.per_second.get() };
                (self.remainder(0), Err(Refusal::Throttled { what, retry_after_s }))
            }
        }
    }

    fn remainder(&self, requests: u32) -> Remainder {
        let (quota, per_second) = (self.burst.get(), self.per_second.get());
        let seconds = |requests: u32| requests.div_ceil(per_second);
        Remainder { quota, window_s: seconds(quota), requests, reset_s: seconds(quota.saturating_sub(requests)) }
    }
}

impl Remainder {
    pub(super) fn write(self, response: &mut HttpResponseBuilder) {
        let Remainder { quota, window_s, requests, reset_s } = self;
        response.insert_header(("RateLimit-Policy", format!("\"token\";q={quota};w={window_s}")));
        response.insert_header(("RateLimit", format!("\"token\";r={requests};t={reset_s}")));
    }
}
