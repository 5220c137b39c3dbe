//! Snapshots: the platform's view of an account, which opens its positions once or is compared with ours.

use crate::app::Failure;
use crate::app::trading::PortfolioFigures;
use crate::app::trading::charges::rounded;
use crate::app::trading::derive::Work;
use crate::app::trading::session::{Fate, Session};
use crate::domain::money::Amount;
use crate::domain::trading::{
    AlertKind, Exact, ExecutionEntry, ExecutionReport, Figures, PlatformEvent, PlatformView, Side, SnapshotPurpose,
    Verdict, ViewedPosition,
};
use crate::store::{Market, PositionRow};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A position as one side has it: direction, lots and, if it says so, the open price.
struct Seen {
    side: Side,
    lots: Exact,
    price: Option<Exact>,
}

impl Seen {
    fn show(&self) -> Value {
        let price = self.price.as_ref().map(|price| price.text(0, 12));
        json!({"side": self.side.name(), "quantity": self.lots.text(0, 12), "open_price": price})
    }

    /// The platform may round its average price.
    fn agrees(&self, ours: &Seen, decimals: u32) -> bool {
        let is_close = |theirs: &Exact, ours: &Exact| theirs.text(0, decimals) == ours.text(0, decimals);
        let has_price = match (&self.price, &ours.price) {
            (Some(theirs), Some(ours)) => is_close(theirs, ours),
            _ => true,
        };
        self.side == ours.side && self.lots == ours.lots && has_price
    }
}

impl Session<'_, '_> {
    pub(super) fn take_snapshot(
        &mut self,
        work: &mut Work,
        event: &PlatformEvent,
        view: &PlatformView,
    ) -> Result<Fate, Failure> {
        match view.purpose {
            SnapshotPurpose::Opening => self.open_by_snapshot(work, event, view),
            SnapshotPurpose::Reconciliation => self.reconcile(work, event, view),
        }
    }

    /// Opens the positions of an account that has not traded yet, without money: the balance has its own entries.
    fn open_by_snapshot(
        &mut self,
        work: &mut Work,
        event: &PlatformEvent,
        view: &PlatformView,
    ) -> Result<Fate, Failure> {
        if self.context.tx.has_executions_of(work.account.book)? {
            let message = format!("account {} has executions already", work.account.number);
            return Ok(Fate::refused(Verdict::AlreadyTraded, message));
        }
        let positions = view.positions.as_deref().unwrap_or_default();
        // All or none: each is checked before the first is recorded.
        for is_trial in [true, false] {
            for (number, position) in (1..).zip(positions) {
                let Some(price) = position.open_price else {
                    return Ok(Fate::refused(
                        Verdict::Invalid,
                        "an opening snapshot needs the open price of each position",
                    ));
                };
                let report = ExecutionReport {
                    execution: format!("opening:{}:{number}", event.id),
                    symbol: position.symbol.clone(),
                    figures: Figures {
                        entry: Some(ExecutionEntry::In),
                        side: Some(position.side),
                        quantity: Some(position.quantity),
                        unit: position.unit,
                        price: Some(price),
                        position_ref: position.position_ref.clone(),
                        ..Figures::default()
                    },
                };
                let fate = if is_trial {
                    self.try_execution(work, event, &report)?
                } else {
                    self.take_execution(work, event, &report)?
                };
                if fate != Fate::Accepted {
                    return Ok(fate);
                }
            }
        }
        Ok(Fate::Accepted)
    }

