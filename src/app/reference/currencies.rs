//! Currencies: callers list them, the operator configures them.

use crate::app::reference::{Change, ReferenceFile, check_name, shipped, yes};
use crate::app::{Context, Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::money::Decimals;
use crate::domain::page::{Part, Position};
use crate::domain::reference::{Currency, CurrencyCode};
use crate::domain::refusal::{Field, Refusal};
use crate::store::{CurrencyRow, ReadTx, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// A currency in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurrencyEntry {
    /// The currency code, which is the key.
    pub code: String,
    /// The English name, for people.
    pub name: String,
    /// 0 to 8; fixed once applied.
    pub decimals: u8,
    /// The ISO 4217 number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numeric_code: Option<u16>,
    #[serde(default)]
    pub crypto: bool,
    /// Whether accounts may be opened in it.
    #[serde(default = "yes")]
    pub enabled: bool,
}

impl CurrencyEntry {
    fn row(&self) -> Result<CurrencyRow, Refusal> {
        Ok(CurrencyRow {
            code: CurrencyCode::parse(Field::Currency, &self.code)?,
            name: self.name.clone(),
            decimals: Decimals::new(self.decimals).ok_or_else(|| Refusal::invalid(Field::Decimals, "0 to 8"))?,
            numeric_code: self.numeric_code,
            is_crypto: self.crypto,
            enabled: self.enabled,
            is_made_by_caller: false,
        })
    }
}

/// The currencies that accounts can be opened in, in the order of the reference file.
pub struct ListCurrencies {
    /// Only currencies after this position.
    pub after: Option<Position>,
    /// The most currencies to return.
    pub limit: u32,
}

impl Query for ListCurrencies {
    type Answer = Part<Currency>;
    const RIGHT: Right = Right::ReadReference;

    fn run(self, view: &View<'_>) -> Result<Part<Currency>, Failure> {
        let position = |currency: &Currency| Position::of(currency.serial.0);
        let mut currencies = view.tx.currencies()?;
        currencies.retain(|currency| currency.enabled && self.after.is_none_or(|shown| position(currency) > shown));
        Ok(Part::cut(currencies, self.limit, position))
    }
}

/// What ISO 4217 says of a currency.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IsoCurrency {
    pub decimals: Decimals,
    pub numeric_code: u16,
}

impl IsoCurrency {
    /// None if ISO 4217 has no such code. The reference data of a new installation has all of its currencies.
    pub fn of(code: &str) -> Option<IsoCurrency> {
        static ALL: OnceLock<BTreeMap<String, IsoCurrency>> = OnceLock::new();
        let all = ALL.get_or_init(|| {
            let currencies = shipped().map(|file| file.currencies).unwrap_or_default();
            let known = |entry: CurrencyEntry| {
                let (numeric_code, decimals) = (entry.numeric_code?, Decimals::new(entry.decimals)?);
                Some((entry.code, IsoCurrency { decimals, numeric_code }))
            };
            currencies.into_iter().filter_map(known).collect()
        });
        all.get(code).copied()
    }
}

/// Adds the problems of currencies that can be found without the database, and returns their codes.
pub(super) fn check_currencies<'a>(file: &'a ReferenceFile, problems: &mut Vec<String>) -> BTreeSet<&'a str> {
    let mut codes = BTreeSet::new();
    for entry in &file.currencies {
        let mut wrong = |what: String| problems.push(format!("currency {}: {what}", entry.code));
        if let Err(refusal) = CurrencyCode::parse(Field::Currency, &entry.code) {
            wrong(refusal.to_string());
        }
        if Decimals::new(entry.decimals).is_none() {
            wrong(format!("decimals: 0 to {}", Decimals::MAX));
        }
        if entry.numeric_code.is_some_and(|n| !(1..=999).contains(&n)) {
            wrong("numeric_code: 1 to 999".into());
        }
        check_name(&entry.name, &mut wrong);
        if !codes.insert(entry.code.as_str()) {
            wrong("named twice".into());
        }
    }
    codes
}

pub(super) fn stored_currencies(tx: &ReadTx<'_>) -> Result<Vec<CurrencyEntry>, StoreError> {
    let entry = |currency: Currency| CurrencyEntry {
        code: currency.code.to_string(),
        name: currency.name,
        decimals: currency.decimals.count(),
        numeric_code: currency.numeric_code,
        crypto: currency.is_crypto,
        enabled: currency.enabled,
    };
    Ok(tx.currencies()?.into_iter().filter(|currency| !currency.is_made_by_caller).map(entry).collect())
}

/// Currencies that the file adds or changes. Refusals: a change to something fixed.
pub(super) fn currency_differences(file: &ReferenceFile, stored: &ReferenceFile) -> Result<Vec<Change>, Refusal> {
    let mut changes = Vec::new();
    for entry in &file.currencies {
        match stored.currencies.iter().find(|c| c.code == entry.code) {
            None => changes.push(Change::new("create", "currency", &entry.code)),
            Some(old) if old.decimals != entry.decimals || old.crypto != entry.crypto => {
                return Err(fixed(&entry.code));
            }
            Some(old) if old != entry => changes.push(Change::new("change", "currency", &entry.code)),
            Some(_) => {}
        }
    }
    Ok(changes)
}

fn fixed(code: &str) -> Refusal {
    let reason = format!("decimals and crypto of {code} are fixed: amounts are stored in its minor units");
    Refusal::invalid(Field::Currencies, reason)
}

/// Makes one change of a currency.
pub(super) fn apply_currency(
    context: &Context<'_>,
    file: &ReferenceFile,
    stored: &ReferenceFile,
    change: &Change,
) -> Result<(), Failure> {
    let (entry, is_used) = change.entry(&file.currencies, &stored.currencies, |currency| &currency.code)?;
    let enabled = entry.enabled && is_used;
    let row = CurrencyEntry { enabled, ..entry.clone() }.row()?;
    let present = context.tx.currency(&row.code)?;
    // The file may declare what a caller made before.
    if present.as_ref().is_some_and(|made| (made.decimals, made.is_crypto) != (row.decimals, row.is_crypto)) {
        return Err(fixed(&entry.code).into());
    }
    context.tx.put_currency(&row)?;
    if !enabled && present.is_some_and(|present| present.enabled) {
        // What a caller noted on the instrument must not keep the currency open.
        context.tx.withdraw_instrument(&row.code, context.now)?;
    }
    Ok(())
}
