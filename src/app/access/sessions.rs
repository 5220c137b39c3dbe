//! Sessions of end users: a signed token that the trading platform verifies by itself or asks about.

use crate::app::command::refusal_of_read;
use crate::app::{App, Caller, Failure, refusal_of};
use crate::domain::access::{Right, Visibility};
use crate::domain::accounts::{Account, Lifecycle};
use crate::domain::clock::Moment;
use crate::domain::ids::{AccountId, GroupId, ProfileId, ProfileSerial, SessionId};
use crate::domain::reference::TradeStatus;
use crate::domain::refusal::{Credentials, Excess, Refusal};
use crate::domain::text;
use crate::store::{AuditRow, ReadTx, StoreError};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use std::sync::Arc;

/// What an end-user token says (RFC 7519).
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// Who is to accept it.
    pub aud: String,
    /// The client: a profile id.
    pub sub: ProfileId,
    /// The accounts that the client may trade with.
    pub accounts: Vec<AccountId>,
    /// When it was issued, in seconds.
    pub iat: i64,
    /// When it ends, in seconds.
    pub exp: i64,
    /// The session.
    pub jti: SessionId,
}

/// A session that was begun.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IssuedSession {
    /// The signed token.
    pub token: String,
    /// When it ends.
    pub expires_at: Moment,
    /// The accounts that the client may trade with, and their groups.
    pub accounts: Vec<(AccountId, GroupId)>,
}

/// Accounts that a token names at most.
const ACCOUNTS_MAX: u32 = 500;

/// The accounts that a client may trade with and that the caller sees: it has full access to them, as the primary owner or
/// beside others, and they may trade.
fn tradable(
    tx: &ReadTx<'_>,
    client: ProfileSerial,
    seen: &Visibility,
) -> Result<Vec<(AccountId, GroupId)>, StoreError> {
    let may_trade = |account: &Account| {
        account.trade_status != TradeStatus::Disabled
            && matches!(account.lifecycle, Lifecycle::Active | Lifecycle::Closing)
    };
    let accounts = tx.accounts_with_full_access(client, seen, ACCOUNTS_MAX)?;
    Ok(accounts.iter().filter(|account| may_trade(account)).map(|account| (account.id, account.group)).collect())
}

