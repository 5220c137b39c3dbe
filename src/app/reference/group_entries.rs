//! Account groups as the reference file declares them.

use crate::app::reference::symbols::decimal;
use crate::app::reference::{Change, ReferenceFile, check_name, yes};
use crate::app::{Context, Failure};
use crate::domain::ids::GroupId;
use crate::domain::money::DecimalText;
use crate::domain::reference::{
    BANK_CATEGORY_MAX, BankKind, BankTerms, DeclaredGroup, Group, GroupKind, GroupNames, GroupSymbol, LEVERAGE_MAX,
    MarginBasis, MarginCalculation, ProtectAfter, ROUTING_DIGITS, TRADE_DECIMALS_MAX, TradeStatus,
};
use crate::domain::refusal::{Field, Refusal};
use crate::domain::text;
use crate::store::{GroupOffers, ReadTx, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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
    /// The prices that margin is computed from.
    #[serde(default)]
    pub margin_basis: MarginBasis,
    /// The closings after which a negative balance is lifted.
    #[serde(default)]
    pub protect_after: ProtectAfter,
    /// Codes of the symbols that it offers; None for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbols: Option<Vec<String>>,
    /// The name of its symbols' settings at the platform.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub symbol_profile: String,
    /// The name of its funding settings at the platform.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub funding_profile: String,
    /// The heading of its statements.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub statement_heading: String,
    /// Where the platform hedges its trades.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub external_gateway: String,
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
    /// The terms of a bank product; None if it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bank: Option<BankTerms>,
    /// What the platform applies to single symbols.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<GroupSymbol>,
}

fn zero() -> String {
    "0".into()
}

/// The longest hold period of deposits, in days.
const HOLD_DAYS_MAX: u32 = 365;

/// The longest name of a template or a profile, in characters.
const TEMPLATE_NAME_MAX: usize = 100;

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
            margin_basis: self.margin_basis,
            protect_after: self.protect_after,
            lists_symbols: self.symbols.is_some(),
            names: GroupNames {
                symbol_profile: self.symbol_profile.clone(),
                funding_profile: self.funding_profile.clone(),
                statement_heading: self.statement_heading.clone(),
                external_gateway: self.external_gateway.clone(),
            },
            deposit_hold_days: self.deposit_hold_days,
            new_client_hold_days: self.new_client_hold_days,
            requires_approval: self.requires_approval,
            minimum_balance: self.minimum_balance.clone(),
            bank: self.bank.clone(),
        }
    }

    /// The symbols that it lists, or those that it applies something to if it offers all.
    fn offered_symbols(&self) -> Vec<GroupSymbol> {
        let templates = |code: &String| {
            let plain = || GroupSymbol { symbol: code.clone(), ..GroupSymbol::default() };
            self.templates.iter().find(|templates| templates.symbol == *code).cloned().unwrap_or_else(plain)
        };
        self.symbols.as_ref().map_or_else(|| self.templates.clone(), |codes| codes.iter().map(templates).collect())
    }
}

/// What can be declared elsewhere in the file.
pub(super) struct Codes<'a> {
    pub(super) currencies: &'a BTreeSet<&'a str>,
    pub(super) platforms: &'a BTreeSet<&'a str>,
    pub(super) symbols: &'a BTreeSet<&'a str>,
}

/// Adds the problems of groups that can be found without the database.
pub(super) fn check_groups(file: &ReferenceFile, codes: &Codes<'_>, problems: &mut Vec<String>) {
    let mut groups = BTreeSet::new();
    for entry in &file.groups {
        let mut wrong = |what: String| problems.push(format!("group {}: {what}", entry.code));
        check_name(&entry.code, &mut wrong);
        check_name(&entry.name, &mut wrong);
        if text::note(Field::Comment, entry.description.clone(), 1000).is_err() {
            wrong("description: at most 1000 characters".into());
        }
        if !codes.platforms.contains(entry.platform.as_str()) {
            wrong(format!("platform {} is not declared", entry.platform));
        }
        check_offers("currency", &entry.currencies, codes.currencies, &mut wrong);
        check_offers("symbol", entry.symbols.as_deref().unwrap_or_default(), codes.symbols, &mut wrong);
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
        for (field, name) in [
            ("symbol_profile", &entry.symbol_profile),
            ("funding_profile", &entry.funding_profile),
            ("statement_heading", &entry.statement_heading),
            ("external_gateway", &entry.external_gateway),
        ] {
            check_template_name(field, name, &mut wrong);
        }
        if let Some(bank) = &entry.bank {
            check_bank_terms(entry, bank, &mut wrong);
        }
        check_templates(entry, codes.symbols, &mut wrong);
        if !groups.insert(entry.code.as_str()) {
            wrong("named twice".into());
        }
    }
}

