//! The setup that many tests share: a client, an account, money in it.

use super::callers::Caller;
use super::envelopes::Reply;
use super::process::{Server, unique};
use bursar::domain::clock::Moment;
use serde_json::{Value, json};

impl Server {
    /// Advances the sandbox clock by this many seconds; returns the new time.
    pub(crate) fn advance(&self, seconds: i64) -> Moment {
        let reply = self.admin().post("/sandbox/clock", &json!({"advance": seconds})).ok();
        Moment::parse(&reply.text_at("now")).unwrap()
    }
}

impl Caller<'_> {
    /// Creates a client; returns its id.
    #[track_caller]
    pub(crate) fn new_profile(&self) -> String {
        self.new_profile_with(&json!({}))
    }

    /// Creates a client with these fields and a unique e-mail address.
    #[track_caller]
    pub(crate) fn new_profile_with(&self, fields: &Value) -> String {
        let mut body = json!({"email": format!("{}@example.com", unique("client"))});
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.post("/profiles", &body).ok().text_at("id")
    }

    /// The id of the first group of this mode that offers a currency.
    #[track_caller]
    pub(crate) fn group(&self, currency: &str, is_demo: bool) -> String {
        let groups = self.get(&format!("/account-groups?currency={currency}")).ok().json();
        let mut groups = groups["groups"].as_array().unwrap().iter();
        let group = groups.find(|group| group["isDemo"] == is_demo).expect("a group");
        group["id"].as_str().unwrap().to_owned()
    }

    /// Opens an account for a new client in a live group; returns its id.
    #[track_caller]
    pub(crate) fn new_account(&self, currency: &str) -> String {
        let profile = self.new_profile();
        self.new_account_of(&profile, currency)
    }

    /// Opens an account for this client in a live group; returns its id.
    #[track_caller]
    pub(crate) fn new_account_of(&self, profile: &str, currency: &str) -> String {
        let group = self.group(currency, false);
        let body = json!({"profileId": profile, "currency": currency, "groupId": group});
        self.post("/accounts", &body).ok().text_at("account/id")
    }

    /// Deposits; returns the deal's id.
    #[track_caller]
    pub(crate) fn deposit(&self, account: &str, amount: &str) -> String {
        self.post(&format!("/accounts/{account}/deposit"), &json!({"amount": amount})).ok().text_at("dealId")
    }

    /// The balance of an account, exactly as written.
    #[track_caller]
    pub(crate) fn balance(&self, account: &str) -> String {
        self.get(&format!("/accounts/{account}")).ok().digits("balance")
    }

    /// The available balance of an account, exactly as written.
    #[track_caller]
    pub(crate) fn available(&self, account: &str) -> String {
        self.get(&format!("/accounts/{account}")).ok().digits("availableBalance")
    }

    /// Creates a movement by posting to a route such as `holds`; returns its id.
    #[track_caller]
    pub(crate) fn ask(&self, account: &str, movements: &str, amount: &str) -> String {
        self.post(&format!("/accounts/{account}/{movements}"), &json!({"amount": amount})).ok().text_at("id")
    }

    /// Posts an action on a movement, such as `/holds/{id}/release`.
    #[track_caller]
    pub(crate) fn step(&self, path: &str) -> Reply {
        self.post(path, &json!({}))
    }

    /// The deals of an account, newest first.
    #[track_caller]
    pub(crate) fn deals(&self, account: &str) -> Vec<Value> {
        self.get(&format!("/accounts/{account}/deals")).ok().json()["deals"].as_array().unwrap().clone()
    }
}
