//! The requests of Midaz's public document "Accounts API", with only host, token and ids replaced, and a run in the
//! order of its public request collections of v1.0.0 to v1.2.0.

use super::harness::Server;
use super::midaz::{Books, admin, new_id, text};
use serde_json::{Value, json};

/// The members of an account in the document, without its misprint.
const ACCOUNT: [&str; 18] = [
    "alias",
    "allowReceiving",
    "allowSending",
    "balance",
    "createdAt",
    "deletedAt",
    "entityId",
    "id",
    "instrumentCode",
    "ledgerId",
    "metadata",
    "name",
    "organizationId",
    "parentAccountId",
    "productId",
    "status",
    "type",
    "updatedAt",
];

/// Sends a request as the document shows it, on a connection of its own. The body is sent in one piece or in chunks.
fn send(server: &Server, method: &str, path: &str, body: Option<&str>, is_chunked: bool) -> (u16, String) {
    let token = server.banner["token"].as_str().unwrap();
    let mut request = format!(
        "{method} /midaz{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nConnection: close\r\n",
        server.address()
    );
    match body {
        None => request.push_str("\r\n"),
        Some(body) if is_chunked => {
            let body = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
            request.push_str(&format!("Transfer-Encoding: chunked\r\n\r\n{body}"));
        }
        Some(body) => request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len())),
    }
    let answer = server.raw(request.as_bytes());
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn parsed(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

#[track_caller]
fn assert_is_account(account: &Value) {
    for member in ACCOUNT {
        assert!(account.get(member).is_some(), "no {member} in {account}");
    }
    assert_eq!(account.as_object().unwrap().len(), ACCOUNT.len() + 1, "and portfolioId: {account}");
    assert_eq!(account["balance"].as_object().unwrap().len(), 3);
    assert!(account.get("ledgetId").is_none());
}

#[test]
fn every_request_of_the_document_is_answered_as_it_says() {
    let server = Server::start("");
    let books = Books::new(&server);
    books.made("instruments", &json!({"name": "Brazilian Real", "type": "FIAT", "code": "BRL"}));
    let product = books.made("products", &json!({"name": "Any"}));
    let parent = books.account_with(&json!({"instrumentCode": "BRL"}));
    let entity = "1b8037e8-459d-4bf4-a1f9-0d075b500910";
    let create = format!(
        r#"{{
  "instrumentCode": "BRL",
  "alias": "gabriel",
  "name": "My BRL account",
  "type": "deposit",
  "entityId": "{entity}",
  "parentAccountId": "{parent}",
  "productId": "{product}",
  "status": {{
    "code": "c346fed3-e915-4a19-b9fb-f63114a3e76b",
    "description": "Random description to describe the code"
  }},
  "metadata": {{
    "country": "japan"
  }}
}}"#
    );
    let plural = books.accounts("");
    let singular = plural.replace("/portfolios/", "/portfolio/");
    let (status, body) = send(&server, "POST", &plural, Some(&create), false);
    let made = parsed(&body);
    assert_eq!(status, 201, "{body}");
    assert_is_account(&made);
    let sent = parsed(&create);
    for (name, value) in sent.as_object().unwrap() {
        assert_eq!(made[name], *value, "{name}");
    }
    assert_eq!((&made["allowSending"], &made["allowReceiving"]), (&json!(true), &json!(true)));
    assert_eq!(made["balance"], json!({"available": 0, "onHold": 0, "scale": 2}));

    // The list is shown with a body, which nobody reads.
    let shown = r#"{
  "instrumentCode": "BRL",
  "alias": "gabriel",
  "name": "My BRL account",
  "type": "deposit",
  "parentAccountId": "e911b785-fe21-4bba-b211-ce200cd4cbc9",
  "productId": "aca9abcc-4dcd-454c-8ec1-b22df0e88795"
}"#;
    for (body, is_chunked) in [(None, false), (Some(shown), false), (Some(shown), true)] {
        let (status, list) = send(&server, "GET", &singular, body, is_chunked);
        assert_eq!(status, 200, "{list}");
        let list = parsed(&list);
        assert_eq!(list.as_array().unwrap().len(), 2);
        assert_eq!(list[0], made, "the newest first");
        list.as_array().unwrap().iter().for_each(assert_is_account);
    }
    for query in ["?type=deposit", "?instrumentCode=BRL"] {
        assert_eq!(parsed(&send(&server, "GET", &format!("{singular}{query}"), None, false).1)[0], made);
    }
    let id = text(&made["id"]);
    let (status, one) = send(&server, "GET", &format!("{singular}/{id}"), None, false);
    assert_eq!((status, parsed(&one)), (200, made.clone()));

    let change = r#"{
  "name": "The BTC main account",
  "alias": "satoshi",
  "status":{
    "code": "ACTIVE",
    "description": null
  },
  "entityId": "fa26e62e-b9a2-4779-ae1c-c0e7aca773c9",
  "allowSending": false,
  "allowReceiving": false,
  "productId": null
}"#;
    let (status, changed) = send(&server, "PATCH", &format!("{plural}/{id}"), Some(change), false);
    let changed = parsed(&changed);
    assert_eq!(status, 200, "{changed}");
    assert_is_account(&changed);
    for (name, value) in parsed(change).as_object().unwrap() {
        assert_eq!(changed[name], *value, "{name}");
    }
    // The sample shows null, but says that what is left out of a sent object is lost; nothing was sent.
    assert_eq!(changed["metadata"], json!({"country": "japan"}));

    let (status, body) = send(&server, "DELETE", &format!("{singular}/{id}"), None, false);
    assert_eq!((status, body.as_str()), (204, ""));
    assert_eq!(send(&server, "GET", &format!("{singular}/{id}"), None, false).0, 404);
    server.trace();
}

