//! Requests: made, closed, expired. Whoever decides one says so here, whichever call it came by.

use crate::app::{Command, Context, Failure};
use crate::domain::access::{Principal, Right, Visibility};
use crate::domain::approvals::{Approval, ApprovalState, Cause, Person, Request, UsedToken};
use crate::domain::clock::Moment;
use crate::domain::events::{Event, EventType, Snapshot};
use crate::domain::ids::{ApprovalId, ApprovalSerial, MovementSerial, PrincipalSerial, ProfileId, ProfileSerial};
use crate::domain::ledger::{Movement, Stage};
use crate::domain::refusal::Refusal;
use crate::store::{ApprovalSubject, Job, NewApproval};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};

/// The outcome of a command that may take a second operator.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Handled<T> {
    /// Nothing is done yet. What the request says about a person is not stored with the outcome, but only in the queue,
    /// where it is erased after the decision.
    Waits {
        #[serde(serialize_with = "without_personal_data")]
        approval: Box<Approval>,
    },
    /// Stored like the outcomes of older versions, in which nothing waited.
    Done(T),
}

impl<T> Handled<T> {
    pub(in crate::app) fn try_map<U>(self, done: impl FnOnce(T) -> Result<U, Failure>) -> Result<Handled<U>, Failure> {
        match self {
            Handled::Done(outcome) => done(outcome).map(Handled::Done),
            Handled::Waits { approval } => Ok(Handled::Waits { approval }),
        }
    }

    /// The stored outcome with the contents that its request has now.
    pub(in crate::app) fn with_request(self, context: &Context<'_>) -> Result<Handled<T>, Failure> {
        let mut approval = match self {
            Handled::Waits { approval } => approval,
            done @ Handled::Done(_) => return Ok(done),
        };
        approval.request = context.tx.approval_by_serial(approval.serial)?.ok_or(Refusal::Internal)?.request;
        Ok(Handled::Waits { approval })
    }
}

fn without_personal_data<S: Serializer>(approval: &Approval, serializer: S) -> Result<S::Ok, S::Error> {
    let request = approval.request.clone().map(Request::without_personal_data);
    Approval { request, ..approval.clone() }.serialize(serializer)
}

/// A command that must not wait: it is refused where it takes a second operator.
pub struct AtOnce<C>(pub C);

impl<C, T> Command for AtOnce<C>
where
    C: Command<Outcome = Handled<T>>,
    T: Serialize + DeserializeOwned + Send + 'static,
{
    type Outcome = T;
    const ACTION: &'static str = C::ACTION;
    const RIGHT: Right = C::RIGHT;

    fn admit(&self, principal: &Principal) -> Result<(), Refusal> {
        self.0.admit(principal)
    }

    fn run(self, context: &Context<'_>) -> Result<T, Failure> {
        match self.0.run(context)? {
            Handled::Done(outcome) => Ok(outcome),
            Handled::Waits { .. } => Err(Refusal::NeedsApproval.into()),
        }
    }
}

/// A request to put into the queue.
pub(in crate::app) struct Asked {
    pub request: Request,
    pub cause: Cause,
    pub subject: ApprovalSubject,
    /// The movement that holds the money meanwhile; its expiry is the request's.
    pub movement: Option<MovementSerial>,
    pub expires_at: Option<Moment>,
}

/// When a request expires that has no expiry of its own.
pub(in crate::app) fn expiry(context: &Context<'_>) -> Moment {
    context.clock_now.plus_s(i64::from(context.app.settings().approvals.expiry_days) * 86_400)
}

/// Puts a request into the queue.
pub(in crate::app) fn ask(context: &Context<'_>, asked: Asked) -> Result<Approval, Failure> {
    let serial = context.tx.add_approval(
        &NewApproval {
            id: ApprovalId::new(context.now, context.app.randomness()),
            cause: asked.cause,
            request: asked.request,
            subject: asked.subject,
            movement: asked.movement,
            requested_by: context.caller.principal.serial,
            requested_with: context.caller.principal.token,
            expires_at: asked.expires_at,
        },
        context.now,
    )?;
    if let (None, Some(at)) = (asked.movement, asked.expires_at) {
        context.tx.plan_job(Job::ExpireApproval(serial), at)?;
    }
    publish(context, serial, EventType::ApprovalRequested)
}

