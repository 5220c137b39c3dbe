//! Principals: who calls, with which role and token, and what each may do and see.

use crate::domain::access::ApiClient;
use crate::domain::clock::Moment;
use crate::domain::ids::{PrincipalId, PrincipalSerial, TokenId};
use crate::domain::named::named_enum;
use crate::domain::refusal::{Credentials, Refusal};
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::net::IpAddr;

named_enum! {
    /// One permission. A token's scopes are a subset of these, under the same names.
    #[derive(PartialOrd, Ord)]
    pub enum Right {
        /// Read currencies and account groups.
        #[serde(alias = "read_reference")]
        ReadReference = "reference:read",
        #[serde(alias = "read_profiles")]
        ReadProfiles = "profiles:read",
        /// Create and change profiles, except for their passwords.
        #[serde(alias = "write_profiles")]
        WriteProfiles = "profiles:write",
        /// Read accounts, portfolios, positions, orders and deals.
        #[serde(alias = "read_accounts")]
        ReadAccounts = "accounts:read",
        /// Read the money of portfolios as a whole, without the accounts in them.
        ReadCash = "cash:read",
        /// Open, change and archive accounts.
        #[serde(alias = "write_accounts")]
        WriteAccounts = "accounts:write",
        /// Deposit, withdraw and adjust.
        #[serde(alias = "move_funds")]
        MoveFunds = "funds:move",
        /// Add external accounts that count as verified at once.
        VerifyExternals = "external_accounts:verify",
        /// Begin sessions of end users, whose passwords the caller must know, and check them.
        #[serde(alias = "issue_sessions")]
        IssueSessions = "sessions:issue",
        /// Set passwords of end users. With the right to begin sessions, this is enough to trade as any client.
        SetPasswords = "passwords:set",
        /// Change the own password, and list and revoke the own tokens.
        ManageSelf = "self:manage",
        /// Read and follow events.
        #[serde(alias = "read_events")]
        ReadEvents = "events:read",
        /// Read webhooks and their deliveries.
        ReadWebhooks = "webhooks:read",
        /// Make and change webhooks, which send events to others.
        WriteWebhooks = "webhooks:write",
        /// Read the audit log.
        ReadAudit = "audit:read",
        /// Feed what happened on a trading platform, which moves money.
        FeedPlatform = "platform",
        /// Reserved for administrators: operators, tokens, keys, reference data, forced reversals, the clock of a
        /// sandbox.
        #[serde(alias = "administer")]
        Administer = "admin",
    }
}

named_enum! {
    pub enum Role {
        /// Has every right, including administration.
        Admin = "admin",
        /// Day-to-day work: clients, accounts, money. Not what would let one person act as a client.
        Operator = "operator",
        /// A program such as the trading platform or the client area: begins sessions and reads.
        Service = "service",
        /// Reads everything but changes nothing.
        Viewer = "viewer",
        /// Read-only, with the audit log; for people who audit the books.
        Auditor = "auditor",
    }
}

impl Right {
    /// Rights that can be granted to an operator beyond those of its role.
    pub const GRANTABLE: [Right; 5] =
        [Right::IssueSessions, Right::SetPasswords, Right::FeedPlatform, Right::WriteWebhooks, Right::VerifyExternals];
}

impl Role {
    pub fn allows(self, right: Right) -> bool {
        match right {
            Right::ReadReference
            | Right::ReadProfiles
            | Right::ReadAccounts
            | Right::ReadEvents
            | Right::ReadWebhooks
            | Right::ReadCash
            | Right::ManageSelf => true,
            Right::WriteProfiles | Right::WriteAccounts | Right::MoveFunds => {
                matches!(self, Role::Admin | Role::Operator)
            }
            Right::ReadAudit => matches!(self, Role::Admin | Role::Auditor),
            Right::IssueSessions | Right::FeedPlatform => matches!(self, Role::Admin | Role::Service),
            Right::SetPasswords | Right::WriteWebhooks | Right::VerifyExternals | Right::Administer => {
                self == Role::Admin
            }
        }
    }

    /// The rights of the role together with those granted beyond it.
    pub fn rights_with(self, granted: &BTreeSet<Right>) -> BTreeSet<Right> {
        Right::ALL.into_iter().filter(|right| self.allows(*right) || granted.contains(right)).collect()
    }
}

/// Which profiles and accounts a caller can see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Visibility {
    Everything,
    /// Only those whose primary owner has at least one of these tags.
    Tagged(BTreeSet<String>),
}

impl Visibility {
    /// An operator without tags sees everything.
    pub fn from_tags(tags: BTreeSet<String>) -> Visibility {
        if tags.is_empty() { Visibility::Everything } else { Visibility::Tagged(tags) }
    }

