//! Account groups and the currencies that they offer.

use crate::domain::clock::Moment;
use crate::domain::ids::{CurrencySerial, GroupId, GroupSerial, OfferSerial};
use crate::domain::reference::{
    BankTerms, CurrencyCode, DeclaredGroup, Group, GroupNames, GroupSymbol, MarginBasis, Offer, ProtectAfter,
    TradeStatus,
};
use crate::store::StoreError;
use crate::store::database::lists::text_list;
use crate::store::database::transaction::{ReadTx, WriteTx, named, named_if_any, sql, unless_default, unreadable};
use rusqlite::Row;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Selects groups in a list; all conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct GroupFilter {
    /// Any of these; empty for all.
    pub ids: Vec<GroupId>,
    /// A part of the name, ignoring case.
    pub name: Option<String>,
    /// Only groups that offer this currency.
    pub currency: Option<CurrencyCode>,
    pub status: Option<TradeStatus>,
}

fn group(row: &Row<'_>) -> rusqlite::Result<Group> {
    Ok(Group {
        serial: GroupSerial(row.get("id")?),
        id: GroupId::from(row.get::<_, Uuid>("uuid")?),
        declared: DeclaredGroup {
            code: row.get("code")?,
            name: row.get("name")?,
            description: row.get("description")?,
            platform: row.get("platform")?,
            kind: named(row, "kind")?,
            is_demo: row.get("demo")?,
            enabled: row.get("enabled")?,
            status: named(row, "status")?,
            label: row.get("label")?,
            max_leverage: row.get("max_leverage")?,
            margin_call_level: row.get("margin_call_level")?,
            stop_out_level: row.get("stop_out_level")?,
            negative_balance_protection: row.get("negative_balance_protection")?,
            is_swap_free: row.get("swap_free")?,
            margin_calculation: named(row, "margin_calculation")?,
            margin_basis: named_if_any(row, "margin_basis")?.unwrap_or_default(),
            protect_after: named_if_any(row, "protect_after")?.unwrap_or_default(),
            lists_symbols: row.get::<_, Option<bool>>("lists_symbols")?.unwrap_or_default(),
            names: names(row)?,
            deposit_hold_days: row.get("deposit_hold_days")?,
            new_client_hold_days: row.get("new_client_hold_days")?,
            requires_approval: row.get("requires_approval")?,
            minimum_balance: row.get("minimum_balance")?,
            bank: bank_terms(row)?,
        },
        ledger: row.get("ledger_id")?,
        is_made_by_caller: row.get("made_by_caller")?,
        currencies: text_list::<Vec<String>>(row, "currencies")?
            .unwrap_or_default()
            .into_iter()
            .map(CurrencyCode::from_stored)
            .collect(),
        created_at: row.get::<_, Option<i64>>("created_at")?.map(Moment::from_unix_ms),
    })
}

fn bank_terms(row: &Row<'_>) -> rusqlite::Result<Option<BankTerms>> {
    let Some(json) = row.get::<_, Option<String>>("bank")? else { return Ok(None) };
    serde_json::from_str(&json).map(Some).map_err(|_| unreadable("bank", &json))
}

fn names(row: &Row<'_>) -> rusqlite::Result<GroupNames> {
    let Some(json) = row.get::<_, Option<String>>("profiles")? else { return Ok(GroupNames::default()) };
    serde_json::from_str(&json).map_err(|_| unreadable("profiles", &json))
}

fn offered(row: &Row<'_>) -> rusqlite::Result<(String, GroupSymbol)> {
    let json: String = row.get("templates")?;
    let templates = serde_json::from_str(&json).map_err(|_| unreadable("templates", &json))?;
    Ok((row.get("group_code")?, GroupSymbol { symbol: row.get("symbol")?, ..templates }))
}

/// What a group offers.
#[derive(Clone, Copy, Debug)]
pub struct GroupOffers<'a> {
    /// Codes of currencies.
    pub currencies: &'a [String],
    /// The symbols that it lists, or those that it applies something to if it offers all.
    pub symbols: &'a [GroupSymbol],
}

