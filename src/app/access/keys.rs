//! Keys that sign end-user tokens: one signs, and older ones stay published until their last token has expired.

use crate::app::command::refusal_of_read;
use crate::app::{App, Command, Context, Failure};
use crate::domain::access::Right;
use crate::domain::clock::{Moment, Randomness};
use crate::domain::ids::uuid_v7;
use crate::domain::refusal::Refusal;
use crate::store::KeyRow;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

/// How long an old key stays published after its last token has expired, in seconds; allows for clock skew.
const OVERLAP_S: i64 = 300;

/// Makes an Ed25519 key pair.
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
        retired_at: None,
        withdrawn_at: None,
    })
}

/// Makes a new key the signing key. The old one stays published until its last token has expired.
pub struct RotateKeys {
    pub key: KeyRow,
}

impl Command for RotateKeys {
    type Outcome = String;
    const ACTION: &'static str = "keys.rotate";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<String, Failure> {
        let lifetime_s = i64::from(context.app.settings().session_lifetime_s);
        context.tx.rotate_signing_key(&self.key, context.clock_now.plus_s(lifetime_s + OVERLAP_S))?;
        Ok(self.key.kid)
    }
}

impl App {
    /// Newest first, retired keys included. Blocks.
    pub fn list_keys(&self) -> Result<Vec<KeyRow>, Refusal> {
        self.store.read(|tx| Ok(tx.signing_keys()?)).map_err(refusal_of_read)
    }

    /// The keys that verify the tokens in circulation, newest first. Blocks briefly.
    pub fn published_keys(&self) -> Result<Vec<KeyRow>, Refusal> {
        let now = self.now();
        let mut keys = self.list_keys()?;
        keys.retain(|key| key.withdrawn_at.is_none_or(|at| at > now));
        Ok(keys)
    }
}
