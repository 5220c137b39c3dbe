//! Sign-in with a pair of tokens: a short-lived access token, and a refresh token that is exchanged for the next pair.
//!
//! A refresh token can be exchanged once. A second attempt means that someone stole it, so all token pairs of the same
//! sign-in are revoked.

use crate::app::access::{FreshToken, LoginOrigin, login_token, principal_of_operator};
use crate::app::command::refusal_of_read;
use crate::app::{App, Command, Context, Failure};
use crate::domain::access::{ObjectKind, Right, TypedPassword};
use crate::domain::clock::Moment;
use crate::domain::ids::{PrincipalSerial, TokenId};
use crate::domain::refusal::{Credentials, Refusal};
use crate::store::{NewRefresh, NewToken};
use std::sync::Arc;

/// The lifetimes of a token pair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PairLifetimes {
    pub access_s: u32,
    pub refresh_s: u32,
}

/// A new token pair, available only at the time of its creation.
pub struct TokenPair {
    pub access: FreshToken,
    pub access_expires_at: Moment,
    pub refresh: FreshToken,
    pub refresh_expires_at: Moment,
    pub created_at: Moment,
}

impl TokenPair {
    /// Makes a pair, and the row that is stored for it. It starts a new family unless it follows an earlier pair.
    fn new(
        app: &App,
        principal: PrincipalSerial,
        lifetimes: PairLifetimes,
        family: Option<TokenId>,
    ) -> (TokenPair, NewToken) {
        let now = app.now();
        let pair = TokenPair {
            access: FreshToken::new(app.randomness()),
            access_expires_at: now.plus_s(i64::from(lifetimes.access_s)),
            refresh: FreshToken::new(app.randomness()),
            refresh_expires_at: now.plus_s(i64::from(lifetimes.refresh_s)),
            created_at: now,
        };
        let id = TokenId::new(now, app.randomness());
        let (hash, expires_at) = (pair.refresh.hash().to_vec(), pair.refresh_expires_at);
        let refresh = Some(NewRefresh { hash, expires_at, family: family.unwrap_or(id) });
        let new = NewToken { refresh, ..login_token(id, principal, &pair.access, pair.access_expires_at) };
        (pair, new)
    }
}

impl App {
    /// Signs an operator in. Takes no idempotency key: each sign-in makes new tokens.
    ///
    /// Refusals: throttled; too many logins are waiting; wrong name or password.
    pub async fn sign_in(
        self: &Arc<App>,
        name: &str,
        password: TypedPassword,
        origin: LoginOrigin,
        lifetimes: PairLifetimes,
    ) -> Result<TokenPair, Refusal> {
        let operator = self.check_operator(name, password, origin).await?;
        let (pair, new) = TokenPair::new(self, operator.serial, lifetimes, None);
        self.store_login(operator, new, origin).await?;
        Ok(pair)
    }

    /// Exchanges a refresh token for the next pair.
    ///
    /// Refusals: the token is unknown, expired, revoked or already exchanged; the operator is disabled.
    pub async fn refresh_pair(
        self: &Arc<App>,
        token: &str,
        origin: LoginOrigin,
        lifetimes: PairLifetimes,
    ) -> Result<TokenPair, Refusal> {
        let unknown = Refusal::Unauthenticated(Credentials::Unknown);
        let Some(token) = FreshToken::from_text(token.to_owned()) else { return Err(unknown) };
        let hash = token.hash().to_vec();
        let (found, operator) = self
            .store
            .read(|tx| {
                let found = tx.refresh_by_hash(&hash)?.ok_or(unknown)?;
                let operator = tx.operator(found.principal)?.ok_or(Refusal::Internal)?;
                Ok::<_, Failure>((found, operator))
            })
            .map_err(refusal_of_read)?;
        let mut principal = principal_of_operator(operator);
        principal.token = Some(found.token);
        let caller = origin.caller(principal);
        let (pair, new) = TokenPair::new(self, found.principal, lifetimes, Some(found.family));
        let is_first = self.execute(&caller, None, RefreshPair { hash, new }).await?.outcome;
        if is_first {
            return Ok(pair);
        }
        self.execute(&caller, None, EndFamily { family: found.family }).await?;
        tracing::warn!(
            address = %origin.address,
            "a refresh token was used twice; all tokens of its sign-in are revoked"
        );
        Err(Refusal::Unauthenticated(Credentials::Revoked))
    }
}

/// Exchanges a refresh token. The outcome is false, and nothing changes, if it was exchanged before.
struct RefreshPair {
    /// SHA-256 of the refresh token.
    hash: Vec<u8>,
    new: NewToken,
}

impl Command for RefreshPair {
    type Outcome = bool;
    const ACTION: &'static str = "token.refresh";
    /// Every role has this right: a refresh needs nothing but a refresh token.
    const RIGHT: Right = Right::ReadReference;

    fn run(self, context: &Context<'_>) -> Result<bool, Failure> {
        let refuse = |credentials| Err(Refusal::Unauthenticated(credentials).into());
        let Some(found) = context.tx.refresh_by_hash(&self.hash)? else { return refuse(Credentials::Unknown) };
        let operator = context.tx.operator(found.principal)?.filter(|operator| operator.disabled_at.is_none());
        if found.revoked_at.is_some() || operator.is_none() {
            return refuse(Credentials::Revoked);
        }
        if found.used_at.is_some() {
            context.concerns(ObjectKind::Token, found.token.uuid());
            return Ok(false);
        }
        if found.expires_at <= context.clock_now {
            return refuse(Credentials::Expired);
        }
        context.concerns(ObjectKind::Token, self.new.id.uuid());
        context.tx.use_refresh(found.token, context.now)?;
        context.tx.add_token(&self.new, context.now)?;
        Ok(true)
    }
}

/// Revokes all pairs of a sign-in after one of its refresh tokens was used twice.
struct EndFamily {
    family: TokenId,
}

impl Command for EndFamily {
    type Outcome = ();
    const ACTION: &'static str = "token.reuse";
    const RIGHT: Right = Right::ReadReference;
    const CHANGES_ACCESS: bool = true;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        context.concerns(ObjectKind::Token, self.family.uuid());
        Ok(context.tx.revoke_family(self.family, context.now)?)
    }
}
