//! Executions as callers list them.

use crate::domain::clock::Moment;
use crate::domain::ids::BookId;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, sql};
use crate::store::trading::{Execution, execution};
use rusqlite::Row;
use uuid::Uuid;

/// An execution with what is shown of others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedExecution {
    pub execution: Execution,
    pub platform: String,
    /// Its order, if that is known.
    pub order: Option<Uuid>,
    /// The position that it opened, changed or closed.
    pub position: Option<Uuid>,
}

/// An execution in a list, newest first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExecutionPlace {
    pub at: Moment,
    pub row: i64,
}

/// Selects executions by the time of the platform.
#[derive(Clone, Copy, Debug)]
pub struct ExecutionFilter {
    /// Inclusive.
    pub from: Option<Moment>,
    /// Exclusive.
    pub to: Option<Moment>,
    /// Only those behind this one.
    pub after: Option<ExecutionPlace>,
}

impl ListedExecution {
    pub fn place(&self) -> ExecutionPlace {
        ExecutionPlace { at: self.execution.place.at, row: self.execution.serial.0 }
    }
}

fn listed(row: &Row<'_>) -> rusqlite::Result<ListedExecution> {
    Ok(ListedExecution {
        execution: execution(row)?,
        platform: row.get("platform")?,
        order: row.get("order_uuid")?,
        position: row.get("position_uuid")?,
    })
}

impl ReadTx<'_> {
    /// The executions of an account, newest first: at most `limit`.
    pub fn executions_listed(
        &self,
        account: BookId,
        filter: &ExecutionFilter,
        limit: u32,
    ) -> Result<Vec<ListedExecution>, StoreError> {
        let end = filter.to.map_or(i64::MAX, Moment::unix_ms);
        let (at, row) = filter.after.map_or((i64::MAX, i64::MAX), |place| (place.at.unix_ms(), place.row));
        let params = (account.0, filter.from.map_or(i64::MIN, Moment::unix_ms), end, at, row, limit);
        self.all(sql!("trading/listed_executions"), params, listed)
    }
}
