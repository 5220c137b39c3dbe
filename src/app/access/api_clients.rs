//! API clients: created, rotated and revoked from the command line; and how they show who they are, with a secret or
//! with a short-lived token that they get for it.
//!
//! A secret has 256 random bits, so it is stored as SHA-256 like a token and cannot be guessed. Wrong ones are still
//! throttled, so that a program with a wrong secret does not keep the server busy.

use crate::app::access::{FreshToken, LoginOrigin, Subject, TokenHash, hash_of_token};
use crate::app::{App, Caller, Command, Context, Failure};
use crate::domain::access::{ApiClient, Nonce, ObjectKind, Principal, PrincipalKind, PublicKey, Right, Visibility};
use crate::domain::clients::check_tags;
use crate::domain::clock::Moment;
use crate::domain::ids::{ClientKeyId, PrincipalId, PrincipalSerial, TokenId};
use crate::domain::merkle::sha256;
use crate::domain::refusal::{Credentials, Excess, Field, Noun, Refusal};
use crate::domain::text;
use crate::store::{ApiClientRow, NewApiClient, NewToken, ReadTx, StoreError, TokenKind};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// What people see of the secrets and access tokens of API clients in lists of tokens.
const SECRET_LABEL: &str = "client secret";
const ACCESS_LABEL: &str = "client credentials";

/// The longest secret that is looked up, in bytes.
const SECRET_MAX: usize = 4096;

/// Creates an API client with its first secret.
///
/// Refusals: invalid label or tags; no rights.
pub struct CreateApiClient {
    /// The name of the API that it may call; whoever runs the command knows that there is one.
    pub api: String,
    pub label: String,
    pub rights: BTreeSet<Right>,
    /// The tags of the clients that it sees; empty means all clients.
    pub tags: BTreeSet<String>,
    /// The networks that it may call from; empty means any that the server allows.
    pub networks: Vec<IpNet>,
    /// Days until its secret expires; None means never.
    pub days: Option<u32>,
    /// The plain secret stays with its creator.
    pub secret: TokenHash,
    /// The key that it signs its requests with, if it signs them.
    pub key: Option<PublicKey>,
}

/// What was made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ApiClientMade {
    pub id: PrincipalId,
    /// The id that signatures with its new key name.
    pub key: Option<ClientKeyId>,
}

impl Command for CreateApiClient {
    type Outcome = ApiClientMade;
    const ACTION: &'static str = "api_client.create";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<ApiClientMade, Failure> {
        let label = text::name(Field::TokenLabel, self.label, 100)?;
        if label.is_empty() {
            return Err(Refusal::Required { field: Field::TokenLabel }.into());
        }
        if self.rights.is_empty() {
            return Err(Refusal::Required { field: Field::Scope }.into());
        }
        let tags = check_tags(Field::Tags, self.tags)?;
        let id = PrincipalId::new(context.now, context.app.randomness());
        let new = NewApiClient { id, label, api: self.api, rights: self.rights, tags };
        let serial = context.tx.add_api_client(&new, context.now)?;
        let networks: Vec<String> = self.networks.iter().map(IpNet::to_string).collect();
        let networks = (!networks.is_empty()).then_some(networks);
        add_secret(context, serial, self.secret, networks, end_after(context, self.days))?;
        let key = self.key.map(|key| add_key(context, serial, &key)).transpose()?;
        context.concerns(ObjectKind::ApiClient, id.uuid());
        Ok(ApiClientMade { id, key })
    }
}

fn end_after(context: &Context<'_>, days: Option<u32>) -> Option<Moment> {
    days.map(|days| context.clock_now.plus_s(i64::from(days) * 86_400))
}

fn add_secret(
    context: &Context<'_>,
    client: PrincipalSerial,
    secret: TokenHash,
    networks: Option<Vec<String>>,
    expires_at: Option<Moment>,
) -> Result<(), Failure> {
    let new = NewToken {
        id: TokenId::new(context.now, context.app.randomness()),
        principal: client,
        kind: TokenKind::LongLived,
        label: SECRET_LABEL.into(),
        hash: secret.to_vec(),
        scopes: None,
        tags: None,
        networks,
        expires_at,
        refresh: None,
    };
    Ok(context.tx.add_token(&new, context.now)?)
}

fn add_key(context: &Context<'_>, client: PrincipalSerial, key: &PublicKey) -> Result<ClientKeyId, Failure> {
    let id = ClientKeyId::new(context.now, context.app.randomness());
    context.tx.add_client_key(client, id, key, context.now)?;
    Ok(id)
}

