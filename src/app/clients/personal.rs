//! Clients with what is known of them beyond their profiles.

use crate::app::approvals::Handled;
use crate::app::clients::{ChangeProfile, CreateProfile, find};
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{Principal, Right};
use crate::domain::clients::{EmailKey, PersonalDetails, Profile};
use crate::domain::ids::ProfileId;
use crate::domain::page::Window;
use crate::domain::refusal::{Noun, Refusal};
use crate::store::{ProfileFilter, ReadTx};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::mem::take;

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KnownClient {
    pub profile: Profile,
    /// In outcomes that are kept for retries, the tax number is masked.
    pub personal: PersonalDetails,
}

impl KnownClient {
    pub(in crate::app) fn read(tx: &ReadTx<'_>, profile: Profile) -> Result<KnownClient, Failure> {
        Ok(KnownClient { personal: tx.personal_details(profile.serial)?, profile })
    }
}

/// Creates a client. Refusals: those of [`CreateProfile`].
pub struct RegisterClient(pub CreateProfile);

impl Command for RegisterClient {
    type Outcome = KnownClient;
    const ACTION: &'static str = CreateProfile::ACTION;
    const RIGHT: Right = CreateProfile::RIGHT;

    fn admit(&self, principal: &Principal) -> Result<(), Refusal> {
        self.0.admit(principal)
    }

    fn run(self, context: &Context<'_>) -> Result<KnownClient, Failure> {
        KnownClient::read(context.tx, self.0.run(context)?)
    }
}

/// Creates a client whose e-mail address need not be its own alone: one that another client has becomes a contact.
///
/// Refusals: those of [`CreateProfile`], except that the address is taken.
pub struct RegisterInvestor(pub CreateProfile);

impl Command for RegisterInvestor {
    type Outcome = KnownClient;
    const ACTION: &'static str = CreateProfile::ACTION;
    const RIGHT: Right = CreateProfile::RIGHT;

    fn admit(&self, principal: &Principal) -> Result<(), Refusal> {
        self.0.admit(principal)
    }

    fn run(mut self, context: &Context<'_>) -> Result<KnownClient, Failure> {
        let email = &mut self.0.details.email;
        if !email.is_empty() && context.tx.profile_of_email(&EmailKey::of(email))?.is_some() {
            self.0.personal.contact_email = Some(take(email));
        }
        KnownClient::read(context.tx, self.0.run(context)?)
    }
}

/// Changes a client. Refusals: those of [`ChangeProfile`].
pub struct ChangeClient {
    /// Without custom fields.
    pub change: ChangeProfile,
    /// The custom fields to set; others stay. An empty value removes a field.
    pub custom_fields: BTreeMap<String, String>,
}

impl Command for ChangeClient {
    type Outcome = Handled<KnownClient>;
    const ACTION: &'static str = ChangeProfile::ACTION;
    const RIGHT: Right = ChangeProfile::RIGHT;

    fn recall(context: &Context<'_>, outcome: Self::Outcome) -> Result<Self::Outcome, Failure> {
        outcome.with_request(context)
    }

    fn admit(&self, principal: &Principal) -> Result<(), Refusal> {
        self.change.admit(principal)
    }

    fn run(mut self, context: &Context<'_>) -> Result<Handled<KnownClient>, Failure> {
        if !self.custom_fields.is_empty() {
            let mut fields = find(context, self.change.id)?.labels.custom_fields;
            fields.extend(self.custom_fields);
            self.change.labels.custom_fields = Some(fields);
        }
        self.change.run(context)?.try_map(|profile| KnownClient::read(context.tx, profile))
    }
}

/// Refusals: unknown.
pub struct GetClient {
    pub id: ProfileId,
}

impl Query for GetClient {
    type Answer = KnownClient;
    const RIGHT: Right = Right::ReadProfiles;

    fn run(self, view: &View<'_>) -> Result<KnownClient, Failure> {
        let profile = view.tx.profile(self.id, view.visibility)?.ok_or(Refusal::not_found(Noun::Profile))?;
        KnownClient::read(view.tx, profile)
    }
}

/// The clients in a window of a list, and the total count.
pub struct ListClients {
    pub filter: ProfileFilter,
    pub window: Window,
}

impl Query for ListClients {
    type Answer = (Vec<KnownClient>, u64);
    const RIGHT: Right = Right::ReadProfiles;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Self::Answer, Failure> {
        let (profiles, total) = view.tx.profiles_in(&self.filter, view.visibility, self.window)?;
        let clients = profiles.into_iter().map(|profile| KnownClient::read(view.tx, profile)).collect::<Result<_, _>>();
        Ok((clients?, total))
    }
}
