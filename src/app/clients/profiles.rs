//! Profiles: created, replaced, found.

use crate::app::access::PasswordHash;
use crate::app::approvals::{Asked, Handled, ask, expiry};
use crate::app::clients::check_profile_reference;
use crate::app::command::Undo;
use crate::app::events::publish_profile;
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{ObjectKind, Principal, Right, Visibility};
use crate::domain::approvals::{Cause, IdentityChange, IdentityField, IdentityRequest, Request};
use crate::domain::clients::{
    DetailsChange, EmailKey, Labels, LabelsChange, PersonalChange, PersonalDetails, Profile, ProfileDetails,
    ProfileStatus, check_tags,
};
use crate::domain::events::EventType;
use crate::domain::ids::{ProfileId, ProfileSerial};
use crate::domain::page::{Listing, Page, Window};
use crate::domain::refusal::{Field, Noun, Refusal};
use crate::store::{ApprovalSubject, NewProfile};
pub use crate::store::{LabelFilter, ProfileFilter};
use std::collections::BTreeSet;

/// Creates a profile. Refusals: a password without the right to set it; invalid fields; id, address or reference taken.
///
/// A profile created by an operator with tags gets these tags; otherwise the operator could not see it.
pub struct CreateProfile {
    /// An unused id chosen by the caller; None generates one.
    pub id: Option<ProfileId>,
    pub details: ProfileDetails,
    /// Whether the client may have no address.
    pub email_optional: bool,
    /// None takes the operator's tags.
    pub tags: Option<BTreeSet<String>>,
    pub labels: LabelsChange,
    pub personal: PersonalChange,
    /// Lets the client begin end-user sessions.
    pub password: Option<PasswordHash>,
    /// Whether an operator must approve the client before it can use accounts.
    pub requires_review: bool,
    pub is_blocked: bool,
}

impl Command for CreateProfile {
    type Outcome = Profile;
    const ACTION: &'static str = "profile.create";
    const RIGHT: Right = Right::WriteProfiles;

    fn admit(&self, principal: &Principal) -> Result<(), Refusal> {
        admit_password(principal, self.password.is_some())
    }

    fn run(self, context: &Context<'_>) -> Result<Profile, Failure> {
        let details = match self.email_optional {
            true => self.details.checked_as_sent()?,
            false => self.details.checked()?,
        };
        let (labels, personal) = (self.labels.checked()?, self.personal.apply(&PersonalDetails::default())?);
        let tags = own_tags(context.visibility(), &BTreeSet::new(), self.tags)?;
        if let Some(id) = self.id
            && context.tx.has_profile(id)?
        {
            let is_visible = context.tx.profile(id, context.visibility())?.is_some();
            return Err(context.taken(is_visible, Field::Id, Refusal::DuplicateId(Noun::Profile)).into());
        }
        if !details.email.is_empty() {
            check_email_is_free(context, &details.email, None)?;
        }
        let labels = labels.apply(&Labels::default());
        check_profile_reference(context, &labels.reference, None)?;
        let id = self.id.unwrap_or_else(|| ProfileId::new(context.now, context.app.randomness()));
        let password_hash = self.password.map(|hash| hash.as_str().to_owned());
        let status = if self.requires_review { ProfileStatus::Pending } else { ProfileStatus::Verified };
        let created_by = context.caller.principal.serial;
        let is_blocked = self.is_blocked;
        let new = NewProfile { id, details, tags, password_hash, status, is_blocked, created_by };
        let serial = context.tx.add_profile(&new, context.now)?;
        if labels != Labels::default() {
            context.tx.set_profile_labels(serial, &labels)?;
        }
        if personal != PersonalDetails::default() {
            context.tx.set_personal_details(serial, &personal)?;
        }
        publish_profile_state(context, id, EventType::ProfileCreated)
    }
}

