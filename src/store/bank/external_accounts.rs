//! External accounts. Only [`ReadTx::payment_details`] returns numbers in full.

use crate::domain::access::Visibility;
use crate::domain::bank::{ExternalAccount, ExternalKind, ExternalLabels, ExternalStatus, PaymentDetails, bank_of};
use crate::domain::clock::Moment;
use crate::domain::ids::{ExternalAccountId, ExternalSerial, MovementSerial, ProfileId, ProfileSerial};
use crate::domain::ledger::TransferStep;
use crate::domain::page::{Listing, Page};
use crate::domain::text::masked;
use crate::store::StoreError;
use crate::store::database::conditions::Conditions;
use crate::store::database::transaction::{ReadTx, WriteTx, named, sql, unreadable};
use rusqlite::{Row, params};
use std::collections::BTreeMap;
use uuid::Uuid;

/// An external account to be added.
#[derive(Clone, Debug)]
pub struct NewExternalAccount {
    pub serial: ExternalSerial,
    pub id: ExternalAccountId,
    pub profile: ProfileSerial,
    pub kind: ExternalKind,
    pub routing_number: String,
    pub number: String,
    pub first_name: String,
    pub last_name: String,
    pub business_name: String,
    pub labels: ExternalLabels,
    pub status: ExternalStatus,
    /// The two deposits that verify it, in hundredths of a unit; None if none are needed.
    pub amounts: Option<[u32; 2]>,
}

/// Selects external accounts in a list; all conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct ExternalFilter {
    pub profile: Option<ProfileId>,
    pub status: Option<ExternalStatus>,
}

fn external_account(row: &Row<'_>) -> rusqlite::Result<ExternalAccount> {
    let (routing_number, number): (String, String) = (row.get("routing_number")?, row.get("number")?);
    let moment = |column| row.get::<_, i64>(column).map(Moment::from_unix_ms);
    Ok(ExternalAccount {
        serial: ExternalSerial(row.get("id")?),
        id: ExternalAccountId::from(row.get::<_, Uuid>("uuid")?),
        profile: ProfileId::from(row.get::<_, Uuid>("profile_uuid")?),
        kind: named(row, "kind")?,
        first_name: row.get("first_name")?,
        last_name: row.get("last_name")?,
        business_name: row.get("business_name")?,
        bank: bank_of(&routing_number).to_owned(),
        routing_masked: masked(&routing_number),
        number_masked: masked(&number),
        labels: ExternalLabels {
            nickname: row.get("nickname")?,
            reference: row.get::<_, Option<String>>("reference")?.unwrap_or_default(),
            custom_fields: custom_fields(row)?,
        },
        status: named(row, "status")?,
        status_at: moment("status_at")?,
        tries: row.get("tries")?,
        created_at: moment("created_at")?,
        updated_at: moment("updated_at")?,
    })
}

fn custom_fields(row: &Row<'_>) -> rusqlite::Result<BTreeMap<String, String>> {
    let Some(json) = row.get::<_, Option<String>>("custom_fields")? else { return Ok(BTreeMap::new()) };
    serde_json::from_str(&json).map_err(|_| unreadable("custom_fields", &json))
}

fn fields_text(fields: &BTreeMap<String, String>) -> Option<String> {
    let of = |(name, value): (&String, &String)| (name.clone(), serde_json::Value::from(value.clone()));
    (!fields.is_empty()).then(|| serde_json::Value::Object(fields.iter().map(of).collect()).to_string())
}

fn reference_of(labels: &ExternalLabels) -> Option<&str> {
    Some(labels.reference.as_str()).filter(|reference| !reference.is_empty())
}

/// Its client has one of the listed tags.
const VISIBLE: &str = "x.profile_id IN (SELECT profile_id FROM profile_tags
                                        WHERE tag IN (SELECT value FROM json_each(?)))";

const OF_CLIENT: &str = "x.profile_id = (SELECT id FROM profiles WHERE uuid = ?)";

