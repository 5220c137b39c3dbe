//! The audit log: who did what, when and from where.

use super::events::ActorView;
use super::lists::LISTS;
use crate::app::access::{AuditFilter, AuditRecord, AuditedChange, ReadAuditLog};
use crate::dialects::kit::formats::{Fault, rfc3339, uuid};
use crate::dialects::kit::{Call, CsvTable, CursorScope, Rejection, Reply, TableFormat};
use crate::domain::page::{Part, Position};
use serde::Serialize;
use std::net::IpAddr;
use utoipa::ToSchema;

/// An action, as recorded when it was done.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditRecord)]
pub(super) struct AuditRecordView {
    /// Its number in the audit log.
    #[schema(example = "4711")]
    id: String,
    recorded_at: String,
    /// What was done; with `.rehearse` at the end, it was only rehearsed.
    #[schema(example = "withdrawal.approve")]
    action: String,
    /// The operator or API client, or the system for background work and commands on the server's machine.
    actor: ActorView,
    /// The token that was used.
    token_id: Option<String>,
    /// The user of the server's machine who gave a command there, with the user who logged in where it is known.
    #[schema(example = "ada as bursar")]
    machine_user: Option<String>,
    /// CLIENT, ACCOUNT, MOVEMENT, ENTRY, APPROVAL, OPERATOR, TOKEN, SIGNING_KEY or INSTALLATION. Null for rows from
    /// before this was kept.
    #[schema(example = "MOVEMENT")]
    object_kind: Option<String>,
    /// What was changed.
    object_id: Option<String>,
    /// The client concerned, if any.
    profile_id: Option<String>,
    request_id: Option<String>,
    /// The network address of the caller.
    #[schema(example = "10.1.2.3")]
    address: Option<String>,
    /// The sequence number of its first event.
    #[schema(example = "1207")]
    first_event: Option<String>,
    /// The sequence number of its last event.
    #[schema(example = "1208")]
    last_event: Option<String>,
    /// The deals that it posted. Empty if its events were pruned.
    deal_ids: Vec<String>,
    /// The fields that were changed, with their old and new values, as far as you may see them.
    changes: Vec<ChangeView>,
    /// Of `login.failed`: how many attempts.
    #[schema(example = json!(null))]
    attempts: Option<u32>,
    /// Of `login.failed`: a keyed hash of the name, if nobody has it.
    #[schema(example = json!(null))]
    name_hash: Option<String>,
}

/// A field that an action changed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditedChange)]
pub(super) struct ChangeView {
    /// What kind of thing was changed, such as CLIENT, ACCOUNT, OPERATOR, TOKEN, ACCOUNT_GROUP or CURRENCY.
    #[schema(example = "CLIENT")]
    object_kind: String,
    /// Null for things that have none, and for tokens that were forgotten.
    object_id: Option<String>,
    /// The name of an operator or a code; null for others.
    object_name: Option<String>,
    /// As in the database, such as `status`, `metadata.iban`, `tag` or `owner` with the client's id.
    #[schema(example = "last_name")]
    field: String,
    /// Null if there was none. Personal data is a salted hash, `sha256:` and 64 digits.
    #[schema(example = "sha256:1f0c")]
    old_value: Option<String>,
    /// Null if there is none any more; `changed` for secrets.
    #[schema(example = "sha256:77d2")]
    new_value: Option<String>,
}

impl From<AuditedChange> for ChangeView {
    fn from(change: AuditedChange) -> ChangeView {
        let object_kind = match change.subject.as_str() {
            "profile" => "CLIENT".to_owned(),
            "group" => "ACCOUNT_GROUP".to_owned(),
            other => other.to_uppercase(),
        };
        ChangeView {
            object_kind,
            object_id: change.subject_id.map(|id| id.to_string()),
            object_name: change.subject_name,
            field: change.field,
            old_value: change.old,
            new_value: change.new,
        }
    }
}

impl ChangeView {
    /// For a cell of a table.
    fn text(&self) -> String {
        let ChangeView { object_kind, field, old_value, new_value, .. } = self;
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        format!("{object_kind} {field}: {} > {}", value(old_value), value(new_value))
    }
}

impl From<AuditRecord> for AuditRecordView {
    fn from(row: AuditRecord) -> AuditRecordView {
        AuditRecordView {
            id: row.id.to_string(),
            recorded_at: row.at.to_string(),
            action: row.action,
            actor: ActorView { id: row.actor.to_string(), name: row.actor_name },
            token_id: row.token.map(|id| id.to_string()),
            machine_user: row.machine_user,
            object_kind: row.object_kind.map(|kind| kind.name().to_uppercase()),
            object_id: row.object.map(|id| id.to_string()),
            profile_id: row.profile.map(|id| id.to_string()),
            request_id: row.request.map(|id| id.to_string()),
            address: row.address,
            first_event: row.events.map(|(first, _)| first.to_string()),
            last_event: row.events.map(|(_, last)| last.to_string()),
            deal_ids: row.entries.iter().map(ToString::to_string).collect(),
            changes: row.changes.into_iter().map(ChangeView::from).collect(),
            attempts: row.attempts,
            name_hash: row.name_hash,
        }
    }
}

