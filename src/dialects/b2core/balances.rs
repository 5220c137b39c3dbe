//! Changes of the balance of a wallet.

use super::fields;
use crate::app::ledger::PostFunds;
use crate::app::resolved;
use crate::dialects::kit::formats::number;
use crate::dialects::kit::{Call, Literal, Rejection, Reply, required};
use crate::domain::accounts::Lifecycle;
use crate::domain::ledger::EntryKind;
use crate::domain::money::ExtraDecimals;
use crate::domain::reference::GroupKind;
use crate::domain::refusal::Refusal;
use actix_web::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

/// A change of a balance.
#[derive(Deserialize, ToSchema)]
pub(super) struct BalanceChange {
    /// Above zero it is a deposit, below zero a withdrawal. A number or a string, read exactly; it has at most the
    /// decimals of the currency.
    #[schema(value_type = f64, example = -40.5)]
    amount: Option<Literal>,
}

/// Change the balance of a wallet: a deposit or a withdrawal, settled at once. PUT and PATCH do the same.
#[utoipa::path(method(put, patch), path = "/api/v2/accounts/{accountId}/balance", tag = "Accounts",
    params(("accountId" = i64, Path, description = "account id")), request_body = BalanceChange,
    responses((status = 204, description = "changed")))]
pub(super) async fn change(call: Call) -> Result<Reply, Rejection> {
    let account = fields::account(&call)?;
    let request: BalanceChange = call.lenient_body()?;
    let amount = required("amount", request.amount.as_ref(), number)?;
    let command = resolved(move |directory| {
        let account = directory.account(account)?;
        match directory.kind(&account)? {
            GroupKind::Wallet => {}
            _ if account.lifecycle == Lifecycle::Closed => return Err(Refusal::AccountState(account.lifecycle).into()),
            _ => return Err(Refusal::AccountKind { needed: GroupKind::Wallet }.into()),
        }
        Ok(PostFunds {
            account: account.id,
            amount,
            currency: None,
            extra_decimals: ExtraDecimals::Refuse,
            kind: EntryKind::Balance,
            comment: String::new(),
            effective_at: None,
        })
    });
    call.run(command, |_| Ok(Reply::empty(StatusCode::NO_CONTENT))).await
}
