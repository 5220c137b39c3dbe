//! A month of trading on the sample accounts, as a platform would report it: always the same deals for a given day.

use crate::app::command::refusal_of_read;
use crate::app::sandbox::sample_prices::{scrambled, symbol};
use crate::app::sandbox::sample_traders::{Extra, PLATFORM, SHARE, TRADERS, Trader};
use crate::app::trading::{FeedEvents, Incoming, Status, Taken};
use crate::app::{App, Caller};
use crate::domain::accounts::PositionMode;
use crate::domain::clock::Moment;
use crate::domain::money::DecimalText;
use crate::domain::refusal::Refusal;
use crate::domain::trading::{
    Booked, Charge, ChargeKind, ExecutionEntry, ExecutionReport, Figures, News, OrderReport, OrderState, OrderType,
    PlatformEvent, Side, TimeInForce, number,
};
use std::sync::Arc;

/// How many days before today it begins.
const MONTH: i64 = 29;
const DAY_S: i64 = 86_400;
/// When swap is charged: 22:00 UTC.
const ROLLOVER_S: i64 = 22 * 3_600;

/// A number with so many decimals, from a count of the last one.
pub(super) fn decimal(units: i64, decimals: u32) -> Result<DecimalText, Refusal> {
    let scale = 10u64.pow(decimals);
    let sign = if units < 0 { "-" } else { "" };
    let (whole, rest) = (units.unsigned_abs() / scale, units.unsigned_abs() % scale);
    let text = match usize::try_from(decimals) {
        Ok(width @ 1..) => format!("{sign}{whole}.{rest:0width$}"),
        _ => format!("{sign}{whole}"),
    };
    number(&text).map_err(|_| Refusal::Internal)
}

pub(super) fn incoming(event: PlatformEvent) -> Incoming {
    Incoming { sent: String::new(), event: Ok(event) }
}

/// Fails unless all events were accepted.
pub(super) fn count_taken(taken: &[Taken]) -> Result<(), Refusal> {
    match taken.iter().find(|taken| taken.status != Status::Accepted) {
        None => Ok(()),
        Some(taken) => {
            tracing::error!(?taken, "a sample event was not accepted");
            Err(Refusal::Internal)
        }
    }
}

/// Writes what happens on an account.
struct Script<'a> {
    trader: &'a Trader,
    now: Moment,
    /// Midnight before.
    today: Moment,
    /// Of the random choices.
    choices: u64,
    /// Executions and orders so far.
    count: i64,
    events: Vec<PlatformEvent>,
}

/// A fill to be reported.
struct Fill<'a> {
    at: Moment,
    code: &'a str,
    side: Side,
    /// In hundredths of a lot.
    lots: i64,
    entry: ExecutionEntry,
    position: &'a str,
    /// In the last decimal; None is the market's.
    price: Option<i64>,
    /// In minor units; None leaves it to be computed.
    profit: Option<i64>,
    reason: &'a str,
}

