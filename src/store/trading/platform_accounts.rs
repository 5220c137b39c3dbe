//! The numbers by which platforms call our accounts.

use crate::domain::ids::{AccountId, BookId, PlatformSerial};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};
use uuid::Uuid;

impl ReadTx<'_> {
    /// The account that a platform means: by our id, else by its own number, else by ours.
    pub fn account_named(&self, platform: PlatformSerial, name: &str) -> Result<Option<AccountId>, StoreError> {
        let id = if name.len() == 36 { Uuid::parse_str(name).ok() } else { None };
        self.find(sql!("trading/account_named"), (platform.0, name, id), |row| {
            Ok(AccountId::from(row.get::<_, Uuid>(0)?))
        })
    }

    /// The account that has this number at a platform.
    pub fn account_at_platform(&self, platform: PlatformSerial, number: &str) -> Result<Option<BookId>, StoreError> {
        let sql = "SELECT account_id FROM platform_accounts WHERE platform_id = ?1 AND number = ?2";
        self.find(sql, (platform.0, number), |row| Ok(BookId(row.get(0)?)))
    }

    /// The accounts that have this number, here or at any platform.
    pub fn accounts_numbered_anywhere(&self, number: &str) -> Result<Vec<BookId>, StoreError> {
        let sql = "SELECT id FROM accounts WHERE number = ?1
                   UNION
                   SELECT account_id FROM platform_accounts
                   WHERE platform_id IN (SELECT id FROM platforms) AND number = ?1";
        self.all(sql, [number], |row| Ok(BookId(row.get(0)?)))
    }

    /// The account that has this number here.
    pub fn account_numbered(&self, number: &str) -> Result<Option<BookId>, StoreError> {
        self.find("SELECT id FROM accounts WHERE number = ?1", [number], |row| Ok(BookId(row.get(0)?)))
    }
}

impl WriteTx<'_> {
    /// Sets the number of an account at a platform, which no other account has there.
    pub fn link_account(&self, account: BookId, platform: PlatformSerial, number: &str) -> Result<(), StoreError> {
        self.run(
            "DELETE FROM platform_accounts WHERE account_id = ?1 AND platform_id = ?2 AND number <> ?3",
            (account.0, platform.0, number),
        )?;
        self.run(
            "INSERT INTO platform_accounts (account_id, platform_id, number) VALUES (?1, ?2, ?3)
             ON CONFLICT DO NOTHING",
            (account.0, platform.0, number),
        )
        .map(|_| ())
    }
}
