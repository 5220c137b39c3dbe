//! Accounts: one book of money in one currency, owned by a client.

use crate::domain::accounts::Balances;
use crate::domain::clients::AccountLabels;
use crate::domain::clock::Moment;
use crate::domain::ids::{
    AccountId, AccountSerial, BookId, CurrencySerial, DEFAULT_LEDGER, GroupId, PortfolioId, PortfolioSerial, ProfileId,
    ProfileSerial,
};
use crate::domain::money::{Amount, Decimals};
use crate::domain::reference::{CurrencyCode, MarginCalculation, TradeStatus};
use crate::domain::refusal::{Refusal, Remainder};

/// The states of an account's life. Every dialect's status derives from this and from the lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    /// Waits for an operator's approval.
    PendingApproval,
    /// In use.
    Active,
    /// Set aside by an operator.
    Inactive,
    /// Unused for long, set aside by an operator.
    Dormant,
    /// Pays out what is left, takes in nothing but what it owes.
    Closing,
    /// Archived, for good.
    Closed,
}

impl Lifecycle {
    /// Every state.
    pub const ALL: [Lifecycle; 6] = [
        Lifecycle::PendingApproval,
        Lifecycle::Active,
        Lifecycle::Inactive,
        Lifecycle::Dormant,
        Lifecycle::Closing,
        Lifecycle::Closed,
    ];

    /// Its name, as it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Lifecycle::PendingApproval => "pending_approval",
            Lifecycle::Active => "active",
            Lifecycle::Inactive => "inactive",
            Lifecycle::Dormant => "dormant",
            Lifecycle::Closing => "closing",
            Lifecycle::Closed => "closed",
        }
    }

    /// Whether an operator may set this state aside for another one; a closing can be called off. Approval, closing and
    /// archiving have ways of their own.
    pub fn may_become(self, next: Lifecycle) -> bool {
        matches!(
            (self, next),
            (Lifecycle::Inactive | Lifecycle::Dormant | Lifecycle::Closing, Lifecycle::Active)
                | (Lifecycle::Active | Lifecycle::Dormant, Lifecycle::Inactive)
                | (Lifecycle::Active | Lifecycle::Inactive, Lifecycle::Dormant)
        )
    }

    /// The word for it in a message; a closed account is called archived, as in the contracts that name it so.
    pub fn word(self) -> &'static str {
        match self {
            Lifecycle::PendingApproval => "waiting for approval",
            Lifecycle::Closed => "archived",
            other => other.name(),
        }
    }
}

/// What a lock keeps out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lock {
    /// Nothing: not locked.
    None,
    /// Debits; credits pass.
    CreditsOnly,
    /// Credits; debits pass.
    DebitsOnly,
    /// Both.
    Full,
}

impl Lock {
    /// Every lock.
    pub const ALL: [Lock; 4] = [Lock::None, Lock::CreditsOnly, Lock::DebitsOnly, Lock::Full];

    /// Its name, as it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Lock::None => "none",
            Lock::CreditsOnly => "credits_only",
            Lock::DebitsOnly => "debits_only",
            Lock::Full => "full",
        }
    }
}

/// Whose a lock is, which decides who may take it off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockHolder {
    /// Put on for the client; any operator takes it off, but for a fraud investigation.
    Customer,
    /// Put on by the broker; only administrators take it off.
    System,
}

impl LockHolder {
    /// Every holder.
    pub const ALL: [LockHolder; 2] = [LockHolder::Customer, LockHolder::System];

    /// Its name, as it is stored.
    pub fn name(self) -> &'static str {
        match self {
            LockHolder::Customer => "customer",
            LockHolder::System => "system",
        }
    }
}

/// Why an account is locked (Q2 Helix, "Account object": lockReasonTypeCode).
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LockReason {
    /// Unknown.
    Unk,
    /// Fraud investigation.
    Frd,
    /// Administrative.
    Adm,
    /// Temporary.
    Tmp,
    /// Freeze.
    Frz,
    /// Suspected fraud.
    Sus,
    /// Credits only.
    Co,
    /// Return risk.
    Rtn,
    /// Recovery.
    Rec,
    /// Deceased.
    Ded,
    /// Dormant.
    Dor,
}

