//! The broker's own record of who did what.

use crate::domain::clock::Moment;
use crate::domain::ids::{EventSeq, PrincipalSerial, RequestId, TokenId};
use crate::store::StoreError;
use crate::store::database::transaction::{WriteTx, sql};
use std::net::IpAddr;
use uuid::Uuid;

/// One row of the record.
#[derive(Clone, Copy, Debug)]
pub struct AuditRow<'a> {
    /// When.
    pub at: Moment,
    /// Who.
    pub principal: PrincipalSerial,
    /// With which token; none for commands on the machine itself.
    pub token: Option<TokenId>,
    /// What.
    pub action: &'a str,
    /// On which thing.
    pub object: Option<Uuid>,
    /// In which request.
    pub request: Option<RequestId>,
    /// From where.
    pub address: Option<IpAddr>,
    /// The first and the last event of it.
    pub events: Option<(EventSeq, EventSeq)>,
}

impl WriteTx<'_> {
    /// Adds a row.
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
