//! Every operation of Midaz has its tests: it works, hides what tags exclude, replays retries, and leaves no trace of a
//! refusal. That it refuses callers without a token or the right is tested for all of them at once.

use bursar::config::Config;
use bursar::dialects::kit::Access;
use bursar::dialects::midaz::Midaz;
use std::collections::{BTreeMap, BTreeSet};

const REPLAYED: &str = "midaz_ledgers::every_write_is_replayed_under_either_name_of_the_key";
const TRACELESS: &str = "midaz_errors::every_condition_has_its_code_and_leaves_no_trace";
const HIDDEN: &str = "midaz_portfolios::portfolios_and_accounts_of_hidden_clients_are_not_found";
const NO_TOKEN: &str = "midaz_errors::every_route_refuses_callers_without_a_token_or_the_right";

/// What happens to each kind of object, and the test in which it works.
const HAPPY: [(&str, &str); 6] = [
    ("organization", "midaz_organizations::an_organization_is_created_read_changed_and_deleted"),
    ("ledger", "midaz_ledgers::a_ledger_is_created_read_changed_and_deleted"),
    ("instrument", "midaz_instruments::an_instrument_is_created_read_changed_and_deleted"),
    ("portfolio", "midaz_portfolios::a_portfolio_is_created_read_changed_and_deleted"),
    ("product", "midaz_products::a_product_is_created_read_changed_and_deleted"),
    ("account", "midaz_document::every_request_of_the_document_is_answered_as_it_says"),
];

fn source(test: &str) -> String {
    let (module, name) = test.split_once("::").unwrap();
    let file = format!("{}/tests/api/{module}.rs", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).unwrap();
    let (_, body) = text.split_once(&format!("#[test]\nfn {name}()")).unwrap_or_else(|| panic!("no test {test}"));
    body.split("\n}\n").next().unwrap().to_owned()
}

#[test]
fn every_operation_has_its_tests() {
    let dialect = Midaz::new(&Config::default());
    let mut operations = BTreeMap::new();
    for route in dialect.routes().iter() {
        operations.insert(route.operation, route.access);
    }
    let mut listed = BTreeSet::from(["health".to_owned()]);
    for (kind, happy) in HAPPY {
        listed.extend(["create", "get", "change", "delete"].map(|what| format!("{what}_{kind}")));
        listed.insert(format!("list_{kind}s"));
        source(happy);
        assert!(source(REPLAYED).contains(&format!("&{kind}")), "{kind} is not replayed");
    }
    assert_eq!(operations.keys().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), listed);
    for test in [HIDDEN, TRACELESS, NO_TOKEN] {
        assert!(source(test).contains("server.trace()"), "{test}");
    }
    let open: Vec<_> =
        operations.iter().filter(|(_, access)| **access == Access::Open).map(|(name, _)| *name).collect();
    assert_eq!(open, ["health"]);
}
