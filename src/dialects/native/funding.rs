//! Deposits, withdrawals and adjustments.

use super::fields;
use crate::app::funding::PostFunds;
use crate::dialects::kit::{Call, Literal, Reply};
use crate::domain::entry::EntryKind;
use crate::domain::money::{DecimalText, ExtraDecimals};
use crate::domain::refusal::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An amount to be moved.
#[derive(Deserialize, ToSchema)]
pub(super) struct MoveRequest {
    /// Above zero, in the account's currency, as a text or a number; rounded half away from zero to its decimals.
    #[schema(value_type = String, example = "10000")]
    amount: Option<Literal>,
    /// At most 255 characters.
    #[schema(example = "Opening deposit")]
    comment: Option<String>,
}

/// An adjustment of a balance.
#[derive(Deserialize, ToSchema)]
pub(super) struct AdjustRequest {
    /// Above or below zero, in the account's currency, as a text or a number.
    #[schema(value_type = String, example = "-12.50")]
    amount: Option<Literal>,
    /// What it is: any deal action but BUY and SELL; CORRECTION if left out.
    #[schema(value_type = Option<String>, example = "DEAL_ACTION_FEE")]
    action: Option<Literal>,
    /// At most 255 characters.
    comment: Option<String>,
}

/// The deal that was made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DealMade {
    /// Its id.
    deal_id: String,
}

impl MoveRequest {
    fn command(self, call: &Call, sign: Sign) -> Result<PostFunds, Refusal> {
        let amount = amount(self.amount.as_ref())?;
        if amount.is_negative() {
            return Err(Refusal::invalid("amount", "must be above zero"));
        }
        let amount = match sign {
            Sign::Plus => amount,
            Sign::Minus => amount.negated(),
        };
        post(call, amount, EntryKind::Balance, self.comment)
    }
}

#[derive(Clone, Copy)]
enum Sign {
    Plus,
    Minus,
}

fn amount(literal: Option<&Literal>) -> Result<DecimalText, Refusal> {
    let amount = fields::decimal("amount", literal.ok_or_else(|| Refusal::missing("amount"))?)?;
    if amount.is_zero() { Err(Refusal::invalid("amount", "must not be zero")) } else { Ok(amount) }
}

fn post(call: &Call, amount: DecimalText, kind: EntryKind, comment: Option<String>) -> Result<PostFunds, Refusal> {
    Ok(PostFunds {
        account: fields::path_id(call)?,
        amount,
        extra_decimals: ExtraDecimals::RoundHalfAway,
        kind,
        comment: comment.unwrap_or_default(),
    })
}

async fn run(call: &Call, command: PostFunds) -> Result<Reply, Refusal> {
    let done = call.execute(command).await?;
    Ok(Reply::ok(&DealMade { deal_id: done.outcome.entry.to_string() })?.replayed(done.replayed))
}

/// Deposit funds.
#[utoipa::path(post, path = "/accounts/{id}/deposit", tag = "Funds",
    params(("id" = Uuid, Path, description = "account id")), request_body = MoveRequest,
    responses((status = 200, body = DealMade)))]
pub(super) async fn deposit(call: Call) -> Result<Reply, Refusal> {
    let command = call.body::<MoveRequest>()?.command(&call, Sign::Plus)?;
    run(&call, command).await
}

/// Withdraw funds.
#[utoipa::path(post, path = "/accounts/{id}/withdraw", tag = "Funds",
    params(("id" = Uuid, Path, description = "account id")), request_body = MoveRequest,
    responses((status = 200, body = DealMade)))]
pub(super) async fn withdraw(call: Call) -> Result<Reply, Refusal> {
    let command = call.body::<MoveRequest>()?.command(&call, Sign::Minus)?;
    run(&call, command).await
}

/// Adjust a balance: credit, bonus, fee, correction and so on.
#[utoipa::path(post, path = "/accounts/{id}/balance", tag = "Funds",
    params(("id" = Uuid, Path, description = "account id")), request_body = AdjustRequest,
    responses((status = 200, body = DealMade)))]
pub(super) async fn adjust(call: Call) -> Result<Reply, Refusal> {
    let request: AdjustRequest = call.body()?;
    let action = request.action.as_ref().map(|Literal(text)| fields::parse_adjustment("action", text)).transpose()?;
    let amount = amount(request.amount.as_ref())?;
    let command = post(&call, amount, action.unwrap_or(EntryKind::Correction), request.comment)?;
    run(&call, command).await
}
