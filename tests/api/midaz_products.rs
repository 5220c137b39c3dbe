//! Products in Midaz: groups that callers make, beside those of the reference file.

use super::harness::Server;
use super::midaz::{Books, at, text};
use serde_json::json;

#[test]
fn a_product_is_created_read_changed_and_deleted() {
    let server = Server::shared();
    let books = Books::new(&server);
    let all = books.path("products");
    assert_eq!(books.api.get(&all).gives(200), json!([]));
    let made = books.api.post(&all, &json!({"name": "Gold", "metadata": {"chave": "eliana"}})).gives(201);
    let one = format!("{all}/{}", text(&made["id"]));
    assert_eq!(books.api.get(&one).gives(200), made);
    assert_eq!((text(&made["ledgerId"]), text(&made["organizationId"])), (&*books.ledger, &*books.organization));
    books.api.post(&all, &json!({"name": "Gold"})).coded(409, "0015");
    let other = books.made("products", &json!({"name": "Silver"}));
    books.api.patch(&format!("{all}/{other}"), &json!({"name": "Gold"})).coded(409, "0015");
    let changed = books.api.patch(&one, &json!({"name": "Platinum", "status": {"code": "BLOCKED"}})).gives(200);
    assert_eq!((text(&changed["name"]), &changed["metadata"]), ("Platinum", &made["metadata"]));
    // It is a group of the other APIs, and offers what the ledger has instruments for.
    let account = books.account_with(&json!({"productId": made["id"]}));
    let native = server.admin().get(&format!("/accounts/{account}")).ok().json();
    assert_eq!(native["groupId"], made["id"]);
    let group = server.admin().get(&format!("/account-groups?id={}", text(&made["id"]))).ok().json();
    assert_eq!(group["groups"][0]["currencies"], json!(["CHF"]));
    books.api.delete(&one).coded(400, "0008");
    let path = books.accounts(&format!("/{account}"));
    assert_eq!(books.api.patch(&path, &json!({"productId": null})).gives(200)["productId"], json!(null));
    books.api.delete(&one).deleted();
    books.api.get(&one).coded(404, "0007");
    books.api.patch(&path, &json!({"productId": made["id"]})).coded(404, "0036");
    assert_eq!(books.api.get(&all).gives(200).as_array().unwrap().len(), 1);
}

#[test]
fn groups_of_the_reference_file_are_listed_and_cannot_be_changed() {
    let server = Server::start("");
    let books = Books::new(&server);
    let all = format!("{}/products", books.default_ledger());
    let group = server.admin().group("USD", false);
    let one = format!("{all}/{group}");
    let listed = books.api.get(&all).gives(200);
    assert!(listed.as_array().unwrap().iter().any(|product| product["id"] == *group));
    let operator = at(&server, &server.operator("operator", &[]));
    for caller in [&books.api, &operator] {
        caller.patch(&one, &json!({"name": "x"})).coded(403, "0043");
        caller.delete(&one).coded(403, "0043");
    }
    at(&server, &server.viewer()).patch(&one, &json!({"name": "x"})).coded(403, "0043");
    // The reference file does not know what callers make, and leaves it alone.
    let product = books.made("products", &json!({"name": "Bespoke"}));
    assert!(!server.command(&["reference", "show"]).to_string().contains("Bespoke"));
    server.apply_reference(include_str!("../../packaging/reference.toml"));
    books.account_with(&json!({"productId": product}));
    server.trace();
}
