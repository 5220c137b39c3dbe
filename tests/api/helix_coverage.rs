//! Every operation of Helix has its tests, and so has every code of an error.

use bursar::config::Config;
use bursar::dialects::helix::Helix;
use std::collections::BTreeSet;

const HIDDEN: &str = "helix_customers::what_tags_hide_is_not_found";
const REPLAYED: &str = "helix_transport::every_write_is_replayed_under_its_key";
const NO_KEY: &str = "helix_transport::every_route_refuses_callers_without_credentials_or_the_right";

/// The operations, each with its path, the test in which it works, and the one in which it is refused without a trace;
/// empty for reads.
const OPERATIONS: [(&str, &str, &str, &str); 36] = [
    ("create_customer", "/customer/create", CUSTOMER, INVALID),
    ("update_customer", "/customer/update", CUSTOMER, INVALID),
    ("archive_customer", "/customer/archive", ARCHIVED, ARCHIVED),
    ("get_customer", "/customer/get/", CUSTOMER, ""),
    ("get_customer_by_tag", "/customer/getByTag/", CUSTOMER, ""),
    ("get_customer_by_email", "/customer/getByEmail/", FOREIGN, ""),
    ("list_customers", "/customer/list", LISTED, ""),
    ("search_customers", "/customer/search", CUSTOMER, ""),
    ("create_account", "/account/create", ACCOUNT, ACCOUNT_REFUSED),
    ("update_account", "/account/update", ACCOUNT, ACCOUNT_REFUSED),
    ("get_account", "/account/get/", MATRIX, ""),
    ("get_account_by_tag", "/account/getByTag/", ACCOUNT, ""),
    ("list_accounts", "/account/list/", ACCOUNT, ""),
    ("close_account", "/account/close", "helix_locks::a_closed_account_is_not_locked", CLOSING),
    ("lock_account", "/account/lock", MATRIX, "helix_locks::a_closed_account_is_not_locked"),
    ("unlock_account", "/account/unlock", MATRIX, "helix_locks::a_closed_account_is_not_locked"),
    ("place_hold", "/account/placeHold", HOLDS, HOLDS),
    ("release_hold", "/account/releaseHold", HOLDS, HOLDS),
    ("list_access", "/account/listAccess/", MATRIX, ""),
    ("add_access", "\"add\"", MATRIX, MATRIX),
    ("edit_access", "\"edit\"", MATRIX, MATRIX),
    ("remove_access", "\"remove\"", MATRIX, MATRIX),
    (
        "create_transfer",
        "/transfer/create",
        MATRIX,
        "helix_money::refused_transfers_have_their_codes_and_leave_no_trace",
    ),
    (
        "void_transfer",
        "/transfer/void",
        STEPS,
        "helix_externals::refused_transfers_from_and_to_external_accounts_have_their_codes",
    ),
    ("create_external_account", "/externalAccount/create", EXTERNAL, EXTERNAL_REFUSED),
    ("initiate_external_account", "/externalAccount/initiate", EXTERNAL, EXTERNAL_REFUSED),
    ("verify_external_account", "/externalAccount/verify", EXTERNAL, EXTERNAL_REFUSED),
    ("update_external_account", "/externalAccount/update", EXTERNAL, EXTERNAL_REFUSED),
    ("archive_external_account", "/externalAccount/", EXTERNAL, EXTERNAL_REFUSED),
    ("get_external_account", "/externalAccount/get/", EXTERNAL, ""),
    ("get_external_account_by_tag", "/externalAccount/getByTag/", EXTERNAL, ""),
    ("list_external_accounts", "/externalAccount/list/", EXTERNAL, ""),
    ("list_transactions", "/transaction/list/", MONEY, ""),
    ("get_transaction", "/transaction/get/", MONEY, ""),
    ("get_transaction_by_tag", "/transaction/getByTag/", MONEY, ""),
    ("get_program", "/program/get", MONEY, ""),
];

