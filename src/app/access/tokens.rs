//! Tokens of operators: created, checked, listed, revoked.

use crate::app::access::principal_of_client;
use crate::app::command::refusal_of_read;
use crate::app::{App, Command, Context, Failure};
use crate::domain::access::{ObjectKind, Principal, PrincipalKind, Right, Visibility};
use crate::domain::clients::check_tags;
use crate::domain::clock::{Moment, Randomness};
use crate::domain::ids::{PrincipalSerial, TokenId};
use crate::domain::merkle::sha256;
use crate::domain::refusal::{Credentials, Field, Noun, Refusal};
use crate::domain::text;
use crate::store::{NewToken, PrincipalRow, ReadTx, StoreError, TokenKind, TokenRow};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::mem::take;
use std::net::IpAddr;
use std::sync::Arc;

/// The prefix of every token, so that secret scanners recognise a leaked one.
const PREFIX: &str = "bur_";
/// Longer tokens are rejected without a lookup, in bytes.
const TOKEN_MAX: usize = 4096;

/// A new token, available only at the time of its creation.
pub struct FreshToken(String);

impl FreshToken {
    /// Makes a token of 256 random bits.
    pub fn new(randomness: &dyn Randomness) -> FreshToken {
        let mut secret = [0; 32];
        randomness.fill(&mut secret);
        FreshToken(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(secret)))
    }

    /// Wraps a token made elsewhere, for example for a development server. None if it is malformed.
    pub fn from_text(text: String) -> Option<FreshToken> {
        let secret = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        (secret.len() == 32).then_some(FreshToken(text))
    }

    /// The plain token, for its owner.
    pub fn reveal(self) -> String {
        self.0
    }

    pub fn hash(&self) -> TokenHash {
        TokenHash(hash_of_token(&self.0))
    }
}

/// The stored form of a token: enough to recognise it, useless for calling.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    pub fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

pub(in crate::app) fn hash_of_token(token: &str) -> [u8; 32] {
    sha256(token.as_bytes())
}

impl App {
    /// Finds the operator behind a token, if it may be used now and from this address.
    pub fn authenticate(&self, token: &str, address: IpAddr) -> Result<Arc<Principal>, Refusal> {
        let principal = self.authenticate_any(token, address)?;
        // What an API client has is good for its own API alone.
        if principal.client.is_some() { Err(Refusal::Unauthenticated(Credentials::Unknown)) } else { Ok(principal) }
    }

    /// Finds the operator or the API client behind a token.
    pub(in crate::app) fn authenticate_any(&self, token: &str, address: IpAddr) -> Result<Arc<Principal>, Refusal> {
        if !token.starts_with(PREFIX) || token.len() > TOKEN_MAX {
            return Err(self.refuse_foreign_token(token));
        }
        let (hash, now) = (hash_of_token(token), self.now());
        match self.principals.admit(&hash, now, address) {
            (_, Some(admitted)) => admitted,
            (epoch, None) => {
                let principal = Arc::new(self.look_up(&hash)?);
                principal.admit(now, address)?;
                self.principals.put(epoch, hash, &principal, now);
                Ok(principal)
            }
        }
    }

    /// Clears the cache, after operators or tokens have changed.
    pub(in crate::app) fn forget_principals(&self) {
        self.principals.forget();
        self.store.wake_followers();
    }

    fn refuse_foreign_token(&self, token: &str) -> Refusal {
        if token.len() <= TOKEN_MAX && token.matches('.').count() == 2 && self.session_claims(token).is_some() {
            Refusal::EndUserToken
        } else {
            Refusal::Unauthenticated(Credentials::Unknown)
        }
    }

    fn look_up(&self, hash: &[u8; 32]) -> Result<Principal, Refusal> {
        self.principal_of(|tx| tx.token_by_hash(hash))
    }

    /// The principal as it is now, found by the token that it used.
    pub(in crate::app) fn principal_again(&self, principal: &Principal) -> Result<Principal, Refusal> {
        let id = principal.token.ok_or(Refusal::Unauthenticated(Credentials::Unknown))?;
        self.principal_of(|tx| tx.token(id))
    }

