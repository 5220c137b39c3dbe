//! The audit log: who did what, when and from where.

use crate::domain::access::ObjectKind;
use crate::domain::clock::Moment;
use crate::domain::ids::{EventSeq, PrincipalSerial, ProfileSerial, RequestId, TokenId};
use crate::store::StoreError;
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
    pub fn append_audit(&self, row: &AuditRow<'_>) -> Result<(), StoreError> {
        self.run(
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
            ],
        )?;
        Ok(())
    }
}
