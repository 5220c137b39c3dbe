//! Keys that sign end-user tokens and requests to webhooks. A new key is published for a while before it signs, so
//! that platforms that cache the key set know it in time, and stays published after it has retired until its last
//! token has expired.
//!
//! Platforms compare with real time, so all moments here are those of the machine's clock, in a sandbox too.

use crate::app::command::refusal_of_read;
use crate::app::{App, Caller, Command, Context, Failure};
use crate::domain::access::{ObjectKind, Right};
use crate::domain::clock::{Moment, Randomness};
use crate::domain::ids::uuid_v7;
use crate::domain::refusal::Refusal;
use crate::store::{InstallationKey, KeyRow, KeyUse};
use aws_lc_rs::signature::{ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use std::sync::Arc;

/// How long an old key stays published after its last token has expired, in seconds; allows for clock skew.
const OVERLAP_S: i64 = 300;

/// How long an old key for webhooks stays published after its last signature, in seconds: receivers may verify late.
const WEBHOOK_OVERLAP_S: i64 = 86_400;

/// Makes an Ed25519 key pair that may sign end-user tokens at once, its private key sealed.
pub fn new_key(now: Moment, randomness: &dyn Randomness, sealer: &InstallationKey) -> Result<KeyRow, Refusal> {
    let pair = Ed25519KeyPair::generate().map_err(|_| defect("generate"))?;
    let private_key = pair.to_pkcs8().map_err(|_| defect("encode"))?;
    let kid = uuid_v7(now, randomness).simple().to_string();
    sealed(KeyUse::Sessions, kid, (private_key.as_ref(), pair.public_key().as_ref()), (now, sealer))
}

/// Makes a key pair on P-521 that may sign requests to webhooks at once, its private key sealed.
pub fn new_webhook_key(now: Moment, randomness: &dyn Randomness, sealer: &InstallationKey) -> Result<KeyRow, Refusal> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P521_SHA512_ASN1_SIGNING).map_err(|_| defect("generate"))?;
    let private_key = pair.to_pkcs8v1().map_err(|_| defect("encode"))?;
    let kid = uuid_v7(now, randomness).hyphenated().to_string();
    sealed(KeyUse::Webhooks, kid, (private_key.as_ref(), pair.public_key().as_ref()), (now, sealer))
}

fn defect(what: &'static str) -> Refusal {
    tracing::error!(what, "failed to make a signing key");
    Refusal::Internal
}

fn sealed(
    usage: KeyUse,
    kid: String,
    (private_key, public_key): (&[u8], &[u8]),
    (now, sealer): (Moment, &InstallationKey),
) -> Result<KeyRow, Refusal> {
    Ok(KeyRow {
        usage,
        sealed_key: Some(KeyRow::seal(usage, &kid, private_key, sealer).ok_or_else(|| defect("seal"))?),
        kid,
        was_plain: false,
        public_key: public_key.to_vec(),
        created_at: now,
        signs_from: now,
        retired_at: None,
        withdrawn_at: None,
    })
}

/// Makes a new key the signing key, and one for webhooks if there is one.
pub struct RotateKeys {
    pub key: KeyRow,
    pub webhook_key: KeyRow,
    /// The other keys are compromised: the new one signs at once, and they are withdrawn with all their tokens.
    /// Otherwise the new one is published first, for `sessions.key_notice_s`.
    pub at_once: bool,
}

/// A key that was added.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Rotated {
    pub kid: String,
    /// By the machine's clock.
    pub signs_from: Moment,
}

impl Command for RotateKeys {
    type Outcome = Rotated;
    const ACTION: &'static str = "keys.rotate";
    const RIGHT: Right = Right::Administer;

    fn run(mut self, context: &Context<'_>) -> Result<Rotated, Failure> {
        let (settings, now) = (context.app.settings(), context.app.machine_now());
        if let Ok(kid) = self.key.kid.parse() {
            context.concerns(ObjectKind::SigningKey, kid);
        }
        let signs_webhooks = !context.tx.signing_keys(KeyUse::Webhooks)?.is_empty();
        if self.at_once {
            self.key.signs_from = now;
            self.webhook_key.signs_from = now;
            context.tx.withdraw_signing_keys(now)?;
        } else {
            let notice_s = i64::from(settings.session_key_notice_s);
            (self.key.signs_from, self.webhook_key.signs_from) = (now.plus_s(notice_s), now.plus_s(notice_s));
        }
        let last_token_s = i64::from(settings.session_lifetime_s);
        context.tx.rotate_signing_key(&self.key, self.key.signs_from.plus_s(last_token_s + OVERLAP_S))?;
        if signs_webhooks {
            let withdrawn_at = self.webhook_key.signs_from.plus_s(WEBHOOK_OVERLAP_S);
            context.tx.rotate_signing_key(&self.webhook_key, withdrawn_at)?;
        }
        Ok(Rotated { kid: self.key.kid, signs_from: self.key.signs_from })
    }
}

/// Erases the private keys that have retired.
struct EraseRetiredKeys;

impl Command for EraseRetiredKeys {
    type Outcome = ();
    const ACTION: &'static str = "keys.erase";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        context.concerns(ObjectKind::Installation, context.app.installation().uuid);
        Ok(context.tx.erase_private_keys(context.app.machine_now())?)
    }
}

impl App {
    /// Erases the private keys that have retired, and announces a successor to a key that backups of an earlier version
    /// hold unsealed. Blocks.
    pub fn tidy_keys(self: &Arc<App>) -> Result<(), Refusal> {
        if self.clock_leap().is_some() {
            return Ok(());
        }
        let (caller, now, keys) = (self.system_caller(), self.machine_now(), self.list_keys()?);
        let mut all = keys.iter().cloned().chain(self.keys_for(KeyUse::Webhooks)?);
        if all.any(|key| key.sealed_key.is_some() && key.retired_at.is_some_and(|at| at <= now)) {
            self.execute_blocking(&caller, EraseRetiredKeys)?;
        }
        if keys.iter().any(|key| key.was_plain && key.retired_at.is_none()) {
            let rotated = self.rotate_keys(&caller, false)?;
            tracing::warn!(
                kid = %rotated.kid,
                signs_from = %rotated.signs_from,
                "older backups hold the key that signs end-user tokens; a new one is announced and will replace it"
            );
        }
        Ok(())
    }

    /// Makes new keys. Blocks.
    pub fn rotate_keys(self: &Arc<App>, caller: &Caller, at_once: bool) -> Result<Rotated, Refusal> {
        let now = self.machine_now();
        let key = new_key(now, self.randomness(), self.key())?;
        let webhook_key = new_webhook_key(now, self.randomness(), self.key())?;
        Ok(self.execute_blocking(caller, RotateKeys { key, webhook_key, at_once })?.outcome)
    }

    /// Keys of end-user tokens, newest first. Blocks.
    pub fn list_keys(&self) -> Result<Vec<KeyRow>, Refusal> {
        self.keys_for(KeyUse::Sessions)
    }

    pub(in crate::app) fn keys_for(&self, usage: KeyUse) -> Result<Vec<KeyRow>, Refusal> {
        self.store.read(|tx| Ok(tx.signing_keys(usage)?)).map_err(refusal_of_read)
    }

    /// The keys that verify the tokens in circulation and those to come, newest first. Blocks briefly.
    pub fn published_keys(&self) -> Result<Vec<KeyRow>, Refusal> {
        let now = self.machine_now();
        let mut keys = self.list_keys()?;
        keys.retain(|key| key.is_published(now));
        Ok(keys)
    }
}
