//! The steps of a sequence, and how they are chosen.

use super::dialects::Dialect;
use super::trading::Report;

/// One step. Objects are referred to by any number, taken modulo how many exist.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) what: Action,
    /// Sent by the second operator instead of the administrator.
    pub(super) is_second: bool,
    pub(super) is_rehearsal: bool,
    /// Sent twice with the same key.
    pub(super) is_repeated: bool,
    /// Through which it is sent, if that has such a call; otherwise through the native one.
    pub(super) dialect: Dialect,
}

impl Step {
    /// The number of selectable moments in the life of an account.
    pub(super) const WHENS: i64 = 1 << 20;
}

#[derive(Clone, Debug)]
pub(super) enum Action {
    /// One-call deposits and withdrawals, and adjustments: the action and the minor units.
    Post(usize, &'static str, i64),
    /// A back-dated adjustment; the last number selects the effective time and, once resolved, is that time.
    Backdate(usize, &'static str, i64, i64),
    /// Announces a deposit, requests a withdrawal or places a hold; optionally expires after some hours.
    Request(usize, Kind, i64, Option<i64>),
    /// Advances a movement; for a capture also the amount, or all.
    Decide(usize, Decision, Option<i64>),
    Transfer(usize, usize, i64, Arrival),
    /// Reverses an entry, optionally by force.
    Reverse(usize, bool),
    /// Locks an account, optionally so that only an administrator can unlock it.
    Lock(usize, &'static str, bool),
    Unlock(usize),
    SetState(usize, &'static str),
    SetMinimum(usize, i64),
    /// Closes an account, optionally sweeping it to another one.
    CloseAccount(usize, Option<usize>),
    ArchiveAccount(usize),
    /// Approves an account that is waiting for approval.
    ApproveAccount(usize),
    /// Whether credits and debits are allowed.
    SetFlags(usize, bool, bool),
    /// Sets reference and alias.
    SetLabels(usize, Option<usize>, Option<usize>),
    /// Opens an account: the client, the sort, and whether it waits for approval.
    OpenAccount(usize, usize, bool),
    /// Adds an owner, changes its access or priority, or removes it.
    AddOwner(usize, usize, &'static str, Option<i64>),
    ChangeOwner(usize, usize, Option<&'static str>, Option<i64>),
    RemoveOwner(usize, usize),
    /// Registers a client, optionally in review.
    CreateClient(bool),
    /// Approves, denies or archives a client, or reports its death.
    DecideClient(usize, &'static str),
    /// Changes a client's personal data.
    ChangeProfile(usize),
    /// A batch of operations, atomic or independent.
    Batch(bool, Vec<Action>),
    /// Events of a platform about one of its accounts.
    Feed(usize, Vec<Report>),
    /// Advances the clock by hours.
    AdvanceClock(i64),
    /// Repeats a call that succeeded long ago.
    Retry(usize),
    /// Sends a request that must always be refused.
    Invalid(usize, usize),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Deposit,
    Withdrawal,
    Hold,
}

impl Kind {
    pub(super) fn path(self) -> &'static str {
        match self {
            Kind::Deposit => "deposits",
            Kind::Withdrawal => "withdrawals",
            Kind::Hold => "holds",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Decision {
    Settle,
    Return,
    Approve,
    Pay,
    Cancel,
    Capture,
    Release,
}

impl Decision {
    pub(super) fn kind(self) -> Kind {
        match self {
            Decision::Settle | Decision::Return => Kind::Deposit,
            Decision::Approve | Decision::Pay | Decision::Cancel => Kind::Withdrawal,
            Decision::Capture | Decision::Release => Kind::Hold,
        }
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Decision::Settle => "settle",
            Decision::Return => "return",
            Decision::Approve => "approve",
            Decision::Pay => "pay",
            Decision::Cancel => "cancel",
            Decision::Capture => "capture",
            Decision::Release => "release",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arrival {
    Same,
    /// In ten-thousandths of the amount sent; any number until it is resolved.
    Rate(i64),
    /// In minor units; any number until it is resolved.
    Amount(i64),
}

/// Deaths are rare, because they lock accounts for good.
const TURNS: &[&str] = &["approve", "approve", "approve", "approve", "deny", "deny", "archive", "deceased"];

/// Random choices from a seed.
pub(super) struct Dice(fastrand::Rng);

impl Dice {
    pub(super) fn of(seed: u64) -> Dice {
        Dice(fastrand::Rng::with_seed(seed))
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0.u64(..end)
    }

    fn any(&mut self) -> usize {
        usize::try_from(self.below(1 << 20)).unwrap()
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn from<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    /// Usually an ordinary amount; sometimes tiny, not positive, or the largest that one call may move.
    fn minor(&mut self) -> i64 {
        match self.below(60) {
            0..=2 => i64::try_from(self.below(7)).unwrap() - 3,
            3 => 100_000_000_000_000_000,
            _ => 1 + i64::try_from(self.below(20_000)).unwrap(),
        }
    }

    pub(super) fn step(&mut self) -> Step {
        let what = self.what();
        Step {
            what,
            is_second: self.one_in(3),
            is_rehearsal: self.one_in(16),
            is_repeated: self.one_in(5),
            dialect: self.from(&Dialect::ALL),
        }
    }

    fn what(&mut self) -> Action {
        match self.below(20) {
            0..=1 => {
                let count = 1 + self.below(6);
                Action::Batch(self.one_in(2), (0..count).map(|_| self.operation()).collect())
            }
            2 => self.about_clients(),
            3..=4 => {
                let count = 1 + self.below(5);
                Action::Feed(self.any(), (0..count).map(|_| self.report()).collect())
            }
            _ => self.about_money(),
        }
    }

    /// A step that can be part of a batch.
    fn operation(&mut self) -> Action {
        loop {
            match self.about_money() {
                Action::SetMinimum(..)
                | Action::SetLabels(..)
                | Action::AdvanceClock(_)
                | Action::Retry(_)
                | Action::Invalid(..) => {}
                Action::SetFlags(number, ..) => return Action::ApproveAccount(number),
                what => return what,
            }
        }
    }

    fn report(&mut self) -> Report {
        let mut upto = |end: u64| i64::try_from(self.below(end)).unwrap();
        // Late as often as not.
        let when = if upto(2) == 0 { Step::WHENS } else { upto(Step::WHENS.cast_unsigned()) };
        let (lots, price, commission) = (upto(401) - 200, 109_500 + upto(1_000), -upto(300));
        match upto(10) {
            0..=5 => Report::Fill(when, self.any(), lots, price, commission),
            6 => Report::Cancel(self.any()),
            7 => Report::Replace(self.any(), price, commission),
            8 => Report::Charge(when, self.from(&["swap", "dividend", "funding", "balance"]), 3 * lots + 1),
            _ => Report::Repeat(self.any()),
        }
    }

    fn about_clients(&mut self) -> Action {
        let priority = self.one_in(2).then(|| i64::try_from(self.below(4)).unwrap());
        let access = self.from(&["FULL", "FULL", "READ", "NONE"]);
        match self.below(20) {
            0..=4 => Action::AddOwner(self.any(), self.any(), access, priority),
            5..=7 => Action::ChangeOwner(self.any(), self.any(), self.one_in(2).then_some(access), priority),
            8..=9 => Action::RemoveOwner(self.any(), self.any()),
            10..=11 => Action::CreateClient(self.one_in(2)),
            12..=14 => Action::DecideClient(self.any(), self.from(TURNS)),
            15..=17 => Action::OpenAccount(self.any(), self.any(), self.one_in(2)),
            18 => Action::ChangeProfile(self.any()),
            _ => Action::ApproveAccount(self.any()),
        }
    }

    fn about_money(&mut self) -> Action {
        match self.below(112) {
            103..=108 => {
                let actions = ["CREDIT", "FEE", "FEE", "BONUS", "CORRECTION", "CORRECTION", "BALANCE"];
                let sign = self.from(&[1, -1]);
                let when = i64::try_from(self.below(Step::WHENS as u64)).unwrap();
                Action::Backdate(self.any(), self.from(&actions), sign * self.minor(), when)
            }
            100 | 109..=111 => Action::SetFlags(self.any(), !self.one_in(6), !self.one_in(6)),
            101 => {
                let mut name = || (!self.one_in(3)).then(|| usize::try_from(self.below(3)).unwrap());
                let (reference, alias) = (name(), name());
                Action::SetLabels(self.any(), reference, alias)
            }
            102 => Action::ApproveAccount(self.any()),
            0..=17 => Action::Post(self.any(), "deposit", self.minor()),
            18..=23 => Action::Post(self.any(), "withdraw", self.minor()),
            24..=33 => {
                let actions = ["CREDIT", "CREDIT", "FEE", "BONUS", "CORRECTION", "BALANCE"];
                let sign = self.from(&[1, -1]);
                Action::Post(self.any(), self.from(&actions), sign * self.minor())
            }
            34..=46 => {
                let kind = self.from(&[Kind::Deposit, Kind::Withdrawal, Kind::Hold]);
                let hours = self.one_in(3).then(|| 1 + i64::try_from(self.below(60)).unwrap());
                Action::Request(self.any(), kind, self.minor(), hours)
            }
            47..=64 => {
                let all = [
                    Decision::Settle,
                    Decision::Settle,
                    Decision::Return,
                    Decision::Approve,
                    Decision::Pay,
                    Decision::Pay,
                    Decision::Cancel,
                    Decision::Capture,
                    Decision::Capture,
                    Decision::Release,
                ];
                let part = self.one_in(2).then(|| self.minor());
                Action::Decide(self.any(), self.from(&all), part)
            }
            65..=73 => {
                let arrival = match self.below(4) {
                    0 => Arrival::Rate(i64::try_from(self.below(1000)).unwrap()),
                    1 => Arrival::Amount(self.minor()),
                    _ => Arrival::Same,
                };
                Action::Transfer(self.any(), self.any(), self.minor(), arrival)
            }
            74..=81 => Action::Reverse(self.any(), self.one_in(4)),
            82 => Action::Lock(self.any(), self.from(&["FULL", "CREDITS_ONLY", "DEBITS_ONLY"]), self.one_in(4)),
            83..=84 => Action::Unlock(self.any()),
            85 => Action::SetState(self.any(), self.from(&["inactive", "dormant"])),
            86..=87 => Action::SetState(self.any(), "activate"),
            88..=89 => Action::SetMinimum(self.any(), -i64::try_from(self.below(60_000)).unwrap()),
            90 if self.one_in(3) => Action::CloseAccount(self.any(), self.one_in(2).then(|| self.any())),
            91 => Action::ArchiveAccount(self.any()),
            90 | 92..=93 => Action::AdvanceClock(self.from(&[1, 2, 12, 60])),
            94..=96 => Action::Retry(self.any()),
            _ => Action::Invalid(self.any(), self.any()),
        }
    }
}
