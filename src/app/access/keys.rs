//! Keys that sign end-user tokens. A new key is published for a while before it signs, so that platforms that cache the
//! key set know it in time, and stays published after it has retired until its last token has expired.
//!
//! Platforms compare with real time, so all moments here are those of the machine's clock, in a sandbox too.

use crate::app::command::refusal_of_read;
use crate::app::{App, Command, Context, Failure};
use crate::domain::access::{ObjectKind, Right};
use crate::domain::clock::{Moment, Randomness};
use crate::domain::ids::uuid_v7;
use crate::domain::refusal::Refusal;
use crate::store::KeyRow;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

/// How long an old key stays published after its last token has expired, in seconds; allows for clock skew.
const OVERLAP_S: i64 = 300;

/// Makes an Ed25519 key pair that may sign at once.
pub fn new_key(now: Moment, randomness: &dyn Randomness) -> Result<KeyRow, Refusal> {
    let defect = |what: &'static str| {
        tracing::error!(what, "failed to make a signing key");
        Refusal::Internal
    };
    let pair = Ed25519KeyPair::generate().map_err(|_| defect("generate"))?;
    let private_key = pair.to_pkcs8().map_err(|_| defect("encode"))?;
    Ok(KeyRow {
        kid: uuid_v7(now, randomness).simple().to_string(),
        private_key: private_key.as_ref().to_vec(),
        public_key: pair.public_key().as_ref().to_vec(),
        created_at: now,
        signs_from: now,
        retired_at: None,
        withdrawn_at: None,
    })
}

/// Makes a new key the signing key.
pub struct RotateKeys {
    pub key: KeyRow,
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
        if self.at_once {
            self.key.signs_from = now;
            context.tx.replace_signing_keys(&self.key)?;
        } else {
            self.key.signs_from = now.plus_s(i64::from(settings.session_key_notice_s));
            let last_token_s = i64::from(settings.session_lifetime_s);
            context.tx.rotate_signing_key(&self.key, self.key.signs_from.plus_s(last_token_s + OVERLAP_S))?;
        }
        Ok(Rotated { kid: self.key.kid, signs_from: self.key.signs_from })
    }
}

impl App {
    /// Newest first. Blocks.
    pub fn list_keys(&self) -> Result<Vec<KeyRow>, Refusal> {
        self.store.read(|tx| Ok(tx.signing_keys()?)).map_err(refusal_of_read)
    }

    /// The keys that verify the tokens in circulation and those to come, newest first. Blocks briefly.
    pub fn published_keys(&self) -> Result<Vec<KeyRow>, Refusal> {
        let now = self.machine_now();
        let mut keys = self.list_keys()?;
        keys.retain(|key| key.is_published(now));
        Ok(keys)
    }
}