impl ReadTx<'_> {
    /// The external account, if its client is visible; archived ones included.
    pub fn external_account(
        &self,
        id: ExternalAccountId,
        visibility: &Visibility,
    ) -> Result<Option<ExternalAccount>, StoreError> {
        let sql = concat!(sql!("external_accounts/columns"), "WHERE x.uuid = ?1");
        self.if_visible(self.find(sql, [id.uuid()], external_account)?, visibility)
    }

    pub fn external_account_numbered(
        &self,
        serial: ExternalSerial,
        visibility: &Visibility,
    ) -> Result<Option<ExternalAccount>, StoreError> {
        let sql = concat!(sql!("external_accounts/columns"), "WHERE x.id = ?1");
        self.if_visible(self.find(sql, [serial.0], external_account)?, visibility)
    }

    /// The external account with a caller's own id, visible or not.
    pub fn external_account_of_reference(&self, reference: &str) -> Result<Option<ExternalAccount>, StoreError> {
        self.find(concat!(sql!("external_accounts/columns"), "WHERE x.reference = ?1"), [reference], external_account)
    }

    fn if_visible(
        &self,
        found: Option<ExternalAccount>,
        visibility: &Visibility,
    ) -> Result<Option<ExternalAccount>, StoreError> {
        let Some(found) = found else { return Ok(None) };
        Ok(self.profile(found.profile, visibility)?.map(|_| found))
    }

    /// How many external accounts of a client are not archived.
    pub fn external_accounts_of(&self, client: ProfileSerial) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM external_accounts WHERE profile_id = ?1 AND status <> 'archived'";
        self.one(sql, [client.0], |row| row.get(0))
    }

    /// One page of external accounts, oldest first.
    pub fn external_accounts(
        &self,
        filter: &ExternalFilter,
        visibility: &Visibility,
        page: Page,
    ) -> Result<Listing<ExternalAccount>, StoreError> {
        let mut conditions = Conditions::on("external_accounts", "x");
        conditions.if_any(OF_CLIENT, filter.profile.map(|id| id.uuid().as_bytes().to_vec()));
        conditions.if_any("x.status = ?", filter.status.map(|status| status.name().to_owned()));
        conditions.visible(VISIBLE, visibility);
        let by_id = concat!(sql!("external_accounts/columns"), "WHERE x.id = ?1");
        self.listing(conditions, by_id, page, external_account)
    }

    /// The numbers in full, and the amounts that verify it.
    pub fn payment_details(&self, serial: ExternalSerial) -> Result<PaymentDetails, StoreError> {
        let sql = "SELECT routing_number, number, kind, first_name, last_name, business_name, amount_1, amount_2
                   FROM external_accounts WHERE id = ?1";
        self.one(sql, [serial.0], |row| {
            let (first, last, business): (String, String, String) = (row.get(3)?, row.get(4)?, row.get(5)?);
            let amounts: (Option<u32>, Option<u32>) = (row.get(6)?, row.get(7)?);
            let name = if business.is_empty() { format!("{first} {last}").trim().to_owned() } else { business };
            Ok(PaymentDetails {
                routing_number: row.get(0)?,
                number: row.get(1)?,
                kind: named(row, "kind")?,
                name,
                amounts: amounts.0.zip(amounts.1).map(|(first, second)| [first, second]),
            })
        })
    }
}

impl WriteTx<'_> {
    /// A serial that no account and no external account has had.
    pub fn next_external_serial(&self) -> Result<ExternalSerial, StoreError> {
        Ok(ExternalSerial(self.next_account_serial()?.0))
    }

    pub fn add_external_account(&self, new: &NewExternalAccount, now: Moment) -> Result<(), StoreError> {
        let values = params![
            new.serial.0,
            new.id.uuid(),
            new.profile.0,
            new.kind.name(),
            new.routing_number,
            new.number,
            new.first_name,
            new.last_name,
            new.business_name,
            new.labels.nickname,
            reference_of(&new.labels),
            fields_text(&new.labels.custom_fields),
            new.status.name(),
            now.unix_ms(),
            new.amounts.map(|amounts| amounts[0]),
            new.amounts.map(|amounts| amounts[1]),
        ];
        self.run(sql!("external_accounts/insert"), values).map(|_| ())
    }

    /// Stores what can change of an external account.
    pub fn save_external_account(&self, account: &ExternalAccount) -> Result<(), StoreError> {
        let labels = &account.labels;
        let values = params![
            account.serial.0,
            labels.nickname,
            reference_of(labels),
            fields_text(&labels.custom_fields),
            account.status.name(),
            account.status_at.unix_ms(),
            account.tries,
            account.updated_at.unix_ms(),
        ];
        self.run(sql!("external_accounts/update"), values).map(|_| ())
    }

    /// Stores what the bank of a movement has done.
    pub fn set_transfer_step(
        &self,
        movement: MovementSerial,
        step: TransferStep,
        now: Moment,
    ) -> Result<(), StoreError> {
        let stored = Some(step).filter(|step| *step != TransferStep::Initiated).map(TransferStep::name);
        let sql = "UPDATE movements SET step = ?2, updated_at = ?3 WHERE id = ?1";
        self.run(sql, (movement.0, stored, now.unix_ms())).map(|_| ())
    }
}
