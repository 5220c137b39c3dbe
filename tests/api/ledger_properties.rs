//! Any sequence of commands leaves the balances that a few lines of arithmetic foresee, and books that can be proven.

use bursar::app::accounts::{ArchiveAccount, GetAccount, OpenAccount};
use bursar::app::deposits::{AnnounceDeposit, ReturnDeposit, SettleDeposit};
use bursar::app::funding::{PostFunds, Posted};
use bursar::app::holds::{CaptureHold, PlaceHold, ReleaseHold};
use bursar::app::movements::MovementRequest;
use bursar::app::profiles::CreateProfile;
use bursar::app::reference::{ApplyReference, shipped};
use bursar::app::reversals::ReverseEntry;
use bursar::app::transfers::{Arrival, Transfer};
use bursar::app::withdrawals::{ApproveWithdrawal, PayWithdrawal, RequestWithdrawal, VoidWithdrawal};
use bursar::app::{self, App, Caller, Command, Done, RetryKey, Settings};
use bursar::domain::currency::CurrencyCode;
use bursar::domain::entry::EntryKind;
use bursar::domain::ids::{AccountId, EntryId, GroupId, MovementId, ProfileId};
use bursar::domain::labels::{AccountLabelsChange, LabelsChange};
use bursar::domain::money::{DecimalText, ExtraDecimals};
use bursar::domain::movement::{MovementKind, MovementState};
use bursar::domain::profile::ProfileDetails;
use bursar::domain::refusal::{Refusal, Remainder};
use bursar::store::{DataDir, Mode, Store, Tuning};
use bursar::system::{SystemClock, SystemRandomness};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::sync::Arc;

/// One step. Accounts, movements and entries are named by any number, taken modulo how many there are.
#[derive(Clone, Debug)]
enum Step {
    Open,
    /// Deposit, withdraw, credit, fee and so on: the kind, and the amount in cents.
    Post(usize, EntryKind, i64),
    /// Announce a deposit, request a withdrawal, place a hold.
    Ask(usize, MovementKind, i64),
    /// Lets a movement go on; of a capture also how much, in cents, or all.
    Go(usize, Going, Option<i64>),
    Transfer(usize, usize, i64),
    /// Reverses an entry, by force or not.
    Reverse(usize, bool),
    Archive(usize),
    /// Sends an earlier posting again under its key.
    Retry(usize),
}

/// What can be done with a movement.
#[derive(Clone, Copy, Debug)]
enum Going {
    Settle,
    Return,
    Approve,
    Pay,
    Void,
    Capture,
    Release,
}

impl Going {
    const ALL: [Going; 7] =
        [Going::Settle, Going::Return, Going::Approve, Going::Pay, Going::Void, Going::Capture, Going::Release];

    fn kind(self) -> MovementKind {
        match self {
            Going::Settle | Going::Return => MovementKind::Deposit,
            Going::Approve | Going::Pay | Going::Void => MovementKind::Withdrawal,
            Going::Capture | Going::Release => MovementKind::Hold,
        }
    }
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
    let asked = prop::sample::select(vec![MovementKind::Deposit, MovementKind::Withdrawal, MovementKind::Hold]);
    let cents = || prop_oneof![6 => -50_000..50_000i64, 1 => -3..=3i64, 1 => Just(100_000_000_000_000_000)];
    let some = || prop_oneof![8 => 1..20_000i64, 1 => -3..=3i64];
    let any = any::<usize>;
    prop_oneof![
        1 => Just(Step::Open),
        12 => (any(), kind, cents()).prop_map(|(account, kind, cents)| Step::Post(account, kind, cents)),
        10 => (any(), asked, some()).prop_map(|(account, kind, cents)| Step::Ask(account, kind, cents)),
        16 => (any(), prop::sample::select(Going::ALL.to_vec()), prop::option::of(some()))
            .prop_map(|(movement, going, cents)| Step::Go(movement, going, cents)),
        5 => (any(), any(), some()).prop_map(|(from, to, cents)| Step::Transfer(from, to, cents)),
        5 => (any(), prop::bool::weighted(0.2)).prop_map(|(entry, force)| Step::Reverse(entry, force)),
        1 => any().prop_map(Step::Archive),
        3 => any().prop_map(Step::Retry),
    ]
}

