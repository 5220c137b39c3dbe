//! What a trading platform reports. Units are the platform's; nothing here has been looked up yet.

use crate::domain::clock::Moment;
use crate::domain::money::{AMOUNT_TEXT_MAX, DecimalText};
use crate::domain::named::named_enum;
use crate::domain::trading::{ExecutionEntry, OrderState, OrderType, Side, TimeInForce, VolumeUnit};
use serde::{Deserialize, Serialize};

/// Decimals of quantities, prices, rates and amounts in the feed.
pub const EVENT_DECIMALS_MAX: usize = 12;
/// The longest id of the feed, in characters.
pub const EVENT_ID_MAX: usize = 128;
/// The longest event, in bytes of its text.
pub const EVENT_BYTES_MAX: usize = 65_536;
/// The most events in one call.
pub const EVENTS_MAX: usize = 10_000;
/// How far ahead of our clock an event may be, in seconds.
pub const AHEAD_MAX_S: i64 = 60;

/// Reads a number of the feed: plain digits with at most [`EVENT_DECIMALS_MAX`] decimals. Zeros at the end are dropped,
/// so that equal numbers have equal texts.
pub fn number(text: &str) -> Result<DecimalText, String> {
    let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if decimals > EVENT_DECIMALS_MAX && text.len() <= AMOUNT_TEXT_MAX {
        return Err(format!("at most {EVENT_DECIMALS_MAX} decimals"));
    }
    DecimalText::parse(text).map(DecimalText::normalized).map_err(|error| error.to_string())
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlatformEvent {
    /// The code of the platform.
    pub platform: String,
    /// Its id at the platform; empty for quotes.
    pub id: String,
    /// Our id, our number, or the platform's number; empty for what concerns a symbol.
    pub account: String,
    pub at: Moment,
    /// Nanoseconds beyond `at`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nanos: u32,
    /// The platform's order within the account; none sorts first.
    pub sequence: Option<i64>,
    pub news: News,
}

fn is_zero(nanos: &u32) -> bool {
    *nanos == 0
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    Order(Box<OrderReport>),
    Execution(Box<ExecutionReport>),
    Correction(Box<Correction>),
    Charge(Charge),
    Split(SplitReport),
    Quote(QuoteReport),
    Snapshot(Box<PlatformView>),
}

/// The figures of an execution, or those that a correction changes. A close-by needs neither side nor price.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Figures {
    pub entry: Option<ExecutionEntry>,
    pub side: Option<Side>,
    /// Zero or more.
    pub quantity: Option<DecimalText>,
    /// None for the platform's.
    pub unit: Option<VolumeUnit>,
    /// Any sign.
    pub price: Option<DecimalText>,
    pub order: Option<String>,
    pub position_ref: Option<String>,
    /// Of a close-by: the position that closes this one.
    pub opposite_ref: Option<String>,
    /// Why it happened, such as `stop_out`.
    pub reason: Option<String>,
    /// Account currency for one unit of the profit currency.
    pub profit_rate: Option<DecimalText>,
    /// Account currency for one unit of the margin currency.
    pub margin_rate: Option<DecimalText>,
    pub booked: Booked,
}

