//! Events of schema versions up to 15: JSON in the native API's spelling, with decimals. They stay as they were
//! written, because subscribers have seen them that way. This module reads the figures in them, so that they still
//! prove balances.

use crate::domain::events::{BookBalances, Reserves};
use crate::domain::ids::{BookId, GroupId};
use crate::domain::money::Amount;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The payload version of JSON in the native API's spelling.
pub const LEGACY_VERSION: i64 = 0;

/// The figures of such an event.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LegacyEvent {
    /// The balances of books after it.
    pub balances: Vec<(BookId, BookBalances)>,
    /// For an account: its group and its overdraft limit. The first versions store it in another form.
    pub settings: Option<(GroupId, Amount)>,
}

/// The parts of an event that are read; the rest is skipped.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parts<'a> {
    #[serde(borrow, default)]
    balances: Vec<Line<'a>>,
    group_id: Option<GroupId>,
    #[serde(borrow)]
    minimum_balance: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Line<'a> {
    book: BookId,
    #[serde(borrow)]
    balance: &'a RawValue,
    #[serde(borrow)]
    held: Option<&'a RawValue>,
    #[serde(borrow)]
    uncleared: Option<&'a RawValue>,
    #[serde(borrow)]
    pending: Option<&'a RawValue>,
    #[serde(borrow)]
    credit: Option<&'a RawValue>,
}

/// A number with all decimals of its currency, in minor units.
fn minor(raw: &RawValue) -> Option<Amount> {
    let mut digits = [0; 32];
    let mut length = 0;
    for byte in raw.get().bytes().filter(|byte| *byte != b'.') {
        *digits.get_mut(length)? = byte;
        length += 1;
    }
    let minor = std::str::from_utf8(digits.get(..length)?).ok()?.parse().ok()?;
    Some(Amount::from_minor(minor))
}

impl Line<'_> {
    fn balances(&self) -> Option<(BookId, BookBalances)> {
        let of = |raw: Option<&RawValue>| raw.map_or(Some(Amount::ZERO), minor);
        let reserves = Reserves {
            held: of(self.held)?,
            uncleared: of(self.uncleared)?,
            pending: of(self.pending)?,
            credit: of(self.credit)?,
        };
        Some((self.book, BookBalances { balance: minor(self.balance)?, reserves }))
    }
}

impl LegacyEvent {
    /// Parses a stored event. None if it is not of this form.
    pub fn parse(stored: &str) -> Option<LegacyEvent> {
        let parts: Parts<'_> = serde_json::from_str(stored).ok()?;
        Some(LegacyEvent {
            balances: parts.balances.iter().map(Line::balances).collect::<Option<_>>()?,
            settings: parts.group_id.zip(parts.minimum_balance.and_then(minor)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(n: i64) -> Amount {
        Amount::from_minor(n)
    }

    #[test]
    fn figures_are_read_digit_by_digit() {
        let stored = r#"{"id":"x","balances":[
            {"book":1,"accountId":"y","amount":0.10,"balance":-0.05,"held":90071992547409.93,
             "uncleared":0.00,"pending":1.00,"credit":2.50},
            {"book":8,"house":"bank","balance":-1.23456789}]}"#;
        let reserves = Reserves {
            held: minor(9_007_199_254_740_993),
            uncleared: minor(0),
            pending: minor(100),
            credit: minor(250),
        };
        let client = (BookId(1), BookBalances { balance: minor(-5), reserves });
        let house = (BookId(8), BookBalances { balance: minor(-123_456_789), reserves: Reserves::default() });
        let event = LegacyEvent { balances: vec![client, house], settings: None };
        assert_eq!(LegacyEvent::parse(stored), Some(event));
    }

    #[test]
    fn an_account_says_its_group_and_its_limit() {
        let settings = |stored: &str| LegacyEvent::parse(stored).map(|event| event.settings);
        let group = "01a21c27-4ed4-7416-807d-64a0086e1a86";
        let found = settings(&format!(r#"{{"groupId":"{group}","minimumBalance":-70.00,"nop":1}}"#));
        assert_eq!(found, Some(Some((GroupId::from(group.parse::<uuid::Uuid>().unwrap()), minor(-7000)))));
        assert_eq!(settings(&format!(r#"{{"group":"{group}","balances":[]}}"#)), Some(None));
        for nonsense in
            ["", "nonsense", r#"{"balances":[{"book":1}]}"#, r#"{"balances":[{"book":1,"balance":"1.00"}]}"#]
        {
            assert_eq!(settings(nonsense), None, "{nonsense}");
        }
    }
}
