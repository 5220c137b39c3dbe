//! Steps through the other dialects, where these have them: the calls, the refusals, and what is read there.

use super::books::{Account, Books, Reason};
use super::step::Action;
use super::transitions::Plan;
use super::world::ACCOUNTS;
use crate::b2core_access::{base, product_currency};
use crate::harness::{Caller, Reply, Server};
use crate::helix;
use crate::midaz;
use serde_json::{Value, json};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Dialect {
    Native,
    B2Core,
    Midaz,
    Helix,
}

impl Dialect {
    pub(super) const ALL: [Dialect; 4] = [Dialect::Native, Dialect::B2Core, Dialect::Midaz, Dialect::Helix];

    pub(super) fn is_replayed(self, reply: &Reply) -> bool {
        match self {
            Dialect::Native | Dialect::B2Core | Dialect::Helix => reply.is_replayed(),
            Dialect::Midaz => reply.header("x-idempotency-replayed") == Some("true"),
        }
    }

    /// An answer without what differs from call to call.
    pub(super) fn lasting(self, reply: &Reply) -> String {
        if self != Dialect::Helix {
            return reply.text.clone();
        }
        let mut body = reply.json();
        body.as_object_mut().unwrap().remove("requestId");
        body.to_string()
    }

    /// The reason for a refusal. Other dialects say less than the native one, so there it is the predicted reason if
    /// that looks like this.
    pub(super) fn reason(self, reply: &Reply, predicted: Result<(), Reason>) -> String {
        if self == Dialect::Native {
            return reply.text_at("details/0/reason");
        }
        let (code, message) = match self {
            Dialect::Helix => (reply.digits("errors/0/code"), reply.text_at("errors/0/message")),
            _ => (reply.text_at("code"), reply.text_at("message")),
        };
        match predicted {
            _ if message.contains("would become too large") => "BALANCE_OVERFLOW".to_owned(),
            Err(reason) if self.spelling(reason) == (reply.status, code.as_str()) => reason.to_owned(),
            _ => format!("{} {code}", reply.status),
        }
    }

    /// What a refusal with this reason looks like.
    fn spelling(self, reason: Reason) -> (u16, &'static str) {
        match (self, reason) {
            (
                Dialect::B2Core,
                "INVALID_FIELD" | "PROFILE_PENDING" | "PROFILE_DENIED" | "PROFILE_DECEASED" | "PROFILE_ARCHIVED",
            ) => (400, "validation_failed"),
            (Dialect::B2Core, "INSUFFICIENT_FUNDS") => (400, "insufficient_funds"),
            (Dialect::B2Core, "BALANCE_NOT_ZERO") => (400, "balance_not_zero"),
            (Dialect::B2Core, "HOLDS_LEFT" | "PENDING_LEFT") => (400, "account_in_use"),
            (Dialect::B2Core, "CREDITS_OFF" | "DEBITS_OFF") => (403, "operation_not_permitted"),
            (Dialect::B2Core, "ACCOUNT_ARCHIVED") => (409, "account_archived"),
            (Dialect::B2Core, "ACCOUNT_CLOSING") => (409, "account_closing"),
            (Dialect::B2Core, "ACCOUNT_LOCKED") => (409, "account_locked"),
            (
                Dialect::B2Core,
                "ACCOUNT_PENDING_APPROVAL" | "ACCOUNT_INACTIVE" | "ACCOUNT_DORMANT" | "NEEDS_APPROVAL",
            ) => (409, "conflict"),
            (Dialect::Midaz, "BALANCE_NOT_ZERO" | "HOLDS_LEFT" | "PENDING_LEFT") => (400, "0012"),
            (Dialect::Midaz, "PROFILE_DENIED" | "PROFILE_DECEASED" | "PROFILE_ARCHIVED") => (400, "0008"),
            (Dialect::Midaz, "NOT_FOUND") => (404, "0007"),
            (Dialect::Helix, "ACCOUNT_ARCHIVED") => (400, "61205"),
            (Dialect::Helix, "LOCK_KEPT_ON_LOCKING") => (400, "61206"),
            (Dialect::Helix, "LOCK_KEPT_ON_UNLOCKING") => (400, "61302"),
            other => panic!("{other:?}"),
        }
    }
}