impl Script<'_> {
    fn below(&mut self, end: u64) -> i64 {
        self.choices = scrambled(self.choices);
        (self.choices % end.max(1)).cast_signed()
    }

    fn number(&mut self) -> String {
        self.count += 1;
        format!("{}{:03}", self.trader.number, self.count)
    }

    /// A moment on a day this many days ago.
    fn ago(&self, days: i64, second: i64) -> Moment {
        self.today.plus_s(second - days * DAY_S)
    }

    fn report(&mut self, at: Moment, name: &str, news: News) {
        let sequence = i64::try_from(self.events.len()).ok();
        let id = format!("{}-{name}-{}", self.trader.number, self.events.len());
        let (platform, account) = (PLATFORM.into(), self.trader.number.into());
        self.events.push(PlatformEvent { platform, id, account, at, nanos: 0, sequence, news });
    }

    fn charge(
        &mut self,
        at: Moment,
        kind: ChargeKind,
        minor: i64,
        of: Option<(&str, &str)>,
        comment: &str,
    ) -> Result<(), Refusal> {
        let charge = Charge {
            kind,
            amount: decimal(minor, self.trader.decimals)?,
            symbol: of.map(|(code, _)| code.to_owned()),
            position_ref: of.map(|(_, position)| position.to_owned()).filter(|it| self.is_hedging() && !it.is_empty()),
            comment: Some(comment.to_owned()).filter(|comment| !comment.is_empty()),
        };
        self.report(at, kind.name(), News::Charge(charge));
        Ok(())
    }

    fn is_hedging(&self) -> bool {
        self.trader.mode == PositionMode::Hedging
    }

    /// Reports the state of an order.
    fn order(&mut self, at: Moment, order: &OrderReport) {
        self.report(at, "order", News::Order(Box::new(order.clone())));
    }

    /// Reports a market order and its fill.
    fn fill(&mut self, fill: &Fill<'_>) -> Result<(), Refusal> {
        let (priced, id) = (symbol(fill.code)?, self.number());
        let position_ref = self.is_hedging().then(|| fill.position.to_owned());
        let quantity = decimal(fill.lots, 2)?;
        let order = OrderReport {
            quantity: Some(quantity),
            filled_quantity: Some(quantity),
            position_ref: position_ref.clone(),
            reason: Some(fill.reason.to_owned()),
            ..market_order(&id, fill.code, fill.side)
        };
        self.order(fill.at, &order);
        let money = |minor: i64| decimal(minor, self.trader.decimals);
        let commission = if fill.code == SHARE { 0 } else { self.trader.commission * fill.lots / 100 };
        let figures = Figures {
            entry: self.is_hedging().then_some(fill.entry),
            side: Some(fill.side),
            quantity: Some(quantity),
            price: Some(decimal(fill.price.unwrap_or_else(|| priced.fill_price(fill.side, fill.at)), priced.decimals)?),
            order: Some(id.clone()),
            position_ref,
            reason: Some(fill.reason.to_owned()),
            profit_rate: self.profit_rate(fill.code, fill.at)?,
            booked: Booked {
                profit: fill.profit.map(money).transpose()?,
                commission: Some(commission).filter(|minor| *minor != 0).map(money).transpose()?,
                ..Booked::default()
            },
            ..Figures::default()
        };
        let report = ExecutionReport { execution: format!("{id}1"), symbol: fill.code.to_owned(), figures };
        self.report(fill.at, "deal", News::Execution(Box::new(report)));
        Ok(())
    }

    /// The platform's rate from the currency of the profit to the account's; None if they are the same.
    fn profit_rate(&self, code: &str, at: Moment) -> Result<Option<DecimalText>, Refusal> {
        let pair = match (self.trader.currency, code) {
            ("USD", "USDJPY" | "USDCHF") => code,
            ("EUR", "EURUSD" | "US500") => "EURUSD",
            _ => return Ok(None),
        };
        let pair = symbol(pair)?;
        decimal(10i64.pow(pair.decimals + 8) / pair.bid(at), 8).map(Some)
    }

    /// Swap of each night that a position is open.
    fn swaps(&mut self, of: (&str, &str), side: Side, lots: i64, from: Moment, to: Moment) -> Result<(), Refusal> {
        // Short positions bear half of it, and shares none.
        let per_lot = if side == Side::Buy { self.trader.swap } else { self.trader.swap / 2 };
        let minor = per_lot * lots / 100;
        if minor == 0 || of.0 == SHARE {
            return Ok(());
        }
        let mut night = self.ago(MONTH, ROLLOVER_S);
        while night < to {
            if night > from {
                self.charge(night, ChargeKind::Swap, minor, Some(of), "")?;
            }
            night = night.plus_s(DAY_S);
        }
        Ok(())
    }

    /// Opens a position and closes it within hours or, at times, the next working day.
    fn trip(&mut self) -> Result<(), Refusal> {
        let days = (6..MONTH).filter(|days| !is_weekend(self.ago(*days, 0)));
        let days: Vec<i64> = days.collect();
        let pick = |script: &mut Self, len: usize| usize::try_from(script.below(len as u64)).unwrap_or_default();
        let day = pick(self, days.len());
        let name = pick(self, self.trader.symbols.len());
        let (Some(day), Some(code)) = (days.get(day).copied(), self.trader.symbols.get(name).copied()) else {
            return Ok(());
        };
        let (second, held) = (self.below(8 * 3_600), self.below(21_600));
        let opened = self.ago(day, 7 * 3_600 + second);
        let mut closed = opened.plus_s(if self.below(3) == 0 { DAY_S } else { 900 + held });
        while is_weekend(closed) {
            closed = closed.plus_s(DAY_S);
        }
        let side = if self.below(2) == 0 { Side::Buy } else { Side::Sell };
        let lots = 1 + self.below(self.trader.lots_max);
        let position = self.number();
        let (entry, price, profit) = (ExecutionEntry::In, None, None);
        let open = Fill { at: opened, code, side, lots, entry, position: &position, price, profit, reason: "client" };
        self.fill(&open)?;
        self.swaps((code, &position), side, lots, opened, closed)?;
        let reason = if self.below(3) == 0 { "take_profit" } else { "client" };
        let (side, entry) = (side.opposite(), ExecutionEntry::Out);
        self.fill(&Fill { at: closed, side, entry, reason, ..open })
    }

    /// Opens the positions that stay.
    fn hold(&mut self) -> Result<(), Refusal> {
        for (code, side, lots, days) in self.trader.open {
            let (at, position) = (self.ago(*days, 9 * 3_600), self.number());
            let (entry, price, profit) = (ExecutionEntry::In, None, None);
            let (code, side, lots, reason) = (*code, *side, *lots, "client");
            self.fill(&Fill { at, code, side, lots, entry, position: &position, price, profit, reason })?;
            self.swaps((code, &position), side, lots, at, self.now)?;
        }
        Ok(())
    }

    /// The orders, the dividend and the difference of [`Extra::Events`].
    fn events(&mut self) -> Result<(), Refusal> {
        let (priced, placed) = (symbol("EURUSD")?, self.ago(1, 10 * 3_600));
        let limit = |percent: i64| decimal(priced.bid(placed) * percent / 100, priced.decimals);
        let (lower, lowest) = (limit(98)?, limit(96)?);
        let quantity = Some(decimal(50, 2)?);
        let working = |id: &str, limit_price| OrderReport {
            state: OrderState::New,
            kind: Some(OrderType::Limit),
            quantity,
            limit_price: Some(limit_price),
            reason: Some("client".into()),
            ..market_order(id, "EURUSD", Side::Buy)
        };
        let (kept, cancelled) = (self.number(), self.number());
        self.order(placed, &working(&kept, lower));
        self.order(placed.plus_s(60), &working(&cancelled, lowest));
        let order = OrderReport { state: OrderState::Cancelled, ..working(&cancelled, lowest) };
        self.order(placed.plus_s(3_600), &order);
        self.charge(self.ago(8, 12 * 3_600), ChargeKind::Dividend, 3_000, Some((SHARE, "")), "0.60 a share")?;
        let (code, lots, position) = ("EURUSD", 10, self.number());
        let (at, price) = (self.ago(9, 11 * 3_600), priced.ask(self.ago(9, 11 * 3_600)));
        let (side, entry, reason) = (Side::Buy, ExecutionEntry::In, "client");
        let (position, profit) = (position.as_str(), None);
        let open = Fill { at, code, side, lots, entry, position, price: Some(price), profit, reason };
        self.fill(&open)?;
        // 20 points of a tenth of a lot are 2.00; the platform booked 2.07.
        let (side, entry) = (Side::Sell, ExecutionEntry::Out);
        let (at, price, profit) = (at.plus_s(1_800), Some(price + 20), Some(207));
        self.fill(&Fill { at, side, entry, price, profit, ..open })
    }

    /// Loses 4,500.00 in gold.
    fn loss(&mut self) -> Result<(), Refusal> {
        let (at, position) = (self.ago(4, 13 * 3_600), self.number());
        let bought = symbol("XAUUSD")?.ask(at);
        let (code, side, lots, entry) = ("XAUUSD", Side::Buy, 100, ExecutionEntry::In);
        let (position, reason) = (position.as_str(), "client");
        let open = Fill { at, code, side, lots, entry, position, price: Some(bought), profit: None, reason };
        self.fill(&open)?;
        let (side, entry, reason) = (Side::Sell, ExecutionEntry::Out, "stop_loss");
        self.fill(&Fill { at: at.plus_s(5_400), side, entry, price: Some(bought - 4_500), reason, ..open })
    }
}

