//! Events of trading platforms as the native API spells them.

use crate::app::trading::{Incoming, Unreadable, Zones};
use crate::dialects::kit::formats::{Fault, one_of};
use crate::dialects::kit::{Literal, Rejection, optional, read_json_noting, required};
use crate::domain::clock::Moment;
use crate::domain::money::DecimalText;
use crate::domain::refusal::Field;
use crate::domain::text;
use crate::domain::trading::{
    Booked, Charge, ChargeKind, Correction, CorrectionAction, EVENT_BYTES_MAX, EVENT_ID_MAX, ExecutionEntry,
    ExecutionReport, Figures, News, OrderReport, OrderState, OrderType, PlatformEvent, PlatformView, QuoteReport, Side,
    SnapshotPurpose, SplitReport, TimeInForce, Verdict, ViewedPosition, VolumeUnit, number,
};
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// An event of a trading platform. Numbers are JSON numbers or texts with at most 12 decimals; unknown members are
/// ignored.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PlatformEvent)]
pub(super) struct EventBody {
    /// order, execution, correction, swap, funding, dividend, split, balance, quote or snapshot.
    #[schema(value_type = String, example = "execution")]
    kind: Option<Literal>,
    /// The code of the platform in the reference data.
    #[schema(value_type = String, example = "demo-mt")]
    platform: Option<Literal>,
    /// Unique within the platform. Quotes have none.
    #[schema(value_type = Option<String>, example = "d-1001")]
    event_id: Option<Literal>,
    /// Our id, our number or the platform's number of the account. Quotes and splits have none.
    #[schema(value_type = Option<String>, example = "2100000001")]
    account: Option<Literal>,
    /// RFC 3339 with a zone; without one if the reference data says in which zone the platform's times are.
    #[schema(value_type = String, example = "2026-03-02T08:15:00.120Z")]
    at: Option<Literal>,
    /// The platform's order within the account; an event without one sorts first.
    #[schema(value_type = Option<i64>, example = 17)]
    sequence: Option<Literal>,
    /// Of an execution, unique within platform and account; of a correction, its own.
    #[schema(value_type = Option<String>, example = "1001")]
    execution_id: Option<Literal>,
    /// Of a correction: the execution, or its latest correction.
    #[schema(value_type = Option<String>)]
    corrects: Option<Literal>,
    /// Of a correction: cancel or replace.
    #[schema(value_type = Option<String>)]
    action: Option<Literal>,
    #[schema(value_type = Option<String>, example = "900")]
    order_id: Option<Literal>,
    /// Required for accounts in hedging mode.
    #[schema(value_type = Option<String>, example = "77")]
    position_ref: Option<Literal>,
    /// Of a close-by: the position that closes this one.
    #[schema(value_type = Option<String>)]
    opposite_ref: Option<Literal>,
    /// in, out, inout or out-by.
    #[schema(value_type = Option<String>, example = "in")]
    entry: Option<Literal>,
    #[schema(value_type = Option<String>, example = "EURUSD")]
    symbol: Option<Literal>,
    /// BUY or SELL.
    #[schema(value_type = Option<String>, example = "BUY")]
    side: Option<Literal>,
    #[schema(value_type = Option<f64>, example = "0.50")]
    quantity: Option<Literal>,
    /// lots, units or hundredths; defaults to the platform's, and that to lots.
    #[schema(value_type = Option<String>, example = "lots")]
    volume_unit: Option<Literal>,
    #[schema(value_type = Option<f64>, example = "1.08370")]
    price: Option<Literal>,
    /// Account currency for one unit of the profit currency.
    #[schema(value_type = Option<f64>, example = "0.9228")]
    profit_rate: Option<Literal>,
    /// Account currency for one unit of the margin currency.
    #[schema(value_type = Option<f64>, example = "1")]
    margin_rate: Option<Literal>,
    /// What the platform booked for an execution.
    booked: Option<BookedBody>,
    /// client, stop_loss, take_profit, stop_out, rollover or corporate_action; other words are kept.
    #[schema(value_type = Option<String>, example = "client")]
    reason: Option<Literal>,
    /// Of an order: new, amended, partially_filled, filled, cancelled, rejected or expired.
    #[schema(value_type = Option<String>)]
    state: Option<Literal>,
    /// Of an order: market, limit, stop, stop_limit or trailing_stop.
    #[serde(rename = "type")]
    #[schema(value_type = Option<String>)]
    kind_of_order: Option<Literal>,
    /// GTC, DAY, IOC, FOK or GTD.
    #[schema(value_type = Option<String>)]
    time_in_force: Option<Literal>,
    #[schema(value_type = Option<f64>)]
    filled_quantity: Option<Literal>,
    #[schema(value_type = Option<f64>)]
    limit_price: Option<Literal>,
    #[schema(value_type = Option<f64>)]
    stop_price: Option<Literal>,
    #[schema(value_type = Option<f64>)]
    stop_loss: Option<Literal>,
    #[schema(value_type = Option<f64>)]
    take_profit: Option<Literal>,
    #[schema(value_type = Option<String>)]
    parent_order_id: Option<Literal>,
    /// Text for people, cut after 255 characters.
    #[schema(value_type = Option<String>)]
    comment: Option<Literal>,
    /// When an order ends by itself.
    #[schema(value_type = Option<String>)]
    expires_at: Option<Literal>,
    /// Of a balance event: deposit, withdrawal, credit_in, credit_out or compensation.
    #[schema(value_type = Option<String>)]
    operation: Option<Literal>,
    /// Of swap, funding, dividend and balance: signed as the client sees it, in the account's currency.
    #[schema(value_type = Option<f64>)]
    amount: Option<Literal>,
    /// Of a split: new units for one old.
    #[schema(value_type = Option<f64>)]
    ratio: Option<Literal>,
    #[schema(value_type = Option<f64>)]
    bid: Option<Literal>,
    #[schema(value_type = Option<f64>)]
    ask: Option<Literal>,
    /// Of a snapshot: reconciliation (the default) or opening.
    #[schema(value_type = Option<String>)]
    purpose: Option<Literal>,
    #[schema(value_type = Option<f64>)]
    balance: Option<Literal>,
    #[schema(value_type = Option<f64>)]
    equity: Option<Literal>,
    #[schema(value_type = Option<f64>)]
    margin: Option<Literal>,
    /// All open positions of a snapshot.
    positions: Option<Vec<PositionBody>>,
}

