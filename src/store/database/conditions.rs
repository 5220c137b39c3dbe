//! The conditions of a list, assembled into one statement. It contains only the conditions that apply, so that each can
//! use its index, which SQLite cannot do for a condition like `?1 IS NULL OR …`.

use crate::domain::access::Visibility;
use crate::domain::page::{Listing, Page, Part, Position, Window};
use crate::store::StoreError;
use crate::store::database::lists::visible_tags;
use crate::store::database::transaction::ReadTx;
use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};
use std::borrow::Cow;

/// Conditions on the rows of a table, joined by AND, with their parameter values in order. Conditions come from the
/// program and never from a caller: the methods accept `&'static str` only.
pub(in crate::store) struct Conditions {
    table: &'static str,
    alias: &'static str,
    /// The set of rows to scan; none for the whole table.
    set: Option<Cow<'static, str>>,
    set_values: Vec<Value>,
    /// Whether the set ranks its rows.
    is_ranked: bool,
    others: String,
    other_values: Vec<Value>,
}

impl Conditions {
    /// Selects every row of the table.
    pub(in crate::store) fn on(table: &'static str, alias: &'static str) -> Conditions {
        Conditions {
            table,
            alias,
            set: None,
            set_values: Vec::new(),
            is_ranked: false,
            others: "WHERE 1".into(),
            other_values: Vec::new(),
        }
    }

    /// Adds a condition without parameters.
    pub(in crate::store) fn add(&mut self, condition: &'static str) {
        self.others.push_str("\n  AND ");
        self.others.push_str(condition);
    }

    /// Adds a condition with one parameter, if there is a value.
    pub(in crate::store) fn if_any(&mut self, condition: &'static str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.add(condition);
            self.other_values.push(value.into());
        }
    }

    /// Restricts the rows to what a caller may see. The condition has one parameter, a list of tags.
    pub(in crate::store) fn visible(&mut self, condition: &'static str, visibility: &Visibility) {
        self.if_any(condition, visible_tags(visibility));
    }

    /// Requires the row to be in a set: a SELECT of distinct `id`s that uses an index. The first set drives the scan,
    /// whatever the planner believes about sizes (its statistics may date from a time with few rows), so add the
    /// smallest set first.
    pub(in crate::store) fn within(&mut self, set: &'static str, values: impl IntoIterator<Item = Value>) {
        if self.set.is_none() {
            self.set = Some(set.into());
            self.set_values.extend(values);
        } else {
            for part in ["\n  AND ", self.alias, ".id IN (", set, ")"] {
                self.others.push_str(part);
            }
            self.other_values.extend(values);
        }
    }

    /// Restricts the rows to a set of distinct `id`s, in the order of its `rank`. Must come before any other set.
    pub(in crate::store) fn ranked(&mut self, set: Cow<'static, str>, values: impl IntoIterator<Item = Value>) {
        debug_assert!(self.set.is_none(), "the ranked set comes first");
        self.set = Some(set);
        self.set_values.extend(values);
        self.is_ranked = true;
    }

    /// Returns the statement from `FROM` on, and its values.
    fn finish(self) -> (String, Vec<Value>) {
        let Conditions { table, alias, others, mut set_values, other_values, .. } = self;
        // CROSS JOIN fixes the order of the join.
        let from = match self.set {
            Some(set) => format!("FROM ({set}) k CROSS JOIN {table} {alias} ON {alias}.id = k.id"),
            None => format!("FROM {table} {alias}"),
        };
        set_values.extend(other_values);
        (format!("{from}\n{others}"), set_values)
    }
}

impl ReadTx<'_> {
    /// One page of the matching rows, best match or oldest first, and the total. `by_id` selects one row.
    pub(in crate::store) fn listing<T>(
        &self,
        conditions: Conditions,
        by_id: &'static str,
        page: Page,
        map: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Listing<T>, StoreError> {
        let id = format!("{}.id", conditions.alias);
        let is_ranked = conditions.is_ranked;
        let (rank, order, behind) = match is_ranked {
            true => ("k.rank", format!("k.rank, {id}"), format!("(k.rank, {id}) > (?, ?)")),
            false => ("0", id.clone(), format!("{id} > ?")),
        };
        let (mut selection, mut values) = conditions.finish();
        let total = self.one(&format!("SELECT count(*) {selection}"), params_from_iter(&values), |row| row.get(0))?;
        if let Some(shown) = page.position() {
            selection.push_str(&format!("\n  AND {behind}"));
            values.extend(is_ranked.then(|| shown.rank.into()));
            values.push(shown.row.into());
        }
        values.extend([Value::from(page.fetched()), Value::from(page.offset())]);
        let places = format!("SELECT {rank}, {id} {selection}\nORDER BY {order} LIMIT ? OFFSET ?");
        let place = |row: &Row<'_>| Ok(Position { rank: row.get(0)?, row: row.get(1)? });
        let fetched: Vec<Position> = self.all(&places, params_from_iter(&values), place)?;
        let Part { rows: places, next } = Part::cut(fetched, page.size(), |place| *place);
        // One by one: sorting full rows would compute all of them instead of only those of the page.
        let rows = places.into_iter().map(|place| self.one(by_id, [place.row], &map)).collect::<Result<_, _>>()?;
        Ok(Listing { rows, total, page, next })
    }

    /// The rows of a window, in the order in which they were created, and how many rows match in total. `by_id` selects
    /// one row.
    pub(in crate::store) fn window<T>(
        &self,
        conditions: Conditions,
        by_id: &'static str,
        window: Window,
        map: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<(Vec<T>, u64), StoreError> {
        self.window_by("id", conditions, by_id, window, map)
    }

    /// The same, sorted by another column; rows with the same value are sorted by their numbers.
    pub(in crate::store) fn window_by<T>(
        &self,
        column: &'static str,
        conditions: Conditions,
        by_id: &'static str,
        window: Window,
        map: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<(Vec<T>, u64), StoreError> {
        let id = format!("{}.id", conditions.alias);
        let column = format!("{}.{column}", conditions.alias);
        let direction = if window.newest_first { "DESC" } else { "ASC" };
        let (selection, mut values) = conditions.finish();
        let total = self.one(&format!("SELECT count(*) {selection}"), params_from_iter(&values), |row| row.get(0))?;
        values.extend([Value::from(window.limit), Value::from(window.offset)]);
        let ids = format!("SELECT {id} {selection}\nORDER BY {column} {direction}, {id} {direction} LIMIT ? OFFSET ?");
        let ids: Vec<i64> = self.all(&ids, params_from_iter(&values), |row| row.get(0))?;
        let rows = ids.into_iter().map(|id| self.one(by_id, [id], &map)).collect::<Result<_, _>>()?;
        Ok((rows, total))
    }
}
