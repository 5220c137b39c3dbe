//! Splits of symbols, which change the positions of all accounts.

use crate::app::Failure;
use crate::app::trading::session::{Fate, Session, Traded};
use crate::domain::accounts::{Account, Lifecycle};
use crate::domain::clock::Moment;
use crate::domain::refusal::Refusal;
use crate::domain::trading::{Exact, News, PlatformEvent, SplitReport, Verdict};
use crate::store::SymbolSplit;

impl Session<'_, '_> {
    /// Takes a split, in a savepoint of its own.
    pub(super) fn take_split(
        &mut self,
        event: &PlatformEvent,
        sent: &str,
        parked: Option<i64>,
    ) -> Result<Fate, Failure> {
        let context = self.context;
        let News::Split(report) = &event.news else { return Err(Refusal::Internal.into()) };
        let appeared = self.appeared.clone();
        let taken =
            context.attempt(|| self.settle_fate(event, sent, parked, |session| session.split(event, report)))?;
        if taken.is_err() {
            self.appeared = appeared;
        }
        match taken {
            Ok(fate) => Ok(fate),
            Err(Refusal::Internal) => Err(Refusal::Internal.into()),
            Err(refusal) => Ok(Fate::refused(Verdict::Overflow, refusal.to_string())),
        }
    }

    fn split(&mut self, event: &PlatformEvent, report: &SplitReport) -> Result<Fate, Failure> {
        let traded = match self.symbol(&report.symbol)? {
            Ok(traded) => traded,
            Err(fate) => return Ok(fate),
        };
        let platform = match self.platform(event) {
            Ok(platform) => platform.serial,
            Err(fate) => return Ok(fate),
        };
        let tx = self.context.tx;
        let symbol = traded.symbol.serial;
        let split = SymbolSplit { at: event.at, nanos: event.nanos, ratio: Exact::from(report.ratio) };
        if let Some(known) = tx.splits(symbol)?.into_iter().find(|known| known.at == split.at) {
            if known.ratio == split.ratio {
                return Ok(Fate::Duplicate);
            }
            let message = format!("{} was split at {} by another ratio", report.symbol, split.at);
            return Ok(Fate::refused(Verdict::ConflictingRepeat, message));
        }
        let (mut changed, mut left) = (Vec::new(), Vec::new());
        for book in tx.accounts_split(symbol, split.at)? {
            let id = tx.account_of_book(book)?.ok_or(Refusal::Internal)?;
            let account = self.account(id)?;
            if account.lifecycle != Lifecycle::Closed {
                changed.push(account);
            } else if self.had_open(&account, &traded, split.at)? {
                self.raise_closed(&account, event)?;
                left.push(book);
            }
        }
        tx.add_split(symbol, platform, &event.id, &split, &left)?;
        for account in changed {
            let mut work = self.work_on(account)?;
            work.changed(self.context, &traded, split.at)?;
            work.settle(self.context)?;
        }
        Ok(Fate::Accepted)
    }

    /// Whether an account had a position in a symbol just before a moment.
    fn had_open(&self, account: &Account, traded: &Traded, at: Moment) -> Result<bool, Failure> {
        let before = self.context.tx.executions_back(account.book, traded.symbol.serial, at.plus_ms(-1), 1)?;
        Ok(before.first().is_some_and(|execution| !execution.outcome.leaves_flat))
    }
}
