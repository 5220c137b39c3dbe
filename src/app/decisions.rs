//! Decisions on requests in the approval queue: what was asked for is checked again in full and done in the same
//! transaction, or its money is freed.

use crate::app::accounts::change_approved_owners;
use crate::app::approvals::{admit_requester, close, without_hidden};
use crate::app::clients::change_approved_identity;
use crate::app::ledger::{approve_withdrawal, make_approved_transfer, void};
use crate::app::{Command, Context, Failure};
use crate::domain::access::{Principal, Right, Visibility};
use crate::domain::approvals::{Approval, ApprovalKind, ApprovalState, Request};
use crate::domain::ids::ApprovalId;
use crate::domain::refusal::{Field, Noun, Refusal};
use crate::domain::text;

/// Refuses callers who may decide none of the kinds. The right for the kind is checked once the request is found.
fn admit_any(principal: &Principal) -> Result<(), Refusal> {
    let mut rights = ApprovalKind::ALL.into_iter().map(|kind| principal.require(kind.right()));
    let first = rights.next().unwrap_or(Ok(()));
    if first.is_ok() || rights.any(|right| right.is_ok()) { Ok(()) } else { first }
}

/// A pending request that its caller sees and may decide.
fn find(context: &Context<'_>, id: ApprovalId) -> Result<Approval, Failure> {
    let approval = context.tx.approval(id, context.visibility())?.ok_or(Refusal::not_found(Noun::Approval))?;
    context.involve(approval.profile);
    context.require(approval.kind.right())?;
    approval.admit_decision(context.clock_now)?;
    Ok(approval)
}

/// Approves a request of another operator, and does what it asks for.
///
/// Refusals: unknown; no right for what it asks for; already decided or expired; an API client; requested by the same
/// operator, or by one who is disabled; it is about something that has changed; whatever refuses the act itself. A
/// refused request stays pending.
pub struct ApproveRequest {
    pub id: ApprovalId,
}

impl Command for ApproveRequest {
    type Outcome = Approval;
    const ACTION: &'static str = "approval.approve";
    const RIGHT: Right = Right::MoveFunds;

    fn admit(&self, principal: &Principal) -> Result<(), Refusal> {
        admit_any(principal)
    }

    fn run(self, context: &Context<'_>) -> Result<Approval, Failure> {
        let approval = find(context, self.id)?;
        let principal = &context.caller.principal;
        principal.admit_as_checker()?;
        approval.admit_checker(principal.serial)?;
        admit_requester(context, approval.requested_by.serial)?;
        let request = approval.request.clone().ok_or(Refusal::Internal)?;
        let (movement, account, client) = (approval.movement.clone(), approval.account, approval.profile);
        let serial = close(context, approval, ApprovalState::Approved, String::new())?.serial;
        match (request, movement) {
            (Request::Withdrawal, Some(movement)) => approve_withdrawal(context, movement).map(|_| ()),
            (Request::Transfer(transfer), Some(movement)) => make_approved_transfer(context, movement, transfer),
            (Request::Owners(owners), _) => change_approved_owners(context, account.ok_or(Refusal::Internal)?, &owners),
            (Request::Identity(identity), _) => change_approved_identity(context, client, identity),
            (Request::Withdrawal | Request::Transfer(_), None) => Err(Refusal::Internal.into()),
        }
        .map_err(outdated)?;
        let approved = context.tx.approval_by_serial(serial)?.ok_or(Refusal::Internal)?;
        Ok(approved)
    }
}

/// The versions that a request expects were read by its requester, not by the approver.
fn outdated(failure: Failure) -> Failure {
    match failure {
        Failure::Refused(Refusal::VersionMismatch { .. }) => Refusal::RequestOutdated.into(),
        other => other,
    }
}

/// Rejects a request; its requester cancels it. Money that it held is free again.
///
/// Refusals: an invalid reason; unknown; no right for what it asks for; already decided or expired.
pub struct RejectRequest {
    pub id: ApprovalId,
    /// Why; may be empty.
    pub reason: String,
}

impl Command for RejectRequest {
    type Outcome = Approval;
    const ACTION: &'static str = "approval.reject";
    const RIGHT: Right = Right::MoveFunds;

    fn admit(&self, principal: &Principal) -> Result<(), Refusal> {
        admit_any(principal)
    }

    fn run(self, context: &Context<'_>) -> Result<Approval, Failure> {
        let reason = text::note(Field::Reason, self.reason, text::COMMENT_MAX)?;
        let approval = find(context, self.id)?;
        let is_own = approval.requested_by.serial == context.caller.principal.serial;
        let state = if is_own { ApprovalState::Cancelled } else { ApprovalState::Rejected };
        let movement = approval.movement.clone();
        let serial = close(context, approval, state, reason)?.serial;
        if let Some(movement) = movement {
            let account = context.tx.account(movement.account, &Visibility::Everything)?.ok_or(Refusal::Internal)?;
            void(context, movement, &account)?;
        }
        let rejected = context.tx.approval_by_serial(serial)?.ok_or(Refusal::Internal)?;
        without_hidden(context.tx, context.visibility(), rejected)
    }
}
