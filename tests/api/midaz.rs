//! What the tests of Midaz share: callers at its mount, its envelope, and a ledger of their own.

use super::harness::{Caller, Reply, Server};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

/// The administrator, at the mount of Midaz.
pub(crate) fn admin(server: &Server) -> Caller<'_> {
    at(server, &server.admin())
}

/// Any caller, at the mount of Midaz.
pub(crate) fn at<'a>(server: &'a Server, caller: &Caller<'a>) -> Caller<'a> {
    caller.at(&format!("{}/midaz", server.url()))
}

impl Reply {
    /// Asserts this status with a JSON body, and returns the body.
    #[track_caller]
    pub(crate) fn gives(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.call(), self.text);
        self.json()
    }

    /// Asserts that something was deleted.
    #[track_caller]
    pub(crate) fn deleted(&self) {
        assert_eq!((self.status, self.text.as_str()), (204, ""), "{}", self.call());
    }

    /// Asserts this refusal in Midaz's envelope, and returns the body.
    #[track_caller]
    pub(crate) fn coded(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.call(), self.text);
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.call());
        let body = self.json();
        assert_eq!(body["code"], code, "{}: {}", self.call(), self.text);
        assert!(!body["title"].as_str().unwrap().is_empty() && !body["message"].as_str().unwrap().is_empty());
        let has_fields = body.get("fields").is_some();
        assert!(!has_fields || ["0009", "0047", "0053"].contains(&code), "{body}");
        assert!(self.header("x-correlation-id").is_some());
        body
    }
}

/// A text of a JSON value.
#[track_caller]
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a text"))
}

/// An id that nobody has, as clients of Midaz send them.
pub(crate) fn new_id() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    format!("1b8037e8-459d-4bf4-a1f9-{:012x}", LAST.fetch_add(1, Ordering::Relaxed))
}

/// A ledger with an instrument and a portfolio, in an organization of their own.
pub(crate) struct Books<'a> {
    pub(crate) api: Caller<'a>,
    pub(crate) organization: String,
    pub(crate) ledger: String,
    pub(crate) portfolio: String,
    /// The client of the portfolio.
    pub(crate) entity: String,
}

pub(crate) fn new_organization() -> Value {
    json!({
        "legalName": "Moss Brokers AG",
        "legalDocument": "CHE-123.456.789",
        "address": {
            "line1": "Bahnhofstrasse 1", "zipCode": "8001", "city": "Zürich", "state": "ZH", "country": "CH",
        },
    })
}

impl<'a> Books<'a> {
    #[track_caller]
    pub(crate) fn new(server: &'a Server) -> Books<'a> {
        Books::of(admin(server))
    }

    /// In the name of this administrator.
    #[track_caller]
    pub(crate) fn of(api: Caller<'a>) -> Books<'a> {
        let made = |path: &str, body: &Value| text(&api.post(path, body).gives(201)["id"]).to_owned();
        let organization = made("/v1/organizations", &new_organization());
        let ledgers = format!("/v1/organizations/{organization}/ledgers");
        let ledger = made(&ledgers, &json!({"name": "Retail"}));
        let inside = |what: &str| format!("{ledgers}/{ledger}/{what}");
        made(&inside("instruments"), &json!({"name": "Swiss franc", "type": "currency", "code": "CHF"}));
        let entity = new_id();
        let portfolio = made(&inside("portfolios"), &json!({"name": "Savings", "entityId": entity}));
        Books { api, organization, ledger, portfolio, entity }
    }

    /// The path of the default ledger.
    #[track_caller]
    pub(crate) fn default_ledger(&self) -> String {
        let organizations = self.api.get("/v1/organizations").gives(200);
        let default = organizations.as_array().unwrap().last().unwrap();
        let ledgers = format!("/v1/organizations/{}/ledgers", text(&default["id"]));
        format!("{ledgers}/{}", text(&self.api.get(&ledgers).gives(200)[0]["id"]))
    }

    /// A path in the ledger.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/v1/organizations/{}/ledgers/{}/{rest}", self.organization, self.ledger)
    }

    /// The path of the accounts, or with `/{id}` of one.
    pub(crate) fn accounts(&self, rest: &str) -> String {
        self.path(&format!("portfolios/{}/accounts{rest}", self.portfolio))
    }

    /// Creates something in the ledger; returns its id.
    #[track_caller]
    pub(crate) fn made(&self, rest: &str, body: &Value) -> String {
        text(&self.api.post(&self.path(rest), body).gives(201)["id"]).to_owned()
    }

    /// Opens an account in francs; returns its id.
    #[track_caller]
    pub(crate) fn account(&self) -> String {
        self.account_with(&json!({}))
    }

    /// Opens an account in francs with further fields; returns its id.
    #[track_caller]
    pub(crate) fn account_with(&self, fields: &Value) -> String {
        let mut body = json!({"instrumentCode": "CHF", "type": "deposit"});
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        text(&self.api.post(&self.accounts(""), &body).gives(201)["id"]).to_owned()
    }
}
