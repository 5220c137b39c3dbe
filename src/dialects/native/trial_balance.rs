//! The trial balance: the balances of house accounts and clients, which sum to zero.

use super::statements::basis;
use crate::app::ledger::{GetTrialBalance, TrialBalance};
use crate::dialects::kit::formats::rfc3339;
use crate::dialects::kit::{Call, ExactNumber, Rejection, Reply};
use crate::domain::ledger::Basis;
use serde::Serialize;
use utoipa::ToSchema;

/// A house account and its balance.
#[derive(Serialize, ToSchema)]
pub(super) struct HouseAccount {
    #[schema(example = "bank")]
    name: String,
    /// Negative if the money it stands for belongs to clients, as for the bank.
    #[schema(value_type = f64, example = -10000.00)]
    balance: ExactNumber,
}

/// All books of one ledger and currency, live or demo.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TrialBooks {
    ledger_id: String,
    #[schema(example = "USD")]
    currency: String,
    is_demo: bool,
    house: Vec<HouseAccount>,
    /// The sum of all client accounts.
    #[schema(value_type = f64, example = 10000.00)]
    clients: ExactNumber,
    /// House and clients together; not zero only if the books are wrong.
    #[schema(value_type = f64, example = 0.00)]
    total: ExactNumber,
}

/// The balances of all books at one moment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TrialBalance)]
pub(super) struct TrialView {
    /// Inclusive, to the millisecond.
    at: String,
    #[schema(example = "recorded")]
    basis: &'static str,
    /// Whether every `total` is zero.
    is_balanced: bool,
    /// Live money before demo money, then by ledger and currency.
    books: Vec<TrialBooks>,
}

impl TrialView {
    fn new(trial: TrialBalance, basis: Basis) -> TrialView {
        let is_balanced = trial.groups.values().all(|sums| sums.total.is_zero());
        let books = trial.groups.into_iter().map(|(group, sums)| {
            let money = |total| ExactNumber::total(total, group.decimals);
            let house = |(name, balance)| HouseAccount { name, balance: money(balance) };
            TrialBooks {
                ledger_id: group.ledger.to_string(),
                is_demo: group.is_demo,
                house: sums.house.into_iter().map(house).collect(),
                clients: money(sums.clients),
                total: money(sums.total),
                currency: group.currency,
            }
        });
        TrialView { at: trial.at.to_string(), basis: basis.name(), is_balanced, books: books.collect() }
    }
}

/// Get the balances of the house and of all clients, now or as of any past moment. Refused to operators limited by
/// tags.
#[utoipa::path(get, path = "/trial-balance", tag = "Statements",
    params(
        ("at" = Option<String>, Query, description = "RFC 3339, inclusive, not in the future; defaults to now"),
        ("basis" = Option<String>, Query, description = "recorded (default) or effective"),
    ),
    responses((status = 200, body = TrialView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let query = call.query();
    let basis = basis(query)?;
    let trial = call.ask(GetTrialBalance { at: query.value("at", rfc3339)?, basis }).await?;
    Reply::ok(&TrialView::new(trial, basis))
}
