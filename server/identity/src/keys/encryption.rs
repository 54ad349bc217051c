//! What ID tokens are encrypted for: JSON Web Encryption in compact form (RFC 7516), RSA-OAEP-256 with
//! A256CBC-HS512.
//!
//! No library that is kept well speaks this without a second cryptographic provider, so the composition
//! of RFC 7518, section 5.2, is written here over the primitives of the one that we have. Nothing here
//! decrypts: that is for applications.

use super::{
    KeyError, certificate::Certificate, compact::encode, private::PrivateKey, public::PublicKey, public::key_id,
};
use aws_lc_rs::{
    cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey},
    error::Unspecified,
    hmac,
    iv::FixedLength,
    rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey},
    signature::RsaPublicKeyComponents,
};
use lockgate_engine::ports::Random;
use lockgate_model::kinds::CertificateKeyPair;
use serde_json::{Value, json};
use std::fmt;

const ALG: &str = "RSA-OAEP-256";
const ENC: &str = "A256CBC-HS512";

/// Who may read an encrypted token.
pub struct EncryptionKey {
    /// Key id, made as that of a signing key.
    pub kid: String,
    key: OaepPublicEncryptingKey,
    jwk: Value,
    /// The encoded header, which is also what the tag is over.
    header: String,
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptionKey({})", self.kid)
    }
}

impl EncryptionKey {
    /// The public key of a pair: that of its certificate, for which no private key is needed here, else
    /// that of its private key.
    ///
    /// # Errors
    /// When it is not an RSA key of at least 2048 bits.
    pub fn of(pair: &CertificateKeyPair) -> Result<Self, KeyError> {
        let certificate = Certificate::of_pem(&pair.certificate_data).ok();
        let bytes = match &certificate {
            Some(certificate) => certificate.public.clone(),
            None => PrivateKey::of_pem(&pair.key_data)?.public_bytes().to_vec(),
        };
        let unusable = || KeyError::Unusable("tokens are encrypted for RSA keys only".to_owned());
        let public = PublicKey::rsa(&bytes).ok_or_else(unusable)?;
        let PublicKey::Rsa { n, e } = &public else { return Err(unusable()) };
        let key: PublicEncryptingKey = RsaPublicKeyComponents { n, e }.try_into().map_err(|_| unusable())?;
        let kid = key_id(&bytes);
        // What is inside is a signed token (RFC 7519, section 5.2).
        let header = json!({"alg": ALG, "enc": ENC, "kid": kid, "cty": "JWT"});
        Ok(Self {
            key: OaepPublicEncryptingKey::new(key).map_err(|_| unusable())?,
            jwk: public.jwk(&kid, "enc", ALG, certificate.as_ref()),
            header: encode(header.to_string()),
            kid,
        })
    }

    /// The public key, as member of a key set.
    #[must_use]
    pub fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// Encrypts a signed token: five parts (RFC 7516, section 7.1).
    ///
    /// # Errors
    /// When the library fails.
    pub fn encrypt(&self, jwt: &str, random: &dyn Random) -> Result<String, KeyError> {
        let (mut content_key, mut iv) = ([0; 64], [0; 16]);
        random.fill(&mut content_key);
        random.fill(&mut iv);
        let failed = |_| KeyError::Encrypt;
        let mut wrapped = vec![0; self.key.ciphertext_size()];
        let wrapped = self.key.encrypt(&OAEP_SHA256_MGF1SHA256, &content_key, &mut wrapped, None).map_err(failed)?;
        let sealed = seal(&content_key, iv, jwt.as_bytes(), self.header.as_bytes()).map_err(failed)?;
        let parts = [encode(wrapped), encode(iv), encode(sealed.text), encode(sealed.tag)];
        Ok(format!("{}.{}", self.header, parts.join(".")))
    }
}

pub(super) struct Sealed {
    pub(super) text: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

/// `AEAD_AES_256_CBC_HMAC_SHA_512` (RFC 7518, section 5.2.2.1, with the lengths of 5.2.5).
pub(super) fn seal(key: &[u8; 64], iv: [u8; 16], plain: &[u8], associated: &[u8]) -> Result<Sealed, Unspecified> {
    // Step 1: the first half authenticates, the second encrypts.
    let (mac_key, enc_key) = key.split_at(32);
    // Step 2: CBC with the padding of PKCS #7.
    let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, enc_key)?)?;
    let mut text = plain.to_vec();
    cipher.less_safe_encrypt(&mut text, EncryptionContext::Iv128(FixedLength::from(iv)))?;
    // Steps 3 to 5: the tag is over the associated data, IV, ciphertext, and the length of the first in bits.
    let bits = u64::try_from(associated.len()).map_err(|_| Unspecified)? * 8;
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA512, mac_key));
    for part in [associated, &iv, &text, &bits.to_be_bytes()] {
        mac.update(part);
    }
    let tag = mac.sign().as_ref()[..32].to_vec();
    Ok(Sealed { text, tag })
}
