//! Secrets at rest: sealed where they must be read again, hashed where recognising them is enough.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::StoreError;

const PREFIX: &str = "sealed:v1:";
const KEY_BYTES: usize = 32;

/// The hex SHA-256 of a secret with full entropy (session id, token key, code): enough to find its row,
/// of no use to whoever reads the table. Not for passwords.
#[must_use]
pub fn hash_secret(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// Seals and opens secrets with AES-256-GCM under a key that HKDF-SHA256 (RFC 5869) derives from the
/// installation's secret key. Sealed text reads `sealed:v1:` and base64 of nonce, ciphertext and tag.
pub struct SealKey {
    seal: RandomizedNonceKey,
    recognise: hmac::Key,
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey(..)")
    }
}

struct KeyLength;

impl KeyType for KeyLength {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

/// A key for one purpose.
fn expanded(prk: &Prk, purpose: &[u8]) -> Option<[u8; KEY_BYTES]> {
    let mut key = [0_u8; KEY_BYTES];
    prk.expand(&[purpose], KeyLength).ok()?.fill(&mut key).ok()?;
    Some(key)
}

impl SealKey {
    /// Derives the key from the installation's secret key.
    ///
    /// # Errors
    /// [`StoreError::Seal`] if the secret is empty or the library refuses.
    pub fn derive(secret: &[u8]) -> Result<Self, StoreError> {
        let failed = || StoreError::Seal { what: "the installation".to_owned() };
        if secret.is_empty() {
            return Err(failed());
        }
        let prk = Salt::new(HKDF_SHA256, b"lockgate").extract(secret);
        let derived = |purpose: &[u8]| expanded(&prk, purpose).ok_or_else(failed);
        let seal = RandomizedNonceKey::new(&AES_256_GCM, &derived(b"seal v1")?).map_err(|_| failed())?;
        Ok(Self { seal, recognise: hmac::Key::new(HMAC_SHA256, &derived(b"recognise v1")?) })
    }

    /// The hex HMAC-SHA256 of a secret with little entropy, such as a code that people copy from paper: enough to
    /// find its row, and whoever reads the table cannot try all of them. `place` is bound to it.
    #[must_use]
    pub fn recognise(&self, place: &str, secret: &str) -> String {
        let mut context = hmac::Context::with_key(&self.recognise);
        // The length keeps place and secret apart.
        context.update(&(place.len() as u64).to_be_bytes());
        context.update(place.as_bytes());
        context.update(secret.as_bytes());
        hex::encode(context.sign())
    }

    /// Seals `plain`. `place` is bound to it: the text opens at that place only, so that rows cannot be
    /// swapped by whoever can write to the database.
    ///
    /// # Errors
    /// [`StoreError::Seal`] if the library refuses.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<String, StoreError> {
        let mut bytes = plain.to_vec();
        let nonce = self
            .seal
            .seal_in_place_append_tag(Aad::from(place.as_bytes()), &mut bytes)
            .map_err(|_| StoreError::Seal { what: place.to_owned() })?;
        let mut whole = nonce.as_ref().to_vec();
        whole.extend_from_slice(&bytes);
        Ok(format!("{PREFIX}{}", STANDARD.encode(whole)))
    }

    /// Opens what [`Self::seal`] made for the same place.
    ///
    /// # Errors
    /// [`StoreError::Seal`] if the text is not sealed, was sealed elsewhere or under another key.
    pub fn open(&self, place: &str, sealed: &str) -> Result<Vec<u8>, StoreError> {
        let failed = || StoreError::Seal { what: place.to_owned() };
        let encoded = sealed.strip_prefix(PREFIX).ok_or_else(failed)?;
        let mut whole = STANDARD.decode(encoded).map_err(|_| failed())?;
        if whole.len() < NONCE_LEN {
            return Err(failed());
        }
        let mut bytes = whole.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&whole).map_err(|_| failed())?;
        let aad = Aad::from(place.as_bytes());
        let plain = self.seal.open_in_place(nonce, aad, &mut bytes).map_err(|_| failed())?;
        Ok(plain.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_at_its_own_place_and_under_its_own_key_only() -> Result<(), StoreError> {
        let key = SealKey::derive(b"one installation")?;
        let sealed = key.seal("place", b"hush")?;
        assert!(sealed.starts_with(PREFIX) && !sealed.contains("hush"));
        assert_eq!(key.open("place", &sealed)?, b"hush");
        assert_ne!(sealed, key.seal("place", b"hush")?, "nonces differ");
        assert!(key.open("elsewhere", &sealed).is_err());
        assert!(SealKey::derive(b"another")?.open("place", &sealed).is_err());
        for broken in ["", "hush", "sealed:v1:", "sealed:v1:AAAA", "sealed:v1:%"] {
            assert!(key.open("place", broken).is_err(), "{broken}");
        }
        Ok(())
    }

    #[test]
    fn what_is_recognised_depends_on_key_place_and_secret() -> Result<(), StoreError> {
        let key = SealKey::derive(b"one installation")?;
        let code = key.recognise("a", "bc");
        assert_eq!(code, key.recognise("a", "bc"));
        assert_eq!(code.len(), 64);
        assert_ne!(code, key.recognise("ab", "c"));
        assert_ne!(code, SealKey::derive(b"another")?.recognise("a", "bc"));
        Ok(())
    }

    #[test]
    fn hashing_is_plain_sha_256() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash_secret("abc"), abc);
    }
}
