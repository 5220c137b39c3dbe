//! Erases what is personal about a client, and the salts under which it was hashed, so that nobody can try a guess
//! against an earlier hash.

use crate::domain::clients::ProfileDetails;
use crate::domain::clock::Moment;
use crate::domain::ids::{ApprovalSerial, BookId, ProfileId, ProfileSerial};
use crate::domain::ledger::decode_legs;
use crate::domain::merkle::Hash;
use crate::store::StoreError;
use crate::store::clients::OF_PROFILES;
use crate::store::database::trail::{Change, Table};
use crate::store::database::transaction::{ReadTx, WriteTx, sql};
use std::collections::BTreeMap;

/// The tables whose rows are hashed with the salt of a client or of its accounts, and a statement for the keys of the
/// rows of one client.
const SALTED: [(&str, &str); 11] = [
    ("profiles", "SELECT ?1"),
    ("profile_labels", "SELECT ?1"),
    ("profile_attributes", "SELECT ?1"),
    ("profile_details", "SELECT ?1"),
    ("account_labels", "SELECT id FROM accounts WHERE profile_id = ?1"),
    ("account_attributes", "SELECT id FROM accounts WHERE profile_id = ?1"),
    ("account_details", "SELECT id FROM accounts WHERE profile_id = ?1"),
    ("portfolio_labels", "SELECT id FROM portfolios WHERE profile_id = ?1"),
    ("approvals", sql!("erasure/approvals")),
    ("movements", sql!("erasure/movements")),
    ("external_accounts", "SELECT id FROM external_accounts WHERE profile_id = ?1"),
];

/// Keys in one statement.
const KEYS_AT_ONCE: usize = 500;

/// The images of each key.
type Images = BTreeMap<i64, Vec<Hash>>;

impl ReadTx<'_> {
    /// Requests about the client itself that nobody has decided.
    pub fn pending_approvals_of(&self, client: ProfileSerial) -> Result<Vec<ApprovalSerial>, StoreError> {
        let sql = "SELECT id FROM approvals WHERE profile_id = ?1 AND state = 'pending' ORDER BY id";
        self.all(sql, [client.0], |row| row.get(0).map(ApprovalSerial))
    }

    fn images_of(&self, table: &Table, keys: &[i64]) -> Result<Images, StoreError> {
        let mut images: Images = keys.iter().map(|key| (*key, Vec::new())).collect();
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let listed: Vec<String> = keys.iter().map(i64::to_string).collect();
            let condition = format!("WHERE r.{} IN ({})", table.covered.key, listed.join(", "));
            self.each_image(table, &condition, |key, image| {
                images.entry(key).or_default().push(image);
                Ok(())
            })?;
        }
        Ok(images)
    }
}

