//! Throttling of password guesses. A try is counted before the password is checked and given back if it was right, so
//! that parallel guesses count like consecutive ones. State is in memory and bounded: it need not survive a restart.

use crate::domain::clock::Moment;
use crate::domain::ids::PrincipalSerial;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

/// The most subjects tracked.
const SUBJECTS_MAX: usize = 100_000;

/// What tries are counted by. Names are folded for case-insensitive comparison.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Subject<'a> {
    /// An operator's name from one address. Someone elsewhere who guesses does not lock the operator out.
    OperatorFrom(&'a str, IpAddr),
    /// An operator's name from any address: limits guesses that come from many.
    Operator(&'a str),
    /// Any operator's name from one address: limits guesses at many names.
    Address(IpAddr),
    /// The id of an API client from one address. Its secret cannot be guessed, so what others try does not matter.
    ApiClient(&'a str, IpAddr),
    /// An end user's e-mail address. The caller is the broker's own back end, so its address says nothing.
    Client(&'a str),
    /// An e-mail address of no client that this caller sees.
    UnknownClient(PrincipalSerial, &'a str),
}

impl Subject<'_> {
    fn limit(self) -> Limit {
        match self {
            Subject::OperatorFrom(..) | Subject::ApiClient(..) | Subject::Client(_) | Subject::UnknownClient(..) => {
                Limit { tries: 10, back_after_ms: 120_000, is_cleared_by_success: true }
            }
            Subject::Operator(_) => Limit { tries: 30, back_after_ms: 60_000, is_cleared_by_success: false },
            Subject::Address(_) => Limit { tries: 50, back_after_ms: 20_000, is_cleared_by_success: false },
        }
    }

    /// Whoever has one IPv6 address usually has the whole /64 network.
    fn by_network(self) -> Self {
        let network = |address: IpAddr| match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
            v4 => v4,
        };
        match self {
            Subject::OperatorFrom(name, address) => Subject::OperatorFrom(name, network(address)),
            Subject::ApiClient(id, address) => Subject::ApiClient(id, network(address)),
            Subject::Address(address) => Subject::Address(network(address)),
            other => other,
        }
    }
}

/// So many tries at once, and one more after each interval.
#[derive(Clone, Copy, Debug)]
struct Limit {
    tries: i64,
    back_after_ms: i64,
    /// Not where others' guesses are counted as well.
    is_cleared_by_success: bool,
}

impl Limit {
    /// The tries used, in milliseconds until all are back. Bounded, so that a clock set back cannot prolong a wait.
    fn used_ms(self, free_at_ms: Option<i64>, now_ms: i64) -> i64 {
        let used_ms = free_at_ms.map_or(0, |at| at.saturating_sub(now_ms));
        used_ms.clamp(0, self.tries * self.back_after_ms)
    }

    /// Milliseconds until the next try is allowed.
    fn wait_ms(self, free_at_ms: Option<i64>, now_ms: i64) -> i64 {
        let left = (self.tries - 1) * self.back_after_ms;
        (self.used_ms(free_at_ms, now_ms) - left).max(0)
    }
}

/// Counts tries by subject, each as the moment when all its tries are back, in Unix milliseconds.
#[derive(Debug, Default)]
pub struct Throttle {
    free_at_ms: Mutex<HashMap<u64, i64>>,
    /// Keyed at random: callers choose names and must not be able to choose collisions.
    keys: RandomState,
}

/// A try that was counted. It stays counted when this is dropped.
#[must_use]
pub struct Try<'t> {
    throttle: &'t Throttle,
    counted: Vec<(u64, Limit)>,
}

impl Throttle {
    /// Counts a try for all its subjects. If one of them has no try left, counts nothing and fails with the seconds to
    /// wait.
    pub fn enter(&self, subjects: &[Subject<'_>], now: Moment) -> Result<Try<'_>, u32> {
        let now_ms = now.unix_ms();
        let counted: Vec<_> =
            subjects.iter().map(|subject| (self.keys.hash_one(subject.by_network()), subject.limit())).collect();
        let mut known = self.free_at_ms.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = counted.iter().map(|(key, limit)| limit.wait_ms(known.get(key).copied(), now_ms));
        let wait_ms = waits.max().unwrap_or(0);
        if wait_ms > 0 {
            return Err(u32::try_from((wait_ms + 999) / 1000).unwrap_or(u32::MAX));
        }
        for (key, limit) in &counted {
            if known.len() >= SUBJECTS_MAX && !known.contains_key(key) {
                make_room(&mut known, now_ms);
            }
            let used_ms = limit.used_ms(known.get(key).copied(), now_ms);
            known.insert(*key, now_ms + used_ms + limit.back_after_ms);
        }
        Ok(Try { throttle: self, counted })
    }
}

/// Drops the subjects that have all their tries back; if there are none, the one that would be next.
fn make_room(known: &mut HashMap<u64, i64>, now_ms: i64) {
    known.retain(|_, free_at_ms| *free_at_ms > now_ms);
    if known.len() >= SUBJECTS_MAX {
        let next = known.iter().min_by_key(|(_, free_at_ms)| **free_at_ms).map(|(key, _)| *key);
        next.map(|key| known.remove(&key));
    }
}

impl Try<'_> {
    /// The password was right: the try does not count, nor do earlier ones that only this name and address made.
    pub fn succeed(self) {
        self.undo(true);
    }

    /// The password was not checked.
    pub fn give_back(self) {
        self.undo(false);
    }

    fn undo(self, is_success: bool) {
        let mut known = self.throttle.free_at_ms.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, limit) in self.counted {
            if is_success && limit.is_cleared_by_success {
                known.remove(&key);
            } else if let Some(free_at_ms) = known.get_mut(&key) {
                *free_at_ms -= limit.back_after_ms;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Moment {
        Moment::from_unix_ms(1_000_000_000_000)
    }

    fn from(name: &str, last: u8) -> [Subject<'_>; 3] {
        let address = IpAddr::from([10, 0, 0, last]);
        [Subject::OperatorFrom(name, address), Subject::Operator(name), Subject::Address(address)]
    }

    /// How many tries in a row are admitted.
    fn admitted(throttle: &Throttle, subjects: &[Subject<'_>], now: Moment) -> usize {
        (0..1000).take_while(|_| throttle.enter(subjects, now).is_ok()).count()
    }

    #[test]
    fn tries_run_out_and_come_back_one_by_one() {
        let throttle = Throttle::default();
        assert_eq!(admitted(&throttle, &from("ops", 1), start()), 10);
        assert_eq!(throttle.enter(&from("ops", 1), start().plus_s(1)).err(), Some(119));
        assert_eq!(admitted(&throttle, &from("ops", 1), start().plus_s(120)), 1);
        assert_eq!(admitted(&throttle, &from("ops", 1), start().plus_s(4000)), 10);
        // A clock that was set back does not prolong the wait beyond all tries.
        assert_eq!(throttle.enter(&from("ops", 1), start()).err(), Some(120));
    }

    #[test]
    fn one_address_does_not_use_up_the_tries_of_others() {
        let throttle = Throttle::default();
        assert_eq!(admitted(&throttle, &from("ops", 1), start()), 10);
        assert_eq!(admitted(&throttle, &from("ops", 2), start()), 10);
        assert_eq!(admitted(&throttle, &from("OPS", 2), start()), 10, "the address has tries left for other names");
        assert_eq!(admitted(&throttle, &from("ops", 3), start()), 10);
        assert_eq!(admitted(&throttle, &from("ops", 4), start()), 0, "the name has run out");
        let names: Vec<_> = (0..100).map(|n| format!("name{n}")).collect();
        let spread = |name: &String| admitted(&throttle, &from(name, 9), start());
        assert_eq!(names.iter().map(spread).sum::<usize>(), 50, "so has an address that tries many names");
    }

    #[test]
    fn a_success_gives_the_try_back_and_clears_what_is_the_callers_own() {
        let throttle = Throttle::default();
        for _ in 0..100 {
            throttle.enter(&from("ops", 1), start()).ok().unwrap().succeed();
        }
        assert_eq!(admitted(&throttle, &from("ops", 1), start()), 10);
        let other = from("other", 1);
        for _ in 0..9 {
            let _ = throttle.enter(&other, start());
        }
        throttle.enter(&other, start()).ok().unwrap().succeed();
        assert_eq!(admitted(&throttle, &other, start()), 10);
        // 10 + 9 + 10 of the address are counted, and what was given back is not.
        assert_eq!(admitted(&throttle, &[Subject::Address(IpAddr::from([10, 0, 0, 1]))], start()), 21);
    }

    #[test]
    fn ipv6_addresses_count_by_their_network() {
        let throttle = Throttle::default();
        let at = |text: &str| [Subject::Address(text.parse().unwrap())];
        assert_eq!(admitted(&throttle, &at("2001:db8::1"), start()), 50);
        assert_eq!(admitted(&throttle, &at("2001:db8::ffff:0:2"), start()), 0);
        assert_eq!(admitted(&throttle, &at("2001:db8:0:1::1"), start()), 50);
        assert_eq!(admitted(&throttle, &at("10.0.0.1"), start()), 50);
        assert_eq!(admitted(&throttle, &at("::ffff:10.0.0.1"), start()), 0);
    }

    #[test]
    fn memory_is_bounded_and_those_who_wait_stay() {
        let throttle = Throttle::default();
        assert_eq!(admitted(&throttle, &[Subject::Client("victim")], start()), 10);
        for n in 0..SUBJECTS_MAX + 5 {
            let _ = throttle.enter(&[Subject::Client(&n.to_string())], start());
        }
        assert_eq!(throttle.free_at_ms.lock().unwrap().len(), SUBJECTS_MAX);
        assert_eq!(admitted(&throttle, &[Subject::Client("victim")], start()), 0);
    }
}
