//! Statements: the postings of an account between two moments, in pages and as CSV.

use super::harness::{Caller, Reply, Server};
use super::native_balances::{DAY, HOUR, adjust, live_through_a_month, minor, month};
use bursar::domain::clock::Moment;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// All pages of a statement, each of them checked.
fn pages(caller: &Caller<'_>, account: &str, query: &str, limit: u32) -> Vec<Reply> {
    let path = format!("/accounts/{account}/statement?{query}&limit={limit}");
    let mut pages = vec![caller.get(&path).ok()];
    while let Some(next) = pages.last().unwrap().json()["next"].as_str() {
        let (from, to) = (pages[0].text_at("from"), pages[0].text_at("to"));
        let basis = pages[0].text_at("basis");
        let path =
            format!("/accounts/{account}/statement?from={from}&to={to}&basis={basis}&limit={limit}&after={next}");
        pages.push(caller.get(&path).ok());
    }
    let mut balance = minor(&pages[0].digits("openingBalance"));
    let (mut credits, mut debits) = (0, 0);
    for page in &pages {
        for same in ["openingBalance", "closingBalance", "credits", "debits"] {
            assert_eq!(page.digits(same), pages[0].digits(same), "{same}");
        }
        let at = |name: &str| minor(&page.digits(name));
        assert_eq!(at("closingBalance"), at("openingBalance") + at("credits") - at("debits"));
        assert_eq!(at("broughtForward"), balance, "{}", page.text);
        let lines = page.json()["lines"].as_array().unwrap().len();
        assert!(lines <= limit as usize);
        for line in 0..lines {
            let amount = minor(&page.digits(&format!("lines/{line}/amount")));
            if amount > 0 {
                credits += amount
            } else {
                debits -= amount
            }
            balance += amount;
            assert_eq!(minor(&page.digits(&format!("lines/{line}/balance"))), balance);
        }
        assert_eq!(at("carriedForward"), balance);
    }
    let last = pages.last().unwrap();
    assert_eq!(minor(&last.digits("closingBalance")), balance);
    assert_eq!((minor(&last.digits("credits")), minor(&last.digits("debits"))), (credits, debits));
    pages
}

/// The lines of all pages as id and the two times.
fn lines(pages: &[Reply]) -> Vec<(String, String, String)> {
    let line =
        |line: &Value| ["dealId", "recordedAt", "effectiveAt"].map(|name| line[name].as_str().unwrap().to_owned());
    let all = pages.iter().flat_map(|page| page.json()["lines"].as_array().unwrap().clone());
    all.map(|value| line(&value)).map(|[id, recorded, effective]| (id, recorded, effective)).collect()
}

#[test]
fn a_statement_leads_from_its_opening_to_its_closing_balance_on_every_page() {
    let (server, accounts) = month();
    let (snapshots, backdated) = live_through_a_month(&server, &accounts);
    let admin = server.admin();
    let account = &accounts[0];
    let deals =
        admin.get(&format!("/accounts/{account}/deals?limit=1000")).ok().json()["deals"].as_array().unwrap().len();
    let (early, late) = (&snapshots[8].at, &snapshots[25].at);
    for basis in ["recorded", "effective"] {
        let whole = pages(&admin, account, &format!("basis={basis}"), 1000);
        assert_eq!((whole.len(), lines(&whole).len()), (1, deals));
        assert_eq!(whole[0].digits("openingBalance"), "0.00");
        assert_eq!(whole[0].digits("closingBalance"), admin.balance(account));
        for period in
            [String::new(), format!("&from={early}"), format!("&to={late}"), format!("&from={early}&to={late}")]
        {
            let query = format!("basis={basis}{period}");
            let at_once = pages(&admin, account, &query, 1000);
            for limit in [1, 3, 7] {
                assert_eq!(lines(&pages(&admin, account, &query, limit)), lines(&at_once), "{query} {limit}");
            }
            let order = lines(&at_once).into_iter().map(|line| if basis == "recorded" { line.1 } else { line.2 });
            assert!(order.is_sorted());
            let inside = |time: &String| {
                (period.contains("from") <= (time >= early)) && (period.contains("to=") <= (time < late))
            };
            let expected =
                lines(&whole).into_iter().filter(|line| inside(if basis == "recorded" { &line.1 } else { &line.2 }));
            assert_eq!(lines(&at_once), expected.collect::<Vec<_>>());
        }
        // The end of one period is the start of the next; both have the balance at that moment.
        let (first, second) = (
            pages(&admin, account, &format!("basis={basis}&to={late}"), 50),
            pages(&admin, account, &format!("basis={basis}&from={late}"), 50),
        );
        assert_eq!(first[0].digits("closingBalance"), second[0].digits("openingBalance"));
        let just_before = Moment::parse(late).unwrap().plus_ms(-1);
        let balance = admin.get(&format!("/accounts/{account}/balance?basis={basis}&at={just_before}")).ok();
        assert_eq!(first[0].digits("closingBalance"), balance.digits("balance"));
    }
    let effective: BTreeMap<_, _> =
        lines(&pages(&admin, account, "basis=effective", 1000)).into_iter().map(|line| (line.0, line.2)).collect();
    for (deal, at) in &backdated {
        assert_eq!(&effective[deal], at);
    }
    // Reversals are linked both ways.
    let whole = &pages(&admin, account, "", 1000)[0].json()["lines"];
    let reversals: Vec<_> = whole.as_array().unwrap().iter().filter(|line| line["kind"] == "REVERSAL").collect();
    assert_eq!(reversals.len(), 4);
    for reversal in reversals {
        let reversed = whole.as_array().unwrap().iter().find(|line| line["dealId"] == reversal["reverses"]).unwrap();
        assert_eq!(reversed["reversedBy"], reversal["dealId"]);
    }
    assert_eq!(whole.as_array().unwrap().iter().filter(|line| line["kind"] == "TRANSFER").count(), 4);
}

