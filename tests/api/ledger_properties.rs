//! Any sequence of commands leaves the balances that a few lines of arithmetic foresee, and books that can be proven.

use bursar::app::accounts::{ArchiveAccount, GetAccount, OpenAccount};
use bursar::app::funding::{PostFunds, Posted};
use bursar::app::profiles::CreateProfile;
use bursar::app::reference::{ApplyReference, shipped};
use bursar::app::{self, App, Caller, Done, RetryKey, Settings};
use bursar::domain::currency::CurrencyCode;
use bursar::domain::entry::EntryKind;
use bursar::domain::ids::{AccountId, EntryId, GroupId, ProfileId};
use bursar::domain::money::{DecimalText, ExtraDecimals};
use bursar::domain::profile::ProfileDetails;
use bursar::domain::refusal::{Refusal, Remainder};
use bursar::store::{DataDir, Mode, Store, Tuning};
use bursar::system::{SystemClock, SystemRandomness};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::sync::Arc;

/// One step. Accounts and earlier steps are named by any number, taken modulo how many there are.
#[derive(Clone, Debug)]
enum Step {
    Open,
    /// Deposit, withdraw, credit, fee and so on: the kind, and the amount in cents.
    Post(usize, EntryKind, i64),
    Archive(usize),
    /// Sends an earlier posting again under its key.
    Retry(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop::sample::select(vec![
        EntryKind::Balance,
        EntryKind::Balance,
        EntryKind::Credit,
        EntryKind::Credit,
        EntryKind::Fee,
        EntryKind::Bonus,
        EntryKind::Correction,
    ]);
    let cents = prop_oneof![6 => -50_000..50_000i64, 1 => -3..=3i64, 1 => Just(100_000_000_000_000_000)];
    prop_oneof![
        1 => Just(Step::Open),
        12 => (any::<usize>(), kind, cents).prop_map(|(account, kind, cents)| Step::Post(account, kind, cents)),
        1 => any::<usize>().prop_map(Step::Archive),
        3 => any::<usize>().prop_map(Step::Retry),
    ]
}

/// What the test believes of an account.
struct Model {
    id: AccountId,
    balance: i128,
    credit: i128,
    deals: usize,
    is_archived: bool,
}

/// A posting that was applied, and what it takes to send it again.
struct Applied {
    command: PostFunds,
    key: RetryKey,
    entry: EntryId,
}

struct World {
    app: Arc<App>,
    caller: Caller,
    runtime: tokio::runtime::Runtime,
    profile: ProfileId,
    group: GroupId,
    keys: usize,
    accounts: Vec<Model>,
    applied: Vec<Applied>,
}

impl World {
    fn new(directory: &std::path::Path) -> World {
        let store = Store::open(DataDir::new(directory).lock().unwrap(), &Tuning::default()).unwrap();
        let randomness = Arc::new(SystemRandomness::default());
        app::install(&store, Mode::Sandbox, &SystemClock, randomness.as_ref()).unwrap();
        let app = Arc::new(App::new(store, Arc::new(SystemClock), randomness, Settings::default()).unwrap());
        let caller = app.system_caller();
        app.execute_blocking(&caller, ApplyReference { file: shipped().unwrap() }).unwrap();
        let details = ProfileDetails { email: "client@example.com".into(), ..ProfileDetails::default() };
        let new = CreateProfile { id: None, details, tags: None, password: None };
        let profile = app.execute_blocking(&caller, new).unwrap().outcome.id;
        let groups = app.show_reference().unwrap().groups;
        let group = groups.iter().find(|group| group.code == "live-standard").unwrap().id.unwrap().into();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        World { app, caller, runtime, profile, group, keys: 0, accounts: Vec::new(), applied: Vec::new() }
    }

    fn post(&self, key: RetryKey, command: PostFunds) -> Result<Done<Posted>, Refusal> {
        self.runtime.block_on(self.app.execute(&self.caller, Some(key), command))
    }

