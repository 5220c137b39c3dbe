//! Batches: up to 1,000 operations in one call.

use super::account_states::{CloseBody, LockBody};
use super::accounts::AccountView;
use super::entries::ReverseBody;
use super::error::ErrorView;
use super::funding::{AdjustRequest, DealMade, MoveRequest};
use super::holds::CaptureBody;
use super::movements::{MovementBody, MovementView};
use super::profiles::Empty;
use super::stored_rejection::StoredRejection;
use super::transfers::TransferBody;
use crate::app::Command;
use crate::app::accounts::ArchiveAccount;
use crate::app::accounts::{ApproveAccount, SetLifecycle, UnlockAccount};
use crate::app::approvals::AtOnce;
use crate::app::batch::{Batch, OPERATIONS_MAX, Operation, Performed};
use crate::app::ledger::{
    AnnounceDeposit, ApproveWithdrawal, MovementRequest, PayWithdrawal, PlaceHold, ReleaseHold, RequestWithdrawal,
    ReturnDeposit, SettleDeposit, VoidWithdrawal,
};
use crate::dialects::kit::formats::uuid;
use crate::dialects::kit::{
    AtMost, Call, Rejection, Reply, members_of, read_json, refuse_unknown_members, required, sent_members,
};
use crate::domain::accounts::Lifecycle;
use crate::domain::ids::{AccountId, ExternalAccountId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::cell::RefCell;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// The body limit as a multiple of the usual one, so that 1,000 operations with the longest texts fit.
pub(super) const BODY_LIMIT_FACTOR: usize = 4;

/// Operations to run in one call.
#[derive(Deserialize, ToSchema)]
pub(super) struct BatchBody {
    /// true: all or nothing; the first refusal undoes everything and is the answer. false: each operation has its own
    /// result.
    #[schema(value_type = bool)]
    atomic: Option<bool>,
    /// 1 to 1000 operations, run in this order.
    #[schema(value_type = Vec<OperationBody>, min_items = 1, max_items = 1000)]
    operations: Option<AtMost<Box<RawValue>, OPERATIONS_MAX>>,
}

/// One operation: its name, the id that its own route has in the path, and the fields of the body of that route.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OperationBody {
    /// deposit, withdraw, balance, transfer, announceDeposit, settleDeposit, returnDeposit, requestWithdrawal,
    /// approveWithdrawal, payWithdrawal, rejectWithdrawal, cancelWithdrawal, placeHold, captureHold, releaseHold,
    /// reverseEntry, lock, unlock, approve, activate, inactive, dormant, close or archive.
    #[schema(value_type = String, example = "deposit")]
    operation: Option<String>,
    /// For operations on an account.
    account_id: Option<String>,
    /// For settleDeposit and returnDeposit.
    deposit_id: Option<String>,
    /// For approveWithdrawal, payWithdrawal, rejectWithdrawal and cancelWithdrawal.
    withdrawal_id: Option<String>,
    /// For captureHold and releaseHold.
    hold_id: Option<String>,
    /// For reverseEntry: the id of the deal.
    entry_id: Option<String>,
}

