//! Account groups: the broker's bundles of rules. Callers read them; the operator configures them as reference data.

use crate::domain::ids::{GroupId, GroupSerial};
use crate::domain::named::named_enum;
use crate::domain::reference::CurrencyCode;

/// The highest leverage that an account can be given.
pub const LEVERAGE_MAX: u32 = 10_000;

named_enum! {
    /// What the accounts of a group are for.
    pub enum GroupKind {
        /// Trading accounts.
        Trading = "trading",
        Wallet = "wallet",
    }
}

named_enum! {
    /// What an account may do on the trading platform. It governs trading only, never the movement of funds. In the order in
    /// which Helio numbers them from 1.
    #[derive(Default)]
    pub enum TradeStatus {
        /// Everything.
        #[default]
        Full = "full",
        /// Close positions, open none.
        CloseOnly = "close_only",
        /// Nothing.
        Disabled = "disabled",
        /// Buy first only.
        LongOnly = "long_only",
    }
}

named_enum! {
    /// How the margin of positions in one symbol is summed up.
    #[derive(Default)]
    pub enum MarginCalculation {
        /// All positions.
        #[default]
        Sum = "sum",
        /// The larger side.
        Max = "max",
        /// The difference of the sides.
        Net = "net",
    }
}

/// An account group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// Its serial, in order of creation.
    pub serial: GroupSerial,
    /// Its public id.
    pub id: GroupId,
    /// The key under which the reference file names it.
    pub code: String,
    pub name: String,
    /// What it is for, in a sentence.
    pub description: String,
    /// The platform it belongs to.
    pub platform: String,
    /// Trading accounts or wallets.
    pub kind: GroupKind,
    /// Whether its accounts are demo accounts.
    pub is_demo: bool,
    /// Whether new accounts may join it.
    pub enabled: bool,
    /// What its accounts may do on the trading platform.
    pub status: TradeStatus,
    /// A label by which the broker sorts its groups; empty for none.
    pub label: String,
    /// The leverage of accounts that ask for none.
    pub max_leverage: u32,
    /// Margin level of the margin call, as decimal text in percent.
    pub margin_call_level: String,
    /// Margin level of the stop-out, as decimal text in percent.
    pub stop_out_level: String,
    /// Whether the broker takes over what a client loses beyond the balance.
    pub negative_balance_protection: bool,
    /// Whether positions bear no swap.
    pub is_swap_free: bool,
    /// How margin is summed up.
    pub margin_calculation: MarginCalculation,
    /// Days until a deposit from outside is available.
    pub deposit_hold_days: u32,
    /// The same, counted from the client's first day; the later of the two counts.
    pub new_client_hold_days: u32,
    /// Whether debits to the outside take a second operator.
    pub requires_approval: bool,
    /// How far below zero its accounts may be allowed to go, as decimal text: zero or less.
    pub minimum_balance: String,
    /// The currencies that it offers and that are enabled, in the order of the reference file.
    pub currencies: Vec<CurrencyCode>,
}
