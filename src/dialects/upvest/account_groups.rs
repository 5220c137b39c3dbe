//! Account groups: the portfolios of users.

use super::Products;
use super::fields::{BY_CREATION_OR_CHANGE, ListView, OwnerView, part, path_id, time};
use crate::app::accounts::{
    ClientPortfolio, ClosePortfolio, GetClientPortfolio, GetPortfolioCash, ListClientPortfolios, OpenPortfolio,
};
use crate::dialects::kit::formats::{one_of, uuid};
use crate::dialects::kit::{Call, Rejection, Reply, required};
use crate::domain::money::Amount;
use crate::domain::organizations::{PortfolioKind, PortfolioState};
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

const TYPES: &[(&str, PortfolioKind)] =
    &[("PERSONAL", PortfolioKind::Personal), ("LEGAL_ENTITY", PortfolioKind::LegalEntity)];

/// An account group to create.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewAccountGroup {
    /// Its owner, a UUID.
    #[schema(required)]
    user_id: Option<String>,
    /// PERSONAL or LEGAL_ENTITY.
    #[serde(rename = "type")]
    #[schema(required, example = "PERSONAL")]
    kind: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AccountGroup)]
pub(super) struct AccountGroupView {
    id: String,
    #[schema(format = DateTime, example = "2026-03-02T08:15:00.000Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-03-02T08:15:00.000Z")]
    updated_at: String,
    users: Vec<OwnerView>,
    /// PENDING_APPROVAL, ACTIVE, CLOSING or CLOSED.
    #[schema(example = "ACTIVE")]
    status: &'static str,
    #[serde(rename = "type")]
    #[schema(example = "PERSONAL")]
    kind: &'static str,
    /// Nine digits.
    #[schema(example = "100000042")]
    securities_account_number: String,
}

impl From<ClientPortfolio> for AccountGroupView {
    fn from(ClientPortfolio { portfolio, is_in_review }: ClientPortfolio) -> Self {
        let kind = TYPES.iter().find(|(_, kind)| *kind == portfolio.kind).map_or("PERSONAL", |(name, _)| name);
        AccountGroupView {
            id: portfolio.id.to_string(),
            created_at: time(portfolio.record.created_at),
            updated_at: time(portfolio.record.updated_at),
            users: vec![portfolio.profile.into()],
            status: match portfolio.state {
                PortfolioState::Active if is_in_review => "PENDING_APPROVAL",
                PortfolioState::Active => "ACTIVE",
                PortfolioState::Closing => "CLOSING",
                PortfolioState::Closed => "CLOSED",
            },
            kind,
            securities_account_number: portfolio.securities_number(),
        }
    }
}

/// The cash of an account group. Amounts are decimal numbers.
#[derive(Serialize, ToSchema)]
#[schema(as = CashBalance)]
pub(super) struct CashBalanceView {
    account_group_id: String,
    #[schema(example = "EUR")]
    currency: String,
    #[schema(example = "1520.00")]
    balance: String,
    #[schema(example = "0.00")]
    locked_for_trading: String,
    #[schema(example = "0.00")]
    pending_settlement: String,
    #[schema(example = "1520.00")]
    available_for_withdrawal: String,
    #[schema(example = "1520.00")]
    available_for_trading: String,
}

/// Create an account group.
#[utoipa::path(post, path = "/account_groups", tag = "Account groups", request_body = NewAccountGroup,
    responses((status = 200, body = AccountGroupView)))]
pub(super) async fn create(call: Call) -> Result<Reply, Rejection> {
    let new: NewAccountGroup = call.lenient_body()?;
    let command = OpenPortfolio {
        profile: required("user_id", new.user_id.as_ref(), uuid)?,
        kind: required("type", new.kind.as_ref(), one_of(TYPES))?,
    };
    call.run(command, |opened| Reply::ok(&AccountGroupView::from(opened))).await
}

/// List all account groups.
#[utoipa::path(get, path = "/account_groups", tag = "Account groups",
    params(
        ("sort" = Option<String>, Query, description = "created_at (default) or updated_at"),
        ("order" = Option<String>, Query, description = "ASC (default) or DESC"),
        ("offset" = Option<u32>, Query, description = "rows to skip, default 0"),
        ("limit" = Option<u32>, Query, description = "0 to 1000, default 100"),
    ),
    responses((status = 200, body = ListView<AccountGroupView>)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let part = part(&call, BY_CREATION_OR_CHANGE)?;
    let (groups, total) = call.ask(ListClientPortfolios { client: None, part: part.sorted }).await?;
    part.answer(groups.into_iter().map(AccountGroupView::from).collect(), total)
}

/// List the account groups of a user.
#[utoipa::path(get, path = "/users/{user_id}/account_groups", tag = "Account groups",
    params(
        ("user_id" = Uuid, Path),
        ("sort" = Option<String>, Query, description = "created_at (default) or updated_at"),
        ("order" = Option<String>, Query, description = "ASC (default) or DESC"),
        ("offset" = Option<u32>, Query, description = "rows to skip, default 0"),
        ("limit" = Option<u32>, Query, description = "0 to 1000, default 100"),
    ),
    responses((status = 200, body = ListView<AccountGroupView>)))]
pub(super) async fn of_user(call: Call) -> Result<Reply, Rejection> {
    let client = Some(path_id(&call, "user_id")?);
    let part = part(&call, BY_CREATION_OR_CHANGE)?;
    let (groups, total) = call.ask(ListClientPortfolios { client, part: part.sorted }).await?;
    part.answer(groups.into_iter().map(AccountGroupView::from).collect(), total)
}

/// Read an account group, closed or not.
#[utoipa::path(get, path = "/account_groups/{account_group_id}", tag = "Account groups",
    params(("account_group_id" = Uuid, Path)), responses((status = 200, body = AccountGroupView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let found = call.ask(GetClientPortfolio { id: path_id(&call, "account_group_id")? }).await?;
    Reply::ok(&AccountGroupView::from(found))
}

/// Close an account group whose accounts are closing or closed.
#[utoipa::path(delete, path = "/account_groups/{account_group_id}", tag = "Account groups",
    params(("account_group_id" = Uuid, Path)),
    responses((status = 202, description = "the account group is closing")))]
pub(super) async fn close(call: Call) -> Result<Reply, Rejection> {
    let command = ClosePortfolio { id: path_id(&call, "account_group_id")? };
    call.run(command, |()| Ok(Reply::empty(StatusCode::ACCEPTED))).await
}

/// Read the cash of an account group.
#[utoipa::path(get, path = "/account_groups/{account_group_id}/payments/cash_balance", tag = "Account groups",
    params(("account_group_id" = Uuid, Path)), responses((status = 200, body = CashBalanceView)))]
pub(super) async fn cash_balance(call: Call, products: Arc<Products>) -> Result<Reply, Rejection> {
    let (id, currency) = (path_id(&call, "account_group_id")?, products.currency.clone());
    let account_group_id = call.path("account_group_id").to_lowercase();
    let cash = call.ask(GetPortfolioCash { id, currency }).await?;
    let text = |amount: Amount| amount.to_text(cash.decimals).to_string();
    Reply::ok(&CashBalanceView {
        account_group_id,
        currency: products.currency.to_string(),
        balance: text(cash.balance),
        locked_for_trading: text(cash.margin),
        pending_settlement: text(cash.unsettled),
        available_for_withdrawal: text(cash.withdrawable),
        available_for_trading: text(cash.withdrawable),
    })
}
