//! What deposits, withdrawals, transfers and holds have in common: request, view and lists.

use super::fields;
use super::lists::{LISTS, PagingView};
use crate::app::Command;
use crate::app::ledger::{GetMovement, ListMovements, MovementRequest};
use crate::dialects::kit::formats::{Fault, capitals, currency, decimal, rfc3339, uuid};
use crate::dialects::kit::{Call, ExactNumber, Literal, Rejection, Reply, optional, required};
use crate::domain::ids::{AccountId, ExternalAccountId};
use crate::domain::ledger::{Movement, MovementKind, MovementState};
use crate::domain::money::ExtraDecimals;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A deposit, withdrawal or hold to create.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MovementBody {
    /// Above zero, in the account's currency, rounded half away from zero to its decimals.
    #[schema(value_type = String, example = "250.00")]
    pub(super) amount: Option<Literal>,
    /// Must be the account's currency; optional.
    #[schema(example = "EUR")]
    pub(super) currency: Option<String>,
    /// At most 255 characters.
    pub(super) reason: Option<String>,
    /// Alias of `reason`, the name used by one-call deposits and withdrawals.
    pub(super) comment: Option<String>,
    /// Your own reference, at most 100 characters; unique among movements of the same kind.
    pub(super) reference: Option<String>,
    /// When the movement expires if it is still undecided, RFC 3339.
    pub(super) expires_at: Option<String>,
    /// Deposits and withdrawals only: the verified account elsewhere that the money comes from or goes to.
    pub(super) external_account_id: Option<String>,
}

impl MovementBody {
    /// The account elsewhere, of a deposit or withdrawal.
    pub(super) fn external(&self) -> Result<Option<ExternalAccountId>, Rejection> {
        optional("externalAccountId", self.external_account_id.as_deref(), uuid)
    }

    /// A hold has no account elsewhere.
    pub(super) fn of_hold(self, account: AccountId) -> Result<MovementRequest, Rejection> {
        match self.external_account_id {
            Some(_) => Err(Rejection::invalid("externalAccountId", "only of deposits and withdrawals")),
            None => self.request(account),
        }
    }

    pub(super) fn request(self, account: AccountId) -> Result<MovementRequest, Rejection> {
        if let (Some(reason), Some(comment)) = (&self.reason, &self.comment)
            && reason != comment
        {
            return Err(Rejection::invalid("comment", "contradicts reason"));
        }
        Ok(MovementRequest {
            account,
            amount: required("amount", self.amount.as_ref(), decimal)?,
            currency: optional("currency", self.currency.as_deref(), currency)?,
            extra_decimals: ExtraDecimals::RoundHalfAway,
            reason: self.reason.or(self.comment).unwrap_or_default(),
            reference: self.reference.filter(|text| !text.is_empty()),
            expires_at: optional("expiresAt", self.expires_at.as_deref(), rfc3339)?,
        })
    }
}

/// A deposit, withdrawal, transfer or hold.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Movement)]
pub(super) struct MovementView {
    id: String,
    /// A short number that counts up and is never reused.
    #[schema(example = 12)]
    number: i64,
    account_id: String,
    /// Transfers only: the receiving account.
    to_account_id: Option<String>,
    /// Transfers only: the amount received, in `toCurrency`.
    #[schema(value_type = Option<f64>, example = 230.39)]
    to_amount: Option<ExactNumber>,
    /// Transfers only: the currency of the receiving account.
    #[schema(example = "EUR")]
    to_currency: Option<String>,
    /// Transfers across currencies only: what one unit of `currency` is worth in `toCurrency`. The rate sent or, if
    /// `toAmount` was sent instead, the quotient of the two amounts to 12 digits.
    #[schema(value_type = Option<f64>, example = 0.92155)]
    rate: Option<ExactNumber>,
    #[schema(example = "USD")]
    currency: String,
    #[schema(value_type = f64, example = 250.00)]
    amount: ExactNumber,
    /// Deposits only: what the payment provider took. Recorded only; `amount` is what the account gets.
    #[schema(value_type = Option<f64>)]
    provider_commission: Option<ExactNumber>,
    /// Deposits only: what the vendor took. Recorded only.
    #[schema(value_type = Option<f64>)]
    vendor_commission: Option<ExactNumber>,
    /// The part of `amount` that was posted.
    #[schema(value_type = f64, example = 0.00)]
    posted_amount: ExactNumber,
    /// Deposits and withdrawals only: the account elsewhere that the money comes from or goes to.
    external_account_id: Option<String>,
    /// With an account elsewhere only: INITIATED, DELAYED or SENT, what its bank has done.
    step: Option<String>,
    /// PENDING, APPROVED, POSTED, VOIDED or EXPIRED.
    #[schema(example = "PENDING")]
    state: String,
    reason: String,
    reference: Option<String>,
    /// When the movement expires if it is still undecided.
    expires_at: Option<String>,
    /// Posted deposits only: when the funds become available.
    available_at: Option<String>,
    /// The deal with the posting; null until the movement is posted.
    deal_id: Option<String>,
    created_at: String,
    updated_at: String,
}

