//! Balances and statements as of any past moment.

use super::fields;
use super::lists::LISTS;
use crate::app::ledger::{BalanceAt, GetStatement, PastBalances, Statement, StatementLine};
use crate::dialects::kit::formats::rfc3339;
use crate::dialects::kit::{Call, CsvTable, CursorScope, ExactNumber, QueryParams, Rejection, Reply, TableFormat};
use crate::domain::clock::Moment;
use crate::domain::ids::EntrySeq;
use crate::domain::ledger::{Basis, Continuation, Place};
use crate::domain::money::{Amount, Total};
use serde::Serialize;
use utoipa::ToSchema;

/// The balances of an account as of a moment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BalanceAt)]
pub(super) struct BalanceView {
    account_id: String,
    #[schema(example = "USD")]
    currency: String,
    /// Inclusive, to the millisecond.
    at: String,
    /// `recorded`: as it was shown then. `effective`: with back-dated adjustments applied at their effective time.
    #[schema(example = "recorded")]
    basis: &'static str,
    /// Sum of all postings.
    #[schema(value_type = f64, example = 10000.00)]
    balance: ExactNumber,
    /// The balance less holds and uncleared deposits.
    #[schema(value_type = f64, example = 9750.00)]
    available_balance: ExactNumber,
    /// What can be withdrawn; negative if losses have used up part of the trading credit.
    #[schema(value_type = f64, example = 9750.00)]
    withdrawable_balance: ExactNumber,
    /// Holds and pending withdrawals.
    #[schema(value_type = f64, example = 250.00)]
    held_balance: ExactNumber,
    /// Settled deposits that are still clearing.
    #[schema(value_type = f64, example = 0.00)]
    uncleared_balance: ExactNumber,
    /// Announced deposits, which are not part of the balance.
    #[schema(value_type = f64, example = 0.00)]
    pending_balance: ExactNumber,
    /// Trading credit, which is part of the balance but cannot be withdrawn.
    #[schema(value_type = f64, example = 0.00)]
    credit_balance: ExactNumber,
    /// Overdraft limit, zero or below.
    #[schema(value_type = f64, example = 0.00)]
    minimum_balance: ExactNumber,
}

impl BalanceView {
    fn new(past: PastBalances, basis: Basis) -> BalanceView {
        let account = past.account;
        let balances = account.balances;
        let money = |amount: Amount| ExactNumber::of(amount, account.decimals);
        BalanceView {
            account_id: account.id.to_string(),
            at: past.at.to_string(),
            basis: basis.name(),
            balance: money(balances.balance),
            available_balance: money(balances.free()),
            withdrawable_balance: money(balances.withdrawable()),
            held_balance: money(balances.held),
            uncleared_balance: money(balances.uncleared),
            pending_balance: money(balances.pending),
            credit_balance: money(balances.credit()),
            minimum_balance: money(balances.minimum),
            currency: account.currency.to_string(),
        }
    }
}

pub(super) fn basis(query: &QueryParams) -> Result<Basis, Rejection> {
    let Some(name) = query.one("basis")? else { return Ok(Basis::default()) };
    let found = Basis::ALL.into_iter().find(|basis| basis.name().eq_ignore_ascii_case(name));
    found.ok_or_else(|| Rejection::invalid("basis", "recorded or effective"))
}

/// Get the balances of an account, now or as of any past moment. Before the account was opened they are zero.
#[utoipa::path(get, path = "/accounts/{id}/balance", tag = "Statements",
    params(
        ("id" = Uuid, Path, description = "account id"),
        ("at" = Option<String>, Query, description = "RFC 3339, inclusive, not in the future; defaults to now"),
        ("basis" = Option<String>, Query, description = "recorded (default) or effective"),
    ),
    responses((status = 200, body = BalanceView)))]
pub(super) async fn balance(call: Call) -> Result<Reply, Rejection> {
    let query = call.query();
    let basis = basis(query)?;
    let past = call.ask(BalanceAt { account: fields::path_id(&call)?, at: query.value("at", rfc3339)?, basis }).await?;
    Reply::ok(&BalanceView::new(past, basis))
}

/// A line of a statement.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatementLine)]
pub(super) struct LineView {
    deal_id: String,
    /// The kind of the entry. Unlike a deal's action, it distinguishes transfers and reversals.
    #[schema(example = "BALANCE")]
    kind: String,
    /// Negative if money left the account.
    #[schema(value_type = f64, example = -12.50)]
    amount: ExactNumber,
    /// The running balance after this line.
    #[schema(value_type = f64, example = 9987.50)]
    balance: ExactNumber,
    comment: String,
    /// When the entry was written.
    recorded_at: String,
    /// The time from which the entry counts.
    effective_at: String,
    /// The deal that this one reverses.
    reverses: Option<String>,
    /// The deal that reverses this one.
    reversed_by: Option<String>,
}

