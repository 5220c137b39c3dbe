//! Quotes: the last one of each symbol counts.

use crate::app::Failure;
use crate::app::trading::session::{Fate, Session};
use crate::domain::refusal::Refusal;
use crate::domain::trading::{AHEAD_MAX_S, Exact, News, PlatformEvent, Quote, Verdict};

impl Session<'_, '_> {
    /// Takes a quote. It is written with the others, see [`Session::write_quotes`].
    pub(super) fn take_quote(&mut self, event: &PlatformEvent) -> Result<Fate, Failure> {
        let News::Quote(report) = &event.news else { return Err(Refusal::Internal.into()) };
        if let Err(fate) = self.platform(event) {
            return Ok(fate);
        }
        if event.at > self.context.clock_now.plus_s(AHEAD_MAX_S) {
            return Ok(Fate::refused(Verdict::InTheFuture, format!("{} is in the future", event.at)));
        }
        let (bid, ask) = (Exact::from(report.bid), Exact::from(report.ask));
        if bid.is_zero() || ask.is_zero() || bid > ask {
            return Ok(Fate::refused(Verdict::CrossedQuote, "bid and ask are not zero, and bid is at most ask"));
        }
        let traded = match self.symbol(&report.symbol)? {
            Ok(traded) => traded,
            // The next one will come; nothing waits for a symbol with an old price.
            Err(_) => {
                let message = format!("there is no symbol {}", report.symbol);
                return Ok(Fate::refused(Verdict::UnknownSymbol, message));
            }
        };
        let quote = (Quote { bid, ask, at: event.at }, event.nanos);
        let known = self.quotes.entry(traded.symbol.serial).or_insert_with(|| quote.clone());
        if (known.0.at, known.1) <= (quote.0.at, quote.1) {
            *known = quote;
        }
        Ok(Fate::Accepted)
    }

    /// Writes the quotes that were taken.
    pub(super) fn write_quotes(&mut self) -> Result<(), Failure> {
        if self.quotes.is_empty() {
            return Ok(());
        }
        for (symbol, (quote, nanos)) in std::mem::take(&mut self.quotes) {
            self.context.tx.put_quote(symbol, &quote, nanos)?;
        }
        self.forget_prices();
        self.appeared.insert("rate:".into());
        Ok(())
    }
}
