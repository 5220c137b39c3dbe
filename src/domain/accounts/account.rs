//! Accounts: one book of money in one currency, owned by a client.

use crate::domain::accounts::{Balances, Lock};
use crate::domain::clients::AccountLabels;
use crate::domain::clock::Moment;
use crate::domain::ids::{
    AccountId, AccountSerial, BookId, CurrencySerial, DEFAULT_LEDGER, GroupId, GroupSerial, PortfolioId,
    PortfolioSerial, ProfileId, ProfileSerial,
};
use crate::domain::money::{Amount, Decimals};
use crate::domain::named::named_enum;
use crate::domain::reference::{CurrencyCode, MarginCalculation, TradeStatus};
use crate::domain::refusal::{Field, Refusal, Remainder};

named_enum! {
    /// The states of an account's life. Every dialect's status derives from this and from the lock.
    pub enum Lifecycle {
        /// Waits for an operator's approval.
        PendingApproval = "pending_approval",
        /// In use.
        Active = "active",
        /// Set aside by an operator.
        Inactive = "inactive",
        /// Unused for long, set aside by an operator.
        Dormant = "dormant",
        /// Pays out what is left, takes in nothing but what it owes.
        Closing = "closing",
        /// Archived, for good.
        Closed = "closed",
    }
}

impl Lifecycle {
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

named_enum! {
    /// How positions in one symbol are kept.
    pub enum PositionMode {
        /// One position a symbol.
        Netting = "netting",
        /// Any number of positions a symbol.
        Hedging = "hedging",
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
    pub currency: CurrencySerial,
    /// The portfolio it belongs to.
    pub portfolio: PortfolioSerial,
    /// Its group.
    pub group: GroupSerial,
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
            group: GroupSerial(0),
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
    /// Whether it is locked, and by whom.
    #[serde(flatten)]
    pub lock: Lock,
    /// Whether credits are switched on.
    pub allows_credits: bool,
    /// Whether debits are switched on.
    pub allows_debits: bool,
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
        if !self.lock.admits(direction) {
            return Err(Refusal::AccountLocked);
        }
        match direction {
            Direction::Credit if !self.allows_credits => Err(Refusal::CreditsOff),
            Direction::Debit if !self.allows_debits => Err(Refusal::DebitsOff),
            _ => Ok(()),
        }
    }

    /// Refuses an amount that its caller takes to be in another currency.
    pub fn admit_currency(&self, currency: Option<&CurrencyCode>) -> Result<(), Refusal> {
        match currency {
            Some(currency) if *currency != self.currency => {
                Err(Refusal::invalid(Field::Currency, format!("the account is in {}", self.currency)))
            }
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
        if self.lock.is_kept() { Err(Refusal::LockKept) } else { Ok(()) }
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

    /// Refuses a debit (below zero) that is not covered, and says how much could have been taken.
    pub fn admit_covered(&self, debit: Amount, is_credit: bool) -> Result<(), Refusal> {
        if self.balances.covers(debit, is_credit) {
            return Ok(());
        }
        Err(Refusal::InsufficientFunds {
            available: self.balances.debitable(is_credit).max(Amount::ZERO).to_text(self.decimals),
            currency: self.currency.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::accounts::{LockHolder, LockReason, LockScope};
    use serde_json::json;

    /// An account as an outcome of schema 12 keeps it.
    fn kept(lock: &serde_json::Value) -> serde_json::Value {
        let mut account = json!({
            "id": "018f0000-0000-7000-8000-000000000001", "book": 17, "serial": 2, "number": "2100000002",
            "profile": "018f0000-0000-7000-8000-000000000002", "group": "018f0000-0000-7000-8000-000000000003",
            "portfolio": "018f0000-0000-7000-8000-000000000004", "portfolio_serial": 1, "currency": "EUR",
            "decimals": 2, "is_demo": false, "is_spread_betting": false, "position_mode": "hedging",
            "margin_calculation_override": null, "trade_status": "close_only", "max_leverage": 30,
            "net_open_position_limit": 0, "wants_daily_statement": true, "lifecycle": "pending_approval",
            "allows_credits": true, "allows_debits": false,
            "balances": {
                "balance": 9_007_199_254_740_993_i64, "held": 5, "uncleared": 0, "pending": 0, "credit_net": 0,
                "minimum": -100
            },
            "version": 3, "created_at": 1_772_440_200_000_i64, "updated_at": 1_772_440_200_001_i64, "closed_at": null
        });
        account.as_object_mut().unwrap().extend(lock.as_object().unwrap().clone());
        account
    }

    #[test]
    fn accounts_of_kept_outcomes_are_read_whichever_version_kept_them() {
        let locked = json!({"lock": "debits_only", "lock_holder": "system", "lock_reason": "CO"});
        let account: Account = serde_json::from_value(kept(&locked)).unwrap();
        let (scope, holder, reason) = (LockScope::DebitsOnly, LockHolder::System, LockReason::Co);
        assert_eq!(account.lock, Lock::Locked { scope, holder, reason });
        assert_eq!((account.lifecycle, account.trade_status), (Lifecycle::PendingApproval, TradeStatus::CloseOnly));
        assert_eq!(account.balances.balance.minor(), 9_007_199_254_740_993);
        let text = serde_json::to_string(&account).unwrap();
        assert_eq!(serde_json::from_str::<Account>(&text).unwrap(), account);

        let open = json!({"lock": "none", "lock_holder": null, "lock_reason": null});
        assert_eq!(serde_json::from_value::<Account>(kept(&open)).unwrap().lock, Lock::Open);
        let torn = json!({"lock": "none", "lock_holder": "system", "lock_reason": null});
        assert!(serde_json::from_value::<Account>(kept(&torn)).is_err());
    }
}