/// The tags of a profile after a change by this caller. An operator with tags may add and remove only its own tags,
/// keeps all others, and must leave at least one of its own, so that it still sees the profile.
fn own_tags(
    visibility: &Visibility,
    present: &BTreeSet<String>,
    requested: Option<BTreeSet<String>>,
) -> Result<BTreeSet<String>, Failure> {
    let requested = requested.map(|tags| check_tags(Field::Tags, tags)).transpose()?;
    let tags = match (visibility, requested) {
        (Visibility::Everything, requested) => requested.unwrap_or_default(),
        (Visibility::Tagged(own), requested) => {
            let requested = requested.unwrap_or_else(|| own.clone());
            let foreign = requested.iter().any(|tag| !own.contains(tag) && !present.contains(tag));
            if foreign || requested.is_disjoint(own) {
                return Err(
                    Refusal::invalid(Field::Tags, "must keep one of your own tags and add none but your own").into()
                );
            }
            let others = present.difference(own).cloned();
            requested.intersection(own).cloned().chain(others).collect()
        }
    };
    Ok(check_tags(Field::Tags, tags)?)
}

/// Refuses an address that another profile has. Reveals the conflict only to callers who can see that profile.
fn check_email_is_free(context: &Context<'_>, email: &str, own: Option<ProfileSerial>) -> Result<(), Failure> {
    let key = EmailKey::of(email);
    match context.tx.profile_of_email(&key)? {
        Some(holder) if Some(holder) != own => {
            let is_visible = context.tx.is_profile_visible(holder, context.visibility())?;
            Err(context.taken(is_visible, Field::Email, Refusal::DuplicateEmail).into())
        }
        _ => Ok(()),
    }
}

/// Replaces all personal details of a client. If they change who a client is that was reviewed, or that owns an account
/// whose group requires approval, the whole change waits for a second operator.
///
/// Refusals: invalid fields; unknown id; address or reference taken; version differs; archived; a password together
/// with a change that waits.
pub struct ReplaceProfile {
    pub id: ProfileId,
    /// Omitted fields become empty.
    pub details: ProfileDetails,
    /// None keeps the present tags.
    pub tags: Option<BTreeSet<String>>,
    pub labels: LabelsChange,
    /// None keeps the present password.
    pub password: Option<PasswordHash>,
    /// None keeps or leaves out the block.
    pub is_blocked: Option<bool>,
    /// The version that the caller has read.
    pub expected_version: Option<u64>,
}

impl Command for ReplaceProfile {
    type Outcome = Handled<Profile>;
    const ACTION: &'static str = "profile.replace";
    const RIGHT: Right = Right::WriteProfiles;

    fn recall(context: &Context<'_>, outcome: Handled<Profile>) -> Result<Handled<Profile>, Failure> {
        outcome.with_request(context)
    }

    fn admit(&self, principal: &Principal) -> Result<(), Refusal> {
        admit_password(principal, self.password.is_some())
    }

    fn run(self, context: &Context<'_>) -> Result<Handled<Profile>, Failure> {
        let (details, labels) = (self.details.checked()?, self.labels.checked()?);
        let profile = find(context, self.id)?;
        let labels = labels.apply(&profile.labels);
        let (tags, password, is_blocked, personal) = (self.tags, self.password, self.is_blocked, None);
        Replacement { details, labels, personal, tags, password, is_blocked }.write(
            context,
            profile,
            self.expected_version,
        )
    }
}

/// Changes some details of a client; None keeps the present ones. Does nothing if nothing differs. Like a replacement,
/// it may wait for a second operator.
///
/// Refusals: unknown id; invalid fields; address or reference taken; archived; a client made active that no review has
/// admitted, or that is deceased; a password or a block together with a change that waits; personal details that say
/// who the client is, where that takes a second operator.
pub struct ChangeProfile {
    pub id: ProfileId,
    pub details: DetailsChange,
    pub labels: LabelsChange,
    pub personal: PersonalChange,
    pub tags: Option<BTreeSet<String>>,
    pub password: Option<PasswordHash>,
    /// Lifts the block, or blocks a client that is active; one that is not active anyway stays as it is.
    pub is_active: Option<bool>,
}

