//! The owners of accounts.

use crate::domain::access::Visibility;
use crate::domain::accounts::{Account, Owner, Owners};
use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, PortfolioSerial, ProfileId, ProfileSerial};
use crate::store::StoreError;
use crate::store::accounts::account;
use crate::store::database::lists::visible_tags;
use crate::store::database::transaction::{ReadTx, WriteTx, named, sql};
use rusqlite::Row;
use uuid::Uuid;

fn owner(row: &Row<'_>) -> rusqlite::Result<Owner> {
    Ok(Owner {
        profile: ProfileId::from(row.get::<_, Uuid>("profile_uuid")?),
        serial: ProfileSerial(row.get("profile_id")?),
        access: named(row, "access")?,
        since: Moment::from_unix_ms(row.get("created_at")?),
    })
}

impl ReadTx<'_> {
    /// The owners of an account; none if there is no such account.
    pub fn owners(&self, account: BookId) -> Result<Option<Owners>, StoreError> {
        Ok(Owners::new(self.all(sql!("owners/of_account"), [account.0], owner)?))
    }

    /// The visible accounts to which a client has full access and that are not archived, oldest first, at most `limit`.
    pub fn accounts_with_full_access(
        &self,
        profile: ProfileSerial,
        visibility: &Visibility,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        let sql = sql!("accounts/columns", "owners/with_full_access");
        self.all(sql, (profile.0, visible_tags(visibility), limit), account)
    }

    /// The visible accounts to which a client has access, archived ones included, oldest first. Their margin is not
    /// computed.
    pub fn accounts_held_by(
        &self,
        profile: ProfileSerial,
        visibility: &Visibility,
    ) -> Result<Vec<Account>, StoreError> {
        self.all(sql!("accounts/columns", "owners/held"), (profile.0, visible_tags(visibility)), account)
    }

    /// Whether a client owns an account of this name other than `but`, archived or not.
    pub fn has_account_named(
        &self,
        profile: ProfileSerial,
        name: &str,
        but: Option<BookId>,
    ) -> Result<bool, StoreError> {
        let but = but.map_or(0, |book| book.0);
        self.one(sql!("owners/named"), (profile.0, name, but), |row| row.get(0))
    }

    /// The accounts that a client owns, as primary owner or not, and that are not archived, oldest first.
    pub fn open_accounts_of(&self, profile: ProfileSerial) -> Result<Vec<Account>, StoreError> {
        self.all(sql!("accounts/columns", "owners/open"), [profile.0], account)
    }
}

impl WriteTx<'_> {
    /// Makes a client the primary owner of a new account.
    pub(in crate::store) fn add_primary_owner(
        &self,
        account: BookId,
        profile: ProfileSerial,
        now: Moment,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO account_owners (account_id, profile_id, priority, access, created_at)
                   VALUES (?1, ?2, 1, 'full', ?3)";
        self.run(sql, (account.0, profile.0, now.unix_ms())).map(|_| ())
    }

    /// Replaces the owners of an account; its version rises. A change of primary owner also needs
    /// [`WriteTx::move_account`].
    pub fn set_owners(&self, account: BookId, owners: &Owners, now: Moment) -> Result<(), StoreError> {
        self.run("DELETE FROM account_owners WHERE account_id = ?1", [account.0])?;
        let sql = "INSERT INTO account_owners (account_id, profile_id, priority, access, created_at)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        for (owner, priority) in owners.list().iter().zip(1i64..) {
            let row = (account.0, owner.serial.0, priority, owner.access.name(), owner.since.unix_ms());
            self.run(sql, row)?;
        }
        let sql = "UPDATE accounts SET version = version + 1, updated_at = ?2 WHERE id = ?1";
        self.run(sql, (account.0, now.unix_ms())).map(|_| ())
    }

    /// Moves an account to another primary owner and into one of that client's portfolios.
    pub fn move_account(
        &self,
        account: BookId,
        profile: ProfileSerial,
        portfolio: PortfolioSerial,
        portfolio_serial: i64,
    ) -> Result<(), StoreError> {
        let row = (account.0, profile.0, portfolio.0, portfolio_serial);
        self.run(sql!("owners/set_primary"), row)?;
        self.move_alias(account, portfolio)
    }
}
