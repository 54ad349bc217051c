//! Passkeys without hands: one in software, for clients without a browser, and the browser's own virtual one.

use std::fmt::Debug;

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use crate::Browser;

/// Flags of authenticator data (WebAuthn, section 6.1).
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

/// A passkey in software (ES256), which does what a page's script and its browser do.
pub struct SoftPasskey {
    key: EcdsaKeyPair,
    id: [u8; 16],
    /// AAGUID that it tells.
    pub model: [u8; 16],
    /// What it remembers of its owner.
    handle: String,
    /// Times that it was used.
    pub counter: u32,
    /// Whether it verifies who holds it.
    pub verifies: bool,
}

impl SoftPasskey {
    /// A new one.
    ///
    /// # Panics
    /// When the machine has no randomness.
    pub fn new() -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let mut id = [0; 16];
        aws_lc_rs::rand::fill(&mut id).expect("randomness");
        Self { key, id, model: [0; 16], handle: String::new(), counter: 0, verifies: true }
    }

    fn answer(&self, response: &Value) -> Value {
        let id = URL_SAFE_NO_PAD.encode(self.id);
        json!({"id": id, "rawId": id, "type": "public-key", "extensions": {}, "response": response})
    }

    fn data(&self, rp: &str, flags: u8) -> Vec<u8> {
        let flags = flags | PRESENT | if self.verifies { VERIFIED } else { 0 };
        let mut data = digest(&SHA256, rp.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// Is registered at a site: what `navigator.credentials.create` answers to these options at this origin.
    ///
    /// # Panics
    /// When the options are not what browsers take.
    pub fn make(&mut self, options: &Value, origin: &str) -> Value {
        self.handle = options["user"]["id"].as_str().expect("a user handle").to_owned();
        let mut data = self.data(options["rp"]["id"].as_str().expect("a site"), ATTESTED);
        data.extend(self.model);
        data.extend([0, 16]);
        data.extend(self.id);
        // The key as COSE has it (RFC 9053, section 7.1.1), in CBOR.
        let point = self.key.public_key().as_ref();
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..]);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).expect("short data"));
        object.extend(data);
        self.answer(&json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data("webauthn.create", options, origin)),
            "attestationObject": URL_SAFE_NO_PAD.encode(object),
        }))
    }

    /// Is shown to a site: what `navigator.credentials.get` answers to these options at this origin.
    ///
    /// # Panics
    /// When the options are not what browsers take.
    pub fn show(&mut self, options: &Value, origin: &str) -> Value {
        self.counter += 1;
        let data = self.data(options["rpId"].as_str().expect("a site"), 0);
        let client = client_data("webauthn.get", options, origin);
        let signed = [data.as_slice(), digest(&SHA256, client.as_bytes()).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).expect("a signature");
        self.answer(&json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
            "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(signature.as_ref()),
            "userHandle": self.handle,
        }))
    }
}

impl Default for SoftPasskey {
    fn default() -> Self {
        Self::new()
    }
}

fn client_data(act: &str, options: &Value, origin: &str) -> String {
    json!({"type": act, "challenge": options["challenge"], "origin": origin, "crossOrigin": false}).to_string()
}

/// A command of WebDriver's extension for authenticators (WebAuthn, section 11).
#[derive(Debug)]
struct Command {
    path: String,
    body: Value,
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/webauthn/authenticator{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// An authenticator within a browser.
pub struct VirtualAuthenticator(String);

impl Browser {
    async fn authenticator(&self, path: String, body: Value) -> Value {
        let command = Command { path, body };
        self.driver().issue_cmd(command).await.unwrap_or_else(|error| panic!("the authenticator: {error}"))
    }

    /// Gives the browser an authenticator as phones and laptops have one, whose owner agrees to everything.
    ///
    /// # Panics
    /// When the browser has none.
    pub async fn with_authenticator(&self) -> VirtualAuthenticator {
        let body = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserConsenting": true, "isUserVerified": true,
        });
        let id = self.authenticator(String::new(), body).await;
        VirtualAuthenticator(id.as_str().expect("an id").to_owned())
    }

    /// Whether the authenticator recognises who holds it from now on.
    pub async fn recognises(&self, VirtualAuthenticator(id): &VirtualAuthenticator, recognises: bool) {
        self.authenticator(format!("/{id}/uv"), json!({"isUserVerified": recognises})).await;
    }
}
