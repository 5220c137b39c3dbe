//! Parses and writes values as the native API has them: enums as upper-case names or their numbers, 64-bit integers as
//! strings, money as exact numbers.

use crate::dialects::kit::formats::{Fault, unknown, uuid};
use crate::dialects::kit::{Call, QueryParams, Rejection};
use crate::domain::accounts::{LockHolder, Permissions, PositionMode};
use crate::domain::ledger::EntryKind;
use crate::domain::reference::{MarginCalculation, TradeStatus};
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
    fn parse(&self, text: &str) -> Result<T, Fault> {
        let by_number = text.parse::<usize>().ok().and_then(|n| self.names.get(n));
        let by_name = || {
            let name = text.strip_prefix(self.prefix)?;
            self.names.iter().find(|(known, _)| *known == name)
        };
        by_number.or_else(by_name).map(|(_, value)| *value).ok_or_else(|| unknown(self.all()))
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
pub(super) fn parse_trade_status(text: &str) -> Result<Option<TradeStatus>, Fault> {
    TRADE_STATUS.parse(text)
}

pub(super) fn trade_status(status: TradeStatus) -> String {
    TRADE_STATUS.name(Some(status))
}

/// The name for UNSPECIFIED gives `None`.
pub(super) fn parse_position_mode(text: &str) -> Result<Option<PositionMode>, Fault> {
    POSITION_MODE.parse(text)
}

pub(super) fn position_mode(mode: Option<PositionMode>) -> String {
    POSITION_MODE.name(mode)
}

/// The name for UNSPECIFIED gives `None`.
pub(super) fn parse_margin_calculation(text: &str) -> Result<Option<MarginCalculation>, Fault> {
    MARGIN_CALCULATION.parse(text)
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

pub(super) fn permissions(permissions: Permissions) -> Vec<String> {
    permissions.granted().map(|permission| permission.name().to_uppercase()).collect()
}

/// The kind of an adjustment: any deal action except BUY and SELL. UNSPECIFIED means CORRECTION.
pub(super) fn parse_adjustment(text: &str) -> Result<EntryKind, Fault> {
    match DEAL_ACTION.parse(text)? {
        None => Ok(EntryKind::Correction),
        Some(EntryKind::Buy | EntryKind::Sell) => Err(Fault::invalid("BUY and SELL are for trades only")),
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
    call.path_value("id", uuid)
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
        assert_eq!(parse_trade_status("TRADE_STATUS_CLOSE_ONLY").unwrap(), Some(TradeStatus::CloseOnly));
        assert_eq!(parse_trade_status("2").unwrap(), Some(TradeStatus::CloseOnly));
        assert_eq!(parse_trade_status("0").unwrap(), None);
        assert!(parse_trade_status("5").is_err());
        assert!(parse_trade_status("full").is_err());
    }

    #[test]
    fn adjustments_take_any_action_except_trades() {
        assert_eq!(parse_adjustment("DEAL_ACTION_UNSPECIFIED").unwrap(), EntryKind::Correction);
        assert_eq!(parse_adjustment("DEAL_ACTION_FUNDING").unwrap(), EntryKind::Funding);
        assert!(parse_adjustment("DEAL_ACTION_BUY").is_err());
    }

    #[test]
    fn every_kind_of_entry_has_a_deal_action() {
        for kind in EntryKind::ALL {
            assert_ne!(deal_action(kind), "DEAL_ACTION_UNSPECIFIED", "{kind:?}");
        }
    }
}
