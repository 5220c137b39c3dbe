//! Where an API is served: below a path, at a host name, or on its own listener.

use super::harness::Server;
use serde_json::json;

#[test]
fn under_a_prefix_everything_moves_along() {
    let server = Server::start("[apis.native]\npath = \"/back/office\"\n");
    let base = format!("{}/back/office", server.url());
    assert_eq!(server.native_urls(), [base.as_str()]);
    assert_eq!(server.banner["docs_url"], format!("{base}/docs/"));
    let admin = server.admin().at(&base);
    let account = admin.new_account("USD");
    admin.deposit(&account, "5");
    assert_eq!(admin.balance(&account), "5.00");
    assert!(admin.get("/openapi.json").json()["openapi"].is_string());
    assert_eq!(admin.get("/docs").header("location"), Some("/back/office/docs/"));
    assert_eq!(admin.get("/docs/").status, 200);
    for path in ["/accounts", "/openapi.json", "/docs/", "/back", "/back/offices/accounts", "/"] {
        server.admin().get(path).refused("UNKNOWN_ROUTE");
    }
    admin.get("/nowhere").refused("UNKNOWN_ROUTE");
    admin.send("PATCH", "/accounts", None, None).refused("WRONG_METHOD");
}

#[test]
fn at_a_host_name_it_answers_at_the_root_and_other_hosts_fall_through() {
    let server = Server::start("[apis.native]\npath = \"/native\"\nhost = [\"api.broker.example\", \"Old.Example\"]\n");
    let at = |host: &str, path: &str| server.admin().with("Host", host).get(path);
    for host in ["api.broker.example", "API.Broker.Example", "api.broker.example:8443", "old.example"] {
        at(host, "/account-groups").ok();
    }
    for host in ["other.example", "broker.example", "x.api.broker.example", "127.0.0.1", "api.broker.example.evil"] {
        at(host, "/account-groups").refused("UNKNOWN_ROUTE");
        at(host, "/native/account-groups").ok();
    }
    let port = server.address().rsplit_once(':').unwrap().1;
    let named = format!("http://api.broker.example:{port}");
    assert!(server.native_urls().contains(&named), "{:?}", server.native_urls());
}

#[test]
fn without_a_path_only_its_host_answers() {
    let server = Server::start("[apis.native]\npath = \"\"\nhost = [\"api.broker.example\"]\n");
    server.admin().with("Host", "api.broker.example").get("/account-groups").ok();
    server.admin().get("/account-groups").refused("UNKNOWN_ROUTE");
    assert_eq!(server.anyone().get("/livez").ok().json(), json!({"status": "live"}));
}

#[test]
fn at_a_listener_of_its_own_it_answers_at_the_root() {
    let server = Server::start("[apis.native]\npath = \"/native\"\nlisten = [\"127.0.0.1:0\", \"127.0.0.1:0\"]\n");
    let urls = server.native_urls();
    let own: Vec<_> = urls.iter().filter(|url| !url.ends_with("/native")).collect();
    assert_eq!((urls.len(), own.len()), (3, 2), "{urls:?}");
    let account = server.admin().at(own[0]).new_account("USD");
    for url in &urls {
        server.admin().at(url).deposit(&account, "5");
    }
    assert_eq!(server.admin().at(own[1]).balance(&account), "15.00");
    server.admin().at(own[0]).get("/native/accounts").refused("UNKNOWN_ROUTE");
    server.admin().get("/accounts").refused("UNKNOWN_ROUTE");
    assert_eq!(server.anyone().at(own[1]).get("/readyz").ok().json(), json!({"status": "ready"}));
}

#[test]
fn a_retry_through_another_mount_is_the_same_call() {
    let server = Server::start("[apis.native]\npath = \"/native\"\nlisten = [\"127.0.0.1:0\"]\n");
    let urls = server.native_urls();
    let account = server.admin().at(&urls[0]).new_account("USD");
    let deposit = |url: &str| {
        server.admin().at(url).key("once").post(&format!("/accounts/{account}/deposit"), &json!({"amount": "5"})).ok()
    };
    let (first, second) = (deposit(&urls[0]), deposit(&urls[1]));
    assert!(!first.is_replayed() && second.is_replayed() && first.text == second.text);
    assert_eq!(server.admin().at(&urls[1]).balance(&account), "5.00");
}

#[test]
fn the_allow_list_holds_at_every_mount() {
    let config = "[access]\nallow = [\"10.0.0.0/8\"]\n[apis.native]\npath = \"/native\"\nhost = [\"api.example\"]\n\
        listen = [\"127.0.0.1:0\"]\n";
    let server = Server::start(config);
    for url in server.native_urls() {
        if !url.contains("api.example") {
            server.admin().at(&url).get("/account-groups").refused("ADDRESS_NOT_ALLOWED");
        }
    }
    server.admin().with("Host", "api.example").get("/account-groups").refused("ADDRESS_NOT_ALLOWED");
    server.admin().get("/nowhere").refused("ADDRESS_NOT_ALLOWED");
}