impl LockReason {
    /// Every reason.
    pub const ALL: [LockReason; 11] = [
        LockReason::Unk,
        LockReason::Frd,
        LockReason::Adm,
        LockReason::Tmp,
        LockReason::Frz,
        LockReason::Sus,
        LockReason::Co,
        LockReason::Rtn,
        LockReason::Rec,
        LockReason::Ded,
        LockReason::Dor,
    ];

    /// Its code, as it is stored and shown.
    pub fn code(self) -> &'static str {
        match self {
            LockReason::Unk => "UNK",
            LockReason::Frd => "FRD",
            LockReason::Adm => "ADM",
            LockReason::Tmp => "TMP",
            LockReason::Frz => "FRZ",
            LockReason::Sus => "SUS",
            LockReason::Co => "CO",
            LockReason::Rtn => "RTN",
            LockReason::Rec => "REC",
            LockReason::Ded => "DED",
            LockReason::Dor => "DOR",
        }
    }
}

/// How positions in one symbol are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionMode {
    /// One position a symbol.
    Netting,
    /// Any number of positions a symbol.
    Hedging,
}

impl PositionMode {
    /// Every mode.
    pub const ALL: [PositionMode; 2] = [PositionMode::Netting, PositionMode::Hedging];

    /// Its name, as it is stored.
    pub fn name(self) -> &'static str {
        match self {
            PositionMode::Netting => "netting",
            PositionMode::Hedging => "hedging",
        }
    }
}

/// The direction of a movement as seen from the account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Money comes in.
    Credit,
    /// Money goes out.
    Debit,
}

/// Where an account stands in the ledger, and what its group and its client bring with them. Not part of what is told of
/// an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The ledger that it belongs to.
    pub ledger: i64,
    /// Its currency.
    pub currency: CurrencySerial,
    /// The portfolio it belongs to.
    pub portfolio: PortfolioSerial,
    /// Its primary owner.
    pub profile: ProfileSerial,
    /// Since when its primary owner is a client.
    pub client_since: Moment,
    /// Days until a deposit from outside is available.
    pub deposit_hold_days: u32,
    /// The same, counted from the client's first day; the later of the two counts.
    pub new_client_hold_days: u32,
    /// Whether debits to the outside take a second operator.
    pub requires_approval: bool,
    /// How far below zero it may go by its own setting; its group may be stricter ([`Balances::minimum`]).
    pub own_minimum: Amount,
}

impl Default for Standing {
    fn default() -> Self {
        Standing {
            ledger: DEFAULT_LEDGER,
            currency: CurrencySerial(0),
            portfolio: PortfolioSerial(0),
            profile: ProfileSerial(0),
            client_since: Moment::from_unix_ms(0),
            deposit_hold_days: 0,
            new_client_hold_days: 0,
            requires_approval: false,
            own_minimum: Amount::ZERO,
        }
    }
}

/// An account with its balances.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Account {
    /// Its public id.
    pub id: AccountId,
    /// Its book in the ledger.
    pub book: BookId,
    /// Its serial, from one counter shared with external accounts.
    pub serial: AccountSerial,
    /// The account number that people use: unique, never reused.
    pub number: String,
    /// The primary owner.
    pub profile: ProfileId,
    /// The group whose rules apply.
    pub group: GroupId,
    /// The portfolio it belongs to.
    pub portfolio: PortfolioId,
    /// Its serial inside the portfolio, from 1.
    pub portfolio_serial: i64,
    /// Its currency; never changes.
    pub currency: CurrencyCode,
    /// Decimals of its currency.
    pub decimals: Decimals,
    /// Whether it is a demo account; follows from its first group and never changes.
    pub is_demo: bool,
    /// Whether it is a spread-betting account; never changes.
    pub is_spread_betting: bool,
    /// How positions are kept; none leaves it to the trading platform. Never changes.
    pub position_mode: Option<PositionMode>,
    /// How margin is summed up, where it departs from the group. Never changes.
    pub margin_calculation_override: Option<MarginCalculation>,
    /// What it may do on the trading platform.
    pub trade_status: TradeStatus,
    /// Its leverage cap.
    pub max_leverage: u32,
    /// Limit of its net open position in minor units of its currency; zero for none.
    pub net_open_position_limit: Amount,
    /// Whether daily statements are wanted.
    pub wants_daily_statement: bool,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// What is locked.
    pub lock: Lock,
    /// Whose lock it is; none if it is not locked.
    pub lock_holder: Option<LockHolder>,
    /// Why it is locked; none if it is not.
    pub lock_reason: Option<LockReason>,
    /// Whether credits are switched on.
    pub allows_credits: bool,
    /// Whether debits are switched on.
    pub allows_debits: bool,
    /// Its balances.
    pub balances: Balances,
    /// Rises with every change of settings, never with money, from 1.
    pub version: u64,
    /// When it was opened.
    pub created_at: Moment,
    /// When its settings last changed.
    pub updated_at: Moment,
    /// When it was archived.
    pub closed_at: Option<Moment>,
    /// What callers note on it. Outcomes and events of older versions have none.
    #[serde(default)]
    pub labels: AccountLabels,
    /// Where it stands in the ledger.
    #[serde(skip)]
    pub standing: Standing,
}

