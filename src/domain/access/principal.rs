//! Who calls: operators with roles, their tokens, and what each of them may do and see.

use crate::domain::clock::Moment;
use crate::domain::ids::{PrincipalId, PrincipalSerial, TokenId};
use crate::domain::named::named_enum;
use crate::domain::refusal::{Credentials, Refusal};
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::net::IpAddr;

named_enum! {
    /// One thing that a caller may do. A token's scopes are a subset of these, under the same names.
    #[derive(PartialOrd, Ord)]
    pub enum Right {
        /// Read currencies and account groups.
        #[serde(alias = "read_reference")]
        ReadReference = "reference:read",
        #[serde(alias = "read_profiles")]
        ReadProfiles = "profiles:read",
        /// Create and change profiles.
        #[serde(alias = "write_profiles")]
        WriteProfiles = "profiles:write",
        /// Read accounts, portfolios, positions, orders and deals.
        #[serde(alias = "read_accounts")]
        ReadAccounts = "accounts:read",
        /// Open, change and archive accounts.
        #[serde(alias = "write_accounts")]
        WriteAccounts = "accounts:write",
        /// Deposit, withdraw and adjust.
        #[serde(alias = "move_funds")]
        MoveFunds = "funds:move",
        /// Issue and check end-user sessions.
        #[serde(alias = "issue_sessions")]
        IssueSessions = "sessions:issue",
        /// Read and follow events.
        #[serde(alias = "read_events")]
        ReadEvents = "events:read",
        /// What only administrators do: operators, tokens, keys, reference data, forced reversals, the clock of a sandbox.
        #[serde(alias = "administer")]
        Administer = "admin",
    }
}

named_enum! {
    /// What an operator is there for.
    pub enum Role {
        /// Everything.
        Admin = "admin",
        /// The daily work: clients, accounts, money.
        Operator = "operator",
        /// Looks, changes nothing.
        Viewer = "viewer",
        /// Looks, changes nothing; meant for those who check the books.
        Auditor = "auditor",
    }
}

impl Role {
    /// Whether the role carries a right.
    pub fn allows(self, right: Right) -> bool {
        match self {
            Role::Admin => true,
            Role::Operator => right != Right::Administer,
            Role::Viewer | Role::Auditor => {
                matches!(right, Right::ReadReference | Right::ReadProfiles | Right::ReadAccounts | Right::ReadEvents)
            }
        }
    }
}

/// Which profiles and accounts a caller sees.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Visibility {
    /// All of them.
    Everything,
    /// Those whose primary owner has at least one of these tags.
    Tagged(BTreeSet<String>),
}

impl Visibility {
    /// An operator without tags sees everything.
    pub fn from_tags(tags: BTreeSet<String>) -> Visibility {
        if tags.is_empty() { Visibility::Everything } else { Visibility::Tagged(tags) }
    }

    /// What both sides let through. Nothing in common means that nothing is visible, which an empty set expresses.
    pub fn narrowed_by(self, other: Visibility) -> Visibility {
        match (self, other) {
            (Visibility::Everything, narrower) | (narrower, Visibility::Everything) => narrower,
            (Visibility::Tagged(a), Visibility::Tagged(b)) => Visibility::Tagged(a.intersection(&b).cloned().collect()),
        }
    }
}

named_enum! {
    /// What a caller is.
    pub enum PrincipalKind {
        /// bursar itself, for commands that are given on its machine.
        System = "system",
        /// A person of the back office.
        Operator = "operator",
        /// A program with credentials of its own, made for one API.
        ApiClient = "api_client",
    }
}

/// A caller whose credentials were checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Principal {
    /// Its row; idempotency keys and entries belong to it, whichever of its tokens was used.
    pub serial: PrincipalSerial,
    /// Its public id.
    pub id: PrincipalId,
    /// What it is.
    pub kind: PrincipalKind,
    /// Its name, for logs.
    pub name: String,
    /// What it may do at most.
    pub role: Role,
    /// The scopes of the token; none means all that the role allows.
    pub scopes: Option<BTreeSet<Right>>,
    /// What the operator and the token let through.
    pub visibility: Visibility,
    /// The networks from which the token may be used; none means all that the server's allow list lets in.
    pub networks: Vec<IpNet>,
    /// The token that was used.
    pub token: Option<TokenId>,
    /// When the token ends; none for tokens that do not.
    pub expires_at: Option<Moment>,
}

impl Principal {
    /// Refuses if the role or the token does not carry the right.
    pub fn require(&self, right: Right) -> Result<(), Refusal> {
        let allowed = self.role.allows(right) && self.scopes.as_ref().is_none_or(|scopes| scopes.contains(&right));
        if allowed { Ok(()) } else { Err(Refusal::Forbidden { right }) }
    }

    /// Refuses an API client where a second operator has to look: a program that asks and decides is nobody's second look.
    pub fn admit_as_checker(&self) -> Result<(), Refusal> {
        match self.kind {
            PrincipalKind::System | PrincipalKind::Operator => Ok(()),
            PrincipalKind::ApiClient => Err(Refusal::NotAnOperator),
        }
    }

    /// Refuses if the token may not be used at this moment or from this address.
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
        // Outcomes that earlier versions kept spell rights as they are spelled here.
        assert_eq!(serde_json::from_str::<Right>("\"move_funds\"").unwrap(), Right::MoveFunds);
        assert_eq!(Role::parse("viewer"), Some(Role::Viewer));
        assert_eq!(Role::parse("root"), None);
    }

    #[test]
    fn an_api_client_is_no_second_operator() {
        for kind in PrincipalKind::ALL {
            let principal = Principal {
                serial: PrincipalSerial(2),
                id: PrincipalId::from(uuid::Uuid::nil()),
                kind,
                name: "x".into(),
                role: Role::Admin,
                scopes: None,
                visibility: Visibility::Everything,
                networks: Vec::new(),
                token: None,
                expires_at: None,
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
