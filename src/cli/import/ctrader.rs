//! Closed deals of cTrader, from its reports or from its API, and deals in general.

use super::event::Event;
use super::item::{Content, Fault};
use super::table::{Column, Header, Table};
use super::times::{self, Zone};
use super::volume::Volume;

pub(super) struct CtraderDeals {
    platform: String,
    account: Option<String>,
    zone: Zone,
    /// Units of the underlying, unless the file counts lots.
    volume_unit: Volume,
    derives_openings: bool,
    deal: Column,
    login: Column,
    position: Column,
    order: Column,
    symbol: Column,
    side: Column,
    /// Of the position, so the opposite of the closing deal's.
    opening_side: Column,
    volume: Column,
    entry_price: Column,
    price: Column,
    profit: Column,
    commission: Column,
    swap: Column,
    time: Column,
    opening_time: Column,
    profit_rate: Column,
}

/// Whether a file with this header holds closed deals of cTrader.
pub(super) fn fits(header: &Header) -> bool {
    header.has(&["dealid", "closingdealid"])
        && header.has(&["positionid"])
        && header.has(&["entryprice", "openingprice", "executionprice"])
}

impl CtraderDeals {
    pub(super) fn new(
        header: &mut Header,
        platform: &str,
        account: Option<&str>,
        zone: &Zone,
        volume_unit: Option<Volume>,
        derives_openings: bool,
    ) -> CtraderDeals {
        // What follows from the rest.
        for name in ["net", "netprofit", "balance", "pips", "grosspips", "netpips"] {
            header.column(&[name]);
        }
        let lots = header.column(&["lots", "quantity", "closingquantity"]);
        let units = header.column(&["closedvolume", "closingvolume", "filledvolume", "volume"]);
        let (volume, unit) = match units.exists() {
            true => (units, Volume::Units),
            false => (lots, Volume::Lots),
        };
        let time = header.column(&["executiontimestamp", "executiontime", "closingtime", "closetime", "time"]);
        CtraderDeals {
            platform: platform.to_owned(),
            account: account.map(str::to_owned),
            zone: zone.clone().or_else(|| times::zone_in(header.name(time))),
            volume_unit: volume_unit.unwrap_or(unit),
            derives_openings,
            deal: header.column(&["closingdealid", "dealid"]),
            login: header.column(&["login", "account", "accountid", "ctidtraderaccountid", "traderlogin"]),
            position: header.column(&["positionid"]),
            order: header.column(&["orderid"]),
            symbol: header.column(&["symbol", "symbolname"]),
            side: header.column(&["side", "tradeside", "closingdirection", "direction"]),
            opening_side: header.column(&["openingdirection"]),
            volume,
            entry_price: header.column(&["entryprice", "openingprice"]),
            price: header.column(&["closeprice", "closingprice", "executionprice"]),
            profit: header.column(&["grossprofit", "gross"]),
            commission: header.column(&["commission", "commissions"]),
            swap: header.column(&["swap"]),
            time,
            opening_time: header.column(&["entrytime", "openingtime", "opentime"]),
            profit_rate: header.column(&["quotetodepositconversionrate", "profitrate"]),
        }
    }

    pub(super) fn convert(&self, row: &Table) -> Result<Content, Fault> {
        let Some(deal) = row.field(self.deal) else { return Ok(Content::Skipped("without a deal")) };
        let account = row.field(self.login).or(self.account.as_deref());
        let account =
            account.ok_or_else(|| Fault::invalid("login: required; name the account of the file with --account"))?;
        let side = self.side_of(row)?;
        let volume = row.number(self.volume)?.ok_or_else(|| Fault::invalid("volume: required"))?;
        let (quantity, unit) = self.volume_unit.quantity(&volume)?;
        let position = row.required(self.position, "positionId")?;
        let at = times::at(row.required(self.time, "time")?, &self.zone)?;
        let (entry_price, price) = (row.number(self.entry_price)?, row.number(self.price)?);
        // A deal that opens has no entry price beside its own, and no profit.
        let is_closing = entry_price.is_some() && price.is_some();
        let own_price = price.or_else(|| entry_price.clone());
        let own_price = own_price.ok_or_else(|| Fault::invalid("closePrice: required"))?;
        let execution = |id: &str, at: &str, entry: &str, side: &str, price: &str| {
            Event::new("execution")
                .text("platform", &self.platform)
                .text("eventId", &format!("ctrader-deal-{id}"))
                .text("account", account)
                .text("at", at)
                .text("executionId", id)
                .text("positionRef", position)
                .text("entry", entry)
                .maybe("symbol", row.field(self.symbol))
                .text("side", side)
                .text("quantity", &quantity)
                .maybe("volumeUnit", unit)
                .text("price", price)
        };
        let mut events = Vec::new();
        if let (true, true, Some(entry_price)) = (self.derives_openings, is_closing, &entry_price) {
            let opened_at = match row.field(self.opening_time) {
                Some(time) => times::at(time, &self.zone)?,
                None => at.clone(),
            };
            let opposite = if side == "BUY" { "SELL" } else { "BUY" };
            let opening = execution(&format!("{deal}:opening"), &opened_at, "in", opposite, entry_price);
            events.push(opening.object("booked", &[("profit", Some("0".into()))]).finish());
        }
        let event = execution(deal, &at, if is_closing { "out" } else { "in" }, side, &own_price)
            .maybe("orderId", row.field(self.order))
            .maybe("profitRate", row.number(self.profit_rate)?);
        // Deals are numbered as they happen. An opening that was derived has no number, so it comes before.
        let event = match deal.parse::<u64>() {
            Ok(number) => event.json("sequence", &number.to_string()),
            Err(_) => event,
        };
        let booked = [
            ("profit", row.number(self.profit)?),
            ("commission", row.number(self.commission)?),
            ("swap", row.number(self.swap)?),
        ];
        events.push(event.object("booked", &booked).finish());
        Ok(Content::Events(events))
    }

    fn side_of(&self, row: &Table) -> Result<&'static str, Fault> {
        let (text, is_opening) = match row.field(self.side) {
            Some(text) => (text, false),
            None => (row.required(self.opening_side, "side")?, true),
        };
        let is_buy = match text.to_lowercase().as_str() {
            "buy" | "1" => true,
            "sell" | "2" => false,
            _ => return Err(Fault::invalid(format!("side: {text} is not buy or sell"))),
        };
        Ok(if is_buy != is_opening { "BUY" } else { "SELL" })
    }
}
