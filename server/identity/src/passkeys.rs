//! Passkeys and security keys (WebAuthn, level 3), checked by `webauthn-rs-core`: the crate over it asks more of a passkey
//! than the settings of a stage may (user verification is not always required here).

use crate::{
    Core,
    factors::factor,
    journal::{Action, Entry},
    net::Client,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use lockgate_engine::{
    passkeys::{Ceremony, Registered, Shown, Terms},
    ports::PortError,
};
use lockgate_model::{
    User,
    kinds::{AuthenticatorWebAuthnStage, UserVerification, WebAuthnHint, device_type},
};
use lockgate_store::{Authenticator, AuthenticatorKind, NewAuthenticator, NewProof, StoreError};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, time::Duration};
use url::Url;
use uuid::Uuid;
use webauthn_rs_core::{
    WebauthnCore,
    error::WebauthnError,
    proto::{
        AttestationConveyancePreference, AuthenticationState, AuthenticatorAttachment, Credential, PublicKeyCredential,
        PublicKeyCredentialHints, RegisterPublicKeyCredential, RegistrationState, ResidentKeyRequirement,
        UserVerificationPolicy,
    },
};

/// How long a browser waits for somebody to touch their key.
const TIMEOUT: Duration = Duration::from_secs(300);

/// The most passkeys of one account.
const MOST: usize = 50;

const NOT_MADE: &str = "That passkey couldn’t be checked. Try again.";
const NOT_VERIFIED: &str = "Your passkey has to check that it’s you, by a PIN, a fingerprint or your face.";
const KNOWN: &str = "This passkey is set up already.";
const NOT_ALLOWED: &str = "This model of passkey isn’t allowed here. Use another one.";
const TOO_MANY: &str = "You have too many passkeys. Remove one first.";

/// The site that a browser is at, which is what a passkey is bound to.
fn site(client: &Client, name: &str) -> Result<WebauthnCore, PortError> {
    let origin = Url::parse(&client.base()).map_err(PortError::from)?;
    let id = origin.host_str().ok_or_else(|| PortError("the request names no host".to_owned()))?.to_owned();
    let name = if name.is_empty() { &id } else { name };
    Ok(WebauthnCore::new_unsafe_experts_only(name, &id, vec![origin], TIMEOUT, Some(false), Some(false)))
}

/// Whether browsers know passkeys at the site of a request: it has to have a name (WebAuthn, section 5.1.2: an RP ID is
/// a domain).
pub(crate) fn has_passkeys(client: &Client) -> bool {
    Url::parse(&client.base()).is_ok_and(|origin| origin.domain().is_some())
}

fn policy(wanted: UserVerification) -> UserVerificationPolicy {
    match wanted {
        UserVerification::Required => UserVerificationPolicy::Required,
        UserVerification::Preferred => UserVerificationPolicy::Preferred,
        UserVerification::Discouraged => UserVerificationPolicy::Discouraged_DO_NOT_USE,
    }
}

fn hints(wanted: &[WebAuthnHint]) -> Option<Vec<PublicKeyCredentialHints>> {
    let hint = |hint: &WebAuthnHint| match hint {
        WebAuthnHint::SecurityKey => PublicKeyCredentialHints::SecurityKey,
        WebAuthnHint::ClientDevice => PublicKeyCredentialHints::ClientDevice,
        WebAuthnHint::Hybrid => PublicKeyCredentialHints::Hybrid,
    };
    (!wanted.is_empty()).then(|| wanted.iter().map(hint).collect())
}

/// The model of a new passkey: its AAGUID, at bytes 37 to 53 of the authenticator data (WebAuthn, section 6.1). Nothing
/// where the browser keeps it to itself.
fn model(attestation_object: &[u8]) -> Option<Uuid> {
    let object: BTreeMap<String, serde_cbor_2::Value> = serde_cbor_2::from_slice(attestation_object).ok()?;
    let serde_cbor_2::Value::Bytes(data) = object.get("authData")? else { return None };
    Uuid::from_slice(data.get(37..53)?).ok().filter(|id| !id.is_nil())
}

