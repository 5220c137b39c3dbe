//! Transfers between two accounts of a customer, and between an account and the reserve of the program.

use super::envelope::answer;
use super::fields::{DESCRIPTION_MAX, decimal, required_integer, text, text_of};
use super::requests::TransferBody;
use crate::app::ExactNumber;
use crate::app::ledger::{HeldAmount, MakeHeldTransfer, MoveReserve};
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::accounts::Direction;
use crate::domain::ids::{AccountSerial, MovementSerial, ProfileSerial};
use serde::Serialize;
use utoipa::ToSchema;

/// A transfer.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Transfer)]
pub(super) struct TransferView {
    customer_id: i64,
    from_id: i64,
    to_id: i64,
    #[schema(value_type = f64, example = 75.50)]
    amount: ExactNumber,
    tag: String,
    transaction_id: i64,
}

/// Move money. The answer is a list of one.
#[utoipa::path(post, path = "/transfer/create", tag = "Transfers", request_body = TransferBody,
    responses((status = 200, body = [TransferView])))]
pub(super) async fn create(call: Call) -> Result<Reply, Rejection> {
    let body: TransferBody = call.lenient_body()?;
    let client = ProfileSerial(required_integer("customerId", &body.customer_id)?);
    let from = AccountSerial(required_integer("fromId", &body.from_id)?);
    let to = AccountSerial(required_integer("toId", &body.to_id)?);
    let amount = decimal("amount", &body.amount)?.ok_or_else(|| Rejection::missing("amount"))?;
    let tag = text("tag", &body.tag)?.filter(|tag| !tag.is_empty());
    let description = text_of("description", &body.description, DESCRIPTION_MAX)?.unwrap_or_default();
    let (request, shown_tag) = (call.origin().request, tag.clone().unwrap_or_default());
    let show = move |made: MovementSerial| {
        let view = TransferView {
            customer_id: client.0,
            from_id: from.0,
            to_id: to.0,
            amount: amount.into(),
            tag: shown_tag,
            transaction_id: made.0,
        };
        answer(request, &[view])
    };
    let asked = HeldAmount { client, amount, reference: tag, description };
    let reserve = call.app()?.reserve_number(call.caller()?)?;
    if reserve == Some(from) {
        return call.run(MoveReserve { asked, account: to, direction: Direction::Credit }, show).await;
    }
    if reserve == Some(to) {
        return call.run(MoveReserve { asked, account: from, direction: Direction::Debit }, show).await;
    }
    call.run(MakeHeldTransfer { asked, from, to }, show).await
}