/// Refuses to approve what was asked for by somebody who has been disabled since: two people must stand behind it.
pub(in crate::app) fn admit_requester(context: &Context<'_>, requester: PrincipalSerial) -> Result<(), Failure> {
    if context.tx.is_disabled(requester)? { Err(Refusal::RequesterDisabled.into()) } else { Ok(()) }
}

/// Closes a pending request. The caller has checked that it may.
pub(in crate::app) fn close(
    context: &Context<'_>,
    approval: Approval,
    state: ApprovalState,
    reason: String,
) -> Result<Approval, Failure> {
    let kind = match state {
        ApprovalState::Pending => return Err(Refusal::Internal.into()),
        ApprovalState::Approved => EventType::ApprovalApproved,
        ApprovalState::Rejected => EventType::ApprovalRejected,
        ApprovalState::Cancelled => EventType::ApprovalCancelled,
        ApprovalState::Expired => EventType::ApprovalExpired,
    };
    let principal = &context.caller.principal;
    let person = Person { serial: principal.serial, id: principal.id, name: principal.name.clone() };
    let decided_by = Some(person).filter(|_| state != ApprovalState::Expired);
    let token = principal.token.map(|id| UsedToken { id, made_by: None });
    let decided_with = token.filter(|_| decided_by.is_some());
    let (serial, decided_at) = (approval.serial, Some(context.now));
    let request = approval.request.map(Request::without_personal_data);
    context.tx.decide_approval(&Approval {
        request,
        state,
        decided_by,
        decided_with,
        decided_at,
        reason,
        ..approval
    })?;
    context.tx.drop_job(Job::ExpireApproval(serial))?;
    publish(context, serial, kind)
}

/// Closes the request of a movement that was decided by a call of its own, or expired.
pub(in crate::app) fn close_request_of(context: &Context<'_>, movement: &Movement) -> Result<(), Failure> {
    let Some(approval) = context.tx.pending_approval_of(movement.serial)? else { return Ok(()) };
    let is_own = approval.requested_by.serial == context.caller.principal.serial;
    let state = match movement.stage {
        Stage::Pending => return Ok(()),
        Stage::Approved { .. } if !is_own => ApprovalState::Approved,
        Stage::Voided if !is_own => ApprovalState::Rejected,
        Stage::Expired => ApprovalState::Expired,
        // Its group no longer requires approval, or the requester gave up.
        Stage::Approved { .. } | Stage::Posted { .. } | Stage::Voided => ApprovalState::Cancelled,
    };
    close(context, approval, state, String::new()).map(|_| ())
}

/// Expires a request; does nothing if it has been decided in the meantime.
pub(in crate::app) fn expire_request(context: &Context<'_>, serial: ApprovalSerial) -> Result<(), Failure> {
    let approval = context.tx.approval_by_serial(serial)?.ok_or(Refusal::Internal)?;
    match approval.state {
        ApprovalState::Pending => close(context, approval, ApprovalState::Expired, String::new()).map(|_| ()),
        _ => Ok(()),
    }
}

/// Publishes an event about a request, and returns it as it is now.
fn publish(context: &Context<'_>, serial: ApprovalSerial, kind: EventType) -> Result<Approval, Failure> {
    let approval = context.tx.approval_by_serial(serial)?.ok_or(Refusal::Internal)?;
    let profile: Option<(ProfileSerial, ProfileId)> =
        context.tx.profile(approval.profile, &Visibility::Everything)?.map(|profile| (profile.serial, profile.id));
    let (object, subject) = (approval.id.uuid(), Some(serial.0));
    context.publish(&Event { kind, object, subject, profile, snapshot: Snapshot::Approval })?;
    Ok(approval)
}
