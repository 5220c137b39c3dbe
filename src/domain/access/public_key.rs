//! Public keys with which API clients sign their requests.

use crate::domain::named::named_enum;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, ParsedPublicKey,
    VerificationAlgorithm,
};
use serde::{Deserialize, Serialize};

named_enum! {
    /// The kind of a key. ECDSA is always with SHA-512.
    pub enum KeyKind {
        P256 = "ecdsa-p256-sha512",
        P384 = "ecdsa-p384-sha512",
        P521 = "ecdsa-p521-sha512",
        Ed25519 = "ed25519",
    }
}

impl KeyKind {
    fn algorithm(self) -> &'static dyn VerificationAlgorithm {
        match self {
            KeyKind::P256 => &ECDSA_P256_SHA512_ASN1,
            KeyKind::P384 => &ECDSA_P384_SHA512_ASN1,
            KeyKind::P521 => &ECDSA_P521_SHA512_ASN1,
            KeyKind::Ed25519 => &ED25519,
        }
    }

    /// The length of each of the two numbers of a raw ECDSA signature, in bytes; None for Ed25519.
    fn scalar_len(self) -> Option<usize> {
        match self {
            KeyKind::P256 => Some(32),
            KeyKind::P384 => Some(48),
            KeyKind::P521 => Some(66),
            KeyKind::Ed25519 => None,
        }
    }
}

/// A public key of one of the known kinds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Vec<u8>", into = "Vec<u8>")]
pub struct PublicKey {
    kind: KeyKind,
    /// A SubjectPublicKeyInfo in DER.
    der: Vec<u8>,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo in DER. None if it is malformed or of another kind.
    pub fn from_der(der: Vec<u8>) -> Option<PublicKey> {
        // Ed25519 keys are also known as 32 bare bytes, which are not what is asked for.
        let is_wrapped = der.len() > 32;
        let kind = KeyKind::ALL.into_iter().find(|kind| ParsedPublicKey::new(kind.algorithm(), &der).is_ok());
        kind.filter(|_| is_wrapped).map(|kind| PublicKey { kind, der })
    }

    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Whether this is the signature of the message. ECDSA signatures may be in DER or raw, as r and s in a row.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(key) = ParsedPublicKey::new(self.kind.algorithm(), &self.der) else { return false };
        if key.verify_sig(message, signature).is_ok() {
            return true;
        }
        match self.kind.scalar_len() {
            Some(len) if signature.len() == 2 * len => {
                let (r, s) = signature.split_at(len);
                key.verify_sig(message, &der_of(r, s)).is_ok()
            }
            _ => false,
        }
    }
}

impl TryFrom<Vec<u8>> for PublicKey {
    type Error = &'static str;

    fn try_from(der: Vec<u8>) -> Result<Self, Self::Error> {
        PublicKey::from_der(der).ok_or("not a public key for ECDSA on P-256, P-384 or P-521, or for Ed25519")
    }
}

impl From<PublicKey> for Vec<u8> {
    fn from(key: PublicKey) -> Self {
        key.der
    }
}

/// The two numbers of an ECDSA signature as a DER sequence (RFC 3279, 2.2.3). Each has at most 66 bytes.
fn der_of(r: &[u8], s: &[u8]) -> Vec<u8> {
    let mut numbers = Vec::new();
    for number in [r, s] {
        let digits = number.iter().position(|byte| *byte != 0).map_or(&[][..], |first| &number[first..]);
        // A number is positive if its first bit is not set; zero has one byte.
        let needs_zero = digits.first().is_none_or(|first| first & 0x80 != 0);
        let len = digits.len() + usize::from(needs_zero);
        numbers.extend([0x02, u8::try_from(len).unwrap_or(u8::MAX)]);
        numbers.extend(needs_zero.then_some(0));
        numbers.extend(digits);
    }
    let len = u8::try_from(numbers.len()).unwrap_or(u8::MAX);
    let mut sequence = vec![0x30];
    if len >= 0x80 {
        sequence.push(0x81);
    }
    sequence.push(len);
    sequence.extend(numbers);
    sequence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_signature_are_minimal_in_der() {
        assert_eq!(der_of(&[0, 0, 5], &[0x80, 1]), [0x30, 8, 2, 1, 5, 2, 3, 0, 0x80, 1]);
        assert_eq!(der_of(&[0, 0], &[0x7f]), [0x30, 6, 2, 1, 0, 2, 1, 0x7f]);
        let long = der_of(&[0xff; 66], &[1; 66]);
        assert_eq!((long.len(), &long[..5]), (3 + 2 + 67 + 2 + 66, &[0x30, 0x81, 137, 2, 67][..]));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(PublicKey::from_der(vec![7; 32]), None);
        assert_eq!(PublicKey::from_der(Vec::new()), None);
        assert_eq!(PublicKey::from_der(vec![0x30; 91]), None);
    }
}