    fn open(&mut self) {
        let open = OpenAccount {
            id: None,
            profile: self.profile,
            group: self.group,
            currency: CurrencyCode::parse("currency", "USD").unwrap(),
            is_demo: None,
            is_spread_betting: false,
            position_mode: None,
            margin_calculation_override: None,
            trade_status: None,
            max_leverage: None,
            net_open_position_limit: None,
            wants_daily_statement: false,
        };
        let id = self.app.execute_blocking(&self.caller, open).unwrap().outcome.id;
        self.accounts.push(Model { id, balance: 0, credit: 0, deals: 0, is_archived: false });
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Open => self.open(),
            Step::Post(_, kind, cents) => self.take_posting(self.pick(step), kind, cents),
            Step::Archive(_) => {
                let account = self.pick(step);
                let id = self.accounts[account].id;
                let archive = ArchiveAccount { id, expected_version: None };
                let outcome = self.app.execute_blocking(&self.caller, archive).map(|done| done.outcome);
                let model = &mut self.accounts[account];
                if model.balance == 0 {
                    assert_eq!(outcome, Ok(()));
                    model.is_archived = true;
                } else {
                    assert_eq!(outcome, Err(Refusal::NotEmpty(Remainder::Balance)));
                }
            }
            Step::Retry(number) => {
                if self.applied.is_empty() {
                    return;
                }
                let earlier = &self.applied[number % self.applied.len()];
                let again = self.post(earlier.key.clone(), earlier.command.clone()).unwrap();
                assert_eq!((again.replayed, again.outcome.entry), (true, earlier.entry));
            }
        }
    }

    fn pick(&self, step: &Step) -> usize {
        match *step {
            Step::Post(number, ..) | Step::Archive(number) => number % self.accounts.len(),
            _ => 0,
        }
    }

    fn take_posting(&mut self, account: usize, kind: EntryKind, cents: i64) {
        self.keys += 1;
        let call = self.keys.to_be_bytes().to_vec();
        let key = RetryKey { key: self.keys.to_string(), call, holds_secret: false };
        let text = format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100);
        let command = PostFunds {
            account: self.accounts[account].id,
            amount: DecimalText::parse(&text).unwrap(),
            extra_decimals: ExtraDecimals::Refuse,
            kind,
            comment: String::new(),
        };
        let outcome = self.post(key.clone(), command.clone());
        let model = &mut self.accounts[account];
        let balance = model.balance + i128::from(cents);
        let credit = model.credit + if kind == EntryKind::Credit { i128::from(cents) } else { 0 };
        // No more credit can be taken back than was granted and not lost; nothing else may touch credit.
        let is_covered = match kind {
            _ if cents > 0 => true,
            EntryKind::Credit => -i128::from(cents) <= model.credit.min(model.balance),
            _ => balance - credit >= 0,
        };
        match outcome {
            Ok(done) => {
                assert!(!done.replayed && cents != 0 && !model.is_archived && is_covered, "{text} {kind:?} was taken");
                (model.balance, model.credit, model.deals) = (balance, credit, model.deals + 1);
                self.applied.push(Applied { command, key, entry: done.outcome.entry });
            }
            Err(Refusal::InvalidField { .. }) => assert_eq!(cents, 0),
            Err(Refusal::AccountState(_)) => assert!(model.is_archived),
            Err(Refusal::InsufficientFunds { .. }) => assert!(!is_covered, "{text} {kind:?} was refused"),
            Err(Refusal::BalanceOverflow) => {
                // The house accounts carry the sum of all accounts with the opposite sign.
                let moved: i128 = self.accounts.iter().map(|account| account.balance.abs()).sum();
                assert!(moved + i128::from(cents) > i128::from(i64::MAX) / 2, "{text} {kind:?} does not overflow");
            }
            Err(other) => panic!("{text} {kind:?}: {other}"),
        }
        self.check(account);
    }

    fn check(&self, account: usize) {
        let model = &self.accounts[account];
        let found = self.runtime.block_on(self.app.ask(&self.caller, GetAccount { id: model.id })).unwrap();
        assert_eq!(i128::from(found.balances.balance.minor()), model.balance);
        assert_eq!(i128::from(found.balances.credit_net.minor()), model.credit);
        assert_eq!(found.closed_at.is_some(), model.is_archived);
    }

    fn prove(&self) {
        (0..self.accounts.len()).for_each(|account| self.check(account));
        let proof = self.app.store().read(|tx| tx.prove()).unwrap();
        assert_eq!(proof.findings, []);
        let deals: usize = self.accounts.iter().map(|account| account.deals).sum();
        assert_eq!((proof.entries, proof.postings), (deals as u64, 2 * deals as u64));
        let of = |is_client: bool| -> i128 {
            let tallies = proof.trial_balance.iter().filter(|tally| (tally.role == "client") == is_client);
            tallies.map(|tally| tally.sum_minor).sum()
        };
        assert_eq!(of(true), self.accounts.iter().map(|account| account.balance).sum::<i128>());
        assert_eq!(of(true) + of(false), 0);
    }
}

#[test]
fn any_sequence_of_commands_leaves_books_that_are_right() {
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let steps = prop::collection::vec(step(), 50..150);
    let outcome = runner.run(&steps, |steps| {
        let directory = tempfile::tempdir().unwrap();
        let mut world = World::new(directory.path());
        world.open();
        for step in &steps {
            world.take(step);
        }
        world.prove();
        world.app.close();
        Ok(())
    });
    outcome.unwrap();
}