/// What the platform booked, signed as the client sees it.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BookedFigures)]
pub(super) struct BookedBody {
    /// Price profit; computed if omitted. The others default to zero.
    #[schema(value_type = Option<f64>)]
    profit: Option<Literal>,
    #[schema(value_type = Option<f64>, example = "-1.75")]
    commission: Option<Literal>,
    /// If the commission is not in the account's currency.
    #[schema(value_type = Option<String>)]
    commission_currency: Option<Literal>,
    /// Account currency for one unit of the commission's.
    #[schema(value_type = Option<f64>)]
    commission_rate: Option<Literal>,
    #[schema(value_type = Option<f64>)]
    swap: Option<Literal>,
    #[schema(value_type = Option<f64>)]
    fee: Option<Literal>,
    #[schema(value_type = Option<f64>)]
    balance_after: Option<Literal>,
}

/// An open position of a snapshot.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SnapshotPosition)]
pub(super) struct PositionBody {
    #[schema(value_type = Option<String>)]
    position_ref: Option<Literal>,
    #[schema(value_type = String)]
    symbol: Option<Literal>,
    /// BUY or SELL.
    #[schema(value_type = String)]
    side: Option<Literal>,
    #[schema(value_type = f64)]
    quantity: Option<Literal>,
    #[schema(value_type = Option<String>)]
    volume_unit: Option<Literal>,
    #[schema(value_type = Option<f64>)]
    open_price: Option<Literal>,
}

type Sent = Option<Literal>;

