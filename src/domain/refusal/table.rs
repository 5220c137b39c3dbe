//! The table of refusals: the family, rank and reason of each.

use super::{Credentials, Refusal, Remainder};
use crate::domain::accounts::Lifecycle;
use crate::domain::clients::ProfileStatus;

/// Groups refusals by what the caller can do about them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Family {
    /// The request could not be read; only the layers above the core make these.
    Transport,
    /// The caller is not authenticated or not authorized.
    Credentials,
    /// A value is invalid.
    Field,
    /// Something does not exist, or it is hidden from the caller.
    Missing,
    /// The value or key is already in use, or the object has changed.
    Taken,
    /// The state of an object does not allow the operation.
    State,
    /// There is too little money, or too much.
    Funds,
    /// A retry may succeed.
    Unavailable,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// Position in the order of precedence: if several refusals apply, the one with the lowest rank is returned. Gaps
    /// leave room for later refusals and for those of the transport.
    pub rank: u16,
    pub family: Family,
    /// Stable: clients may branch on it, so a reason never changes its meaning.
    pub reason: &'static str,
}

/// Makes the list of rows and the match that finds the row of a refusal. Variants in brackets wrap another refusal and
/// take its row.
macro_rules! table {
    (
        $list:ident of $type:ident:
        [$($wrapper:pat => $inner:expr),*]
        $($family:ident { $($rank:literal $reason:literal => $pattern:pat,)+ })+
    ) => {
        pub const $list: &[Row] = &[$($(Row { rank: $rank, family: Family::$family, reason: $reason },)+)+];

        impl $type {
            /// The refusal's row in the table.
            pub fn row(&self) -> Row {
                match self {
                    $($($pattern => Row { rank: $rank, family: Family::$family, reason: $reason },)+)+
                    $($wrapper => $inner.row(),)*
                }
            }

            /// Stable: clients may branch on it, so a reason never changes its meaning.
            pub fn reason(&self) -> &'static str {
                self.row().reason
            }
        }
    };
}
pub(crate) use table;

