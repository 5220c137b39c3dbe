//! Organizations and ledgers in Midaz.

use super::harness::Server;
use super::midaz::{Books, admin, at, new_id, new_organization, text};
use serde_json::json;

const ALL: &str = "/v1/organizations";

#[test]
fn an_organization_is_created_read_changed_and_deleted() {
    let server = Server::shared();
    let api = admin(&server);
    let mut body = new_organization();
    body["doingBusinessAs"] = "moss".into();
    body["metadata"] = json!({"desk": "zrh", "size": 10.50, "open": true, "gone": null});
    body["address"]["line2"] = "3rd floor".into();
    let made = api.post(ALL, &body).gives(201);
    assert_eq!(made["legalName"], "Moss Brokers AG");
    assert_eq!(made["status"], json!({"code": "ACTIVE", "description": null}));
    assert_eq!(made["metadata"], json!({"desk": "zrh", "size": 10.5, "open": true}));
    assert_eq!(made["address"]["line2"], "3rd floor");
    assert_eq!((&made["address"]["neighborhood"], &made["parentOrganizationId"]), (&json!(null), &json!(null)));
    assert_eq!((&made["deletedAt"], &made["createdAt"]), (&json!(null), &made["updatedAt"]));
    assert!(text(&made["createdAt"]).ends_with('Z'));
    let one = format!("{ALL}/{}", text(&made["id"]));
    assert_eq!(api.get(&one).gives(200), made);
    assert!(api.get(&one).text.contains("\"size\":10.5,") || api.get(&one).text.contains("\"size\":10.5}"));

    let change = json!({
        "doingBusinessAs": null, "legalName": "", "status": {"code": "BLOCKED", "description": "by whom"},
        "metadata": {"chave": "x"}, "parentOrganizationId": made["id"],
    });
    let changed = api.patch(&one, &change).gives(200);
    assert_eq!((&changed["legalName"], &changed["doingBusinessAs"]), (&made["legalName"], &made["doingBusinessAs"]));
    assert_eq!(changed["status"], json!({"code": "BLOCKED", "description": "by whom"}));
    assert_eq!((&changed["metadata"], &changed["parentOrganizationId"]), (&json!({"chave": "x"}), &json!(null)));
    assert_eq!(api.patch(&one, &json!({"metadata": null})).gives(200)["metadata"], json!({"chave": "x"}));
    assert_eq!(api.patch(&one, &json!({"metadata": {}})).gives(200)["metadata"], json!(null));
    // A blocked organization takes ledgers.
    let ledger = api.post(&format!("{one}/ledgers"), &json!({"name": "Retail"})).gives(201);
    api.delete(&one).coded(400, "0008");
    api.delete(&format!("{one}/ledgers/{}", text(&ledger["id"]))).deleted();
    api.delete(&one).deleted();
    api.delete(&one).coded(404, "0007");
    api.get(&one).coded(404, "0007");
    api.get(&format!("{one}/ledgers")).coded(404, "0007");
    assert!(!api.get(ALL).gives(200).as_array().unwrap().iter().any(|found| found["id"] == made["id"]));
}

#[test]
fn a_default_organization_and_ledger_are_always_there() {
    let server = Server::shared();
    let api = admin(&server);
    let all = api.get(ALL).gives(200);
    let default = all.as_array().unwrap().last().unwrap().clone();
    let one = format!("{ALL}/{}", text(&default["id"]));
    let ledgers = api.get(&format!("{one}/ledgers")).gives(200);
    let ledger = ledgers.as_array().unwrap().last().unwrap().clone();
    assert_eq!(ledger["organizationId"], default["id"]);
    api.delete(&one).coded(400, "0008");
    api.delete(&format!("{one}/ledgers/{}", text(&ledger["id"]))).coded(400, "0008");
    // An account that another API opens is there.
    let account = server.admin().get(&format!("/accounts/{}", server.admin().new_account("EUR"))).ok().json();
    assert_eq!(account["ledgerId"], ledger["id"]);
    let path = format!("{one}/ledgers/{}/portfolios/{}", text(&ledger["id"]), text(&account["portfolioId"]));
    assert_eq!(api.get(&path).gives(200)["entityId"], account["profileId"]);
    let seen = api.get(&format!("{path}/accounts/{}", text(&account["id"]))).gives(200);
    assert_eq!((&seen["productId"], &seen["type"]), (&account["groupId"], &json!("")));
    api.delete(&path).coded(400, "0008");
}