/// Parses the remaining members of an operation of a known name.
type Reader = fn(&Item<'_>) -> Result<Operation, Rejection>;

const OPERATIONS: [(&str, Reader); 24] = [
    ("deposit", |item| Ok(item.body::<MoveRequest>()?.deposit(item.account()?)?.into())),
    ("withdraw", |item| Ok(item.body::<MoveRequest>()?.withdrawal(item.account()?)?.into())),
    ("balance", |item| Ok(item.body::<AdjustRequest>()?.command(item.account()?)?.into())),
    ("transfer", |item| Ok(AtOnce(item.body::<TransferBody>()?.command()?).into())),
    ("announceDeposit", |item| item.announcement()),
    ("settleDeposit", |item| Ok(SettleDeposit { id: item.deposit()? }.into())),
    ("returnDeposit", |item| Ok(ReturnDeposit { id: item.deposit()? }.into())),
    ("requestWithdrawal", |item| item.withdrawal_request()),
    ("approveWithdrawal", |item| Ok(ApproveWithdrawal { id: item.withdrawal()? }.into())),
    ("payWithdrawal", |item| Ok(PayWithdrawal { id: item.withdrawal()? }.into())),
    ("rejectWithdrawal", |item| Ok(VoidWithdrawal { id: item.withdrawal()? }.into())),
    ("cancelWithdrawal", |item| Ok(VoidWithdrawal { id: item.withdrawal()? }.into())),
    ("placeHold", |item| Ok(PlaceHold { request: item.body::<MovementBody>()?.of_hold(item.account()?)? }.into())),
    ("captureHold", |item| Ok(item.body::<CaptureBody>()?.command(item.hold()?)?.into())),
    ("releaseHold", |item| Ok(ReleaseHold { id: item.hold()? }.into())),
    ("reverseEntry", |item| Ok(item.body::<ReverseBody>()?.command(item.entry()?).into())),
    ("lock", |item| Ok(item.body::<LockBody>()?.command(item.account()?)?.into())),
    ("unlock", |item| Ok(UnlockAccount { id: item.account()? }.into())),
    ("approve", |item| Ok(ApproveAccount { id: item.account()?, expected_version: None }.into())),
    ("activate", |item| Ok(SetLifecycle { id: item.account()?, state: Lifecycle::Active }.into())),
    ("inactive", |item| Ok(SetLifecycle { id: item.account()?, state: Lifecycle::Inactive }.into())),
    ("dormant", |item| Ok(SetLifecycle { id: item.account()?, state: Lifecycle::Dormant }.into())),
    ("close", |item| Ok(item.body::<CloseBody>()?.command(item.account()?)?.into())),
    ("archive", |item| Ok(ArchiveAccount { id: item.account()?, expected_version: None }.into())),
];

/// One operation as it was sent.
struct Item<'a> {
    text: &'a str,
    head: OperationBody,
    /// The members that its reader takes.
    known: RefCell<Vec<&'static str>>,
}

impl Item<'_> {
    fn read(text: &str) -> Result<Operation, Rejection> {
        let head: OperationBody = read_json(text.as_bytes())?;
        let name = head.operation.as_deref().ok_or_else(|| Rejection::missing("operation"))?;
        let (_, reader) = OPERATIONS.iter().find(|(known, _)| *known == name).ok_or_else(|| {
            let names: Vec<_> = OPERATIONS.iter().map(|(name, _)| *name).collect();
            Rejection::invalid("operation", format!("one of {}", names.join(", ")))
        })?;
        let item = Item { text, head, known: RefCell::new(vec!["operation"]) };
        let operation = reader(&item);
        // Unknown members take precedence: a misspelled name also makes the right one missing.
        let mut known = item.known.into_inner();
        if operation.is_err() {
            known.extend(members_of::<OperationBody>()); // the reader may have failed before it took all of them
        }
        refuse_unknown_members(text.as_bytes(), &known)?;
        operation
    }

    /// Parses the members that the operation shares with the body of its own route.
    fn body<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        self.known.borrow_mut().extend(members_of::<T>());
        read_json(self.text.as_bytes())
    }

    fn id<T: From<Uuid>>(&self, name: &'static str, sent: Option<&str>) -> Result<T, Rejection> {
        self.known.borrow_mut().push(name);
        required(name, sent, uuid)
    }

    fn movement(&self) -> Result<(MovementRequest, Option<ExternalAccountId>), Rejection> {
        let body: MovementBody = self.body()?;
        let external = body.external()?;
        Ok((body.request(self.account()?)?, external))
    }

    fn announcement(&self) -> Result<Operation, Rejection> {
        let (request, external) = self.movement()?;
        Ok(AnnounceDeposit { request, external }.into())
    }

    fn withdrawal_request(&self) -> Result<Operation, Rejection> {
        let (request, external) = self.movement()?;
        Ok(RequestWithdrawal { request, external }.into())
    }

    fn account(&self) -> Result<AccountId, Rejection> {
        self.id("accountId", self.head.account_id.as_deref())
    }

    fn deposit<T: From<Uuid>>(&self) -> Result<T, Rejection> {
        self.id("depositId", self.head.deposit_id.as_deref())
    }

    fn withdrawal<T: From<Uuid>>(&self) -> Result<T, Rejection> {
        self.id("withdrawalId", self.head.withdrawal_id.as_deref())
    }

    fn hold<T: From<Uuid>>(&self) -> Result<T, Rejection> {
        self.id("holdId", self.head.hold_id.as_deref())
    }

    fn entry<T: From<Uuid>>(&self) -> Result<T, Rejection> {
        self.id("entryId", self.head.entry_id.as_deref())
    }
}

