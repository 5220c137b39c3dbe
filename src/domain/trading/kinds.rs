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