table! {
    REFUSALS of Refusal:
    [Refusal::InOperation { refusal, .. } => refusal]

    Credentials {
        10 "ADDRESS_NOT_ALLOWED" => Refusal::AddressNotAllowed,
        70 "TOKEN_MISSING" => Refusal::Unauthenticated(Credentials::Missing),
        71 "TOKEN_UNKNOWN" => Refusal::Unauthenticated(Credentials::Unknown),
        72 "TOKEN_EXPIRED" => Refusal::Unauthenticated(Credentials::Expired),
        73 "TOKEN_REVOKED" => Refusal::Unauthenticated(Credentials::Revoked),
        74 "BAD_LOGIN" => Refusal::Unauthenticated(Credentials::BadLogin),
        75 "BAD_CLIENT" => Refusal::Unauthenticated(Credentials::BadClient),
        76 "BAD_SIGNATURE" => Refusal::Unauthenticated(Credentials::BadSignature),
        80 "END_USER_TOKEN" => Refusal::EndUserToken,
        90 "RIGHT_MISSING" => Refusal::Forbidden { .. },
        100 "LIMITED_BY_TAGS" => Refusal::LimitedByTags,
    }

    Field {
        150 "INVALID_FIELD" => Refusal::Required { .. } | Refusal::InvalidField { .. },
        160 "OUT_OF_RANGE" => Refusal::OutOfRange { .. },
        200 "UNKNOWN_CURRENCY" => Refusal::UnknownCurrency { .. },
        280 "IMMUTABLE_FIELD" => Refusal::Immutable { .. },
    }

    Missing {
        170 "EVENTS_PRUNED" => Refusal::EventsPruned { .. },
        190 "NOT_FOUND" => Refusal::NotFound { .. },
    }

    Taken {
        180 "IDEMPOTENCY_CONFLICT" => Refusal::IdempotencyConflict,
        210 "DUPLICATE_ID" => Refusal::DuplicateId(_),
        220 "DUPLICATE_EMAIL" => Refusal::DuplicateEmail,
        230 "DUPLICATE_NAME" => Refusal::DuplicateName,
        235 "NAME_TAKEN" => Refusal::NameTaken(_),
        240 "DUPLICATE_REFERENCE" => Refusal::DuplicateReference,
        250 "DUPLICATE_OWNER" => Refusal::DuplicateOwner,
        260 "DUPLICATE_ALIAS" => Refusal::DuplicateAlias,
        270 "VERSION_MISMATCH" => Refusal::VersionMismatch { .. } | Refusal::RequestOutdated,
    }

    State {
        290 "WRONG_STATE" => Refusal::MovementState { .. }
            | Refusal::ApprovalState(_)
            | Refusal::RequesterDisabled
            | Refusal::TransferStep(_),
        300 "ALREADY_REVERSED" => Refusal::AlreadyReversed,
        310 "NOT_REVERSIBLE" => Refusal::NotReversible,
        320 "SAME_ACCOUNT" => Refusal::SameAccount { .. },
        322 "PERMANENT" => Refusal::Permanent(_),
        324 "PARENT_ARCHIVED" => Refusal::ParentArchived,
        326 "PARENT_CURRENCY_DIFFERS" => Refusal::ParentCurrencyDiffers,
        328 "OWNER_KEPT" => Refusal::OwnerKept,
        329 "OWNER_ACCESS" => Refusal::OwnerAccess,
        330 "LAST_OWNER" => Refusal::LastOwner,
        332 "OWNER_NOT_PRIMARY" => Refusal::OwnerNotPrimary,
        334 "OWN_ACCESS" => Refusal::OwnAccess,
        340 "HEIR_HIDDEN" => Refusal::HeirHidden,
        350 "MODES_DIFFER" => Refusal::ModesDiffer,
        360 "NOT_A_SANDBOX" => Refusal::NotASandbox,
        370 "NEEDS_APPROVAL" => Refusal::NeedsApproval,
        375 "OPERATOR_NEEDED" => Refusal::NotAnOperator,
        380 "OWN_REQUEST" => Refusal::OwnRequest,
        390 "GROUP_DISABLED" => Refusal::GroupDisabled,
        400 "GROUP_WITHOUT_CURRENCY" => Refusal::GroupWithoutCurrency { .. },
        410 "GROUP_MODE_DIFFERS" => Refusal::GroupModeDiffers,
        412 "TOO_MANY" => Refusal::TooMany { .. },
        413 "EXTERNAL_ACCOUNT_STATE" => Refusal::ExternalState(_),
        414 "AMOUNTS_WRONG" => Refusal::AmountsWrong { .. },
        415 "ACCOUNT_KIND" => Refusal::AccountKind { .. },
        417 "CONTRIBUTIONS_OFF" => Refusal::ContributionsOff,
        420 "PROFILE_PENDING" => Refusal::ProfileState(ProfileStatus::Pending),
        421 "PROFILE_VERIFIED" => Refusal::ProfileState(ProfileStatus::Verified),
        422 "PROFILE_DENIED" => Refusal::ProfileState(ProfileStatus::Denied),
        423 "PROFILE_DECEASED" => Refusal::ProfileState(ProfileStatus::Deceased),
        424 "PROFILE_ARCHIVED" => Refusal::ProfileState(ProfileStatus::Archived),
        425 "PROFILE_BLOCKED" => Refusal::ProfileBlocked,
        426 "PROFILE_OFFBOARDING" => Refusal::ProfileOffboarding,
        427 "PORTFOLIO_STATE" => Refusal::PortfolioState(_),
        430 "ACCOUNT_PENDING_APPROVAL" => Refusal::AccountState(Lifecycle::PendingApproval),
        431 "ACCOUNT_ACTIVE" => Refusal::AccountState(Lifecycle::Active),
        432 "ACCOUNT_INACTIVE" => Refusal::AccountState(Lifecycle::Inactive),
        433 "ACCOUNT_DORMANT" => Refusal::AccountState(Lifecycle::Dormant),
        434 "ACCOUNT_CLOSING" => Refusal::AccountState(Lifecycle::Closing),
        435 "ACCOUNT_ARCHIVED" => Refusal::AccountState(Lifecycle::Closed),
        440 "ACCOUNT_LOCKED" => Refusal::AccountLocked,
        445 "ACCOUNT_BLOCKED" => Refusal::AccountBlocked,
        450 "LOCK_KEPT" => Refusal::LockKept,
        460 "CREDITS_OFF" => Refusal::CreditsOff,
        470 "DEBITS_OFF" => Refusal::DebitsOff,
        471 "PERMISSION_WITHHELD" => Refusal::PermissionWithheld { .. },
        472 "QUOTE_MISSING" => Refusal::QuoteMissing { .. },
        474 "QUOTE_STALE" => Refusal::QuoteStale { .. },
        500 "BALANCE_NOT_ZERO" => Refusal::BalanceLeft { .. } | Refusal::NotEmpty(Remainder::Balance),
        501 "HOLDS_LEFT" => Refusal::NotEmpty(Remainder::Holds),
        502 "PENDING_LEFT" => Refusal::NotEmpty(Remainder::Pending),
        503 "ACCOUNTS_LEFT" => Refusal::NotEmpty(Remainder::Accounts),
        504 "POSITIONS_OPEN" => Refusal::NotEmpty(Remainder::Positions),
        505 "ORDERS_WORKING" => Refusal::NotEmpty(Remainder::Orders),
        506 "CHILDREN_LEFT" => Refusal::NotEmpty(Remainder::Children),
    }

    Funds {
        480 "INSUFFICIENT_FUNDS" => Refusal::InsufficientFunds { .. },
        490 "BALANCE_OVERFLOW" => Refusal::BalanceOverflow,
    }

    Unavailable {
        20 "SHUTTING_DOWN" => Refusal::ShuttingDown,
        40 "THROTTLED" => Refusal::Throttled { .. },
        510 "BUSY" => Refusal::Busy { .. },
        515 "CLOCK_LEAPT" => Refusal::ClockLeapt,
        520 "STORAGE_UNAVAILABLE" => Refusal::StorageUnavailable,
        530 "INTERNAL" => Refusal::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ranks_and_reasons_are_unique() {
        let ranks: BTreeSet<_> = REFUSALS.iter().map(|row| row.rank).collect();
        let reasons: BTreeSet<_> = REFUSALS.iter().map(|row| row.reason).collect();
        assert_eq!((ranks.len(), reasons.len()), (REFUSALS.len(), REFUSALS.len()));
    }
}
