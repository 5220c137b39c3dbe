//! The approval queue: what waits for a second operator.

use super::events::ActorView;
use super::fields;
use super::lists::{LISTS, PagingView};
use super::movements::MovementView;
use crate::app::approvals::{GetApproval, Handled, ListApprovals};
use crate::app::decisions::{ApproveRequest, RejectRequest};
use crate::dialects::kit::formats::{capitals, uuid};
use crate::dialects::kit::{Call, ExactNumber, Paging, Rejection, Reply};
use crate::domain::access::Right;
use crate::domain::approvals::{
    Approval, ApprovalKind, ApprovalState, FieldChange, IdentityField, OwnersRequest, Person, Request, StatedRate,
    TransferRequest, UsedToken,
};
use crate::domain::ledger::Movement;
use crate::domain::money::DecimalText;
use crate::domain::page::Listing;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A request for approval by a second operator, and what became of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Approval)]
pub(super) struct ApprovalView {
    id: String,
    /// What is asked for: WITHDRAWAL, TRANSFER, OWNERS or IDENTITY.
    #[schema(example = "TRANSFER")]
    kind: String,
    /// Why it takes a second operator: GUARDED_ACCOUNT, RATE_OUTSIDE_BAND, NO_FRESH_RATE or REVIEWED_CLIENT.
    #[schema(example = "RATE_OUTSIDE_BAND")]
    cause: String,
    /// PENDING, APPROVED, REJECTED, CANCELLED or EXPIRED.
    #[schema(example = "PENDING")]
    state: String,
    /// The client concerned; of an account, its primary owner.
    profile_id: String,
    /// The account concerned; of a transfer, the one that pays.
    account_id: Option<String>,
    /// The operator or API client that asked.
    requested_by: ActorView,
    /// The token that was used. Null if there was none, or for requests from before this was kept.
    requested_with: Option<UsedTokenView>,
    requested_at: String,
    /// When it expires if nobody decides it.
    expires_at: Option<String>,
    /// Who approved, rejected or cancelled it.
    decided_by: Option<ActorView>,
    /// The token that was used. Null if there was none, or for decisions from before this was kept.
    decided_with: Option<UsedTokenView>,
    /// When it was decided or expired.
    decided_at: Option<String>,
    /// Why it was rejected.
    #[schema(example = "")]
    reason: String,
    /// Of a withdrawal or transfer: the movement as it is now. It holds the money while the request waits.
    movement: Option<MovementView>,
    /// Of a transfer: the terms that are asked for. Null if you may not see the receiving account.
    transfer: Option<TermsView>,
    /// Of a change of owners: the change that is asked for.
    owner: Option<OwnerChangeView>,
    /// Of a change of identity: what changes. Null for other kinds.
    identity: Option<Vec<FieldChangeView>>,
}

/// A token with which somebody asked or decided.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UsedToken)]
pub(super) struct UsedTokenView {
    id: String,
    /// The user of the server's machine who made the token there. Null for the token of a login. If it is the same for
    /// both operators, one person may have asked and decided.
    #[schema(example = "root")]
    made_by: Option<String>,
}

/// A change of an account's owners that gives somebody control of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OwnerChange)]
pub(super) struct OwnerChangeView {
    /// ADD, ALTER or REMOVE.
    #[schema(example = "ADD")]
    change: String,
    /// The owner concerned; null if you may not see it.
    profile_id: Option<String>,
    /// FULL, READ or NONE; null if it stays.
    #[schema(example = "FULL")]
    access: Option<String>,
    /// Null if it stays, or for the last place.
    #[schema(example = 1)]
    priority: Option<u64>,
}

/// A personal detail that changes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FieldChange)]
pub(super) struct FieldChangeView {
    /// As in a client: email, firstName, lastName, birthDate, country, company, companyFullName or kind.
    #[schema(example = "lastName")]
    field: &'static str,
    /// Erased once the request is decided.
    #[schema(example = "Doe")]
    old_value: Option<String>,
    /// Erased once the request is decided.
    #[schema(example = "Roe")]
    new_value: Option<String>,
}

impl From<OwnersRequest> for OwnerChangeView {
    fn from(owners: OwnersRequest) -> OwnerChangeView {
        OwnerChangeView {
            change: owners.change.name().to_uppercase(),
            profile_id: owners.profile.map(|id| id.to_string()),
            access: owners.access.map(|access| access.name().to_uppercase()),
            priority: owners.priority,
        }
    }
}

