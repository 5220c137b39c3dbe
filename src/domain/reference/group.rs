//! Account groups: bundles of rules that the broker configures as reference data; callers only read them.

use crate::domain::ids::{GroupId, GroupSerial};
use crate::domain::named::named_enum;
use crate::domain::reference::CurrencyCode;

/// The highest leverage that an account can have.
pub const LEVERAGE_MAX: u32 = 10_000;

named_enum! {
    /// The purpose of a group's accounts.
    pub enum GroupKind {
        Trading = "trading",
        Wallet = "wallet",
    }
}

named_enum! {
    /// What an account may do on the trading platform. It governs trading only, never the movement of funds. Declared
    /// in the order in which Helio numbers the values from 1.
    #[derive(Default)]
    pub enum TradeStatus {
        #[default]
        Full = "full",
        /// May close positions but not open any.
        CloseOnly = "close_only",
        /// May neither open nor close positions.
        Disabled = "disabled",
        /// May open buy positions only.
        LongOnly = "long_only",
    }
}

named_enum! {
    /// How margin is computed for positions in one symbol.
    #[derive(Default)]
    pub enum MarginCalculation {
        /// The sum of both sides.
        #[default]
        Sum = "sum",
        /// The larger side only.
        Max = "max",
        /// The difference between the sides.
        Net = "net",
    }
}

/// A group as it is declared in the reference data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeclaredGroup {
    /// The key of the group in the reference file.
    pub code: String,
    pub name: String,
    /// One sentence, or empty.
    pub description: String,
    /// The code of its trading platform.
    pub platform: String,
    pub kind: GroupKind,
    pub is_demo: bool,
    /// Whether new accounts may join it.
    pub enabled: bool,
    /// The default for its accounts.
    pub status: TradeStatus,
    /// The broker's own category; empty for none.
    pub label: String,
    /// The leverage of accounts that request none.
    pub max_leverage: u32,
    /// Margin level of the margin call: decimal text, percent.
    pub margin_call_level: String,
    /// Margin level of the stop-out: decimal text, percent.
    pub stop_out_level: String,
    /// Whether the broker absorbs losses beyond the client's balance.
    pub negative_balance_protection: bool,
    /// Whether positions bear no swap.
    pub is_swap_free: bool,
    pub margin_calculation: MarginCalculation,
    /// Days until an external deposit becomes available.
    pub deposit_hold_days: u32,
    /// Days after the client's first day before external deposits become available; the later of the two dates applies.
    pub new_client_hold_days: u32,
    /// Whether withdrawals to the outside need approval by a second operator.
    pub requires_approval: bool,
    /// The lowest balance its accounts may be allowed, as decimal text: zero or less.
    pub minimum_balance: String,
}

/// A group that accounts can join.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// In order of creation, from 1.
    pub serial: GroupSerial,
    pub id: GroupId,
    pub declared: DeclaredGroup,
    /// The enabled currencies that it offers, in the order of the reference file.
    pub currencies: Vec<CurrencyCode>,
}
