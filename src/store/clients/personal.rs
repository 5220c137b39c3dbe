//! What is known of clients beyond their profiles.

use crate::domain::clients::{PersonalDetails, TaxId};
use crate::domain::ids::ProfileSerial;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql, unless_default, unreadable};
use rusqlite::Row;

fn personal(row: &Row<'_>) -> rusqlite::Result<PersonalDetails> {
    let json: String = row.get("details")?;
    let details: PersonalDetails = serde_json::from_str(&json).map_err(|_| unreadable("details", "not details"))?;
    let tax_id = row.get::<_, Option<String>>("tax_id")?.unwrap_or_default();
    Ok(PersonalDetails { tax_id: TaxId::from(tax_id), ..details })
}

impl ReadTx<'_> {
    /// Everything unset for a client of whom nothing is known.
    pub fn personal_details(&self, client: ProfileSerial) -> Result<PersonalDetails, StoreError> {
        let sql = "SELECT tax_id, details FROM profile_details WHERE profile_id = ?1";
        Ok(self.find(sql, [client.0], personal)?.unwrap_or_default())
    }
}

impl WriteTx<'_> {
    pub fn set_personal_details(&self, client: ProfileSerial, details: &PersonalDetails) -> Result<(), StoreError> {
        let tax_id = unless_default(details.tax_id.in_full());
        let others = PersonalDetails { tax_id: TaxId::default(), ..details.clone() };
        let json = serde_json::to_string(&others).map_err(|error| StoreError::corrupt(error.to_string()))?;
        self.run(sql!("profiles/set_details"), (client.0, tax_id, json)).map(|_| ())
    }
}