impl ReadTx<'_> {
    /// All groups, in the order of declaration.
    pub fn groups(&self) -> Result<Vec<Group>, StoreError> {
        self.all(concat!(sql!("groups/columns"), "ORDER BY g.id"), [], group)
    }

    /// What the product of a group allows; None if it is no bank product.
    pub fn bank_terms(&self, group: GroupSerial) -> Result<Option<BankTerms>, StoreError> {
        self.one("SELECT bank FROM account_groups WHERE id = ?1", [group.0], bank_terms)
    }

    /// Every currency that a group offers or has offered, in the order in which it first did.
    pub fn offers(&self) -> Result<Vec<Offer>, StoreError> {
        let sql = "SELECT id, group_id, currency_id, enabled, created_at FROM group_currencies ORDER BY id";
        self.all(sql, [], |row| {
            Ok(Offer {
                serial: OfferSerial(row.get(0)?),
                group: GroupSerial(row.get(1)?),
                currency: CurrencySerial(row.get(2)?),
                enabled: row.get(3)?,
                created_at: row.get::<_, Option<i64>>(4)?.map(Moment::from_unix_ms),
            })
        })
    }

    /// The currencies that each group offers, by group code, in order, disabled currencies included.
    pub fn group_offers(&self) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
        let pairs =
            self.all(sql!("groups/offers"), [], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let mut offers = BTreeMap::<String, Vec<String>>::new();
        for (group, currency) in pairs {
            offers.entry(group).or_default().push(currency);
        }
        Ok(offers)
    }

    /// The symbols that each group lists or applies something to, by group code, in order.
    pub fn group_symbols(&self) -> Result<BTreeMap<String, Vec<GroupSymbol>>, StoreError> {
        let mut symbols = BTreeMap::<String, Vec<GroupSymbol>>::new();
        for (group, symbol) in self.all(sql!("groups/symbols"), [], offered)? {
            symbols.entry(group).or_default().push(symbol);
        }
        Ok(symbols)
    }

    pub fn group(&self, id: GroupId) -> Result<Option<Group>, StoreError> {
        self.find(concat!(sql!("groups/columns"), "WHERE g.uuid = ?1"), [id.uuid()], group)
    }
}

impl WriteTx<'_> {
    /// Creates a group. Its platform and what it offers must exist.
    pub fn add_group(
        &self,
        id: GroupId,
        group: &DeclaredGroup,
        offers: GroupOffers<'_>,
        now: Moment,
    ) -> Result<(), StoreError> {
        self.write_group(sql!("groups/insert"), Some(id), group, now)?;
        self.offer(&group.code, offers, now)
    }

    /// Updates a group. Its kind and demo flag do not change.
    pub fn change_group(&self, group: &DeclaredGroup, offers: GroupOffers<'_>, now: Moment) -> Result<(), StoreError> {
        self.write_group(sql!("groups/update"), None, group, now)?;
        self.run(sql!("groups/withdraw_offers"), [&group.code])?;
        self.offer(&group.code, offers, now)
    }

    /// Runs a statement with a parameter for each column. An update does not use those that are fixed.
    fn write_group(
        &self,
        sql: &'static str,
        id: Option<GroupId>,
        group: &DeclaredGroup,
        now: Moment,
    ) -> Result<(), StoreError> {
        let names = unless_default(group.names.clone()).map(|names| json(&names)).transpose()?;
        let bank = group.bank.as_ref().map(json).transpose()?;
        let values: &[&dyn rusqlite::ToSql] = rusqlite::params![
            id.map(GroupId::uuid),
            group.code,
            group.name,
            group.description,
            group.platform,
            group.kind.name(),
            group.is_demo,
            group.enabled,
            group.status.name(),
            group.label,
            group.max_leverage,
            group.margin_call_level,
            group.stop_out_level,
            group.negative_balance_protection,
            group.is_swap_free,
            group.margin_calculation.name(),
            group.deposit_hold_days,
            group.new_client_hold_days,
            group.requires_approval,
            group.minimum_balance,
            unless_default(group.margin_basis).map(MarginBasis::name),
            unless_default(group.protect_after).map(ProtectAfter::name),
            group.lists_symbols.then_some(true),
            names,
            bank,
            now.unix_ms(),
        ];
        // A change keeps the time of declaration.
        let used = if id.is_some() { values } else { &values[..values.len() - 1] };
        self.run(sql, used)?;
        self.note_group_minimum(&group.code, now)
    }

    fn offer(&self, code: &str, offers: GroupOffers<'_>, now: Moment) -> Result<(), StoreError> {
        for currency in offers.currencies {
            self.run(sql!("groups/offer"), (code, currency, now.unix_ms()))?;
        }
        let pair = |offered: &GroupSymbol| {
            let templates = GroupSymbol { symbol: String::new(), ..offered.clone() };
            Ok(serde_json::Value::from(vec![offered.symbol.clone(), json(&templates)?]))
        };
        let pairs = offers.symbols.iter().map(pair).collect::<Result<Vec<_>, StoreError>>()?;
        let symbols = serde_json::Value::from(pairs).to_string();
        self.run(sql!("groups/withdraw_symbols"), (code, &symbols))?;
        self.run(sql!("groups/offer_symbols"), (code, &symbols)).map(|_| ())
    }
}

fn json(texts: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(texts).map_err(|error| StoreError::corrupt(error.to_string()))
}
