//! Keys on P-521 that sign requests to webhooks, for APIs that publish such keys. They are made when the first such
//! API is served, and rotated with those of end-user tokens.

use crate::app::access::new_webhook_key;
use crate::app::{App, Command, Context, Failure};
use crate::domain::access::{ObjectKind, Right};
use crate::domain::refusal::Refusal;
use crate::store::{KeyRow, KeyUse};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair};
use std::sync::Arc;

/// Bytes of a coordinate on P-521.
const COORDINATE: usize = 66;

/// The public half of a key, which receivers verify with: ECDSA on P-521 with SHA-512.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyKey {
    pub kid: String,
    /// 66 bytes, big-endian, and so is `y`.
    pub x: Vec<u8>,
    pub y: Vec<u8>,
}

/// Signs requests to webhooks.
pub struct WebhookSigner {
    pub kid: String,
    pair: EcdsaKeyPair,
}

impl VerifyKey {
    /// None if the stored key is no point on P-521.
    fn of(key: KeyRow) -> Option<VerifyKey> {
        let point = key.public_key.strip_prefix(&[4]).filter(|point| point.len() == 2 * COORDINATE)?;
        let (x, y) = point.split_at(COORDINATE);
        Some(VerifyKey { x: x.to_vec(), y: y.to_vec(), kid: key.kid })
    }
}

impl WebhookSigner {
    /// The signer with a private key in PKCS#8.
    fn new(kid: String, private_key: &[u8]) -> Result<WebhookSigner, Refusal> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P521_SHA512_ASN1_SIGNING, private_key).map_err(|error| {
            tracing::error!(%error, kid, "the key that signs requests to webhooks is unreadable");
            Refusal::Internal
        })?;
        Ok(WebhookSigner { kid, pair })
    }

    /// An ECDSA signature over SHA-512 in ASN.1 DER.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        let signature = self.pair.sign(&SystemRandom::new(), message).map_err(|_| {
            tracing::error!("failed to sign a request to a webhook");
            Refusal::Internal
        })?;
        Ok(signature.as_ref().to_vec())
    }
}

/// Adds the first key that signs requests to webhooks.
struct AddWebhookKey {
    key: KeyRow,
}

impl Command for AddWebhookKey {
    type Outcome = ();
    const ACTION: &'static str = "keys.add";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        if let Ok(kid) = self.key.kid.parse() {
            context.concerns(ObjectKind::SigningKey, kid);
        }
        Ok(context.tx.add_signing_key(&self.key)?)
    }
}

impl App {
    /// Makes a key if none signs, as in a new database or after a restore. Blocks.
    pub fn ensure_webhook_key(self: &Arc<App>) -> Result<(), Refusal> {
        let now = self.machine_now();
        let is_alive = |key: &KeyRow| key.retired_at.is_none() && key.is_published(now);
        if self.keys_for(KeyUse::Webhooks)?.iter().any(is_alive) {
            return Ok(());
        }
        let key = new_webhook_key(now, self.randomness(), self.key())?;
        self.execute_blocking(&self.system_caller(), AddWebhookKey { key }).map(|_| ())
    }

    /// Signs with the newest key that may sign. Blocks briefly.
    pub fn webhook_signer(&self) -> Result<WebhookSigner, Refusal> {
        let now = self.machine_now();
        let key = self.keys_for(KeyUse::Webhooks)?.into_iter().find(|key| key.may_sign(now));
        let opened = key.and_then(|key| Some((key.private_key(self.key())?, key.kid)));
        let (private_key, kid) = opened.ok_or_else(|| {
            tracing::error!("no key may sign requests to webhooks; run bursar keys rotate --now");
            Refusal::Internal
        })?;
        WebhookSigner::new(kid, &private_key)
    }

    /// The keys that verify requests to webhooks, newest first. Blocks briefly.
    pub fn webhook_keys(&self) -> Result<Vec<VerifyKey>, Refusal> {
        let now = self.machine_now();
        let published = self.keys_for(KeyUse::Webhooks)?.into_iter().filter(|key| key.is_published(now));
        Ok(published.filter_map(VerifyKey::of).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::{Moment, Randomness};
    use crate::store::InstallationKey;
    use p521::ecdsa::signature::Verifier;
    use p521::ecdsa::{Signature, VerifyingKey};

    struct Sevens;

    impl Randomness for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn another_library_verifies_signatures_with_the_published_key() {
        let dir = tempfile::tempdir().unwrap();
        let sealer = InstallationKey::create(&dir.path().join("installation.key")).unwrap();
        let key = new_webhook_key(Moment::from_unix_ms(0), &Sevens, &sealer).unwrap();
        let signer = WebhookSigner::new(key.kid.clone(), &key.private_key(&sealer).unwrap()).unwrap();
        let signature = Signature::from_der(&signer.sign(b"message").unwrap()).unwrap();
        let VerifyKey { kid, x, y } = VerifyKey::of(key).unwrap();
        assert_eq!((kid == signer.kid, x.len(), y.len()), (true, 66, 66));
        let verifier = VerifyingKey::from_sec1_bytes(&[&[4], &x[..], &y[..]].concat()).unwrap();
        verifier.verify(b"message", &signature).unwrap();
        assert!(verifier.verify(b"Message", &signature).is_err());
    }
}
