//! Deals of MetaTrader 5: the table of deals of the terminal's history, and of the manager's.
//!
//! Each deal is one execution, `out by` too: both deals of a close-by have a position, a price and a profit of their
//! own.
//! (MetaTrader 5, "Deal Properties": types, and what happens to a deal that is cancelled.)

use super::event::Event;
use super::item::{Content, Fault};
use super::table::{Column, Header, Table};
use super::times::{self, Zone};

pub(super) struct Mt5Deals {
    platform: String,
    account: Option<String>,
    zone: Zone,
    deal: Column,
    login: Column,
    time: Column,
    symbol: Column,
    kind: Column,
    direction: Column,
    order: Column,
    position: Column,
    volume: Column,
    price: Column,
    commission: Column,
    swap: Column,
    fee: Column,
    profit: Column,
    reason: Column,
    profit_rate: Column,
    margin_rate: Column,
    comment: Column,
}

/// Deals that move the balance without a trade, by the words and numbers of exports.
const MONEY: [&str; 28] = [
    "balance",
    "2",
    "charge",
    "4",
    "correction",
    "5",
    "bonus",
    "6",
    "commission",
    "7",
    "commission daily",
    "daily commission",
    "8",
    "commission monthly",
    "monthly commission",
    "9",
    "agent daily",
    "10",
    "agent monthly",
    "11",
    "interest",
    "12",
    "tax",
    "17",
    "agent",
    "18",
    "so compensation",
    "19",
];

/// Whether a file with this header holds deals of MetaTrader 5.
pub(super) fn fits(header: &Header) -> bool {
    header.has(&["deal"]) && header.has(&["direction", "entry"]) && header.has(&["type", "action"])
}

impl Mt5Deals {
    pub(super) fn new(header: &mut Header, platform: &str, account: Option<&str>, zone: &Zone) -> Mt5Deals {
        // A balance after each deal and the levels of orders say nothing new.
        header.column(&["balance"]);
        header.column(&["sl"]);
        header.column(&["tp"]);
        Mt5Deals {
            platform: platform.to_owned(),
            account: account.map(str::to_owned),
            zone: zone.clone(),
            deal: header.column(&["deal", "dealid", "ticket"]),
            login: header.column(&["login", "account"]),
            time: header.column(&["timemsc", "time"]),
            symbol: header.column(&["symbol"]),
            kind: header.column(&["type", "action"]),
            direction: header.column(&["direction", "entry"]),
            order: header.column(&["order", "orderid"]),
            position: header.column(&["positionid", "position"]),
            volume: header.column(&["volume", "lots"]),
            price: header.column(&["price"]),
            commission: header.column(&["commission"]),
            swap: header.column(&["swap", "storage"]),
            fee: header.column(&["fee"]),
            profit: header.column(&["profit"]),
            reason: header.column(&["reason"]),
            profit_rate: header.column(&["rateprofit", "profitrate"]),
            margin_rate: header.column(&["ratemargin", "marginrate"]),
            comment: header.column(&["comment"]),
        }
    }

    pub(super) fn convert(&self, row: &Table) -> Result<Content, Fault> {
        let Some(deal) = row.field(self.deal) else {
            // Reports end with a line of totals.
            return Ok(Content::Skipped("without a deal"));
        };
        let kind = row.required(self.kind, "Type")?.to_lowercase();
        let event = match kind.as_str() {
            "buy" | "0" => self.execution(row, deal, "BUY")?,
            "sell" | "1" => self.execution(row, deal, "SELL")?,
            "buy canceled" | "buy cancelled" | "13" | "sell canceled" | "sell cancelled" | "14" => {
                let id = format!("{deal}-canceled");
                self.event("correction", row, &format!("mt5-deal-{id}"))?
                    .text("executionId", &id)
                    .text("corrects", deal)
                    .text("action", "cancel")
            }
            "dividend" | "15" | "dividend_franked" | "dividend franked" | "16" => self
                .event("dividend", row, &format!("mt5-deal-{deal}"))?
                .text("amount", &self.amount(row)?)
                .maybe("symbol", row.field(self.symbol)),
            other => self.money(row, deal, other)?,
        };
        Ok(Content::Events(vec![event.finish()]))
    }

    fn event(&self, kind: &str, row: &Table, id: &str) -> Result<Event, Fault> {
        let account = row.field(self.login).or(self.account.as_deref());
        let account =
            account.ok_or_else(|| Fault::invalid("Login: required; name the account of the file with --account"))?;
        let at = times::at(row.required(self.time, "Time")?, &self.zone)?;
        let event = Event::new(kind).text("platform", &self.platform).text("eventId", id);
        Ok(event.text("account", account).text("at", &at))
    }