const SIDES: &[(&str, Side)] = &[("BUY", Side::Buy), ("SELL", Side::Sell)];
const ENTRIES: &[(&str, ExecutionEntry)] = &[
    ("in", ExecutionEntry::In),
    ("out", ExecutionEntry::Out),
    ("inout", ExecutionEntry::InOut),
    ("out-by", ExecutionEntry::OutBy),
];
const OPERATIONS: &[(&str, ChargeKind)] = &[
    ("deposit", ChargeKind::Deposit),
    ("withdrawal", ChargeKind::Withdrawal),
    ("credit_in", ChargeKind::CreditIn),
    ("credit_out", ChargeKind::CreditOut),
    ("compensation", ChargeKind::Compensation),
];

/// One of the names of the core, which the feed spells the same way.
fn name_of<T: Copy, const N: usize>(all: [T; N], name: fn(T) -> &'static str) -> impl Fn(&str) -> Result<T, Fault> {
    move |text| one_of(&all.map(|value| (name(value), value)))(text)
}

fn decimal(text: &str) -> Result<DecimalText, Fault> {
    number(text).map_err(Fault::invalid)
}

fn not_negative(text: &str) -> Result<DecimalText, Fault> {
    let number = decimal(text)?;
    if number.is_negative() { Err(Fault::OutOfRange("zero or more".into())) } else { Ok(number) }
}

fn positive(text: &str) -> Result<DecimalText, Fault> {
    let number = decimal(text)?;
    if number.is_negative() || number.is_zero() { Err(Fault::OutOfRange("above zero".into())) } else { Ok(number) }
}

fn id(text: &str) -> Result<String, Fault> {
    if text.is_empty() {
        return Err(Fault::invalid("must not be empty"));
    }
    text::identifier(Field::Id, text.to_owned(), EVENT_ID_MAX).map_err(|refusal| Fault::invalid(refusal.to_string()))
}

fn sequence(text: &str) -> Result<i64, Fault> {
    text.parse().map_err(|_| Fault::invalid("a whole number of at most 63 bits"))
}

/// A word such as `stop_out`; blanks and hyphens count as underscores.
fn word(text: &str) -> Result<String, Fault> {
    let word = text.to_ascii_lowercase().replace([' ', '-'], "_");
    if word.len() <= 32 && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        Ok(word)
    } else {
        Err(Fault::invalid("at most 32 letters, digits and underscores"))
    }
}

fn note(text: &str) -> Result<String, Fault> {
    let cut: String = text.chars().take(text::COMMENT_MAX).collect();
    text::note(Field::Comment, cut, text::COMMENT_MAX).map_err(|refusal| Fault::invalid(refusal.to_string()))
}

fn filled(sent: &Sent) -> Option<&Literal> {
    sent.as_ref().filter(|literal| !literal.0.is_empty())
}

/// An optional value; an empty text counts as omitted.
fn may<T>(name: &str, sent: &Sent, format: impl Fn(&str) -> Result<T, Fault>) -> Result<Option<T>, Rejection> {
    optional(name, filled(sent), format)
}

fn must<T>(name: &str, sent: &Sent, format: impl Fn(&str) -> Result<T, Fault>) -> Result<T, Rejection> {
    required(name, filled(sent), format)
}

fn unit(sent: &Sent) -> Result<Option<VolumeUnit>, Rejection> {
    may("volumeUnit", sent, name_of(VolumeUnit::ALL, VolumeUnit::name))
}

impl BookedBody {
    fn read(&self) -> Result<Booked, Rejection> {
        Ok(Booked {
            profit: may("booked.profit", &self.profit, decimal)?,
            commission: may("booked.commission", &self.commission, decimal)?,
            commission_currency: may("booked.commissionCurrency", &self.commission_currency, id)?,
            commission_rate: may("booked.commissionRate", &self.commission_rate, positive)?,
            swap: may("booked.swap", &self.swap, decimal)?,
            fee: may("booked.fee", &self.fee, decimal)?,
            balance_after: may("booked.balanceAfter", &self.balance_after, decimal)?,
        })
    }
}

