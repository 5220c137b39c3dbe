//! Proves the group and the limits in the history of figures: they must match the events that change an account, and no
//! row may change them without such an event.

use crate::domain::clock::Moment;
use crate::domain::events::Snapshot;
use crate::domain::ids::GroupSerial;
use crate::domain::money::{Amount, DecimalText, Decimals};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, sql, unreadable};
use crate::store::events::StoredEvent;
use crate::store::proof::Proof;
use rusqlite::{CachedStatement, Row};
use std::collections::HashMap;
use uuid::Uuid;

/// The group of an account, and the lowest balance by its own limit and by its group's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Rules {
    group: GroupSerial,
    minimum: Amount,
}

/// A row of the history, with the limit that applies.
struct Stored {
    at: i64,
    own: i64,
    rules: Rules,
    /// The group's limit changed at the same moment, and it is unknown whether before or after the event.
    is_unsure: bool,
}

/// The events of one moment; only the last one of each account counts.
pub(in crate::store) struct Settings<'s> {
    rows: CachedStatement<'s>,
    /// Changes up to this moment may have had events that were pruned.
    from: Option<i64>,
    moment: i64,
    /// By account; none if an event does not contain them.
    said: HashMap<i64, Option<Rules>>,
    /// Groups by public id, which legacy events use.
    groups: HashMap<Uuid, GroupSerial>,
    changes: i64,
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let own = row.get("minimum_minor")?;
    let of_group: String = row.get::<_, Option<String>>("group_minimum")?.unwrap_or_else(|| "0".into());
    let unreadable = || unreadable("group_minimum", &of_group);
    let decimals = Decimals::new(row.get("decimals")?).ok_or_else(unreadable)?;
    let limit = DecimalText::parse(&of_group).map_err(|_| unreadable())?.to_limit(decimals);
    Ok(Stored {
        at: row.get("recorded_at")?,
        own,
        rules: Rules { group: GroupSerial(row.get("group_id")?), minimum: Amount::from_minor(own).max(limit) },
        is_unsure: row.get("is_unsure")?,
    })
}

impl<'s> Settings<'s> {
    /// `is_pruned`: whether earlier events were pruned.
    pub(in crate::store) fn begin(tx: &'s ReadTx<'_>, is_pruned: bool) -> Result<Settings<'s>, StoreError> {
        let rows = tx.connection().prepare_cached(sql!("proof/settings_at"))?;
        let from = if is_pruned { None } else { Some(i64::MIN) };
        let groups =
            tx.all("SELECT uuid, id FROM account_groups", [], |row| Ok((row.get(0)?, GroupSerial(row.get(1)?))))?;
        let (said, groups) = (HashMap::new(), groups.into_iter().collect());
        Ok(Settings { rows, from, moment: i64::MIN, said, groups, changes: 0 })
    }

    /// Moves on to a moment at which there was an event.
    pub(in crate::store) fn reach(&mut self, proof: &mut Proof, moment: i64) -> Result<(), StoreError> {
        self.from.get_or_insert(moment);
        if moment != self.moment {
            self.settle(proof)?;
            self.moment = moment;
        }
        Ok(())
    }

    /// Adds an event that changed an account at the current moment.
    pub(in crate::store) fn take(&mut self, event: &StoredEvent) {
        let Some(account) = event.subject else { return };
        let rules = match event.snapshot() {
            Some(Snapshot::Account(of)) => Some(Rules { group: of.group, minimum: of.minimum }),
            _ => event.legacy().and_then(|legacy| legacy.settings).and_then(|(group, minimum)| {
                self.groups.get(&group.uuid()).map(|group| Rules { group: *group, minimum })
            }),
        };
        self.said.insert(account, rules);
    }

    fn settle(&mut self, proof: &mut Proof) -> Result<(), StoreError> {
        for (account, said) in self.said.drain() {
            let at = self.moment;
            let mut rows = self.rows.query_map((account, at), stored)?;
            let (row, before) = (rows.next().transpose()?, rows.next().transpose()?);
            let Some(row) = row else { continue };
            if said.is_some_and(|rules| rules != row.rules) && !row.is_unsure {
                proof.find("figures", || {
                    let at = Moment::from_unix_ms(at);
                    format!("the history of book {account} has another group or limit for {at} than its event")
                });
            }
            let has_changed = row.own != before.as_ref().map_or(0, |before| before.own)
                || before.is_some_and(|before| before.rules.group != row.rules.group);
            if row.at == at && has_changed && self.from.is_some_and(|from| at > from) {
                self.changes += 1;
            }
        }
        Ok(())
    }

    /// Must be called after the last event.
    pub(in crate::store) fn finish(mut self, proof: &mut Proof, tx: &ReadTx<'_>) -> Result<(), StoreError> {
        self.settle(proof)?;
        let Some(from) = self.from else { return Ok(()) };
        let changes: i64 = tx.one(sql!("proof/settings_changes"), [from], |row| row.get(0))?;
        if changes != self.changes {
            proof.find("figures", || {
                let said = self.changes;
                format!("the history changes groups and limits {changes} times, events report {said} of them")
            });
        }
        Ok(())
    }
}