impl App {
    /// Begins a session for a client. Not repeatable by an idempotency key: each call makes a new token.
    ///
    /// Refusals: missing right, throttled, wrong address or password, or no password set; a client who was not checked, is
    /// dead or archived, which is told only to who knows the password.
    pub async fn begin_session(
        self: &Arc<App>,
        caller: &Caller,
        email: &str,
        password: String,
    ) -> Result<IssuedSession, Refusal> {
        caller.principal.require(Right::IssueSessions)?;
        let folded = text::fold(email);
        let visibility = &caller.principal.visibility;
        let found = self.store.read(|tx| Ok(tx.profile_for_login(&folded, visibility)?)).map_err(refusal_of_read)?;
        let (profile, hash) = found.map_or((None, None), |(profile, hash)| (Some(profile), hash));
        // The caller is the broker's own back end, which speaks for all its clients: only the name is throttled, and
        // nobody can shut out a client that is hidden from it.
        let subject = match &profile {
            Some(_) => format!("client:{folded}"),
            None => format!("unknown client:{}:{folded}", caller.principal.serial),
        };
        self.check_session_login(&subject, password, hash.clone()).await?;
        let profile = profile.ok_or(Refusal::Unauthenticated(Credentials::BadLogin))?;
        profile.admit_verified()?;

        let now = self.now();
        let key = self.list_keys()?.into_iter().find(|key| key.retired_at.is_none()).ok_or(Refusal::Internal)?;
        let accounts = self.store.read(|tx| Ok(tradable(tx, profile.serial, visibility)?)).map_err(refusal_of_read)?;
        let expires_at = Moment::from_unix_ms((now.unix_s() + i64::from(self.settings.session_lifetime_s)) * 1000);
        let claims = Claims {
            iss: self.settings.session_issuer.clone(),
            aud: self.settings.session_audience.clone(),
            sub: profile.id,
            accounts: accounts.iter().map(|(account, _)| *account).collect(),
            iat: now.unix_s(),
            exp: expires_at.unix_s(),
            jti: SessionId::new(now, self.randomness()),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key.kid);
        let token =
            jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_der(&key.private_key)).map_err(|error| {
                tracing::error!(%error, "an end-user token could not be signed");
                Refusal::Internal
            })?;
        let caller = caller.clone();
        let mut ticket = self
            .store
            .submit(move |tx| {
                // The password may have been changed while it was checked.
                let present = tx.profile_for_login(&folded, &Visibility::Everything)?;
                if present.as_ref().is_none_or(|(found, now)| found.id != profile.id || *now != hash) {
                    return Err(Refusal::Unauthenticated(Credentials::BadLogin).into());
                }
                if let Some((present, _)) = present {
                    present.admit_verified()?;
                }
                // An account may have lost this owner; the sessions that were there have ended, and this one was not.
                let still = tradable(tx, profile.serial, &caller.principal.visibility)?;
                if claims.accounts.iter().any(|named| still.iter().all(|(account, _)| account != named)) {
                    return Err(Refusal::Busy { retry_after_s: 1 }.into());
                }
                tx.add_session(claims.jti, profile.serial, now, expires_at)?;
                tx.append_audit(&AuditRow {
                    at: now,
                    principal: caller.principal.serial,
                    token: caller.principal.token,
                    action: "session.begin",
                    object: Some(profile.id.uuid()),
                    request: Some(caller.request),
                    address: caller.address,
                    events: None,
                })?;
                Ok::<_, Failure>(())
            })
            .map_err(refusal_of)?;
        ticket.answer().await.map_err(refusal_of)??;
        Ok(IssuedSession { token, expires_at, accounts })
    }

    async fn check_session_login(&self, subject: &str, password: String, hash: Option<String>) -> Result<(), Refusal> {
        let subjects = [subject.to_owned()];
        if let Some(retry_after_s) = self.logins.wait_s(&subjects, self.now()) {
            return Err(Refusal::Throttled { what: Excess::Logins, retry_after_s });
        }
        if self.verify_password(password, hash).await? {
            self.logins.right(subject);
            Ok(())
        } else {
            self.logins.wrong(&subjects, self.now());
            Err(Refusal::Unauthenticated(Credentials::BadLogin))
        }
    }

    /// What a token says, if it is ours, has not ended, and its session was not ended early; of its accounts those that may
    /// still trade. Blocks shortly.
    pub fn introspect(&self, caller: &Caller, token: &str) -> Result<Option<Claims>, Refusal> {
        caller.principal.require(Right::IssueSessions)?;
        let Some(mut claims) = self.session_claims(token) else { return Ok(None) };
        let now = self.now();
        if claims.exp <= now.unix_s() {
            return Ok(None);
        }
        let (session, accounts) = self
            .store
            .read(|tx| {
                let session = tx.session(claims.jti)?;
                // The token may have been issued by somebody who sees more, and before an account was disabled or archived.
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

    /// What a token says, if one of our published keys signed it; whether it has ended is not asked.
    pub(in crate::app) fn session_claims(&self, token: &str) -> Option<Claims> {
        let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
        let now = self.now();
        let key = self
            .list_keys()
            .ok()?
            .into_iter()
            .find(|key| key.kid == kid && key.withdrawn_at.is_none_or(|at| at > now))?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false; // checked against our own clock
        validation.set_issuer(&[&self.settings.session_issuer]);
        validation.set_audience(&[&self.settings.session_audience]);
        let decoded = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_ed_der(&key.public_key), &validation);
        decoded.ok().map(|data| data.claims)
    }
}