impl Books {
    /// Whether a dialect accepts a translated step.
    pub(super) fn predict_in(&self, dialect: Dialect, what: &Action, is_second: bool) -> Result<(), Reason> {
        match *what {
            // Midaz does not show what is closed.
            Action::SetFlags(number, ..) | Action::ArchiveAccount(number)
                if dialect == Dialect::Midaz && self.accounts[number].life == "closed" =>
            {
                Err("NOT_FOUND")
            }
            // Helix keeps locks of the system, whoever calls; anyone may set them.
            Action::Lock(number, ..) | Action::Unlock(number) if dialect == Dialect::Helix => {
                self.predict_change(number)?;
                match (self.accounts[number].is_lock_kept, what) {
                    (true, Action::Lock(..)) => Err("LOCK_KEPT_ON_LOCKING"),
                    (true, _) => Err("LOCK_KEPT_ON_UNLOCKING"),
                    (false, _) => Ok(()),
                }
            }
            // B2Core opens no account that waits for the review of its client.
            Action::OpenAccount(client, ..)
                if dialect == Dialect::B2Core && self.clients[client].status == "PENDING" =>
            {
                Err("PROFILE_PENDING")
            }
            _ => self.predict(what, is_second),
        }
    }
}

/// The other dialects of a server.
pub(super) struct Others<'a> {
    server: &'a Server,
    admin: Caller<'a>,
    /// Midaz's path of the portfolios in the default ledger.
    portfolios: String,
    /// B2Core's product currencies, in the order of [`ACCOUNTS`].
    offers: Vec<i64>,
}