impl From<FieldChange> for FieldChangeView {
    fn from(change: FieldChange) -> FieldChangeView {
        let field = match change.field {
            IdentityField::Email => "email",
            IdentityField::FirstName => "firstName",
            IdentityField::LastName => "lastName",
            IdentityField::BirthDate => "birthDate",
            IdentityField::Country => "country",
            IdentityField::Company => "company",
            IdentityField::CompanyFullName => "companyFullName",
            IdentityField::Kind => "kind",
        };
        FieldChangeView { field, old_value: change.from, new_value: change.to }
    }
}

/// The terms of a transfer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TransferTerms)]
pub(super) struct TermsView {
    /// The receiving account.
    to_account_id: String,
    #[schema(value_type = f64, example = 92.00)]
    to_amount: ExactNumber,
    #[schema(example = "EUR")]
    to_currency: String,
    /// Across currencies only: the rate sent or, if `toAmount` was sent instead, the quotient of the two amounts to 12
    /// digits.
    #[schema(value_type = Option<f64>, example = 0.92)]
    rate: Option<ExactNumber>,
    /// The reference rate at the time of the request; null if there was none, or within one currency.
    reference_rate: Option<RateView>,
}

/// A reference rate.
#[derive(Serialize, ToSchema)]
#[schema(as = ReferenceRate)]
pub(super) struct RateView {
    /// A currency code.
    #[schema(example = "USD")]
    from: String,
    /// A currency code.
    #[schema(example = "EUR")]
    to: String,
    /// What one unit of `from` is worth in `to`.
    #[schema(value_type = f64, example = 0.9155)]
    rate: ExactNumber,
}

impl From<Person> for ActorView {
    fn from(person: Person) -> ActorView {
        ActorView { id: person.id.to_string(), name: person.name }
    }
}

impl From<UsedToken> for UsedTokenView {
    fn from(token: UsedToken) -> UsedTokenView {
        UsedTokenView { id: token.id.to_string(), made_by: token.made_by }
    }
}

impl From<StatedRate> for RateView {
    fn from(stated: StatedRate) -> RateView {
        RateView { from: stated.from.to_string(), to: stated.to.to_string(), rate: stated.rate.into() }
    }
}

impl TermsView {
    fn of(transfer: TransferRequest, movement: Option<&Movement>) -> Option<TermsView> {
        let arrival = transfer.arrival?;
        let quotient = || {
            let paid = movement.filter(|movement| movement.currency != arrival.currency)?;
            DecimalText::quotient((arrival.amount, arrival.decimals), (paid.amount, paid.decimals))
        };
        Some(TermsView {
            rate: transfer.rate.or_else(quotient).map(ExactNumber::from),
            reference_rate: transfer.reference.map(RateView::from),
            to_account_id: arrival.account.to_string(),
            to_amount: ExactNumber::of(arrival.amount, arrival.decimals),
            to_currency: arrival.currency.to_string(),
        })
    }
}

impl From<Approval> for ApprovalView {
    fn from(approval: Approval) -> ApprovalView {
        let (mut transfer, mut owner, mut identity) = (None, None, None);
        match approval.request {
            Some(Request::Transfer(terms)) => transfer = TermsView::of(terms, approval.movement.as_ref()),
            Some(Request::Owners(owners)) => owner = Some(owners.into()),
            Some(Request::Identity(change)) => identity = Some(change.fields.into_iter().map(Into::into).collect()),
            Some(Request::Withdrawal) | None => {}
        }
        ApprovalView {
            id: approval.id.to_string(),
            kind: approval.kind.name().to_uppercase(),
            cause: approval.cause.name().to_uppercase(),
            state: approval.state.name().to_uppercase(),
            profile_id: approval.profile.to_string(),
            account_id: approval.account.map(|id| id.to_string()),
            requested_by: approval.requested_by.into(),
            requested_with: approval.requested_with.map(UsedTokenView::from),
            requested_at: approval.requested_at.to_string(),
            expires_at: approval.expires_at.map(|at| at.to_string()),
            decided_by: approval.decided_by.map(ActorView::from),
            decided_with: approval.decided_with.map(UsedTokenView::from),
            decided_at: approval.decided_at.map(|at| at.to_string()),
            reason: approval.reason,
            movement: approval.movement.map(MovementView::from),
            transfer,
            owner,
            identity,
        }
    }
}

/// Requests, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct ApprovalList {
    approvals: Vec<ApprovalView>,
    #[serde(flatten)]
    paging: PagingView,
}

impl ApprovalList {
    fn new(listing: Listing<Approval>, paging: &Paging) -> ApprovalList {
        ApprovalList {
            paging: PagingView::of(&listing, paging),
            approvals: listing.rows.into_iter().map(ApprovalView::from).collect(),
        }
    }
}

