//! What API clients of a dialect can be allowed, and how its users call their credentials.

use crate::domain::access::Right;
use std::collections::BTreeSet;

/// A dialect that API clients call.
#[derive(Clone, Copy, Debug)]
pub struct ApiClients {
    /// What its users call the id of a client, such as `client_id`.
    pub id: &'static str,
    /// What its users call the secret of a client, such as `client_secret`.
    pub secret: &'static str,
    pub scopes: &'static [ClientScope],
}

/// A scope of a dialect: the name of some rights.
#[derive(Clone, Copy, Debug)]
pub struct ClientScope {
    pub name: &'static str,
    pub rights: &'static [Right],
}

impl ApiClients {
    /// The rights of these scopes; those of all scopes if there are none. Fails with the first unknown name.
    pub fn rights<'n>(&self, names: &[&'n str]) -> Result<BTreeSet<Right>, &'n str> {
        let unknown = names.iter().find(|name| !self.scopes.iter().any(|scope| scope.name == **name));
        if let Some(name) = unknown {
            return Err(name);
        }
        let is_wanted = |scope: &&ClientScope| names.is_empty() || names.contains(&scope.name);
        Ok(self.scopes.iter().filter(is_wanted).flat_map(|scope| scope.rights).copied().collect())
    }

    /// The scopes that these rights cover.
    pub fn scopes(&self, rights: &BTreeSet<Right>) -> Vec<&'static str> {
        let is_covered = |scope: &&ClientScope| scope.rights.iter().all(|right| rights.contains(right));
        self.scopes.iter().filter(is_covered).map(|scope| scope.name).collect()
    }
}
