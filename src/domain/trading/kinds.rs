//! The named values of events and symbols.

use crate::domain::named::named_enum;

named_enum! {
    #[derive(PartialOrd, Ord)]
    pub enum Side {
        Buy = "buy",
        Sell = "sell",
    }
}

impl Side {
    #[must_use]
    pub fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }
}

named_enum! {
    /// What an execution does to a position, in the platform's words.
    pub enum ExecutionEntry {
        In = "in",
        Out = "out",
        /// Closes a position and opens the opposite one.
        InOut = "inout",
        /// Closes two opposite positions against each other.
        OutBy = "out_by",
    }
}

named_enum! {
    /// The state of an order as of its latest report.
    pub enum OrderState {
        New = "new",
        Amended = "amended",
        PartiallyFilled = "partially_filled",
        Filled = "filled",
        Cancelled = "cancelled",
        Rejected = "rejected",
        Expired = "expired",
    }
}

impl OrderState {
    pub fn is_working(self) -> bool {
        matches!(self, OrderState::New | OrderState::Amended | OrderState::PartiallyFilled)
    }
}

named_enum! {
    pub enum OrderType {
        Market = "market",
        Limit = "limit",
        Stop = "stop",
        StopLimit = "stop_limit",
        TrailingStop = "trailing_stop",
    }
}

named_enum! {
    pub enum TimeInForce {
        /// Until it is cancelled.
        Gtc = "GTC",
        Day = "DAY",
        /// What can be filled at once; the rest is cancelled.
        Ioc = "IOC",
        /// All at once or nothing.
        Fok = "FOK",
        /// Until a time.
        Gtd = "GTD",
    }
}

named_enum! {
    /// The unit of a quantity in the feed.
    #[derive(Default)]
    pub enum VolumeUnit {
        #[default]
        Lots = "lots",
        /// Of the underlying: one lot is the contract size.
        Units = "units",
        /// Hundredths of a lot.
        Hundredths = "hundredths",
    }
}

named_enum! {
    pub enum SymbolClass {
        Forex = "forex",
        CfdIndex = "cfd_index",
        Commodity = "commodity",
        Share = "share",
        Crypto = "crypto",
        Other = "other",
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

named_enum! {
    /// What books swap at a platform, so that it is not booked twice.
    #[derive(Default)]
    pub enum SwapBookedBy {
        #[default]
        DailyEvent = "daily_event",
        ClosingDeal = "closing_deal",
    }
}