impl PositionBody {
    fn read(&self) -> Result<ViewedPosition, Rejection> {
        Ok(ViewedPosition {
            position_ref: may("positions.positionRef", &self.position_ref, id)?,
            symbol: must("positions.symbol", &self.symbol, id)?,
            side: must("positions.side", &self.side, one_of(SIDES))?,
            quantity: must("positions.quantity", &self.quantity, positive)?,
            unit: unit(&self.volume_unit)?,
            open_price: may("positions.openPrice", &self.open_price, decimal)?,
        })
    }
}

impl EventBody {
    /// Names all required members that are missing, or one that is wrong.
    fn read(&self, zones: &Zones) -> Result<PlatformEvent, Rejection> {
        self.parse(zones).map_err(|rejection| {
            let missing = self.missing();
            match &rejection {
                Rejection::InvalidField { name, .. } if missing.contains(&name.as_str()) => {
                    Rejection::missing(missing.join(", "))
                }
                _ => rejection,
            }
        })
    }

    /// The required members that are missing. Reading checks each of them as well.
    fn missing(&self) -> Vec<&'static str> {
        let text = |sent: &Sent| filled(sent).map(|literal| literal.0.clone()).unwrap_or_default();
        let kind = text(&self.kind);
        let mut required = vec![("platform", &self.platform), ("kind", &self.kind), ("at", &self.at)];
        if !["quote", ""].contains(&kind.as_str()) {
            required.push(("eventId", &self.event_id));
        }
        if !["quote", "split", ""].contains(&kind.as_str()) {
            required.push(("account", &self.account));
        }
        let moves_nothing = decimal(&text(&self.quantity)).is_ok_and(|quantity| quantity.is_zero());
        required.append(&mut match kind.as_str() {
            "order" => vec![("orderId", &self.order_id), ("symbol", &self.symbol), ("state", &self.state)],
            "execution" => vec![("executionId", &self.execution_id), ("symbol", &self.symbol)],
            "correction" => {
                vec![("executionId", &self.execution_id), ("corrects", &self.corrects), ("action", &self.action)]
            }
            "swap" | "funding" | "dividend" => vec![("amount", &self.amount)],
            "balance" => vec![("operation", &self.operation), ("amount", &self.amount)],
            "split" => vec![("symbol", &self.symbol), ("ratio", &self.ratio)],
            "quote" => vec![("symbol", &self.symbol), ("bid", &self.bid), ("ask", &self.ask)],
            _ => Vec::new(),
        });
        required.append(&mut match kind.as_str() {
            "execution" if text(&self.entry) == "out-by" => {
                vec![("positionRef", &self.position_ref), ("oppositeRef", &self.opposite_ref)]
            }
            "execution" if !moves_nothing => {
                vec![("quantity", &self.quantity), ("side", &self.side), ("price", &self.price)]
            }
            _ => Vec::new(),
        });
        required.into_iter().filter(|(_, sent)| filled(sent).is_none()).map(|(name, _)| name).collect()
    }

    fn parse(&self, zones: &Zones) -> Result<PlatformEvent, Rejection> {
        let platform = must("platform", &self.platform, id)?;
        let time = |text: &str| zones.read(&platform, text).map_err(Fault::invalid);
        let kind = must("kind", &self.kind, |text| Ok(text.to_owned()))?;
        let news = match kind.as_str() {
            "order" => News::Order(Box::new(self.order(time)?)),
            "execution" => News::Execution(Box::new(self.execution()?)),
            "correction" => News::Correction(Box::new(self.correction()?)),
            "swap" => News::Charge(self.charge(ChargeKind::Swap)?),
            "funding" => News::Charge(self.charge(ChargeKind::Funding)?),
            "dividend" => News::Charge(self.charge(ChargeKind::Dividend)?),
            "balance" => News::Charge(self.charge(must("operation", &self.operation, one_of(OPERATIONS))?)?),
            "split" => News::Split(SplitReport {
                symbol: must("symbol", &self.symbol, id)?,
                ratio: must("ratio", &self.ratio, positive)?,
            }),
            "quote" => News::Quote(QuoteReport {
                symbol: must("symbol", &self.symbol, id)?,
                bid: must("bid", &self.bid, decimal)?,
                ask: must("ask", &self.ask, decimal)?,
            }),
            "snapshot" => News::Snapshot(Box::new(self.snapshot()?)),
            _ => {
                return Err(Rejection::invalid(
                    "kind",
                    "one of order, execution, correction, swap, funding, dividend, split, balance, quote, snapshot",
                ));
            }
        };
        let is_of_account = !matches!(news, News::Quote(_) | News::Split(_));
        let account = if is_of_account { must("account", &self.account, id)? } else { String::new() };
        let is_quote = matches!(news, News::Quote(_));
        let event = if is_quote { String::new() } else { must("eventId", &self.event_id, id)? };
        let (at, nanos) = must("at", &self.at, time)?;
        Ok(PlatformEvent {
            id: event,
            account,
            at,
            nanos,
            sequence: may("sequence", &self.sequence, sequence)?,
            news,
            platform,
        })
    }

    fn figures(&self) -> Result<Figures, Rejection> {
        Ok(Figures {
            entry: may("entry", &self.entry, one_of(ENTRIES))?,
            side: may("side", &self.side, one_of(SIDES))?,
            quantity: may("quantity", &self.quantity, not_negative)?,
            unit: unit(&self.volume_unit)?,
            price: may("price", &self.price, decimal)?,
            order: may("orderId", &self.order_id, id)?,
            position_ref: may("positionRef", &self.position_ref, id)?,
            opposite_ref: may("oppositeRef", &self.opposite_ref, id)?,
            reason: may("reason", &self.reason, word)?,
            profit_rate: may("profitRate", &self.profit_rate, positive)?,
            margin_rate: may("marginRate", &self.margin_rate, positive)?,
            booked: self.booked.as_ref().map(BookedBody::read).transpose()?.unwrap_or_default(),
        })
    }

    fn execution(&self) -> Result<ExecutionReport, Rejection> {
        let figures = self.figures()?;
        if figures.entry == Some(ExecutionEntry::OutBy) {
            must("positionRef", &self.position_ref, id)?;
            must("oppositeRef", &self.opposite_ref, id)?;
        } else if !must("quantity", &self.quantity, not_negative)?.is_zero() {
            must("side", &self.side, one_of(SIDES))?;
            must("price", &self.price, decimal)?;
        }
        Ok(ExecutionReport {
            execution: must("executionId", &self.execution_id, id)?,
            symbol: must("symbol", &self.symbol, id)?,
            figures,
        })
    }

    fn correction(&self) -> Result<Correction, Rejection> {
        let action = match must("action", &self.action, one_of(&[("cancel", true), ("replace", false)]))? {
            true => CorrectionAction::Cancel,
            false => CorrectionAction::Replace(Box::new(self.figures()?)),
        };
        let execution = must("executionId", &self.execution_id, id)?;
        Ok(Correction { execution, corrects: must("corrects", &self.corrects, id)?, action })
    }

    fn order(&self, time: impl Fn(&str) -> Result<(Moment, u32), Fault>) -> Result<OrderReport, Rejection> {
        Ok(OrderReport {
            order: must("orderId", &self.order_id, id)?,
            symbol: must("symbol", &self.symbol, id)?,
            state: must("state", &self.state, name_of(OrderState::ALL, OrderState::name))?,
            kind: may("type", &self.kind_of_order, name_of(OrderType::ALL, OrderType::name))?,
            time_in_force: may("timeInForce", &self.time_in_force, name_of(TimeInForce::ALL, TimeInForce::name))?,
            side: may("side", &self.side, one_of(SIDES))?,
            quantity: may("quantity", &self.quantity, not_negative)?,
            filled_quantity: may("filledQuantity", &self.filled_quantity, not_negative)?,
            unit: unit(&self.volume_unit)?,
            limit_price: may("limitPrice", &self.limit_price, decimal)?,
            stop_price: may("stopPrice", &self.stop_price, decimal)?,
            stop_loss: may("stopLoss", &self.stop_loss, decimal)?,
            take_profit: may("takeProfit", &self.take_profit, decimal)?,
            parent: may("parentOrderId", &self.parent_order_id, id)?,
            position_ref: may("positionRef", &self.position_ref, id)?,
            reason: may("reason", &self.reason, word)?,
            comment: may("comment", &self.comment, note)?,
            expires_at: may("expiresAt", &self.expires_at, time)?.map(|(at, _)| at),
        })
    }

    fn charge(&self, kind: ChargeKind) -> Result<Charge, Rejection> {
        let amount = must("amount", &self.amount, decimal)?;
        let must_not = match kind {
            ChargeKind::Deposit | ChargeKind::CreditIn | ChargeKind::Compensation => amount.is_negative(),
            ChargeKind::Withdrawal | ChargeKind::CreditOut => !amount.is_negative() && !amount.is_zero(),
            ChargeKind::Swap | ChargeKind::Funding | ChargeKind::Dividend => false,
        };
        if must_not {
            return Err(Rejection::out_of_range("amount", "the sign contradicts the operation"));
        }
        Ok(Charge {
            kind,
            amount,
            symbol: may("symbol", &self.symbol, id)?,
            position_ref: may("positionRef", &self.position_ref, id)?,
            comment: may("comment", &self.comment, note)?,
        })
    }

    fn snapshot(&self) -> Result<PlatformView, Rejection> {
        let positions = self.positions.as_deref().map(|all| all.iter().map(PositionBody::read).collect());
        Ok(PlatformView {
            purpose: may("purpose", &self.purpose, name_of(SnapshotPurpose::ALL, SnapshotPurpose::name))?
                .unwrap_or_default(),
            balance: may("balance", &self.balance, decimal)?,
            equity: may("equity", &self.equity, decimal)?,
            margin: may("margin", &self.margin, decimal)?,
            positions: positions.transpose()?,
        })
    }
}

