//! Execution reports of FIX 4.4, one message a line, as a drop copy or a log has them.
//!
//! Tags and values are those of the FIX 4.4 specification, volume 7. Times are in UTC.

use super::event::Event;
use super::item::{Content, Fault};
use super::times;
use super::volume::Volume;

const SOH: u8 = 1;

pub(super) struct FixReports {
    pub(super) platform: String,
    pub(super) account: Option<String>,
    /// None leaves it to the settings of the platform.
    pub(super) volume_unit: Option<Volume>,
}

/// Whether a line holds a message of FIX.
pub(super) fn fits(line: &[u8]) -> bool {
    beginning(line).is_some()
}

/// Where the message begins: a log may have a time before it.
fn beginning(line: &[u8]) -> Option<usize> {
    line.windows(6).position(|part| part == b"8=FIX.")
}

/// A message: its fields in order.
struct Message<'a>(Vec<(u32, &'a str)>);

impl<'a> Message<'a> {
    /// Reads a message, and verifies its length and check sum if it has them.
    fn read(line: &'a [u8]) -> Result<Message<'a>, Fault> {
        let start = beginning(line).ok_or_else(|| Fault::invalid("no message of FIX: it begins with 8=FIX.4.4"))?;
        let bytes = line[start..].trim_ascii_end();
        // Logs often show the separator as a bar.
        let separator = bytes.iter().copied().find(|byte| matches!(*byte, SOH | b'|')).unwrap_or(SOH);
        let text = std::str::from_utf8(bytes).map_err(|_| Fault::invalid("the message is not UTF-8"))?;
        let is_complete = text.ends_with(char::from(separator));
        let mut fields: Vec<(u32, &str)> = Vec::with_capacity(32);
        let (mut at, mut body, mut sum) = (0, 0, 0_u32);
        for part in text.trim_end_matches(char::from(separator)).split(char::from(separator)) {
            let (tag, value) = part.split_once('=').ok_or_else(|| Fault::invalid(format!("{part} has no tag")))?;
            let tag: u32 = tag.parse().map_err(|_| Fault::invalid(format!("{tag} is not a tag")))?;
            let end = at + part.len() + 1;
            match tag {
                10 => {
                    check("CheckSum (10)", value, sum % 256)?;
                    let body = u32::try_from(at - body).unwrap_or(u32::MAX);
                    if let Some((_, length)) = fields.iter().find(|(tag, _)| *tag == 9) {
                        check("BodyLength (9)", length, body)?;
                    }
                }
                _ => {
                    // The separator counts as SOH, whatever the log shows.
                    sum = part.bytes().fold(sum, |sum, byte| sum.wrapping_add(u32::from(byte))) + u32::from(SOH);
                }
            }
            if tag == 9 {
                body = end;
            }
            fields.push((tag, value));
            at = end;
        }
        let message = Message(fields);
        if message.get(10).is_none() && !is_complete {
            return Err(Fault::invalid("the message breaks off: it has no check sum and no separator at its end"));
        }
        Ok(message)
    }

    fn get(&self, tag: u32) -> Option<&'a str> {
        self.0.iter().find(|(found, _)| *found == tag).map(|(_, value)| *value).filter(|value| !value.is_empty())
    }

    fn required(&self, tag: u32, name: &str) -> Result<&'a str, Fault> {
        self.get(tag).ok_or_else(|| Fault::invalid(format!("{name} ({tag}): required")))
    }
}

fn check(what: &str, said: &str, found: u32) -> Result<(), Fault> {
    match said.parse::<u32>() {
        Ok(said) if said == found => Ok(()),
        _ => Err(Fault::new("damaged", format!("{what} is {said}, and the message gives {found}"))),
    }
}

impl FixReports {
    pub(super) fn convert(&self, line: &[u8]) -> Result<Content, Fault> {
        let message = Message::read(line)?;
        match message.get(8) {
            Some("FIX.4.4") => {}
            other => {
                let version = other.unwrap_or_default();
                return Err(Fault::invalid(format!("BeginString (8): {version} is not FIX.4.4")));
            }
        }
        if message.required(35, "MsgType")? != "8" {
            return Ok(Content::Skipped("other messages than execution reports"));
        }
        let report = Report { message, reports: self };
        let kind = report.message.required(150, "ExecType")?;
        let mut events = Vec::new();
        match kind {
            "F" => events.push(report.execution()?),
            "G" => events.push(report.correction("replace")?),
            "H" => events.push(report.correction("cancel")?),
            _ => {}
        }
        events.extend(report.order(kind)?);
        match events.is_empty() {
            true => Ok(Content::Skipped("reports that change nothing")),
            false => Ok(Content::Events(events)),
        }
    }
}

struct Report<'a> {
    message: Message<'a>,
    reports: &'a FixReports,
}