/// An order that was filled at once.
fn market_order(id: &str, code: &str, side: Side) -> OrderReport {
    OrderReport {
        order: id.to_owned(),
        symbol: code.to_owned(),
        state: OrderState::Filled,
        kind: Some(OrderType::Market),
        time_in_force: Some(TimeInForce::Gtc),
        side: Some(side),
        quantity: None,
        filled_quantity: None,
        unit: None,
        limit_price: None,
        stop_price: None,
        stop_loss: None,
        take_profit: None,
        parent: None,
        position_ref: None,
        reason: None,
        comment: None,
        expires_at: None,
    }
}

fn is_weekend(at: Moment) -> bool {
    // The first day of 1970 was a Thursday.
    matches!(at.unix_s().div_euclid(DAY_S).rem_euclid(7), 2 | 3)
}

/// What happened on an account in the month before `now`.
fn month(trader: &Trader, now: Moment) -> Result<Vec<PlatformEvent>, Refusal> {
    let today = Moment::from_unix_ms(now.unix_s().div_euclid(DAY_S) * DAY_S * 1_000);
    let choices = trader.number.bytes().fold(0, |seed, byte| scrambled(seed ^ u64::from(byte)));
    let mut script = Script { trader, now, today, choices, count: 0, events: Vec::new() };
    script.charge(script.ago(MONTH, 6 * 3_600), ChargeKind::Deposit, trader.deposit, None, "from the wallet")?;
    for _ in 0..trader.trips {
        script.trip()?;
    }
    script.hold()?;
    match trader.extra {
        Extra::None => {}
        Extra::Events => script.events()?,
        Extra::MarginCall => script.loss()?,
    }
    Ok(script.events)
}

