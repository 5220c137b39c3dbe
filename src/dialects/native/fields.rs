//! Parses and writes values as the native API has them: enums as upper-case names or their numbers, 64-bit integers as
//! strings, money as exact numbers.

use crate::dialects::kit::{Call, Literal, QueryParams, Rejection};
use crate::domain::accounts::{LockHolder, PositionMode};
use crate::domain::clock::Moment;
use crate::domain::ledger::EntryKind;
use crate::domain::money::{AmountError, DecimalText};
use crate::domain::reference::{CurrencyCode, MarginCalculation, TradeStatus};
use crate::domain::refusal::Field;
use crate::domain::search::{SEARCH_MAX, SEARCH_WORDS_MAX, SearchText, SearchTextError};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The names of an enum on the wire. The index of a name is its number.
struct Spelling<T: 'static> {
    /// The common prefix of all names.
    prefix: &'static str,
    /// The names without the prefix, and their values.
    names: &'static [(&'static str, T)],
}

impl<T: Copy + PartialEq> Spelling<T> {
    fn parse(&self, field: &str, text: &str) -> Result<T, Rejection> {
        let by_number = text.parse::<usize>().ok().and_then(|n| self.names.get(n));
        let by_name = || {
            let name = text.strip_prefix(self.prefix)?;
            self.names.iter().find(|(known, _)| *known == name)
        };
        by_number
            .or_else(by_name)
            .map(|(_, value)| *value)
            .ok_or_else(|| Rejection::invalid(field, format!("one of {}", self.all().join(", "))))
    }

    /// All names with the prefix, in the order of their numbers.
    fn all(&self) -> Vec<String> {
        self.names.iter().map(|(name, _)| format!("{}{name}", self.prefix)).collect()
    }

    fn name(&self, value: T) -> String {
        let name = self.names.iter().find(|(_, known)| *known == value).map_or("UNSPECIFIED", |(name, _)| *name);
        format!("{}{name}", self.prefix)
    }
}

const TRADE_STATUS: Spelling<Option<TradeStatus>> = Spelling {
    prefix: "TRADE_STATUS_",
    names: &[
        ("UNSPECIFIED", None),
        ("FULL", Some(TradeStatus::Full)),
        ("CLOSE_ONLY", Some(TradeStatus::CloseOnly)),
        ("DISABLED", Some(TradeStatus::Disabled)),
        ("LONG_ONLY", Some(TradeStatus::LongOnly)),
    ],
};

const POSITION_MODE: Spelling<Option<PositionMode>> = Spelling {
    prefix: "POSITIONING_MODE_",
    names: &[("UNSPECIFIED", None), ("NETTING", Some(PositionMode::Netting)), ("HEDGING", Some(PositionMode::Hedging))],
};

const MARGIN_CALCULATION: Spelling<Option<MarginCalculation>> = Spelling {
    prefix: "MARGIN_CALC_TYPE_",
    names: &[
        ("UNSPECIFIED", None),
        ("SUM", Some(MarginCalculation::Sum)),
        ("MAX", Some(MarginCalculation::Max)),
        ("NET", Some(MarginCalculation::Net)),
    ],
};

const DEAL_ACTION: Spelling<Option<EntryKind>> = Spelling {
    prefix: "DEAL_ACTION_",
    names: &[
        ("UNSPECIFIED", None),
        ("BUY", Some(EntryKind::Buy)),
        ("SELL", Some(EntryKind::Sell)),
        ("CREDIT", Some(EntryKind::Credit)),
        ("CORRECTION", Some(EntryKind::Correction)),
        ("COMMISSION", Some(EntryKind::Commission)),
        ("DIVIDEND", Some(EntryKind::Dividend)),
        ("TAX", Some(EntryKind::Tax)),
        ("BONUS", Some(EntryKind::Bonus)),
        ("OTHER", Some(EntryKind::Other)),
        ("SWAP", Some(EntryKind::Swap)),
        ("INTEREST", Some(EntryKind::Interest)),
        ("BALANCE", Some(EntryKind::Balance)),
        ("REBATE", Some(EntryKind::Rebate)),
        ("FEE", Some(EntryKind::Fee)),
        ("FUNDING", Some(EntryKind::Funding)),
    ],
};

