//! Reference data: currencies, platforms, account groups and reference rates, declared in one file and applied as a
//! whole.
//!
//! Applying the file is idempotent. What the file omits is switched off, never deleted, because accounts refer to it.
//! Changes that would invalidate stored amounts - the decimals of a currency, the mode of a group - are refused.

use crate::app::command::refusal_of_read;
use crate::app::reference::rates::{RateEntry, apply_rate, check_rates, rate_differences};
use crate::app::{App, Command, Context, Failure};
use crate::domain::access::{ObjectKind, Right};
use crate::domain::events::{Event, EventType, ReferenceChange, ReferenceSnapshot, Snapshot};
use crate::domain::ids::GroupId;
use crate::domain::money::{DecimalText, Decimals};
use crate::domain::reference::{CurrencyCode, DeclaredGroup, GroupKind, LEVERAGE_MAX, MarginCalculation, TradeStatus};
use crate::domain::refusal::{Field, Refusal};
use crate::domain::text;
use crate::store::{CurrencyRow, PlatformRow, ReadTx, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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
    pub groups: Vec<GroupEntry>,
    /// None leaves the rates as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rates: Option<Vec<RateEntry>>,
}

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

/// A platform in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformEntry {
    pub code: String,
    pub name: String,
    #[serde(rename = "type")]
    pub software: String,
}

/// An account group in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupEntry {
    pub code: String,
    /// Sets the public id, for example to keep the one from another system; None generates one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<uuid::Uuid>,
    pub name: String,
    #[serde(default)]
    pub description: String,
    /// The code of its platform.
    pub platform: String,
    /// Fixed once the file was applied.
    pub kind: GroupKind,
    /// Fixed once the file was applied.
    pub demo: bool,
    /// Whether accounts may join it.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// What its accounts may trade.
    #[serde(default)]
    pub status: TradeStatus,
    /// The broker's own category.
    #[serde(default)]
    pub label: String,
    /// Codes of the currencies that it offers, in order.
    pub currencies: Vec<String>,
    /// The leverage of accounts that request none.
    pub max_leverage: u32,
    /// Margin level of the margin call, in percent.
    pub margin_call_level: String,
    /// Margin level of the stop-out, in percent.
    pub stop_out_level: String,
    /// Whether the broker absorbs losses beyond the balance.
    pub negative_balance_protection: bool,
    /// Whether positions bear no swap.
    pub swap_free: bool,
    /// How margin is computed for positions in one symbol.
    #[serde(default)]
    pub margin_calculation: MarginCalculation,
    /// Days until an external deposit becomes available.
    #[serde(default)]
    pub deposit_hold_days: u32,
    /// Days after the client's first day before external deposits become available; the later of the two dates applies.
    #[serde(default)]
    pub new_client_hold_days: u32,
    /// Whether withdrawals to the outside need approval by a second operator.
    #[serde(default)]
    pub requires_approval: bool,
    /// The lowest balance its accounts may be allowed: zero or less.
    #[serde(default = "zero")]
    pub minimum_balance: String,
}

fn yes() -> bool {
    true
}

fn zero() -> String {
    "0".into()
}

/// The longest hold period of deposits, in days.
const HOLD_DAYS_MAX: u32 = 365;

/// One difference between the file and the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// `create`, `change`, `switch_off` or `remove`.
    pub action: String,
    /// `currency`, `platform`, `group` or `rate`.
    pub kind: String,
    pub code: String,
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
    let mut platforms = BTreeSet::new();
    for entry in &file.platforms {
        let mut wrong = |what: String| problems.push(format!("platform {}: {what}", entry.code));
        check_name(&entry.code, &mut wrong);
        check_name(&entry.name, &mut wrong);
        if !platforms.insert(entry.code.as_str()) {
            wrong("named twice".into());
        }
    }
    let mut groups = BTreeSet::new();
    for entry in &file.groups {
        let mut wrong = |what: String| problems.push(format!("group {}: {what}", entry.code));
        check_name(&entry.code, &mut wrong);
        check_name(&entry.name, &mut wrong);
        if text::note(Field::Comment, entry.description.clone(), 1000).is_err() {
            wrong("description: at most 1000 characters".into());
        }
        if !platforms.contains(entry.platform.as_str()) {
            wrong(format!("platform {} is not declared", entry.platform));
        }
        let mut offered = BTreeSet::new();
        for currency in &entry.currencies {
            if !codes.contains(currency.as_str()) {
                wrong(format!("currency {currency} is not declared"));
            }
            if !offered.insert(currency) {
                wrong(format!("currency {currency} is offered twice"));
            }
        }
        for (field, level) in
            [("margin_call_level", &entry.margin_call_level), ("stop_out_level", &entry.stop_out_level)]
        {
            if DecimalText::parse(level).map_or(true, DecimalText::is_negative) || level.len() > 10 {
                wrong(format!("{field}: a percentage such as \"100\""));
            }
        }
        if !(1..=LEVERAGE_MAX).contains(&entry.max_leverage) {
            wrong(format!("max_leverage: 1 to {}", LEVERAGE_MAX));
        }
        if entry.deposit_hold_days > HOLD_DAYS_MAX || entry.new_client_hold_days > HOLD_DAYS_MAX {
            wrong(format!("deposit_hold_days and new_client_hold_days: 0 to {HOLD_DAYS_MAX}"));
        }
        if !DecimalText::parse(&entry.minimum_balance).is_ok_and(|least| least.is_zero() || least.is_negative()) {
            wrong("minimum_balance: zero or less, such as \"-500\"".into());
        }
        if !groups.insert(entry.code.as_str()) {
            wrong("named twice".into());
        }
    }
    check_rates(file, &codes, &mut problems);
    problems
}

