//! What the tests of Helix share: callers at its mount, its envelope, customers with accounts and money.

use super::harness::{Caller, Reply, Server, unique};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Any caller, at the mount of Helix.
pub(crate) fn at<'a>(server: &'a Server, caller: &Caller<'a>) -> Caller<'a> {
    caller.at(&format!("{}/helix", server.url()))
}

/// The API client of the development server, which may do everything, at the mount of Helix.
pub(crate) fn admin(server: &Server) -> Caller<'_> {
    let (key, secret) = server.api_client("helix");
    at(server, &basic(server, &key, &secret))
}

/// A caller with a key and a secret.
pub(crate) fn basic<'a>(server: &'a Server, key: &str, secret: &str) -> Caller<'a> {
    server.anyone().with("Authorization", &format!("Basic {}", STANDARD.encode(format!("{key}:{secret}"))))
}

impl Reply {
    /// Asserts success in the envelope, and returns the data.
    #[track_caller]
    pub(crate) fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{}: {}", self.call(), self.text);
        let mut body = self.json();
        assert_eq!((&body["status"], &body["errors"]), (&json!(200), &json!([])), "{}: {}", self.call(), self.text);
        assert_eq!(body["requestId"].as_str(), self.header("x-request-id"), "{}", self.call());
        body["data"].take()
    }

    /// Asserts this refusal in the envelope.
    #[track_caller]
    pub(crate) fn fails(&self, status: u16, code: u32) {
        assert_eq!(self.status, status, "{code}: {}: {}", self.call(), self.text);
        let body = self.json();
        assert_eq!(body["errors"][0]["code"], code, "{}: {}", self.call(), self.text);
        assert!(!body["errors"][0]["message"].as_str().unwrap().is_empty());
        assert_eq!((&body["status"], body.get("data")), (&json!(status), None), "{}", self.text);
        assert_eq!(body["requestId"].as_str(), self.header("x-request-id"), "{}", self.call());
    }

    /// Asserts the sentence of an error.
    #[track_caller]
    pub(crate) fn says(&self, sentence: &str) {
        assert_eq!(self.json()["errors"][0]["message"], sentence, "{}", self.call());
    }
}

/// Posts these members; panics unless it succeeds, and returns the data.
#[track_caller]
pub(crate) fn post(api: &Caller<'_>, path: &str, body: &Value) -> Value {
    api.post(path, body).data()
}

#[track_caller]
pub(crate) fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is not a whole number"))
}

/// Creates a customer; returns its number.
#[track_caller]
pub(crate) fn customer(api: &Caller<'_>) -> i64 {
    let body = json!({"firstName": "Joey", "lastName": unique("McTester")});
    number(&post(api, "/customer/create", &body)["customerId"])
}

/// Opens an account of this type; returns its number.
#[track_caller]
pub(crate) fn account(api: &Caller<'_>, customer: i64, kind: &str) -> i64 {
    let body = json!({"customerId": customer, "name": unique("Account"), "type": kind});
    number(&post(api, "/account/create", &body)["accountId"])
}

/// The number of the reserve.
#[track_caller]
pub(crate) fn reserve(api: &Caller<'_>) -> i64 {
    number(&api.get("/program/get").data()["accounts"][0]["programAccountId"])
}

/// Pays money from the reserve to an account.
#[track_caller]
pub(crate) fn fund(api: &Caller<'_>, customer: i64, account: i64, amount: &str) {
    let body = json!({"customerId": customer, "fromId": reserve(api), "toId": account, "amount": amount});
    post(api, "/transfer/create", &body);
}

/// The object of an account as one customer sees it.
#[track_caller]
pub(crate) fn seen(api: &Caller<'_>, customer: i64, account: i64) -> Value {
    api.get(&format!("/account/get/{customer}/{account}")).data()
}

/// Amounts of an account exactly as written: balance, available, pending.
#[track_caller]
pub(crate) fn balances(api: &Caller<'_>, customer: i64, account: i64) -> [String; 3] {
    let reply = api.get(&format!("/account/get/{customer}/{account}"));
    reply.data();
    ["accountBalance", "availableBalance", "pendingBalance"].map(|name| reply.digits(&format!("data/{name}")))
}

/// The id of an account in the native API.
#[track_caller]
pub(crate) fn native_id(server: &Server, account: i64) -> String {
    let all = server.admin().get("/accounts?perPage=500").ok().json();
    let found = all["accounts"].as_array().unwrap().iter().find(|found| found["number"] == account);
    found.unwrap_or_else(|| panic!("no account {account} in {all}"))["id"].as_str().unwrap().to_owned()
}

/// The id of a customer in the native API.
#[track_caller]
pub(crate) fn native_client(server: &Server, customer: i64) -> String {
    let all = server.admin().get("/profiles?perPage=500").ok().json();
    let found = all["profiles"].as_array().unwrap().iter().find(|found| found["number"] == customer);
    found.unwrap_or_else(|| panic!("no client {customer}"))["id"].as_str().unwrap().to_owned()
}
