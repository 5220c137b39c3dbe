//! API clients: programs with credentials of their own for one API.

use crate::domain::access::PublicKey;
use crate::domain::clock::Moment;
use crate::domain::ids::ClientKeyId;

/// What a principal that is an API client has beyond rights and visibility.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiClient {
    /// The API that it may call.
    pub api: String,
    /// Whether it showed its secret rather than a token that was issued for it.
    pub is_by_secret: bool,
    /// In the order in which they were registered.
    pub keys: Vec<ClientKey>,
}

/// A registered key of an API client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientKey {
    pub id: ClientKeyId,
    pub public: PublicKey,
    /// When its signatures count no more, by the machine's clock.
    pub expires_at: Option<Moment>,
}

impl ApiClient {
    /// The key with this id, if its signatures count.
    pub fn key(&self, id: ClientKeyId, now: Moment) -> Option<&PublicKey> {
        let is_good = |key: &&ClientKey| key.id == id && key.expires_at.is_none_or(|end| end > now);
        self.keys.iter().find(is_good).map(|key| &key.public)
    }
}

/// A nonce of a signed request, which must not be used again until the signature ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Nonce {
    /// Keyed hash of the client and the nonce.
    pub hash: [u8; 16],
    /// By the machine's clock.
    pub expires_at: Moment,
}
