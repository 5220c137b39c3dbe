//! Transfers between two accounts of a customer, of which one may be external, and between an account and the reserve
//! of the program.

use super::envelope::answer;
use super::fields::{DESCRIPTION_MAX, decimal, integer, required_integer, text, text_of};
use super::requests::{TransferBody, VoidBody};
use crate::app::ExactNumber;
use crate::app::bank::{ClientPayment, MoveForClient, PaymentKey, TakeBackForClient};
use crate::app::ledger::HeldAmount;
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::ids::{MovementSerial, ProfileSerial};
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
    let from = required_integer("fromId", &body.from_id)?;
    let to = required_integer("toId", &body.to_id)?;
    let amount = decimal("amount", &body.amount)?.ok_or_else(|| Rejection::missing("amount"))?;
    let tag = text("tag", &body.tag)?.filter(|tag| !tag.is_empty());
    let description = text_of("description", &body.description, DESCRIPTION_MAX)?.unwrap_or_default();
    let (request, shown_tag) = (call.origin().request, tag.clone().unwrap_or_default());
    let show = move |made: MovementSerial| {
        let view = TransferView {
            customer_id: client.0,
            from_id: from,
            to_id: to,
            amount: amount.into(),
            tag: shown_tag,
            transaction_id: made.0,
        };
        answer(request, &[view])
    };
    let asked = HeldAmount { client, amount, reference: tag, description };
    call.run(MoveForClient { asked, from, to }, show).await
}

/// Take back a transfer from or to an external account that has not been sent. The answer is a list of one.
#[utoipa::path(post, path = "/transfer/void", tag = "Transfers", request_body = VoidBody,
    responses((status = 200, body = [TransferView])))]
pub(super) async fn void(call: Call) -> Result<Reply, Rejection> {
    let body: VoidBody = call.lenient_body()?;
    let client = ProfileSerial(required_integer("customerId", &body.customer_id)?);
    let number = integer("transactionId", &body.transaction_id)?.filter(|number| *number != 0);
    let payment = match (number, text("tag", &body.tag)?.filter(|tag| !tag.is_empty())) {
        (Some(number), _) => PaymentKey::Number(MovementSerial(number)),
        (None, Some(tag)) => PaymentKey::Reference(tag),
        (None, None) => return Err(Rejection::missing("transactionId")),
    };
    let request = call.origin().request;
    let show = |taken: ClientPayment| {
        let view = TransferView {
            customer_id: client.0,
            from_id: taken.from,
            to_id: taken.to,
            amount: ExactNumber::of(taken.movement.amount, taken.movement.decimals),
            tag: taken.movement.reference.unwrap_or_default(),
            transaction_id: taken.movement.serial.0,
        };
        answer(request, &[view])
    };
    call.run(TakeBackForClient { client, payment }, show).await
}
