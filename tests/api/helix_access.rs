//! Who may do what with an account of Helix: the matrix of access, and what follows from a death.

use super::harness::{Caller, Server};
use super::helix::{account, admin, at, customer, fund, native_client, number, post, reserve, seen};
use serde_json::{Value, json};

fn change(api: &Caller<'_>, what: &str, key: (i64, i64), target: i64, more: &Value) -> super::harness::Reply {
    let mut body = json!({"customerId": key.0, "accountId": key.1, "targetCustomerId": target});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    api.post(&format!("/account/{what}Access"), &body)
}

/// Customers in order, with their access. The priorities of those with some access are gapless.
fn listed(api: &Caller<'_>, key: (i64, i64)) -> Vec<(i64, String)> {
    let list = api.get(&format!("/account/listAccess/{}/{}", key.0, key.1)).data();
    let mut active = 0;
    let rows = list.as_array().unwrap().iter();
    rows.map(|row| {
        let has_access = row["accessTypeCode"] != "NONE";
        active += i64::from(has_access);
        assert_eq!(row["customerPriority"], if has_access { active } else { 0 }, "{list}");
        (row["customerId"].as_i64().unwrap(), row["accessTypeCode"].as_str().unwrap().to_owned())
    })
    .collect()
}

#[test]
fn access_is_inserted_changed_and_removed_without_gaps() {
    let server = Server::start("");
    let api = admin(&server);
    let (one, two, three) = (customer(&api), customer(&api), customer(&api));
    let account = account(&api, one, "Checking");
    let key = (one, account);
    change(&api, "add", key, two, &json!({"accessTypeCode": "RDONLY"})).data();
    change(&api, "add", key, three, &json!({"accessTypeCode": "FULL", "customerPriority": "2"})).data();
    let row = |customer: i64, access: &str| (customer, access.to_owned());
    assert_eq!(listed(&api, key), [row(one, "FULL"), row(three, "FULL"), row(two, "RDONLY")]);
    let shown = seen(&api, two, account);
    let members = [
        "accessTypeCode",
        "customerId",
        "customerPriority",
        "isPrimaryCustomer",
        "primaryCustomerId",
        "totalCustomers",
        "isJointAccount",
    ];
    let expected = [json!("RDONLY"), json!(two), json!(3), json!(false), json!(one), json!(3), json!(true)];
    assert_eq!(members.map(|name| shown[name].clone()), expected);
    change(&api, "edit", key, two, &json!({"accessTypeCode": "NONE", "customerPriority": 2})).data();
    assert_eq!(listed(&api, key), [row(one, "FULL"), row(three, "FULL"), row(two, "NONE")]);
    assert_eq!(seen(&api, one, account)["totalCustomers"], 2, "who has no access does not count");
    change(&api, "remove", key, two, &json!({})).data();
    assert_eq!(listed(&api, key), [row(one, "FULL"), row(three, "FULL")]);
    change(&api, "remove", key, three, &json!({})).data();
    let alone = seen(&api, one, account);
    assert_eq!((&alone["isJointAccount"], &alone["totalCustomers"]), (&json!(false), &json!(1)));
    // Passing the first place on makes another customer the primary one.
    change(&api, "add", key, two, &json!({"accessTypeCode": "FULL", "customerPriority": 1})).data();
    assert_eq!(seen(&api, one, account)["primaryCustomerId"], two);
    server.trace();
}

/// The primary customer has FULL, and nobody gets that by the way.
#[test]
fn nobody_without_full_access_becomes_the_primary_customer() {
    let server = Server::start("");
    let api = admin(&server);
    let (one, two, three) = (customer(&api), customer(&api), customer(&api));
    let account = account(&api, one, "Checking");
    let key = (one, account);
    change(&api, "add", key, two, &json!({"accessTypeCode": "RDONLY"})).data();
    change(&api, "add", key, three, &json!({"accessTypeCode": "FULL"})).data();
    let before = server.trace();
    change(&api, "edit", key, one, &json!({"customerPriority": 2})).fails(400, 108_201);
    change(&api, "edit", key, two, &json!({"customerPriority": 1})).fails(400, 108_201);
    change(&api, "edit", key, two, &json!({"accessTypeCode": "NONE", "customerPriority": 1})).fails(400, 108_201);
    change(&api, "remove", key, one, &json!({})).fails(400, 108_201);
    assert_eq!(server.trace(), before);
    change(&api, "add", key, three, &json!({"accessTypeCode": "FULL"})).says("targetCustomerId: has access already");
    change(&api, "edit", key, two, &json!({"accessTypeCode": "FULL", "customerPriority": 1})).data();
    let row = |customer: i64| (customer, "FULL".to_owned());
    assert_eq!(listed(&api, key), [row(two), row(one), row(three)]);
    change(&api, "edit", (two, account), two, &json!({"customerPriority": 3})).data();
    assert_eq!(listed(&api, key), [row(one), row(three), row(two)]);
    change(&api, "remove", key, one, &json!({})).data();
    assert_eq!(listed(&api, (three, account)), [row(three), row(two)]);
    server.trace();
}