/// Events as they were read, and the members that this version does not know.
pub struct ReadEvents {
    pub events: Vec<Incoming>,
    pub unknown_members: BTreeSet<String>,
}

/// The most unknown members that an answer lists.
const UNKNOWN_MAX: usize = 20;

/// Reads events, each from the text of one JSON object. One that cannot be read takes its place as refused.
pub fn read_events<'a>(texts: impl IntoIterator<Item = &'a [u8]>, zones: &Zones) -> ReadEvents {
    let mut unknown_members = BTreeSet::new();
    let events = texts.into_iter().map(|text| read_event(text, zones, &mut unknown_members)).collect();
    while unknown_members.len() > UNKNOWN_MAX {
        unknown_members.pop_last();
    }
    ReadEvents { events, unknown_members }
}

fn read_event(text: &[u8], zones: &Zones, unknown: &mut BTreeSet<String>) -> Incoming {
    if text.len() > EVENT_BYTES_MAX {
        let message = format!("an event may have at most {EVENT_BYTES_MAX} bytes");
        return Incoming { sent: String::new(), event: Err(Unreadable { verdict: Verdict::TooLong, message }) };
    }
    let mut noted = BTreeSet::new();
    let note = |path: serde_ignored::Path<'_>| {
        noted.insert(path.to_string());
    };
    let read = read_json_noting::<EventBody>(text, note).and_then(|body| body.read(zones));
    if unknown.len() < UNKNOWN_MAX {
        unknown.extend(noted.into_iter().map(|name| name.replace(".?", "").chars().take(64).collect::<String>()));
    }
    let event = read.map_err(|rejection| Unreadable { verdict: Verdict::Invalid, message: rejection.to_string() });
    Incoming { sent: String::from_utf8_lossy(text).into_owned(), event }
}

#[cfg(test)]
mod tests;