fn check_bank_terms(entry: &GroupEntry, bank: &BankTerms, wrong: &mut impl FnMut(String)) {
    if entry.kind != GroupKind::Wallet {
        wrong("bank: only of a group of wallets".into());
    }
    let digits = bank.routing_number.as_bytes();
    if !digits.is_empty() && (digits.len() != ROUTING_DIGITS || !digits.iter().all(u8::is_ascii_digit)) {
        wrong("bank.routing_number: nine digits, in quotes".into());
    }
    let category = &bank.category;
    if !category.is_empty() && text::name(Field::Category, category.clone(), BANK_CATEGORY_MAX).is_err() {
        wrong(format!("bank.category: at most {BANK_CATEGORY_MAX} characters, none of them invisible"));
    }
    for (field, range) in [("balance", bank.balance), ("deposit", bank.deposit), ("withdrawal", bank.withdrawal)] {
        if !range.is_sound() {
            wrong(format!("bank.{field}: a minimum and a maximum of zero or more, in this order"));
        }
    }
    let is_above_zero = |amount: DecimalText| !amount.is_zero() && !amount.is_negative();
    if bank.withdrawal_fee.is_some_and(|fee| bank.kind != BankKind::Savings || !is_above_zero(fee.fee)) {
        wrong("bank.withdrawal_fee: only of savings, with a fee above zero".into());
    }
    if bank.contributions.is_some_and(|terms| !is_above_zero(terms.minimum_amount)) {
        wrong("bank.contributions: a minimum_amount above zero".into());
    }
    let has_hold_days = entry.deposit_hold_days > 0 || entry.new_client_hold_days > 0;
    if has_hold_days && !bank.kind.holds_deposits() {
        let holding = "only deposits of savings and for_benefit_of are held back";
        wrong(format!("deposit_hold_days and new_client_hold_days: {holding}"));
    }
}

fn check_offers(kind: &str, offers: &[String], declared: &BTreeSet<&str>, wrong: &mut impl FnMut(String)) {
    let mut offered = BTreeSet::new();
    for code in offers {
        if !declared.contains(code.as_str()) {
            wrong(format!("{kind} {code} is not declared"));
        }
        if !offered.insert(code) {
            wrong(format!("{kind} {code} is offered twice"));
        }
    }
}

fn check_template_name(field: &str, name: &str, wrong: &mut impl FnMut(String)) {
    if !name.is_empty() && text::name(Field::Name, name.to_owned(), TEMPLATE_NAME_MAX).is_err() {
        wrong(format!("{field}: at most {TEMPLATE_NAME_MAX} characters, none of them invisible"));
    }
}

fn check_templates(entry: &GroupEntry, declared: &BTreeSet<&str>, wrong: &mut impl FnMut(String)) {
    let listed: Option<BTreeSet<&String>> = entry.symbols.as_ref().map(|codes| codes.iter().collect());
    let mut codes = BTreeSet::new();
    for templates in &entry.templates {
        let code = &templates.symbol;
        if !declared.contains(code.as_str()) {
            wrong(format!("templates: symbol {code:?} is not declared"));
        } else if listed.as_ref().is_some_and(|listed| !listed.contains(code)) {
            wrong(format!("templates: symbol {code} is not among its symbols"));
        }
        if !codes.insert(code) {
            wrong(format!("templates: symbol {code} is named twice"));
        }
        for (field, name) in [
            ("margin_template", &templates.margin_template),
            ("commission_template", &templates.commission_template),
            ("volume_template", &templates.volume_template),
            ("protection_template", &templates.protection_template),
        ] {
            check_template_name(field, name, wrong);
        }
        for (field, number) in [
            ("markup_bid", &templates.markup_bid),
            ("markup_ask", &templates.markup_ask),
            ("max_nop", &templates.max_nop),
        ] {
            if !number.is_empty() && decimal(number).is_none() {
                wrong(format!("{field} of {code}: a number with at most {TRADE_DECIMALS_MAX} decimals, in quotes"));
            }
        }
    }
}