/// What the test believes of an account.
struct Model {
    id: AccountId,
    balance: i128,
    credit_net: i128,
    held: i128,
    uncleared: i128,
    pending: i128,
    is_archived: bool,
}

impl Model {
    fn withdrawable(&self) -> i128 {
        self.balance - self.held - self.uncleared - self.credit_net.max(0)
    }

    /// Whether a debit passes that gives `freed` of what is held back first.
    fn admits_debit(&self, cents: i128, is_credit: bool, freed: i128) -> Result<(), &'static str> {
        let (withdrawable, credit) = (self.withdrawable() + freed, self.credit_net.max(0));
        self.admits_credit()?;
        // No more credit can be taken back than was granted and not lost; nothing else may touch credit.
        let most = if is_credit { credit.min(withdrawable + credit) } else { withdrawable };
        if cents <= most { Ok(()) } else { Err("INSUFFICIENT_FUNDS") }
    }

    fn admits_credit(&self) -> Result<(), &'static str> {
        if self.is_archived { Err("ACCOUNT_ARCHIVED") } else { Ok(()) }
    }
}

/// What the test believes of a movement.
struct Asked {
    id: MovementId,
    kind: MovementKind,
    account: usize,
    cents: i128,
    state: MovementState,
}

/// What the test believes of an entry.
struct Made {
    id: EntryId,
    /// The client accounts and what each of them gained.
    legs: Vec<(usize, i128)>,
    is_credit: bool,
    is_reversal: bool,
    is_reversed: bool,
    uncleared: i128,
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
    holds_deposits: bool,
    keys: usize,
    accounts: Vec<Model>,
    movements: Vec<Asked>,
    entries: Vec<Made>,
    applied: Vec<Applied>,
}

fn decimal(cents: i64) -> DecimalText {
    let sign = if cents < 0 { "-" } else { "" };
    DecimalText::parse(&format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)).unwrap()
}

impl World {
    fn new(directory: &std::path::Path, holds_deposits: bool) -> World {
        let store = Store::open(DataDir::new(directory).lock().unwrap(), &Tuning::default()).unwrap();
        let randomness = Arc::new(SystemRandomness::default());
        app::install(&store, Mode::Sandbox, &SystemClock, randomness.as_ref()).unwrap();
        let app = Arc::new(App::new(store, Arc::new(SystemClock), randomness, Settings::default()).unwrap());
        let caller = app.system_caller();
        let mut file = shipped().unwrap();
        let group = file.groups.iter_mut().find(|group| group.code == "live-standard").unwrap();
        group.deposit_hold_days = if holds_deposits { 10 } else { 0 };
        app.execute_blocking(&caller, ApplyReference { file }).unwrap();
        let details = ProfileDetails { email: "client@example.com".into(), ..ProfileDetails::default() };
        let new = CreateProfile { id: None, details, tags: None, labels: LabelsChange::default(), password: None };
        let profile = app.execute_blocking(&caller, new).unwrap().outcome.id;
        let groups = app.show_reference().unwrap().groups;
        let group = groups.iter().find(|group| group.code == "live-standard").unwrap().id.unwrap().into();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        World {
            app,
            caller,
            runtime,
            profile,
            group,
            holds_deposits,
            keys: 0,
            accounts: Vec::new(),
            movements: Vec::new(),
            entries: Vec::new(),
            applied: Vec::new(),
        }
    }

    fn post(&self, key: RetryKey, command: PostFunds) -> Result<Done<Posted>, Refusal> {
        self.runtime.block_on(self.app.execute(&self.caller, Some(key), command))
    }