impl WriteTx<'_> {
    /// Erases the personal data of a client, also from pages that become free, and replaces its salt and those of its
    /// accounts. The log gets the images of all rows that were hashed with them, from before and after.
    pub fn erase_profile(&self, client: ProfileSerial, id: ProfileId, now: Moment) -> Result<(), StoreError> {
        let mut noted = Vec::new();
        for table in self.covered_tables(i64::MAX)? {
            if let Some((_, sql)) = SALTED.iter().find(|(name, _)| *name == table.covered.table) {
                let keys: Vec<i64> = self.all(*sql, [client.0], |row| row.get(0))?;
                let before = self.images_of(&table, &keys)?;
                noted.push((table, keys, before));
            }
        }
        let overwrite = |on: &str| self.connection().execute_batch(&format!("PRAGMA secure_delete = {on}"));
        overwrite("ON")?;
        // The triggers know the present salt only, and would tell in words what is erased.
        self.trail().pause();
        let erased = self.erase_rows(client, id, now);
        self.trail().resume();
        overwrite("OFF")?;
        erased?;
        for (table, keys, before) in noted {
            let after = self.images_of(&table, &keys)?;
            for (key, old) in before {
                let new = after.get(&key).map(Vec::as_slice).unwrap_or_default();
                for index in 0..old.len().max(new.len()) {
                    let (before, after) = (old.get(index).copied(), new.get(index).copied());
                    if before != after {
                        self.trail().note(&Change { table: table.covered.number, key, before, after });
                    }
                }
            }
        }
        Ok(())
    }

    fn erase_rows(&self, client: ProfileSerial, id: ProfileId, now: Moment) -> Result<(), StoreError> {
        let row = [client.0];
        let comments = self.all(sql!("erasure/comments"), row, |row| {
            Ok((row.get::<_, i64>(0)?, row.get_ref(1)?.as_blob()?.to_vec()))
        })?;
        for (entry, legs) in comments {
            let legs = decode_legs(&legs).ok_or_else(|| StoreError::corrupt("the legs of an entry cannot be read"))?;
            for leg in legs {
                let sql = "UPDATE postings SET comment = NULL WHERE book_id = ?1 AND entry_seq = ?2";
                self.run(sql, (leg.book.0, entry))?;
            }
            self.run("UPDATE entries SET comment_salt = NULL WHERE seq = ?1", [entry])?;
        }
        self.run(concat!("UPDATE movements SET reason = '' WHERE id IN (", sql!("erasure/movements"), ")"), row)?;
        self.run(concat!("UPDATE approvals SET reason = '' WHERE id IN (", sql!("erasure/approvals"), ")"), row)?;
        let of_accounts = "(SELECT id FROM accounts WHERE profile_id = ?1)";
        for table in ["account_attributes", "account_labels", "account_details"] {
            self.run(&format!("DELETE FROM {table} WHERE account_id IN {of_accounts}"), row)?;
        }
        self.run("DELETE FROM portfolio_labels WHERE profile_id = ?1", row)?;
        self.run(sql!("erasure/external_accounts"), row)?;
        self.run("DELETE FROM profile_details WHERE profile_id = ?1", row)?;
        self.remove_labels(&OF_PROFILES, client.0)?;
        self.run("UPDATE profiles SET password_hash = NULL, deceased_on = NULL WHERE id = ?1", row)?;
        self.replace_profile(client, &ProfileDetails::erased(id), now)?;
        self.run("UPDATE profile_salts SET salt = randomblob(16) WHERE profile_id = ?1", row)?;
        self.run(&format!("UPDATE account_salts SET salt = randomblob(16) WHERE account_id IN {of_accounts}"), row)?;
        self.forget_words(client)?;
        self.erase_outcomes(id)
    }

    /// Removes the client's words from the indexes, from statistics of the query planner also its values.
    fn forget_words(&self, client: ProfileSerial) -> Result<(), StoreError> {
        let accounts =
            self.all("SELECT id FROM accounts WHERE profile_id = ?1", [client.0], |row| row.get(0).map(BookId))?;
        for account in accounts {
            self.index_account(account)?;
        }
        // Merges the parts of each index, which drops the words that were only marked as removed.
        self.run("INSERT INTO profile_search (profile_search) VALUES ('optimize')", [])?;
        self.run("INSERT INTO account_search (account_search) VALUES ('optimize')", [])?;
        let has_samples = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat4')";
        if self.one(has_samples, [], |row| row.get(0))? {
            self.run(sql!("erasure/samples"), [])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::database::migrations::migrate;
    use rusqlite::Connection;
    use std::collections::BTreeSet;

    #[test]
    fn every_salted_table_is_erased() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, None).unwrap();
        let covered = ReadTx::new(&connection).covered_tables(i64::MAX).unwrap();
        let salted: BTreeSet<&str> =
            covered.iter().filter(|table| table.covered.is_salted()).map(|table| table.covered.table).collect();
        assert_eq!(salted, SALTED.iter().map(|(table, _)| *table).collect());
    }
}