impl Account {
    /// Refuses a movement of funds that the account's state, lock or flags do not allow.
    ///
    /// The trade status is not asked: it governs trading only.
    pub fn admit_funds(&self, direction: Direction) -> Result<(), Refusal> {
        match (self.lifecycle, direction) {
            (Lifecycle::Active, _) | (Lifecycle::Closing, Direction::Debit) => {}
            (state, _) => return Err(Refusal::AccountState(state)),
        }
        self.admit_unlocked(direction)
    }

    /// The same for an amount that comes in. An account that is closing takes in what it owes, and no more: else its closing
    /// could never end. Trading credit pays no debt.
    pub fn admit_credit(&self, amount: Amount, is_trading_credit: bool) -> Result<(), Refusal> {
        let after = self.balances.balance.checked_add(amount);
        let pays_debt = !is_trading_credit && after.is_some_and(|after| !after.is_positive());
        if self.lifecycle == Lifecycle::Closing && pays_debt {
            return self.admit_unlocked(Direction::Credit);
        }
        self.admit_funds(Direction::Credit)
    }

    /// Refuses what the lock or the flags do not allow.
    fn admit_unlocked(&self, direction: Direction) -> Result<(), Refusal> {
        match (self.lock, direction) {
            (Lock::None, _) | (Lock::CreditsOnly, Direction::Credit) | (Lock::DebitsOnly, Direction::Debit) => {}
            _ => return Err(Refusal::AccountLocked),
        }
        match direction {
            Direction::Credit if !self.allows_credits => Err(Refusal::CreditsOff),
            Direction::Debit if !self.allows_debits => Err(Refusal::DebitsOff),
            _ => Ok(()),
        }
    }

    /// Refuses a change of settings of an account that is archived.
    pub fn admit_change(&self) -> Result<(), Refusal> {
        if self.lifecycle == Lifecycle::Closed { Err(Refusal::AccountState(Lifecycle::Closed)) } else { Ok(()) }
    }

    /// Refuses to take the lock off, or to replace it, for a caller who is not an administrator: locks of the system and
    /// those of a fraud investigation stay.
    pub fn admit_unlocking(&self) -> Result<(), Refusal> {
        let is_kept = self.lock_holder == Some(LockHolder::System) || self.lock_reason == Some(LockReason::Frd);
        if is_kept { Err(Refusal::LockKept) } else { Ok(()) }
    }

    /// Refuses to archive an account in which anything is left.
    pub fn admit_archiving(&self) -> Result<(), Refusal> {
        let left = |remainder| Err(Refusal::NotEmpty(remainder));
        if !self.balances.balance.is_zero() {
            left(Remainder::Balance)
        } else if !self.balances.held.is_zero() {
            left(Remainder::Holds)
        } else if !self.balances.is_empty() {
            left(Remainder::Pending)
        } else {
            Ok(())
        }
    }

    /// What a refused debit tells the caller: how much could have been taken.
    pub fn insufficient_funds(&self, is_credit: bool) -> Refusal {
        Refusal::InsufficientFunds {
            available: self.balances.debitable(is_credit).max(Amount::ZERO).to_text(self.decimals),
            currency: self.currency.to_string(),
        }
    }
}