    fn execution(&self, row: &Table, deal: &str, side: &str) -> Result<Event, Fault> {
        let entry = match row.field(self.direction).map(str::to_lowercase).as_deref() {
            None => None,
            Some("in" | "0") => Some("in"),
            Some("out" | "1" | "out by" | "outby" | "3") => Some("out"),
            Some("in/out" | "inout" | "2") => Some("inout"),
            Some(other) => return Err(Fault::invalid(format!("Direction: {other} is not in, out, in/out or out by"))),
        };
        let reason = row.field(self.reason).or(row.field(self.comment)).and_then(reason);
        let volume = row.number(self.volume)?.ok_or_else(|| Fault::invalid("Volume: required"))?;
        let price = row.number(self.price)?.ok_or_else(|| Fault::invalid("Price: required"))?;
        let event = self
            .event("execution", row, &format!("mt5-deal-{deal}"))?
            .text("executionId", deal)
            .maybe("orderId", row.field(self.order).filter(|order| *order != "0"))
            .maybe("positionRef", row.field(self.position).filter(|position| *position != "0"))
            .maybe("entry", entry)
            .text("symbol", row.required(self.symbol, "Symbol")?)
            .text("side", side)
            .text("quantity", &volume)
            .text("volumeUnit", "lots")
            .text("price", &price)
            .maybe("profitRate", row.number(self.profit_rate)?.filter(|rate| is_rate(rate)))
            .maybe("marginRate", row.number(self.margin_rate)?.filter(|rate| is_rate(rate)))
            .maybe("reason", reason);
        // Deals are numbered as they happen, and the time may have whole seconds only.
        let event = match deal.parse::<u64>() {
            Ok(number) => event.json("sequence", &number.to_string()),
            Err(_) => event,
        };
        // Platforms leave out what is zero; only without the column the profit is not known.
        let zero = || self.profit.exists().then(|| "0".to_owned());
        Ok(event.object(
            "booked",
            &[
                ("profit", row.number(self.profit)?.or_else(zero)),
                ("commission", row.number(self.commission)?),
                ("swap", row.number(self.swap)?),
                ("fee", row.number(self.fee)?),
            ],
        ))
    }

    /// A deal without a trade: what the platform has put on the account or taken from it.
    fn money(&self, row: &Table, deal: &str, kind: &str) -> Result<Event, Fault> {
        let amount = self.amount(row)?;
        let is_debit = amount.starts_with('-');
        let operation = match (kind, is_debit) {
            ("credit" | "3" | "so compensation credit" | "so_compensation_credit" | "20", false) => "credit_in",
            ("credit" | "3" | "so compensation credit" | "so_compensation_credit" | "20", true) => "credit_out",
            ("so compensation" | "so_compensation" | "19", false) => "compensation",
            _ if !MONEY.contains(&kind) => return Err(Fault::invalid(format!("Type: {kind} is not known"))),
            (_, false) => "deposit",
            (_, true) => "withdrawal",
        };
        let comment = match row.field(self.comment) {
            Some(comment) => comment.to_owned(),
            None => kind.to_owned(),
        };
        Ok(self
            .event("balance", row, &format!("mt5-deal-{deal}"))?
            .text("operation", operation)
            .text("amount", &amount)
            .text("comment", &comment))
    }

    /// What a deal without a trade moves: its profit, and what else it may name.
    fn amount(&self, row: &Table) -> Result<String, Fault> {
        let columns = [self.profit, self.commission, self.swap, self.fee];
        let found = columns.map(|column| row.number(column));
        let mut amounts = Vec::new();
        for amount in found {
            amounts.extend(amount?.filter(|amount| amount.bytes().any(|byte| (b'1'..=b'9').contains(&byte))));
        }
        match amounts.len() {
            1 => Ok(amounts.remove(0)),
            0 => Err(Fault::invalid("Profit: required and not 0")),
            _ => Err(Fault::invalid("Profit: the amount is in more than one column")),
        }
    }
}

/// Rates that were not known are written as 0.
fn is_rate(rate: &str) -> bool {
    rate.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
}

/// The reason of a deal, from its column or from what the platform puts into comments. Numbers are left out: they mean
/// different things in the terminal and in the manager.
fn reason(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    match text.as_str() {
        "client" | "mobile" | "web" | "expert" | "dealer" => Some("client"),
        "sl" | "stop loss" => Some("stop_loss"),
        "tp" | "take profit" => Some("take_profit"),
        "so" | "stop out" => Some("stop_out"),
        "rollover" => Some("rollover"),
        "split" | "corporate action" => Some("corporate_action"),
        _ if text.starts_with("[sl ") => Some("stop_loss"),
        _ if text.starts_with("[tp ") => Some("take_profit"),
        _ if text.starts_with("so:") || text.starts_with("[so ") => Some("stop_out"),
        _ => None,
    }
}
