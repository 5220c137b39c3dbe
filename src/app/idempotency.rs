//! Idempotency: what is stored of a call so that it can be repeated, and who may receive its outcome again.

use crate::app::{App, Caller, Context, Failure};
use crate::domain::access::{Right, Visibility};
use crate::domain::ids::ProfileId;
use crate::domain::refusal::Refusal;
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Makes a call repeatable: the caller's key and the call that it stands for.
#[derive(Clone, Debug)]
pub struct RetryKey {
    /// As the caller sent it.
    pub key: String,
    /// The bytes that distinguish the call from any other. Only a keyed hash of them is stored.
    pub call: Vec<u8>,
    /// Whether the call contains a secret, such as a password; if so, it is hashed slowly.
    pub holds_secret: bool,
}

/// The hashes under which an outcome is stored.
pub(in crate::app) struct RetryHashes {
    pub key: [u8; 16],
    pub call: [u8; 16],
}

/// The clients that a command revealed to its caller, and the rights that its parts required. A token of the same
/// operator that sees less is not given the outcome.
#[derive(Debug, Default)]
pub(in crate::app) struct Involved {
    /// The clients whose tags decide who may receive the outcome.
    pub clients: BTreeSet<ProfileId>,
    /// Rights beyond the command's own.
    pub rights: BTreeSet<Right>,
}

impl Involved {
    pub(in crate::app) fn join(&mut self, mut other: Involved) {
        self.clients.append(&mut other.clients);
        self.rights.append(&mut other.rights);
    }
}

/// An outcome as stored for retries. Most commands are about one client, which is stored without a list.
#[derive(Serialize, Deserialize)]
pub(in crate::app) struct Kept<O> {
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    client: Option<ProfileId>,
    #[serde(rename = "m", default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    more_clients: Vec<ProfileId>,
    #[serde(rename = "r", default = "BTreeSet::new", skip_serializing_if = "BTreeSet::is_empty")]
    rights: BTreeSet<Right>,
    #[serde(rename = "o")]
    pub outcome: O,
}

impl<O> Kept<O> {
    pub(in crate::app) fn new(involved: Involved, outcome: O) -> Kept<O> {
        let mut clients = involved.clients.into_iter();
        Kept { client: clients.next(), more_clients: clients.collect(), rights: involved.rights, outcome }
    }

    /// Refuses a caller who sees less than the original one, just as if the key had been used for another call.
    pub(in crate::app) fn admit(&self, context: &Context<'_>) -> Result<(), Failure> {
        let lacks = |right: &Right| context.caller.principal.require(*right).is_err();
        if self.rights.iter().any(lacks) {
            return Err(Refusal::IdempotencyConflict.into());
        }
        if matches!(context.visibility(), Visibility::Everything) {
            return Ok(());
        }
        for client in self.client.iter().chain(&self.more_clients) {
            if context.tx.profile(*client, context.visibility())?.is_none() {
                return Err(Refusal::IdempotencyConflict.into());
            }
        }
        Ok(())
    }
}

impl App {
    pub(in crate::app) async fn retry_hashes(&self, caller: &Caller, retry: RetryKey) -> Result<RetryHashes, Refusal> {
        let mut scoped = caller.principal.serial.0.to_be_bytes().to_vec();
        scoped.extend_from_slice(retry.key.as_bytes());
        let key = self.keyed_hash(b"key", &scoped);
        let call = match retry.holds_secret {
            true => self.slow_hash(retry.call, key).await?,
            false => self.keyed_hash(b"call", &retry.call),
        };
        Ok(RetryHashes { key, call })
    }

    pub(in crate::app) fn keyed_hash(&self, purpose: &[u8], bytes: &[u8]) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.hash_key);
        context.update(purpose);
        context.update(bytes);
        let mut hash = [0; 16];
        hash.copy_from_slice(&context.sign().as_ref()[..16]);
        hash
    }
}
