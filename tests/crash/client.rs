//! A client of the native API.

use std::time::Duration;

use serde_json::{Value, json};

/// Longer than any request may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client with its own connections to one server.
pub(crate) struct Client {
    agent: ureq::Agent,
    url: String,
    token: String,
}

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) is_replay: bool,
    pub(crate) retry_after: Option<String>,
}

impl Client {
    pub(crate) fn new(url: &str, token: &str) -> Client {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .proxy(None)
            .build()
            .new_agent();
        Client { agent, url: url.trim_end_matches('/').into(), token: token.into() }
    }

    /// The same caller with new connections.
    pub(crate) fn another(&self) -> Client {
        Client::new(&self.url, &self.token)
    }

    /// Fails if there is no complete answer.
    pub(crate) fn get(&self, path: &str) -> Result<Answer, String> {
        let request = self.agent.get(format!("{}{path}", self.url));
        let sent = request.header("Authorization", format!("Bearer {}", self.token)).call();
        answer(sent)
    }

    pub(crate) fn post(&self, path: &str, key: &str, body: &Value) -> Result<Answer, String> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let request = request.header("Authorization", format!("Bearer {}", self.token)).header("Idempotency-Key", key);
        answer(request.send_json(body))
    }

    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> Value {
        let answer = self.get(path).unwrap();
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.body
    }

    /// Opens an account in US dollars for a new client.
    #[track_caller]
    pub(crate) fn open_account(&self) -> String {
        let profile = json!({"email": "ada@example.com", "firstName": "Ada", "lastName": "Moss"});
        let profile = self.post("/profiles", "profile", &profile).unwrap();
        assert_eq!(profile.status, 200, "{profile:?}");
        let groups = self.read("/account-groups");
        let group = groups["groups"].as_array().unwrap_or_else(|| panic!("{groups}"))[0]["id"].clone();
        let account = json!({"profileId": profile.body["id"], "groupId": group, "currency": "USD"});
        let account = self.post("/accounts", "account", &account).unwrap();
        assert_eq!(account.status, 200, "{account:?}");
        account.body["account"]["id"].as_str().unwrap().into()
    }
}

fn answer(sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Answer, String> {
    let mut response = sent.map_err(|error| error.to_string())?;
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (is_replay, retry_after) = (header("Idempotency-Replayed").is_some(), header("Retry-After"));
    let status = response.status().as_u16();
    let text = response.body_mut().read_to_string().map_err(|error| error.to_string())?;
    let body = serde_json::from_str(&text).map_err(|error| format!("{error} in {text:?}"))?;
    Ok(Answer { status, body, is_replay, retry_after })
}
