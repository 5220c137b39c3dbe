//! Compares the deposits that the clients sent with what the server shows.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::run;

/// How long a refused client waits before its next deposit.
const REST: Duration = Duration::from_millis(200);
/// How long without a success counts as "nothing succeeds any more"; longer than [`REST`].
const LULL: Duration = Duration::from_millis(400);
/// How long a storm may take to reach the state that a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is known of one deposit. Deposit `n` moves `n` cents, so the sum identifies the set of deposits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// Succeeded: the deal's id.
    Done(String),
    /// Refused, so not applied.
    Refused,
    /// No answer: may have been applied.
    Open,
}

/// All deposits ever sent to one account.
pub(crate) struct Books {
    account: String,
    next: AtomicU64,
    sent: BTreeMap<u64, Fate>,
    slowest: Duration,
}

/// A running storm of deposits, as seen by the code it runs for.
pub(crate) struct Storm<'a> {
    is_over: &'a AtomicBool,
    /// One message per successful deposit.
    answered: Receiver<()>,
}

/// Ends a storm when dropped, so that a failing test does not leave its threads running.
pub(crate) struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl<'a> Storm<'a> {
    pub(crate) fn over(&self) -> &'a AtomicBool {
        self.is_over
    }

    /// Ends the storm when the returned value is dropped.
    pub(crate) fn ends_here(&self) -> End<'a> {
        End(self.is_over)
    }

    /// Waits for this many more successful deposits.
    #[track_caller]
    pub(crate) fn wait_for(&self, deposits: usize) {
        for _ in 0..deposits {
            self.answered.recv_timeout(PATIENCE).expect("deposits are answered with success");
        }
    }

    /// Waits until no deposit has succeeded for [`LULL`].
    #[track_caller]
    pub(crate) fn wait_for_lull(&self) {
        let since = Instant::now();
        while self.answered.recv_timeout(LULL).is_ok() {
            assert!(since.elapsed() < PATIENCE, "deposits are still answered with success");
        }
    }

    /// Whether a deposit succeeds within this time.
    pub(crate) fn answers_within(&self, time: Duration) -> bool {
        self.answered.recv_timeout(time).is_ok()
    }
}

#[derive(Debug)]
struct Deal {
    id: String,
    cents: Decimal,
}

impl Books {
    pub(crate) fn open(client: &Client) -> Books {
        Books {
            account: client.open_account(),
            next: AtomicU64::new(1),
            sent: BTreeMap::new(),
            slowest: Duration::ZERO,
        }
    }

    pub(crate) fn count(&self, wanted: impl Fn(&Fate) -> bool) -> usize {
        self.sent.values().filter(|fate| wanted(fate)).count()
    }

    /// The slowest answer of the last storm.
    pub(crate) fn slowest(&self) -> Duration {
        self.slowest
    }

