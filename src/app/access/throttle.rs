//! Throttling of logins: after a few failed attempts, each further one has to wait longer. State is in memory and
//! bounded: it protects against guessing, which need not survive a restart.

use crate::domain::clock::Moment;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Failed attempts without a wait.
const FREE_TRIES: u32 = 5;
/// The longest wait, in seconds.
const WAIT_MAX_S: i64 = 900;
/// The most names and addresses tracked.
const REMEMBERED_MAX: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Tries {
    wrong: u32,
    next_at: Moment,
}

/// Counts failed attempts by subject: a name or an address.
#[derive(Debug, Default)]
pub struct Throttle {
    subjects: Mutex<HashMap<String, Tries>>,
}

impl Throttle {
    /// The longest remaining wait of the subjects in seconds; None if an attempt is allowed.
    pub fn wait_s(&self, subjects: &[String], now: Moment) -> Option<u32> {
        let known = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
        let wait_ms = subjects
            .iter()
            .filter_map(|subject| known.get(subject))
            .map(|tries| tries.next_at.unix_ms() - now.unix_ms());
        wait_ms.max().filter(|ms| *ms > 0).map(|ms| u32::try_from((ms + 999) / 1000).unwrap_or(u32::MAX))
    }

    /// Counts a failed attempt.
    pub fn wrong(&self, subjects: &[String], now: Moment) {
        let mut known = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
        for subject in subjects {
            if known.len() >= REMEMBERED_MAX && !known.contains_key(subject) {
                known.retain(|_, tries| tries.next_at.plus_s(WAIT_MAX_S) > now);
            }
            if known.len() >= REMEMBERED_MAX && !known.contains_key(subject) {
                // Every entry is recent: evict the one whose wait ends first.
                let first = known.iter().min_by_key(|(_, tries)| tries.next_at).map(|(subject, _)| subject.clone());
                first.map(|subject| known.remove(&subject));
            }
            let tries = known.entry(subject.clone()).or_insert(Tries { wrong: 0, next_at: now });
            if tries.next_at.plus_s(WAIT_MAX_S) < now {
                tries.wrong = 0; // long ago
            }
            tries.wrong = tries.wrong.saturating_add(1);
            let excess = tries.wrong.saturating_sub(FREE_TRIES - 1);
            let wait_s = if excess == 0 { 0 } else { 2i64.saturating_pow(excess.min(20)).min(WAIT_MAX_S) };
            tries.next_at = now.plus_s(wait_s);
        }
    }

    /// Resets the failed attempts of a subject after a success.
    pub fn right(&self, subject: &str) {
        self.subjects.lock().unwrap_or_else(PoisonError::into_inner).remove(subject);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_after_the_free_attempts_and_end() {
        let throttle = Throttle::default();
        let subject = ["name:ops".to_owned()];
        let start = Moment::from_unix_ms(0);
        for _ in 0..FREE_TRIES - 1 {
            throttle.wrong(&subject, start);
            assert_eq!(throttle.wait_s(&subject, start), None);
        }
        throttle.wrong(&subject, start);
        assert_eq!(throttle.wait_s(&subject, start), Some(2));
        throttle.wrong(&subject, start);
        assert_eq!(throttle.wait_s(&subject, start), Some(4));
        assert_eq!(throttle.wait_s(&subject, start.plus_s(4)), None);
        throttle.right(&subject[0]);
        throttle.wrong(&subject, start);
        assert_eq!(throttle.wait_s(&subject, start), None);
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::default();
        for n in 0..REMEMBERED_MAX + 50 {
            throttle.wrong(&[format!("name:{n}")], Moment::from_unix_ms(0));
        }
        assert_eq!(throttle.subjects.lock().unwrap().len(), REMEMBERED_MAX);
    }
}