impl BatchBody {
    fn command(&self) -> Result<Batch<StoredRejection>, Rejection> {
        let AtMost(operations) = self
            .operations
            .as_ref()
            .ok_or_else(|| Rejection::invalid("operations", format!("required, an array of 1 to {OPERATIONS_MAX}")))?;
        let read = operations.iter().map(|item| Item::read(item.get()).map_err(StoredRejection::from));
        Ok(Batch::Independent(read.collect()))
    }
}

/// The answer of an operation's own route.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum ResultView {
    /// Answered by deposit, withdraw, balance and reverseEntry.
    Deal(DealMade),
    /// Answered by operations on movements.
    Movement(Box<MovementView>),
    /// Answered by lock, unlock, approve, activate, inactive, dormant and close.
    Account(Box<AccountView>),
    /// Answered by archive: an empty object.
    Archived(Empty),
}

impl From<Performed> for ResultView {
    fn from(performed: Performed) -> Self {
        match performed {
            Performed::Posted(posted) => ResultView::Deal(posted.into()),
            Performed::Movement(movement) => ResultView::Movement(Box::new((*movement).into())),
            Performed::Account(account) => ResultView::Account(Box::new((*account).into())),
            Performed::Archived(()) => ResultView::Archived(Empty {}),
        }
    }
}

/// The result of one operation.
#[derive(Serialize, ToSchema)]
pub(super) struct OperationResult {
    /// Position in the request, from 0.
    index: usize,
    /// Either ok or refused.
    #[schema(example = "ok")]
    status: &'static str,
    /// If `ok`: the answer of the operation's own route.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    result: Option<ResultView>,
    /// If `refused`: the error. The operation changed nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<ErrorView>,
}

/// The results of all operations, in order.
#[derive(Serialize, ToSchema)]
pub(super) struct BatchView {
    results: Vec<OperationResult>,
}

impl BatchView {
    fn of(outcomes: Vec<Result<Performed, StoredRejection>>, body: &BatchBody) -> BatchView {
        let operations = body.operations.as_ref().map_or(&[][..], |operations| &operations.0);
        let view = |(index, outcome): (usize, Result<Performed, StoredRejection>)| match outcome {
            Ok(done) => OperationResult { index, status: "ok", result: Some(done.into()), error: None },
            Err(stored) => {
                let names =
                    operations.get(index).map_or_else(BTreeSet::new, |item| sent_members(item.get().as_bytes()));
                let error = ErrorView::of(&stored.into(), &|name| names.contains(name));
                OperationResult { index, status: "refused", result: None, error: Some(error) }
            }
        };
        BatchView { results: outcomes.into_iter().enumerate().map(view).collect() }
    }
}

/// Run many operations in one call, either all or nothing or each independently.
#[utoipa::path(post, path = "/batch", tag = "Batches", request_body = BatchBody,
    responses((status = 200, body = BatchView)))]
pub(super) async fn run(call: Call) -> Result<Reply, Rejection> {
    let body: BatchBody = call.body()?;
    let is_atomic = body.atomic.ok_or_else(|| Rejection::missing("atomic"))?;
    let mut command = body.command()?;
    if is_atomic {
        // A caller without any of the rights gets no hint of other errors.
        command.admit(&call.caller()?.principal)?;
        command = command
            .into_atomic()
            .map_err(|(index, stored)| Rejection::InOperation { index, rejection: Box::new(stored.into()) })?;
    }
    call.run(command, |done| Reply::ok(&BatchView::of(done, &body))).await
}