impl<'a> Others<'a> {
    /// `groups`: the names of the groups, in the order of [`ACCOUNTS`].
    pub(super) fn of(server: &'a Server, groups: &[&str]) -> Others<'a> {
        let first = |path: &str| midaz::text(&midaz::admin(server).get(path).gives(200)[0]["id"]).to_owned();
        let organization = first("/v1/organizations");
        let ledger = first(&format!("/v1/organizations/{organization}/ledgers"));
        let offer = |(group, of): (&&str, &(&str, &str, _, _, _, _))| product_currency(server, group, of.1);
        Others {
            server,
            admin: server.admin(),
            portfolios: format!("/v1/organizations/{organization}/ledgers/{ledger}/portfolios"),
            offers: groups.iter().zip(&ACCOUNTS).map(offer).collect(),
        }
    }

    /// A caller in a dialect.
    pub(super) fn at(&self, dialect: Dialect, caller: &Caller<'a>) -> Caller<'a> {
        match dialect {
            Dialect::Native => caller.clone(),
            Dialect::B2Core => caller.at(&base(self.server)),
            Dialect::Midaz => midaz::at(self.server, caller),
            Dialect::Helix => helix::at(self.server, caller),
        }
    }

    /// Midaz's path of an account.
    fn filed(&self, of: &Account) -> String {
        let portfolio = self.admin.get(&format!("/accounts/{}", of.id)).ok().text_at("portfolioId");
        format!("{}/{portfolio}/accounts/{}", self.portfolios, of.id)
    }

    /// The path of a client's own portfolio, which it has from its first account on.
    fn portfolio_of(&self, client: &str) -> Option<String> {
        let all = self.at(Dialect::Midaz, &self.admin).get(&self.portfolios).gives(200);
        let own = all.as_array().unwrap().iter().find(|of| of["entityId"] == client)?;
        Some(format!("{}/{}", self.portfolios, midaz::text(&own["id"])))
    }

    /// The call of a dialect for a step, with the step as the dialect means it; none if it has no such call.
    pub(super) fn translate(&self, dialect: Dialect, what: &Action, books: &Books) -> Option<(Action, Plan)> {
        match dialect {
            Dialect::Native => None,
            Dialect::B2Core => self.translate_to_b2core(what, books),
            Dialect::Midaz => self.translate_to_midaz(what, books),
            Dialect::Helix => translate_to_helix(what, books),
        }
    }

    fn translate_to_b2core(&self, what: &Action, books: &Books) -> Option<(Action, Plan)> {
        let of = |number: usize| &books.accounts[number];
        let on = |number: usize, rest: &str| format!("/accounts/{}{rest}", of(number).number);
        let plan = match *what {
            Action::Post(number, "deposit", minor) => {
                let amount = of(number).text(minor.into());
                let body = json!({"accountId": of(number).number, "methodId": 1, "amount": amount});
                Plan::new("POST", "/deposits".to_owned(), body)
            }
            Action::Post(number, "BALANCE", minor) if of(number).is_wallet => {
                let body = json!({"amount": of(number).text(minor.into())});
                Plan::new("PATCH", on(number, "/balance"), body)
            }
            Action::Post(number, "withdraw", minor) => {
                return self.translate_to_b2core(&Action::Post(number, "BALANCE", -minor), books);
            }
            Action::SetFlags(number, credits, debits) => {
                let mut words =
                    vec!["enabled", "exchange", "trade", "transferDeposit", "transferWithdrawal", "visible"];
                words.extend(credits.then_some("deposit"));
                words.extend(debits.then_some("withdrawal"));
                Plan::new("PUT", on(number, ""), json!({"permissions": words}))
            }
            Action::ArchiveAccount(number) if !of(number).is_wallet => {
                Plan::new("POST", on(number, "/archive"), json!({}))
            }
            Action::OpenAccount(client, sort, _) => {
                let client_id = books.clients[client].number;
                let body = json!({"productCurrencyId": self.offers[sort], "clientId": client_id});
                return Some((
                    Action::OpenAccount(client, sort, false),
                    Plan::new("POST", "/accounts".to_owned(), body),
                ));
            }
            _ => return None,
        };
        Some((what.clone(), plan))
    }

    fn translate_to_midaz(&self, what: &Action, books: &Books) -> Option<(Action, Plan)> {
        let filed = |number: usize| self.filed(&books.accounts[number]);
        let plan = match *what {
            Action::SetFlags(number, credits, debits) => {
                Plan::new("PATCH", filed(number), json!({"allowReceiving": credits, "allowSending": debits}))
            }
            Action::ArchiveAccount(number) => Plan::new("DELETE", filed(number), Value::Null),
            // Without a product it is a wallet.
            Action::OpenAccount(client, sort, _) if ACCOUNTS[sort].0 == "live-wallet" => {
                let path = format!("{}/accounts", self.portfolio_of(&books.clients[client].id)?);
                let body = json!({"instrumentCode": ACCOUNTS[sort].1, "type": "deposit"});
                return Some((Action::OpenAccount(client, sort, false), Plan::new("POST", path, body)));
            }
            _ => return None,
        };
        Some((what.clone(), plan))
    }

    /// What the model needs to know of a success, as the native dialect would answer; asserts the rest.
    pub(super) fn answer(&self, dialect: Dialect, what: &Action, reply: &Reply, books: &Books) -> Value {
        let shown = if reply.status == 204 { Value::Null } else { reply.json() };
        match *what {
            Action::OpenAccount(..) => {
                let find = |query: String| self.admin.get(&format!("/accounts?{query}")).ok().json()["accounts"].take();
                let account = match dialect {
                    Dialect::Midaz => self.admin.get(&format!("/accounts/{}", midaz::text(&shown["id"]))).ok().json(),
                    _ => find(format!("number={}", shown["accountId"]))[0].take(),
                };
                return json!({"account": account});
            }
            Action::Post(number, "deposit", minor) => {
                let of = &books.accounts[number];
                let expected = (&json!(of.text(minor.into())), &json!("done"), &json!(of.number));
                assert_eq!((&shown["amount"], &shown["status"], &shown["accountId"]), expected, "{shown}");
            }
            Action::SetFlags(_, credits, debits) if dialect == Dialect::B2Core => {
                let has = |word| shown["permissions"].as_array().unwrap().contains(&json!(word));
                assert_eq!((has("deposit"), has("withdrawal")), (credits, debits), "{shown}");
            }
            Action::SetFlags(_, credits, debits) => {
                let flags = (&shown["allowReceiving"], &shown["allowSending"]);
                assert_eq!(flags, (&json!(credits), &json!(debits)), "{shown}");
            }
            Action::Lock(number, ..) | Action::Unlock(number) => {
                assert_eq!(shown["data"], json!({"accountId": books.accounts[number].number}), "{shown}");
            }
            _ => assert_eq!(shown, Value::Null, "{what:?}"),
        }
        Value::Null
    }

    /// Asserts that each dialect shows an account as the model knows it. `is_free_known`: what is free is known, too.
    pub(super) fn check_account(&self, of: &Account, portfolio: &str, is_free_known: bool, customer: i64) {
        self.check_in_helix(of, customer);
        let b2core = self.at(Dialect::B2Core, &self.admin);
        let shown = b2core.get(&format!("/accounts/{}/balance", of.number)).ok();
        assert_eq!(shown.text_at("balance"), of.text(of.balance), "{}", of.id);
        let path = format!("{}/{portfolio}/accounts/{}", self.portfolios, of.id);
        let shown = self.at(Dialect::Midaz, &self.admin).get(&path);
        if of.life == "closed" {
            shown.coded(404, "0007");
            return;
        }
        let shown = shown.gives(200);
        let figure = |name: &str| i128::from(shown["balance"][name].as_i64().unwrap());
        assert_eq!(figure("available") + figure("onHold"), of.balance, "{shown}");
        assert!(!is_free_known || figure("available") == of.available(), "{shown}");
        let expected = (json!(of.decimals), json!(of.allows_credits), json!(of.allows_debits));
        let shown = (shown["balance"]["scale"].clone(), shown["allowReceiving"].clone(), shown["allowSending"].clone());
        assert_eq!(shown, expected, "{path}");
    }

    /// Asserts that Helix shows an account as the model knows it to its primary customer.
    fn check_in_helix(&self, of: &Account, customer: i64) {
        let api = self.at(Dialect::Helix, &self.admin);
        let reply = api.get(&format!("/account/get/{customer}/{}", of.number));
        let shown = reply.data();
        let figures =
            ["accountBalance", "availableBalance", "pendingBalance"].map(|name| reply.digits(&format!("data/{name}")));
        assert_eq!(figures, [of.balance, of.available(), of.pending].map(|minor| of.text(minor)), "{shown}");
        let kind = if of.lock == "none" {
            "UNL"
        } else if of.is_lock_kept {
            "SYS"
        } else {
            "CST"
        };
        assert_eq!(
            (shown["lockTypeCode"].as_str(), shown["isPrimaryCustomer"].as_bool()),
            (Some(kind), Some(true)),
            "{shown}"
        );
    }
}

/// Only full locks: Helix has no others for callers.
fn translate_to_helix(what: &Action, books: &Books) -> Option<(Action, Plan)> {
    let key = |number: usize| {
        let of = &books.accounts[number];
        json!({"customerId": books.clients[of.owners[0].0].number, "accountId": of.number})
    };
    let plan = match *what {
        Action::Lock(number, "FULL", is_kept) => {
            let mut body = key(number);
            body["lockTypeCode"] = (if is_kept { "SYS" } else { "CST" }).into();
            body["lockReasonTypeCode"] = "UNK".into();
            Plan::new("POST", "/account/lock".to_owned(), body)
        }
        Action::Unlock(number) => Plan::new("POST", "/account/unlock".to_owned(), key(number)),
        _ => return None,
    };
    Some((what.clone(), plan))
}
