//! What a trading platform reports, and what follows from it. The model applies all executions anew after each report,
//! in the order of their time, whatever the order in which they came.

use super::books::Books;
use super::step::Step;
use super::world::ACCOUNTS;
use bursar::domain::clock::Moment;
use num_rational::BigRational;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The accounts on which a platform trades follow those of [`ACCOUNTS`]; operators move no money there. They are of
/// these sorts; all are in US dollars and in netting mode.
pub(super) const TRADERS: [usize; 2] = [1, 5];
pub(super) const FIRST_TRADER: usize = ACCOUNTS.len();

/// Both have prices in US dollars and 100,000 units a lot. A hundredth of a lot gains a cent with each fifth decimal.
const SYMBOLS: [&str; 2] = ["EURUSD", "AUDUSD"];

/// Something a platform reports. Objects are referred to by any number, taken modulo how many exist.
#[derive(Clone, Debug)]
pub(super) enum Report {
    /// When, the symbol, hundredths of a lot - negative for a sale -, the price in the fifth decimal, and a commission
    /// in minor units.
    Fill(i64, usize, i64, i64, i64),
    Cancel(usize),
    /// Another price and another commission.
    Replace(usize, i64, i64),
    /// When, the kind, and minor units.
    Charge(i64, &'static str, i64),
    /// An event that was sent before.
    Repeat(usize),
}

/// An execution as of its latest correction.
#[derive(Clone)]
pub(super) struct Fill {
    account: usize,
    /// The execution, or the latest correction of it.
    version: String,
    at: i64,
    sequence: usize,
    symbol: &'static str,
    lots: i64,
    price: i64,
    commission: i64,
    is_cancelled: bool,
    /// What it has moved: profit and commission.
    posted: [i128; 2],
}

/// What is open in a symbol: hundredths of a lot, negative if sold, and the average price in the fifth decimal.
#[derive(Clone)]
pub(super) struct Open {
    lots: i64,
    price: BigRational,
}

impl Open {
    /// Applies a fill; returns its profit in minor units.
    fn apply(&mut self, lots: i64, price: i64) -> i128 {
        let number = |number: i64| BigRational::from_integer(number.into());
        let (fill, before) = (number(price), self.lots);
        let closed = if before.signum() * lots.signum() < 0 { lots.abs().min(before.abs()) } else { 0 };
        let profit = number(closed * before.signum()) * (&fill - &self.price);
        self.lots += lots;
        if closed == 0 && lots != 0 {
            let value = number(before.abs()) * &self.price + number(lots.abs()) * &fill;
            self.price = value / number(self.lots.abs());
        } else if self.lots.signum() * before.signum() < 0 {
            self.price = fill;
        }
        // Half away from zero.
        i128::try_from(profit.round().to_integer()).unwrap()
    }