impl From<Movement> for MovementView {
    fn from(movement: Movement) -> Self {
        let money = |amount| ExactNumber::of(amount, movement.decimals);
        let of_deposit = |amount| (movement.kind == MovementKind::Deposit).then(|| money(amount));
        MovementView {
            id: movement.id.to_string(),
            number: movement.serial.0,
            account_id: movement.account.to_string(),
            to_account_id: movement.to_account.map(|id| id.to_string()),
            to_amount: movement.arrived.as_ref().map(|arrived| ExactNumber::of(arrived.amount, arrived.decimals)),
            to_currency: movement.arrived.as_ref().map(|arrived| arrived.currency.to_string()),
            rate: movement.arrived.and_then(|arrived| arrived.rate).map(ExactNumber::from),
            provider_commission: of_deposit(movement.commissions.provider),
            vendor_commission: of_deposit(movement.commissions.vendor),
            amount: money(movement.amount),
            posted_amount: money(movement.stage.posted()),
            external_account_id: movement.external.map(|external| external.id.to_string()),
            step: movement.external.map(|external| external.step.name().to_uppercase()),
            state: movement.stage.state().name().to_uppercase(),
            expires_at: movement.expires_at.map(|at| at.to_string()),
            available_at: movement.stage.clearing().map(|clearing| clearing.at.to_string()),
            deal_id: movement.stage.entry().map(|id| id.to_string()),
            created_at: movement.created_at.to_string(),
            updated_at: movement.updated_at.to_string(),
            currency: movement.currency.to_string(),
            reason: movement.reason,
            reference: movement.reference,
        }
    }
}

/// One page of movements, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct MovementList {
    movements: Vec<MovementView>,
    #[serde(flatten)]
    paging: PagingView,
}

pub(super) async fn run(call: &Call, command: impl Command<Outcome = Movement>) -> Result<Reply, Rejection> {
    call.run(command, |movement| Reply::ok(&MovementView::from(movement))).await
}

/// Lists movements of one kind, of the account in the path or of all accounts.
pub(super) async fn list(call: &Call, kind: MovementKind, is_of_account: bool) -> Result<Reply, Rejection> {
    let query = call.query();
    let account = match is_of_account {
        true => Some(fields::path_id(call)?),
        false => query.value("accountId", uuid)?,
    };
    let state = query.value("state", parse_state)?;
    let paging = LISTS.page(call)?;
    let found = call.ask(ListMovements { kind, account, state, page: paging.page }).await?;
    let paging = PagingView::of(&found, &paging);
    Reply::ok(&MovementList { movements: found.rows.into_iter().map(MovementView::from).collect(), paging })
}

/// In capitals or not.
fn parse_state(text: &str) -> Result<MovementState, Fault> {
    capitals(MovementState::ALL, MovementState::name)(&text.to_ascii_uppercase())
}

pub(super) async fn get(call: &Call, kind: MovementKind) -> Result<Reply, Rejection> {
    let movement = call.ask(GetMovement { kind, id: fields::path_id(call)? }).await?;
    Reply::ok(&MovementView::from(movement))
}
