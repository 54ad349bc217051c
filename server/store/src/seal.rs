//! Secrets at rest: sealed where they must be read again, hashed where recognising them is enough.

use std::sync::OnceLock;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::StoreError;

/// With this begins every sealed text.
pub(crate) const PREFIX: &str = "sealed:v1:";
const KEY_BYTES: usize = 32;

/// The hex SHA-256 of a secret with full entropy (session id, token key, code): enough to find its row,
/// of no use to whoever reads the table. Not for passwords.
#[must_use]
pub fn hash_secret(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// What a secret in the plan of a flow is sealed for: the account that it is shown to.
#[must_use]
pub fn plan_place(user: i64) -> String {
    format!("plan of {user}")
}

/// What the content of a task is sealed for.
#[must_use]
pub fn task_place(queue: &str, id: Uuid) -> String {
    format!("{queue} {id}")
}

/// Seals and opens secrets with AES-256-GCM under a key that HKDF-SHA256 (RFC 5869) derives from the
/// installation's secret key. Sealed text reads `sealed:v1:` and base64 of nonce, ciphertext and tag.
pub struct SealKey {
    seal: RandomizedNonceKey,
    /// Keys that open, and seal nothing.
    others: Vec<RandomizedNonceKey>,
    derived: [u8; KEY_BYTES],
    recognise: OnceLock<hmac::Key>,
    prove: hmac::Key,
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
        let prove = hmac::Key::new(HMAC_SHA256, &derived(b"prove v1")?);
        Ok(Self { seal, others: Vec::new(), derived: derived(b"recognise v1")?, recognise: OnceLock::new(), prove })
    }

    /// Has another secret key open what is sealed under it, as long as both are in use.
    ///
    /// # Errors
    /// As [`Self::derive`].
    pub fn opening(mut self, secret: &[u8]) -> Result<Self, StoreError> {
        self.others.push(Self::derive(secret)?.seal);
        Ok(self)
    }

    /// Whether there is more than one key.
    #[must_use]
    pub fn has_others(&self) -> bool {
        !self.others.is_empty()
    }

    /// The key of [`Self::recognise`] for an installation that has none yet: made anew, or derived from the secret key as
    /// releases did that had no other.
    pub(crate) fn new_recognition(&self, is_derived: bool) -> Result<[u8; KEY_BYTES], StoreError> {
        let mut key = self.derived;
        if !is_derived {
            rand::fill(&mut key).map_err(|_| StoreError::Seal { what: "the installation".to_owned() })?;
        }
        Ok(key)
    }

    /// The key of [`Self::recognise`] as it is kept; the first that is told counts.
    pub(crate) fn recognise_by(&self, key: &[u8]) {
        self.recognise.get_or_init(|| hmac::Key::new(HMAC_SHA256, key));
    }

    /// The hex HMAC-SHA256 of a secret with little entropy, such as a code that people copy from paper: enough to
    /// find its row, and whoever reads the table cannot try all of them. `place` is bound to it.
    #[must_use]
    pub fn recognise(&self, place: &str, secret: &str) -> String {
        marked(self.recognise.get_or_init(|| hmac::Key::new(HMAC_SHA256, &self.derived)), place, secret)
    }

    /// The hex HMAC-SHA256 of a text, by which whoever has the secret key itself shows it: nothing that is stored is needed
    /// for it. `place` is bound to it.
    #[must_use]
    pub fn prove(&self, place: &str, text: &str) -> String {
        marked(&self.prove, place, text)
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
        std::iter::once(&self.seal)
            .chain(&self.others)
            .find_map(|key| opened(key, place, sealed))
            .ok_or_else(|| StoreError::Seal { what: place.to_owned() })
    }

    /// What another key has sealed, sealed under the first; `None` if it is already.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) fn resealed(&self, place: &str, sealed: &str) -> Result<Option<String>, StoreError> {
        if opened(&self.seal, place, sealed).is_some() {
            return Ok(None);
        }
        self.seal(place, &self.open(place, sealed)?).map(Some)
    }
}

fn marked(key: &hmac::Key, place: &str, text: &str) -> String {
    let mut context = hmac::Context::with_key(key);
    // The length keeps place and text apart.
    context.update(&(place.len() as u64).to_be_bytes());
    context.update(place.as_bytes());
    context.update(text.as_bytes());
    hex::encode(context.sign())
}

fn opened(key: &RandomizedNonceKey, place: &str, sealed: &str) -> Option<Vec<u8>> {
    let mut whole = STANDARD.decode(sealed.strip_prefix(PREFIX)?).ok()?;
    if whole.len() < NONCE_LEN {
        return None;
    }
    let mut bytes = whole.split_off(NONCE_LEN);
    let nonce = Nonce::try_assume_unique_for_key(&whole).ok()?;
    let plain = key.open_in_place(nonce, Aad::from(place.as_bytes()), &mut bytes).ok()?;
    Some(plain.to_vec())
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
        let proof = key.prove("a", "bc");
        assert_ne!(proof, code);
        key.recognise_by(b"a key that was kept before");
        assert_eq!(proof, SealKey::derive(b"one installation")?.prove("a", "bc"), "whatever is stored");
        Ok(())
    }

    #[test]
    fn another_key_opens_and_does_not_seal() -> Result<(), StoreError> {
        let old = SealKey::derive(b"the old one")?;
        let both = SealKey::derive(b"the new one")?.opening(b"the old one")?;
        let sealed = old.seal("place", b"hush")?;
        assert_eq!(both.open("place", &sealed)?, b"hush");
        let again = both.resealed("place", &sealed)?.unwrap_or_default();
        assert!(old.open("place", &again).is_err());
        assert_eq!(SealKey::derive(b"the new one")?.open("place", &again)?, b"hush");
        assert_eq!(both.resealed("place", &again)?, None);
        assert!(both.resealed("elsewhere", &sealed).is_err());
        Ok(())
    }

    #[test]
    fn hashing_is_plain_sha_256() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash_secret("abc"), abc);
    }
}