/// Whoever has no access has no priority, and does not inherit.
#[test]
fn priorities_count_only_customers_with_access() {
    let server = Server::start("");
    let api = admin(&server);
    let (one, idle, two, three) = (customer(&api), customer(&api), customer(&api), customer(&api));
    let account = account(&api, one, "Checking");
    let key = (one, account);
    change(&api, "add", key, idle, &json!({"accessTypeCode": "NONE", "customerPriority": 2})).data();
    change(&api, "edit", key, one, &json!({"customerPriority": 2})).fails(400, 108_209);
    change(&api, "remove", key, one, &json!({})).fails(400, 108_201);
    change(&api, "add", key, two, &json!({"accessTypeCode": "FULL", "customerPriority": 2})).data();
    change(&api, "add", key, three, &json!({"accessTypeCode": "FULL"})).data();
    let priorities = || {
        let rows = api.get(&format!("/account/listAccess/{one}/{account}")).data();
        let of = |who: i64| rows.as_array().unwrap().iter().find(|row| row["customerId"] == who).unwrap().clone();
        [one, two, three, idle].map(|who| number(&of(who)["customerPriority"]))
    };
    assert_eq!(priorities(), [1, 2, 3, 0]);
    assert_eq!(seen(&api, three, account)["customerPriority"], 3);
    change(&api, "edit", key, three, &json!({"customerPriority": 2})).data();
    assert_eq!(priorities(), [1, 3, 2, 0]);
    change(&api, "edit", key, three, &json!({"customerPriority": 4})).fails(400, 108_209);
    change(&api, "edit", key, one, &json!({"customerPriority": 2})).data();
    assert_eq!(priorities(), [2, 3, 1, 0]);
    server.trace();
}

/// What each kind of owner may do: see, edit, move money in and out, change its own access and that of others.
#[test]
fn the_matrix_of_access_holds_cell_by_cell() {
    let server = Server::start("");
    let api = admin(&server);
    let (primary, full, reads, none, stranger) =
        (customer(&api), customer(&api), customer(&api), customer(&api), customer(&api));
    let account_id = account(&api, primary, "Checking");
    let key = |customer: i64| (customer, account_id);
    for (who, access) in [(full, "FULL"), (reads, "RDONLY"), (none, "NONE")] {
        change(&api, "add", key(primary), who, &json!({"accessTypeCode": access})).data();
    }
    fund(&api, primary, account_id, "100");
    let reserve = reserve(&api);
    /// 0 stands for success, 404 for an account that is not found, others are codes.
    #[track_caller]
    fn outcome(reply: &super::harness::Reply) -> u64 {
        match reply.status {
            200 => 0,
            404 => 404,
            _ => reply.json()["errors"][0]["code"].as_u64().unwrap(),
        }
    }
    let cells = |who: i64| -> Vec<u64> {
        let key_body = json!({"customerId": who, "accountId": account_id});
        let with = |more: Value| {
            let mut body = key_body.clone();
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let transfer = |from: i64, to: i64| {
            let body = json!({"customerId": who, "fromId": from, "toId": to, "amount": 1});
            outcome(&api.post("/transfer/create", &body))
        };
        vec![
            outcome(&api.get(&format!("/account/get/{who}/{account_id}"))),
            outcome(&api.get(&format!("/transaction/list/{who}/{account_id}"))),
            outcome(&api.get(&format!("/account/listAccess/{who}/{account_id}"))),
            outcome(&api.post("/account/update", &with(json!({"category": format!("by {who}")})))),
            outcome(&api.post("/account/lock", &with(json!({"lockTypeCode": "CST", "lockReasonTypeCode": "TMP"})))),
            outcome(&api.post("/account/unlock", &key_body)),
            outcome(&api.post("/account/placeHold", &with(json!({"amount": 1, "reason": "x"})))),
            outcome(&api.post("/account/releaseHold", &key_body)),
            transfer(reserve, account_id),
            transfer(account_id, reserve),
            // Others: lower the last one's access, and set it back.
            outcome(&change(&api, "edit", key(who), none, &json!({"accessTypeCode": "NONE"}))),
            outcome(&change(&api, "add", key(who), stranger, &json!({"accessTypeCode": "RDONLY"}))),
            outcome(&change(&api, "remove", key(who), stranger, &json!({}))),
            // Its own: raise it.
            outcome(&change(&api, "edit", key(who), who, &json!({"customerPriority": 1}))),
        ]
    };
    let unknown = vec![404; 8].into_iter().chain([63610, 63601, 404, 404, 404, 404]).collect::<Vec<_>>();
    assert_eq!(cells(primary), [0; 14]);
    assert_eq!(cells(full), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 108_203, 108_203, 108_203, 108_202]);
    let read_only =
        [0, 0, 0, 108_204, 108_204, 108_204, 108_204, 108_204, 63664, 63664, 108_204, 108_204, 108_204, 108_202];
    assert_eq!(cells(reads), read_only);
    assert_eq!(cells(none), unknown);
    assert_eq!(cells(stranger), unknown);

    let before = server.trace();
    let coded = |who: i64, target: i64, more: Value, code: u32| {
        change(&api, "edit", key(who), target, &more).fails(400, code);
    };
    coded(reads, reads, json!({"accessTypeCode": "FULL"}), 108_202);
    coded(primary, primary, json!({"accessTypeCode": "RDONLY"}), 108_201);
    coded(primary, stranger, json!({"accessTypeCode": "FULL"}), 108_207);
    coded(primary, full, json!({"accessTypeCode": "ALL"}), 108_208);
    for priority in [json!(9), json!(0), json!(-1), json!("x")] {
        coded(primary, full, json!({"customerPriority": priority}), 108_209);
    }
    change(&api, "add", key(primary), full, &json!({"accessTypeCode": "FULL"})).fails(400, 108_207);
    change(&api, "add", key(primary), 999_999, &json!({"accessTypeCode": "FULL"})).fails(400, 108_207);
    change(&api, "add", key(primary), stranger, &json!({})).fails(400, 108_208);
    for (name, code) in [("accountId", 108_205), ("customerId", 108_206), ("targetCustomerId", 108_207)] {
        let mut body =
            json!({"customerId": primary, "accountId": account_id, "targetCustomerId": full, "accessTypeCode": "FULL"});
        body.as_object_mut().unwrap().remove(name);
        for what in ["add", "edit", "remove"] {
            api.post(&format!("/account/{what}Access"), &body).fails(400, code);
        }
    }
    assert_eq!(server.trace(), before);
    // Everyone may lower its own access, and leave.
    change(&api, "edit", key(full), full, &json!({"accessTypeCode": "RDONLY"})).data();
    change(&api, "remove", key(reads), reads, &json!({})).data();
    assert_eq!(listed(&api, key(primary)).len(), 3);
    let lone = account(&api, stranger, "Checking");
    change(&api, "remove", (stranger, lone), stranger, &json!({})).fails(400, 108_201);
}