    fn run<C: Command>(&self, command: C) -> Result<C::Outcome, Refusal> {
        self.app.execute_blocking(&self.caller, command).map(|done| done.outcome)
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
            labels: AccountLabelsChange::default(),
        };
        let id = self.run(open).unwrap().id;
        self.accounts.push(Model {
            id,
            balance: 0,
            credit_net: 0,
            held: 0,
            uncleared: 0,
            pending: 0,
            is_archived: false,
        });
    }

    fn take(&mut self, step: &Step) {
        let account = |number: usize| number % self.accounts.len();
        match *step {
            Step::Open => self.open(),
            Step::Post(number, kind, cents) => self.take_posting(account(number), kind, cents),
            Step::Ask(number, kind, cents) => self.take_asking(account(number), kind, cents),
            Step::Go(number, going, cents) if !self.movements.is_empty() => {
                self.take_going(number % self.movements.len(), going, cents);
            }
            Step::Transfer(from, to, cents) => self.take_transfer(account(from), account(to), cents),
            Step::Reverse(number, force) if !self.entries.is_empty() => {
                self.take_reversal(number % self.entries.len(), force);
            }
            Step::Archive(number) => self.take_archiving(account(number)),
            Step::Retry(number) if !self.applied.is_empty() => {
                let earlier = &self.applied[number % self.applied.len()];
                let again = self.post(earlier.key.clone(), earlier.command.clone()).unwrap();
                assert_eq!((again.replayed, again.outcome.entry), (true, earlier.entry));
            }
            Step::Go(..) | Step::Reverse(..) | Step::Retry(_) => {}
        }
    }

    /// Whether it came as foreseen. An overflow is foreseen by its size alone.
    #[track_caller]
    fn came<T>(&self, what: &str, outcome: Result<T, Refusal>, foreseen: Result<(), &'static str>) -> Option<T> {
        match outcome {
            Err(Refusal::BalanceOverflow) => {
                // The house accounts carry the sum of all accounts with the opposite sign.
                let moved: i128 = self.accounts.iter().map(|account| account.balance.abs()).sum();
                assert!(moved > i128::from(i64::MAX) / 2, "{what} does not overflow");
                None
            }
            outcome => {
                let refused = outcome.as_ref().map(|_| ()).map_err(Refusal::reason);
                assert_eq!(refused, foreseen, "{what}");
                outcome.ok()
            }
        }
    }

    fn made(&mut self, id: EntryId, legs: Vec<(usize, i128)>, is_credit: bool) {
        for &(account, cents) in &legs {
            let model = &mut self.accounts[account];
            model.balance += cents;
            model.credit_net += if is_credit { cents } else { 0 };
        }
        self.entries.push(Made { id, legs, is_credit, is_reversal: false, is_reversed: false, uncleared: 0 });
    }

    /// Notes that the last entry is a deposit from outside.
    fn made_deposit(&mut self, account: usize, cents: i128) {
        if self.holds_deposits {
            self.accounts[account].uncleared += cents;
            self.entries.last_mut().unwrap().uncleared = cents;
        }
    }

    fn take_posting(&mut self, account: usize, kind: EntryKind, cents: i64) {
        self.keys += 1;
        let call = self.keys.to_be_bytes().to_vec();
        let key = RetryKey { key: self.keys.to_string(), call, holds_secret: false };
        let command = PostFunds {
            account: self.accounts[account].id,
            amount: decimal(cents),
            extra_decimals: ExtraDecimals::Refuse,
            kind,
            comment: String::new(),
        };
        let outcome = self.post(key.clone(), command.clone());
        let (model, is_credit, cents) = (&self.accounts[account], kind == EntryKind::Credit, i128::from(cents));
        let foreseen = match cents {
            0 => Err("INVALID_FIELD"),
            1.. => model.admits_credit(),
            _ => model.admits_debit(-cents, is_credit, 0),
        };
        if let Some(done) = self.came(&format!("{cents} {kind:?}"), outcome, foreseen) {
            assert!(!done.replayed);
            let entry = done.outcome.entry;
            self.made(entry, vec![(account, cents)], is_credit);
            if kind == EntryKind::Balance && cents > 0 {
                self.made_deposit(account, cents);
            }
            self.applied.push(Applied { command, key, entry });
        }
        self.check(account);
    }

    fn request(&self, account: usize, cents: i64) -> MovementRequest {
        MovementRequest {
            account: self.accounts[account].id,
            amount: decimal(cents),
            extra_decimals: ExtraDecimals::Refuse,
            reason: String::new(),
            reference: None,
            expires_at: None,
        }
    }

    fn take_asking(&mut self, account: usize, kind: MovementKind, cents: i64) {
        let request = self.request(account, cents);
        let outcome = match kind {
            MovementKind::Deposit => self.run(AnnounceDeposit { request }),
            MovementKind::Withdrawal => self.run(RequestWithdrawal { request }),
            _ => self.run(PlaceHold { request }),
        };
        let (model, cents) = (&self.accounts[account], i128::from(cents));
        let foreseen = match kind {
            _ if cents <= 0 => Err("INVALID_FIELD"),
            MovementKind::Deposit => model.admits_credit(),
            _ => model.admits_debit(cents, false, 0),
        };
        if let Some(movement) = self.came(&format!("{kind:?} {cents}"), outcome, foreseen) {
            self.movements.push(Asked { id: movement.id, kind, account, cents, state: movement.state });
            match kind {
                MovementKind::Deposit => self.accounts[account].pending += cents,
                _ => self.accounts[account].held += cents,
            }
        }
        self.check(account);
    }

    fn take_going(&mut self, number: usize, going: Going, captured: Option<i64>) {
        let Asked { id, kind, account, cents, state } = self.movements[number];
        let outcome = match going {
            Going::Settle => self.run(SettleDeposit { id }),
            Going::Return => self.run(ReturnDeposit { id }),
            Going::Approve => self.run(ApproveWithdrawal { id }),
            Going::Pay => self.run(PayWithdrawal { id }),
            Going::Void => self.run(VoidWithdrawal { id }),
            Going::Capture => self.run(CaptureHold { id, amount: captured.map(decimal) }),
            Going::Release => self.run(ReleaseHold { id }),
        };
        let amount = match going {
            Going::Capture => captured.map_or(cents, i128::from),
            _ => cents,
        };
        let model = &self.accounts[account];
        let foreseen = match going {
            _ if going.kind() != kind => Err("NOT_FOUND"),
            Going::Capture if amount == 0 => Err("INVALID_FIELD"),
            Going::Capture if amount < 0 || amount > cents => Err("OUT_OF_RANGE"),
            Going::Approve if state == MovementState::Approved => Err("WRONG_STATE"),
            _ if state.is_final() => Err("WRONG_STATE"),
            Going::Pay | Going::Capture => model.admits_debit(amount, false, cents),
            _ => Ok(()),
        };
        if let Some(movement) = self.came(&format!("{going:?} {kind:?} {cents}"), outcome, foreseen) {
            self.movements[number].state = movement.state;
            let model = &mut self.accounts[account];
            match going {
                Going::Approve => {}
                Going::Settle | Going::Return => model.pending -= cents,
                _ => model.held -= cents,
            }
            match (going, movement.entry) {
                (Going::Settle, Some(entry)) => {
                    self.made(entry, vec![(account, cents)], false);
                    self.made_deposit(account, cents);
                }
                (Going::Pay | Going::Capture, Some(entry)) => self.made(entry, vec![(account, -amount)], false),
                (_, entry) => assert_eq!(entry, None),
            }
        }
        self.check(account);
    }

    fn take_transfer(&mut self, from: usize, to: usize, cents: i64) {
        let (request, to_id) = (self.request(from, cents), self.accounts[to].id);
        let outcome = self.run(Transfer { request, to: to_id, arrival: Arrival::Same });
        let cents = i128::from(cents);
        let foreseen = match cents {
            ..=0 => Err("INVALID_FIELD"),
            _ if from == to => Err("SAME_ACCOUNT"),
            _ => self.accounts[from]
                .admits_credit()
                .and_then(|()| self.accounts[to].admits_credit())
                .and_then(|()| self.accounts[from].admits_debit(cents, false, 0)),
        };
        if let Some(movement) = self.came(&format!("transfer {cents}"), outcome, foreseen) {
            self.made(movement.entry.unwrap(), vec![(from, -cents), (to, cents)], false);
        }
        self.check(from);
        self.check(to);
    }

    fn take_reversal(&mut self, number: usize, force: bool) {
        let entry = &self.entries[number];
        let outcome = self.run(ReverseEntry { id: entry.id, reason: "wrong".into(), force });
        let admits = |&(account, cents): &(usize, i128)| {
            let model = &self.accounts[account];
            match cents {
                // What a debit took comes back.
                ..0 => model.admits_credit(),
                _ if force => model.admits_credit(),
                _ => model.admits_debit(cents, entry.is_credit, entry.uncleared),
            }
        };
        let foreseen = match entry {
            Made { is_reversal: true, .. } => Err("NOT_REVERSIBLE"),
            Made { is_reversed: true, .. } => Err("ALREADY_REVERSED"),
            _ => entry.legs.iter().try_for_each(admits),
        };
        let (is_credit, uncleared) = (entry.is_credit, entry.uncleared);
        let legs: Vec<_> = entry.legs.iter().map(|&(account, cents)| (account, -cents)).collect();
        if let Some(posted) = self.came("reversal", outcome, foreseen) {
            self.entries[number].is_reversed = true;
            self.accounts[legs[0].0].uncleared -= uncleared;
            self.made(posted.entry, legs.clone(), is_credit);
            self.entries.last_mut().unwrap().is_reversal = true;
        }
        legs.iter().for_each(|&(account, _)| self.check(account));
    }

    fn take_archiving(&mut self, account: usize) {
        let outcome = self.run(ArchiveAccount { id: self.accounts[account].id, expected_version: None });
        let model = &mut self.accounts[account];
        let foreseen = match (model.balance, model.held, model.pending + model.uncleared) {
            (0, 0, 0) => Ok(()),
            (0, 0, _) => Err(Refusal::NotEmpty(Remainder::Pending)),
            (0, ..) => Err(Refusal::NotEmpty(Remainder::Holds)),
            _ => Err(Refusal::NotEmpty(Remainder::Balance)),
        };
        assert_eq!(outcome, foreseen);
        model.is_archived |= outcome.is_ok();
    }

    fn check(&self, account: usize) {
        let model = &self.accounts[account];
        let found = self.runtime.block_on(self.app.ask(&self.caller, GetAccount { id: model.id })).unwrap();
        let of = found.balances;
        assert_eq!(
            [of.balance, of.credit_net, of.held, of.uncleared, of.pending].map(|amount| i128::from(amount.minor())),
            [model.balance, model.credit_net, model.held, model.uncleared, model.pending]
        );
        assert_eq!(found.closed_at.is_some(), model.is_archived);
    }

    fn prove(&self) {
        (0..self.accounts.len()).for_each(|account| self.check(account));
        let proof = self.app.store().read(|tx| tx.prove()).unwrap();
        assert_eq!(proof.findings, []);
        let entries = self.entries.len() as u64;
        assert_eq!((proof.entries, proof.postings), (entries, 2 * entries));
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
    let steps = (any::<bool>(), prop::collection::vec(step(), 50..200));
    let outcome = runner.run(&steps, |(holds_deposits, steps)| {
        let directory = tempfile::tempdir().unwrap();
        let mut world = World::new(directory.path(), holds_deposits);
        world.open();
        world.open();
        for step in &steps {
            world.take(step);
            world.prove();
        }
        world.app.close();
        Ok(())
    });
    outcome.unwrap();
}