/// What the platform booked itself, signed as the client sees it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Booked {
    pub profit: Option<DecimalText>,
    pub commission: Option<DecimalText>,
    /// If it is not the account's.
    pub commission_currency: Option<String>,
    /// Account currency for one unit of the commission's.
    pub commission_rate: Option<DecimalText>,
    pub swap: Option<DecimalText>,
    pub fee: Option<DecimalText>,
    pub balance_after: Option<DecimalText>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ExecutionReport {
    /// Unique within platform and account.
    pub execution: String,
    pub symbol: String,
    pub figures: Figures,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Correction {
    /// Its id, to which a later correction refers.
    pub execution: String,
    /// The execution, or the latest correction of it.
    pub corrects: String,
    pub action: CorrectionAction,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionAction {
    Cancel,
    /// What the figures leave out stays.
    Replace(Box<Figures>),
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OrderReport {
    pub order: String,
    pub symbol: String,
    pub state: OrderState,
    pub kind: Option<OrderType>,
    pub time_in_force: Option<TimeInForce>,
    pub side: Option<Side>,
    pub quantity: Option<DecimalText>,
    pub filled_quantity: Option<DecimalText>,
    pub unit: Option<VolumeUnit>,
    pub limit_price: Option<DecimalText>,
    pub stop_price: Option<DecimalText>,
    pub stop_loss: Option<DecimalText>,
    pub take_profit: Option<DecimalText>,
    pub parent: Option<String>,
    pub position_ref: Option<String>,
    pub reason: Option<String>,
    pub comment: Option<String>,
    pub expires_at: Option<Moment>,
}

named_enum! {
    /// Money that the platform books outside executions.
    pub enum ChargeKind {
        Swap = "swap",
        Funding = "funding",
        Dividend = "dividend",
        Deposit = "deposit",
        Withdrawal = "withdrawal",
        CreditIn = "credit_in",
        CreditOut = "credit_out",
        /// Of a negative balance.
        Compensation = "compensation",
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Charge {
    pub kind: ChargeKind,
    /// Signed as the client sees it.
    pub amount: DecimalText,
    pub symbol: Option<String>,
    pub position_ref: Option<String>,
    pub comment: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SplitReport {
    pub symbol: String,
    /// New units for one old; above zero.
    pub ratio: DecimalText,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct QuoteReport {
    pub symbol: String,
    pub bid: DecimalText,
    pub ask: DecimalText,
}

named_enum! {
    /// What a snapshot is for.
    #[derive(Default)]
    pub enum SnapshotPurpose {
        /// Differences are reported and nothing changes.
        #[default]
        Reconciliation = "reconciliation",
        /// Opens the positions of an account that has no executions yet, without money.
        Opening = "opening",
    }
}

/// The platform's view of an account. What it leaves out is not compared.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlatformView {
    pub purpose: SnapshotPurpose,
    pub balance: Option<DecimalText>,
    pub equity: Option<DecimalText>,
    pub margin: Option<DecimalText>,
    pub positions: Option<Vec<ViewedPosition>>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ViewedPosition {
    pub position_ref: Option<String>,
    pub symbol: String,
    pub side: Side,
    pub quantity: DecimalText,
    pub unit: Option<VolumeUnit>,
    pub open_price: Option<DecimalText>,
}

named_enum! {
    /// Why an event was not taken, or not yet. Callers branch on the names.
    pub enum Verdict {
        Duplicate = "duplicate",
        /// A member is missing or has a bad value; the message names it.
        Invalid = "invalid",
        /// The text of the event is longer than [`EVENT_BYTES_MAX`].
        TooLong = "too_long",
        UnknownPlatform = "unknown_platform",
        InTheFuture = "in_the_future",
        /// The same event or execution came before, with other figures.
        ConflictingRepeat = "conflicting_repeat",
        /// It corrects a version that was corrected already.
        Superseded = "superseded",
        CrossedQuote = "crossed_quote",
        /// Swap of a platform whose closing deals book it.
        SwapBookedByDeals = "swap_booked_by_deals",
        /// An opening snapshot of an account that has executions.
        AlreadyTraded = "already_traded",
        /// An amount or a balance is beyond what can be stored.
        Overflow = "overflow",
        UnknownAccount = "unknown_account",
        UnknownSymbol = "unknown_symbol",
        UnknownExecution = "unknown_execution",
        NoRate = "no_rate",
        SwapFree = "swap_free",
        ClosedAccount = "closed_account",
    }
}

named_enum! {
    /// What an operator should look at.
    pub enum AlertKind {
        /// The platform booked another price profit than follows from the executions.
        ProfitDiffers = "profit_differs",
        FillAfterCancellation = "fill_after_cancellation",
        /// An execution closed more than was open.
        CloseWithoutPosition = "close_without_position",
        /// An event of a closed account waits, or a split that came late has not changed it.
        ClosedAccount = "closed_account",
        SnapshotDiffers = "snapshot_differs",
        /// The platform had another balance after its last execution.
        BalanceDiffers = "balance_differs",
        /// An execution of a swap-free group bears swap.
        SwapFree = "swap_free",
        /// The receiver of a webhook takes no events.
        WebhookFailing = "webhook_failing",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_plain_digits_with_at_most_twelve_decimals() {
        let read = |text: &str| number(text).map(String::from);
        assert_eq!(read("1.500"), Ok("1.5".into()));
        assert_eq!(read("-0.000000000001"), Ok("-0.000000000001".into()));
        assert_eq!(read("-0.0"), read("0"));
        for bad in ["0.0000000000001", "1e3", "", "1,5", "+1", "NaN", "99999999999999999999999999999999"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