/// The model, as it was told when the passkey was made.
fn model_of(one: &Authenticator) -> Option<Uuid> {
    Uuid::parse_str(one.details.get("aaguid")?.as_str()?).ok()
}

fn sentence(error: &WebauthnError) -> &'static str {
    match error {
        WebauthnError::UserNotVerified => NOT_VERIFIED,
        _ => NOT_MADE,
    }
}

fn ceremony(
    core: &Core,
    options: &impl serde::Serialize,
    state: &impl serde::Serialize,
) -> Result<Ceremony, PortError> {
    let options = serde_json::to_value(options).map_err(PortError::from)?;
    let state = serde_json::to_value(state).map_err(PortError::from)?;
    Ok(Ceremony { options, state, begun: core.clock.now() })
}

impl Core {
    /// What the verifier knows of each passkey of a user.
    async fn credentials(&self, user: i64) -> Result<Vec<Credential>, PortError> {
        let authenticators = self.store.authenticators();
        let mut all = Vec::new();
        for one in authenticators.usable(user).await.map_err(PortError::from)? {
            if one.kind == AuthenticatorKind::WebAuthn {
                let (secret, _) = authenticators.secret(one.pk).await.map_err(PortError::from)?;
                all.push(serde_json::from_str(&secret).map_err(PortError::from)?);
            }
        }
        Ok(all)
    }

    /// See [`lockgate_engine::ports::Passkeys::begin_registration`].
    pub(crate) async fn begin_passkey(
        &self,
        client: &Client,
        user: &User,
        stage: &AuthenticatorWebAuthnStage,
        issuer: &str,
    ) -> Result<Ceremony, PortError> {
        let site = site(client, issuer)?;
        let shown = if user.name.is_empty() { &user.username } else { &user.name };
        let known = self.credentials(user.pk).await?.into_iter().map(|credential| credential.cred_id).collect();
        let attachment = stage.authenticator_attachment.map(|wanted| match wanted {
            lockgate_model::kinds::AuthenticatorAttachment::Platform => AuthenticatorAttachment::Platform,
            lockgate_model::kinds::AuthenticatorAttachment::CrossPlatform => AuthenticatorAttachment::CrossPlatform,
        });
        // Without an attestation a browser may keep the model to itself.
        let attestation = match stage.device_type_restrictions.is_empty() {
            true => AttestationConveyancePreference::None,
            false => AttestationConveyancePreference::Direct,
        };
        let builder = site
            .new_challenge_register_builder(user.uuid.as_bytes(), &user.username, shown)
            .map_err(PortError::from)?
            .user_verification_policy(policy(stage.user_verification))
            .require_resident_key(stage.resident_key_requirement == UserVerification::Required)
            .authenticator_attachment(attachment)
            .attestation(attestation)
            .hints(hints(&stage.hints))
            .exclude_credentials(Some(known));
        let (mut options, state) = site.generate_challenge_register(builder).map_err(PortError::from)?;
        if let (UserVerification::Preferred, Some(selection)) =
            (stage.resident_key_requirement, &mut options.public_key.authenticator_selection)
        {
            selection.resident_key = Some(ResidentKeyRequirement::Preferred);
        }
        ceremony(self, &options.public_key, &state)
    }

    /// See [`lockgate_engine::ports::Passkeys::register`].
    pub(crate) async fn register_passkey(
        &self,
        client: &Client,
        user: i64,
        stage: &AuthenticatorWebAuthnStage,
        ceremony: &Ceremony,
        answer: &Value,
    ) -> Result<Registered, PortError> {
        let state: RegistrationState = serde_json::from_value(ceremony.state.clone()).map_err(PortError::from)?;
        let Ok(answer) = serde_json::from_value::<RegisterPublicKeyCredential>(answer.clone()) else {
            return Ok(Registered::Refused(NOT_MADE));
        };
        let credential = match site(client, "")?.register_credential(&answer, &state, None) {
            Ok(credential) => credential,
            Err(error) => {
                tracing::info!(user, %error, "a passkey was not registered");
                return Ok(Registered::Refused(sentence(&error)));
            }
        };
        let model = model(&answer.response.attestation_object);
        let only = &stage.device_type_restrictions;
        if !only.is_empty() && !model.is_some_and(|model| only.contains(&model)) {
            return Ok(Registered::Refused(NOT_ALLOWED));
        }
        self.keep_passkey(user, &stage.friendly_name, &credential, model).await
    }