/// Gives an API client a new secret, and a new key if one is sent. The old ones stay good for a while, so that all of
/// the client's machines can change over.
///
/// Refusals: no valid API client with this id.
pub struct RotateApiClient {
    pub id: PrincipalId,
    pub secret: TokenHash,
    /// Replaces its keys; None leaves them.
    pub key: Option<PublicKey>,
    /// How long the old secrets and keys stay good.
    pub overlap_hours: u32,
    /// Days until the new secret expires; None means never.
    pub days: Option<u32>,
}

impl Command for RotateApiClient {
    type Outcome = ApiClientMade;
    const ACTION: &'static str = "api_client.rotate";
    const RIGHT: Right = Right::Administer;
    const CHANGES_ACCESS: bool = true;

    fn run(self, context: &Context<'_>) -> Result<ApiClientMade, Failure> {
        let client = find(context, self.id)?;
        let secrets = context.tx.tokens_of(client.serial)?;
        let latest = secrets.iter().rev().find(|token| token.kind == TokenKind::LongLived);
        let networks = latest.and_then(|token| token.networks.clone());
        let overlap_s = i64::from(self.overlap_hours) * 3600;
        context.tx.end_secrets(client.serial, context.clock_now.plus_s(overlap_s))?;
        add_secret(context, client.serial, self.secret, networks, end_after(context, self.days))?;
        let key = match self.key {
            None => None,
            Some(key) => {
                context.tx.end_client_keys(client.serial, context.app.machine_now().plus_s(overlap_s))?;
                Some(add_key(context, client.serial, &key)?)
            }
        };
        context.concerns(ObjectKind::ApiClient, self.id.uuid());
        Ok(ApiClientMade { id: self.id, key })
    }
}

/// Ends an API client with all its secrets and tokens. Refusals: no valid API client with this id.
pub struct RevokeApiClient {
    pub id: PrincipalId,
}

impl Command for RevokeApiClient {
    type Outcome = ();
    const ACTION: &'static str = "api_client.revoke";
    const RIGHT: Right = Right::Administer;
    const CHANGES_ACCESS: bool = true;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let client = find(context, self.id)?;
        context.concerns(ObjectKind::ApiClient, self.id.uuid());
        Ok(context.tx.disable_operator(client.serial, context.now)?)
    }
}

fn find(context: &Context<'_>, id: PrincipalId) -> Result<ApiClientRow, Failure> {
    let found = context.tx.api_client_by_id(id)?.filter(|client| client.disabled_at.is_none());
    Ok(found.ok_or(Refusal::not_found(Noun::ApiClient))?)
}

/// The principal of an API client, with all its rights.
pub(in crate::app) fn principal_of_client(
    tx: &ReadTx<'_>,
    client: ApiClientRow,
    is_by_secret: bool,
) -> Result<Principal, StoreError> {
    let keys = tx.client_keys(client.serial)?;
    Ok(Principal {
        serial: client.serial,
        id: client.id,
        kind: PrincipalKind::ApiClient,
        name: client.label,
        rights: client.rights,
        visibility: Visibility::from_tags(client.tags),
        networks: Vec::new(),
        token: None,
        expires_at: None,
        client: Some(ApiClient { api: client.api, is_by_secret, keys }),
    })
}

/// An access token of an API client, available only at the time of its creation.
pub struct ClientToken {
    pub token: FreshToken,
    pub created_at: Moment,
    pub expires_at: Moment,
}

impl App {
    /// Finds the API client that shows its id and its secret, if it may call this API now and from this address. One
    /// that was found is cached, so that later calls need no query.
    ///
    /// Refusals: wrong id or secret, or that of another API; too many wrong ones; expired; revoked; the address.
    pub fn authenticate_client(
        &self,
        api: &str,
        id: &str,
        secret: &str,
        address: IpAddr,
    ) -> Result<Arc<Principal>, Refusal> {
        let wrong = |refusal: Refusal| match self.logins.enter(&[Subject::ApiClient(id, address)], self.now()) {
            Ok(_counted) => refusal,
            Err(retry_after_s) => Refusal::Throttled { what: Excess::Logins, retry_after_s },
        };
        let bad = Refusal::Unauthenticated(Credentials::BadClient);
        if secret.len() > SECRET_MAX || id.len() > text::FIELD_MAX {
            return Err(wrong(bad));
        }
        // The cache has tokens by their hashes; these never collide with them.
        let (secret, now) = (hash_of_token(secret), self.now());
        let known_as = sha256(&[b"client\n", api.as_bytes(), b"\n", id.as_bytes(), b"\n", &secret].concat());
        match self.principals.admit(&known_as, now, address) {
            (_, Some(admitted)) => admitted,
            (epoch, None) => {
                let found = self.principal_of(|tx| tx.token_by_hash(&secret)).map_err(|refusal| match refusal {
                    Refusal::Unauthenticated(Credentials::Unknown) => wrong(bad.clone()),
                    other => other,
                })?;
                let is_of = |client: &ApiClient| client.api == api && client.is_by_secret;
                if !found.client.as_ref().is_some_and(is_of) || found.id.to_string() != id.to_lowercase() {
                    return Err(wrong(bad));
                }
                let principal = Arc::new(found);
                principal.admit(now, address)?;
                self.principals.put(epoch, known_as, &principal, now);
                Ok(principal)
            }
        }
    }

