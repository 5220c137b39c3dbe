//! Reads the records of a file, whatever its format.

use std::io;

use clap::ValueEnum;

use super::ctrader::{self, CtraderDeals};
use super::fix::{self, FixReports};
use super::item::{Content, Fault, Item};
use super::json::{self, Elements};
use super::lines::{Line, Lines};
use super::mt5::{self, Mt5Deals};
use super::own::{self, OwnRecords, Shape};
use super::table::{Header, Table};
use super::times::Zone;
use super::volume::Volume;
use crate::cli::outcome::{Exit, Failure};

/// What a file of events can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Format {
    /// Events as the feed takes them: one on each line, or a JSON array
    Json,
    /// The same in columns
    Csv,
    /// Deals of MetaTrader 5, CSV
    Mt5Deals,
    /// Closed deals of cTrader, CSV
    CtraderDeals,
    /// Execution reports of FIX 4.4, one on each line
    Fix44,
}

impl Format {
    pub(super) fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Mt5Deals => "mt5-deals",
            Format::CtraderDeals => "ctrader-deals",
            Format::Fix44 => "fix44",
        }
    }
}

/// What the command line says about a file.
#[derive(Default)]
pub(super) struct Hints {
    pub(super) format: Option<Format>,
    pub(super) platform: Option<String>,
    pub(super) account: Option<String>,
    pub(super) zone: Zone,
    pub(super) volume_unit: Option<Volume>,
    pub(super) derives_openings: bool,
}

impl Hints {
    /// The platform, which files of platforms do not name.
    fn platform(&self) -> Result<&str, Failure> {
        self.platform.as_deref().ok_or_else(|| {
            Failure::new(Exit::Usage, "the file does not say which platform it is from")
                .next("Name it with --platform CODE; `bursar reference show` lists the platforms.")
        })
    }
}

enum Converter {
    Lines,
    Elements(Elements),
    Fix(FixReports),
    Own(Table, OwnRecords),
    Mt5(Table, Mt5Deals),
    Ctrader(Table, CtraderDeals),
}

pub(super) struct Reader {
    pub(super) format: Format,
    lines: Lines,
    converter: Converter,
    /// The line of the header, which the file of rejects repeats.
    pub(super) header: Option<Vec<u8>>,
}

impl Reader {
    /// Finds out what the file is, unless the hints say so.
    pub(super) fn new(mut lines: Lines, hints: &Hints) -> Result<Reader, Failure> {
        if first_byte(&mut lines).map_err(unreadable)? == Some(b'[')
            && hints.format.is_none_or(|format| format == Format::Json)
        {
            let converter = Converter::Elements(Elements::default());
            return Ok(Reader { format: Format::Json, lines, converter, header: None });
        }
        let Some(line) = lines.next().map_err(unreadable)? else {
            let format = hints.format.unwrap_or(Format::Json);
            return Ok(Reader { format, lines, converter: Converter::Lines, header: None });
        };
        let header = Header::read(&line);
        let format = match hints.format.or_else(|| detected(&line, header.as_ref())) {
            Some(format) => format,
            None => return Err(unknown(&line)),
        };
        let (account, zone) = (hints.account.as_deref(), &hints.zone);
        let table = || header.ok_or_else(|| unknown(&line));
        let converter = match format {
            Format::Json | Format::Fix44 => {
                lines.put_back([line]);
                let converter = match format {
                    Format::Fix44 => Converter::Fix(FixReports {
                        platform: hints.platform()?.to_owned(),
                        account: hints.account.clone(),
                        volume_unit: hints.volume_unit,
                    }),
                    _ => Converter::Lines,
                };
                return Ok(Reader { format, lines, converter, header: None });
            }
            Format::Csv => {
                let mut header = table()?;
                let defaults = [("platform", &hints.platform), ("account", &hints.account)];
                let defaults = defaults.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect();
                let converter = OwnRecords::new(&mut header, own::EVENTS, defaults, zone);
                Converter::Own(Table::new(header), converter)
            }
            Format::Mt5Deals => {
                let mut header = table()?;
                let converter = Mt5Deals::new(&mut header, hints.platform()?, account, zone);
                Converter::Mt5(Table::new(header), converter)
            }
            Format::CtraderDeals => {
                let mut header = table()?;
                let (unit, derives) = (hints.volume_unit, hints.derives_openings);
                let converter = CtraderDeals::new(&mut header, hints.platform()?, account, zone, unit, derives);
                Converter::Ctrader(Table::new(header), converter)
            }
        };
        Ok(Reader { format, lines, converter, header: Some(line.bytes) })
    }

