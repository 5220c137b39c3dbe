//! Accounts: each holds money in one currency and belongs to a client.

use crate::domain::accounts::{Balances, Lock, Permission, Permissions, Valuation};
use crate::domain::clients::AccountLabels;
use crate::domain::clock::Moment;
use crate::domain::ids::{
    AccountId, AccountSerial, BookId, CurrencySerial, DEFAULT_LEDGER, GroupId, GroupSerial, LedgerId, PortfolioId,
    PortfolioSerial, ProfileId, ProfileSerial,
};
use crate::domain::money::{Amount, Decimals};
use crate::domain::named::named_enum;
use crate::domain::reference::{CurrencyCode, MarginCalculation, TradeStatus};
use crate::domain::refusal::{Field, Refusal, Remainder};

named_enum! {
    /// The lifecycle of an account. Every dialect derives its account status from this and from the lock.
    pub enum Lifecycle {
        PendingApproval = "pending_approval",
        Active = "active",
        /// Deactivated by an operator.
        Inactive = "inactive",
        /// Marked as long unused by an operator.
        Dormant = "dormant",
        /// Pays out what is left; accepts credits only up to what it owes.
        Closing = "closing",
        /// Archived, which cannot be undone.
        Closed = "closed",
    }
}

impl Lifecycle {
    /// Whether an operator may change this state to `next` by hand; a closing can be cancelled this way. Approval,
    /// closing and archiving are separate commands.
    pub fn may_become(self, next: Lifecycle) -> bool {
        matches!(
            (self, next),
            (Lifecycle::Inactive | Lifecycle::Dormant | Lifecycle::Closing, Lifecycle::Active)
                | (Lifecycle::Active | Lifecycle::Dormant, Lifecycle::Inactive)
                | (Lifecycle::Active | Lifecycle::Inactive, Lifecycle::Dormant)
        )
    }

    /// The state as it appears in messages. A closed account is called archived, as in the vendors' contracts.
    pub fn word(self) -> &'static str {
        match self {
            Lifecycle::PendingApproval => "waiting for approval",
            Lifecycle::Closed => "archived",
            other => other.name(),
        }
    }
}

named_enum! {
    /// How positions in the same symbol are combined.
    pub enum PositionMode {
        /// One position per symbol.
        Netting = "netting",
        /// Any number of positions per symbol.
        Hedging = "hedging",
    }
}

named_enum! {
    /// What orders of an account are placed for.
    #[derive(Default)]
    pub enum OrderBasis {
        /// Single instruments.
        #[default]
        Instrument = "instrument",
        /// All that is in the account, in set proportions.
        Portfolio = "portfolio",
    }
}

/// The direction of a movement, seen from the account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    Credit,
    Debit,
}

/// The account's place in the ledger, and the settings that it takes from its group and client. Not part of its public
/// representation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    pub ledger: i64,
    pub currency: CurrencySerial,
    pub portfolio: PortfolioSerial,
    pub group: GroupSerial,
    pub profile: ProfileSerial,
    /// When the primary owner became a client.
    pub client_since: Moment,
    /// Days until an external deposit becomes available.
    pub deposit_hold_days: u32,
    /// Days after the client's first day before external deposits become available; the later of the two dates applies.
    pub new_client_hold_days: u32,
    /// Whether withdrawals to the outside need approval by a second operator.
    pub requires_approval: bool,
    /// Whether its group is a bank product, whose terms then apply.
    pub is_bank: bool,
    /// The available amount whose first time is still to be noted.
    pub unmet_target: Option<Amount>,
    /// How far below zero the account's own setting lets it go; its group may be stricter ([`Balances::minimum`]).
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
            is_bank: false,
            unmet_target: None,
            own_minimum: Amount::ZERO,
        }
    }
}

/// An account with its balances.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Account {
    pub id: AccountId,
    /// Its book in the ledger.
    pub book: BookId,
    /// From one counter that it shares with external accounts.
    pub serial: AccountSerial,
    /// The account number shown to people: unique, never reused.
    pub number: String,
    pub profile: ProfileId,
    pub group: GroupId,
    pub portfolio: PortfolioId,
    /// Its serial within the portfolio, from 1.
    pub portfolio_serial: i64,
    /// Absent in outcomes stored by older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerId>,
    /// The account that it is nested in. Never changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<AccountId>,
    /// Fixed when the account is opened.
    pub currency: CurrencyCode,
    pub decimals: Decimals,
    /// Set by its first group; never changes.
    pub is_demo: bool,
    /// Fixed when the account is opened.
    pub is_spread_betting: bool,
    /// None leaves it to the trading platform. Never changes.
    pub position_mode: Option<PositionMode>,
    /// Overrides the group's setting. Never changes.
    pub margin_calculation_override: Option<MarginCalculation>,
    /// What the account may do on the trading platform.
    pub trade_status: TradeStatus,
    pub max_leverage: u32,
    /// In minor units of its currency; zero means no limit.
    pub net_open_position_limit: Amount,
    pub wants_daily_statement: bool,
    pub lifecycle: Lifecycle,
    #[serde(flatten)]
    pub lock: Lock,
    pub allows_credits: bool,
    pub allows_debits: bool,
    #[serde(default, skip_serializing_if = "has_all")]
    pub permissions: Permissions,
    pub balances: Balances,
    /// Set when the account is opened; never changes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub order_basis: OrderBasis,
    /// Incremented by every change of settings, never by postings; from 1.
    pub version: u64,
    pub created_at: Moment,
    /// When its settings were last changed.
    pub updated_at: Moment,
    pub closed_at: Option<Moment>,
    /// Absent in outcomes and events stored by older versions.
    #[serde(default)]
    pub labels: AccountLabels,
    #[serde(skip)]
    pub standing: Standing,
    #[serde(skip)]
    pub valuation: Valuation,
}

