//! The approval queue: what one operator has asked for and another one decides.

use crate::domain::access::Right;
use crate::domain::approvals::Request;
use crate::domain::clock::Moment;
use crate::domain::ids::{AccountId, ApprovalId, ApprovalSerial, PrincipalId, PrincipalSerial, ProfileId, TokenId};
use crate::domain::ledger::Movement;
use crate::domain::named::named_enum;
use crate::domain::refusal::Refusal;
use serde::{Deserialize, Serialize};

named_enum! {
    /// What is asked for.
    pub enum ApprovalKind {
        /// A withdrawal from an account of a group that requires approval.
        Withdrawal = "withdrawal",
        /// A transfer across currencies, or from an account of such a group to another client.
        Transfer = "transfer",
        /// A change of who controls an account.
        Owners = "owners",
        /// A change of who a client is.
        Identity = "identity",
    }
}

impl ApprovalKind {
    /// The right to ask for it, and to decide it.
    pub fn right(self) -> Right {
        match self {
            ApprovalKind::Withdrawal | ApprovalKind::Transfer => Right::MoveFunds,
            ApprovalKind::Owners => Right::WriteAccounts,
            ApprovalKind::Identity => Right::WriteProfiles,
        }
    }
}

named_enum! {
    pub enum ApprovalState {
        Pending = "pending",
        Approved = "approved",
        /// By an operator other than the requester.
        Rejected = "rejected",
        /// By the requester, or because it needs no approval any more.
        Cancelled = "cancelled",
        /// Nobody decided it in time.
        Expired = "expired",
    }
}

named_enum! {
    /// Why a request takes a second operator.
    pub enum Cause {
        /// The account's group requires approval.
        GuardedAccount = "guarded_account",
        /// The rate is too far from the reference rate.
        RateOutsideBand = "rate_outside_band",
        /// There is no reference rate between the two currencies, or it is too old.
        NoFreshRate = "no_fresh_rate",
        /// The client was reviewed by an operator.
        ReviewedClient = "reviewed_client",
    }
}

/// Who asked or decided.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Person {
    pub serial: PrincipalSerial,
    pub id: PrincipalId,
    pub name: String,
}

/// A token with which somebody asked or decided.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UsedToken {
    pub id: TokenId,
    /// The user of the machine who made it there. None for the token of a log-in, and for older ones.
    pub made_by: Option<String>,
}

/// A request and what became of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Approval {
    /// In order of request, from 1.
    pub serial: ApprovalSerial,
    pub id: ApprovalId,
    pub kind: ApprovalKind,
    pub cause: Cause,
    /// None once it was decided and its personal data erased, or if no version of this program can read it.
    pub request: Option<Request>,
    /// The client concerned; of an account, its primary owner, whose tags decide who sees the request.
    pub profile: ProfileId,
    pub account: Option<AccountId>,
    /// Of a withdrawal or transfer: the movement, which holds the money until the request is decided.
    pub movement: Option<Movement>,
    pub state: ApprovalState,
    pub requested_by: Person,
    /// None if it was asked for without a token, or before this was kept.
    #[serde(default)]
    pub requested_with: Option<UsedToken>,
    pub requested_at: Moment,
    /// When it expires unless it is decided before.
    pub expires_at: Option<Moment>,
    /// None while it is pending, and if it expired.
    pub decided_by: Option<Person>,
    /// None if it was decided without a token, or before this was kept.
    #[serde(default)]
    pub decided_with: Option<UsedToken>,
    pub decided_at: Option<Moment>,
    /// Why it was rejected; may be empty.
    pub reason: String,
}

impl Approval {
    /// Refuses a request that is decided or past its expiry, even if the expiry job has not run yet.
    pub fn admit_decision(&self, now: Moment) -> Result<(), Refusal> {
        match self.state {
            ApprovalState::Pending if self.expires_at.is_some_and(|at| at <= now) => {
                Err(Refusal::ApprovalState(ApprovalState::Expired))
            }
            ApprovalState::Pending => Ok(()),
            state => Err(Refusal::ApprovalState(state)),
        }
    }

    /// Refuses the requester, whichever of its tokens it uses (maker-checker rule).
    pub fn admit_checker(&self, checker: PrincipalSerial) -> Result<(), Refusal> {
        if self.requested_by.serial == checker { Err(Refusal::OwnRequest) } else { Ok(()) }
    }
}
