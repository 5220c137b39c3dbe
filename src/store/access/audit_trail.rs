//! Reading the audit log.

use crate::domain::access::{ObjectKind, Visibility};
use crate::domain::clock::Moment;
use crate::domain::ids::{EntryId, EventSeq, PrincipalId, ProfileId, RequestId, TokenId};
use crate::store::StoreError;
use crate::store::database::lists::visible_tags;
use crate::store::database::transaction::{ReadTx, sql, unreadable};
use rusqlite::{Row, params};
use serde::Deserialize;
use std::net::IpAddr;
use uuid::Uuid;

/// Selects rows of the audit log; all conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    pub actor: Option<PrincipalId>,
    /// A name, or the beginning of names if it ends with `*`.
    pub action: Option<String>,
    pub object: Option<Uuid>,
    /// The client that the row or one of its events is about.
    pub profile: Option<ProfileId>,
    pub request: Option<RequestId>,
    pub token: Option<TokenId>,
    pub address: Option<IpAddr>,
    /// The user of the machine, as it is shown.
    pub machine_user: Option<String>,
}

/// A row of the audit log, to be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditRecord {
    pub id: i64,
    pub at: Moment,
    pub action: String,
    pub actor: PrincipalId,
    pub actor_name: String,
    pub token: Option<TokenId>,
    /// The user of the machine who gave a command there.
    pub machine_user: Option<String>,
    /// None for rows from before it was kept.
    pub object_kind: Option<ObjectKind>,
    pub object: Option<Uuid>,
    pub profile: Option<ProfileId>,
    pub request: Option<RequestId>,
    pub address: Option<String>,
    /// The first and the last event.
    pub events: Option<(EventSeq, EventSeq)>,
    /// The entries that its events report; events that were pruned report none.
    pub entries: Vec<EntryId>,
    /// What was changed, as far as the caller may see it. None are known of rows from before this was kept.
    pub changes: Vec<AuditedChange>,
    /// Of failed log-ins: how many.
    pub attempts: Option<u32>,
    /// Of a failed log-in: the keyed hash of a name that nobody has, in hexadecimal.
    pub name_hash: Option<String>,
}

/// A field that an action changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditedChange {
    /// What kind of thing was changed, such as profile or group.
    pub subject: String,
    /// Its public id, if it has one and still exists.
    pub subject_id: Option<Uuid>,
    /// What people call it, if it has a name or a code.
    pub subject_name: Option<String>,
    /// As in the database, such as status, metadata.iban or tag. Owners and currencies are named by id and code.
    pub field: String,
    /// None if there was no value. Personal data is a salted hash.
    pub old: Option<String>,
    /// None if there is no value any more. Of a secret only that it was changed.
    pub new: Option<String>,
}

fn change(row: &Row<'_>) -> rusqlite::Result<AuditedChange> {
    let (owner, currency): (Option<Uuid>, Option<String>) = (row.get("owner_uuid")?, row.get("currency_code")?);
    let field: String = row.get("field")?;
    let item = owner.map(|id| id.to_string()).or(currency);
    let named = item.and_then(|item| Some(format!("{}.{item}", field.split_once('.')?.0)));
    Ok(AuditedChange {
        subject: row.get("subject")?,
        subject_id: row.get("subject_uuid")?,
        subject_name: row.get("subject_name")?,
        field: named.unwrap_or(field),
        old: row.get("old")?,
        new: row.get("new")?,
    })
}

/// What a row says beyond its columns.
#[derive(Default, Deserialize)]
struct Detail {
    times: Option<u32>,
    name_hash: Option<String>,
}

fn record(row: &Row<'_>) -> rusqlite::Result<AuditRecord> {
    let uuid = |column: &str| row.get::<_, Option<Uuid>>(column);
    let seq = |column: &str| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(EventSeq));
    let (kind, detail): (Option<String>, Option<String>) = (row.get("object_kind")?, row.get("detail")?);
    let detail: Detail = match detail {
        Some(text) => serde_json::from_str(&text).map_err(|_| unreadable("detail", &text))?,
        None => Detail::default(),
    };
    let last = seq("last_event_seq")?;
    Ok(AuditRecord {
        id: row.get("id")?,
        at: Moment::from_unix_ms(row.get("recorded_at")?),
        action: row.get("action")?,
        actor: PrincipalId::from(row.get::<_, Uuid>("actor_uuid")?),
        actor_name: row.get("actor_name")?,
        token: uuid("token_uuid")?.map(TokenId::from),
        machine_user: row.get("machine_user")?,
        object_kind: kind
            .map(|name| ObjectKind::parse(&name).ok_or_else(|| unreadable("object_kind", &name)))
            .transpose()?,
        object: uuid("object_uuid")?,
        profile: uuid("profile_uuid")?.map(ProfileId::from),
        request: uuid("request_uuid")?.map(RequestId::from),
        address: row.get("address")?,
        // Rows of early versions name only the first event.
        events: seq("event_seq")?.map(|first| (first, last.unwrap_or(first))),
        entries: Vec::new(),
        changes: Vec::new(),
        attempts: detail.times,
        name_hash: detail.name_hash,
    })
}

impl ReadTx<'_> {
    /// The number of the first row at or after a moment, one more than the last one if there is none. Recorded time
    /// never decreases.
    pub fn first_audited(&self, from: Moment) -> Result<i64, StoreError> {
        let sql = "SELECT id, recorded_at FROM audit_log WHERE id >= ?1 ORDER BY id LIMIT 1";
        let (mut low, mut high) = (1, self.last_audited()? + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let found: Option<(i64, i64)> = self.find(sql, [middle], |row| Ok((row.get(0)?, row.get(1)?)))?;
            match found {
                Some((id, at)) if at < from.unix_ms() => low = id + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }

    /// The number of the last row; 0 if there is none.
    pub fn last_audited(&self) -> Result<i64, StoreError> {
        self.one("SELECT coalesce(max(id), 0) FROM audit_log", [], |row| row.get(0))
    }

    /// The rows with numbers from `first` to `last` that the filter selects and the caller may see, newest first.
    pub fn audit_records(
        &self,
        filter: &AuditFilter,
        visibility: &Visibility,
        (first, last): (i64, i64),
        limit: u32,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        let pattern = filter.action.as_deref();
        let (name, beginning) = match pattern.and_then(|pattern| pattern.strip_suffix('*')) {
            Some(beginning) => (None, Some(beginning)),
            None => (pattern, None),
        };
        let mut records = self.all(
            sql!("audit_log/page"),
            params![
                first,
                last,
                filter.actor.map(PrincipalId::uuid),
                name,
                beginning,
                filter.object,
                filter.profile.map(ProfileId::uuid),
                filter.request.map(RequestId::uuid),
                filter.token.map(TokenId::uuid),
                filter.address.map(|address| address.to_string()),
                filter.machine_user,
                visible_tags(visibility),
                limit,
            ],
            record,
        )?;
        let tags = visible_tags(visibility);
        for record in &mut records {
            record.changes = self.all(sql!("audit_log/changes"), (record.id, &tags), change)?;
            if let Some((first, last)) = record.events {
                let entry = |row: &Row<'_>| Ok(EntryId::from(row.get::<_, Uuid>(0)?));
                record.entries = self.all(sql!("audit_log/entries"), (first.0, last.0), entry)?;
            }
        }
        Ok(records)
    }
}