    async fn keep_passkey(
        &self,
        user: i64,
        title: &str,
        credential: &Credential,
        model: Option<Uuid>,
    ) -> Result<Registered, PortError> {
        let authenticators = self.store.authenticators();
        let there = authenticators.usable(user).await.map_err(PortError::from)?;
        if there.iter().filter(|one| one.kind == AuthenticatorKind::WebAuthn).count() >= MOST {
            return Ok(Registered::Refused(TOO_MANY));
        }
        let known = model.and_then(device_type).map(|known| known.description);
        let title = Some(title).filter(|title| !title.is_empty());
        let mut details = Map::new();
        if let Some(model) = model {
            details.insert("aaguid".to_owned(), json!(model));
        }
        let new = NewAuthenticator {
            kind: AuthenticatorKind::WebAuthn,
            user_pk: user,
            name: known.or(title).unwrap_or("Passkey").to_owned(),
            confirmed: true,
            details,
            proof: NewProof::Passkey {
                id: URL_SAFE_NO_PAD.encode(&credential.cred_id),
                credential: serde_json::to_string(credential).map_err(PortError::from)?,
            },
        };
        match authenticators.create(new, self.clock.now()).await {
            Ok(made) => Ok(Registered::Made(factor(made))),
            Err(StoreError::Unique { .. }) => Ok(Registered::Refused(KNOWN)),
            Err(error) => Err(PortError::from(error)),
        }
    }

    /// See [`lockgate_engine::ports::Passkeys::begin_authentication`].
    pub(crate) async fn ask_for_passkey(
        &self,
        client: &Client,
        user: Option<i64>,
        terms: Terms<'_>,
    ) -> Result<Ceremony, PortError> {
        let site = site(client, "")?;
        let (credentials, verification) = match user {
            Some(user) => (self.credentials(user).await?, policy(terms.user_verification)),
            // Nothing else will speak for them.
            None => (Vec::new(), UserVerificationPolicy::Required),
        };
        let builder = site.new_challenge_authenticate_builder(credentials, Some(verification));
        let builder = builder.map_err(PortError::from)?.hints(hints(terms.hints)).allow_backup_eligible_upgrade(true);
        let (options, mut state) = site.generate_challenge_authenticate(builder).map_err(PortError::from)?;
        // What is known of each is looked up when one answers.
        state.set_allowed_credentials(Vec::new());
        ceremony(self, &options.public_key, &state)
    }

    /// See [`lockgate_engine::ports::Passkeys::authenticate`].
    pub(crate) async fn check_passkey(
        &self,
        client: &Client,
        user: Option<i64>,
        terms: Terms<'_>,
        ceremony: &Ceremony,
        answer: &Value,
    ) -> Result<Option<Shown>, PortError> {
        let state: AuthenticationState = serde_json::from_value(ceremony.state.clone()).map_err(PortError::from)?;
        let Ok(answer) = serde_json::from_value::<PublicKeyCredential>(answer.clone()) else { return Ok(None) };
        let Some(found) = self.passkey_of(user, terms, &answer).await? else { return Ok(None) };
        let authenticators = self.store.authenticators();
        let (secret, _) = authenticators.secret(found.pk).await.map_err(PortError::from)?;
        let mut credential: Credential = serde_json::from_str(&secret).map_err(PortError::from)?;
        let result = match site(client, "")?.authenticate_single_credential(&answer, &state, &credential) {
            Ok(result) => result,
            Err(error) => {
                self.note_refused(&found, &error, client).await?;
                return Ok(None);
            }
        };
        if user.is_none() && !result.user_verified() {
            // Its challenge was made for somebody who has been named; here nothing else speaks for them.
            return Ok(None);
        }
        credential.counter = result.counter();
        credential.backup_state = result.backup_state();
        credential.backup_eligible = result.backup_eligible();
        let kept = serde_json::to_string(&credential).map_err(PortError::from)?;
        authenticators.note_use(&found, Some(&kept), self.clock.now()).await.map_err(PortError::from)?;
        Ok(Some(Shown { user: found.user_pk, factor: factor(found), verified: result.user_verified() }))
    }