    /// Finds the API client behind an access token of this API, if it may be used now and from this address.
    pub fn authenticate_client_token(
        &self,
        api: &str,
        token: &str,
        address: IpAddr,
    ) -> Result<Arc<Principal>, Refusal> {
        let principal = self.authenticate_any(token, address)?;
        let is_of = |client: &ApiClient| client.api == api && !client.is_by_secret;
        if principal.client.as_ref().is_some_and(is_of) {
            Ok(principal)
        } else {
            Err(Refusal::Unauthenticated(Credentials::Unknown))
        }
    }

    /// Issues an access token with these rights to an API client that has shown its secret. It ends with the secret at
    /// the latest, and may be used from the same networks. Takes no idempotency key: each call makes a new token. The
    /// nonce is that of the request's signature, if it has one.
    ///
    /// Refusals: a right that the client does not have; the client was revoked.
    pub async fn sign_in_client(
        self: &Arc<App>,
        client: Arc<Principal>,
        rights: BTreeSet<Right>,
        lifetime_s: u32,
        origin: LoginOrigin,
        nonce: Option<Nonce>,
    ) -> Result<ClientToken, Refusal> {
        if !rights.is_subset(&client.rights) {
            return Err(Refusal::Unauthenticated(Credentials::BadClient));
        }
        let (now, token) = (self.now(), FreshToken::new(self.randomness()));
        let end = now.plus_s(i64::from(lifetime_s));
        let expires_at = client.expires_at.map_or(end, |secret| secret.min(end));
        let networks: Vec<String> = client.networks.iter().map(IpNet::to_string).collect();
        let new = NewToken {
            id: TokenId::new(now, self.randomness()),
            principal: client.serial,
            kind: TokenKind::Login,
            label: ACCESS_LABEL.into(),
            hash: token.hash().to_vec(),
            scopes: Some(rights.into_iter().map(|right| right.name().to_owned()).collect()),
            tags: None,
            networks: (!networks.is_empty()).then_some(networks),
            expires_at: Some(expires_at),
            refresh: None,
        };
        let caller = Caller { nonce, ..origin.caller_for(client) };
        self.execute(&caller, None, SignInClient { token: new }).await?;
        Ok(ClientToken { token, created_at: now, expires_at })
    }

    /// The nonce of a signature as it is remembered until the signature ends.
    pub fn nonce(&self, client: &Principal, nonce: &str, expires_at: Moment) -> Nonce {
        let bytes = [&client.serial.0.to_be_bytes()[..], nonce.as_bytes()].concat();
        Nonce { hash: self.keyed_hash(b"nonce", &bytes), expires_at }
    }
}

/// Stores an access token of an API client, which is the caller.
struct SignInClient {
    token: NewToken,
}

impl Command for SignInClient {
    type Outcome = ();
    const ACTION: &'static str = "api_client.sign_in";
    const RIGHT: Right = Right::ManageSelf;

    /// It takes a secret, not a right.
    fn admit(&self, _principal: &Principal) -> Result<(), Refusal> {
        Ok(())
    }

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let secret = context.caller.principal.token.map_or(Ok(None), |id| context.tx.token(id))?;
        let client = context.tx.api_client(self.token.principal)?;
        let is_good = secret.is_some_and(|secret| secret.is_usable(context.clock_now));
        if !is_good || client.is_none_or(|client| client.disabled_at.is_some()) {
            return Err(Refusal::Unauthenticated(Credentials::Revoked).into());
        }
        context.concerns(ObjectKind::Token, self.token.id.uuid());
        Ok(context.tx.add_token(&self.token, context.now)?)
    }
}
