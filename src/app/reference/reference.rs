//! Reference data: currencies, platforms, symbols, account groups and reference rates, declared in one file and applied
//! as a whole.
//!
//! Applying the file is idempotent. What the file omits is switched off, never deleted, because accounts refer to it.
//! Changes that would invalidate stored amounts - the decimals of a currency, the mode of a group, the contract size of
//! a traded symbol - are refused.

use crate::app::command::refusal_of_read;
use crate::app::reference::currencies::{
    CurrencyEntry, apply_currency, check_currencies, currency_differences, stored_currencies,
};
use crate::app::reference::group_entries::{
    Codes, GroupEntry, apply_group, check_groups, group_differences, stored_groups,
};
use crate::app::reference::platforms::{
    PlatformEntry, apply_platform, check_platforms, platform_differences, stored_platforms,
};
use crate::app::reference::rates::{RateEntry, apply_rate, check_rates, rate_differences};
use crate::app::reference::symbols::{
    SymbolEntry, apply_symbol, check_symbols, omitted_symbols, stored_symbols, symbol_differences,
};
use crate::app::{App, Command, Context, Failure};
use crate::domain::access::{ObjectKind, Right};
use crate::domain::events::{Event, EventType, ReferenceChange, ReferenceSnapshot, Snapshot};
use crate::domain::refusal::{Field, Refusal};
use crate::domain::text;
use crate::store::{ReadTx, StoreError};
use serde::{Deserialize, Serialize};

/// The contents of the reference file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceFile {
    /// In the order in which callers see them.
    #[serde(default)]
    pub currencies: Vec<CurrencyEntry>,
    #[serde(default)]
    pub platforms: Vec<PlatformEntry>,
    /// In the order in which callers see them.
    #[serde(default)]
    pub symbols: Vec<SymbolEntry>,
    /// In the order in which callers see them.
    #[serde(default)]
    pub groups: Vec<GroupEntry>,
    /// None leaves the rates as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rates: Option<Vec<RateEntry>>,
}

pub(super) fn yes() -> bool {
    true
}

/// One difference between the file and the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// `create`, `change`, `switch_off` or `remove`.
    pub action: String,
    /// `currency`, `platform`, `symbol`, `group` or `rate`.
    pub kind: String,
    pub code: String,
}

impl Change {
    pub(super) fn new(action: &str, kind: &str, code: &str) -> Change {
        Change { action: action.into(), kind: kind.into(), code: code.into() }
    }

    /// The entry that is changed, and whether it stays in use: one that is switched off is as it is stored.
    pub(super) fn entry<'e, T>(
        &self,
        file: &'e [T],
        stored: &'e [T],
        code: impl Fn(&T) -> &str,
    ) -> Result<(&'e T, bool), Refusal> {
        let is_off = self.action == "switch_off";
        let entries = if is_off { stored } else { file };
        let entry = entries.iter().find(|entry| code(entry) == self.code).ok_or(Refusal::Internal)?;
        Ok((entry, !is_off))
    }
}

/// Parses the file. The error names line and column.
pub fn parse(text: &str) -> Result<ReferenceFile, String> {
    let file: ReferenceFile = toml::from_str(&text::nfc(text)).map_err(|error| error.to_string())?;
    let problems = check(&file);
    if problems.is_empty() { Ok(file) } else { Err(problems.join("\n")) }
}

/// The reference data that a new database starts with.
pub fn shipped() -> Result<ReferenceFile, String> {
    parse(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/reference.toml")))
}

/// The reference data that a new sandbox starts with: the same, and sample rates.
pub fn sample() -> Result<ReferenceFile, String> {
    let rates = toml::from_str::<ReferenceFile>(include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/packaging/sample-rates.toml"
    )));
    let file = ReferenceFile { rates: rates.map_err(|error| error.to_string())?.rates, ..shipped()? };
    let problems = check(&file);
    if problems.is_empty() { Ok(file) } else { Err(problems.join("\n")) }
}

/// The problems of a file that can be found without the database.
fn check(file: &ReferenceFile) -> Vec<String> {
    let mut problems = Vec::new();
    let currencies = check_currencies(file, &mut problems);
    let platforms = check_platforms(file, &mut problems);
    let symbols = check_symbols(file, &currencies, &mut problems);
    let codes = Codes { currencies: &currencies, platforms: &platforms, symbols: &symbols };
    check_groups(file, &codes, &mut problems);
    check_rates(file, &currencies, &mut problems);
    problems
}

pub(super) fn check_name(name: &str, wrong: &mut impl FnMut(String)) {
    if name.trim().is_empty() || text::name(Field::Name, name.to_owned(), 100).is_err() {
        wrong("names and codes have 1 to 100 characters, none of them invisible".into());
    }
}

pub(super) fn check_time_zone(name: Option<&str>, wrong: &mut impl FnMut(String)) {
    if name.is_some_and(|name| jiff::tz::TimeZone::get(name).is_err()) {
        wrong("time_zone: a name of the IANA time zone database, such as \"Europe/Athens\"".into());
    }
}

/// The database's reference data, in the form of the file.
fn stored(tx: &ReadTx<'_>) -> Result<ReferenceFile, StoreError> {
    let rates: Vec<_> = tx.rates()?.into_iter().map(RateEntry::from).collect();
    Ok(ReferenceFile {
        currencies: stored_currencies(tx)?,
        platforms: stored_platforms(tx)?,
        symbols: stored_symbols(tx)?,
        groups: stored_groups(tx)?,
        rates: Some(rates).filter(|rates| !rates.is_empty()),
    })
}

