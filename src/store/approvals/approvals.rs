//! Requests that wait for a second operator, and what became of them.

use crate::domain::access::Visibility;
use crate::domain::approvals::{
    Approval, ApprovalKind, ApprovalState, Cause, Person, REQUEST_VERSION, Request, UsedToken,
};
use crate::domain::clock::Moment;
use crate::domain::ids::{
    AccountId, ApprovalId, ApprovalSerial, BookId, MovementSerial, PrincipalId, PrincipalSerial, ProfileId,
    ProfileSerial, TokenId,
};
use crate::domain::page::{Listing, Page, Part, Position};
use crate::store::StoreError;
use crate::store::database::lists::visible_tags;
use crate::store::database::transaction::{ReadTx, WriteTx, named, sql, unreadable};
use rusqlite::{Row, params};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct NewApproval {
    pub id: ApprovalId,
    pub cause: Cause,
    pub request: Request,
    pub subject: ApprovalSubject,
    pub movement: Option<MovementSerial>,
    pub requested_by: PrincipalSerial,
    pub requested_with: Option<TokenId>,
    pub expires_at: Option<Moment>,
}

/// What a request is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ApprovalSubject {
    Account(BookId),
    Client(ProfileSerial),
}

/// Selects requests in a list; all conditions must hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct ApprovalFilter {
    pub state: Option<ApprovalState>,
    pub kind: Option<ApprovalKind>,
    pub requester: Option<PrincipalId>,
    pub account: Option<BookId>,
    pub profile: Option<ProfileId>,
    /// Whether requests with personal data are among them.
    pub with_identities: bool,
}

/// A row, and the movement that it refers to.
fn approval(row: &Row<'_>) -> rusqlite::Result<(Approval, Option<MovementSerial>)> {
    let person = |id: &str, uuid: &str, name: &str| {
        let Some(serial) = row.get::<_, Option<i64>>(id)?.map(PrincipalSerial) else { return Ok(None) };
        let id = PrincipalId::from(row.get::<_, Uuid>(uuid)?);
        Ok::<_, rusqlite::Error>(Some(Person { serial, id, name: row.get(name)? }))
    };
    let moment = |column: &str| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Moment::from_unix_ms));
    let token = |id: &str, maker: &str| {
        let Some(id) = row.get::<_, Option<Uuid>>(id)?.map(TokenId::from) else { return Ok(None) };
        Ok::<_, rusqlite::Error>(Some(UsedToken { id, made_by: row.get(maker)? }))
    };
    let text: Option<String> = row.get("request")?;
    let approval = Approval {
        serial: ApprovalSerial(row.get("id")?),
        id: ApprovalId::from(row.get::<_, Uuid>("uuid")?),
        kind: named(row, "kind")?,
        cause: named(row, "cause")?,
        request: text.map(|text| serde_json::from_str(&text).map_err(|_| unreadable("request", &text))).transpose()?,
        profile: ProfileId::from(row.get::<_, Uuid>("profile_uuid")?),
        account: row.get::<_, Option<Uuid>>("account_uuid")?.map(AccountId::from),
        movement: None,
        state: named(row, "state")?,
        requested_by: person("requester_id", "requester_uuid", "requester_name")?
            .ok_or_else(|| unreadable("requested_by", "none"))?,
        requested_with: token("requested_token", "requested_token_maker")?,
        requested_at: Moment::from_unix_ms(row.get("requested_at")?),
        expires_at: moment("expires_at")?,
        decided_by: person("decider_id", "decider_uuid", "decider_name")?,
        decided_with: token("decided_token", "decided_token_maker")?,
        decided_at: moment("decided_at")?,
        reason: row.get("reason")?,
    };
    Ok((approval, row.get::<_, Option<i64>>("movement_id")?.map(MovementSerial)))
}