/// Rows of the audit log, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditLog)]
pub(super) struct AuditLogView {
    rows: Vec<AuditRecordView>,
    /// Cursor for `after`, with the same filters; null at the end. A page can have fewer rows than `limit`, even none,
    /// and yet not be the last one.
    #[schema(required)]
    next: Option<String>,
}

const COLUMNS: [&str; 18] = [
    "id",
    "recorded_at",
    "action",
    "actor",
    "actor_id",
    "token_id",
    "machine_user",
    "object_kind",
    "object_id",
    "profile_id",
    "request_id",
    "address",
    "first_event",
    "last_event",
    "deal_ids",
    "changes",
    "attempts",
    "name_hash",
];

fn table(part: Part<AuditRecord>, format: TableFormat) -> Result<Reply, Rejection> {
    let mut table = CsvTable::new(&COLUMNS, format)?;
    for row in part.rows.into_iter().map(AuditRecordView::from) {
        let text = |value: Option<String>| value.unwrap_or_default();
        table.row(&[
            row.id,
            row.recorded_at,
            row.action,
            row.actor.name,
            row.actor.id,
            text(row.token_id),
            text(row.machine_user),
            text(row.object_kind),
            text(row.object_id),
            text(row.profile_id),
            text(row.request_id),
            text(row.address),
            text(row.first_event),
            text(row.last_event),
            row.deal_ids.join(" "),
            row.changes.iter().map(ChangeView::text).collect::<Vec<_>>().join("; "),
            text(row.attempts.map(|attempts| attempts.to_string())),
            text(row.name_hash),
        ])?;
    }
    Reply::table(table, "audit-log.csv")
}

pub(super) const LIMIT_DEFAULT: u32 = 100;
pub(super) const LIMIT_MAX: u32 = 1000;
/// The most rows of the CSV form.
const TABLE_MAX: u32 = 100_000;

/// Read the audit log, newest first, as JSON in pages or as one CSV table.
#[utoipa::path(get, path = "/audit-log", tag = "Audit",
    params(
        ("from" = Option<String>, Query, description = "RFC 3339, inclusive"),
        ("to" = Option<String>, Query, description = "RFC 3339, exclusive"),
        ("actorId" = Option<String>, Query, description = "the operator or API client"),
        ("action" = Option<String>, Query,
            description = "the name of an action; operator.* stands for all that begin with operator."),
        ("objectId" = Option<String>, Query, description = "what was changed"),
        ("profileId" = Option<String>, Query, description = "the client concerned, by the row or one of its events"),
        ("requestId" = Option<String>, Query, description = "the request, as in X-Request-Id"),
        ("tokenId" = Option<String>, Query, description = "the token that was used"),
        ("address" = Option<String>, Query, description = "the network address of the caller"),
        ("machineUser" = Option<String>, Query, description = "the user of the server's machine"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, default 100; not for CSV"),
        ("after" = Option<String>, Query, description = "`next` of the previous page; not for CSV"),
        ("format" = Option<String>, Query,
            description = "json or csv; defaults to csv if Accept names text/csv and not JSON"),
        ("bom" = Option<bool>, Query, description = "true begins the CSV with a UTF-8 byte order mark; only for CSV"),
    ),
    responses((status = 200, content((AuditLogView = "application/json"), (String = "text/csv")))))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let scope = CursorScope::of(&call, &["limit", "after", "format", "bom"]);
    let wanted = call.wanted_table()?;
    let query = call.query();
    let limit = query.within("limit", 1..=LIMIT_MAX)?;
    let after = LISTS.after(query, &scope)?.map(|[row]| Position::of(row));
    if wanted.is_some() && (limit.is_some() || after.is_some()) {
        let field = if limit.is_some() { "limit" } else { "after" };
        return Err(Rejection::invalid(field, "CSV is not paged; leave this out"));
    }
    let filter = AuditFilter {
        actor: query.value("actorId", uuid)?,
        action: query.value("action", action)?,
        object: query.value("objectId", uuid)?,
        profile: query.value("profileId", uuid)?,
        request: query.value("requestId", uuid)?,
        token: query.value("tokenId", uuid)?,
        address: query.value("address", address)?,
        machine_user: query.one("machineUser")?.map(str::to_owned),
    };
    let read = ReadAuditLog {
        filter,
        from: query.value("from", rfc3339)?,
        to: query.value("to", rfc3339)?,
        after,
        limit: if wanted.is_some() { TABLE_MAX } else { limit.unwrap_or(LIMIT_DEFAULT) },
        is_whole: wanted.is_some(),
    };
    let part = call.ask(read).await?;
    match wanted {
        Some(format) => table(part, format),
        None => {
            let next = part.next.map(|position| scope.cursor(&[position.row]));
            Reply::ok(&AuditLogView { rows: part.rows.into_iter().map(AuditRecordView::from).collect(), next })
        }
    }
}

fn action(text: &str) -> Result<String, Fault> {
    let name = text.strip_suffix(".*").unwrap_or(text);
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || b"._".contains(&byte));
    let invalid = || Fault::invalid("the name of an action such as token.create, or a beginning such as token.*");
    if is_name { Ok(text.to_owned()) } else { Err(invalid()) }
}

fn address(text: &str) -> Result<IpAddr, Fault> {
    text.parse().map_err(|_| Fault::invalid("an address such as 10.1.2.3 or 2001:db8::1"))
}