    /// For what is not of single clients. Refusals: the caller does not see all of them.
    pub fn require_everything(&self) -> Result<(), Refusal> {
        if *self == Visibility::Everything { Ok(()) } else { Err(Refusal::LimitedByTags) }
    }

    /// The intersection of both. If they have nothing in common, the result is an empty set, which shows nothing.
    pub fn narrowed_by(self, other: Visibility) -> Visibility {
        match (self, other) {
            (Visibility::Everything, narrower) | (narrower, Visibility::Everything) => narrower,
            (Visibility::Tagged(a), Visibility::Tagged(b)) => Visibility::Tagged(a.intersection(&b).cloned().collect()),
        }
    }
}

named_enum! {
    pub enum PrincipalKind {
        /// bursar itself, for commands run on its machine.
        System = "system",
        /// A person of the back office.
        Operator = "operator",
        /// A program with its own credentials for one API.
        ApiClient = "api_client",
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Principal {
    /// Its row. Idempotency keys and entries belong to the principal, whichever of its tokens was used.
    pub serial: PrincipalSerial,
    pub id: PrincipalId,
    pub kind: PrincipalKind,
    pub name: String,
    /// What it may do: the rights of its role and those granted to it, as far as they are in its token's scopes.
    pub rights: BTreeSet<Right>,
    /// The tags of the operator and of the token, combined.
    pub visibility: Visibility,
    /// The networks from which the token may be used; empty means that only the server's allow list applies.
    pub networks: Vec<IpNet>,
    pub token: Option<TokenId>,
    /// None for tokens that do not expire.
    pub expires_at: Option<Moment>,
    /// None for operators.
    pub client: Option<ApiClient>,
}

impl Principal {
    /// Refuses if the role or the token does not carry the right.
    pub fn require(&self, right: Right) -> Result<(), Refusal> {
        if self.rights.contains(&right) { Ok(()) } else { Err(Refusal::Forbidden { right }) }
    }

    /// Refuses API clients where a second operator must check: a program cannot provide the four-eyes check.
    pub fn admit_as_checker(&self) -> Result<(), Refusal> {
        match self.kind {
            PrincipalKind::System | PrincipalKind::Operator => Ok(()),
            PrincipalKind::ApiClient => Err(Refusal::NotAnOperator),
        }
    }

    /// Refuses a token that has expired or may not be used from this address.
    pub fn admit(&self, now: Moment, address: IpAddr) -> Result<(), Refusal> {
        if self.expires_at.is_some_and(|end| end <= now) {
            return Err(Refusal::Unauthenticated(Credentials::Expired));
        }
        if !self.networks.is_empty() && !self.networks.iter().any(|network| network.contains(&address)) {
            return Err(Refusal::AddressNotAllowed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_and_roles_are_found_by_their_names() {
        for right in Right::ALL {
            assert_eq!(Right::parse(right.name()), Some(right));
        }
        // Stored outcomes of earlier versions spell rights this way.
        assert_eq!(serde_json::from_str::<Right>("\"move_funds\"").unwrap(), Right::MoveFunds);
        assert_eq!(Role::parse("viewer"), Some(Role::Viewer));
        assert_eq!(Role::parse("root"), None);
    }

    #[test]
    fn nobody_but_an_administrator_both_sets_passwords_and_begins_sessions() {
        let both = [Right::SetPasswords, Right::IssueSessions];
        for role in Role::ALL {
            let rights = role.rights_with(&BTreeSet::new());
            let has_both = both.iter().all(|right| rights.contains(right));
            assert_eq!(has_both, role == Role::Admin, "{role:?}");
            assert!(both.iter().all(|right| role.rights_with(&both.into()).contains(right)), "{role:?}");
        }
    }

    #[test]
    fn an_api_client_is_no_second_operator() {
        for kind in PrincipalKind::ALL {
            let principal = Principal {
                serial: PrincipalSerial(2),
                id: PrincipalId::from(uuid::Uuid::nil()),
                kind,
                name: "x".into(),
                rights: BTreeSet::new(),
                visibility: Visibility::Everything,
                networks: Vec::new(),
                token: None,
                expires_at: None,
                client: None,
            };
            assert_eq!(principal.admit_as_checker().is_ok(), kind != PrincipalKind::ApiClient, "{kind:?}");
        }
    }

    #[test]
    fn tags_narrow_and_never_widen() {
        let tags = |names: &[&str]| Visibility::Tagged(names.iter().map(|n| (*n).to_owned()).collect());
        assert_eq!(Visibility::Everything.narrowed_by(tags(&["a"])), tags(&["a"]));
        assert_eq!(tags(&["a", "b"]).narrowed_by(tags(&["b", "c"])), tags(&["b"]));
        assert_eq!(tags(&["a"]).narrowed_by(tags(&["b"])), tags(&[]));
    }
}