    /// Side, lots and open price with 12 decimals, the zeros at their ends cut.
    pub(super) fn shown(&self) -> (String, String, String) {
        let scaled = &self.price * BigRational::from_integer(10_000_000.into());
        let price = i128::try_from(scaled.round().to_integer()).unwrap();
        let side = if self.lots > 0 { "buy" } else { "sell" };
        (side.to_owned(), cut(self.lots.abs().into(), 2), cut(price, 12))
    }
}

/// A number with so many decimals, without zeros at its end.
fn cut(units: i128, decimals: u32) -> String {
    let scale = 10i128.pow(decimals);
    let text = format!("{}.{:0width$}", units / scale, units % scale, width = usize::try_from(decimals).unwrap());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn decimals(units: i64, decimals: u32) -> String {
    let scale = 10u64.pow(decimals);
    let (sign, units) = (if units < 0 { "-" } else { "" }, units.unsigned_abs());
    format!("{sign}{}.{:0width$}", units / scale, units % scale, width = usize::try_from(decimals).unwrap())
}

/// What was sent in a call, and how many of its events came before.
pub(super) struct Sent {
    pub(super) events: Vec<Value>,
    pub(super) repeated: usize,
}

impl Books {
    pub(super) fn is_trader(account: usize) -> bool {
        (FIRST_TRADER..FIRST_TRADER + TRADERS.len()).contains(&account)
    }

    /// Applies a call with reports about an account; returns its events. All of them will be accepted.
    pub(super) fn report(&mut self, trader: usize, reports: &[Report]) -> Sent {
        let account = FIRST_TRADER + trader % TRADERS.len();
        let mut sent = Sent { events: Vec::new(), repeated: 0 };
        for report in reports {
            if let Report::Repeat(number) = *report {
                if let Some(event) = number.checked_rem(self.told.len()).map(|number| self.told[number].clone()) {
                    sent.events.push(event);
                    sent.repeated += 1;
                }
                continue;
            }
            let Some(more) = self.take_report(account, report) else { continue };
            let mut event = json!({
                "platform": "mt5", "eventId": format!("e{}", self.told.len()), "account": self.accounts[account].id,
            });
            for (name, value) in more.as_object().unwrap() {
                event[name] = value.clone();
            }
            self.told.push(event.clone());
            sent.events.push(event);
        }
        self.settle(account);
        sent
    }

    /// Any moment between the opening of the account and now.
    fn moment(&self, account: usize, when: i64) -> i64 {
        let opened = self.accounts[account].opened;
        let passed = i128::from((self.now - opened).max(0)) * i128::from(when) / i128::from(Step::WHENS);
        opened + i64::try_from(passed).unwrap()
    }

    /// Takes a new event; returns its members. None: what it corrects does not exist.
    fn take_report(&mut self, account: usize, report: &Report) -> Option<Value> {
        let text = |at: i64| Moment::from_unix_ms(at).to_string();
        let id = format!("x{}", self.told.len());
        match *report {
            Report::Fill(when, symbol, lots, price, commission) => {
                let (at, symbol) = (self.moment(account, when), SYMBOLS[symbol % SYMBOLS.len()]);
                let sequence = self.told.len();
                let event = json!({
                    "kind": "execution", "at": text(at), "sequence": sequence, "executionId": id, "symbol": symbol,
                    "side": if lots < 0 { "SELL" } else { "BUY" }, "quantity": decimals(lots.abs(), 2),
                    "price": decimals(price, 5), "marginRate": "1.1", "booked": {"commission": decimals(commission, 2)},
                });
                let (version, is_cancelled, posted) = (id, false, [0; 2]);
                self.fills.push(Fill {
                    account,
                    version,
                    at,
                    sequence,
                    symbol,
                    lots,
                    price,
                    commission,
                    is_cancelled,
                    posted,
                });
                Some(event)
            }
            Report::Cancel(number) | Report::Replace(number, ..) => {
                let now = self.now;
                let mut own: Vec<_> = self.fills.iter_mut().filter(|fill| fill.account == account).collect();
                let number = number.checked_rem(own.len())?;
                let fill = &mut own[number];
                let mut event =
                    json!({"kind": "correction", "at": text(now), "executionId": id, "corrects": fill.version});
                fill.version = id;
                if let Report::Replace(_, price, commission) = *report {
                    (fill.price, fill.commission, fill.is_cancelled) = (price, commission, false);
                    event["action"] = json!("replace");
                    event["price"] = json!(decimals(price, 5));
                    event["booked"] = json!({"commission": decimals(commission, 2)});
                } else {
                    fill.is_cancelled = true;
                    event["action"] = json!("cancel");
                }
                Some(event)
            }
            Report::Charge(when, kind, minor) => {
                let at = self.moment(account, when);
                let mut event = json!({"kind": kind, "at": text(at), "amount": decimals(minor, 2)});
                if kind == "balance" {
                    event["operation"] = json!(if minor < 0 { "withdrawal" } else { "deposit" });
                }
                self.post_at(account, minor.into(), at);
                Some(event)
            }
            Report::Repeat(_) => None,
        }
    }

    fn post_at(&mut self, account: usize, minor: i128, at: i64) {
        if minor != 0 {
            self.post(String::new(), vec![(account, minor)], false, false);
            self.entries.last_mut().unwrap().effective = Some(at);
        }
    }

    /// Applies the executions of an account from the first to the last, and posts what differs from what they moved.
    fn settle(&mut self, account: usize) {
        let mut order: Vec<usize> = (0..self.fills.len()).filter(|&fill| self.fills[fill].account == account).collect();
        order.sort_by_key(|&fill| (self.fills[fill].at, self.fills[fill].sequence));
        let nothing = Open { lots: 0, price: BigRational::from_integer(0.into()) };
        let mut open = BTreeMap::new();
        for number in order {
            let fill = &mut self.fills[number];
            let (before, at) = (fill.posted, fill.at);
            fill.posted = match fill.is_cancelled {
                true => [0; 2],
                false => {
                    let open = open.entry(fill.symbol).or_insert_with(|| nothing.clone());
                    [open.apply(fill.lots, fill.price), fill.commission.into()]
                }
            };
            for (after, before) in fill.posted.into_iter().zip(before) {
                self.post_at(account, after - before, at);
            }
        }
        open.retain(|_, open| open.lots != 0);
        self.open.insert(account, open);
    }

    /// What is open on the accounts of the platform, by account and symbol.
    pub(super) fn shown_positions(&self) -> BTreeMap<(String, String), (String, String, String)> {
        let of = |(account, open): (&usize, &BTreeMap<&str, Open>)| {
            let id = &self.accounts[*account].id;
            open.iter().map(|(symbol, open)| ((id.clone(), (*symbol).to_owned()), open.shown())).collect::<Vec<_>>()
        };
        self.open.iter().flat_map(of).collect()
    }

    pub(super) fn has_open_positions(&self, account: usize) -> bool {
        self.open.get(&account).is_some_and(|open| !open.is_empty())
    }
}