impl Command for ChangeProfile {
    type Outcome = Handled<Profile>;
    const ACTION: &'static str = "profile.change";
    const RIGHT: Right = Right::WriteProfiles;

    fn recall(context: &Context<'_>, outcome: Handled<Profile>) -> Result<Handled<Profile>, Failure> {
        outcome.with_request(context)
    }

    fn admit(&self, principal: &Principal) -> Result<(), Refusal> {
        admit_password(principal, self.password.is_some())
    }

    fn run(self, context: &Context<'_>) -> Result<Handled<Profile>, Failure> {
        let labels = self.labels.checked()?;
        let profile = find(context, self.id)?;
        let details = self.details.apply(&profile.details);
        let (labels, known) = (labels.apply(&profile.labels), context.tx.personal_details(profile.serial)?);
        let personal = Some(self.personal.apply(&known)?).filter(|personal| *personal != known);
        // Another API may have made a client without an address, but none loses it.
        let details = match profile.details.email.is_empty() {
            true => details.checked_as_sent()?,
            false => details.checked()?,
        };
        let is_blocked = match self.is_active {
            Some(true) if profile.status != ProfileStatus::Verified => {
                return Err(Refusal::ProfileState(profile.status).into());
            }
            Some(false) if profile.status != ProfileStatus::Verified => None,
            wanted => wanted.map(|is_active| !is_active),
        };
        let (tags, password) = (self.tags, self.password);
        let keeps_tags = tags.as_ref().is_none_or(|tags| *tags == profile.tags);
        let keeps_block = is_blocked.is_none_or(|is_blocked| is_blocked == profile.is_blocked);
        let keeps_details = details == profile.details && labels == profile.labels && personal.is_none();
        if keeps_details && keeps_tags && keeps_block && password.is_none() {
            profile.admit_change()?;
            return Ok(Handled::Done(profile));
        }
        let is_same_person = personal.as_ref().is_none_or(|personal| personal.is_same_person(&known));
        if !is_same_person
            && context.caller.principal.require(Right::Administer).is_err()
            && guards_identity(context, &profile)?.is_some()
        {
            return Err(Refusal::NeedsApproval.into());
        }
        Replacement { details, labels, personal, tags, password, is_blocked }.write(context, profile, None)
    }
}

/// What a client is to be.
struct Replacement {
    details: ProfileDetails,
    labels: Labels,
    /// None keeps them.
    personal: Option<PersonalDetails>,
    tags: Option<BTreeSet<String>>,
    password: Option<PasswordHash>,
    is_blocked: Option<bool>,
}

impl Replacement {
    fn write(
        self,
        context: &Context<'_>,
        profile: Profile,
        expected_version: Option<u64>,
    ) -> Result<Handled<Profile>, Failure> {
        let Replacement { details, labels, .. } = self;
        if !details.email.is_empty() {
            check_email_is_free(context, &details.email, Some(profile.serial))?;
        }
        check_profile_reference(context, &labels.reference, Some(profile.serial))?;
        check_version(expected_version, profile.version)?;
        let tags = self.tags.map(|tags| check_tags(Field::Tags, tags)).transpose()?;
        let tags = match tags.filter(|requested| *requested != profile.tags) {
            Some(requested) => Some(own_tags(context.visibility(), &profile.tags, Some(requested))?),
            None => None,
        };
        profile.admit_change()?;
        let is_blocked = self.is_blocked.filter(|is_blocked| *is_blocked != profile.is_blocked);
        let fields = IdentityField::changes(&profile.details, &details);
        let change = IdentityChange { details, tags, labels, version: profile.version };
        if !fields.is_empty()
            && let Some(cause) = guards_identity(context, &profile)?
        {
            if self.password.is_some() {
                let reason = "a change of identity waits for approval: set the password in a call of its own";
                return Err(Refusal::invalid(Field::Password, reason).into());
            }
            if is_blocked.is_some() {
                let reason = "a change of identity waits for approval: block the client in a call of its own";
                return Err(Refusal::invalid(Field::Blocked, reason).into());
            }
            if self.personal.is_some() {
                return Err(Refusal::NeedsApproval.into());
            }
            let asked = Asked {
                request: Request::Identity(IdentityRequest { fields, asked: Some(Box::new(change)) }),
                cause,
                subject: ApprovalSubject::Client(profile.serial),
                movement: None,
                expires_at: Some(expiry(context)),
            };
            return Ok(Handled::Waits { approval: Box::new(ask(context, asked)?) });
        }
        write_profile(context, &profile, &change)?;
        if let Some(personal) = &self.personal {
            context.tx.set_personal_details(profile.serial, personal)?;
        }
        if let Some(is_blocked) = is_blocked {
            context.tx.set_profile_blocked(profile.serial, is_blocked)?;
        }
        if let Some(password) = &self.password {
            context.tx.set_profile_password(profile.serial, password.as_str(), context.now)?;
        }
        if self.password.is_some() || is_blocked == Some(true) {
            context.tx.revoke_sessions(profile.serial, context.now)?;
        }
        publish_profile_state(context, profile.id, EventType::ProfileUpdated).map(Handled::Done)
    }
}

