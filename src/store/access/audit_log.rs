//! The audit log: who did what, when and from where.

use crate::domain::access::ObjectKind;
use crate::domain::clock::Moment;
use crate::domain::ids::{EventSeq, PrincipalSerial, ProfileSerial, RequestId, TokenId};
use crate::store::StoreError;
use crate::store::database::trail::{Change, Mark, WORDS, Word, digest};
use crate::store::database::transaction::{ReadTx, WriteTx, sql};
use rusqlite::params;
use std::collections::HashMap;
use std::net::IpAddr;
use uuid::Uuid;

#[derive(Clone, Copy, Debug)]
pub struct AuditRow<'a> {
    pub at: Moment,
    pub principal: PrincipalSerial,
    /// None for commands run on the machine itself.
    pub token: Option<TokenId>,
    /// The user of the machine who gave a command there.
    pub machine_user: Option<&'a str>,
    /// The name of the command.
    pub action: &'a str,
    /// What was changed: its kind and public id.
    pub object: Option<(ObjectKind, Uuid)>,
    /// The client concerned, whose tags decide who sees the row.
    pub profile: Option<ProfileSerial>,
    pub request: Option<RequestId>,
    /// The address of the caller.
    pub address: Option<IpAddr>,
    /// The first and the last event of the command.
    pub events: Option<(EventSeq, EventSeq)>,
    /// What else the row says, JSON.
    pub detail: Option<&'a str>,
}

impl ReadTx<'_> {
    /// Which users of the machine made operators and tokens there, by public id. Rows from before this was kept are
    /// not in it.
    pub fn makers(&self) -> Result<HashMap<Uuid, String>, StoreError> {
        let made = self.all(sql!("audit_log/makers"), [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(made.into_iter().collect())
    }
}

impl WriteTx<'_> {
    /// Appends the row of an action that began with this operation.
    pub fn append_audit(&self, row: &AuditRow<'_>) -> Result<(), StoreError> {
        self.append_audit_since(row, Mark::default())
    }

    /// Appends the row of an action with everything that was changed since it began.
    pub fn append_audit_since(&self, row: &AuditRow<'_>, mark: Mark) -> Result<(), StoreError> {
        let (mut changes, words) = self.trail().take_changes(mark);
        if !words.is_empty() {
            let after = Some(digest(&words));
            Change { table: WORDS, key: 0, before: None, after }.encode(&mut changes);
        }
        let id = self.insert(
            sql!("audit_log/insert"),
            params![
                row.at.unix_ms(),
                row.principal.0,
                row.token.map(TokenId::uuid),
                row.action,
                row.object.map(|(_, id)| id),
                row.request.map(RequestId::uuid),
                row.address.map(|address| address.to_string()),
                row.events.map(|(first, _)| first.0),
                row.events.map(|(_, last)| last.0),
                row.machine_user,
                row.object.map(|(kind, _)| kind.name()),
                row.profile.map(|profile| profile.0),
                row.detail,
                (!changes.is_empty()).then_some(changes),
            ],
        )?;
        for (position, Word { subject, subject_id, field, old, new }) in words.iter().enumerate() {
            self.run(sql!("audit_log/insert_change"), (id, position, subject, subject_id, field, old, new))?;
        }
        Ok(())
    }

    /// Appends a row of the system itself with everything that was changed since the mark.
    pub(in crate::store) fn append_own_audit(&self, action: &str, mark: Mark) -> Result<(), StoreError> {
        let installation = self.installation_uuid()?;
        let row = AuditRow {
            at: self.latest(),
            principal: PrincipalSerial(1),
            token: None,
            machine_user: None,
            action,
            object: Some((ObjectKind::Installation, installation)),
            profile: None,
            request: None,
            address: None,
            events: None,
            detail: None,
        };
        self.append_audit_since(&row, mark)
    }

    /// Ends an operation: what it changed without an audit row gets one.
    pub(in crate::store) fn settle_trail(&self) -> Result<(), StoreError> {
        if self.trail().has_changes() { self.append_own_audit("maintenance", Mark::default()) } else { Ok(()) }
    }
}
