//! Turns of long reads: only some run at once, and fewer of one operator, so that nobody keeps the others waiting.

use crate::domain::ids::PrincipalSerial;
use crate::domain::refusal::{Excess, Refusal};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// The part of the configuration that long reads need.
#[derive(Clone, Copy, Debug)]
pub struct ReadLimits {
    /// The most that run at once.
    pub all: usize,
    /// The most of one operator that run at once, over all its tokens; one less than `all` if it is not below that.
    pub each: usize,
    /// The most of one operator that wait.
    pub waiting: usize,
    /// How long a read may wait.
    pub patience: Duration,
}

impl Default for ReadLimits {
    fn default() -> Self {
        ReadLimits { all: 4, each: 3, waiting: 100, patience: Duration::from_secs(5) }
    }
}

/// When a caller with too many reads may try again, in seconds.
const RETRY_AFTER_S: u32 = 1;

pub(in crate::app) struct Reads {
    limits: ReadLimits,
    turns: Mutex<Turns>,
}

#[derive(Default)]
struct Turns {
    running: usize,
    /// Those with reads that run or wait.
    operators: HashMap<PrincipalSerial, Operator>,
    /// Those with reads that wait, in the order in which they get the next turns.
    order: VecDeque<PrincipalSerial>,
}

#[derive(Default)]
struct Operator {
    running: usize,
    waiting: VecDeque<oneshot::Sender<ReadTurn>>,
}

/// The right to run a long read and render its answer, until it is dropped.
pub struct ReadTurn {
    reads: Arc<Reads>,
    operator: PrincipalSerial,
}

impl Drop for ReadTurn {
    fn drop(&mut self) {
        self.reads.end(self.operator);
    }
}

impl Reads {
    pub(in crate::app) fn new(limits: ReadLimits) -> Arc<Reads> {
        let all = limits.all.max(1);
        let limits = ReadLimits { all, each: limits.each.min(all - 1).max(1), ..limits };
        Arc::new(Reads { limits, turns: Mutex::default() })
    }

