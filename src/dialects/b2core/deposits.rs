//! Deposits: of wallets and of trading accounts, by the manual method, settled at once.

use super::account_view::CurrencyView;
use super::fields;
use crate::app::ledger::{DepositFilter, DescribedDeposit, GetNumberedDeposit, ListDescribedDeposits, MakeDeposit};
use crate::app::resolved;
use crate::dialects::kit::formats::{number, serial};
use crate::dialects::kit::{Call, Literal, Rejection, Reply, optional, required};
use crate::domain::ids::{AccountSerial, MovementSerial, ProfileSerial};
use crate::domain::ledger::MovementState;
use crate::domain::money::Amount;
use crate::domain::refusal::Noun;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The only method of deposits.
const MANUAL: i64 = 1;

/// A method of deposits.
#[derive(Serialize, ToSchema)]
#[schema(as = DepositMethod)]
pub(super) struct MethodView {
    #[schema(example = 1)]
    id: i64,
    #[schema(example = "Manual")]
    name: &'static str,
    #[serde(rename = "type")]
    #[schema(example = "manual")]
    kind: &'static str,
}

/// A deposit.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Transaction)]
pub(super) struct TransactionView {
    #[schema(example = 12)]
    id: i64,
    /// Always `deposit`.
    #[serde(rename = "type")]
    #[schema(example = "deposit")]
    kind: &'static str,
    /// `done`, or `cancelled` if its booking was reversed later. Of deposits announced through another API also
    /// `pending`, and `cancelled` if the money did not arrive.
    #[schema(example = "done")]
    status: &'static str,
    #[schema(example = 88)]
    account_id: i64,
    /// The primary owner.
    #[schema(example = 305)]
    client_id: i64,
    #[schema(example = 1)]
    method_id: i64,
    /// What the account got.
    #[schema(example = "500.00")]
    amount: String,
    currency: CurrencyView,
    /// What the payment provider took; recorded only.
    #[schema(example = "0.00")]
    provider_commission: String,
    /// What the vendor took; recorded only.
    #[schema(example = "0.00")]
    vendor_commission: String,
    #[schema(example = "2026-03-02T08:15:00+00:00")]
    create_time: String,
    #[schema(example = "2026-03-02T08:15:00+00:00")]
    update_time: String,
}

impl From<DescribedDeposit> for TransactionView {
    fn from(described: DescribedDeposit) -> Self {
        let DescribedDeposit { movement, account, client, currency, is_reversed } = described;
        let text = |amount: Amount| amount.to_text(movement.decimals);
        TransactionView {
            id: movement.serial.0,
            kind: "deposit",
            status: match movement.stage.state() {
                MovementState::Posted if is_reversed => "cancelled",
                MovementState::Posted => "done",
                MovementState::Pending | MovementState::Approved => "pending",
                MovementState::Voided | MovementState::Expired => "cancelled",
            },
            account_id: account.0,
            client_id: client.0,
            method_id: MANUAL,
            amount: text(movement.amount),
            currency: currency.into(),
            provider_commission: text(movement.commissions.provider),
            vendor_commission: text(movement.commissions.vendor),
            create_time: fields::time(movement.created_at),
            update_time: fields::time(movement.updated_at),
        }
    }
}

/// A deposit to make.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewDeposit {
    #[schema(required, example = 88)]
    account_id: Option<i64>,
    /// 1: manual.
    #[schema(required, example = 1)]
    method_id: Option<i64>,
    /// Above zero; a number or a string, read exactly, with at most the decimals of the currency.
    #[schema(value_type = f64, example = 500)]
    amount: Option<Literal>,
    /// Zero or more, default 0; recorded only.
    #[schema(value_type = Option<String>, example = "1.50")]
    provider_commission: Option<Literal>,
    /// Zero or more, default 0; recorded only.
    #[schema(value_type = Option<String>, example = "0")]
    vendor_commission: Option<Literal>,
}

/// List the methods of deposits.
#[utoipa::path(get, path = "/api/v2/deposits/methods", tag = "Deposits",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 500, default 10"),
        ("offset" = Option<u32>, Query, description = "default 0"),
        ("sort_by" = Option<String>, Query, description = "createTime"),
        ("sort_order" = Option<String>, Query, description = "asc or desc, default desc"),
    ),
    responses((status = 200, description = "the methods", body = [MethodView])))]
pub(super) async fn methods(call: Call) -> Result<Reply, Rejection> {
    let window = fields::window(call.query())?;
    call.app()?;
    fields::part(vec![MethodView { id: MANUAL, name: "Manual", kind: "manual" }], window)
}

/// Make a deposit to a wallet or a trading account.
#[utoipa::path(post, path = "/api/v2/deposits", tag = "Deposits", request_body = NewDeposit,
    responses((status = 201, description = "the deposit", body = TransactionView)))]
pub(super) async fn create(call: Call) -> Result<Reply, Rejection> {
    let body: NewDeposit = call.lenient_body()?;
    let account = body.account_id.ok_or_else(|| Rejection::missing("accountId"))?;
    let method = body.method_id.ok_or_else(|| Rejection::missing("methodId"))?;
    if method != MANUAL {
        return Err(Rejection::invalid("methodId", "no such method; 1 is the manual one"));
    }
    let amount = required("amount", body.amount.as_ref(), number)?;
    let provider_commission = optional("providerCommission", body.provider_commission.as_ref(), number)?;
    let vendor_commission = optional("vendorCommission", body.vendor_commission.as_ref(), number)?;
    let command = resolved(move |directory| {
        let account = directory.account(AccountSerial(account))?.id;
        Ok(MakeDeposit { account, amount, provider_commission, vendor_commission })
    });
    call.run(command, |made| Reply::json(StatusCode::CREATED, &TransactionView::from(made))).await
}

/// Get a deposit.
#[utoipa::path(get, path = "/api/v2/deposits/{depositId}", tag = "Deposits",
    params(("depositId" = i64, Path, description = "deposit id")),
    responses((status = 200, description = "the deposit", body = TransactionView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let id = fields::object(&call, "depositId", Noun::Deposit)?;
    Reply::ok(&TransactionView::from(call.ask(GetNumberedDeposit { serial: MovementSerial(id) }).await?))
}

/// List the deposits that you can see.
#[utoipa::path(get, path = "/api/v2/deposits", tag = "Deposits",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 500, default 10"),
        ("offset" = Option<u32>, Query, description = "default 0"),
        ("sort_by" = Option<String>, Query, description = "createTime"),
        ("sort_order" = Option<String>, Query, description = "asc or desc, default desc"),
        ("filter[accountId]" = Option<String>, Query, description = "to these accounts, separated by commas"),
        ("filter[clientId]" = Option<String>, Query, description = "of these clients"),
    ),
    responses((status = 200, description = "deposits; the header X-Total-Count has the number of all matches",
        body = [TransactionView])))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let query = call.query();
    let window = fields::window(query)?;
    let filter = DepositFilter {
        accounts: query.list("filter[accountId]", serial(AccountSerial))?,
        clients: query.list("filter[clientId]", serial(ProfileSerial))?,
    };
    let (deposits, total) = call.ask(ListDescribedDeposits { filter, window }).await?;
    let views: Vec<_> = deposits.into_iter().map(TransactionView::from).collect();
    fields::list(&views, total)
}