/// 202 with the request for what waits for a second operator, or else the answer of what was done.
pub(super) fn show<T>(
    handled: Handled<T>,
    done: impl FnOnce(T) -> Result<Reply, Rejection>,
) -> Result<Reply, Rejection> {
    match handled {
        Handled::Done(outcome) => done(outcome),
        Handled::Waits { approval } => Reply::json(StatusCode::ACCEPTED, &ApprovalView::from(*approval)),
    }
}

/// Whether the caller may read what requests say about clients.
fn reads_identities(call: &Call) -> Result<bool, Rejection> {
    Ok(call.caller()?.principal.require(Right::ReadProfiles).is_ok())
}

/// List the approval queue, newest first.
#[utoipa::path(get, path = "/approvals", tag = "Approvals",
    params(
        ("state" = Option<String>, Query, description = "PENDING, APPROVED, REJECTED, CANCELLED or EXPIRED"),
        ("kind" = Option<String>, Query, description = "what is asked for"),
        ("requesterId" = Option<String>, Query, description = "the operator or API client that asked"),
        ("accountId" = Option<String>, Query, description = "the account concerned"),
        ("profileId" = Option<String>, Query, description = "the client concerned"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("perPage" = Option<u32>, Query, description = "1 to 500, default 50"),
        ("after" = Option<String>, Query, description = "`next` of the previous page, instead of `page`"),
    ), responses((status = 200, body = ApprovalList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let query = call.query();
    let paging = LISTS.page(&call)?;
    let wanted = ListApprovals {
        state: query.value("state", capitals(ApprovalState::ALL, ApprovalState::name))?,
        kind: query.value("kind", capitals(ApprovalKind::ALL, ApprovalKind::name))?,
        requester: query.value("requesterId", uuid)?,
        account: query.value("accountId", uuid)?,
        profile: query.value("profileId", uuid)?,
        reads_identities: reads_identities(&call)?,
        page: paging.page,
    };
    let listing = call.ask(wanted).await?;
    Reply::ok(&ApprovalList::new(listing, &paging))
}

/// Get a request of the approval queue.
#[utoipa::path(get, path = "/approvals/{id}", tag = "Approvals",
    params(("id" = Uuid, Path, description = "approval id")), responses((status = 200, body = ApprovalView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let wanted = GetApproval { id: fields::path_id(&call)?, reads_identities: reads_identities(&call)? };
    Reply::ok(&ApprovalView::from(call.ask(wanted).await?))
}

/// Approve a request of another operator: it is checked again and done. You need the right to ask for it yourself. If
/// it is refused now, it stays pending.
#[utoipa::path(post, path = "/approvals/{id}/approve", tag = "Approvals",
    params(("id" = Uuid, Path, description = "approval id")), responses((status = 200, body = ApprovalView)))]
pub(super) async fn approve(call: Call) -> Result<Reply, Rejection> {
    decide(&call, ApproveRequest { id: fields::path_id(&call)? }).await
}

/// Why a request is rejected.
#[derive(Default, Deserialize, ToSchema)]
pub(super) struct RejectBody {
    /// At most 255 characters.
    #[schema(example = "The rate is a typing error")]
    reason: Option<String>,
}

/// Reject a request. Money that it held is available again.
#[utoipa::path(post, path = "/approvals/{id}/reject", tag = "Approvals",
    params(("id" = Uuid, Path, description = "approval id")), request_body = Option<RejectBody>,
    responses((status = 200, body = ApprovalView)))]
pub(super) async fn reject(call: Call) -> Result<Reply, Rejection> {
    let reason = call.optional_body::<RejectBody>()?.unwrap_or_default().reason.unwrap_or_default();
    decide(&call, RejectRequest { id: fields::path_id(&call)?, reason }).await
}

/// Cancel your own request. Money that it held is available again.
#[utoipa::path(post, path = "/approvals/{id}/cancel", tag = "Approvals",
    params(("id" = Uuid, Path, description = "approval id")), responses((status = 200, body = ApprovalView)))]
pub(super) async fn cancel(call: Call) -> Result<Reply, Rejection> {
    decide(&call, RejectRequest { id: fields::path_id(&call)?, reason: String::new() }).await
}

async fn decide(call: &Call, command: impl crate::app::Command<Outcome = Approval>) -> Result<Reply, Rejection> {
    call.run(command, |approval| Reply::ok(&ApprovalView::from(approval))).await
}
