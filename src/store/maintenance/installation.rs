//! The installation: its identity, its mode, and the keys that never leave the database.

use crate::domain::clock::Moment;
use crate::domain::named::named_enum;
use crate::store::StoreError;
use crate::store::database::migrations;
use crate::store::database::transaction::{ReadTx, WriteTx, named, sql};
use uuid::Uuid;

named_enum! {
    /// The purpose of a database, fixed when it is created.
    pub enum Mode {
        /// Real clients and real money.
        Production = "production",
        /// Everything else. Only here can the clock be moved.
        Sandbox = "sandbox",
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Installation {
    pub uuid: Uuid,
    pub mode: Mode,
    /// Starts at 1 and rises with every restore.
    pub timeline: i64,
    /// Key of the hashes of idempotency keys and commands.
    pub hash_key: Vec<u8>,
    /// How far the clock of a sandbox is ahead.
    pub clock_ahead_ms: i64,
    pub created_at: Moment,
}

impl ReadTx<'_> {
    /// None before the database has been set up.
    pub fn installation(&self) -> Result<Option<Installation>, StoreError> {
        self.find("SELECT uuid, mode, timeline, hash_key, clock_ahead_ms, created_at FROM installation", [], |row| {
            Ok(Installation {
                uuid: row.get("uuid")?,
                mode: named(row, "mode")?,
                timeline: row.get("timeline")?,
                hash_key: row.get("hash_key")?,
                clock_ahead_ms: row.get("clock_ahead_ms")?,
                created_at: Moment::from_unix_ms(row.get("created_at")?),
            })
        })
    }

    pub fn schema_version(&self) -> Result<i64, StoreError> {
        migrations::version(self.connection())
    }

    /// The statements that make up the schema, in a fixed order, without internal tables of SQLite and of replication
    /// tools.
    pub fn schema(&self) -> Result<Vec<String>, StoreError> {
        self.all(
            "SELECT sql FROM sqlite_schema
             WHERE sql IS NOT NULL AND name NOT LIKE 'refinery\\_%' ESCAPE '\\'
               AND name NOT LIKE '\\_litestream\\_%' ESCAPE '\\'
               AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
               AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')
             ORDER BY rowid",
            [],
            |row| row.get(0),
        )
    }
}

impl WriteTx<'_> {
    /// Sets up a new database: its identity, the system as a principal, the default organization and its ledger. Runs
    /// once.
    pub fn install(
        &self,
        installation: &Installation,
        organization: Uuid,
        ledger: Uuid,
        system: Uuid,
    ) -> Result<(), StoreError> {
        self.note_all_rows()?;
        let created_at = installation.created_at.unix_ms();
        self.run(
            sql!("installation/insert"),
            (installation.uuid, installation.mode.name(), &installation.hash_key, created_at),
        )?;
        self.run(
            sql!("access/insert_principal"),
            (system, "system", "system", "\u{1}system", "admin", None::<String>, None::<String>, created_at),
        )?;
        self.run(
            "INSERT INTO organizations (id, uuid, name, created_at) VALUES (1, ?1, 'Default', ?2)",
            (organization, created_at),
        )?;
        self.run(
            "INSERT INTO ledgers (id, uuid, organization_id, name, created_at) VALUES (1, ?1, 1, 'Default', ?2)",
            (ledger, created_at),
        )?;
        self.run("INSERT INTO idempotency_state (id, generation, started_at) VALUES (1, 0, ?1)", [created_at])?;
        Ok(())
    }

    /// Stores how far the clock of a sandbox is ahead.
    pub fn set_clock_ahead(&self, ms: i64) -> Result<(), StoreError> {
        self.run("UPDATE installation SET clock_ahead_ms = ?1", [ms]).map(|_| ())
    }

    /// Deletes clients, accounts, entries, what platforms fed and everything that belongs to them, and organizations,
    /// ledgers and products of callers. Operators, tokens, keys and reference data stay.
    pub fn wipe_sandbox(&self, now: Moment) -> Result<(), StoreError> {
        self.trail().pause();
        for table in [
            "log_nodes",
            "log_checkpoints",
            "audit_changes",
            "profile_salts",
            "account_salts",
            "jobs",
            "approvals",
            "event_checkpoint_books",
            "trade_entries",
            "alerts",
            "webhook_deliveries",
            "webhook_orders",
            "parked_events",
            "positions",
            "position_states",
            "execution_versions",
            "executions",
            "orders",
            "platform_charges",
            "symbol_splits",
            "platform_events",
            "platform_accounts",
            "quotes",
            "movements",
            "contribution_plans",
            "withdrawal_months",
            "external_accounts",
            "book_figures",
            "postings",
            "entries",
            "events",
            "audit_log",
            "idempotency_0",
            "idempotency_1",
            "idempotency_2",
            "sessions",
            "account_owners",
            "account_attributes",
            "account_details",
            "account_labels",
            "account_requests",
            "accounts",
            "reserve_accounts",
            "books",
            "portfolio_labels",
            "portfolios",
            "profile_attributes",
            "profile_details",
            "profile_labels",
            "profile_tags",
            "profiles",
            "restores",
            "number_floors",
        ] {
            self.run(&format!("DELETE FROM {table}"), [])?;
        }
        self.forget_group_minimums()?;
        for made in [
            "group_minimums WHERE group_id IN (SELECT id FROM account_groups WHERE ledger_id IS NOT NULL)",
            "account_groups WHERE ledger_id IS NOT NULL",
            "instruments",
            "currencies WHERE made_by_caller = 1",
            "ledgers WHERE id <> 1",
            "organizations WHERE id <> 1",
            // Webhooks stay, and are numbered by it.
            "counters WHERE name <> 'webhooks'",
        ] {
            self.run(&format!("DELETE FROM {made}"), [])?;
        }
        self.run("UPDATE event_checkpoint SET seq = 0, entry_seq = 0", [])?;
        self.run("UPDATE event_consumers SET delivered_seq = 0, run = run + 1", [])?;
        self.note_webhook_change()?;
        self.note_news();
        self.index_all_profiles()?;
        self.index_all_accounts()?;
        self.run("UPDATE idempotency_state SET generation = 0, started_at = ?1", [now.unix_ms()])?;
        self.set_clock_ahead(0)?;
        self.restart_log()
    }

    /// Writes an insignificant row, to test whether writing works.
    pub fn touch(&self) -> Result<(), StoreError> {
        self.next("probe").map(|_| ())
    }
}
