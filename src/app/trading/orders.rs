//! Orders: of each, the latest report that gave a member counts for it.

use crate::app::Failure;
use crate::app::trading::derive::Work;
use crate::app::trading::session::{Fate, Session};
use crate::domain::ids::uuid_v7;
use crate::domain::trading::{AlertKind, Exact, OrderReport, OrderState, PlatformEvent, Verdict};
use crate::store::{Execution, OrderRow, ReportPlace};
use std::collections::BTreeMap;

impl OrderRow {
    /// The report that gave a column.
    fn source(&self, column: &str) -> &ReportPlace {
        self.earlier.get(column).unwrap_or(&self.reported)
    }

    /// Joins what two sets of reports of one order say, in whichever order they came: each column is as of the latest
    /// report that gave it.
    fn join(self, other: OrderRow) -> OrderRow {
        let created_at = self.created_at.min(other.created_at);
        let (mut later, mut sooner) = if self.reported < other.reported { (other, self) } else { (self, other) };
        macro_rules! join {
            ($($member:ident: $column:literal),+ $(,)?) => {$(
                let is_newer = later.$member.is_none() || later.source($column) < sooner.source($column);
                if sooner.$member.is_some() && is_newer {
                    later.earlier.insert($column.to_owned(), sooner.source($column).clone());
                    later.$member = sooner.$member.take();
                }
            )+};
        }
        join! {
            kind: "type",
            time_in_force: "time_in_force",
            side: "side",
            quantity: "quantity",
            filled: "filled_quantity",
            limit_price: "limit_price",
            stop_price: "stop_price",
            stop_loss: "stop_loss",
            take_profit: "take_profit",
            parent: "parent_order_id",
            position_ref: "position_ref",
            reason: "reason",
            comment: "comment",
            expires_at: "expires_at",
        }
        later.created_at = created_at;
        later
    }
}

impl Session<'_, '_> {
    pub(super) fn take_order(
        &mut self,
        work: &mut Work,
        event: &PlatformEvent,
        report: &OrderReport,
    ) -> Result<Fate, Failure> {
        let traded = match self.symbol(&report.symbol)? {
            Ok(traded) => traded,
            Err(fate) => return Ok(fate),
        };
        let (platform, default_unit) = match self.platform(event) {
            Ok(platform) => (platform.serial, platform.declared.volume_unit),
            Err(fate) => return Ok(fate),
        };
        let tx = self.context.tx;
        let (at, nanos) = (event.at, event.nanos);
        let unit = report.unit.unwrap_or(default_unit);
        let lots = |quantity: Option<crate::domain::money::DecimalText>| {
            quantity.map(|quantity| traded.instrument.lots(&Exact::from(quantity), unit))
        };
        let mut row = OrderRow {
            uuid: uuid_v7(self.context.now, self.context.app.randomness()),
            account: work.account.book,
            platform,
            order: report.order.clone(),
            symbol: traded.symbol.serial,
            state: report.state,
            kind: report.kind,
            time_in_force: report.time_in_force,
            side: report.side,
            quantity: lots(report.quantity),
            filled: lots(report.filled_quantity),
            limit_price: report.limit_price.map(Exact::from),
            stop_price: report.stop_price.map(Exact::from),
            stop_loss: report.stop_loss.map(Exact::from),
            take_profit: report.take_profit.map(Exact::from),
            parent: report.parent.clone(),
            position_ref: report.position_ref.clone(),
            reason: report.reason.clone(),
            comment: report.comment.clone(),
            expires_at: report.expires_at,
            reported: ReportPlace { at, nanos, sequence: event.sequence, event: event.id.clone() },
            earlier: BTreeMap::new(),
            created_at: at,
        };
        if let Some(known) = tx.order(work.account.book, platform, &report.order)? {
            if known.symbol != row.symbol {
                let message = format!("order {} is of another symbol", report.order);
                return Ok(Fate::refused(Verdict::ConflictingRepeat, message));
            }
            let uuid = known.uuid;
            row = OrderRow { uuid, ..row.join(known) };
        }
        tx.put_order(&row)?;
        for execution in tx.executions_of_order(work.account.book, &row.order)? {
            self.check_cancellation(work, &row, &execution)?;
            // Protection may depend on why an order was placed.
            if row.reason.is_some() {
                work.changes_at(execution.place.at);
                work.has_charges = true;
            }
        }
        Ok(Fate::Accepted)
    }

    /// Raises an alert for a fill after the cancellation of its order.
    pub(super) fn check_cancellation(
        &self,
        work: &Work,
        order: &OrderRow,
        execution: &Execution,
    ) -> Result<(), Failure> {
        let (place, report) = (&execution.place, &order.reported);
        let is_after = (place.time(), place.sequence) > ((report.at, report.nanos), report.sequence);
        if order.state == OrderState::Cancelled && order.platform == place.platform && is_after {
            let detail = serde_json::json!({"order": order.order, "cancelled_at": report.at.to_string()});
            let about = (AlertKind::FillAfterCancellation, Some(work.account.book), place.execution_id.as_str());
            self.raise(about, &detail)?;
        }
        Ok(())
    }
}