/// A statement, or one page of it. On every page, `closingBalance` = `openingBalance` + `credits` - `debits` for the
/// whole period. The lines of the page lead from `broughtForward` to `carriedForward`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Statement)]
pub(super) struct StatementView {
    account_id: String,
    /// The account's serial number.
    #[schema(example = 4711)]
    number: i64,
    #[schema(example = "USD")]
    currency: String,
    #[schema(example = "recorded")]
    basis: &'static str,
    /// The start of the period, inclusive.
    from: String,
    /// The end of the period, exclusive.
    to: String,
    #[schema(value_type = f64)]
    opening_balance: ExactNumber,
    #[schema(value_type = f64)]
    closing_balance: ExactNumber,
    /// Total credits of the period.
    #[schema(value_type = f64)]
    credits: ExactNumber,
    /// Total debits of the period, without a sign.
    #[schema(value_type = f64)]
    debits: ExactNumber,
    /// The balance before the first line of this page.
    #[schema(value_type = f64)]
    brought_forward: ExactNumber,
    /// The balance after the last line of this page.
    #[schema(value_type = f64)]
    carried_forward: ExactNumber,
    /// The lines, oldest first.
    lines: Vec<LineView>,
    /// Cursor for `after`; null on the last page. It includes `from`, `to` and `basis`, so omit these. All pages show
    /// the books as of the first one.
    next: Option<String>,
}

impl StatementView {
    fn new(statement: Statement, scope: &CursorScope) -> Self {
        let account = statement.account;
        let money = |amount: Amount| ExactNumber::of(amount, account.decimals);
        let total = |total| ExactNumber::total(total, account.decimals);
        let line = |line: StatementLine| LineView {
            deal_id: line.posting.id.to_string(),
            kind: line.posting.kind.name().to_uppercase(),
            amount: money(line.posting.amount),
            balance: money(line.balance),
            recorded_at: line.posting.recorded_at.to_string(),
            effective_at: line.posting.effective_at.to_string(),
            reverses: line.posting.reverses.map(|id| id.to_string()),
            reversed_by: line.posting.reversed_by.map(|id| id.to_string()),
            comment: line.posting.comment,
        };
        StatementView {
            account_id: account.id.to_string(),
            number: account.serial.0,
            currency: account.currency.to_string(),
            basis: statement.basis.name(),
            from: statement.from.to_string(),
            to: statement.to.to_string(),
            opening_balance: money(statement.opening),
            closing_balance: money(statement.closing),
            credits: total(statement.turnover.credits),
            debits: total(statement.turnover.debits.magnitude()),
            brought_forward: money(statement.brought_forward),
            carried_forward: money(statement.carried_forward),
            lines: statement.lines.into_iter().map(line).collect(),
            next: statement.next.map(|Continuation { after: Place { at, seq }, bound }| {
                let [from, to, at] = [statement.from, statement.to, at].map(Moment::unix_ms);
                scope.cursor(&[statement.basis as i64, from, to, at, seq.0, bound.0])
            }),
        }
    }
}

/// The columns of the CSV form. The first row has the opening balance, the last row the totals and the closing balance;
/// the rows in between are the lines.
const COLUMNS: [&str; 12] = [
    "row",
    "recorded_at",
    "effective_at",
    "deal_id",
    "kind",
    "debit",
    "credit",
    "balance",
    "currency",
    "comment",
    "reverses",
    "reversed_by",
];

/// Writes a statement as CSV. Amounts are plain decimals without thousands separators; debits have no sign.
fn table(statement: Statement, format: TableFormat) -> Result<Reply, Rejection> {
    let account = statement.account;
    let mut table = CsvTable::new(&COLUMNS, format)?;
    let money = |amount: Amount| amount.to_text(account.decimals);
    let currency = account.currency.to_string();
    let frame = |row: &str, at: String, debit: String, credit: String, balance: String| {
        let none = String::new;
        let left = [row.to_owned(), at.clone(), at, none(), none(), debit, credit, balance, currency.clone()];
        [left.as_slice(), &[none(), none(), none()]].concat()
    };
    let (from, to) = (statement.from.to_string(), statement.to.to_string());
    table.row(&frame("OPENING", from, String::new(), String::new(), money(statement.opening)))?;
    for StatementLine { posting, balance } in statement.lines {
        let amount = Total::from(posting.amount).magnitude().to_text(account.decimals);
        let (debit, credit) =
            if posting.amount.is_negative() { (amount, String::new()) } else { (String::new(), amount) };
        table.row(&[
            "LINE".to_owned(),
            posting.recorded_at.to_string(),
            posting.effective_at.to_string(),
            posting.id.to_string(),
            posting.kind.name().to_uppercase(),
            debit,
            credit,
            money(balance),
            currency.clone(),
            posting.comment,
            posting.reverses.map(|id| id.to_string()).unwrap_or_default(),
            posting.reversed_by.map(|id| id.to_string()).unwrap_or_default(),
        ])?;
    }
    let total = |total: Total| total.magnitude().to_text(account.decimals);
    let (debits, credits) = (total(statement.turnover.debits), total(statement.turnover.credits));
    table.row(&frame("CLOSING", to, debits, credits, money(statement.closing)))?;
    Reply::table(table, &format!("statement-{}.csv", account.number))
}

