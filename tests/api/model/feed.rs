//! A subscriber that reads every event once and keeps the latest figures of each account.

use super::file::Figures;
use crate::harness::Caller;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    events: Vec<Event>,
    next_after: String,
    has_more: bool,
}

#[derive(Deserialize)]
struct Event {
    seq: String,
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    balances: Vec<Line>,
}

/// Amounts as written: money must not pass through a binary float.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    account_id: Option<String>,
    amount: Option<Box<RawValue>>,
    balance: Box<RawValue>,
    held: Option<Box<RawValue>>,
    uncleared: Option<Box<RawValue>>,
    pending: Option<Box<RawValue>>,
    credit: Option<Box<RawValue>>,
}

fn minor(raw: Option<&RawValue>) -> i128 {
    raw.map_or(0, |raw| raw.get().replace('.', "").parse().unwrap())
}

/// What has been read so far.
#[derive(Default)]
pub(super) struct Feed {
    last: i64,
    accounts: BTreeMap<String, Figures>,
    /// The sums posted by entries.
    posted: BTreeMap<String, i128>,
}

impl Feed {
    /// Reads new events and returns the resulting figures. `credit_net` is never below zero.
    pub(super) fn read(&mut self, reader: &Caller<'_>) -> &BTreeMap<String, Figures> {
        loop {
            let text = reader.get(&format!("/events?after={}&limit=1000", self.last)).ok().text;
            let page: Page = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            for event in page.events {
                self.take(event);
            }
            assert_eq!(page.next_after, self.last.to_string(), "a reader who sees everything sees every number");
            if !page.has_more {
                return &self.accounts;
            }
        }
    }

    fn take(&mut self, event: Event) {
        self.last += 1;
        assert_eq!(event.seq, self.last.to_string(), "events have no gap");
        for line in event.data.balances {
            let Some(account) = line.account_id else { continue };
            let reported = Figures {
                balance: minor(Some(&line.balance)),
                held: minor(line.held.as_deref()),
                uncleared: minor(line.uncleared.as_deref()),
                pending: minor(line.pending.as_deref()),
                credit_net: minor(line.credit.as_deref()),
            };
            let posted = self.posted.entry(account.clone()).or_default();
            if event.kind == "entry.posted" {
                *posted += minor(line.amount.as_deref());
            }
            assert_eq!(reported.balance, *posted, "event {} does not continue those before it", event.seq);
            self.accounts.insert(account, reported);
        }
    }
}
