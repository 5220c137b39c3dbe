//! The requests of B2Core's public document "Accounts", byte for byte as its curl commands send them. Only host, token
//! and ids are replaced.

use super::b2core_access::{base, open, product_currency};
use super::harness::{PASSWORD, Server};
use serde_json::{Value, json};

/// A curl command of the document.
struct Line<'a>(&'a str);

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl Line<'_> {
    /// What follows an option, without its quotes.
    fn after(&self, option: &str) -> Option<&str> {
        let (_, rest) = self.0.split_once(option)?;
        let rest = rest.trim_start();
        match rest.strip_prefix('\'') {
            Some(quoted) => quoted.split_once('\'').map(|(value, _)| value),
            None => rest.split_whitespace().next(),
        }
    }

    /// Sends what curl sends for it: `--data-raw` is declared as a form, and brackets in the URL stay as they are.
    fn send(&self, server: &Server) -> Answer {
        let method = self.after("--request ").unwrap();
        let url = self.after(&format!("--request {method} ")).unwrap();
        let path = url.strip_prefix("https://host.name").unwrap();
        let mount = base(server).replace(server.url(), "").replace("/api/v2", "");
        let header = self.after("--header ").unwrap().replace("<token>", server.banner["token"].as_str().unwrap());
        let mut request = format!(
            "{method} {mount}{path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n{header}\r\n",
            server.address()
        );
        if let Some(data) = self.after("--data-raw ") {
            request.push_str(&format!("Content-Length: {}\r\n", data.len()));
            request.push_str("Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n");
            request.push_str(data);
        } else {
            request.push_str("Connection: close\r\n\r\n");
        }
        let answer = server.raw(request.as_bytes());
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }
}

/// The members of an Account object.
const ACCOUNT: [&str; 14] = [
    "accountId",
    "accountNumber",
    "archiveTime",
    "caption",
    "clientId",
    "createTime",
    "currency",
    "group",
    "name",
    "permissions",
    "platform",
    "product",
    "statement",
    "type",
];

#[track_caller]
fn assert_is_account(account: &Value) {
    let mut names: Vec<_> = account.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ACCOUNT);
}

#[test]
fn every_request_of_the_document_gets_the_documented_answer() {
    let server = Server::start("");
    let native = server.admin();
    let profile = native.new_profile();
    // The ids of the document are 1: a client, a wallet with money, a platform and a product.
    let (wallet, id) = open(&server, &profile, "Wallet", "USD");
    assert_eq!(wallet, 1);
    native.deposit(&id, "1000");

    let list = concat!(
        "curl --location -g --request GET 'https://host.name/api/v2/accounts?limit=10&offset=0&sort_order=desc",
        "&sort_by=createTime&filter[clientId]=1&filter[platformId]=1&filter[productId]=4' \\\n",
        "--header 'Authorization: Bearer <token>'"
    );
    let answer = Line(list).send(&server);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.head.contains("x-total-count: 1"), "{}", answer.head);
    assert!(answer.head.contains("content-type: application/json"), "{}", answer.head);
    let accounts = answer.json();
    assert_eq!(accounts.as_array().unwrap().len(), 1);
    assert_is_account(&accounts[0]);

    let details = r"curl --location --request GET 'https://host.name/api/v2/accounts/1' \
--header 'Authorization: Bearer <token>'";
    let answer = Line(details).send(&server);
    assert_eq!((answer.status, answer.json()), (200, accounts[0].clone()));

    let create = r#"curl --location --request POST 'https://host.name/api/v2/accounts' \
--header 'Authorization: Bearer <token>' \
--data-raw '{
  "productCurrencyId": ID,
  "clientId": 1,  
  "alreadyExistingPlatformAccount": true,
  "leverage": 0,
  "accountNumber": "2100242175"
}'"#;
    let create = create.replace("ID", &product_currency(&server, "Standard", "EUR").to_string());
    let answer = Line(&create).send(&server);
    assert_eq!(answer.status, 201, "{}", answer.body);
    let created = answer.json();
    assert_is_account(&created);
    assert_eq!((&created["accountNumber"], &created["type"]), (&json!("2100242175"), &json!("trade")));
    assert_eq!((&created["clientId"], &created["currency"]["alphabeticCode"]), (&json!(1), &json!("EUR")));
    assert_eq!(Line(&create).send(&server).status, 409);

    let update = r#"curl --location --request PUT 'https://host.name/api/v2/accounts/1' \
--header 'Authorization: Bearer <token>' \
--data-raw '{
  "caption": "Bitcoin",
  "permissions": [
    "deposit",
    "trade",
    "withdrawal"
  ]
}'"#;
    for line in [update.to_owned(), update.replace("PUT", "PATCH")] {
        let answer = Line(&line).send(&server);
        let updated = answer.json();
        assert_is_account(&updated);
        assert_eq!((answer.status, &updated["caption"]), (200, &json!("Bitcoin")));
        assert_eq!(updated["permissions"], json!(["deposit", "trade", "withdrawal"]));
    }

    let preferences = r"curl --location --request GET 'https://host.name/api/v2/accounts/1/preferences' \
--header 'Authorization: Bearer <token>'";
    let answer = Line(preferences).send(&server);
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"leverage":1}"#));

    // The document labels it PUT and sends PATCH.
    let change = r#"curl --location --request PATCH 'https://host.name/api/v2/accounts/1/balance' \
--header 'Authorization: Bearer <token>' \
--data-raw '{
  "amount": -500.00
}'"#;
    let answer = Line(change).send(&server);
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));

    let balance = r"curl --location --request GET 'https://host.name/api/v2/accounts/1/balance' \
--header 'Authorization: Bearer <token>'";
    let answer = Line(balance).send(&server);
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"balance":"500.00"}"#));
    let answer = Line(&change.replace("PATCH", "PUT")).send(&server);
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(Line(change).send(&server).status, 400, "nothing is left");

    let archive = r"curl --location --request POST 'https://host.name/api/v2/accounts/1228/archive' \
--header 'Authorization: Bearer <token>'";
    let archive = archive.replace("1228", &created["accountId"].to_string());
    let answer = Line(&archive).send(&server);
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    let archived = Line(&details.replace("accounts/1", &format!("accounts/{}", created["accountId"]))).send(&server);
    assert!(archived.json()["archiveTime"].is_string(), "{}", archived.body);
}

#[test]
fn the_first_five_minutes_of_the_manual_work_as_printed() {
    let server = Server::start("");
    let manual = include_str!("../../docs/dialects.md").split_once("## B2Core").unwrap().1;
    let script = manual.split_once("```sh\n").unwrap().1.split_once("```").unwrap().0;
    let url = base(&server);
    server.add_operator("ada", "operator", &[]);
    let names = [("http://127.0.0.1:8080/b2core/api/v2", url.as_str()), ("=dev", "=ada"), ("as printed", PASSWORD)];
    let script = names.iter().fold(script.to_owned(), |script, (printed, real)| {
        assert!(script.contains(printed), "{script}");
        script.replace(printed, real)
    });
    let run = || std::process::Command::new("sh").args(["-euc", &script]).env_remove("TOKEN").output().unwrap();
    let output = run();
    let (told, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    assert!(told.contains(r#""caption":"Savings""#) && told.ends_with(r#"{"balance":"459.50"}"#), "{told}");
    // A refusal is told as one, and its text does not end up in the next call.
    let again = run();
    let errors = String::from_utf8_lossy(&again.stderr);
    assert!(!again.status.success() && errors.contains("409") && !errors.contains("brace"), "{errors}");
}
