//! Lists read with cursors: every row is seen exactly once, whatever changes between two calls.

use super::harness::{Caller, Server};
use serde_json::{Value, json};

/// Reads a list to its end in pages of this size, with a change between pages. Returns one member of each row.
fn walk(
    caller: &Caller<'_>,
    list: &str,
    rows: &str,
    member: &str,
    mut meanwhile: impl FnMut(&[String]),
) -> Vec<String> {
    let mut seen = Vec::new();
    let mut path = list.to_owned();
    loop {
        let answer = caller.get(&path).ok().json();
        let shown = answer[rows].as_array().unwrap_or_else(|| panic!("no {rows} in {answer}"));
        let shown: Vec<String> = shown.iter().map(|row| text(&row[member])).collect();
        meanwhile(&shown);
        seen.extend(shown);
        let Some(next) = answer["next"].as_str() else { return seen };
        assert!(seen.len() < 1000, "{list} does not end");
        path = format!("{list}{}after={next}", if list.contains('?') { '&' } else { '?' });
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Requests this many withdrawals; returns their ids, newest first.
fn requested(caller: &Caller<'_>, account: &str, count: usize) -> Vec<String> {
    let mut ids: Vec<_> = (0..count).map(|_| caller.ask(account, "withdrawals", "1")).collect();
    ids.reverse();
    ids
}

#[test]
fn a_queue_can_be_worked_through_while_it_shrinks_and_grows() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("EUR");
    admin.deposit(&account, "100");
    let waiting = requested(&admin, &account, 10);
    let worked = walk(&admin, "/withdrawals?state=PENDING&perPage=3", "movements", "id", |shown| {
        for id in shown {
            admin.step(&format!("/withdrawals/{id}/approve")).ok();
        }
        admin.ask(&account, "withdrawals", "1");
    });
    assert_eq!(worked, waiting);
    // Rows requested meanwhile precede the start of the walk.
    assert_eq!(admin.get("/withdrawals?state=PENDING").ok().text_at("total"), "4");
}

#[test]
fn rows_added_or_removed_around_the_cursor_do_not_affect_the_others() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile();
    let opened: Vec<_> = (0..6).map(|_| admin.new_account_of(&profile, "USD")).collect();
    let mut added = Vec::new();
    let mut rounds = 0;
    let seen = walk(&admin, &format!("/accounts?profileId={profile}&perPage=2"), "accounts", "id", |shown| {
        rounds += 1;
        if rounds <= 2 {
            admin.delete(&format!("/accounts/{}", shown[1])).ok(); // the row of the cursor itself
            added.push(admin.new_account_of(&profile, "USD"));
        }
    });
    assert_eq!(seen, [opened, added].concat());
    let profiles = |page: &str| walk(&admin, &format!("/profiles?perPage={page}"), "profiles", "id", |_| {});
    for _ in 0..3 {
        admin.new_profile();
    }
    let seen = walk(&admin, "/profiles?perPage=2&status=VERIFIED", "profiles", "id", |shown| {
        admin.post(&format!("/profiles/{}/deceased", shown[0]), &json!({})).ok();
    });
    assert_eq!(seen, profiles("500"));
}

#[test]
fn every_list_continues_where_the_last_answer_ended() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile_with(&json!({"lastName": "Cursorius"}));
    let accounts: Vec<_> = (0..5).map(|_| admin.new_account_of(&profile, "USD")).collect();
    let account = &accounts[0];
    for amount in ["10", "20", "30", "40", "50"] {
        admin.deposit(account, amount);
        admin.ask(account, "deposits", amount);
        admin.ask(account, "holds", "1");
        admin.ask(account, "withdrawals", "1");
        let transfer = json!({"fromAccountId": account, "toAccountId": accounts[1], "amount": "0.1"});
        admin.post("/transfers", &transfer).ok();
        admin.new_profile_with(&json!({"company": "Cursorius Ltd"}));
        let owner = json!({"profileId": admin.new_profile(), "access": "READ"});
        admin.post(&format!("/accounts/{account}/owners"), &owner).ok();
    }
    for (list, size, rows, member) in [
        ("/profiles".into(), "perPage", "profiles", "id"),
        ("/profiles?search=cursorius".into(), "perPage", "profiles", "id"),
        ("/accounts?archived=true".into(), "perPage", "accounts", "id"),
        ("/accounts?search=cursorius".into(), "perPage", "accounts", "id"),
        ("/account-groups".into(), "perPage", "groups", "id"),
        ("/options/currencies".into(), "perPage", "currencies", "code"),
        (format!("/profiles/{profile}/accounts"), "perPage", "accounts", "accountId"),
        (format!("/accounts/{account}/owners"), "perPage", "owners", "profileId"),
        (format!("/accounts/{account}/deposits"), "perPage", "movements", "id"),
        (format!("/accounts/{account}/withdrawals"), "perPage", "movements", "id"),
        (format!("/accounts/{account}/holds"), "perPage", "movements", "id"),
        ("/deposits".into(), "perPage", "movements", "id"),
        (format!("/withdrawals?accountId={account}"), "perPage", "movements", "id"),
        (format!("/transfers?accountId={account}"), "perPage", "movements", "id"),
        (format!("/accounts/{account}/deals"), "limit", "deals", "id"),
        (format!("/accounts/{account}/statement"), "limit", "lines", "dealId"),
    ] {
        let whole = walk(&admin, &list, rows, member, |_| {});
        assert!(whole.len() >= 5, "{list}: {whole:?}");
        let more = if list.contains('?') { '&' } else { '?' };
        for by in 1..=3 {
            assert_eq!(
                walk(&admin, &format!("{list}{more}{size}={by}"), rows, member, |_| {}),
                whole,
                "{list} by {by}"
            );
        }
        // A page that ends with the list has no cursor.
        let all = admin.get(&format!("{list}{more}{size}={}", whole.len())).ok().json();
        assert_eq!((all[rows].as_array().unwrap().len(), &all["next"]), (whole.len(), &Value::Null), "{list}");
    }
    // While deals are added, only those of the first answer are shown.
    let deals = format!("/accounts/{account}/deals");
    let before = walk(&admin, &deals, "deals", "id", |_| {});
    let meanwhile = |_: &[String]| drop(admin.deposit(account, "1"));
    assert_eq!(walk(&admin, &format!("{deals}?limit=4"), "deals", "id", meanwhile), before);
}

