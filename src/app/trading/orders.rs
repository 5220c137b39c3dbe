//! Orders: the latest report of each counts.

use crate::app::Failure;
use crate::app::trading::derive::Work;
use crate::app::trading::session::{Fate, Session};
use crate::domain::ids::uuid_v7;
use crate::domain::trading::{AlertKind, Exact, OrderReport, OrderState, PlatformEvent, Verdict};
use crate::store::{Execution, OrderRow};

impl OrderRow {
    fn order_of_report(&self) -> (crate::domain::clock::Moment, Option<i64>, &str) {
        (self.reported_at, self.sequence, &self.event)
    }

    /// Takes what this report leaves out from another one.
    fn fill_from(&mut self, other: OrderRow) {
        self.kind = self.kind.or(other.kind);
        self.time_in_force = self.time_in_force.or(other.time_in_force);
        self.side = self.side.or(other.side);
        self.expires_at = self.expires_at.or(other.expires_at);
        for (mine, theirs) in [
            (&mut self.quantity, other.quantity),
            (&mut self.filled, other.filled),
            (&mut self.limit_price, other.limit_price),
            (&mut self.stop_price, other.stop_price),
            (&mut self.stop_loss, other.stop_loss),
            (&mut self.take_profit, other.take_profit),
        ] {
            if mine.is_none() {
                *mine = theirs;
            }
        }
        for (mine, theirs) in [
            (&mut self.parent, other.parent),
            (&mut self.position_ref, other.position_ref),
            (&mut self.reason, other.reason),
            (&mut self.comment, other.comment),
        ] {
            if mine.is_none() {
                *mine = theirs;
            }
        }
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
            reported_at: event.at,
            sequence: event.sequence,
            event: event.id.clone(),
            created_at: event.at,
        };
        if let Some(mut known) = tx.order(work.account.book, platform, &report.order)? {
            if known.symbol != row.symbol {
                let message = format!("order {} is of another symbol", report.order);
                return Ok(Fate::refused(Verdict::ConflictingRepeat, message));
            }
            row.created_at = row.created_at.min(known.created_at);
            known.created_at = row.created_at;
            row.uuid = known.uuid;
            if row.order_of_report() < known.order_of_report() {
                known.fill_from(row);
                row = known;
            } else {
                row.fill_from(known);
            }
        }
        tx.put_order(&row)?;
        for execution in tx.executions_of_order(work.account.book, &row.order)? {
            self.check_cancellation(work, &row, &execution)?;
        }
        // Protection may depend on why an order was placed.
        if row.reason.is_some() {
            work.changes_at(row.created_at);
            work.has_charges = true;
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
        let place = &execution.place;
        let is_after = (place.at, place.sequence) > (order.reported_at, order.sequence);
        if order.state == OrderState::Cancelled && order.platform == place.platform && is_after {
            let detail = serde_json::json!({"order": order.order, "cancelled_at": order.reported_at.to_string()});
            let about = (AlertKind::FillAfterCancellation, Some(work.account.book), place.execution_id.as_str());
            self.raise(about, &detail)?;
        }
        Ok(())
    }
}
