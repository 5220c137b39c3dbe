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

/// A group as declared in the reference data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupRow {
    /// The key of the group in the reference file.
    pub code: String,
    pub name: String,
    pub description: String,
    /// The code of its trading platform.
    pub platform: String,
    pub kind: GroupKind,
    pub is_demo: bool,
    /// Whether accounts may join it.
    pub enabled: bool,
    pub status: TradeStatus,
    /// Free text for sorting groups.
    pub label: String,
    /// Leverage of accounts that do not ask for another.
    pub max_leverage: u32,
    /// Margin level of the margin call: percent, as decimal text.
    pub margin_call_level: String,
    /// Margin level of the stop-out: percent, as decimal text.
    pub stop_out_level: String,
    /// Whether the broker covers losses beyond the balance.
    pub negative_balance_protection: bool,
    /// Whether positions bear no swap.
    pub is_swap_free: bool,
    pub margin_calculation: MarginCalculation,
    /// Days until a deposit from outside is available.
    pub deposit_hold_days: u32,
    /// Like `deposit_hold_days`, for new clients; counted from the client's first day.
    pub new_client_hold_days: u32,
    /// Whether outgoing payments need a second operator.
    pub requires_approval: bool,
    /// The lowest balance that its accounts may be allowed, as decimal text.
    pub minimum_balance: String,
    /// Codes of the currencies it offers, in order.
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
    /// All groups, in the order of declaration.
    pub fn groups(&self) -> Result<Vec<Group>, StoreError> {
        self.all(concat!(sql!("groups/columns"), "ORDER BY g.id"), [], group)
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

    pub fn group(&self, id: GroupId) -> Result<Option<Group>, StoreError> {
        self.find(concat!(sql!("groups/columns"), "WHERE g.uuid = ?1"), [id.uuid()], group)
    }
}

impl WriteTx<'_> {
    /// Creates a group. Its platform and currencies must exist.
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

    /// Updates a group. Its kind and demo flag do not change.
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
