//! What the model can be told to do, and how it is chosen.

/// One step. Accounts, movements and so on are named by any number, taken modulo how many there are.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) what: What,
    /// The second operator does it, and not the administrator.
    pub(super) is_second: bool,
    /// It is only rehearsed.
    pub(super) is_rehearsal: bool,
    /// It is sent twice under its key.
    pub(super) is_repeated: bool,
}

impl Step {
    /// How many numbers there are for moments in the life of an account.
    pub(super) const WHENS: i64 = 1 << 20;
}

#[derive(Clone, Debug)]
pub(super) enum What {
    /// One-call deposits and withdrawals, and adjustments: the action, and the minor units.
    Post(usize, &'static str, i64),
    /// An adjustment that counts from an earlier moment on: any number, or, once it is resolved, the moment.
    Backdate(usize, &'static str, i64, i64),
    /// Announces a deposit, requests a withdrawal, places a hold; perhaps with hours after which it ends.
    Ask(usize, Kind, i64, Option<i64>),
    /// Lets a movement go on; of a capture also how much, or all.
    Go(usize, Going, Option<i64>),
    Transfer(usize, usize, i64, Arrival),
    /// Reverses an entry, by force or not.
    Reverse(usize, bool),
    /// Locks an account; perhaps so that only an administrator takes it off.
    Lock(usize, &'static str, bool),
    Unlock(usize),
    Life(usize, &'static str),
    Minimum(usize, i64),
    /// Closes an account, sweeping it to another one or not.
    Close(usize, Option<usize>),
    Archive(usize),
    /// Lets an account be used that was opened to wait.
    Approve(usize),
    /// Whether money may come in, and go out.
    Flags(usize, bool, bool),
    /// Reference and alias.
    Label(usize, Option<usize>, Option<usize>),
    /// Opens an account: the client, the sort, whether it waits for approval.
    Open(usize, usize, bool),
    /// Owners of an account: one more, another access or priority, one less.
    Join(usize, usize, &'static str, Option<i64>),
    Alter(usize, usize, Option<&'static str>, Option<i64>),
    Leave(usize, usize),
    /// A new client; perhaps one in review.
    Register(bool),
    /// Approves, denies, archives a client, or notes that it is dead.
    Turn(usize, &'static str),
    /// Changes what a client tells about itself.
    Describe(usize),
    /// Many of those that a batch can have in one call, all or each for itself.
    Batch(bool, Vec<What>),
    /// Hours pass.
    Clock(i64),
    /// Sends something again that was done long ago.
    Retry(usize),
    /// Something that nobody can ask for.
    Nonsense(usize, usize),
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
pub(super) enum Going {
    Settle,
    Return,
    Approve,
    Pay,
    Cancel,
    Capture,
    Release,
}

impl Going {
    pub(super) fn kind(self) -> Kind {
        match self {
            Going::Settle | Going::Return => Kind::Deposit,
            Going::Approve | Going::Pay | Going::Cancel => Kind::Withdrawal,
            Going::Capture | Going::Release => Kind::Hold,
        }
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Going::Settle => "settle",
            Going::Return => "return",
            Going::Approve => "approve",
            Going::Pay => "pay",
            Going::Cancel => "cancel",
            Going::Capture => "capture",
            Going::Release => "release",
        }
    }
}

/// How much of a transfer arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arrival {
    Same,
    /// Ten-thousandths of what leaves.
    Rate(i64),
    /// Minor units.
    Amount(i64),
}

/// What becomes of clients; few of them die, for their accounts stay locked.
const TURNS: &[&str] = &["approve", "approve", "approve", "approve", "deny", "deny", "archive", "deceased"];

/// Chance from a seed.
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

    /// Mostly ordinary amounts, at times tiny, not above zero, or as large as one call may move.
    fn minor(&mut self) -> i64 {
        match self.below(60) {
            0..=2 => i64::try_from(self.below(7)).unwrap() - 3,
            3 => 100_000_000_000_000_000,
            _ => 1 + i64::try_from(self.below(20_000)).unwrap(),
        }
    }

    pub(super) fn step(&mut self) -> Step {
        let what = self.what();
        Step { what, is_second: self.one_in(3), is_rehearsal: self.one_in(16), is_repeated: self.one_in(5) }
    }

    fn what(&mut self) -> What {
        match self.below(20) {
            0..=1 => {
                let count = 1 + self.below(6);
                What::Batch(self.one_in(2), (0..count).map(|_| self.operation()).collect())
            }
            2 => self.about_clients(),
            _ => self.about_money(),
        }
    }

    /// Something that can be in a batch.
    fn operation(&mut self) -> What {
        loop {
            match self.about_money() {
                What::Minimum(..) | What::Label(..) | What::Clock(_) | What::Retry(_) | What::Nonsense(..) => {}
                What::Flags(number, ..) => return What::Approve(number),
                what => return what,
            }
        }
    }

    fn about_clients(&mut self) -> What {
        let priority = self.one_in(2).then(|| i64::try_from(self.below(4)).unwrap());
        let access = self.from(&["FULL", "FULL", "READ", "NONE"]);
        match self.below(20) {
            0..=4 => What::Join(self.any(), self.any(), access, priority),
            5..=7 => What::Alter(self.any(), self.any(), self.one_in(2).then_some(access), priority),
            8..=9 => What::Leave(self.any(), self.any()),
            10..=11 => What::Register(self.one_in(2)),
            12..=14 => What::Turn(self.any(), self.from(TURNS)),
            15..=17 => What::Open(self.any(), self.any(), self.one_in(2)),
            18 => What::Describe(self.any()),
            _ => What::Approve(self.any()),
        }
    }

    fn about_money(&mut self) -> What {
        match self.below(109) {
            103..=108 => {
                let actions = ["CREDIT", "FEE", "FEE", "BONUS", "CORRECTION", "CORRECTION", "BALANCE"];
                let sign = self.from(&[1, -1]);
                let when = i64::try_from(self.below(Step::WHENS as u64)).unwrap();
                What::Backdate(self.any(), self.from(&actions), sign * self.minor(), when)
            }
            100 => What::Flags(self.any(), !self.one_in(4), !self.one_in(4)),
            101 => {
                let mut name = || (!self.one_in(3)).then(|| usize::try_from(self.below(3)).unwrap());
                let (reference, alias) = (name(), name());
                What::Label(self.any(), reference, alias)
            }
            102 => What::Approve(self.any()),
            0..=17 => What::Post(self.any(), "deposit", self.minor()),
            18..=23 => What::Post(self.any(), "withdraw", self.minor()),
            24..=33 => {
                let actions = ["CREDIT", "CREDIT", "FEE", "BONUS", "CORRECTION", "BALANCE"];
                let sign = self.from(&[1, -1]);
                What::Post(self.any(), self.from(&actions), sign * self.minor())
            }
            34..=46 => {
                let kind = self.from(&[Kind::Deposit, Kind::Withdrawal, Kind::Hold]);
                let hours = self.one_in(3).then(|| 1 + i64::try_from(self.below(60)).unwrap());
                What::Ask(self.any(), kind, self.minor(), hours)
            }
            47..=64 => {
                let all = [
                    Going::Settle,
                    Going::Settle,
                    Going::Return,
                    Going::Approve,
                    Going::Pay,
                    Going::Pay,
                    Going::Cancel,
                    Going::Capture,
                    Going::Capture,
                    Going::Release,
                ];
                let part = self.one_in(2).then(|| self.minor());
                What::Go(self.any(), self.from(&all), part)
            }
            65..=73 => {
                let arrival = match self.below(4) {
                    0 => Arrival::Rate(1 + i64::try_from(self.below(30_000)).unwrap()),
                    1 => Arrival::Amount(self.minor()),
                    _ => Arrival::Same,
                };
                What::Transfer(self.any(), self.any(), self.minor(), arrival)
            }
            74..=81 => What::Reverse(self.any(), self.one_in(4)),
            82 => What::Lock(self.any(), self.from(&["FULL", "CREDITS_ONLY", "DEBITS_ONLY"]), self.one_in(4)),
            83..=84 => What::Unlock(self.any()),
            85 => What::Life(self.any(), self.from(&["inactive", "dormant"])),
            86..=87 => What::Life(self.any(), "activate"),
            88..=89 => What::Minimum(self.any(), -i64::try_from(self.below(60_000)).unwrap()),
            90 if self.one_in(3) => What::Close(self.any(), self.one_in(2).then(|| self.any())),
            91 if self.one_in(3) => What::Archive(self.any()),
            90..=93 => What::Clock(self.from(&[1, 2, 12, 60])),
            94..=96 => What::Retry(self.any()),
            _ => What::Nonsense(self.any(), self.any()),
        }
    }
}