const CUSTOMER: &str = "helix_customers::a_customer_is_created_read_found_and_changed";
const LISTED: &str = "helix_customers::customers_are_listed_in_pages_from_zero";
const FOREIGN: &str = "helix_customers::a_client_of_another_api_is_a_customer_and_blocks_show";
const ARCHIVED: &str = "helix_customers::a_customer_without_open_accounts_is_archived";
const INVALID: &str = "helix_transport::values_that_cannot_be_read_are_refused_and_unknown_ones_are_not";
const ACCOUNT: &str = "helix_accounts::an_account_is_created_read_changed_and_listed";
const ACCOUNT_REFUSED: &str = "helix_transport::refused_accounts_have_their_codes_and_leave_no_trace";
const MATRIX: &str = "helix_access::the_matrix_of_access_holds_cell_by_cell";
const HOLDS: &str = "helix_money::one_hold_at_a_time_reserves_money";
const CLOSING: &str = "helix_money::the_preconditions_of_closing_hold_one_by_one";
const EXTERNAL: &str = "helix_externals::an_external_account_is_added_verified_changed_listed_and_archived";
const EXTERNAL_REFUSED: &str = "helix_externals::refused_external_accounts_leave_no_trace";
const STEPS: &str = "helix_externals::money_comes_from_and_goes_to_external_accounts_in_steps";
const MONEY: &str = "helix_money::money_moves_between_accounts_and_the_reserve_at_once";

/// The codes of the vendor that calls answer; a test shows each.
const CODES: [u32; 58] = [
    50401, 50403, 50404, 50405, 60001, 60002, 60009, 60201, 61002, 61003, 61004, 61005, 61006, 61008, 61009, 61010,
    61011, 61012, 61013, 61014, 61019, 61020, 61101, 61102, 61107, 61108, 61110, 61111, 61205, 61206, 61208, 61301,
    61302, 61303, 61401, 61402, 61404, 61405, 63601, 63602, 63603, 63610, 63611, 63613, 63660, 63664, 65901, 65902,
    65903, 65907, 65908, 65909, 65910, 65914, 65925, 70204, 195_131, 195_149,
];

/// Those of changes of access.
const ACCESS_CODES: std::ops::RangeInclusive<u32> = 108_201..=108_209;

fn text_of(module: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/api/{module}.rs", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn source(test: &str) -> String {
    let (module, name) = test.split_once("::").unwrap();
    let text = text_of(module);
    let (_, body) = text.split_once(&format!("#[test]\nfn {name}()")).unwrap_or_else(|| panic!("no test {test}"));
    body.split("\n}\n").next().unwrap().to_owned()
}

#[test]
fn every_operation_has_its_tests() {
    let routes = Helix::new(&Config::default()).routes();
    let served: BTreeSet<&str> =
        routes.iter().map(|route| route.operation).filter(|operation| *operation != "unserved").collect();
    assert_eq!(served, OPERATIONS.iter().map(|(operation, ..)| *operation).collect());
    let (hidden, replayed) = (source(HIDDEN), source(REPLAYED));
    assert!(source(NO_KEY).contains("routes()") && hidden.contains("server.trace()"));
    for (operation, path, happy, traceless) in OPERATIONS {
        assert!(source(happy).contains(path), "{operation} does not work in {happy}");
        let is_write = !traceless.is_empty();
        let path = match path.strip_prefix('"') {
            Some(what) => format!("/account/{}Access", what.trim_end_matches('"')),
            None => path.to_owned(),
        };
        assert!(
            ["create_customer", "get_program"].contains(&operation) || hidden.contains(&path),
            "{operation} is not tried on what tags hide"
        );
        assert_eq!(is_write, replayed.contains(&path), "{operation} is not replayed");
        assert!(!is_write || source(traceless).contains("server.trace()"), "{operation} may leave a trace");
    }
}

#[test]
fn every_code_has_its_test() {
    let modules = [
        "helix_access",
        "helix_accounts",
        "helix_customers",
        "helix_externals",
        "helix_locks",
        "helix_money",
        "helix_transport",
    ];
    let all = modules.map(text_of).concat().replace('_', "");
    for code in CODES.into_iter().chain(ACCESS_CODES) {
        assert!(all.contains(&code.to_string()), "no test shows {code}");
    }
}