fn check_name(name: &str, wrong: &mut impl FnMut(String)) {
    if name.trim().is_empty() || text::name(Field::Name, name.to_owned(), 100).is_err() {
        wrong("names and codes have 1 to 100 characters, none of them invisible".into());
    }
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
        })
    }
}

impl GroupEntry {
    fn declared(&self) -> DeclaredGroup {
        DeclaredGroup {
            code: self.code.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            platform: self.platform.clone(),
            kind: self.kind,
            is_demo: self.demo,
            enabled: self.enabled,
            status: self.status,
            label: self.label.clone(),
            max_leverage: self.max_leverage,
            margin_call_level: self.margin_call_level.clone(),
            stop_out_level: self.stop_out_level.clone(),
            negative_balance_protection: self.negative_balance_protection,
            is_swap_free: self.swap_free,
            margin_calculation: self.margin_calculation,
            deposit_hold_days: self.deposit_hold_days,
            new_client_hold_days: self.new_client_hold_days,
            requires_approval: self.requires_approval,
            minimum_balance: self.minimum_balance.clone(),
        }
    }
}

/// The database's reference data, in the form of the file.
fn stored(tx: &ReadTx<'_>) -> Result<ReferenceFile, StoreError> {
    let currencies = tx.currencies()?.into_iter().map(|c| CurrencyEntry {
        code: c.code.to_string(),
        name: c.name,
        decimals: c.decimals.count(),
        numeric_code: c.numeric_code,
        crypto: c.is_crypto,
        enabled: c.enabled,
    });
    let platforms = tx.platforms()?.into_iter().map(|p| p.declared).map(|p| PlatformEntry {
        code: p.code,
        name: p.name,
        software: p.software,
    });
    let offers = tx.group_offers()?;
    let groups = tx.groups()?.into_iter().map(|group| {
        let (id, g) = (group.id, group.declared);
        GroupEntry {
            currencies: offers.get(&g.code).cloned().unwrap_or_default(),
            code: g.code,
            id: Some(id.uuid()),
            name: g.name,
            description: g.description,
            platform: g.platform,
            kind: g.kind,
            demo: g.is_demo,
            enabled: g.enabled,
            status: g.status,
            label: g.label,
            max_leverage: g.max_leverage,
            margin_call_level: g.margin_call_level,
            stop_out_level: g.stop_out_level,
            negative_balance_protection: g.negative_balance_protection,
            swap_free: g.is_swap_free,
            margin_calculation: g.margin_calculation,
            deposit_hold_days: g.deposit_hold_days,
            new_client_hold_days: g.new_client_hold_days,
            requires_approval: g.requires_approval,
            minimum_balance: g.minimum_balance,
        }
    });
    let rates: Vec<_> = tx.rates()?.into_iter().map(RateEntry::from).collect();
    Ok(ReferenceFile {
        currencies: currencies.collect(),
        platforms: platforms.collect(),
        groups: groups.collect(),
        rates: Some(rates).filter(|rates| !rates.is_empty()),
    })
}