    /// The passkey that answers, if it may: of this user, or, without one, of whom it names as its owner.
    async fn passkey_of(
        &self,
        user: Option<i64>,
        terms: Terms<'_>,
        answer: &PublicKeyCredential,
    ) -> Result<Option<Authenticator>, PortError> {
        let id = URL_SAFE_NO_PAD.encode(&answer.raw_id);
        let found = self.store.authenticators().by_external_id(&id).await.map_err(PortError::from)?;
        let Some(found) = found.filter(|one| one.kind == AuthenticatorKind::WebAuthn) else { return Ok(None) };
        if !terms.only.is_empty() && !model_of(&found).is_some_and(|model| terms.only.contains(&model)) {
            return Ok(None);
        }
        let owner = self.store.users().get(found.user_pk).await.map_err(PortError::from)?;
        let handle = answer.get_user_unique_id();
        let says_owner = |handle: &[u8]| owner.as_ref().is_some_and(|owner| handle == owner.uuid.as_bytes());
        let fits = match user {
            // It need not say whose it is, but it must not say anything else (WebAuthn, section 7.2, step 6).
            Some(user) => user == found.user_pk && handle.is_none_or(says_owner),
            None => handle.is_some_and(says_owner),
        };
        Ok(fits.then_some(found))
    }

    async fn note_refused(&self, one: &Authenticator, error: &WebauthnError, client: &Client) -> Result<(), PortError> {
        tracing::info!(user = one.user_pk, authenticator = one.pk, %error, "a passkey was refused");
        if matches!(error, WebauthnError::CredentialPossibleCompromise) {
            // Its counter went backwards: there may be a copy of it (WebAuthn, section 6.1.1).
            let owner = self.store.users().get(one.user_pk).await.map_err(PortError::from)?;
            let mut entry = Entry::new(Action::SuspiciousRequest, "lockgate.passkeys").from_ip(client.ip);
            if let Some(owner) = &owner {
                entry = entry.by(owner);
            }
            self.journal
                .record(entry.with("reason", "the counter of a passkey went backwards").with("device", &*one.name));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_have_passkeys() {
        let at = |host: &str| {
            let client = Client {
                ip: std::net::Ipv4Addr::LOCALHOST.into(),
                trusted_peer: false,
                scheme: "https".to_owned(),
                host: host.to_owned(),
                user_agent: String::new(),
                languages: String::new(),
            };
            has_passkeys(&client)
        };
        assert!(at("id.example.com") && at("localhost:9000"));
        assert!(!at("192.0.2.1:9000") && !at("[2001:db8::1]") && !at("") && !at("a b"));
    }

    #[test]
    fn the_model_stands_in_the_authenticator_data() {
        let id = Uuid::from_u128(0xfbfc_3007_154e_4ecc_8c0b_6e02_0557_d7bd);
        let mut data = vec![0_u8; 37];
        data.extend_from_slice(id.as_bytes());
        data.extend_from_slice(&[0, 1, 2]);
        let object = |data: Vec<u8>| {
            let entries =
                [("fmt", serde_cbor_2::Value::Text("none".to_owned())), ("authData", serde_cbor_2::Value::Bytes(data))];
            let map = entries.into_iter().map(|(key, value)| (serde_cbor_2::Value::Text(key.to_owned()), value));
            serde_cbor_2::to_vec(&serde_cbor_2::Value::Map(map.collect())).unwrap_or_default()
        };
        assert_eq!(model(&object(data.clone())), Some(id));
        assert_eq!(model(&object(data[..40].to_vec())), None);
        assert_eq!(model(&object(vec![0; 64])), None, "none is told");
        assert_eq!(model(b"no CBOR"), None);
    }
}
