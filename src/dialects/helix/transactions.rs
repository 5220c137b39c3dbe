//! Transactions: what moved, or is about to move, the money of an account.

use super::accounts::path_key;
use super::envelope::ok;
use super::fields::{day_of_path, name_of, path_client, path_number, path_or_query, shown, window, zone};
use crate::app::ExactNumber;
use crate::app::ledger::{FindTransactions, ListTransactions, TransactionFilter};
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::ids::ProfileSerial;
use crate::domain::ledger::{Transaction, TransactionKind, TransactionNumber, TransactionState};
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

const STATES: [(&str, TransactionState); 5] = [
    ("Initiated", TransactionState::Initiated),
    ("Delayed", TransactionState::Delayed),
    ("Pending", TransactionState::Pending),
    ("Settled", TransactionState::Settled),
    ("Voided", TransactionState::Voided),
];

/// Words that clients put in place of a status that they do not care about.
const ANY_STATE: [&str; 4] = ["all", "any", "null", "undefined"];

/// A transaction.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Transaction)]
pub(super) struct TransactionView {
    transaction_id: i64,
    customer_id: i64,
    account_id: i64,
    tag: String,
    #[schema(format = DateTime)]
    created_date: String,
    #[serde(rename = "type")]
    #[schema(example = "Transfer")]
    kind: &'static str,
    /// CPDEP, CPWTH, CPXFR, RSVDEP, ADJDEP or ADJWTH.
    #[schema(example = "CPXFR")]
    type_code: &'static str,
    /// Initiated, Delayed, Pending, Settled or Voided.
    #[schema(example = "Settled")]
    status: &'static str,
    /// Above zero.
    #[schema(value_type = f64, example = 75.50)]
    amount: ExactNumber,
    is_credit: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    settled_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    voided_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    available_date: Option<String>,
    description: String,
    friendly_description: String,
    /// The number of all matches.
    transaction_count: u64,
}

/// The type and its code.
fn kind(transaction: &Transaction) -> (&'static str, &'static str) {
    match (transaction.kind, transaction.is_credit) {
        (TransactionKind::Deposit, _) => ("Deposit", "CPDEP"),
        (TransactionKind::Withdrawal, _) => ("Withdrawal", "CPWTH"),
        (TransactionKind::Transfer, _) => ("Transfer", "CPXFR"),
        (TransactionKind::Reserve, true) => ("Reserve Deposit", "RSVDEP"),
        (_, true) => ("Adjustment Deposit", "ADJDEP"),
        (_, false) => ("Adjustment Withdrawal", "ADJWTH"),
    }
}

impl TransactionView {
    fn of(found: Transaction, customer: ProfileSerial, zone: &TimeZone, total: u64) -> TransactionView {
        let (kind, type_code) = kind(&found);
        let date = |moment| shown(moment, zone);
        let friendly = if found.description.is_empty() { kind.to_owned() } else { found.description.clone() };
        TransactionView {
            transaction_id: found.number.0,
            customer_id: customer.0,
            account_id: found.account.0,
            tag: found.reference,
            created_date: date(found.created_at),
            kind,
            type_code,
            status: name_of(found.state, &STATES),
            amount: ExactNumber::of(found.amount, found.decimals),
            is_credit: found.is_credit,
            settled_date: found.settled_at.map(date),
            voided_date: found.voided_at.map(date),
            available_date: found.available_at.map(date),
            description: found.description,
            friendly_description: friendly,
            transaction_count: total,
        }
    }
}

/// The status, the first and the last day in the path, each of which may be empty or missing.
fn parts(call: &Call) -> [&str; 3] {
    let is_date = |part: &str| part.starts_with(|first: char| first.is_ascii_digit());
    let mut segments = call.head().request.path().split('/');
    segments.by_ref().find(|segment| segment.eq_ignore_ascii_case("list"));
    // Those of the customer and the account.
    let mut named = 0;
    while named < 2
        && let Some(segment) = segments.next()
    {
        named += usize::from(!segment.is_empty());
    }
    let rest: Vec<&str> = segments.collect();
    let first = rest.iter().position(|part| !part.is_empty()).unwrap_or(0);
    let at = |place: usize| rest.get(place).copied().unwrap_or_default();
    match (at(0), at(first)) {
        (status, _) if is_date(status) => ["", status, at(1)],
        (_, word) if is_date(word) => [at(0), at(1), at(2)],
        (_, word) => [word, at(first + 1), at(first + 2)],
    }
}