/// The groups of the database, in the form of the file.
pub(super) fn stored_groups(tx: &ReadTx<'_>) -> Result<Vec<GroupEntry>, StoreError> {
    let (offers, symbols) = (tx.group_offers()?, tx.group_symbols()?);
    let entry = |Group { id, declared: g, .. }: Group| {
        let symbols = symbols.get(&g.code).cloned().unwrap_or_default();
        let codes = g.lists_symbols.then(|| symbols.iter().map(|offered| offered.symbol.clone()).collect());
        GroupEntry {
            currencies: offers.get(&g.code).cloned().unwrap_or_default(),
            symbols: codes,
            templates: symbols.into_iter().filter(|offered| !offered.is_plain()).collect(),
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
            margin_basis: g.margin_basis,
            protect_after: g.protect_after,
            symbol_profile: g.names.symbol_profile,
            funding_profile: g.names.funding_profile,
            statement_heading: g.names.statement_heading,
            external_gateway: g.names.external_gateway,
            deposit_hold_days: g.deposit_hold_days,
            new_client_hold_days: g.new_client_hold_days,
            requires_approval: g.requires_approval,
            minimum_balance: g.minimum_balance,
            bank: g.bank,
        }
    };
    // What callers make is not declared: applying a file leaves it as it is.
    Ok(tx.groups()?.into_iter().filter(|group| !group.is_made_by_caller).map(entry).collect())
}

/// Groups that the file adds or changes. Refusals: a change to something fixed.
pub(super) fn group_differences(file: &ReferenceFile, stored: &ReferenceFile) -> Result<Vec<Change>, Refusal> {
    let mut changes = Vec::new();
    for entry in &file.groups {
        match stored.groups.iter().find(|g| g.code == entry.code) {
            None => changes.push(Change::new("create", "group", &entry.code)),
            Some(old) if old.demo != entry.demo || old.kind != entry.kind => {
                let reason = format!("demo and kind of {} are fixed: accounts depend on them", entry.code);
                return Err(Refusal::invalid(Field::Groups, reason));
            }
            Some(old) if entry.id.is_some_and(|id| Some(id) != old.id) => {
                return Err(Refusal::invalid(Field::Groups, format!("the id of {} is fixed", entry.code)));
            }
            Some(old) if differs(entry, old) => changes.push(Change::new("change", "group", &entry.code)),
            Some(_) => {}
        }
    }
    Ok(changes)
}

/// Offers keep the order in which they were first made, so a different order alone is no difference.
fn differs(entry: &GroupEntry, old: &GroupEntry) -> bool {
    let sorted = |entry: &GroupEntry| {
        let mut entry = GroupEntry { id: None, ..entry.clone() };
        entry.currencies.sort();
        entry.symbols.iter_mut().for_each(|codes| codes.sort());
        entry.templates.retain(|templates| !templates.is_plain());
        entry.templates.sort_by(|one, other| one.symbol.cmp(&other.symbol));
        entry
    };
    sorted(entry) != sorted(old)
}

/// Makes one change of a group. Refusals: an id that is taken.
pub(super) fn apply_group(
    context: &Context<'_>,
    file: &ReferenceFile,
    stored: &ReferenceFile,
    change: &Change,
) -> Result<(), Failure> {
    let (entry, is_used) = change.entry(&file.groups, &stored.groups, |group| &group.code)?;
    let declared = DeclaredGroup { enabled: entry.enabled && is_used, ..entry.declared() };
    let offers = GroupOffers { currencies: &entry.currencies, symbols: &entry.offered_symbols() };
    if change.action != "create" {
        return Ok(context.tx.change_group(&declared, offers, context.now)?);
    }
    let id = entry.id.map_or_else(|| GroupId::new(context.now, context.app.randomness()), GroupId::from);
    if context.tx.group(id)?.is_some() {
        return Err(Refusal::invalid(Field::Groups, format!("the id of {} is taken", change.code)).into());
    }
    Ok(context.tx.add_group(id, &declared, offers, context.now)?)
}
