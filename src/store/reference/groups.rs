//! Account groups and the currencies that they offer.

use crate::domain::clock::Moment;
use crate::domain::ids::{GroupId, GroupSerial};
use crate::domain::reference::{CurrencyCode, Group, GroupKind, MarginCalculation, TradeStatus};
use crate::store::StoreError;
use crate::store::database::lists::text_list;
use crate::store::database::transaction::{ReadTx, WriteTx, named, sql};
use rusqlite::Row;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What selects groups in a list; all conditions hold together.
#[derive(Clone, Debug, Default)]
pub struct GroupFilter {
    /// Any of these; empty: all.
    pub ids: Vec<GroupId>,
    /// Contained in the name, ignoring case.
    pub name: Option<String>,
    /// Offers this currency.
    pub currency: Option<CurrencyCode>,
    /// Has this trade status.
    pub status: Option<TradeStatus>,
}

/// A group as the reference data declare it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupRow {
    /// The key under which the reference file names it.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Code of the platform it belongs to.
    pub platform: String,
    /// Trading accounts or wallets.
    pub kind: GroupKind,
    /// Whether its accounts are demo accounts.
    pub is_demo: bool,
    /// Whether accounts may join it.
    pub enabled: bool,
    /// What its accounts may trade.
    pub status: TradeStatus,
    /// A label to sort groups by.
    pub label: String,
    /// Leverage of accounts that ask for none.
    pub max_leverage: u32,
    /// Margin level of the margin call, decimal text in percent.
    pub margin_call_level: String,
    /// Margin level of the stop-out, decimal text in percent.
    pub stop_out_level: String,
    /// Whether the broker takes over losses beyond the balance.
    pub negative_balance_protection: bool,
    /// Whether positions bear no swap.
    pub is_swap_free: bool,
    /// How margin is summed up.
    pub margin_calculation: MarginCalculation,
    /// Days until a deposit from outside is available.
    pub deposit_hold_days: u32,
    /// The same, counted from the client's first day.
    pub new_client_hold_days: u32,
    /// Whether debits to the outside take a second operator.
    pub requires_approval: bool,
    /// How far below zero its accounts may be allowed to go, decimal text.
    pub minimum_balance: String,
    /// Codes of the currencies that it offers, in order.
    pub currencies: Vec<String>,
}

fn group(row: &Row<'_>) -> rusqlite::Result<Group> {
    Ok(Group {
        serial: GroupSerial(row.get("id")?),
        id: GroupId::from(row.get::<_, Uuid>("uuid")?),
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
        deposit_hold_days: row.get("deposit_hold_days")?,
        new_client_hold_days: row.get("new_client_hold_days")?,
        requires_approval: row.get("requires_approval")?,
        minimum_balance: row.get("minimum_balance")?,
        currencies: text_list::<Vec<String>>(row, "currencies")?
            .unwrap_or_default()
            .into_iter()
            .map(CurrencyCode::from_stored)
            .collect(),
    })
}

impl ReadTx<'_> {
    /// All groups, in the order in which they were declared.
    pub fn groups(&self) -> Result<Vec<Group>, StoreError> {
        self.all(concat!(sql!("groups/columns"), "ORDER BY g.id"), [], group)
    }

    /// The currencies that each group offers by its code, in order, whether or not the currency is enabled.
    pub fn group_offers(&self) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
        let pairs =
            self.all(sql!("groups/offers"), [], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let mut offers = BTreeMap::<String, Vec<String>>::new();
        for (group, currency) in pairs {
            offers.entry(group).or_default().push(currency);
        }
        Ok(offers)
    }

    /// The group of an id.
    pub fn group(&self, id: GroupId) -> Result<Option<Group>, StoreError> {
        self.find(concat!(sql!("groups/columns"), "WHERE g.uuid = ?1"), [id.uuid()], group)
    }
}

impl WriteTx<'_> {
    /// Creates a group; its platform and its currencies exist already.
    pub fn add_group(&self, id: GroupId, row: &GroupRow, now: Moment) -> Result<(), StoreError> {
        self.run(
            sql!("groups/insert"),
            rusqlite::params![
                id.uuid(),
                row.code,
                row.name,
                row.description,
                row.platform,
                row.kind.name(),
                row.is_demo,
                row.enabled,
                row.status.name(),
                row.label,
                row.max_leverage,
                row.margin_call_level,
                row.stop_out_level,
                row.negative_balance_protection,
                row.is_swap_free,
                row.margin_calculation.name(),
                row.deposit_hold_days,
                row.new_client_hold_days,
                row.requires_approval,
                row.minimum_balance,
            ],
        )?;
        self.note_group_minimum(&row.code, now)?;
        self.offer(row)
    }

    /// Changes what may change of a group: all but its kind and whether it is demo.
    pub fn change_group(&self, row: &GroupRow, now: Moment) -> Result<(), StoreError> {
        self.run(
            sql!("groups/update"),
            rusqlite::params![
                row.code,
                row.name,
                row.description,
                row.platform,
                row.enabled,
                row.status.name(),
                row.label,
                row.max_leverage,
                row.margin_call_level,
                row.stop_out_level,
                row.negative_balance_protection,
                row.is_swap_free,
                row.margin_calculation.name(),
                row.deposit_hold_days,
                row.new_client_hold_days,
                row.requires_approval,
                row.minimum_balance,
            ],
        )?;
        self.note_group_minimum(&row.code, now)?;
        self.run(sql!("groups/withdraw_offers"), [&row.code])?;
        self.offer(row)
    }

    fn offer(&self, row: &GroupRow) -> Result<(), StoreError> {
        for currency in &row.currencies {
            self.run(sql!("groups/offer"), (&row.code, currency))?;
        }
        Ok(())
    }
}
