//! Account groups and the currencies that they offer.

use crate::domain::clock::Moment;
use crate::domain::ids::{GroupId, GroupSerial};
use crate::domain::reference::{CurrencyCode, DeclaredGroup, Group, TradeStatus};
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
            deposit_hold_days: row.get("deposit_hold_days")?,
            new_client_hold_days: row.get("new_client_hold_days")?,
            requires_approval: row.get("requires_approval")?,
            minimum_balance: row.get("minimum_balance")?,
        },
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
    /// Creates a group. Its platform and the currencies that it offers must exist.
    pub fn add_group(
        &self,
        id: GroupId,
        group: &DeclaredGroup,
        offers: &[String],
        now: Moment,
    ) -> Result<(), StoreError> {
        self.write_group(sql!("groups/insert"), Some(id), group, now)?;
        self.offer(&group.code, offers)
    }

    /// Updates a group. Its kind and demo flag do not change.
    pub fn change_group(&self, group: &DeclaredGroup, offers: &[String], now: Moment) -> Result<(), StoreError> {
        self.write_group(sql!("groups/update"), None, group, now)?;
        self.run(sql!("groups/withdraw_offers"), [&group.code])?;
        self.offer(&group.code, offers)
    }

    /// Runs a statement with a parameter for each column. An update does not use those that are fixed.
    fn write_group(
        &self,
        sql: &str,
        id: Option<GroupId>,
        group: &DeclaredGroup,
        now: Moment,
    ) -> Result<(), StoreError> {
        self.run(
            sql,
            rusqlite::params![
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
            ],
        )?;
        self.note_group_minimum(&group.code, now)
    }

    fn offer(&self, code: &str, currencies: &[String]) -> Result<(), StoreError> {
        for currency in currencies {
            self.run(sql!("groups/offer"), (code, currency))?;
        }
        Ok(())
    }
}