/// The enums with wire names of their own, each with all its names.
pub(super) fn enums() -> [(&'static str, Vec<String>); 4] {
    [
        ("TradeStatus", TRADE_STATUS.all()),
        ("PositioningMode", POSITION_MODE.all()),
        ("MarginCalculationType", MARGIN_CALCULATION.all()),
        ("DealAction", DEAL_ACTION.all()),
    ]
}

/// The name for UNSPECIFIED gives `None`.
pub(super) fn parse_trade_status(field: &str, text: &str) -> Result<Option<TradeStatus>, Rejection> {
    TRADE_STATUS.parse(field, text)
}

pub(super) fn trade_status(status: TradeStatus) -> String {
    TRADE_STATUS.name(Some(status))
}

/// The name for UNSPECIFIED gives `None`.
pub(super) fn parse_position_mode(field: &str, text: &str) -> Result<Option<PositionMode>, Rejection> {
    POSITION_MODE.parse(field, text)
}

pub(super) fn position_mode(mode: Option<PositionMode>) -> String {
    POSITION_MODE.name(mode)
}

/// The name for UNSPECIFIED gives `None`.
pub(super) fn parse_margin_calculation(field: &str, text: &str) -> Result<Option<MarginCalculation>, Rejection> {
    MARGIN_CALCULATION.parse(field, text)
}

pub(super) fn margin_calculation(calculation: Option<MarginCalculation>) -> String {
    MARGIN_CALCULATION.name(calculation)
}

/// Whose a lock is; UNL is no lock.
pub(super) fn lock_type(holder: Option<LockHolder>) -> &'static str {
    match holder {
        None => "UNL",
        Some(LockHolder::Customer) => "CST",
        Some(LockHolder::System) => "SYS",
    }
}

/// The kind of an adjustment: any deal action except BUY and SELL. UNSPECIFIED means CORRECTION.
pub(super) fn parse_adjustment(field: &str, text: &str) -> Result<EntryKind, Rejection> {
    match DEAL_ACTION.parse(field, text)? {
        None => Ok(EntryKind::Correction),
        Some(EntryKind::Buy | EntryKind::Sell) => Err(Rejection::invalid(field, "BUY and SELL are for trades only")),
        Some(kind) => Ok(kind),
    }
}

/// The deal action of an entry. Transfers are BALANCE; reversals and negative balance protection are CORRECTION.
pub(super) fn deal_action(kind: EntryKind) -> String {
    DEAL_ACTION.name(Some(match kind {
        EntryKind::Transfer => EntryKind::Balance,
        EntryKind::Reversal | EntryKind::NegativeBalanceProtection => EntryKind::Correction,
        other => other,
    }))
}

/// The `{id}` of the path. Anything but a UUID is refused as invalid, not as unknown.
pub(super) fn path_id<T: From<Uuid>>(call: &Call) -> Result<T, Rejection> {
    id("id", call.path("id"))
}

/// Another path parameter that is an id.
pub(super) fn second_id<T: From<Uuid>>(call: &Call, name: &str) -> Result<T, Rejection> {
    id(name, call.path(name))
}

pub(super) fn id<T: From<Uuid>>(field: &str, text: &str) -> Result<T, Rejection> {
    // Accept only the hyphenated form, which has 36 characters.
    let parsed = if text.len() == 36 { Uuid::parse_str(text).ok() } else { None };
    parsed.map(T::from).ok_or_else(|| Rejection::invalid(field, "not a UUID"))
}

/// Refuses a missing or empty id.
pub(super) fn required_id<T: From<Uuid>>(field: &str, text: Option<&str>) -> Result<T, Rejection> {
    id(field, text.filter(|text| !text.is_empty()).ok_or_else(|| Rejection::missing(field))?)
}

/// `None` if the id is missing or empty.
pub(super) fn optional_id<T: From<Uuid>>(field: &str, text: Option<&str>) -> Result<Option<T>, Rejection> {
    text.filter(|text| !text.is_empty()).map(|text| id(field, text)).transpose()
}

/// `None` if the code is missing or empty.
pub(super) fn currency(code: Option<&str>) -> Result<Option<CurrencyCode>, Rejection> {
    let code = code.filter(|code| !code.is_empty());
    Ok(code.map(|code| CurrencyCode::parse(Field::Currency, code)).transpose()?)
}

