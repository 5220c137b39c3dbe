//! Writes values of trades as the native API has them.

use crate::dialects::kit::ExactNumber;
use crate::domain::money::Decimals;
use crate::domain::trading::{Exact, OrderState, OrderType, Side, TimeInForce};
use uuid::Uuid;

pub(super) const SIDES: [&str; 3] = ["TRADE_SIDE_UNSPECIFIED", "TRADE_SIDE_BUY", "TRADE_SIDE_SELL"];

pub(super) fn side(side: Option<Side>) -> &'static str {
    match side {
        None => SIDES[0],
        Some(Side::Buy) => SIDES[1],
        Some(Side::Sell) => SIDES[2],
    }
}

pub(super) const ORDER_STATES: [&str; 11] = [
    "ORDER_STATUS_UNSPECIFIED",
    "ORDER_STATUS_STARTED",
    "ORDER_STATUS_INACTIVE",
    "ORDER_STATUS_ACCEPTED",
    "ORDER_STATUS_WORKING",
    "ORDER_STATUS_PENDING_EXECUTION",
    "ORDER_STATUS_P_FILLED",
    "ORDER_STATUS_FILLED",
    "ORDER_STATUS_CANCELED",
    "ORDER_STATUS_REJECTED",
    "ORDER_STATUS_EXPIRED",
];

pub(super) fn order_state(state: OrderState) -> &'static str {
    ORDER_STATES[match state {
        OrderState::New | OrderState::Amended => 4,
        OrderState::PartiallyFilled => 6,
        OrderState::Filled => 7,
        OrderState::Cancelled => 8,
        OrderState::Rejected => 9,
        OrderState::Expired => 10,
    }]
}

pub(super) const ORDER_TYPES: [&str; 6] = [
    "ORDER_TYPE_UNSPECIFIED",
    "ORDER_TYPE_MARKET",
    "ORDER_TYPE_LIMIT",
    "ORDER_TYPE_STOP",
    "ORDER_TYPE_STOP_LIMIT",
    "ORDER_TYPE_TRAILING_STOP",
];

pub(super) fn order_type(kind: Option<OrderType>) -> &'static str {
    ORDER_TYPES[match kind {
        None => 0,
        Some(OrderType::Market) => 1,
        Some(OrderType::Limit) => 2,
        Some(OrderType::Stop) => 3,
        Some(OrderType::StopLimit) => 4,
        Some(OrderType::TrailingStop) => 5,
    }]
}

pub(super) const TIMES_IN_FORCE: [&str; 6] =
    ["ORDER_TIF_UNSPECIFIED", "ORDER_TIF_GTC", "ORDER_TIF_DAY", "ORDER_TIF_IOC", "ORDER_TIF_FOK", "ORDER_TIF_GTD"];

pub(super) fn time_in_force(time: Option<TimeInForce>) -> &'static str {
    TIMES_IN_FORCE[match time {
        None => 0,
        Some(TimeInForce::Gtc) => 1,
        Some(TimeInForce::Day) => 2,
        Some(TimeInForce::Ioc) => 3,
        Some(TimeInForce::Fok) => 4,
        Some(TimeInForce::Gtd) => 5,
    }]
}

/// A quantity, price or rate; 0 for none.
pub(super) fn number(number: Option<&Exact>) -> ExactNumber {
    number.map_or_else(ExactNumber::zero, ExactNumber::exact)
}

/// Money that was computed, rounded once. What does not fit is shown as the largest amount.
pub(super) fn money(exact: &Exact, decimals: Decimals) -> ExactNumber {
    ExactNumber::of(exact.round_to_fit(decimals), decimals)
}

/// Our id of something at a platform, else the platform's; empty if it has none.
pub(super) fn id_or(id: Option<Uuid>, of_platform: Option<&String>) -> String {
    id.map(|id| id.to_string()).or_else(|| of_platform.cloned()).unwrap_or_default()
}