impl Report<'_> {
    /// The members that all events have. The number of the message belongs to the id: a report that is sent again with
    /// a new number is another event, about the same execution.
    fn event(&self, kind: &str, prefix: &str) -> Result<Event, Fault> {
        let message = &self.message;
        let execution = message.required(17, "ExecID")?;
        let number = message.get(34).map(|number| format!("-{number}")).unwrap_or_default();
        let account = message.get(1).or(self.reports.account.as_deref());
        let account = account
            .ok_or_else(|| Fault::invalid("Account (1): required; name the account of the file with --account"))?;
        let time = message.get(60).or(message.get(52));
        let time = time.ok_or_else(|| Fault::invalid("TransactTime (60): required"))?;
        Ok(Event::new(kind)
            .text("platform", &self.reports.platform)
            .text("eventId", &format!("fix-{prefix}{execution}{number}"))
            .text("account", account)
            .text("at", &times::fix_utc(time)?))
    }

    fn order_id(&self) -> Option<&str> {
        // Venues write NONE for an order that they do not know.
        self.message.get(37).filter(|id| *id != "NONE").or(self.message.get(11))
    }

    fn side(&self) -> Result<Option<&'static str>, Fault> {
        Ok(match self.message.get(54) {
            None => None,
            Some("1" | "3") => Some("BUY"),
            Some("2" | "4" | "5" | "6") => Some("SELL"),
            Some(other) => return Err(Fault::invalid(format!("Side (54): {other} is not supported"))),
        })
    }

    /// A quantity and its unit.
    fn quantity(&self, tag: u32) -> Result<(Option<String>, Option<&'static str>), Fault> {
        Ok(match (self.message.get(tag), self.reports.volume_unit) {
            (None, _) => (None, None),
            (Some(text), None) => (Some(text.to_owned()), None),
            (Some(text), Some(unit)) => {
                let (quantity, unit) = unit.quantity(text)?;
                (Some(quantity), unit)
            }
        })
    }

    fn execution(&self) -> Result<String, Fault> {
        let message = &self.message;
        message.required(31, "LastPx")?;
        message.required(32, "LastQty")?;
        message.required(54, "Side")?;
        let event = self
            .event("execution", "")?
            .text("executionId", message.required(17, "ExecID")?)
            .maybe("orderId", self.order_id())
            // The position at platforms that send one (PosMaintRptID), and what the fill does to it.
            .maybe("positionRef", message.get(721))
            .maybe("entry", self.effect());
        Ok(self.figures(event)?.finish())
    }

    fn effect(&self) -> Option<&'static str> {
        match self.message.get(77) {
            Some("O") => Some("in"),
            Some("C") => Some("out"),
            _ => None,
        }
    }

    fn correction(&self, action: &str) -> Result<String, Fault> {
        let message = &self.message;
        let execution = message.required(17, "ExecID")?;
        let corrected = message.required(19, "ExecRefID")?;
        let event = self
            .event("correction", "")?
            .text("executionId", execution)
            .text("corrects", corrected)
            .text("action", action);
        Ok(if action == "replace" { self.figures(event)? } else { event }.finish())
    }

    /// What was traded, and what it cost.
    fn figures(&self, event: Event) -> Result<Event, Fault> {
        let message = &self.message;
        let (quantity, unit) = self.quantity(32)?;
        let event = event
            .maybe("symbol", message.get(55))
            .maybe("side", self.side()?)
            .maybe("quantity", quantity)
            .maybe("volumeUnit", unit)
            .maybe("price", message.get(31));
        // Commission is what the client pays: positive in the message, negative on the account.
        let Some(commission) = message.get(12).filter(|_| message.get(13) == Some("3")) else { return Ok(event) };
        let signed = match commission.strip_prefix('-') {
            Some(rebate) => rebate.to_owned(),
            None => format!("-{commission}"),
        };
        Ok(event.object(
            "booked",
            &[("commission", Some(signed)), ("commissionCurrency", message.get(479).map(str::to_owned))],
        ))
    }

    /// What the report says of the order; none if nothing that counts.
    fn order(&self, kind: &str) -> Result<Option<String>, Fault> {
        let message = &self.message;
        let state = match (kind, message.get(39)) {
            ("0", _) => "new",
            ("4", _) => "cancelled",
            ("5", _) => "amended",
            ("8", _) => "rejected",
            ("C", _) => "expired",
            ("F" | "G" | "H", Some("1")) => "partially_filled",
            ("F" | "G" | "H", Some("2")) => "filled",
            ("G" | "H", Some("0")) => "new",
            ("F" | "G" | "H", Some("4")) => "cancelled",
            ("F" | "G" | "H", Some("C")) => "expired",
            _ => return Ok(None),
        };
        let Some(order) = self.order_id() else { return Ok(None) };
        let (quantity, unit) = self.quantity(38)?;
        let (filled, _) = self.quantity(14)?;
        let stop_type = |text| match text {
            "1" => Some("market"),
            "2" => Some("limit"),
            "3" => Some("stop"),
            "4" => Some("stop_limit"),
            _ => None,
        };
        let force = |text| match text {
            "0" => Some("DAY"),
            "1" => Some("GTC"),
            "3" => Some("IOC"),
            "4" => Some("FOK"),
            "6" => Some("GTD"),
            _ => None,
        };
        let expires_at = message.get(126).map(times::fix_utc).transpose()?;
        let event = self
            .event("order", "order-")?
            .text("orderId", order)
            .text("state", state)
            .maybe("type", message.get(40).and_then(stop_type))
            .maybe("timeInForce", message.get(59).and_then(force))
            .maybe("symbol", message.get(55))
            .maybe("side", self.side()?)
            .maybe("quantity", quantity)
            .maybe("filledQuantity", filled)
            .maybe("volumeUnit", unit)
            .maybe("limitPrice", message.get(44))
            .maybe("stopPrice", message.get(99))
            .maybe("expiresAt", expires_at)
            .maybe("comment", message.get(58));
        Ok(Some(event.finish()))
    }
}