/// The bodies of a collection, in its shape: with comments, and without a declared type.
struct Collection {
    organization_extra: &'static str,
    organization_change_extra: &'static str,
    instrument_type: &'static str,
    balance: &'static str,
}

const RELEASES: [(&str, Collection); 3] = [
    (
        "v1.0.0",
        Collection {
            organization_extra: "\"neighborhood\": \"Jardim Paulista\",",
            organization_change_extra: "",
            instrument_type: "FIAT",
            balance: "\"balance\": {\"available\": 1000, \"onHold\": 10000, \"scale\": 2},",
        },
    ),
    (
        "v1.1.0",
        Collection { organization_extra: "", organization_change_extra: "", instrument_type: "currency", balance: "" },
    ),
    (
        "v1.2.0",
        Collection {
            organization_extra: "",
            organization_change_extra: "\"parentOrganizationId\": \"{{organization_id}}\",",
            instrument_type: "currency",
            balance: "",
        },
    ),
];

#[test]
fn the_public_collections_run_with_their_deletions_last() {
    let server = Server::start("");
    let api = admin(&server);
    for (release, collection) in RELEASES {
        let send = |method: &str, path: &str, body: &str| {
            let sent = (!body.is_empty()).then_some(body.as_bytes());
            let reply = api.send(method, path, None, sent);
            let expected = match method {
                "POST" => 201,
                "DELETE" => 204,
                _ => 200,
            };
            assert_eq!(reply.status, expected, "{release}: {}: {}", reply.call(), reply.text);
            reply
        };
        let made = |path: &str, body: &str| text(&send("POST", path, body).json()["id"]).to_owned();
        let metadata = "\"metadata\": {\"chave\": \"xuxa\", \"boolean\": true, \"double\": 10.5, \"int\": 1}";
        let blocked = "\"status\": {\"code\": \"BLOCKED\", \"description\": \"Teste\"}";
        let address = |extra: &str| {
            format!(
                "\"address\": {{\"line1\": \"Avenida Paulista, 1234\", \"line2\": \"CJ 203\", {extra}\
                 \"zipCode\": \"04696040\", \"city\": \"São Paulo\", \"state\": \"SP\",\n\
                 \"country\": \"BR\" //ISO 3166-1 alpha2\n}}"
            )
        };
        let address = address(collection.organization_extra);
        let organization = made(
            "/v1/organizations",
            &format!(
                "{{\"legalName\": \"Midaz Tech LTDA\",\n //\"parentOrganizationId\": \"{{{{organization_id}}}}\",\n\
                 \"doingBusinessAs\": \"The ledger.io\", //opcional\n\"legalDocument\": \"48784548000104\",\n\
                 \"status\": {{\"code\": \"ACTIVE\", \"description\": \"Teste Ledger\"}}, {address}, {metadata}}}"
            ),
        );
        let one = format!("/v1/organizations/{organization}");
        let parent = collection.organization_change_extra.replace("{{organization_id}}", &organization);
        let change = format!("{{\"legalName\": \"Midaz Tech LTDA\", {parent} {blocked}, {address}, {metadata}}}");
        send("PATCH", &one, &change);
        send("GET", "/v1/organizations", "");
        send("GET", &one, "");
        let named = format!("\"name\": \"McGregor\", \"status\": {{\"code\": \"ACTIVE\"}}, {metadata}");
        let change = format!("{{\"name\": \"Blocked McGregor\", {blocked}, {metadata}}}");
        let mut paths = vec![one.clone()];
        let mut run = |all: &str, body: &str| {
            let id = made(all, body);
            let path = format!("{all}/{id}");
            send("PATCH", &path, &change);
            let list = send("GET", &format!("{all}?metadata.chave=xuxa"), "").json();
            assert!(list.as_array().unwrap().iter().any(|found| found["id"] == *id), "{release}: {list}");
            assert_eq!(send("GET", &path, "").json()["metadata"]["double"], json!(10.5));
            paths.push(path.clone());
            (id, path)
        };
        let (_, ledger) = run(&format!("{one}/ledgers"), &format!("{{{named}}}"));
        let (kind, instruments) = (collection.instrument_type, format!("{ledger}/instruments"));
        run(&instruments, &format!("{{{named}, \"type\": \"{kind}\", \"code\": \"BRL\"}}"));
        let entity = new_id();
        let (_, portfolio) = run(&format!("{ledger}/portfolios"), &format!("{{{named}, \"entityId\": \"{entity}\"}}"));
        let (product, _) = run(&format!("{ledger}/products"), &format!("{{{named}}}"));
        let accounts = format!("{portfolio}/accounts");
        let account = made(
            &accounts,
            &format!(
                "{{\"instrumentCode\": \"BRL\", {named}, \"alias\": \"wallet\", \"type\": \"deposit\",\n\
                 //\"parentAccountId\": \"{{{{account_id}}}}\",\n{} \"productId\": \"{product}\"}}",
                collection.balance
            ),
        );
        let account = format!("{accounts}/{account}");
        send(
            "PATCH",
            &account,
            &format!(
                "{{\"name\": \"Sanchez Account\", //opcional\n\"alias\": \"Sanchez\", \"allowSending\": false,\n\
                 \"allowReceiving\": false, \"productId\": \"{product}\", {metadata}}}"
            ),
        );
        assert_eq!(send("GET", &format!("{accounts}?metadata.chave=xuxa"), "").json()[0]["alias"], "Sanchez");
        let shown = send("GET", &account, "").json();
        // In the order of the collection, what something is in cannot be deleted yet.
        for path in &paths {
            api.delete(path).coded(400, "0008");
        }
        if collection.balance.is_empty() {
            send("DELETE", &account, "");
        } else {
            assert_eq!(shown["balance"], json!({"available": 1000, "onHold": 10000, "scale": 2}));
            api.delete(&account).coded(400, "0012");
            continue;
        }
        for path in paths.iter().rev() {
            send("DELETE", path, "");
        }
    }
    server.trace();
}