    /// Reads records of another kind: JSON lines, a JSON array, or CSV with columns of this shape.
    pub(super) fn of(mut lines: Lines, shape: Shape) -> Result<Reader, Failure> {
        let first = first_byte(&mut lines).map_err(unreadable)?;
        let format = Format::Json;
        if first.is_none_or(|byte| matches!(byte, b'[' | b'{')) {
            let converter =
                if first == Some(b'[') { Converter::Elements(Elements::default()) } else { Converter::Lines };
            return Ok(Reader { format, lines, converter, header: None });
        }
        let Some(line) = lines.next().map_err(unreadable)? else {
            return Ok(Reader { format, lines, converter: Converter::Lines, header: None });
        };
        if line.bytes.trim_ascii_start().starts_with(b"{") {
            lines.put_back([line]);
            return Ok(Reader { format, lines, converter: Converter::Lines, header: None });
        }
        let mut header = Header::read(&line).filter(|header| shape.fits(header)).ok_or_else(|| unknown(&line))?;
        let converter = OwnRecords::new(&mut header, shape, Vec::new(), &None);
        let converter = Converter::Own(Table::new(header), converter);
        Ok(Reader { format: Format::Csv, lines, converter, header: Some(line.bytes) })
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Item>> {
        let lines = &mut self.lines;
        match &mut self.converter {
            Converter::Lines => json::next_line(lines),
            Converter::Elements(elements) => elements.next(lines),
            Converter::Fix(reports) => Ok(lines.next()?.map(|line| {
                let content = if line.is_cut { Err(Fault::too_long()) } else { reports.convert(&line.bytes) };
                item(line.number, line.bytes, content)
            })),
            Converter::Own(table, events) => record(lines, table, |table| events.convert(table)),
            Converter::Mt5(table, deals) => record(lines, table, |table| deals.convert(table)),
            Converter::Ctrader(table, deals) => record(lines, table, |table| deals.convert(table)),
        }
    }

    fn table(&self) -> Option<&Table> {
        match &self.converter {
            Converter::Own(table, _) | Converter::Mt5(table, _) | Converter::Ctrader(table, _) => Some(table),
            Converter::Lines | Converter::Elements(_) | Converter::Fix(_) => None,
        }
    }

    /// Columns that nothing was read from.
    pub(super) fn unknown_columns(&self) -> Vec<String> {
        self.table().map(|table| table.header.unknown()).unwrap_or_default()
    }

    /// Whether the last record has no line break, so that the end of its last field may be missing.
    pub(super) fn ends_abruptly(&self) -> bool {
        self.table().is_some_and(|table| table.ends_abruptly)
    }

    /// Lines read so far.
    pub(super) fn lines(&self) -> u64 {
        self.lines.count()
    }
}

fn item(line: u64, original: Vec<u8>, content: Result<Content, Fault>) -> Item {
    Item { line, original, content: content.unwrap_or_else(Content::Refused) }
}

fn record(
    lines: &mut Lines,
    table: &mut Table,
    convert: impl Fn(&Table) -> Result<Content, Fault>,
) -> io::Result<Option<Item>> {
    Ok(table.next(lines)?.map(|row| {
        let content = match row.fault {
            Some(fault) => Err(fault),
            None => convert(table),
        };
        item(row.line, row.original, content)
    }))
}

/// The first byte that is not white space, which stays to be read.
fn first_byte(lines: &mut Lines) -> io::Result<Option<u8>> {
    let buffer = lines.buffer()?;
    Ok(buffer.iter().copied().find(|byte| !byte.is_ascii_whitespace()))
}

/// What the first line tells about the format.
fn detected(line: &Line, header: Option<&Header>) -> Option<Format> {
    let text = line.bytes.trim_ascii_start();
    if text.starts_with(b"{") {
        return Some(Format::Json);
    }
    if fix::fits(text) {
        return Some(Format::Fix44);
    }
    let header = header?;
    if mt5::fits(header) {
        Some(Format::Mt5Deals)
    } else if ctrader::fits(header) {
        Some(Format::CtraderDeals)
    } else {
        own::EVENTS.fits(header).then_some(Format::Csv)
    }
}

fn unknown(line: &Line) -> Failure {
    let beginning: String = String::from_utf8_lossy(&line.bytes).chars().take(80).collect();
    let message = format!("the format of the file cannot be told from line {}, which begins: {beginning}", line.number);
    Failure::new(Exit::Failure, message)
        .next("Check that the first line is the header; a file of events can be named with --format.")
}

pub(super) fn unreadable(error: io::Error) -> Failure {
    Failure::of_file("the file cannot be read any further", &error)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const MT5: &str = include_str!("../../../tests/api/imports/mt5-deals.csv");
    const CTRADER: &str = include_str!("../../../tests/api/imports/ctrader-deals.csv");
    const FIX: &str = include_str!("../../../tests/api/imports/fix44.log");

    fn reader(text: &str, hints: &Hints) -> Result<Reader, Failure> {
        Reader::new(Lines::new(Box::new(io::Cursor::new(text.to_owned()))), hints)
    }

    fn of_platform() -> Hints {
        Hints { platform: Some("mt5".into()), ..Hints::default() }
    }

    /// The format, and what each record becomes: its line with its events, a refusal or why it was skipped.
    fn convert(text: &str, hints: &Hints) -> (Format, Vec<(u64, Value)>) {
        let mut reader = reader(text, hints).unwrap();
        let items = std::iter::from_fn(|| reader.next().unwrap());
        let shown: Vec<_> = items
            .map(|item| {
                let content = match item.content {
                    Content::Events(events) => {
                        Value::Array(events.iter().map(|event| serde_json::from_str(event).unwrap()).collect())
                    }
                    Content::Refused(fault) => json!(fault.to_string()),
                    Content::Skipped(why) => json!({"skipped": why}),
                };
                (item.line, content)
            })
            .collect();
        (reader.format, shown)
    }

    #[test]
    fn deals_of_mt5_become_executions_money_and_cancellations() {
        let (format, items) = convert(MT5, &of_platform());
        assert_eq!((format, items.len()), (Format::Mt5Deals, 10));
        let event = |line: u64| items.iter().find(|(found, _)| *found == line).unwrap().1[0].clone();
        let execution = json!({
            "kind": "execution", "platform": "mt5", "eventId": "mt5-deal-1003", "account": "500123",
            "at": "2026-03-02T09:00:00", "executionId": "1003", "orderId": "901", "positionRef": "77", "entry": "out",
            "symbol": "EURUSD", "side": "SELL", "quantity": "0.20", "volumeUnit": "lots", "price": "1.08470",
            "reason": "take_profit", "sequence": 1003,
            "booked": {"profit": "20.00", "commission": "-0.70", "swap": "-0.31", "fee": "0.00"}
        });
        assert_eq!(event(4), execution);
        let money = |line| [event(line)["operation"].clone(), event(line)["amount"].clone()];
        assert_eq!(money(2), ["deposit", "1000.00"]);
        assert_eq!(event(2)["comment"], "first deposit");
        assert_eq!(money(6), ["credit_in", "100.00"]);
        assert_eq!(money(7), ["credit_out", "-40.00"]);
        assert_eq!(money(10), ["withdrawal", "-2.50"]);
        let cancelled = event(9);
        assert_eq!((&cancelled["corrects"], &cancelled["action"]), (&json!("1007"), &json!("cancel")));
        assert_ne!(cancelled["eventId"], event(8)["eventId"]);
        assert_eq!(items[9].1, json!({"skipped": "without a deal"}));
    }

    #[test]
    fn what_is_wrong_with_a_deal_of_mt5_is_named() {
        let header = "Deal,Time,Symbol,Type,Direction,Volume,Price,Profit\n";
        let faults = |row: &str| convert(&format!("{header}{row}"), &of_platform()).1[0].1.clone();
        let no_login = faults("1,2026.03.02 08:00:00,EURUSD,buy,in,1,1.08,0\n");
        assert_eq!(no_login, "invalid: Login: required; name the account of the file with --account");
        let hints = Hints { account: Some("7".into()), ..of_platform() };
        let faults = |row: &str| convert(&format!("{header}{row}"), &hints).1[0].1.clone();
        for (row, fault) in [
            ("1,yesterday,EURUSD,buy,in,1,1.08,0", "invalid: yesterday is not a time such as 2026-03-02T08:15:00.120Z"),
            ("1,2026.03.02 08:00:00,EURUSD,hold,in,1,1.08,5", "invalid: Type: hold is not known"),
            ("1,2026.03.02 08:00:00,EURUSD,buy,up,1,1.08,0", "invalid: Direction: up is not in, out, in/out or out by"),
            ("1,2026.03.02 08:00:00,EURUSD,buy,in,,1.08,0", "invalid: Volume: required"),
            ("1,2026.03.02 08:00:00,,balance,,,,", "invalid: Profit: required and not 0"),
            ("1,2026.03.02 08:00:00,EURUSD,buy", "invalid: 4 fields, and the header has 8"),
        ] {
            assert_eq!(faults(row), fault, "{row}");
        }
        let both_sides = faults("1,2026.03.02 08:00:00,EURUSD,sell,out by,1,1.08,5\n");
        assert_eq!(both_sides[0]["entry"], "out", "both deals of a close-by are fills of their own");
        assert_eq!(reader(header, &Hints::default()).err().unwrap().exit, Exit::Usage);
    }

    #[test]
    fn closed_deals_of_ctrader_become_closing_fills() {
        let (format, items) = convert(CTRADER, &of_platform());
        assert_eq!(format, Format::CtraderDeals);
        let execution = json!({
            "kind": "execution", "platform": "mt5", "eventId": "ctrader-deal-5002", "account": "500124",
            "at": "2026-03-02T09:00:00.25Z", "executionId": "5002", "positionRef": "300", "entry": "out",
            "symbol": "EURUSD", "side": "SELL", "quantity": "50000", "volumeUnit": "units", "price": "1.08470",
            "sequence": 5002, "booked": {"profit": "50.00", "commission": "-3.00", "swap": "-0.40"}
        });
        assert_eq!(items[0], (2, json!([execution])));
        let hints = Hints { derives_openings: true, volume_unit: Some(Volume::Hundredths), ..of_platform() };
        let derived = convert(CTRADER, &hints).1[1].1.clone();
        let [opening, closing] = [&derived[0], &derived[1]];
        assert_eq!((&opening["entry"], &opening["side"]), (&json!("in"), &json!("SELL")));
        assert_eq!((&opening["price"], &opening["quantity"]), (&json!("1.08470"), &json!("200.00")));
        assert_eq!((&closing["entry"], &closing["side"]), (&json!("out"), &json!("BUY")));
        assert_ne!(opening["executionId"], closing["executionId"]);
    }

    #[test]
    fn reports_of_fix_become_executions_corrections_and_orders() {
        let (format, items) = convert(FIX, &of_platform());
        assert_eq!((format, items.len()), (Format::Fix44, 8));
        let kinds = |line: usize| -> Vec<Value> {
            items[line - 1].1.as_array().unwrap().iter().map(|event| event["kind"].clone()).collect()
        };
        assert_eq!(kinds(1), ["order"]);
        assert_eq!(items[1].1, json!({"skipped": "other messages than execution reports"}));
        for line in [3, 4, 6, 7] {
            assert_eq!(kinds(line), ["execution", "order"], "{line}");
        }
        let execution = json!({
            "kind": "execution", "platform": "mt5", "eventId": "fix-e1-4", "account": "500125",
            "at": "2026-03-02T08:15:01Z", "executionId": "e1", "orderId": "900", "symbol": "EURUSD", "side": "BUY",
            "quantity": "0.40", "price": "1.08400"
        });
        assert_eq!(items[2].1[0], execution);
        let order = json!({
            "kind": "order", "platform": "mt5", "eventId": "fix-order-e1-4", "account": "500125",
            "at": "2026-03-02T08:15:01Z", "orderId": "900", "state": "partially_filled", "type": "limit",
            "timeInForce": "GTC", "symbol": "EURUSD", "side": "BUY", "quantity": "1.00", "filledQuantity": "0.40",
            "limitPrice": "1.08400"
        });
        assert_eq!(items[2].1[1], order);
        let correction = &items[4].1[0];
        assert_eq!(
            [&correction["executionId"], &correction["corrects"], &correction["action"], &correction["price"]],
            ["e3", "e2", "replace", "1.08380"]
        );
        assert_eq!([&items[7].1[0]["corrects"], &items[7].1[0]["action"]], ["e5", "cancel"]);
        assert_eq!(items[7].1[1]["state"], "cancelled");
        assert_eq!(items[5].1[0]["booked"]["commission"], "-3.50");
    }

    #[test]
    fn a_damaged_message_of_fix_is_refused() {
        let whole = FIX.lines().next().unwrap();
        let fault = |line: &str| convert(&format!("{line}\n"), &of_platform()).1[0].1.clone();
        assert!(fault(&whole.replace("38=1.00", "38=2.00")).as_str().unwrap().starts_with("damaged: CheckSum (10)"));
        assert!(fault(&whole.replace("\u{1}9=", "\u{1}9=1")).as_str().unwrap().starts_with("damaged: "));
        let broken = fault(&whole[..whole.len() - 20]);
        assert!(broken.as_str().unwrap().starts_with("invalid: "), "{broken}");
        let older = fault("8=FIX.4.2|35=8|150=F|");
        assert_eq!(older, "invalid: BeginString (8): FIX.4.2 is not FIX.4.4");
        let without_sum = fault("8=FIX.4.4|35=8|1=7|17=e9|37=1|39=8|150=8|55=EURUSD|60=20260302-08:15:00|");
        assert_eq!(without_sum[0]["state"], "rejected");
    }

    #[test]
    fn our_own_columns_become_members() {
        let text = "kind;eventId;account;at;executionId;symbol;side;quantity;price;booked.profit;bookedSwap;sequence;\
                    colour\nexecution;d-1;7;2026-03-02T08:15:00Z;1;EURUSD;BUY;0,5;1,0837;;-0,1;017;red\n\
                    quote;;;2026-03-02T08:15:00Z;;EURUSD;;;;;;;\n";
        let (format, items) = convert(text, &of_platform());
        assert_eq!(format, Format::Csv);
        let execution = json!({
            "kind": "execution", "eventId": "d-1", "account": "7", "at": "2026-03-02T08:15:00Z", "executionId": "1",
            "symbol": "EURUSD", "side": "BUY", "quantity": "0.5", "price": "1.0837", "sequence": "017",
            "booked": {"swap": "-0.1"}, "platform": "mt5"
        });
        assert_eq!(items[0].1[0], execution);
        assert_eq!(items[1].1[0]["kind"], "quote");
        assert_eq!(reader(text, &of_platform()).unwrap().unknown_columns(), ["colour"]);
    }

    #[test]
    fn json_is_told_by_its_beginning_and_passed_on_as_it_is() {
        let line = "{\"quantity\": 0.500000000001, \"x\": 1}";
        for (text, count) in [(format!("\n{line}\n{line}"), 2), (format!("[{line},{line},\n{line}]"), 3)] {
            let mut reader = reader(&text, &Hints::default()).unwrap();
            assert_eq!(reader.format, Format::Json);
            let items: Vec<Item> = std::iter::from_fn(|| reader.next().unwrap()).collect();
            assert_eq!(items.len(), count);
            assert!(items.iter().all(|item| item.content == Content::Events(vec![line.into()])));
        }
        let unknown = reader("a,b\n1,2\n", &Hints::default()).err().unwrap();
        assert!(unknown.message.contains("which begins: a,b"), "{unknown}");
        assert!(reader("", &Hints::default()).unwrap().next().unwrap().is_none());
    }
}