#[test]
fn organizations_have_parents_without_cycles() {
    let server = Server::shared();
    let api = admin(&server);
    let parent = api.post(ALL, &new_organization()).gives(201);
    let mut body = new_organization();
    body["parentOrganizationId"] = parent["id"].clone();
    let child = api.post(ALL, &body).gives(201);
    assert_eq!(child["parentOrganizationId"], parent["id"]);
    let of = |organization: &serde_json::Value| format!("{ALL}/{}", text(&organization["id"]));
    api.delete(&of(&parent)).coded(400, "0008");
    let cycle = api.patch(&of(&parent), &json!({"parentOrganizationId": child["id"]})).coded(400, "0047");
    assert!(cycle["fields"]["parentOrganizationId"].is_string(), "{cycle}");
    body["parentOrganizationId"] = new_id().into();
    api.post(ALL, &body).coded(404, "0039");
    api.delete(&of(&child)).deleted();
    api.delete(&of(&parent)).deleted();
}

#[test]
fn lists_are_whole_or_paged_newest_first_and_filtered_by_metadata() {
    let server = Server::shared();
    let books = Books::new(&server);
    let ledgers = format!("{ALL}/{}/ledgers", books.organization);
    for number in 0..12 {
        let body = json!({"name": format!("L{number}"), "metadata": {"odd": number % 2 == 1, "n": number}});
        books.api.post(&ledgers, &body).gives(201);
    }
    let names = |query: &str| -> Vec<String> {
        let list = books.api.get(&format!("{ledgers}{query}")).gives(200);
        list.as_array().unwrap().iter().map(|found| text(&found["name"]).to_owned()).collect()
    };
    assert_eq!(names("").len(), 13);
    assert_eq!(names("?page=1").len(), 10);
    assert_eq!(names("?limit=2&page=2"), ["L9", "L8"]);
    assert_eq!(names("?page=2"), ["L1", "L0", "Retail"]);
    assert_eq!(names("?metadata.odd=true&limit=2"), ["L11", "L9"]);
    assert_eq!(names("?metadata.odd=true&metadata.n=3"), ["L3"]);
    assert_eq!(names("?metadata.odd=maybe"), [""; 0]);
    for bad in ["limit=0", "limit=101", "page=0", "page=x", "limit=-1"] {
        books.api.get(&format!("{ledgers}?{bad}")).coded(400, "0080");
    }
    for bad in ["colour=red", "metadata.=x", "metadata.n=1&metadata.n=2", "sort=asc"] {
        books.api.get(&format!("{ledgers}?{bad}")).coded(400, "0082");
    }
}

#[test]
fn only_administrators_change_organizations_and_ledgers() {
    let server = Server::start("");
    let books = Books::new(&server);
    let one = format!("{ALL}/{}", books.organization);
    for role in ["operator", "viewer"] {
        let caller = at(&server, &server.operator(role, &[]));
        caller.get(ALL).gives(200);
        caller.get(&one).gives(200);
        caller.get(&format!("{one}/ledgers/{}", books.ledger)).gives(200);
        let before = server.trace();
        caller.post(ALL, &new_organization()).coded(403, "0043");
        caller.patch(&one, &json!({"legalName": "x"})).coded(403, "0043");
        caller.delete(&one).coded(403, "0043");
        caller.post(&format!("{one}/ledgers"), &json!({"name": "x"})).coded(403, "0043");
        assert_eq!(server.trace(), before);
    }
    let nobody = at(&server, &server.anyone());
    nobody.get(ALL).coded(401, "0041");
    at(&server, &server.bearer("nonsense")).get(ALL).coded(401, "0042");
    assert_eq!(nobody.get("/health").text, "healthy");
}

#[test]
fn organizations_and_ledgers_are_listed_natively() {
    let server = Server::start("");
    let books = Books::new(&server);
    let seen = server.viewer().get("/organizations").ok().json();
    let all = seen["organizations"].as_array().unwrap();
    assert_eq!(
        (all.len(), text(&all[0]["id"]), text(&all[0]["legalName"])),
        (2, &*books.organization, "Moss Brokers AG")
    );
    let ledger = &all[0]["ledgers"][0];
    assert_eq!((text(&ledger["id"]), text(&ledger["name"])), (&*books.ledger, "Retail"));
    assert_eq!(ledger["currencies"], json!(["CHF"]));
    let account = server.admin().get(&format!("/accounts/{}", books.account())).ok();
    assert_eq!(account.text_at("ledgerId"), books.ledger);
}
