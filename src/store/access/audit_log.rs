//! The audit log: who did what, when and from where.

use crate::domain::clock::Moment;
use crate::domain::ids::{EventSeq, PrincipalSerial, RequestId, TokenId};
use crate::store::StoreError;
use crate::store::database::transaction::{WriteTx, sql};
use std::net::IpAddr;
use uuid::Uuid;

#[derive(Clone, Copy, Debug)]
pub struct AuditRow<'a> {
    pub at: Moment,
    pub principal: PrincipalSerial,
    /// None for commands run on the machine itself.
    pub token: Option<TokenId>,
    /// The name of the command.
    pub action: &'a str,
    /// The public id of the object that was changed.
    pub object: Option<Uuid>,
    pub request: Option<RequestId>,
    /// The address of the caller.
    pub address: Option<IpAddr>,
    /// The first and the last event of the command.
    pub events: Option<(EventSeq, EventSeq)>,
}

impl WriteTx<'_> {
    pub fn append_audit(&self, row: &AuditRow<'_>) -> Result<(), StoreError> {
        self.run(
            sql!("audit_log/insert"),
            (
                row.at.unix_ms(),
                row.principal.0,
                row.token.map(TokenId::uuid),
                row.action,
                row.object,
                row.request.map(RequestId::uuid),
                row.address.map(|address| address.to_string()),
                row.events.map(|(first, _)| first.0),
                row.events.map(|(_, last)| last.0),
            ),
        )?;
        Ok(())
    }
}