#[test]
fn a_cursor_tells_how_many_rows_there_are_and_takes_no_page() {
    let server = Server::start("");
    let admin = server.admin();
    for _ in 0..3 {
        admin.new_profile();
    }
    let first = admin.get("/profiles?perPage=2").ok();
    let second = admin.get(&format!("/profiles?perPage=2&after={}", first.text_at("next"))).ok().json();
    assert_eq!((&second["page"], &second["perPage"], &second["total"]), (&Value::Null, &"2".into(), &"3".into()));
    // The page size may change on the way, and a numbered page has a cursor too.
    let second = admin.get("/profiles?perPage=1&page=2").ok();
    let last = admin.get(&format!("/profiles?after={}", second.text_at("next"))).ok();
    assert_eq!((last.text_at("perPage"), last.json()["profiles"].as_array().unwrap().len()), ("50".into(), 1));
}

#[test]
fn a_cursor_is_good_for_its_own_list_and_filters_only() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile();
    let accounts: Vec<_> = (0..3).map(|_| admin.new_account_of(&profile, "USD")).collect();
    let [one, two, _] = &accounts[..] else { unreachable!() };
    for account in [one, two] {
        for _ in 0..3 {
            admin.deposit(account, "5");
        }
    }
    let next = |list: &str| admin.get(list).ok().text_at("next");
    let cursor = next("/accounts?currency=USD&perPage=2");
    admin.get(&format!("/accounts?perPage=1&after={cursor}&currency=USD")).ok();
    let deals = next(&format!("/accounts/{one}/deals?limit=2"));
    let statement = next(&format!("/accounts/{one}/statement?limit=2&basis=effective"));
    let owner = json!({"profileId": admin.new_profile(), "access": "READ"});
    admin.post(&format!("/accounts/{one}/owners"), &owner).ok();
    let owners = next(&format!("/accounts/{one}/owners?perPage=1"));
    let damaged = format!("{}A{}", &cursor[..9], &cursor[10..]);
    for (path, field, reason) in [
        ("/accounts?after=1".to_owned(), "after", "not a cursor"),
        (format!("/accounts?currency=USD&after={damaged}"), "after", "not a cursor"),
        (format!("/accounts?currency=USD&after={}", &cursor[1..]), "after", "not a cursor"),
        (format!("/accounts?after={cursor}"), "after", "for other filters"),
        (format!("/accounts?currency=EUR&after={cursor}"), "after", "for other filters"),
        (format!("/accounts?currency=USD&archived=true&after={cursor}"), "after", "for other filters"),
        (format!("/profiles?after={cursor}"), "after", "of another list"),
        (format!("/accounts/{two}/deals?after={deals}"), "after", "of another list"),
        (format!("/accounts/{one}/statement?after={deals}"), "after", "of another list"),
        (format!("/accounts/{one}/deals?from=2020-01-01T00:00:00Z&after={deals}"), "after", "for other filters"),
        (format!("/accounts/{one}/statement?basis=recorded&after={statement}"), "after", "another period or basis"),
        (format!("/accounts?currency=USD&page=2&after={cursor}"), "page", "send either page or after"),
        (format!("/accounts/{one}/deals?beforeId={one}&after={deals}"), "beforeId", "send either beforeId or after"),
    ] {
        let refused = admin.get(&path).refused("INVALID_FIELD").naming(field);
        assert!(refused.text_at("message").contains(reason), "{path}: {}", refused.text);
    }
    // A new owner renumbers the others, so the position of the cursor no longer exists.
    let owner = json!({"profileId": admin.new_profile(), "access": "READ", "priority": 2});
    admin.post(&format!("/accounts/{one}/owners"), &owner).ok();
    admin.get(&format!("/accounts/{one}/owners?after={owners}")).refused("INVALID_FIELD").naming("after");
}

#[test]
fn a_cursor_reveals_nothing_to_a_caller_who_sees_less() {
    let server = Server::start("");
    let admin = server.admin();
    let retail = server.operator("operator", &["retail"]);
    let mut own = Vec::new();
    for _ in 0..3 {
        admin.new_profile_with(&json!({"tags": ["vip"]}));
        own.push(admin.new_profile_with(&json!({"tags": ["retail"]})));
    }
    let cursor = admin.get("/profiles?perPage=1").ok().text_at("next");
    let seen = retail.get(&format!("/profiles?after={cursor}")).ok().json();
    let ids: Vec<_> = seen["profiles"].as_array().unwrap().iter().map(|profile| text(&profile["id"])).collect();
    assert_eq!((ids, &seen["total"]), (own, &"3".into()));
}