    /// Deposits from many threads while `meanwhile` runs. Each thread stops when it gets no answer or when `meanwhile`
    /// is over. Refusals must be well-formed and do not stop a thread.
    pub(crate) fn storm<T>(&mut self, client: &Client, threads: usize, meanwhile: impl FnOnce(&Storm<'_>) -> T) -> T {
        let is_over = AtomicBool::new(false);
        let (tell, answered) = channel();
        let storm = Storm { is_over: &is_over, answered };
        let (account, next) = (&self.account, &self.next);
        let (fates, outcome) = thread::scope(|scope| {
            let work = |client: Client, tell: Sender<()>| {
                let mut fates = Vec::new();
                while !is_over.load(Ordering::Acquire) {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let asked = Instant::now();
                    let fate = fate(send(&client, account, n));
                    fates.push((n, fate.clone(), asked.elapsed()));
                    match fate {
                        Fate::Done(_) => _ = tell.send(()),
                        Fate::Refused => run::let_pass(REST),
                        Fate::Open => break,
                    }
                }
                fates
            };
            let threads: Vec<_> = (0..threads)
                .map(|_| {
                    let (client, tell) = (client.another(), tell.clone());
                    scope.spawn(move || work(client, tell))
                })
                .collect();
            drop(tell);
            let outcome = {
                let _end = storm.ends_here();
                meanwhile(&storm)
            };
            let fates: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
            (fates, outcome)
        });
        self.slowest = fates.iter().map(|(_, _, took)| *took).max().unwrap_or_default();
        self.sent.extend(fates.into_iter().map(|(n, fate, _)| (n, fate)));
        outcome
    }

    pub(crate) fn deposit(&mut self, client: &Client) -> Result<Answer, String> {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let answer = send(client, &self.account, n);
        self.sent.insert(n, fate(answer.as_ref().map_err(String::clone)));
        answer
    }

    /// Asserts that every successful deposit is there exactly once with its id, that no refused one is, and that
    /// everything else is an unanswered deposit. Returns the deals of the unanswered ones.
    #[track_caller]
    pub(crate) fn check(&self, client: &Client) -> HashMap<u64, String> {
        let mut deals = self.deals(client);
        let mut sum = Decimal::ZERO;
        let mut landed = HashMap::new();
        for (n, fate) in &self.sent {
            let found = deals.remove(n);
            let id = found.map(|deal| {
                assert_eq!(deal.cents, Decimal::from(*n), "deposit {n}");
                sum += deal.cents;
                deal.id
            });
            match (fate, id) {
                (Fate::Done(answered), id) => assert_eq!(id.as_ref(), Some(answered), "deposit {n} was answered"),
                (Fate::Refused, id) => assert_eq!(id, None, "deposit {n} was refused"),
                (Fate::Open, Some(id)) => _ = landed.insert(*n, id),
                (Fate::Open, None) => {}
            }
        }
        assert!(deals.is_empty(), "deals that no client sent: {deals:?}");
        let account = client.read(&format!("/accounts/{}", self.account));
        assert_eq!(cents(&account["balance"]), sum, "the balance is the sum of the deals");
        landed
    }

    /// Retries every refused or unanswered deposit with its key and asserts that each lands exactly once.
    #[track_caller]
    pub(crate) fn settle(&mut self, client: &Client) -> usize {
        let landed = self.check(client);
        for (n, fate) in self.sent.iter_mut().filter(|(_, fate)| !matches!(fate, Fate::Done(_))) {
            let answer = send(client, &self.account, *n).unwrap();
            assert_eq!(answer.status, 200, "deposit {n} again: {answer:?}");
            assert_eq!(answer.is_replay, landed.contains_key(n), "deposit {n} again");
            let id = answer.body["dealId"].as_str().unwrap().to_owned();
            if let Some(first) = landed.get(n) {
                assert_eq!(&id, first, "deposit {n} again");
            }
            *fate = Fate::Done(id);
        }
        self.check(client);
        landed.len()
    }

    fn deals(&self, client: &Client) -> HashMap<u64, Deal> {
        let mut deals = HashMap::new();
        let mut path = format!("/accounts/{}/deals?limit=1000", self.account);
        loop {
            let page = client.read(&path);
            for deal in page["deals"].as_array().unwrap() {
                let n = deal["comment"].as_str().unwrap().strip_prefix("deposit ").unwrap().parse().unwrap();
                let id = deal["id"].as_str().unwrap().to_owned();
                path = format!("/accounts/{}/deals?limit=1000&beforeId={id}", self.account);
                let twice = deals.insert(n, Deal { id, cents: cents(&deal["amount"]) });
                assert!(twice.is_none(), "deposit {n} was booked twice: {deal} {twice:?}");
            }
            if page["hasMore"] != true {
                return deals;
            }
        }
    }
}

fn cents(amount: &Value) -> Decimal {
    let amount: Decimal = amount.to_string().parse().unwrap();
    amount * Decimal::from(100)
}

fn send(client: &Client, account: &str, n: u64) -> Result<Answer, String> {
    let amount = format!("{}.{:02}", n / 100, n % 100);
    let body = json!({"amount": amount, "comment": format!("deposit {n}")});
    client.post(&format!("/accounts/{account}/deposit"), &format!("key {n}"), &body)
}

#[track_caller]
fn fate(answer: Result<impl std::borrow::Borrow<Answer>, String>) -> Fate {
    let Ok(answer) = answer else { return Fate::Open };
    let answer = answer.borrow();
    match answer.status {
        200 => Fate::Done(answer.body["dealId"].as_str().unwrap().into()),
        503 => {
            assert_is_refusal(answer);
            Fate::Refused
        }
        _ => panic!("unexpected answer: {answer:?}"),
    }
}

/// Asserts "unavailable, nothing was changed": 503 with UNAVAILABLE of google.rpc and `Retry-After`.
#[track_caller]
pub(crate) fn assert_is_refusal(answer: &Answer) {
    assert_eq!((answer.status, &answer.body["code"]), (503, &json!(14)), "{answer:?}");
    let seconds = answer.retry_after.as_deref().and_then(|text| text.parse::<u32>().ok());
    assert!(seconds.is_some_and(|seconds| (1..=60).contains(&seconds)), "{answer:?}");
}
