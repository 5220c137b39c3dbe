//! The request collections in `tests/collections`, which newman runs.

use super::harness::Server;
use super::openapi::operations;
use serde_json::Value;

/// The method and the path of each request, without the query.
fn requests(collection: &Value) -> Vec<(&str, &str)> {
    let folders = collection["item"].as_array().unwrap().iter();
    let requests = folders.flat_map(|folder| folder["item"].as_array().unwrap()).map(|item| &item["request"]);
    requests
        .map(|request| {
            let url = request["url"].as_str().unwrap().strip_prefix("{{baseUrl}}").unwrap();
            (request["method"].as_str().unwrap(), url.split('?').next().unwrap())
        })
        .collect()
}

/// Whether a path has the form of a template such as `/accounts/{accountId}`.
fn fits(path: &str, template: &str) -> bool {
    let (parts, wanted) = (path.split('/'), template.split('/'));
    parts.clone().count() == wanted.clone().count()
        && parts.zip(wanted).all(|(part, wanted)| wanted.starts_with('{') || part == wanted)
}

#[test]
fn no_endpoint_is_missing_in_the_collection_of_its_dialect() {
    let server = Server::shared();
    for (dialect, text) in [
        ("b2core", include_str!("../collections/b2core.postman_collection.json")),
        ("midaz", include_str!("../collections/midaz.postman_collection.json")),
    ] {
        let url = server.banner["apis"][dialect][0].as_str().unwrap();
        let document = server.anyone().at(url).get("/openapi.json").ok().json();
        let collection: Value = serde_json::from_str(text).unwrap();
        let requests = requests(&collection);
        for (method, path, _) in operations(&document) {
            let is_it = |(sent, to): &(&str, &str)| sent.eq_ignore_ascii_case(&method) && fits(to, &path);
            assert!(requests.iter().any(is_it), "{dialect}: {method} {path}");
        }
    }
}