pub(super) const LIMIT_DEFAULT: u32 = 100;
pub(super) const LIMIT_MAX: u32 = 1000;
/// The most lines of the CSV form.
const TABLE_MAX: u32 = 100_000;

/// Get the statement of an account for a period, as JSON in pages or as one CSV table.
#[utoipa::path(get, path = "/accounts/{id}/statement", tag = "Statements",
    params(
        ("id" = Uuid, Path, description = "account id"),
        ("from" = Option<String>, Query, description = "RFC 3339, inclusive; defaults to the account's opening"),
        ("to" = Option<String>, Query, description = "RFC 3339, exclusive, not in the future; defaults to now"),
        ("basis" = Option<String>, Query, description = "recorded (default) or effective"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, default 100; not for CSV"),
        ("after" = Option<String>, Query, description = "`next` of the previous page; not for CSV"),
        ("format" = Option<String>, Query,
            description = "json or csv; defaults to csv if Accept names text/csv and not JSON"),
        ("bom" = Option<bool>, Query, description = "true begins the CSV with a UTF-8 byte order mark; only for CSV"),
    ),
    responses((status = 200, content((StatementView = "application/json"), (String = "text/csv")))))]
pub(super) async fn statement(call: Call) -> Result<Reply, Rejection> {
    let scope = CursorScope::of(&call, &["basis", "from", "to", "limit", "after", "format", "bom"]);
    let wanted = call.wanted_table()?;
    let query = statement_query(&call, &scope, wanted.is_some())?;
    let statement = call.ask(query).await?;
    match wanted {
        Some(format) => table(require_complete(statement)?, format),
        None => Reply::ok(&StatementView::new(statement, &scope)),
    }
}

fn statement_query(call: &Call, scope: &CursorScope, is_table: bool) -> Result<GetStatement, Rejection> {
    let query = call.query();
    let (limit, after) = (query.one("limit")?, query.one("after")?);
    if is_table && (limit.is_some() || after.is_some()) {
        let field = if limit.is_some() { "limit" } else { "after" };
        return Err(Rejection::invalid(field, "CSV is not paged; leave this out"));
    }
    let limit = query.within("limit", 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT);
    let (mut from, mut to) = (query.value("from", rfc3339)?, query.value("to", rfc3339)?);
    let (mut basis, is_basis_sent) = (basis(query)?, query.one("basis")?.is_some());
    let mut continuation = None;
    if let Some([of, start, end, at, seq, bound]) = LISTS.after(query, scope)? {
        let (start, end) = (Moment::from_unix_ms(start), Moment::from_unix_ms(end));
        let other =
            || Rejection::invalid("after", "the cursor is for another period or basis; omit from, to and basis");
        let of = Basis::ALL.into_iter().find(|basis| *basis as i64 == of).ok_or_else(other)?;
        if from.is_some_and(|from| from != start) || to.is_some_and(|to| to != end) || (is_basis_sent && basis != of) {
            return Err(other());
        }
        (from, to, basis) = (Some(start), Some(end), of);
        let after = Place { at: Moment::from_unix_ms(at), seq: EntrySeq(seq) };
        continuation = Some(Continuation { after, bound: EntrySeq(bound) });
    }
    Ok(GetStatement {
        account: fields::path_id(call)?,
        from,
        to,
        basis,
        after: continuation,
        limit: if is_table { TABLE_MAX } else { limit },
    })
}

/// Refuses a statement with more pages, because a truncated table would look complete.
fn require_complete(statement: Statement) -> Result<Statement, Rejection> {
    match statement.next {
        None => Ok(statement),
        Some(_) => Err(Rejection::out_of_range("to", format!("more than {TABLE_MAX} lines; choose a shorter period"))),
    }
}
