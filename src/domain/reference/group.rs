//! Account groups: bundles of rules that the broker configures as reference data; callers only read them.

use crate::domain::clock::Moment;
use crate::domain::ids::{CurrencySerial, GroupId, GroupSerial, OfferSerial};
use crate::domain::named::named_enum;
use crate::domain::reference::{BankTerms, CurrencyCode};
use serde::{Deserialize, Serialize};

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

named_enum! {
    /// The prices that margin is computed from.
    #[derive(Default)]
    pub enum MarginBasis {
        /// Those at which positions were opened.
        #[default]
        Open = "open",
        /// Those at which positions are valued now.
        Current = "current",
    }
}

named_enum! {
    /// The closings after which a negative balance is lifted.
    #[derive(Default)]
    pub enum ProtectAfter {
        #[default]
        AnyClose = "any_close",
        StopOut = "stop_out",
    }
}

/// Names by which the trading platform and statements know a group; empty for none.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupNames {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub symbol_profile: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub funding_profile: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub statement_heading: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub external_gateway: String,
}

/// A symbol that a group offers, and what the trading platform applies to it there; empty for nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupSymbol {
    /// The code of the symbol.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub symbol: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub margin_template: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub commission_template: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub volume_template: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub protection_template: String,
    /// What is added to bids: decimal text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub markup_bid: String,
    /// What is added to asks: decimal text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub markup_ask: String,
    /// The largest net open position: decimal text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub max_nop: String,
}

impl GroupSymbol {
    /// Whether nothing is applied to it.
    pub fn is_plain(&self) -> bool {
        *self == GroupSymbol { symbol: self.symbol.clone(), ..GroupSymbol::default() }
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
    pub margin_basis: MarginBasis,
    pub protect_after: ProtectAfter,
    /// Whether it offers only the symbols that it lists; otherwise it offers all.
    pub lists_symbols: bool,
    pub names: GroupNames,
    /// Days until an external deposit becomes available.
    pub deposit_hold_days: u32,
    /// Days after the client's first day before external deposits become available; the later of the two dates applies.
    pub new_client_hold_days: u32,
    /// Whether withdrawals to the outside need approval by a second operator.
    pub requires_approval: bool,
    /// The lowest balance its accounts may be allowed, as decimal text: zero or less.
    pub minimum_balance: String,
    /// None if it is no bank product.
    pub bank: Option<BankTerms>,
}

/// A currency that a group offers, or has offered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    pub serial: OfferSerial,
    pub group: GroupSerial,
    pub currency: CurrencySerial,
    /// Whether the group still offers it.
    pub enabled: bool,
    /// When the group first offered it; None if that was before this was kept.
    pub created_at: Option<Moment>,
}

/// The number of a label: the serial of the first group that has it. None for no label.
pub fn label_serial(groups: &[Group], label: &str) -> Option<GroupSerial> {
    groups.iter().find(|group| !label.is_empty() && group.declared.label == label).map(|group| group.serial)
}

/// A group that accounts can join.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// In order of creation, from 1.
    pub serial: GroupSerial,
    pub id: GroupId,
    pub declared: DeclaredGroup,
    /// The ledger of its accounts.
    pub ledger: i64,
    /// Whether a caller made it; otherwise the reference file declares it.
    pub is_made_by_caller: bool,
    /// The enabled currencies that it offers, in the order of the reference file; of one made by a caller, those of its
    /// ledger's instruments.
    pub currencies: Vec<CurrencyCode>,
    /// When it was declared; None if that was before this was kept.
    pub created_at: Option<Moment>,
}
