//! How the native dialect spells values: enums as upper-case names or their numbers, 64-bit numbers as texts, money as
//! exact numbers.

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

/// A set of names that stand for values; the place in the list is the number of the name.
struct Spelling<T: 'static> {
    /// What all names begin with.
    prefix: &'static str,
    /// The names after the prefix, and what they stand for.
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

    /// All names, in the order of their numbers.
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

/// The enums of this dialect that are not a domain's names in upper case: the name of each and all its values.
pub(super) fn enums() -> [(&'static str, Vec<String>); 4] {
    [
        ("TradeStatus", TRADE_STATUS.all()),
        ("PositioningMode", POSITION_MODE.all()),
        ("MarginCalculationType", MARGIN_CALCULATION.all()),
        ("DealAction", DEAL_ACTION.all()),
    ]
}

/// A trade status by name or number; none if it is left open.
pub(super) fn parse_trade_status(field: &str, text: &str) -> Result<Option<TradeStatus>, Rejection> {
    TRADE_STATUS.parse(field, text)
}

/// The name of a trade status.
pub(super) fn trade_status(status: TradeStatus) -> String {
    TRADE_STATUS.name(Some(status))
}

/// A positioning mode by name or number; none if it is left open.
pub(super) fn parse_position_mode(field: &str, text: &str) -> Result<Option<PositionMode>, Rejection> {
    POSITION_MODE.parse(field, text)
}

/// The name of a positioning mode.
pub(super) fn position_mode(mode: Option<PositionMode>) -> String {
    POSITION_MODE.name(mode)
}

/// A way to calculate margin by name or number; none if it is left open.
pub(super) fn parse_margin_calculation(field: &str, text: &str) -> Result<Option<MarginCalculation>, Rejection> {
    MARGIN_CALCULATION.parse(field, text)
}

/// The name of a way to calculate margin.
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

/// The kind of an adjustment: any deal action but the two that only trades have; left open it is a correction.
pub(super) fn parse_adjustment(field: &str, text: &str) -> Result<EntryKind, Rejection> {
    match DEAL_ACTION.parse(field, text)? {
        None => Ok(EntryKind::Correction),
        Some(EntryKind::Buy | EntryKind::Sell) => Err(Rejection::invalid(field, "BUY and SELL come from trades only")),
        Some(kind) => Ok(kind),
    }
}

/// The deal action of an entry: transfers show as BALANCE, reversals and protection as CORRECTION.
pub(super) fn deal_action(kind: EntryKind) -> String {
    DEAL_ACTION.name(Some(match kind {
        EntryKind::Transfer => EntryKind::Balance,
        EntryKind::Reversal | EntryKind::NegativeBalanceProtection => EntryKind::Correction,
        other => other,
    }))
}

/// A public id in the path. One that is not a UUID names nothing that exists, but is told apart as a mistake.
pub(super) fn path_id<T: From<Uuid>>(call: &Call) -> Result<T, Rejection> {
    id("id", call.path("id"))
}

/// Another public id in the path.
pub(super) fn second_id<T: From<Uuid>>(call: &Call, name: &str) -> Result<T, Rejection> {
    id(name, call.path(name))
}

/// A public id.
pub(super) fn id<T: From<Uuid>>(field: &str, text: &str) -> Result<T, Rejection> {
    // 36 characters: only the form with hyphens is an id here.
    let parsed = if text.len() == 36 { Uuid::parse_str(text).ok() } else { None };
    parsed.map(T::from).ok_or_else(|| Rejection::invalid(field, "not a UUID"))
}

/// A public id that was not left out or empty.
pub(super) fn required_id<T: From<Uuid>>(field: &str, text: Option<&str>) -> Result<T, Rejection> {
    id(field, text.filter(|text| !text.is_empty()).ok_or_else(|| Rejection::missing(field))?)
}

/// A public id, if there is one.
pub(super) fn optional_id<T: From<Uuid>>(field: &str, text: Option<&str>) -> Result<Option<T>, Rejection> {
    text.filter(|text| !text.is_empty()).map(|text| id(field, text)).transpose()
}

/// A currency code, if there is one.
pub(super) fn currency(code: Option<&str>) -> Result<Option<CurrencyCode>, Rejection> {
    let code = code.filter(|code| !code.is_empty());
    Ok(code.map(|code| CurrencyCode::parse(Field::Currency, code)).transpose()?)
}

/// A whole number that may come as a text.
pub(super) fn whole(field: &str, literal: Option<&Literal>) -> Result<Option<u64>, Rejection> {
    let Some(Literal(text)) = literal else { return Ok(None) };
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Rejection::invalid(field, "not a whole number"));
    }
    text.parse().map(Some).map_err(|_| Rejection::out_of_range(field, "a whole number, not negative, of 64 bits"))
}

/// A decimal number that may come as a text.
pub(super) fn decimal(field: &str, literal: &Literal) -> Result<DecimalText, Rejection> {
    DecimalText::parse(&literal.0).map_err(|error| match error {
        AmountError::TooLong => Rejection::out_of_range(field, error.to_string()),
        _ => Rejection::invalid(field, error.to_string()),
    })
}

/// A time of the query string.
pub(super) fn moment(query: &QueryParams, field: &str) -> Result<Option<Moment>, Rejection> {
    query.one(field)?.map(|text| moment_of(field, text)).transpose()
}

/// A time.
pub(super) fn moment_of(field: &str, text: &str) -> Result<Moment, Rejection> {
    Moment::parse(text).ok_or_else(|| Rejection::invalid(field, "not an RFC 3339 time such as 2026-03-02T08:15:00Z"))
}

/// `limit` of the query string: from 1 to the largest, or the default.
pub(super) fn limit(query: &QueryParams, default: u32, largest: u32) -> Result<u32, Rejection> {
    let limit = query.number("limit")?.unwrap_or(u64::from(default));
    let limit = u32::try_from(limit).ok().filter(|limit| (1..=largest).contains(limit));
    limit.ok_or_else(|| Rejection::out_of_range("limit", format!("1 to {largest}")))
}

/// The version that the caller has read: from the body, from `If-Match`, or not at all.
pub(super) fn expected_version(call: &Call, sent: Option<u64>) -> Result<Option<u64>, Rejection> {
    let header = match call.header("If-Match").map(str::trim) {
        None | Some("*") => None,
        Some(text) => {
            let number = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
            Some(number.parse().map_err(|_| Rejection::invalid("If-Match", "one version, such as \"3\""))?)
        }
    };
    match (sent, header) {
        (Some(sent), Some(header)) if sent != header => Err(Rejection::invalid("version", "contradicts If-Match")),
        (sent, header) => Ok(sent.or(header)),
    }
}

/// Tags as they were sent.
pub(super) fn tags(sent: Option<Vec<String>>) -> Option<BTreeSet<String>> {
    sent.map(|tags| tags.into_iter().collect())
}

/// What somebody looks for; none if the parameter is not there.
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
    fn names_and_numbers_stand_for_the_same() {
        assert_eq!(parse_trade_status("status", "TRADE_STATUS_CLOSE_ONLY").unwrap(), Some(TradeStatus::CloseOnly));
        assert_eq!(parse_trade_status("status", "2").unwrap(), Some(TradeStatus::CloseOnly));
        assert_eq!(parse_trade_status("status", "0").unwrap(), None);
        assert!(parse_trade_status("status", "5").is_err());
        assert!(parse_trade_status("status", "full").is_err());
    }

    #[test]
    fn adjustments_are_any_action_but_trades() {
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
