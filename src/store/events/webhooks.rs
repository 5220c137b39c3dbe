//! Webhooks, their secrets, and where each is in the sequence of events.

use crate::domain::clock::Moment;
use crate::domain::events::{Progress, Webhook, WebhookSettings};
use crate::domain::ids::{EventSeq, PrincipalSerial, WebhookId, WebhookSerial};
use crate::store::database::lists::{json_list, text_list};
use crate::store::database::transaction::{ReadTx, WriteTx, sql};
use crate::store::{InstallationKey, StoreError};
use rusqlite::{Row, params};
use uuid::Uuid;

/// The counter that rises with every change of webhooks, and from which they are numbered.
const CHANGES: &str = "webhooks";

/// A webhook with its place in the sequence of events.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WebhookRow {
    pub webhook: Webhook,
    /// None while it is disabled and what happens is not for it.
    pub progress: Option<Progress>,
    /// Whether its maker was disabled.
    pub is_orphaned: bool,
}

/// A webhook to be stored.
#[derive(Clone, Debug)]
pub struct NewWebhook<'a> {
    pub id: WebhookId,
    pub api: &'a str,
    pub principal: PrincipalSerial,
    pub tags: Option<&'a std::collections::BTreeSet<String>>,
    pub settings: &'a WebhookSettings,
}

/// A secret of a webhook, sealed.
#[derive(Clone)]
pub struct SealedSecret {
    pub row: i64,
    webhook: WebhookId,
    sealed: Vec<u8>,
    /// When it signs no more, by the machine's clock; None if it was not replaced.
    pub ends_at: Option<Moment>,
}

impl SealedSecret {
    /// The secret; None if another installation key sealed it.
    pub fn open(&self, key: &InstallationKey) -> Option<Vec<u8>> {
        key.open(&label(self.webhook), &self.sealed)
    }
}

/// What the secrets of a webhook are sealed under.
fn label(webhook: WebhookId) -> String {
    format!("webhook_secrets/{webhook}")
}

/// The name under which a webhook consumes events.
fn consumer(webhook: WebhookSerial) -> String {
    format!("webhook/{webhook}")
}

fn webhook(row: &Row<'_>) -> rusqlite::Result<WebhookRow> {
    let delivered: Option<i64> = row.get("delivered_seq")?;
    let run: Option<i64> = row.get("run")?;
    Ok(WebhookRow {
        webhook: Webhook {
            serial: WebhookSerial(row.get("id")?),
            id: WebhookId::from(row.get::<_, Uuid>("uuid")?),
            api: row.get("api")?,
            principal: PrincipalSerial(row.get("principal_id")?),
            tags: text_list(row, "tags")?,
            settings: WebhookSettings {
                address: row.get("address")?,
                types: text_list(row, "types")?.unwrap_or_default(),
                title: row.get("title")?,
                is_enabled: row.get("enabled")?,
                delay_ms: row.get("delay_ms")?,
                package_bytes: row.get("package_bytes")?,
            },
            paused_at: row.get::<_, Option<i64>>("paused_at")?.map(Moment::from_unix_ms),
            created_at: Moment::from_unix_ms(row.get("created_at")?),
            updated_at: Moment::from_unix_ms(row.get("updated_at")?),
        },
        progress: delivered.zip(run).map(|(delivered, run)| Progress { delivered: EventSeq(delivered), run }),
        is_orphaned: row.get("is_orphaned")?,
    })
}

impl ReadTx<'_> {
    /// All webhooks, oldest first.
    pub fn webhooks(&self) -> Result<Vec<WebhookRow>, StoreError> {
        self.all(concat!(sql!("webhooks/stored"), "ORDER BY w.id"), [], webhook)
    }

    pub fn webhook(&self, id: WebhookId) -> Result<Option<WebhookRow>, StoreError> {
        self.find(concat!(sql!("webhooks/stored"), "WHERE w.uuid = ?1"), [id.uuid()], webhook)
    }

    /// Rises with every change of webhooks and every order.
    pub fn webhook_changes(&self) -> Result<i64, StoreError> {
        let sql = "SELECT last FROM counters WHERE name = ?1";
        Ok(self.find(sql, [CHANGES], |row| row.get(0))?.unwrap_or(0))
    }

    /// The secrets of a webhook that sign at a moment of the machine's clock, newest first.
    pub fn webhook_secrets(&self, webhook: &Webhook, now: Moment) -> Result<Vec<SealedSecret>, StoreError> {
        let sql = "SELECT id, sealed_secret, ends_at FROM webhook_secrets
                   WHERE webhook_id = ?1 AND (ends_at IS NULL OR ends_at > ?2) ORDER BY id DESC";
        self.all(sql, (webhook.serial.0, now.unix_ms()), |row| {
            Ok(SealedSecret {
                row: row.get(0)?,
                webhook: webhook.id,
                sealed: row.get(1)?,
                ends_at: row.get::<_, Option<i64>>(2)?.map(Moment::from_unix_ms),
            })
        })
    }

    /// Where a consumer is; None if there is no such consumer.
    pub fn progress_of_webhook(&self, webhook: WebhookSerial) -> Result<Option<Progress>, StoreError> {
        let sql = "SELECT delivered_seq, run FROM event_consumers WHERE name = ?1";
        self.find(sql, [consumer(webhook)], |row| Ok(Progress { delivered: EventSeq(row.get(0)?), run: row.get(1)? }))
    }
}