impl ReadTx<'_> {
    pub fn approval(&self, id: ApprovalId, visibility: &Visibility) -> Result<Option<Approval>, StoreError> {
        let sql = concat!(sql!("approvals/columns"), "WHERE v.uuid = ?2\n", sql!("approvals/visible"));
        self.whole(self.find(sql, params![visible_tags(visibility), id.uuid()], approval)?)
    }

    pub fn approval_by_serial(&self, serial: ApprovalSerial) -> Result<Option<Approval>, StoreError> {
        self.whole(self.find(concat!(sql!("approvals/columns"), "WHERE v.id = ?1"), [serial.0], approval)?)
    }

    /// The pending request that a movement waits for.
    pub fn pending_approval_of(&self, movement: MovementSerial) -> Result<Option<Approval>, StoreError> {
        let sql = concat!(sql!("approvals/columns"), "WHERE v.movement_id = ?1 AND v.state = 'pending'");
        self.whole(self.find(sql, [movement.0], approval)?)
    }

    /// Whether a pending change of owners is about this client.
    pub fn is_to_be_owner(&self, profile: ProfileId) -> Result<bool, StoreError> {
        self.one(sql!("approvals/of_new_owner"), [profile.to_string()], |row| row.get(0))
    }

    /// One page of requests, newest first.
    pub fn approvals(
        &self,
        filter: &ApprovalFilter,
        visibility: &Visibility,
        page: Page,
    ) -> Result<Listing<Approval>, StoreError> {
        let (tags, state) = (visible_tags(visibility), filter.state.map(ApprovalState::name));
        let (kind, requester) = (filter.kind.map(ApprovalKind::name), filter.requester.map(PrincipalId::uuid));
        let (account, profile) = (filter.account.map(|book| book.0), filter.profile.map(ProfileId::uuid));
        let before = page.position().map_or(i64::MAX, |shown| shown.row);
        let with_identities = filter.with_identities;
        let fetched = self.all(
            sql!("approvals/columns", "approvals/matching", "approvals/visible", "approvals/page"),
            params![
                tags,
                state,
                kind,
                requester,
                account,
                profile,
                with_identities,
                before,
                page.fetched(),
                page.offset()
            ],
            approval,
        )?;
        let total = self.one(
            sql!("approvals/count", "approvals/matching", "approvals/visible"),
            params![tags, state, kind, requester, account, profile, with_identities],
            |row| row.get(0),
        )?;
        let rows = fetched.into_iter().map(|row| self.with_movement(row)).collect::<Result<_, _>>()?;
        Ok(Part::cut(rows, page.size(), |approval: &Approval| Position::of(approval.serial.0)).of(total, page))
    }

    fn whole(&self, found: Option<(Approval, Option<MovementSerial>)>) -> Result<Option<Approval>, StoreError> {
        found.map(|row| self.with_movement(row)).transpose()
    }

    fn with_movement(&self, row: (Approval, Option<MovementSerial>)) -> Result<Approval, StoreError> {
        let (approval, movement) = row;
        let movement = movement.map(|serial| self.movement_by_serial(serial)).transpose()?.flatten();
        Ok(Approval { movement, ..approval })
    }
}

impl WriteTx<'_> {
    pub fn add_approval(&self, new: &NewApproval, now: Moment) -> Result<ApprovalSerial, StoreError> {
        let (account, profile) = match new.subject {
            ApprovalSubject::Account(book) => (Some(book.0), None),
            ApprovalSubject::Client(serial) => (None, Some(serial.0)),
        };
        let serial = self.insert(
            sql!("approvals/insert"),
            params![
                new.id.uuid(),
                new.request.kind().name(),
                new.cause.name(),
                account,
                profile,
                new.movement.map(|movement| movement.0),
                REQUEST_VERSION,
                request_text(&new.request)?,
                new.requested_by.0,
                now.unix_ms(),
                new.expires_at.map(Moment::unix_ms),
                new.requested_with.map(TokenId::uuid),
            ],
        )?;
        Ok(ApprovalSerial(serial))
    }

    /// Stores what became of a request, by whom, and what is left of its contents.
    pub fn decide_approval(&self, approval: &Approval) -> Result<(), StoreError> {
        let request = approval.request.as_ref().map(request_text).transpose()?;
        let decided_by = approval.decided_by.as_ref().map(|person| person.serial.0);
        let decided_at = approval.decided_at.map(Moment::unix_ms);
        let (state, reason) = (approval.state.name(), &approval.reason);
        let token = approval.decided_with.as_ref().map(|token| token.id.uuid());
        let values = (approval.serial.0, state, decided_by, decided_at, reason, request, token);
        self.run(sql!("approvals/decide"), values).map(|_| ())
    }
}

fn request_text(request: &Request) -> Result<String, StoreError> {
    serde_json::to_string(request).map_err(|error| StoreError::corrupt(error.to_string()))
}