#[test]
fn pages_show_the_books_as_they_were_at_the_first() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    server.advance(DAY);
    for _ in 0..5 {
        admin.deposit(&account, "10");
    }
    let early = server.advance(-0).plus_s(-HOUR).to_string();
    server.advance(60);
    let first = admin.get(&format!("/accounts/{account}/statement?basis=effective&limit=2")).ok();
    adjust(&admin, &account, &json!({"amount": "-4", "effectiveAt": early})).ok();
    let (from, to, next) = (first.text_at("from"), first.text_at("to"), first.text_at("next"));
    let path = format!("/accounts/{account}/statement?basis=effective&from={from}&to={to}");
    let second = admin.get(&format!("{path}&limit=2&after={next}")).ok();
    assert_eq!((second.digits("closingBalance"), second.digits("broughtForward")), ("50.00".into(), "20.00".into()));
    let fresh = admin.get(&path).ok();
    assert_eq!((fresh.digits("closingBalance"), fresh.digits("lines/0/amount")), ("46.00".into(), "-4.00".into()));
    let recorded = admin.get(&format!("/accounts/{account}/statement?from={from}&to={to}")).ok();
    assert_eq!(recorded.digits("closingBalance"), "50.00");
}

#[test]
fn a_statement_is_a_table_for_those_who_ask_for_one() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    let comments = [
        "=HYPERLINK(\"http://x\")",
        "+1",
        "-2+3",
        "@SUM(A1)",
        "plain, \"quoted\"\nand long",
        "Ödön 株式",
        "-1.50",
        "＝1",
    ];
    for comment in comments {
        adjust(&admin, &account, &json!({"amount": "1000000.25", "comment": comment})).ok();
    }
    let reversed =
        adjust(&admin, &account, &json!({"amount": "-0.01", "action": "DEAL_ACTION_FEE"})).ok().text_at("dealId");
    admin.step(&format!("/entries/{reversed}/reverse")).ok();
    let path = format!("/accounts/{account}/statement");
    let table = admin.get(&format!("{path}?format=csv"));
    assert_eq!((table.status, table.header("content-type")), (200, Some("text/csv; charset=utf-8; header=present")));
    let name = table.header("content-disposition").unwrap();
    assert!(name.starts_with("attachment; filename=\"statement-21") && name.ends_with(".csv\""), "{name}");
    let asked = admin.with("Accept", "text/html, text/csv;q=0.9").get(&path);
    let head =
        "row,recorded_at,effective_at,deal_id,kind,debit,credit,balance,currency,comment,reverses,reversed_by\r\n";
    assert!(table.text.starts_with(head) && asked.text.starts_with(head));
    for json in [admin.with("Accept", "application/json, text/csv"), admin.with("Accept", "*/*")] {
        json.get(&path).ok();
    }
    admin.with("Accept", "text/csv").get(&format!("{path}?format=json")).ok();
    assert_eq!(table.text.matches("\r\n").count(), 1 + 1 + 10 + 1);
    let mut reader = csv::Reader::from_reader(table.text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let cell = |row: usize, column: usize| rows[row].get(column).unwrap();
    assert_eq!(rows.len(), 12);
    assert_eq!((cell(0, 0), cell(0, 7)), ("OPENING", "0.00"));
    for (row, comment) in comments.iter().enumerate() {
        let is_formula = "=-@＝".contains(comment.chars().next().unwrap()) && *comment != "-1.50";
        assert_eq!(cell(row + 1, 9), if is_formula { format!("'{comment}") } else { (*comment).into() });
        assert_eq!((cell(row + 1, 5), cell(row + 1, 6)), ("", "1000000.25"));
    }
    assert_eq!((cell(9, 4), cell(9, 5), cell(9, 6), cell(9, 7)), ("FEE", "0.01", "", "8000001.99"));
    assert_eq!((cell(9, 3), cell(10, 10)), (reversed.as_str(), reversed.as_str()));
    assert_eq!(cell(9, 11), cell(10, 3));
    assert_eq!((cell(11, 0), cell(11, 5), cell(11, 6), cell(11, 7)), ("CLOSING", "0.01", "8000002.01", "8000002.00"));
    // The JSON form has the same content.
    let view = admin.get(&path).ok();
    assert_eq!((view.digits("credits"), view.digits("debits")), ("8000002.01".into(), "0.01".into()));
    assert_eq!(view.text_at("lines/0/comment"), comments[0]);
}