/// Why a change of a client's identity takes a second operator; None if it does not. A client in review or denied is
/// still to be reviewed as it is then. One who is to control a guarded account has been looked at for that.
fn guards_identity(context: &Context<'_>, profile: &Profile) -> Result<Option<Cause>, Failure> {
    if matches!(profile.status, ProfileStatus::Pending | ProfileStatus::Denied) {
        return Ok(None);
    }
    if profile.reviewed_by.is_some() {
        return Ok(Some(Cause::ReviewedClient));
    }
    let accounts = context.tx.open_accounts_of(profile.serial)?;
    let is_owner = accounts.iter().any(|account| account.standing.requires_approval);
    Ok((is_owner || context.tx.is_to_be_owner(profile.id)?).then_some(Cause::GuardedAccount))
}

fn write_profile(context: &Context<'_>, profile: &Profile, change: &IdentityChange) -> Result<(), Failure> {
    if let Some(tags) = &change.tags {
        context.tx.set_profile_tags(profile.serial, tags)?;
    }
    context.tx.replace_profile(profile.serial, &change.details, context.now)?;
    if change.labels != profile.labels {
        context.tx.set_profile_labels(profile.serial, &change.labels)?;
    }
    Ok(())
}

/// Makes a change of a client's identity that has just been approved.
///
/// Refusals: address or reference taken; the client has changed since it was asked for; archived.
pub(in crate::app) fn change_approved_identity(
    context: &Context<'_>,
    client: ProfileId,
    request: IdentityRequest,
) -> Result<(), Failure> {
    let change = request.asked.ok_or(Refusal::Internal)?;
    let profile = find(context, client)?;
    check_email_is_free(context, &change.details.email, Some(profile.serial))?;
    check_profile_reference(context, &change.labels.reference, Some(profile.serial))?;
    check_version(Some(change.version), profile.version)?;
    profile.admit_change()?;
    write_profile(context, &profile, &change)?;
    publish_profile_state(context, client, EventType::ProfileUpdated).map(|_| ())
}

/// Sets a new password for a client and ends its sessions. Refusals: unknown id; archived.
pub struct ChangePassword {
    pub id: ProfileId,
    pub password: PasswordHash,
}

impl Command for ChangePassword {
    type Outcome = ();
    const ACTION: &'static str = "profile.change_password";
    const RIGHT: Right = Right::SetPasswords;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let profile = find(context, self.id)?;
        profile.admit_change()?;
        context.tx.set_profile_password(profile.serial, self.password.as_str(), context.now)?;
        context.tx.revoke_sessions(profile.serial, context.now)?;
        publish_profile_state(context, self.id, EventType::ProfilePasswordChanged).map(|_| ())
    }
}

/// Refuses callers who may not write profiles, or not set the password that they send.
fn admit_password(principal: &Principal, sets_password: bool) -> Result<(), Refusal> {
    principal.require(Right::WriteProfiles)?;
    if sets_password { principal.require(Right::SetPasswords) } else { Ok(()) }
}

