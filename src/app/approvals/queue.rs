//! Reading the approval queue.

use crate::app::{Failure, Query, View};
use crate::domain::access::{Right, Visibility};
use crate::domain::approvals::{Approval, ApprovalKind, ApprovalState, Request};
use crate::domain::ids::{AccountId, ApprovalId, PrincipalId, ProfileId};
use crate::domain::page::{Listing, Page};
use crate::domain::refusal::{Noun, Refusal};
use crate::store::{ApprovalFilter, ReadTx};

/// One request. Refusals: unknown, or it is about a client's identity, which the caller may not read.
pub struct GetApproval {
    pub id: ApprovalId,
    /// Whether the caller may read personal data.
    pub reads_identities: bool,
}

impl Query for GetApproval {
    type Answer = Approval;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<Approval, Failure> {
        let found = view.tx.approval(self.id, view.visibility)?;
        let shown = found.filter(|approval| self.reads_identities || approval.kind != ApprovalKind::Identity);
        without_hidden(view.tx, view.visibility, shown.ok_or(Refusal::not_found(Noun::Approval))?)
    }
}

/// One page of the queue, newest first.
pub struct ListApprovals {
    pub state: Option<ApprovalState>,
    pub kind: Option<ApprovalKind>,
    pub requester: Option<PrincipalId>,
    pub account: Option<AccountId>,
    pub profile: Option<ProfileId>,
    /// Whether the caller may read personal data.
    pub reads_identities: bool,
    pub page: Page,
}

impl Query for ListApprovals {
    type Answer = Listing<Approval>;
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Listing<Approval>, Failure> {
        let account = match self.account {
            Some(id) => Some(view.tx.account(id, view.visibility)?.ok_or(Refusal::not_found(Noun::Account))?.book),
            None => None,
        };
        let filter = ApprovalFilter {
            state: self.state,
            kind: self.kind,
            requester: self.requester,
            account,
            profile: self.profile,
            with_identities: self.reads_identities,
        };
        let mut listing = view.tx.approvals(&filter, view.visibility, self.page)?;
        let shown = listing.rows.into_iter().map(|approval| without_hidden(view.tx, view.visibility, approval));
        listing.rows = shown.collect::<Result<_, _>>()?;
        Ok(listing)
    }
}

/// Removes from a request what is about clients whom its reader cannot see.
pub(in crate::app) fn without_hidden(
    tx: &ReadTx<'_>,
    visibility: &Visibility,
    mut approval: Approval,
) -> Result<Approval, Failure> {
    if let Some(movement) = &mut approval.movement
        && let Some(to) = movement.to_account
        && tx.account(to, visibility)?.is_none()
    {
        movement.to_account = None;
        movement.arrived = None;
        if let Some(Request::Transfer(transfer)) = &mut approval.request {
            transfer.arrival = None;
            transfer.rate = None;
            transfer.reference = None;
        }
    }
    if let Some(Request::Owners(owners)) = &mut approval.request
        && let Some(profile) = owners.profile
        && tx.profile(profile, visibility)?.is_none()
    {
        owners.profile = None;
    }
    Ok(approval)
}