#[test]
fn moments_before_an_account_and_periods_without_lines_are_zero() {
    let server = Server::start("");
    let admin = server.admin();
    let before = server.advance(0).plus_s(-DAY).to_string();
    server.advance(5);
    let account = admin.new_account("USD");
    for basis in ["recorded", "EFFECTIVE"] {
        let balance = admin.get(&format!("/accounts/{account}/balance?at={before}&basis={basis}")).ok();
        assert_eq!((balance.digits("balance"), balance.digits("withdrawableBalance")), ("0.00".into(), "0.00".into()));
        let path = format!("/accounts/{account}/statement?from=2000-01-01T00:00:00Z&to={before}&basis={basis}");
        let statement = admin.get(&path).ok();
        assert_eq!(statement.json()["lines"], json!([]));
        assert_eq!(
            (statement.digits("openingBalance"), statement.digits("closingBalance")),
            ("0.00".into(), "0.00".into())
        );
    }
    let trial = admin.get("/trial-balance?at=1999-01-01T00:00:00Z").ok();
    assert_eq!(trial.json()["isBalanced"], true);
    // Statements of archived accounts remain available.
    admin.deposit(&account, "5");
    admin.post(&format!("/accounts/{account}/withdraw"), &json!({"amount": 5})).ok();
    admin.delete(&format!("/accounts/{account}")).ok();
    admin.get(&format!("/accounts/{account}/statement")).ok().shows("statement");
}

#[test]
fn moments_and_periods_that_make_no_sense_are_refused() {
    let server = Server::start("");
    let admin = server.admin();
    let (account, other) = (admin.new_account("USD"), admin.new_account("USD"));
    for _ in 0..3 {
        admin.deposit(&account, "1");
        admin.deposit(&other, "1");
    }
    let now = server.advance(60);
    let later = now.plus_s(HOUR).to_string();
    let next = admin.get(&format!("/accounts/{account}/statement?limit=1")).ok().text_at("next");
    for (query, reason, field) in [
        (format!("balance?at={later}"), "OUT_OF_RANGE", "at"),
        ("balance?at=yesterday".into(), "INVALID_FIELD", "at"),
        (format!("balance?at={now}&at={now}"), "INVALID_FIELD", "at"),
        ("balance?basis=accrual".into(), "INVALID_FIELD", "basis"),
        (format!("statement?to={later}"), "OUT_OF_RANGE", "to"),
        (format!("statement?from={later}"), "INVALID_FIELD", "from"),
        (format!("statement?from={now}&to=2001-01-01T00:00:00Z"), "INVALID_FIELD", "from"),
        ("statement?basis=".to_owned() + "x", "INVALID_FIELD", "basis"),
        ("statement?limit=0".into(), "OUT_OF_RANGE", "limit"),
        ("statement?limit=1001".into(), "OUT_OF_RANGE", "limit"),
        ("statement?limit=many".into(), "INVALID_FIELD", "limit"),
        ("statement?format=pdf".into(), "INVALID_FIELD", "format"),
        ("statement?format=csv&limit=5".into(), "INVALID_FIELD", "limit"),
        (format!("statement?format=csv&after={next}"), "INVALID_FIELD", "after"),
        ("statement?after=x".into(), "INVALID_FIELD", "after"),
        (format!("statement?after={next}&to=2001-01-01T00:00:00Z"), "INVALID_FIELD", "after"),
    ] {
        admin.get(&format!("/accounts/{account}/{query}")).refused(reason).naming(field);
    }
    admin.get(&format!("/trial-balance?at={later}")).refused("OUT_OF_RANGE").naming("at");
    admin.get("/trial-balance?basis=x").refused("INVALID_FIELD");
    let nobody = "0198c1f0-0000-7000-8000-000000000000";
    for way in ["balance", "statement"] {
        admin.get(&format!("/accounts/{nobody}/{way}")).refused("NOT_FOUND");
    }
}