/// An integer sent as a JSON number or string.
pub(super) fn whole_number(field: &str, literal: Option<&Literal>) -> Result<Option<u64>, Rejection> {
    let Some(Literal(text)) = literal else { return Ok(None) };
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Rejection::invalid(field, "not a whole number"));
    }
    text.parse().map(Some).map_err(|_| Rejection::out_of_range(field, "a whole number from 0 to 2^64 - 1"))
}

/// A decimal number sent as a JSON number or string.
pub(super) fn decimal(field: &str, literal: &Literal) -> Result<DecimalText, Rejection> {
    DecimalText::parse(&literal.0).map_err(|error| match error {
        AmountError::TooLong => Rejection::out_of_range(field, error.to_string()),
        _ => Rejection::invalid(field, error.to_string()),
    })
}

/// A time in the query string.
pub(super) fn moment(query: &QueryParams, field: &str) -> Result<Option<Moment>, Rejection> {
    query.one(field)?.map(|text| moment_of(field, text)).transpose()
}

pub(super) fn moment_of(field: &str, text: &str) -> Result<Moment, Rejection> {
    Moment::parse(text).ok_or_else(|| Rejection::invalid(field, "not an RFC 3339 time such as 2026-03-02T08:15:00Z"))
}

/// The query parameter `limit`.
pub(super) fn limit(query: &QueryParams, default: u32, largest: u32) -> Result<u32, Rejection> {
    let limit = query.number("limit")?.unwrap_or(u64::from(default));
    let limit = u32::try_from(limit).ok().filter(|limit| (1..=largest).contains(limit));
    limit.ok_or_else(|| Rejection::out_of_range("limit", format!("1 to {largest}")))
}

/// The version that the caller expects, from the body or `If-Match`; the two must not differ.
pub(super) fn expected_version(call: &Call, sent: Option<u64>) -> Result<Option<u64>, Rejection> {
    let header = match call.header("If-Match").map(str::trim) {
        None | Some("*") => None,
        Some(text) => {
            let number = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
            Some(number.parse().map_err(|_| Rejection::invalid("If-Match", "expected one version, such as \"3\""))?)
        }
    };
    match (sent, header) {
        (Some(sent), Some(header)) if sent != header => Err(Rejection::invalid("version", "contradicts If-Match")),
        (sent, header) => Ok(sent.or(header)),
    }
}

pub(super) fn tags(sent: Option<Vec<String>>) -> Option<BTreeSet<String>> {
    sent.map(|tags| tags.into_iter().collect())
}

/// The query parameter `search`.
pub(super) fn search(query: &QueryParams) -> Result<Option<SearchText>, Rejection> {
    let text = query.one("search")?;
    text.map(SearchText::parse).transpose().map_err(|error| match error {
        SearchTextError::NothingToFind => Rejection::invalid("search", "at least one letter or digit"),
        SearchTextError::TooLong => {
            Rejection::out_of_range("search", format!("at most {SEARCH_MAX} characters and {SEARCH_WORDS_MAX} words"))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enums_parse_by_name_and_number() {
        assert_eq!(parse_trade_status("status", "TRADE_STATUS_CLOSE_ONLY").unwrap(), Some(TradeStatus::CloseOnly));
        assert_eq!(parse_trade_status("status", "2").unwrap(), Some(TradeStatus::CloseOnly));
        assert_eq!(parse_trade_status("status", "0").unwrap(), None);
        assert!(parse_trade_status("status", "5").is_err());
        assert!(parse_trade_status("status", "full").is_err());
    }

    #[test]
    fn adjustments_take_any_action_except_trades() {
        assert_eq!(parse_adjustment("action", "DEAL_ACTION_UNSPECIFIED").unwrap(), EntryKind::Correction);
        assert_eq!(parse_adjustment("action", "DEAL_ACTION_FUNDING").unwrap(), EntryKind::Funding);
        assert!(parse_adjustment("action", "DEAL_ACTION_BUY").is_err());
    }

    #[test]
    fn every_kind_of_entry_has_a_deal_action() {
        for kind in EntryKind::ALL {
            assert_ne!(deal_action(kind), "DEAL_ACTION_UNSPECIFIED", "{kind:?}");
        }
    }
}