/// What applying the file would change, in the order of execution.
fn differences(file: &ReferenceFile, stored: &ReferenceFile) -> Result<Vec<Change>, Refusal> {
    let change =
        |action: &str, kind: &str, code: &str| Change { action: action.into(), kind: kind.into(), code: code.into() };
    let mut changes = Vec::new();
    for entry in &file.currencies {
        match stored.currencies.iter().find(|c| c.code == entry.code) {
            None => changes.push(change("create", "currency", &entry.code)),
            Some(old) if old.decimals != entry.decimals || old.crypto != entry.crypto => {
                let reason =
                    format!("decimals and crypto of {} are fixed: amounts are stored in its minor units", entry.code);
                return Err(Refusal::invalid(Field::Currencies, reason));
            }
            Some(old) if old != entry => changes.push(change("change", "currency", &entry.code)),
            Some(_) => {}
        }
    }
    for entry in &file.platforms {
        match stored.platforms.iter().find(|p| p.code == entry.code) {
            None => changes.push(change("create", "platform", &entry.code)),
            Some(old) if old != entry => changes.push(change("change", "platform", &entry.code)),
            Some(_) => {}
        }
    }
    for entry in &file.groups {
        match stored.groups.iter().find(|g| g.code == entry.code) {
            None => changes.push(change("create", "group", &entry.code)),
            Some(old) if old.demo != entry.demo || old.kind != entry.kind => {
                let reason = format!("demo and kind of {} are fixed: accounts depend on them", entry.code);
                return Err(Refusal::invalid(Field::Groups, reason));
            }
            Some(old) if entry.id.is_some_and(|id| Some(id) != old.id) => {
                return Err(Refusal::invalid(Field::Groups, format!("the id of {} is fixed", entry.code)));
            }
            Some(old) => {
                // Offers keep the order in which they were first made, so a different order alone is no difference.
                let sorted = |codes: &[String]| codes.iter().cloned().collect::<BTreeSet<_>>();
                let same = GroupEntry { id: old.id, currencies: old.currencies.clone(), ..entry.clone() };
                if *old != same || sorted(&old.currencies) != sorted(&entry.currencies) {
                    changes.push(change("change", "group", &entry.code));
                }
            }
        }
    }
    for old in stored.groups.iter().filter(|g| g.enabled && !file.groups.iter().any(|e| e.code == g.code)) {
        changes.push(change("switch_off", "group", &old.code));
    }
    for old in stored.currencies.iter().filter(|c| c.enabled && !file.currencies.iter().any(|e| e.code == c.code)) {
        changes.push(change("switch_off", "currency", &old.code));
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
        let changes = differences(&self.file, &stored)?;
        for change in &changes {
            apply(context, &self.file, &stored, change)?;
        }
        if !changes.is_empty() {
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
    let code = &change.code;
    match (change.kind.as_str(), change.action.as_str()) {
        ("currency", "switch_off") => {
            if let Some(entry) = stored.currencies.iter().find(|c| c.code == *code) {
                context.tx.put_currency(&CurrencyEntry { enabled: false, ..entry.clone() }.row()?)?;
            }
        }
        ("currency", _) => {
            if let Some(entry) = file.currencies.iter().find(|c| c.code == *code) {
                context.tx.put_currency(&entry.row()?)?;
            }
        }
        ("platform", _) => {
            if let Some(entry) = file.platforms.iter().find(|p| p.code == *code) {
                context.tx.put_platform(&PlatformRow {
                    code: entry.code.clone(),
                    name: entry.name.clone(),
                    software: entry.software.clone(),
                })?;
            }
        }
        ("group", "switch_off") => {
            if let Some(entry) = stored.groups.iter().find(|g| g.code == *code) {
                let off = DeclaredGroup { enabled: false, ..entry.declared() };
                context.tx.change_group(&off, &entry.currencies, context.now)?;
            }
        }
        ("group", action) => {
            if let Some(entry) = file.groups.iter().find(|g| g.code == *code) {
                if action == "create" {
                    let id =
                        entry.id.map_or_else(|| GroupId::new(context.now, context.app.randomness()), GroupId::from);
                    if context.tx.group(id)?.is_some() {
                        return Err(Refusal::invalid(Field::Groups, format!("the id of {code} is taken")).into());
                    }
                    context.tx.add_group(id, &entry.declared(), &entry.currencies, context.now)?;
                } else {
                    context.tx.change_group(&entry.declared(), &entry.currencies, context.now)?;
                }
            }
        }
        ("rate", _) => apply_rate(context, file, stored, change)?,
        _ => {}
    }
    Ok(())
}

impl App {
    /// The database's reference data, in the form of the file. Blocks.
    pub fn show_reference(&self) -> Result<ReferenceFile, Refusal> {
        self.store.read(|tx| Ok(stored(tx)?)).map_err(refusal_of_read)
    }

    /// What applying a file would change. Blocks.
    pub fn diff_reference(&self, file: &ReferenceFile) -> Result<Vec<Change>, Refusal> {
        self.store.read(|tx| Ok(differences(file, &stored(tx)?)?)).map_err(refusal_of_read)
    }
}

/// Reads the reference data of a database file, even while another process has it open.
pub fn read_file(database: &std::path::Path) -> Result<ReferenceFile, StoreError> {
    crate::store::read_file(database, stored)
}

/// What applying a file to a database file would change.
pub fn diff_file(database: &std::path::Path, file: &ReferenceFile) -> Result<Vec<Change>, Failure> {
    crate::store::read_file(database, |tx| Ok(differences(file, &stored(tx)?)?))
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