    pub(in crate::app) fn principal_of(
        &self,
        token: impl FnOnce(&ReadTx<'_>) -> Result<Option<TokenRow>, StoreError>,
    ) -> Result<Principal, Refusal> {
        let now = self.now();
        let unknown = || Failure::from(Refusal::Unauthenticated(Credentials::Unknown));
        self.store
            .read(|tx| {
                let token = token(tx)?.ok_or_else(unknown)?;
                let (principal, disabled_at) = match tx.operator(token.principal)? {
                    Some(operator) => (principal_of_operator(operator.clone()), operator.disabled_at),
                    None => {
                        let client = tx.api_client(token.principal)?.ok_or_else(unknown)?;
                        let disabled_at = client.disabled_at;
                        (principal_of_client(tx, client, token.kind == TokenKind::LongLived)?, disabled_at)
                    }
                };
                if token.expires_at.is_some_and(|end| end <= now) {
                    return Err(Refusal::Unauthenticated(Credentials::Expired).into());
                }
                if token.revoked_at.is_some() || disabled_at.is_some() {
                    return Err(Refusal::Unauthenticated(Credentials::Revoked).into());
                }
                let narrower = token.tags.clone().map_or(Visibility::Everything, Visibility::Tagged);
                let mut rights = principal.rights;
                if let Some(scopes) = &token.scopes {
                    rights.retain(|right| scopes.iter().any(|name| name == right.name()));
                }
                Ok(Principal {
                    rights,
                    visibility: principal.visibility.narrowed_by(narrower),
                    networks: token.networks.iter().flatten().filter_map(|text| text.parse().ok()).collect(),
                    token: Some(token.id),
                    expires_at: token.expires_at,
                    ..principal
                })
            })
            .map_err(refusal_of_read)
    }

    /// Revoked and expired tokens included. Blocks.
    pub fn list_tokens(&self) -> Result<Vec<TokenRow>, Refusal> {
        self.store.read(|tx| Ok(tx.tokens()?)).map_err(refusal_of_read)
    }
}

/// The principal of an operator, with all its rights.
pub(in crate::app) fn principal_of_operator(operator: PrincipalRow) -> Principal {
    Principal {
        serial: operator.serial,
        id: operator.id,
        kind: PrincipalKind::Operator,
        name: operator.name,
        rights: operator.role.rights_with(&operator.granted),
        visibility: Visibility::from_tags(operator.tags),
        networks: Vec::new(),
        token: None,
        expires_at: None,
        client: None,
    }
}

/// Creates a long-lived token for a program. Refusals: unknown operator; invalid scope, network or tag.
pub struct CreateToken {
    /// The operator's name; case is ignored.
    pub operator: String,
    pub label: String,
    /// Names of rights; empty means all that the role allows.
    pub scopes: Vec<String>,
    /// Narrow the operator's own tags; empty means no narrowing.
    pub tags: BTreeSet<String>,
    /// The networks that it may be used from; empty means any that the server allows.
    pub networks: Vec<String>,
    /// Lifetime in days; None means no expiry.
    pub days: Option<u32>,
    /// The plain token stays with its creator.
    pub token: TokenHash,
}

impl Command for CreateToken {
    type Outcome = TokenId;
    const ACTION: &'static str = "token.create";
    const RIGHT: Right = Right::Administer;

    fn run(mut self, context: &Context<'_>) -> Result<TokenId, Failure> {
        self.label = text::name(Field::TokenLabel, take(&mut self.label), 100)?;
        if let Some(unknown) = self.scopes.iter().find(|name| Right::parse(name).is_none()) {
            let known = Right::ALL.map(Right::name).join(", ");
            return Err(Refusal::invalid(Field::Scope, format!("{unknown} is none of {known}")).into());
        }
        self.tags = check_tags(Field::Tags, take(&mut self.tags))?;
        for network in &self.networks {
            if network.parse::<IpNet>().is_err() {
                return Err(
                    Refusal::invalid(Field::Network, format!("{network} is not a network such as 10.0.0.0/8")).into()
                );
            }
        }
        let operator = context
            .tx
            .operator_by_name(&text::fold(&self.operator))?
            .filter(|operator| operator.disabled_at.is_none())
            .ok_or(Refusal::not_found(Noun::Operator))?;
        let expires_at = self.days.map(|days| context.clock_now.plus_s(i64::from(days) * 86_400));
        add_token(context, operator.serial, TokenKind::LongLived, &self, expires_at)
    }
}

fn add_token(
    context: &Context<'_>,
    principal: PrincipalSerial,
    kind: TokenKind,
    command: &CreateToken,
    expires_at: Option<Moment>,
) -> Result<TokenId, Failure> {
    let id = TokenId::new(context.now, context.app.randomness());
    let new = NewToken {
        id,
        principal,
        kind,
        label: command.label.clone(),
        hash: command.token.to_vec(),
        scopes: (!command.scopes.is_empty()).then(|| command.scopes.clone()),
        tags: (!command.tags.is_empty()).then(|| command.tags.clone()),
        networks: (!command.networks.is_empty()).then(|| command.networks.clone()),
        expires_at,
        refresh: None,
    };
    context.tx.add_token(&new, context.now)?;
    context.concerns(ObjectKind::Token, id.uuid());
    Ok(id)
}

/// Revokes a token. Refusals: no valid token with this id.
pub struct RevokeToken {
    pub id: TokenId,
}

impl Command for RevokeToken {
    type Outcome = ();
    const ACTION: &'static str = "token.revoke";
    const RIGHT: Right = Right::Administer;
    const CHANGES_ACCESS: bool = true;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        if context.tx.revoke_token(self.id, context.now)? {
            context.concerns(ObjectKind::Token, self.id.uuid());
            Ok(())
        } else {
            Err(Refusal::not_found(Noun::Token).into())
        }
    }
}