/// What the parts of the path after the account select.
fn filter(call: &Call, zone: &TimeZone) -> Result<TransactionFilter, Rejection> {
    let [status, start, finish] = parts(call);
    let state = match status {
        "" => None,
        word if ANY_STATE.contains(&word.to_ascii_lowercase().as_str()) => None,
        word => {
            let found = STATES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
            let (_, state) = found
                .ok_or_else(|| Rejection::invalid("status", "one of Initiated, Delayed, Pending, Settled, Voided"))?;
            Some(*state)
        }
    };
    let day = |name: &str, text: &str| match text {
        "" => Ok(None),
        word if ANY_STATE.contains(&word.to_ascii_lowercase().as_str()) => Ok(None),
        text => day_of_path(name, text, zone).map(Some),
    };
    let from = day("start", start)?.map(|(begin, _)| begin);
    let until = day("finish", finish)?.map(|(_, next)| next);
    Ok(TransactionFilter { state, from, until, ..TransactionFilter::default() })
}

/// List the transactions of an account, the newest first. Status and dates may be left out.
#[utoipa::path(get, path = "/transaction/list/{customerId}/{accountId}/{status}/{start}/{finish}", tag = "Transactions",
    params(
        ("customerId" = i64, Path),
        ("accountId" = i64, Path),
        ("status" = String, Path, description = "Initiated, Delayed, Pending, Settled or Voided"),
        ("start" = String, Path, description = "the first day"),
        ("finish" = String, Path, description = "the last day"),
        ("pageNumber" = Option<u32>, Query, description = "from 0"),
        ("pageSize" = Option<u32>, Query, description = "1 to 200, default 200"),
    ),
    responses((status = 200, body = [TransactionView])))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let (window, zone, customer) = (window(&call, true)?, zone(&call)?, path_client(&call));
    let filter = filter(&call, &zone)?;
    let (found, total) = call.ask(ListTransactions { key: path_key(&call), filter, window }).await?;
    let views = found.into_iter().map(|transaction| TransactionView::of(transaction, customer, &zone, total));
    ok(&call, &views.collect::<Vec<_>>())
}

async fn find(call: &Call, filter: TransactionFilter) -> Result<Reply, Rejection> {
    let (client, zone) = (path_client(call), zone(call)?);
    let found = call.ask(FindTransactions { client, filter }).await?;
    let total = u64::try_from(found.len()).unwrap_or(u64::MAX);
    let views = found.into_iter().map(|transaction| TransactionView::of(transaction, client, &zone, total));
    ok(call, &views.collect::<Vec<_>>())
}

/// Get a transaction: a list of one, or of both sides of a transfer.
#[utoipa::path(get, path = "/transaction/get/{customerId}/{transactionId}", tag = "Transactions",
    params(("customerId" = i64, Path), ("transactionId" = i64, Path)),
    responses((status = 200, body = [TransactionView])))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let number = Some(TransactionNumber(path_number(&call, "transactionId")));
    find(&call, TransactionFilter { number, ..TransactionFilter::default() }).await
}

/// Get a transaction by the caller's own id. The tag may also be in the query.
#[utoipa::path(get, path = "/transaction/getByTag/{customerId}/{tag}", tag = "Transactions",
    params(("customerId" = i64, Path), ("tag" = String, Path)), responses((status = 200, body = [TransactionView])))]
pub(super) async fn get_by_tag(call: Call) -> Result<Reply, Rejection> {
    let reference = Some(path_or_query(&call, "tag")?);
    find(&call, TransactionFilter { reference, ..TransactionFilter::default() }).await
}