#[test]
fn the_death_of_the_primary_customer_moves_the_others_up() {
    let server = Server::start("");
    let api = admin(&server);
    let (one, two, three) = (customer(&api), customer(&api), customer(&api));
    let (joint, alone) = (account(&api, one, "Savings"), account(&api, one, "Checking"));
    let read = account(&api, one, "Checking");
    for (who, access) in [(three, "RDONLY"), (two, "FULL")] {
        change(&api, "add", (one, joint), who, &json!({"accessTypeCode": access})).data();
    }
    change(&api, "add", (one, read), three, &json!({"accessTypeCode": "RDONLY"})).data();
    server.admin().post(&format!("/profiles/{}/deceased", native_client(&server, one)), &json!({})).ok();
    let heir = seen(&api, two, joint);
    let members = ["accessTypeCode", "customerPriority", "isPrimaryCustomer", "primaryCustomerId", "totalCustomers"];
    assert_eq!(members.map(|name| heir[name].clone()), [json!("FULL"), json!(1), json!(true), json!(two), json!(2)]);
    let reader = seen(&api, three, joint);
    assert_eq!((&reader["customerPriority"], &reader["accessTypeCode"]), (&json!(2), &json!("RDONLY")));
    let left = seen(&api, three, read);
    assert_eq!((&left["accessTypeCode"], &left["lockReasonTypeCode"]), (&json!("RDONLY"), &json!("DED")));
    api.get(&format!("/account/get/{one}/{joint}")).fails(404, 60001);
    let locked = seen(&api, one, alone);
    assert_eq!((&locked["lockTypeCode"], &locked["lockReasonTypeCode"]), (&json!("SYS"), &json!("DED")));
    api.post("/account/unlock", &json!({"customerId": one, "accountId": alone})).fails(400, 61302);
}

#[test]
fn owners_whom_tags_hide_are_not_listed() {
    let server = Server::start("");
    let api = admin(&server);
    let native = server.admin();
    let open = |tag: &str, email: &str| {
        let made = native.post("/profiles", &json!({"tags": [tag], "email": email})).ok();
        made.digits("number").parse::<i64>().unwrap()
    };
    let (seen_one, hidden) = (open("retail", "a@example.com"), open("vip", "b@example.com"));
    let account = account(&api, seen_one, "Checking");
    change(&api, "add", (seen_one, account), hidden, &json!({"accessTypeCode": "FULL"})).data();
    let retail = at(&server, &server.operator("operator", &["retail"]));
    let list = retail.get(&format!("/account/listAccess/{seen_one}/{account}")).data();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["customerId"]), (1, &json!(seen_one)));
    assert_eq!(retail.get(&format!("/account/get/{seen_one}/{account}")).data()["totalCustomers"], 2);
    change(&retail, "edit", (seen_one, account), hidden, &json!({"accessTypeCode": "NONE"})).fails(400, 108_207);
    post(&api, "/account/update", &json!({"customerId": hidden, "accountId": account, "category": "x"}));
}
