//! Symbols: declared in the reference file.

use crate::app::reference::{Change, ReferenceFile, check_name, check_time_zone, yes};
use crate::app::{Context, Failure};
use crate::domain::ids::SymbolId;
use crate::domain::money::DecimalText;
use crate::domain::reference::{CurrencyCode, DeclaredSymbol, Symbol, SymbolClass, TRADE_DECIMALS_MAX};
use crate::domain::refusal::{Field, Refusal};
use crate::domain::text;
use crate::store::{ReadTx, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A symbol in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SymbolEntry {
    /// What events call it; the key.
    pub code: String,
    /// Sets the public id, for example to keep the one from another system; None generates one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<uuid::Uuid>,
    pub name: String,
    pub class: SymbolClass,
    /// Units of one lot. Fixed once it was traded.
    pub contract_size: String,
    /// How prices are shown.
    pub price_decimals: u8,
    /// How quantities are shown.
    pub quantity_decimals: u8,
    /// Of prices and of profit. Fixed once it was traded.
    pub profit_currency: String,
    /// Of margin; None is the profit currency. Fixed once it was traded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin_currency: Option<String>,
    /// Margin as a share of the value; None is 1 / leverage of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin_rate: Option<String>,
    /// The IANA time zone of its trading day; None is the platform's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// The longest code of a symbol, in characters.
const CODE_MAX: usize = 64;

impl SymbolEntry {
    fn margin_currency(&self) -> &str {
        self.margin_currency.as_deref().unwrap_or(&self.profit_currency)
    }

    fn declared(&self) -> Result<DeclaredSymbol, Refusal> {
        Ok(DeclaredSymbol {
            code: self.code.clone(),
            name: self.name.clone(),
            class: self.class,
            contract_size: positive("contract_size", &self.contract_size)?,
            price_decimals: self.price_decimals,
            quantity_decimals: self.quantity_decimals,
            profit_currency: CurrencyCode::parse(Field::Currency, &self.profit_currency)?,
            margin_currency: CurrencyCode::parse(Field::Currency, self.margin_currency())?,
            margin_rate: self.margin_rate.as_deref().map(|rate| positive("margin_rate", rate)).transpose()?,
            time_zone: self.time_zone.clone(),
            enabled: self.enabled,
        })
    }
}

impl From<Symbol> for SymbolEntry {
    fn from(symbol: Symbol) -> SymbolEntry {
        let declared = symbol.declared;
        let margin =
            (declared.margin_currency != declared.profit_currency).then(|| declared.margin_currency.to_string());
        SymbolEntry {
            code: declared.code,
            id: Some(symbol.id.uuid()),
            name: declared.name,
            class: declared.class,
            contract_size: declared.contract_size.into(),
            price_decimals: declared.price_decimals,
            quantity_decimals: declared.quantity_decimals,
            profit_currency: declared.profit_currency.to_string(),
            margin_currency: margin,
            margin_rate: declared.margin_rate.map(String::from),
            time_zone: declared.time_zone,
            enabled: declared.enabled,
        }
    }
}

fn positive(name: &str, text: &str) -> Result<DecimalText, Refusal> {
    decimal(text).filter(|number| !number.is_zero() && !number.is_negative()).ok_or_else(|| {
        let reason = format!("{name}: above zero, with at most {TRADE_DECIMALS_MAX} decimals, in quotes");
        Refusal::invalid(Field::Symbols, reason)
    })
}

/// A decimal number with as many decimals as prices and quantities may have.
pub(super) fn decimal(text: &str) -> Option<DecimalText> {
    let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    DecimalText::parse(text).ok().filter(|_| decimals <= usize::from(TRADE_DECIMALS_MAX))
}

/// Adds the problems of symbols that can be found without the database, and returns their codes.
pub(super) fn check_symbols<'a>(
    file: &'a ReferenceFile,
    currencies: &BTreeSet<&str>,
    problems: &mut Vec<String>,
) -> BTreeSet<&'a str> {
    let (mut codes, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for entry in &file.symbols {
        let mut wrong = |what: String| problems.push(format!("symbol {}: {what}", entry.code));
        if entry.code.is_empty() {
            wrong("code: 1 to 64 characters".into());
        } else if let Err(refusal) = text::identifier(Field::Symbols, entry.code.clone(), CODE_MAX) {
            wrong(format!("code: {refusal}"));
        }
        check_name(&entry.name, &mut wrong);
        for number in [("contract_size", Some(&entry.contract_size)), ("margin_rate", entry.margin_rate.as_ref())] {
            if let (name, Some(text)) = number
                && let Err(refusal) = positive(name, text)
            {
                wrong(refusal.to_string());
            }
        }
        for (name, decimals) in
            [("price_decimals", entry.price_decimals), ("quantity_decimals", entry.quantity_decimals)]
        {
            if decimals > TRADE_DECIMALS_MAX {
                wrong(format!("{name}: 0 to {TRADE_DECIMALS_MAX}"));
            }
        }
        for currency in BTreeSet::from([entry.profit_currency.as_str(), entry.margin_currency()]) {
            if !currencies.contains(currency) {
                wrong(format!("currency {currency} is not declared"));
            }
        }
        check_time_zone(entry.time_zone.as_deref(), &mut wrong);
        if !codes.insert(entry.code.as_str()) {
            wrong("named twice".into());
        }
        if entry.id.is_some_and(|id| !ids.insert(id)) {
            wrong("another symbol has this id".into());
        }
    }
    codes
}

pub(super) fn stored_symbols(tx: &ReadTx<'_>) -> Result<Vec<SymbolEntry>, StoreError> {
    Ok(tx.symbols()?.into_iter().map(SymbolEntry::from).collect())
}

/// Symbols that the file adds or changes. Refusals: a change to something fixed.
pub(super) fn symbol_differences(
    tx: &ReadTx<'_>,
    file: &ReferenceFile,
    stored: &ReferenceFile,
) -> Result<Vec<Change>, Failure> {
    // A broker can have thousands of symbols.
    let present: BTreeMap<&str, &SymbolEntry> = stored.symbols.iter().map(|s| (s.code.as_str(), s)).collect();
    let mut changes = Vec::new();
    for entry in &file.symbols {
        let Some(old) = present.get(entry.code.as_str()) else {
            changes.push(Change::new("create", "symbol", &entry.code));
            continue;
        };
        if entry.id.is_some_and(|id| Some(id) != old.id) {
            return Err(Refusal::invalid(Field::Symbols, format!("the id of {} is fixed", entry.code)).into());
        }
        let (now, then) = (entry.declared()?, old.declared()?);
        if now == then {
            continue;
        }
        let figures = |symbol: &DeclaredSymbol| {
            (symbol.contract_size, symbol.profit_currency.clone(), symbol.margin_currency.clone())
        };
        if figures(&now) != figures(&then) && was_traded(tx, &entry.code)? {
            let reason = format!(
                "contract_size, profit_currency and margin_currency of {} are fixed: it was traded under them",
                entry.code
            );
            return Err(Refusal::invalid(Field::Symbols, reason).into());
        }
        changes.push(Change::new("change", "symbol", &entry.code));
    }
    Ok(changes)
}

fn was_traded(tx: &ReadTx<'_>, code: &str) -> Result<bool, StoreError> {
    match tx.symbol(code)? {
        Some(symbol) => tx.has_executions(symbol.serial),
        None => Ok(false),
    }
}

/// Symbols that the file omits.
pub(super) fn omitted_symbols(file: &ReferenceFile, stored: &ReferenceFile) -> Vec<Change> {
    let kept: BTreeSet<&str> = file.symbols.iter().map(|entry| entry.code.as_str()).collect();
    let omitted = stored.symbols.iter().filter(|old| old.enabled && !kept.contains(old.code.as_str()));
    omitted.map(|old| Change::new("switch_off", "symbol", &old.code)).collect()
}

/// Makes one change of a symbol. Refusals: an id that is taken.
pub(super) fn apply_symbol(
    context: &Context<'_>,
    file: &ReferenceFile,
    stored: &ReferenceFile,
    change: &Change,
) -> Result<(), Failure> {
    let (entry, is_used) = change.entry(&file.symbols, &stored.symbols, |symbol| &symbol.code)?;
    let id = entry.id.map_or_else(|| SymbolId::new(context.now, context.app.randomness()), SymbolId::from);
    if change.action == "create" && stored.symbols.iter().any(|other| other.id == Some(id.uuid())) {
        return Err(Refusal::invalid(Field::Symbols, format!("the id of {} is taken", change.code)).into());
    }
    let declared = entry.declared()?;
    Ok(context.tx.put_symbol(id, &DeclaredSymbol { enabled: declared.enabled && is_used, ..declared })?)
}

#[cfg(test)]
mod tests {
    use crate::app::reference::parse;

    const CURRENCIES: &str = "[[currencies]]\ncode = \"USD\"\nname = \"Dollar\"\ndecimals = 2\n";
    const SYMBOL: &str = "[[symbols]]\ncode = \"ACME\"\nname = \"Acme\"\nclass = \"share\"\ncontract_size = \"1\"\n\
                          price_decimals = 2\nquantity_decimals = 0\nprofit_currency = \"USD\"\n";

    #[test]
    fn every_problem_of_a_symbol_is_reported() {
        for (from, to, part) in [
            ("\"ACME\"", "\" ACME\"", "blanks"),
            ("\"ACME\"", "\"\"", "code"),
            ("\"Acme\"", "\"\"", "1 to 100"),
            ("\"share\"", "\"stock\"", "stock"),
            ("\"1\"", "\"0\"", "contract_size: above zero"),
            ("\"1\"", "\"-1\"", "contract_size: above zero"),
            ("\"1\"", "\"1e2\"", "contract_size: above zero"),
            ("\"1\"", "\"0.1234567890123\"", "12 decimals"),
            ("\"1\"", "1", "string"),
            ("price_decimals = 2", "price_decimals = 13", "price_decimals: 0 to 12"),
            ("quantity_decimals = 0", "quantity_decimals = 13", "quantity_decimals: 0 to 12"),
            ("\"USD\"", "\"EUR\"", "EUR is not declared"),
            ("= \"USD\"", "= \"USD\"\nmargin_currency = \"EUR\"", "EUR is not declared"),
            ("= \"USD\"", "= \"USD\"\nmargin_rate = \"0\"", "margin_rate: above zero"),
            ("= \"USD\"", "= \"USD\"\ntime_zone = \"Europe/Atlantis\"", "time_zone"),
            ("= \"USD\"", "= \"USD\"\ncolour = \"red\"", "colour"),
        ] {
            let text = format!("{CURRENCIES}{}", SYMBOL.replacen(from, to, 1));
            let problem = parse(&text).unwrap_err();
            assert!(problem.contains(part), "{part}: {problem}");
        }
        assert!(parse(&format!("{CURRENCIES}{SYMBOL}{SYMBOL}")).unwrap_err().contains("symbol ACME: named twice"));
        assert_eq!(parse(&format!("{CURRENCIES}{SYMBOL}")).unwrap().symbols.len(), 1);
    }
}
