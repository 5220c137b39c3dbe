//! Sessions of end users: signed tokens that the trading platform verifies itself or has introspected.

use crate::app::access::{Attempt, AttemptBy, Subject, Whose};
use crate::app::command::refusal_of_read;
use crate::app::{App, Caller, Command, Context, Failure};
use crate::domain::access::{ObjectKind, Right, TypedPassword, Visibility};
use crate::domain::accounts::{Account, Lifecycle, Permission};
use crate::domain::clients::EmailKey;
use crate::domain::clock::Moment;
use crate::domain::ids::{AccountId, GroupId, ProfileId, ProfileSerial, SessionId};
use crate::domain::reference::TradeStatus;
use crate::domain::refusal::{Credentials, Refusal};
use crate::store::{ReadTx, StoreError};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use std::sync::Arc;

/// The claims of an end-user token (RFC 7519).
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Claims {
    /// The issuer: this server, as configured in `[sessions]`.
    pub iss: String,
    /// The intended recipient: the trading platform that checks the token.
    pub aud: String,
    /// The client's profile id.
    pub sub: ProfileId,
    /// The accounts that the client may trade with.
    pub accounts: Vec<AccountId>,
    /// Issued at, in seconds since 1970.
    pub iat: i64,
    /// Expires at, in seconds since 1970.
    pub exp: i64,
    pub jti: SessionId,
}

/// A session that has started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IssuedSession {
    pub token: String,
    pub expires_at: Moment,
    /// The accounts that the client may trade with, and their groups.
    pub accounts: Vec<(AccountId, GroupId)>,
}

/// The most accounts in one token.
const ACCOUNTS_MAX: u32 = 500;

/// The accounts that a client may trade with: the caller can see them, they and their trading are enabled, and the
/// client has full access as the primary or another owner.
fn tradable(
    tx: &ReadTx<'_>,
    client: ProfileSerial,
    seen: &Visibility,
) -> Result<Vec<(AccountId, GroupId)>, StoreError> {
    let may_trade = |account: &Account| {
        account.trade_status != TradeStatus::Disabled
            && account.permissions.has(Permission::Enabled)
            && matches!(account.lifecycle, Lifecycle::Active | Lifecycle::Closing)
    };
    let accounts = tx.accounts_with_full_access(client, seen, ACCOUNTS_MAX)?;
    Ok(accounts.iter().filter(|account| may_trade(account)).map(|account| (account.id, account.group)).collect())
}

/// Starts a session for a client whose password was checked.
///
/// Refusals: the password was changed, or the client hidden, during the check; the client is not verified, which only a
/// caller with the right password learns.
struct BeginSession {
    profile: ProfileId,
    email: EmailKey,
    /// The hash that the password was checked against.
    checked: Option<String>,
}

/// A session whose token is not signed yet.
#[derive(serde::Serialize, serde::Deserialize)]
struct Begun {
    claims: Claims,
    accounts: Vec<(AccountId, GroupId)>,
}

impl Command for BeginSession {
    type Outcome = Begun;
    const ACTION: &'static str = "session.begin";
    const RIGHT: Right = Right::IssueSessions;

    fn run(self, context: &Context<'_>) -> Result<Begun, Failure> {
        let (profile, _) = context
            .tx
            .profile_for_login(&self.email, context.visibility())?
            .filter(|(found, hash)| found.id == self.profile && *hash == self.checked)
            .ok_or(Refusal::Unauthenticated(Credentials::BadLogin))?;
        profile.admit_verified()?;
        context.concerns_of(ObjectKind::Client, profile.id.uuid(), Some(profile.serial));
        let accounts = tradable(context.tx, profile.serial, context.visibility())?;
        let settings = context.app.settings();
        // Platforms compare with real time. The session itself ends by the clock of the sandbox.
        let lifetime_s = i64::from(settings.session_lifetime_s);
        let issued_s = context.app.machine_now().unix_s();
        let claims = Claims {
            iss: settings.session_issuer.clone(),
            aud: settings.session_audience.clone(),
            sub: profile.id,
            accounts: accounts.iter().map(|(account, _)| *account).collect(),
            iat: issued_s,
            exp: issued_s + lifetime_s,
            jti: SessionId::new(context.now, context.app.randomness()),
        };
        context.tx.add_session(claims.jti, profile.serial, context.now, context.clock_now.plus_s(lifetime_s))?;
        Ok(Begun { claims, accounts })
    }
}