/// The profile that a command refers to, if its caller can see it.
pub(in crate::app) fn find(context: &Context<'_>, id: ProfileId) -> Result<Profile, Failure> {
    let profile = context.tx.profile(id, context.visibility())?.ok_or(Refusal::not_found(Noun::Profile))?;
    context.involve(profile.id);
    context.concerns_of(ObjectKind::Client, profile.id.uuid(), Some(profile.serial));
    Ok(profile)
}

/// The client with this id. If there is none, one is registered.
///
/// Refusals: the id is that of a hidden client; the caller may not create clients.
pub(in crate::app) fn find_or_register(context: &Context<'_>, id: ProfileId) -> Result<Profile, Failure> {
    if !context.tx.has_profile(id)? {
        return Ok(context.part(RegisterProfile { id }, Undo::Whole)??);
    }
    match context.tx.profile(id, context.visibility())? {
        Some(_) => find(context, id),
        None => Err(context.taken(false, Field::Profile, Refusal::not_found(Noun::Profile)).into()),
    }
}

/// Creates a client of which nothing but the id is known, with the tags of the operator.
///
/// Refusals: id taken.
pub(in crate::app) struct RegisterProfile {
    pub(in crate::app) id: ProfileId,
}

impl Command for RegisterProfile {
    type Outcome = Profile;
    const ACTION: &'static str = "profile.register";
    const RIGHT: Right = Right::WriteProfiles;

    fn run(self, context: &Context<'_>) -> Result<Profile, Failure> {
        if context.tx.has_profile(self.id)? {
            return Err(Refusal::DuplicateId(Noun::Profile).into());
        }
        let new = NewProfile {
            id: self.id,
            details: ProfileDetails::default(),
            tags: own_tags(context.visibility(), &BTreeSet::new(), None)?,
            password_hash: None,
            status: ProfileStatus::Verified,
            is_blocked: false,
            created_by: context.caller.principal.serial,
        };
        context.tx.add_profile(&new, context.now)?;
        publish_profile_state(context, self.id, EventType::ProfileCreated)
    }
}

/// Refuses if the caller has read a version other than the present one.
pub(in crate::app) fn check_version(expected: Option<u64>, actual: u64) -> Result<(), Refusal> {
    match expected {
        Some(expected) if expected != actual => Err(Refusal::VersionMismatch { expected, actual }),
        _ => Ok(()),
    }
}

/// Publishes an event with the profile's current state, and returns the profile.
pub(in crate::app) fn publish_profile_state(
    context: &Context<'_>,
    id: ProfileId,
    kind: EventType,
) -> Result<Profile, Failure> {
    let profile = context.tx.profile(id, &Visibility::Everything)?.ok_or(Refusal::not_found(Noun::Profile))?;
    publish_profile(context, kind, &profile)?;
    Ok(profile)
}

pub struct GetProfile {
    pub id: ProfileId,
}

impl Query for GetProfile {
    type Answer = Profile;
    const RIGHT: Right = Right::ReadProfiles;

    fn run(self, view: &View<'_>) -> Result<Profile, Failure> {
        Ok(view.tx.profile(self.id, view.visibility)?.ok_or(Refusal::not_found(Noun::Profile))?)
    }
}

/// The profiles in a window of a list, and the total count.
pub struct ListProfilesIn {
    pub filter: ProfileFilter,
    pub window: Window,
}

impl Query for ListProfilesIn {
    type Answer = (Vec<Profile>, u64);
    const RIGHT: Right = Right::ReadProfiles;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Self::Answer, Failure> {
        Ok(view.tx.profiles_in(&self.filter, view.visibility, self.window)?)
    }
}

/// One page of profiles.
pub struct ListProfiles {
    pub filter: ProfileFilter,
    pub page: Page,
}

impl Query for ListProfiles {
    type Answer = Listing<Profile>;
    const RIGHT: Right = Right::ReadProfiles;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Listing<Profile>, Failure> {
        Ok(view.tx.profiles(&self.filter, view.visibility, self.page)?)
    }
}
