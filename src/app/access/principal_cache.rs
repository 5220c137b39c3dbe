//! Caches the principals behind tokens, so that a call needs no query, and notes when each token was used.

use crate::domain::access::Principal;
use crate::domain::clock::Moment;
use crate::domain::ids::TokenId;
use crate::domain::refusal::Refusal;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// The most principals cached.
const CACHED_MAX: usize = 10_000;
/// How much later than stored the last use of a token must be to be stored again.
const USE_STEP_MS: i64 = 3_600_000;

/// Principals by the hash of the token. Cleared whenever an operator or a token changes, which only this process does.
#[derive(Debug, Default)]
pub(in crate::app) struct PrincipalCache {
    inner: RwLock<Cached>,
    uses: Mutex<HashMap<TokenId, Use>>,
}

#[derive(Debug, Default)]
struct Cached {
    epoch: u64,
    principals: HashMap<[u8; 32], Known>,
}

#[derive(Debug)]
struct Known {
    principal: Arc<Principal>,
    used_at_ms: AtomicI64,
}

/// The last use of a token.
#[derive(Clone, Copy, Default, Debug)]
struct Use {
    at_ms: i64,
    stored_ms: i64,
}

impl PrincipalCache {
    /// The cached principal, if its token may be used now and from this address; None if it is not cached. Also the
    /// epoch, for [`PrincipalCache::put`].
    pub(super) fn admit(
        &self,
        hash: &[u8; 32],
        now: Moment,
        address: IpAddr,
    ) -> (u64, Option<Result<Arc<Principal>, Refusal>>) {
        let cached = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let admitted = cached.principals.get(hash).map(|known| {
            known.principal.admit(now, address)?;
            known.used_at_ms.store(now.unix_ms(), Ordering::Relaxed);
            Ok(Arc::clone(&known.principal))
        });
        (cached.epoch, admitted)
    }

    /// Caches a principal that was admitted, unless something has changed since `epoch`, when it was looked up.
    pub(super) fn put(&self, epoch: u64, hash: [u8; 32], principal: &Arc<Principal>, now: Moment) {
        let mut cached = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if cached.epoch == epoch {
            if cached.principals.len() >= CACHED_MAX {
                self.collect_uses(&cached);
                cached.principals.clear();
            }
            let known = Known { principal: Arc::clone(principal), used_at_ms: AtomicI64::new(now.unix_ms()) };
            cached.principals.insert(hash, known);
        }
    }

    /// Incremented whenever an operator or a token changes.
    pub(in crate::app) fn epoch(&self) -> u64 {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).epoch
    }

    pub(in crate::app) fn forget(&self) {
        let mut cached = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        self.collect_uses(&cached);
        cached.epoch += 1;
        cached.principals.clear();
    }

    fn collect_uses(&self, cached: &Cached) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        for known in cached.principals.values() {
            if let Some(token) = known.principal.token {
                uses.entry(token).or_default().at_ms = known.used_at_ms.load(Ordering::Relaxed);
            }
        }
    }

    /// When a token was used last, as far as this process knows.
    pub(super) fn last_use(&self, token: TokenId) -> Option<Moment> {
        self.collect_uses(&self.inner.read().unwrap_or_else(PoisonError::into_inner));
        let uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.get(&token).map(|used| Moment::from_unix_ms(used.at_ms))
    }

    /// The uses to store, and takes them as stored: those at least an hour later than what was stored, or all that are
    /// later.
    pub(in crate::app) fn uses_to_store(&self, now: Moment, all: bool) -> Vec<(TokenId, Moment)> {
        self.collect_uses(&self.inner.read().unwrap_or_else(PoisonError::into_inner));
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        // What is dropped is collected again with the next use, which will be due at once.
        uses.retain(|_, used| used.at_ms > used.stored_ms || now.unix_ms() - used.at_ms < USE_STEP_MS);
        let step_ms = if all { 1 } else { USE_STEP_MS };
        let due = uses.iter_mut().filter(|(_, used)| used.at_ms - used.stored_ms >= step_ms);
        due.map(|(token, used)| {
            used.stored_ms = used.at_ms;
            (*token, Moment::from_unix_ms(used.at_ms))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::{PrincipalKind, Visibility};
    use crate::domain::ids::{PrincipalId, PrincipalSerial};
    use uuid::Uuid;

    #[test]
    fn the_use_of_a_token_is_stored_once_an_hour_and_survives_a_change_of_access() {
        let cache = PrincipalCache::default();
        let (start, hash, token) = (Moment::from_unix_ms(1_000_000_000_000), [7; 32], TokenId::from(Uuid::nil()));
        let principal = Arc::new(Principal {
            serial: PrincipalSerial(2),
            id: PrincipalId::from(Uuid::nil()),
            kind: PrincipalKind::Operator,
            name: "ada".into(),
            rights: [].into(),
            visibility: Visibility::Everything,
            networks: Vec::new(),
            token: Some(token),
            expires_at: Some(start.plus_s(9000)),
            client: None,
        });
        let call = |at: Moment| match cache.admit(&hash, at, IpAddr::from([10, 0, 0, 1])) {
            (_, Some(admitted)) => admitted.is_ok(),
            (epoch, None) => {
                cache.put(epoch, hash, &principal, at);
                true
            }
        };
        let due = |at: Moment, all: bool| cache.uses_to_store(at, all).iter().map(|(_, at)| *at).collect::<Vec<_>>();
        assert!(call(start));
        assert_eq!((due(start, false), due(start, false)), (vec![start], vec![]));
        assert!(call(start.plus_s(3599)));
        cache.forget();
        assert_eq!(due(start.plus_s(3599), false), []);
        assert_eq!(cache.last_use(token), Some(start.plus_s(3599)), "forgetting principals keeps uses");
        assert!(call(start.plus_s(3600)));
        assert_eq!(due(start.plus_s(3600), false), [start.plus_s(3600)]);
        assert!(call(start.plus_s(3601)));
        assert_eq!(due(start.plus_s(3601), true), [start.plus_s(3601)], "all of them when the server stops");
        assert!(!call(start.plus_s(9001)), "expired");
        assert_eq!(cache.last_use(token), Some(start.plus_s(3601)), "a refused call is no use");
    }
}