/// What applying the file would change, in the order of execution.
fn differences(tx: &ReadTx<'_>, file: &ReferenceFile, stored: &ReferenceFile) -> Result<Vec<Change>, Failure> {
    let mut changes = currency_differences(file, stored)?;
    changes.extend(platform_differences(file, stored));
    changes.extend(symbol_differences(tx, file, stored)?);
    changes.extend(group_differences(file, stored)?);
    for old in stored.groups.iter().filter(|g| g.enabled && !file.groups.iter().any(|e| e.code == g.code)) {
        changes.push(Change::new("switch_off", "group", &old.code));
    }
    changes.extend(omitted_symbols(file, stored));
    for old in stored.currencies.iter().filter(|c| c.enabled && !file.currencies.iter().any(|e| e.code == c.code)) {
        changes.push(Change::new("switch_off", "currency", &old.code));
    }
    changes.extend(rate_differences(file, stored)?);
    Ok(changes)
}

/// Makes the database match the file. Refusals: a change to something fixed; a rate without a time or of the future.
pub struct ApplyReference {
    pub file: ReferenceFile,
}

impl Command for ApplyReference {
    type Outcome = Vec<Change>;
    const ACTION: &'static str = "reference.apply";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<Vec<Change>, Failure> {
        context.concerns(ObjectKind::Installation, context.app.installation().uuid);
        let stored = stored(context.tx)?;
        let changes = differences(context.tx, &self.file, &stored)?;
        for change in &changes {
            apply(context, &self.file, &stored, change)?;
        }
        if !changes.is_empty() {
            for awaited in ["symbol:", "rate:", "group:"] {
                context.appeared(awaited.into());
            }
            let of_event = |change: &Change| ReferenceChange {
                action: change.action.clone(),
                kind: change.kind.clone(),
                code: change.code.clone(),
            };
            context.publish(&Event {
                kind: EventType::ReferenceChanged,
                object: context.app.installation().uuid,
                subject: None,
                profile: None,
                snapshot: Snapshot::Reference(ReferenceSnapshot { changes: changes.iter().map(of_event).collect() }),
            })?;
        }
        Ok(changes)
    }
}

fn apply(context: &Context<'_>, file: &ReferenceFile, stored: &ReferenceFile, change: &Change) -> Result<(), Failure> {
    match change.kind.as_str() {
        "currency" => apply_currency(context, file, stored, change),
        "platform" => apply_platform(context, file, change),
        "symbol" => apply_symbol(context, file, stored, change),
        "group" => apply_group(context, file, stored, change),
        "rate" => apply_rate(context, file, stored, change),
        _ => Ok(()),
    }
}

impl App {
    /// The database's reference data, in the form of the file. Blocks.
    pub fn show_reference(&self) -> Result<ReferenceFile, Refusal> {
        self.store.read(|tx| Ok(stored(tx)?)).map_err(refusal_of_read)
    }

    /// What applying a file would change. Blocks.
    pub fn diff_reference(&self, file: &ReferenceFile) -> Result<Vec<Change>, Refusal> {
        self.store.read(|tx| differences(tx, file, &stored(tx)?)).map_err(refusal_of_read)
    }
}

/// Reads the reference data of a database file, even while another process has it open.
pub fn read_file(database: &std::path::Path) -> Result<ReferenceFile, StoreError> {
    crate::store::read_file(database, stored)
}

/// What applying a file to a database file would change.
pub fn diff_file(database: &std::path::Path, file: &ReferenceFile) -> Result<Vec<Change>, Failure> {
    crate::store::read_file(database, |tx| differences(tx, file, &stored(tx)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_is_valid_and_its_first_live_group_offers_dollars() {
        let file = shipped().unwrap();
        let first_live = file.groups.iter().find(|group| !group.demo).unwrap();
        assert!(first_live.currencies.iter().any(|code| code == "USD"));
        let decimals = |code: &str| file.currencies.iter().find(|c| c.code == code).unwrap().decimals;
        assert_eq!(file.rates, None, "a broker has rates of its own");
        assert!(sample().unwrap().rates.unwrap().iter().all(|rate| rate.as_of.is_none()));
        assert_eq!(
            (decimals("JPY"), decimals("USD"), decimals("KWD"), decimals("CLF"), decimals("BTC")),
            (0, 2, 3, 4, 8)
        );
    }

    #[test]
    fn every_problem_of_a_file_is_reported() {
        let text = r#"
            [[currencies]]
            code = "usd"
            name = ""
            decimals = 9
            [[groups]]
            code = "g"
            name = "G"
            platform = "nowhere"
            kind = "trading"
            demo = false
            currencies = ["EUR"]
            max_leverage = 0
            margin_call_level = "much"
            stop_out_level = "50"
            negative_balance_protection = true
            swap_free = false
        "#;
        let problems = parse(text).unwrap_err();
        for part in ["upper-case", "0 to 8", "1 to 100", "nowhere", "EUR", "max_leverage", "margin_call_level"] {
            assert!(problems.contains(part), "{part} in {problems}");
        }
        assert!(parse("[[currencies]]\ncode = \"EUR\"\nname = \"Euro\"\ndecimals = 2\ncolour = \"red\"\n").is_err());
    }
}