    /// Compares the platform's view with ours at the last quotes, and raises an alert for each difference. A view from
    /// before something that is known already says nothing. Platforms round the figures of each position and add them
    /// up: a sum may differ by one minor unit for each.
    fn reconcile(&mut self, work: &Work, event: &PlatformEvent, view: &PlatformView) -> Result<Fate, Failure> {
        let tx = self.context.tx;
        let (account, book) = (&work.account, work.account.book);
        if tx.has_trading_after(book, (event.at, event.nanos))? {
            return Ok(Fate::Accepted);
        }
        let mut differences: BTreeMap<String, Value> = BTreeMap::new();
        let market = Market::of(tx);
        let worth = market.worth(account)?;
        let figures = PortfolioFigures::of(account, &worth);
        let rounding = worth.figures.positions.len() as u64;
        for (subject, theirs, ours, tolerance) in [
            ("balance", view.balance, account.balances.balance, 0),
            ("equity", view.equity, figures.equity, rounding),
            ("margin", view.margin, figures.used_margin, rounding),
        ] {
            let theirs = match theirs.map(|theirs| rounded(theirs, account.decimals)).transpose() {
                Ok(theirs) => theirs,
                Err(fate) => return Ok(fate),
            };
            if let Some(theirs) = theirs.filter(|theirs| theirs.minor().abs_diff(ours.minor()) > tolerance) {
                let text = |amount: Amount| amount.to_text(account.decimals);
                differences.insert(subject.into(), json!({"theirs": text(theirs), "ours": text(ours)}));
            }
        }
        if let Some(positions) = &view.positions {
            match self.compare_positions(work, event, positions)? {
                Ok(found) => differences.extend(found),
                Err(fate) => return Ok(fate),
            }
        }
        let kept: Vec<&str> = differences.keys().map(String::as_str).collect();
        tx.settle_alerts_but(AlertKind::SnapshotDiffers, book, &kept, self.context.now)?;
        for (subject, detail) in &differences {
            self.raise((AlertKind::SnapshotDiffers, Some(book), subject), detail)?;
        }
        Ok(Fate::Accepted)
    }

    fn compare_positions(
        &mut self,
        work: &Work,
        event: &PlatformEvent,
        positions: &[ViewedPosition],
    ) -> Result<Result<BTreeMap<String, Value>, Fate>, Failure> {
        let default_unit = match self.platform(event) {
            Ok(platform) => platform.declared.volume_unit,
            Err(fate) => return Ok(Err(fate)),
        };
        let mut ours: BTreeMap<String, Seen> = BTreeMap::new();
        for PositionRow { symbol, position, .. } in self.context.tx.open_positions_of(work.account.book)? {
            let code = self.symbol_code(symbol)?;
            let price = position.open_price();
            let seen = Seen { side: position.side, lots: position.quantity, price };
            ours.insert(subject(work, position.position_ref.as_deref(), &code), seen);
        }
        let mut differences = BTreeMap::new();
        for position in positions {
            let traded = match self.symbol(&position.symbol)? {
                Ok(traded) => traded,
                Err(fate) => return Ok(Err(fate)),
            };
            let lots = traded.instrument.lots(&position.quantity.into(), position.unit.unwrap_or(default_unit));
            let theirs = Seen { side: position.side, lots, price: position.open_price.map(Exact::from) };
            let subject = subject(work, position.position_ref.as_deref(), &position.symbol);
            let found = ours.remove(&subject);
            let decimals = u32::from(traded.symbol.declared.price_decimals);
            if !found.as_ref().is_some_and(|ours| theirs.agrees(ours, decimals)) {
                let ours = found.as_ref().map(Seen::show);
                differences.insert(subject, json!({"theirs": theirs.show(), "ours": ours}));
            }
        }
        for (subject, seen) in ours {
            differences.insert(subject, json!({"theirs": null, "ours": seen.show()}));
        }
        Ok(Ok(differences))
    }
}

/// What names a position: the platform's reference or, in netting mode, the symbol.
fn subject(work: &Work, reference: Option<&str>, symbol: &str) -> String {
    use crate::domain::accounts::PositionMode;
    match reference.filter(|_| work.account.position_mode != Some(PositionMode::Netting)) {
        Some(reference) => format!("position {reference}"),
        None => format!("position in {symbol}"),
    }
}