impl App {
    /// Starts a session for a client. Takes no idempotency key: each call makes a new token.
    ///
    /// Refusals: missing right; throttled; too many logins are waiting; wrong address or password, or no password set;
    /// the client is not verified, which only a caller with the right password learns.
    pub async fn begin_session(
        self: &Arc<App>,
        caller: &Caller,
        email: &str,
        password: TypedPassword,
    ) -> Result<IssuedSession, Refusal> {
        caller.principal.require(BeginSession::RIGHT)?;
        let email = EmailKey::of(email);
        let visibility = &caller.principal.visibility;
        let found = self.store.read(|tx| Ok(tx.profile_for_login(&email, visibility)?)).map_err(refusal_of_read)?;
        let whose = found.as_ref().map(|(profile, _)| Whose::Client(profile.serial, profile.id));
        let (profile, hash) = found.map_or((None, None), |(profile, hash)| (Some(profile.id), hash));
        // Callers cannot lock out a client that is hidden from them.
        let subject = match &profile {
            Some(_) => Subject::Client(email.as_str()),
            None => Subject::UnknownClient(caller.principal.serial, email.as_str()),
        };
        let attempt = Attempt { name: email.as_str(), whose, by: AttemptBy::Caller(caller) };
        self.check_password(&self.hashers.clients, &[subject], &attempt, password, hash.clone()).await?;
        let profile = profile.ok_or(Refusal::Unauthenticated(Credentials::BadLogin))?;
        let begun = self.execute(caller, None, BeginSession { profile, email, checked: hash }).await?.outcome;
        Ok(IssuedSession {
            token: self.sign(&begun.claims)?,
            expires_at: Moment::from_unix_ms(begun.claims.exp * 1000),
            accounts: begun.accounts,
        })
    }

    /// Signs with the newest key that may sign.
    fn sign(&self, claims: &Claims) -> Result<String, Refusal> {
        let now = self.machine_now();
        let key = self.list_keys()?.into_iter().find(|key| key.may_sign(now)).ok_or_else(|| {
            tracing::error!("no key may sign end-user tokens; run bursar keys rotate --now");
            Refusal::Internal
        })?;
        let private_key = key.private_key(self.key()).ok_or_else(|| {
            tracing::error!(kid = %key.kid, "the installation key does not open the key that signs end-user tokens");
            Refusal::Internal
        })?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key.kid);
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(&private_key)).map_err(|error| {
            tracing::error!(%error, "failed to sign an end-user token");
            Refusal::Internal
        })
    }

    /// The claims of a token, reduced to the accounts that may still trade. None if we did not issue it, it has
    /// expired, or its session has ended. Blocks briefly.
    pub fn introspect(&self, caller: &Caller, token: &str) -> Result<Option<Claims>, Refusal> {
        caller.principal.require(Right::IssueSessions)?;
        let Some(mut claims) = self.session_claims(token) else { return Ok(None) };
        let now = self.now();
        if claims.exp <= self.machine_now().unix_s() {
            return Ok(None);
        }
        let (session, accounts) = self
            .store
            .read(|tx| {
                let session = tx.session(claims.jti)?;
                // The issuing caller may see more than this one, and accounts may have been disabled or archived since.
                let seen = &caller.principal.visibility;
                let accounts = match tx.profile(claims.sub, seen)? {
                    Some(profile) => Some(tradable(tx, profile.serial, seen)?),
                    None => None,
                };
                Ok((session, accounts))
            })
            .map_err(refusal_of_read)?;
        let Some(accounts) = accounts else { return Ok(None) };
        claims.accounts.retain(|named| accounts.iter().any(|(account, _)| account == named));
        let is_good = session.is_some_and(|s| s.revoked_at.is_none() && s.expires_at > now && s.profile == claims.sub);
        Ok(is_good.then_some(claims))
    }

    /// The claims of a token signed by one of the published keys, expired or not.
    pub(in crate::app) fn session_claims(&self, token: &str) -> Option<Claims> {
        let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
        let key = self.published_keys().ok()?.into_iter().find(|key| key.kid == kid)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false; // checked against our own clock
        validation.set_issuer(&[&self.settings.session_issuer]);
        validation.set_audience(&[&self.settings.session_audience]);
        let decoded = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_ed_der(&key.public_key), &validation);
        decoded.ok().map(|data| data.claims)
    }
}
