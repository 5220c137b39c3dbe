//! CSV is opened in spreadsheets of every language: whatever separator a program assumes, no cell runs.

use super::harness::Server;
use serde_json::json;

/// What begins a formula or a call of another program.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '|', '%'];

/// The cells as a program sees them that splits at this separator and at line breaks, and knows no quotes.
fn split(table: &str, separator: char) -> Vec<&str> {
    table.split([separator, '\r', '\n']).collect()
}

fn runs(cell: &str) -> bool {
    let begin = cell.trim_start_matches(|c: char| c.is_whitespace() || c == '"');
    let is_number = |text: &str| text.trim_matches([' ', '"']).parse::<rust_decimal::Decimal>().is_ok();
    begin.starts_with(FORMULA) && !is_number(begin)
}

#[test]
fn no_cell_is_a_formula_for_any_separator() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let comments = [
        "=1+1",
        "fee;=1+1",
        "fee,=1+1",
        "fee; \"=HYPERLINK(A1)\"",
        "fee, \"x\";\t=1+1",
        "two\n=1+1",
        "two;\n@SUM(A1)",
        "\t=1+1",
        "-2+3;+4-1",
        "a|b;|calc",
        "1;-2;-3.50",
        "-3.50",
    ];
    for comment in comments {
        admin.post(&format!("/accounts/{account}/deposit"), &json!({"amount": "1", "comment": comment})).ok();
    }
    admin.post(&format!("/accounts/{account}/balance"), &json!({"amount": "-100.50"})).refused("INSUFFICIENT_FUNDS");
    let path = format!("/accounts/{account}/statement?format=csv");
    let table = admin.get(&path).text;
    for separator in [';', '\t'] {
        let runs: Vec<_> = split(&table, separator).into_iter().filter(|cell| runs(cell)).collect();
        assert_eq!(runs, Vec::<&str>::new(), "{separator:?}");
    }
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), comments.len() + 2);
    assert_eq!(rows.iter().flatten().filter(|cell| runs(cell)).count(), 0);
    assert_eq!(rows[1].get(9), Some("'=1+1"));
    // Text without a formula and numbers stay as they are.
    assert_eq!(rows[comments.len()].get(9), Some(comments[comments.len() - 1]));
}

#[test]
fn a_byte_order_mark_comes_on_request() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let path = format!("/accounts/{account}/statement");
    let with = admin.send("GET", &format!("{path}?format=csv&bom=true"), None, None);
    let without = admin.get(&format!("{path}?format=csv&bom=false"));
    assert!(with.text.starts_with("\u{feff}row,recorded_at,"), "{}", with.text);
    assert!(without.text.starts_with("row,recorded_at,"), "{}", without.text);
    assert_eq!(admin.with("Accept", "text/csv").get(&format!("{path}?bom=true")).text.chars().next(), Some('\u{feff}'));
    admin.get(&format!("{path}?bom=true")).refused("INVALID_FIELD").naming("bom");
    admin.get(&format!("{path}?format=csv&bom=1")).refused("INVALID_FIELD").naming("bom");
}
