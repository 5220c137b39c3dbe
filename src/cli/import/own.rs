//! Our own CSV: a column for each member of an event, a client or an account.

use std::collections::BTreeMap;

use super::event::Event;
use super::item::{Content, Fault};
use super::table::{Column, Header, Table};
use super::times::{self, Zone};

/// How the cells of a column become a member.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    Text,
    /// Texts with bars between them.
    List,
    Flag,
    Time,
    Number,
    /// JSON as it is.
    Json,
}

/// The members of events. `platform` and `account` can be left to the flags.
const MEMBERS: [(&str, Cell); 42] = [
    ("kind", Cell::Text),
    ("platform", Cell::Text),
    ("eventId", Cell::Text),
    ("account", Cell::Text),
    ("at", Cell::Time),
    ("sequence", Cell::Text),
    ("executionId", Cell::Text),
    ("corrects", Cell::Text),
    ("action", Cell::Text),
    ("orderId", Cell::Text),
    ("parentOrderId", Cell::Text),
    ("state", Cell::Text),
    ("type", Cell::Text),
    ("timeInForce", Cell::Text),
    ("expiresAt", Cell::Time),
    ("positionRef", Cell::Text),
    ("oppositeRef", Cell::Text),
    ("entry", Cell::Text),
    ("symbol", Cell::Text),
    ("side", Cell::Text),
    ("quantity", Cell::Number),
    ("filledQuantity", Cell::Number),
    ("volumeUnit", Cell::Text),
    ("price", Cell::Number),
    ("limitPrice", Cell::Number),
    ("stopPrice", Cell::Number),
    ("stopLoss", Cell::Number),
    ("takeProfit", Cell::Number),
    ("bid", Cell::Number),
    ("ask", Cell::Number),
    ("ratio", Cell::Number),
    ("profitRate", Cell::Number),
    ("marginRate", Cell::Number),
    ("reason", Cell::Text),
    ("operation", Cell::Text),
    ("amount", Cell::Number),
    ("comment", Cell::Text),
    ("purpose", Cell::Text),
    ("balance", Cell::Number),
    ("equity", Cell::Number),
    ("margin", Cell::Number),
    ("positions", Cell::Json),
];

/// The members of `booked`, in columns such as `booked.profit` or `bookedProfit`.
const BOOKED: [(&str, Cell); 7] = [
    ("profit", Cell::Number),
    ("commission", Cell::Number),
    ("swap", Cell::Number),
    ("fee", Cell::Number),
    ("balanceAfter", Cell::Number),
    ("commissionCurrency", Cell::Text),
    ("commissionRate", Cell::Number),
];

/// Which columns a file can have.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    members: &'static [(&'static str, Cell)],
    /// Members of an object in columns such as `booked.profit` or `bookedProfit`.
    nested: Option<(&'static str, &'static [(&'static str, Cell)])>,
    /// An object of texts in columns such as `custom.colour`: its name, and what the names of its columns begin with.
    texts: Option<(&'static str, &'static str)>,
    /// The column without which a file is of another kind.
    key: &'static str,
}

pub(super) const EVENTS: Shape =
    Shape { members: &MEMBERS, nested: Some(("booked", &BOOKED)), texts: None, key: "kind" };

impl Shape {
    pub(super) const fn new(members: &'static [(&'static str, Cell)], key: &'static str) -> Shape {
        Shape { members, nested: None, texts: None, key }
    }

    pub(super) const fn with_texts(self, object: &'static str, prefix: &'static str) -> Shape {
        Shape { texts: Some((object, prefix)), ..self }
    }

    /// The members of an object that none of these columns is for.
    pub(super) fn unknown_members(&self, text: &str) -> Vec<String> {
        let members: BTreeMap<String, serde::de::IgnoredAny> = serde_json::from_str(text).unwrap_or_default();
        let is_known = |name: &str| {
            self.members.iter().any(|(known, _)| *known == name) || self.texts.is_some_and(|(object, _)| object == name)
        };
        members.into_keys().filter(|name| !is_known(name)).collect()
    }

    /// Whether a file with this header has records of this kind.
    pub(super) fn fits(&self, header: &Header) -> bool {
        header.has(&[&self.key.to_lowercase()])
    }
}

type Columns = Vec<(&'static str, Cell, Column)>;

pub(super) struct OwnRecords {
    /// Members that every record has unless the file says otherwise.
    defaults: Vec<(&'static str, String)>,
    zone: Zone,
    columns: Columns,
    nested: Option<(&'static str, Columns)>,
    texts: Option<(&'static str, Vec<(String, Column)>)>,
}

impl OwnRecords {
    pub(super) fn new(
        header: &mut Header,
        shape: Shape,
        defaults: Vec<(&'static str, String)>,
        zone: &Zone,
    ) -> OwnRecords {
        let mut found = |prefix: &str, members: &'static [(&'static str, Cell)]| -> Columns {
            let columns = members.iter().map(|(name, cell)| {
                let plain = format!("{prefix}{}", name.to_lowercase());
                (*name, *cell, header.column(&[&plain]))
            });
            columns.filter(|(_, _, column)| column.exists()).collect()
        };
        let columns = found("", shape.members);
        let nested = shape.nested.map(|(object, members)| (object, found(object, members)));
        let texts = shape.texts.map(|(object, prefix)| (object, header.columns_of(prefix)));
        OwnRecords { defaults, zone: zone.clone(), columns, nested, texts }
    }

    pub(super) fn convert(&self, row: &Table) -> Result<Content, Fault> {
        let mut event = Event::default();
        for (name, cell, column) in &self.columns {
            let Some(text) = row.field(*column) else { continue };
            event = match cell {
                Cell::Text => event.text(name, text),
                Cell::List => event.list(name, text.split('|').map(str::trim).filter(|part| !part.is_empty())),
                Cell::Flag => match text.to_lowercase().as_str() {
                    "true" | "yes" | "1" => event.json(name, "true"),
                    "false" | "no" | "0" => event.json(name, "false"),
                    _ => return Err(Fault::invalid(format!("{name}: {text} is not true or false"))),
                },
                Cell::Time if self.zone.is_some() => event.text(name, &times::at(text, &self.zone)?),
                Cell::Time => event.text(name, text),
                Cell::Number => event.maybe(name, row.number(*column)?),
                Cell::Json => match serde_json::from_str::<&serde_json::value::RawValue>(text) {
                    Ok(json) => event.json(name, json.get()),
                    Err(_) => return Err(Fault::invalid(format!("{name}: not JSON"))),
                },
            };
        }
        for (name, value) in &self.defaults {
            let is_said = self.columns.iter().any(|(found, _, column)| found == name && row.field(*column).is_some());
            if !is_said {
                event = event.text(name, value);
            }
        }
        if let Some((object, columns)) = &self.nested {
            let mut members = Vec::with_capacity(columns.len());
            for (name, cell, column) in columns {
                let value = match cell {
                    Cell::Number => row.number(*column)?,
                    _ => row.field(*column).map(str::to_owned),
                };
                members.push((*name, value));
            }
            event = event.object(object, &members);
        }
        if let Some((object, columns)) = &self.texts {
            let member = |(name, column): &(String, Column)| (name.clone(), row.field(*column).map(str::to_owned));
            let members: Vec<_> = columns.iter().map(member).collect();
            event = event.object(object, &members);
        }
        Ok(Content::Events(vec![event.finish()]))
    }
}
