//! What an account may be used for. Whether money may come in and go out at all are flags of the account itself.

use crate::domain::named::named_enum;
use serde::{Deserialize, Serialize};

named_enum! {
    /// What may be withheld from an account (B2Core, "Update an account").
    pub enum Permission {
        /// Sessions that name the account, and transfers from and to it.
        Enabled = "enabled",
        /// A label: bursar does not act on it.
        Exchange = "exchange",
        /// A label: what an account may trade is its trade status.
        Trade = "trade",
        /// Transfers to it.
        TransferDeposit = "transfer_deposit",
        /// Transfers from it.
        TransferWithdrawal = "transfer_withdrawal",
        /// A label: bursar does not act on it.
        Visible = "visible",
    }
}

/// The permissions of an account: all but those withheld from it. Stored as the latter, so that what was stored before
/// there were permissions has all of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Permission>", into = "Vec<Permission>")]
pub struct Permissions {
    /// A bit for each.
    withheld: u8,
}

impl Permissions {
    /// These and no others.
    pub fn of(granted: &[Permission]) -> Permissions {
        Permissions::all_but(Permission::ALL.into_iter().filter(|permission| !granted.contains(permission)))
    }

    pub fn all_but(withheld: impl IntoIterator<Item = Permission>) -> Permissions {
        Permissions { withheld: withheld.into_iter().fold(0, |bits, permission| bits | bit(permission)) }
    }

    pub fn has(self, permission: Permission) -> bool {
        self.withheld & bit(permission) == 0
    }

    /// In the order of declaration.
    pub fn granted(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.has(*permission))
    }

    /// In the order of declaration.
    pub fn withheld(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| !self.has(*permission))
    }
}

fn bit(permission: Permission) -> u8 {
    1 << permission as u8
}

impl From<Vec<Permission>> for Permissions {
    fn from(withheld: Vec<Permission>) -> Permissions {
        Permissions::all_but(withheld)
    }
}

impl From<Permissions> for Vec<Permission> {
    fn from(permissions: Permissions) -> Vec<Permission> {
        permissions.withheld().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_stored_as_those_withheld() {
        let some = Permissions::of(&[Permission::Trade, Permission::Enabled, Permission::Trade]);
        assert_eq!(some.granted().collect::<Vec<_>>(), [Permission::Enabled, Permission::Trade]);
        let text = serde_json::to_string(&some).unwrap();
        assert_eq!(text, r#"["exchange","transfer_deposit","transfer_withdrawal","visible"]"#);
        assert_eq!(serde_json::from_str::<Permissions>(&text).unwrap(), some);
        assert_eq!(Permissions::of(&Permission::ALL), Permissions::default());
        assert_eq!(serde_json::to_string(&Permissions::default()).unwrap(), "[]");
        assert_eq!(Permissions::of(&[]).granted().count(), 0);
    }
}