    /// Waits for a turn. The operators that wait get turns one after the other, however many reads each of them has.
    pub(in crate::app) async fn turn(self: &Arc<Reads>, operator: PrincipalSerial) -> Result<ReadTurn, Refusal> {
        let coming = {
            let mut turns = self.lock();
            let is_one_free = turns.running < self.limits.all;
            let own = turns.operators.entry(operator).or_default();
            if is_one_free && own.running < self.limits.each && own.waiting.is_empty() {
                own.running += 1;
                turns.running += 1;
                return Ok(self.turn_of(operator));
            }
            turns.wait(operator, self.limits.waiting)?
        };
        match tokio::time::timeout(self.limits.patience, coming).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(Refusal::Busy { retry_after_s: RETRY_AFTER_S }),
        }
    }

    fn end(self: &Arc<Reads>, operator: PrincipalSerial) {
        // Turns of callers that left at this moment; dropped after the lock, which that needs.
        let mut unclaimed = Vec::new();
        let mut turns = self.lock();
        turns.running -= 1;
        if let Some(own) = turns.operators.get_mut(&operator) {
            own.running -= 1;
        }
        while turns.running < self.limits.all
            && let Some((next, waiting)) = turns.next(self.limits.each)
        {
            unclaimed.extend(waiting.send(self.turn_of(next)).err());
        }
        if turns.operators.get(&operator).is_some_and(|own| own.running == 0 && own.waiting.is_empty()) {
            turns.operators.remove(&operator);
        }
    }

    fn turn_of(self: &Arc<Reads>, operator: PrincipalSerial) -> ReadTurn {
        ReadTurn { reads: Arc::clone(self), operator }
    }

    fn lock(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turns {
    fn wait(&mut self, operator: PrincipalSerial, max: usize) -> Result<oneshot::Receiver<ReadTurn>, Refusal> {
        let own = self.operators.entry(operator).or_default();
        if own.waiting.len() >= max {
            own.waiting.retain(|waiting| !waiting.is_closed());
        }
        if own.waiting.len() >= max {
            return Err(Refusal::Throttled { what: Excess::Reads { max }, retry_after_s: RETRY_AFTER_S });
        }
        let (sender, receiver) = oneshot::channel();
        own.waiting.push_back(sender);
        if !self.order.contains(&operator) {
            self.order.push_back(operator);
        }
        Ok(receiver)
    }

    /// Counts the next read that may run as running; `None` if none may.
    fn next(&mut self, each: usize) -> Option<(PrincipalSerial, oneshot::Sender<ReadTurn>)> {
        loop {
            let may_run = |operator| self.operators.get(operator).is_some_and(|own| own.running < each);
            let place = self.order.iter().position(may_run)?;
            let operator = self.order.remove(place)?;
            let own = self.operators.get_mut(&operator)?;
            let waiting = own.waiting.pop_front();
            if !own.waiting.is_empty() {
                self.order.push_back(operator);
            }
            if let Some(waiting) = waiting.filter(|waiting| !waiting.is_closed()) {
                own.running += 1;
                self.running += 1;
                return Some((operator, waiting));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    type Coming = Pin<Box<dyn Future<Output = Result<ReadTurn, Refusal>>>>;

    fn reads(all: usize, each: usize, waiting: usize) -> Arc<Reads> {
        Reads::new(ReadLimits { all, each, waiting, patience: Duration::from_secs(60) })
    }

    fn ask(reads: &Arc<Reads>, operator: i64) -> Coming {
        let reads = Arc::clone(reads);
        let mut coming: Coming = Box::pin(async move { reads.turn(PrincipalSerial(operator)).await });
        // Takes its place in the queue. A turn that is due at once is kept as a finished future.
        match poll(&mut coming) {
            Some(turn) => Box::pin(async { turn }),
            None => coming,
        }
    }

    fn poll(coming: &mut Coming) -> Option<Result<ReadTurn, Refusal>> {
        match coming.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(turn) => Some(turn),
            Poll::Pending => None,
        }
    }

    fn turn(coming: &mut Coming) -> ReadTurn {
        poll(coming).unwrap().unwrap()
    }

    #[tokio::test]
    async fn an_operator_has_some_turns_and_leaves_the_others() {
        let reads = reads(3, 2, 10);
        let mut flood: Vec<Coming> = (0..5).map(|_| ask(&reads, 1)).collect();
        let first = (turn(&mut flood[0]), turn(&mut flood[1]));
        assert!(poll(&mut flood[2]).is_none());
        let other = turn(&mut ask(&reads, 2));
        drop(other);
        assert!(poll(&mut flood[2]).is_none(), "the third turn is for others");
        drop(first.0);
        let third = turn(&mut flood[2]);
        assert!(poll(&mut flood[3]).is_none());
        drop((first.1, third, flood));
        let turns = reads.turns.lock().unwrap();
        assert_eq!((turns.running, turns.operators.len(), turns.order.len()), (0, 0, 0));
    }

    #[tokio::test]
    async fn an_operator_never_has_all_turns_if_there_are_several() {
        let reads = reads(2, 9, 10);
        let held = turn(&mut ask(&reads, 1));
        assert!(poll(&mut ask(&reads, 1)).is_none());
        drop(turn(&mut ask(&reads, 2)));
        drop(held);
    }

    #[tokio::test]
    async fn operators_that_wait_take_turns() {
        let reads = reads(1, 1, 10);
        let running = turn(&mut ask(&reads, 1));
        let mut flood: Vec<Coming> = (0..3).map(|_| ask(&reads, 1)).collect();
        let mut late = ask(&reads, 2);
        drop(running);
        let running = turn(&mut flood[0]);
        assert!(poll(&mut late).is_none());
        drop(running);
        let running = turn(&mut late);
        drop(running);
        assert!(poll(&mut flood[1]).is_some_and(|turn| turn.is_ok()));
    }

    #[tokio::test]
    async fn the_queue_is_bounded_and_who_left_takes_no_place() {
        let reads = reads(1, 1, 2);
        let running = turn(&mut ask(&reads, 1));
        let left = ask(&reads, 1);
        let mut waits = ask(&reads, 1);
        assert_eq!(
            poll(&mut ask(&reads, 1)).unwrap().err(),
            Some(Refusal::Throttled { what: Excess::Reads { max: 2 }, retry_after_s: 1 })
        );
        drop(left);
        let mut after = ask(&reads, 1);
        assert!(poll(&mut after).is_none());
        drop(running);
        drop(turn(&mut waits));
        drop(turn(&mut after));
    }

    #[tokio::test]
    async fn waiting_ends() {
        let reads = Reads::new(ReadLimits { all: 1, each: 1, waiting: 2, patience: Duration::from_millis(1) });
        let running = turn(&mut ask(&reads, 1));
        let refused = ask(&reads, 2).await.err();
        assert_eq!(refused, Some(Refusal::Busy { retry_after_s: 1 }));
        drop(running);
        drop(turn(&mut ask(&reads, 2)));
    }
}