impl App {
    /// Reports the month of the sample accounts, day by day as it would have come. Blocks.
    pub(super) fn trade_samples(self: &Arc<App>, caller: &Caller) -> Result<(), Refusal> {
        self.quote_samples(caller)?;
        let now = self.now();
        let mut events = Vec::new();
        for trader in &TRADERS {
            events.append(&mut month(trader, now)?);
        }
        events.sort_by_key(|event| event.at);
        for day in events.chunk_by(|one, next| one.at.unix_s() / DAY_S == next.at.unix_s() / DAY_S) {
            let events = day.iter().cloned().map(incoming).collect();
            count_taken(&self.execute_blocking(caller, FeedEvents::<false> { events })?.outcome)?;
        }
        Ok(())
    }

    /// Whether an account is linked to this number at a platform.
    pub(super) fn has_account_at(&self, code: &str, number: &str) -> Result<bool, Refusal> {
        let found = self.store.read(|tx| {
            let platform = tx.platforms()?.into_iter().find(|platform| platform.declared.code == code);
            Ok(match platform {
                Some(platform) => tx.account_at_platform(platform.serial, number)?.is_some(),
                None => false,
            })
        });
        found.map_err(refusal_of_read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_month_lies_before_now_and_is_the_same_all_day() {
        // Just after midnight, and at the end of the day.
        let early = Moment::parse("2026-03-02T00:00:01Z").unwrap();
        for trader in &TRADERS {
            let events = month(trader, early).unwrap();
            assert!(events.iter().all(|it| it.at < early && it.at > early.plus_s(-30 * DAY_S)), "{}", trader.number);
            let ids: BTreeSet<_> = events.iter().map(|event| &event.id).collect();
            assert_eq!(ids.len(), events.len());
            let late: BTreeSet<_> =
                month(trader, early.plus_s(DAY_S - 2)).unwrap().iter().map(|event| event.at).collect();
            assert!(events.iter().all(|event| late.contains(&event.at)), "{}", trader.number);
        }
    }
}
