//! What the tests of Upvest share: clients of its API, its envelope, users with an account.

use super::harness::{Caller, Reply, Server, unique};
use serde_json::{Value, json};

/// Where the API is mounted.
pub(crate) fn base(server: &Server) -> String {
    format!("{}/upvest", server.url())
}

pub(crate) const ALL_SCOPES: &str = "users:admin accounts:admin positions:read";

/// Asks for a token.
#[track_caller]
pub(crate) fn ask_token(server: &Server, id: &str, secret: &str, scope: &str) -> Reply {
    let pairs = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret), ("scope", scope)];
    post_form(server, &form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

#[track_caller]
pub(crate) fn post_form(server: &Server, form: &str) -> Reply {
    let kind = Some("application/x-www-form-urlencoded");
    server.anyone().at(&base(server)).send("POST", "/auth/token", kind, Some(form.as_bytes()))
}

/// The development server's client, with a token for these scopes.
#[track_caller]
pub(crate) fn with_scopes<'a>(server: &'a Server, scope: &str) -> Caller<'a> {
    let (id, secret) = server.api_client("upvest");
    let token = ask_token(server, &id, &secret, scope).ok().text_at("access_token");
    server.bearer(&token).at(&base(server)).with("upvest-client-id", &id)
}

/// The same for all scopes.
#[track_caller]
pub(crate) fn client(server: &Server) -> Caller<'_> {
    with_scopes(server, ALL_SCOPES)
}

/// Another client, made with these arguments, with a token for all of its scopes.
#[track_caller]
pub(crate) fn another<'a>(server: &'a Server, args: &[&str], scope: &str) -> Caller<'a> {
    let made = server.command(&[&["client", "create", "--api", "upvest", "--label", "Other"], args].concat());
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let (id, secret) = (text("client_id"), text("client_secret"));
    let token = ask_token(server, &id, &secret, scope).ok().text_at("access_token");
    server.bearer(&token).at(&base(server)).with("upvest-client-id", &id)
}

/// A user as the public examples create one.
pub(crate) fn new_user() -> Value {
    json!({
        "first_name": "Marcel", "last_name": "Schwarz", "email": "marcel@example.com", "birth_date": "1992-06-16",
        "birth_city": "Mannheim", "birth_country": "DE", "nationalities": ["DE"],
        "address": {
            "address_line1": "Unter den Linden", "address_line2": "12a", "postcode": "10117", "city": "Berlin",
            "country": "DE",
        },
        "terms_and_conditions": {
            "consent_document_id": "62814307-f14b-40af-bc66-5942a549a759", "confirmed_at": "2020-02-03T17:14:46Z",
        },
        "data_privacy_and_sharing_agreement": {
            "consent_document_id": "dd42b6a9-d04d-4dd2-8c3b-36386eaa843a", "confirmed_at": "2021-02-03T17:14:46Z",
        },
        "fatca": {"status": false, "confirmed_at": "2020-02-03T17:14:46Z"},
    })
}

/// A user with an account group and an account.
pub(crate) struct Investor<'a> {
    pub(crate) api: Caller<'a>,
    pub(crate) user: String,
    pub(crate) group: String,
    pub(crate) account: String,
}

impl<'a> Investor<'a> {
    #[track_caller]
    pub(crate) fn new(server: &'a Server) -> Investor<'a> {
        let api = client(server);
        let user = api.made("/users", &new_user());
        let group = api.made("/account_groups", &json!({"user_id": user, "type": "PERSONAL"}));
        let account = api.made("/accounts", &json!({"user_id": user, "account_group_id": group, "type": "TRADING"}));
        Investor { api, user, group, account }
    }

    /// The status of one of its resources.
    #[track_caller]
    pub(crate) fn status(&self, path: &str) -> String {
        self.api.get(path).ok().text_at("status")
    }

    pub(crate) fn user_path(&self) -> String {
        format!("/users/{}", self.user)
    }

    pub(crate) fn group_path(&self) -> String {
        format!("/account_groups/{}", self.group)
    }

    pub(crate) fn account_path(&self) -> String {
        format!("/accounts/{}", self.account)
    }
}

impl Caller<'_> {
    /// Creates something with a key of its own; returns its id.
    #[track_caller]
    pub(crate) fn made(&self, path: &str, body: &Value) -> String {
        self.key(&unique("key")).post(path, body).ok().text_at("id")
    }
}

impl Reply {
    /// Asserts this problem.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, slug: &str) {
        assert_eq!(self.status, status, "{}: {}", self.call(), self.text);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.call());
        let body = self.json();
        assert_eq!(body["type"], format!("https://docs.upvest.co/errors/{slug}"), "{}: {}", self.call(), self.text);
        assert_eq!((&body["status"], body.as_object().unwrap().len()), (&status.into(), 6), "{body}");
        assert_eq!(body["request_id"], self.header("upvest-request-id").unwrap(), "{body}");
        assert!(!body["title"].as_str().unwrap().is_empty() && !body["detail"].as_str().unwrap().is_empty());
    }

    /// Asserts that the call was accepted, without a body.
    #[track_caller]
    pub(crate) fn accepted(&self) {
        assert_eq!((self.status, self.text.as_str()), (202, ""), "{}", self.call());
    }
}