fn is_default(basis: &OrderBasis) -> bool {
    *basis == OrderBasis::default()
}

fn has_all(permissions: &Permissions) -> bool {
    *permissions == Permissions::default()
}

impl Account {
    /// Refuses a movement of funds that the account's lifecycle, lock, status or flags forbid.
    ///
    /// The trade status does not matter: it governs trading only.
    pub fn admit_funds(&self, direction: Direction) -> Result<(), Refusal> {
        match (self.lifecycle, direction) {
            (Lifecycle::Active, _) | (Lifecycle::Closing, Direction::Debit) => {}
            (state, _) => return Err(Refusal::AccountState(state)),
        }
        self.admit_unlocked(direction)
    }

    /// Like `admit_funds`, for a credit of this amount. An account that is closing accepts only what it owes, otherwise
    /// its closing could never finish. Trading credit does not pay a debt.
    pub fn admit_credit(&self, amount: Amount, is_trading_credit: bool) -> Result<(), Refusal> {
        let after = self.balances.balance.checked_add(amount);
        let pays_debt = !is_trading_credit && after.is_some_and(|after| !after.is_positive());
        if self.lifecycle == Lifecycle::Closing && pays_debt {
            return self.admit_unlocked(Direction::Credit);
        }
        self.admit_funds(Direction::Credit)
    }

    /// Refuses what the lock, the caller's status or the flags forbid.
    fn admit_unlocked(&self, direction: Direction) -> Result<(), Refusal> {
        if !self.lock.admits(direction) {
            return Err(Refusal::AccountLocked);
        }
        if self.labels.status.stops_money() {
            return Err(Refusal::AccountBlocked);
        }
        match direction {
            Direction::Credit if !self.allows_credits => Err(Refusal::CreditsOff),
            Direction::Debit if !self.allows_debits => Err(Refusal::DebitsOff),
            _ => Ok(()),
        }
    }

    /// Refuses this side of a transfer between accounts if a permission for it is withheld.
    pub fn admit_transfer(&self, direction: Direction) -> Result<(), Refusal> {
        let of_side = match direction {
            Direction::Credit => Permission::TransferDeposit,
            Direction::Debit => Permission::TransferWithdrawal,
        };
        match [Permission::Enabled, of_side].into_iter().find(|permission| !self.permissions.has(*permission)) {
            Some(permission) => Err(Refusal::PermissionWithheld { permission }),
            None => Ok(()),
        }
    }

    /// Refuses a request whose currency is not the account's.
    pub fn admit_currency(&self, currency: Option<&CurrencyCode>) -> Result<(), Refusal> {
        match currency {
            Some(currency) if *currency != self.currency => {
                Err(Refusal::invalid(Field::Currency, format!("the account is in {}", self.currency)))
            }
            _ => Ok(()),
        }
    }

    /// Refuses changes of settings once the account is archived.
    pub fn admit_change(&self) -> Result<(), Refusal> {
        if self.lifecycle == Lifecycle::Closed { Err(Refusal::AccountState(Lifecycle::Closed)) } else { Ok(()) }
    }

    /// Refuses to remove or replace a system lock or a fraud-investigation lock, unless the caller is an administrator.
    pub fn admit_unlocking(&self) -> Result<(), Refusal> {
        if self.lock.needs_administrator() { Err(Refusal::LockKept) } else { Ok(()) }
    }

    /// Refuses to archive an account that is not empty.
    pub fn admit_archiving(&self) -> Result<(), Refusal> {
        let left = |remainder| Err(Refusal::NotEmpty(remainder));
        let balance = self.balances.balance;
        if !balance.is_zero() {
            let currency = self.currency.to_string();
            Err(Refusal::BalanceLeft { balance: balance.to_text(self.decimals), currency })
        } else if !self.balances.held.is_zero() {
            left(Remainder::Holds)
        } else if !self.balances.is_empty() {
            left(Remainder::Pending)
        } else {
            self.admit_idle()
        }
    }

    /// Refuses an account with open positions or working orders.
    pub fn admit_idle(&self) -> Result<(), Refusal> {
        if self.valuation.has_positions {
            Err(Refusal::NotEmpty(Remainder::Positions))
        } else if self.valuation.has_orders {
            Err(Refusal::NotEmpty(Remainder::Orders))
        } else {
            Ok(())
        }
    }

    /// Refuses a debit (negative) that is not covered; the refusal carries the amount that is available.
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

    /// An account as stored in an outcome at schema 12.
    fn stored_account(lock: &serde_json::Value) -> serde_json::Value {
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
    fn accounts_in_stored_outcomes_of_any_version_can_be_read() {
        let locked = json!({"lock": "debits_only", "lock_holder": "system", "lock_reason": "CO"});
        let account: Account = serde_json::from_value(stored_account(&locked)).unwrap();
        let (scope, holder, reason) = (LockScope::DebitsOnly, LockHolder::System, LockReason::Co);
        assert_eq!(account.lock, Lock::Locked { scope, holder, reason });
        assert_eq!((account.lifecycle, account.trade_status), (Lifecycle::PendingApproval, TradeStatus::CloseOnly));
        assert_eq!(account.balances.balance.minor(), 9_007_199_254_740_993);
        let text = serde_json::to_string(&account).unwrap();
        assert_eq!(serde_json::from_str::<Account>(&text).unwrap(), account);

        let open = json!({"lock": "none", "lock_holder": null, "lock_reason": null});
        assert_eq!(serde_json::from_value::<Account>(stored_account(&open)).unwrap().lock, Lock::Open);
        let torn = json!({"lock": "none", "lock_holder": "system", "lock_reason": null});
        assert!(serde_json::from_value::<Account>(stored_account(&torn)).is_err());
    }
}