impl WriteTx<'_> {
    /// Adds a webhook.
    pub fn add_webhook(&self, new: &NewWebhook<'_>, now: Moment) -> Result<WebhookSerial, StoreError> {
        let serial = WebhookSerial(self.note_webhook_change()?);
        let NewWebhook { id, api, principal, tags, settings } = new;
        self.run(
            sql!("webhooks/insert"),
            params![
                serial.0,
                id.uuid(),
                api,
                principal.0,
                tags.map(json_list),
                &settings.address,
                json_list(&settings.types),
                &settings.title,
                settings.is_enabled,
                settings.delay_ms,
                settings.package_bytes,
                now.unix_ms(),
            ],
        )?;
        Ok(serial)
    }

    /// Stores what can be changed of a webhook: its settings, its maker and whether it is paused.
    pub fn change_webhook(&self, webhook: &Webhook, now: Moment) -> Result<(), StoreError> {
        let settings = &webhook.settings;
        self.run(
            sql!("webhooks/update"),
            params![
                webhook.serial.0,
                webhook.principal.0,
                webhook.tags.as_ref().map(json_list),
                &settings.address,
                json_list(&settings.types),
                &settings.title,
                settings.is_enabled,
                settings.delay_ms,
                settings.package_bytes,
                webhook.paused_at.map(Moment::unix_ms),
                now.unix_ms(),
            ],
        )?;
        self.note_webhook_change().map(|_| ())
    }

    /// Deletes a webhook. Its deliveries are deleted later, in small steps.
    pub fn delete_webhook(&self, webhook: WebhookSerial) -> Result<(), StoreError> {
        for sql in
            ["DELETE FROM webhook_orders WHERE webhook_id = ?1", "DELETE FROM webhook_secrets WHERE webhook_id = ?1"]
        {
            self.run(sql, [webhook.0])?;
        }
        self.run("DELETE FROM webhooks WHERE id = ?1", [webhook.0])?;
        self.forget_consumer(&consumer(webhook))?;
        self.note_webhook_change().map(|_| ())
    }

    /// Lets a webhook go on after an event; what it did before no longer counts.
    pub fn place_webhook(&self, webhook: WebhookSerial, after: EventSeq) -> Result<(), StoreError> {
        self.run(sql!("webhooks/place"), (consumer(webhook), after.0))?;
        self.note_webhook_change().map(|_| ())
    }

    /// Keeps no events for a webhook.
    pub fn displace_webhook(&self, webhook: WebhookSerial) -> Result<(), StoreError> {
        self.forget_consumer(&consumer(webhook))
    }

    /// Moves a webhook ahead, unless it was set to another event since that run.
    pub fn advance_webhook(&self, webhook: WebhookSerial, to: Progress) -> Result<(), StoreError> {
        let sql = "UPDATE event_consumers SET delivered_seq = max(delivered_seq, ?2) WHERE name = ?1 AND run = ?3";
        self.run(sql, (consumer(webhook), to.delivered.0, to.run)).map(|_| ())
    }

    /// Adds a secret; earlier ones sign until a moment of the machine's clock. Erases those that have ended. Returns
    /// its row; None if there are no random bytes to seal it.
    pub fn add_webhook_secret(
        &self,
        webhook: &Webhook,
        (secret, key): (&[u8], &InstallationKey),
        (now, until): (Moment, Moment),
    ) -> Result<Option<i64>, StoreError> {
        let Some(sealed) = key.seal(&label(webhook.id), secret) else { return Ok(None) };
        let sql = "UPDATE webhook_secrets SET ends_at = ?2 WHERE webhook_id = ?1 AND ends_at IS NULL";
        self.run(sql, (webhook.serial.0, until.unix_ms()))?;
        self.run("DELETE FROM webhook_secrets WHERE ends_at <= ?1", [now.unix_ms()])?;
        let sql = "INSERT INTO webhook_secrets (webhook_id, sealed_secret, created_at) VALUES (?1, ?2, ?3)";
        let row = self.insert(sql, (webhook.serial.0, sealed, now.unix_ms()))?;
        self.note_webhook_change()?;
        Ok(Some(row))
    }

    /// Notes that something about webhooks changed, and wakes who sends events.
    pub(in crate::store) fn note_webhook_change(&self) -> Result<i64, StoreError> {
        self.note_news();
        self.next(CHANGES)
    }
}
