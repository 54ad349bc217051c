//! Key pairs beside their objects: making one, and reading its halves.

use super::{find, shapes::CertificateData, sight::Sight, view, write};
use crate::{
    body::Body,
    caller::Caller,
    error::ApiError,
    openapi::{
        components::{Components, form, reference},
        operation::{Operation, Paths, parameter},
    },
    query::Query,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::{DateTime, TimeDelta, Utc};
use http::{Method, header};
use lockgate_identity::{
    Identity,
    journal::{Action as Noted, Entry},
    keys::{self, NewKey, NewPair},
};
use lockgate_model::{KindDef, kind::by_name, kinds::CertificateKeyPair, schema::KindSchema};
use lockgate_policies::Action;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{net::IpAddr, sync::LazyLock};

/// Name of the kind.
const KIND: &str = "key_pair";

static GENERATE_FORM: LazyLock<KindSchema> = LazyLock::new(form::<CertificateGenerationRequest>);

/// The algorithm of a new key.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AlgEnum")]
enum Algorithm {
    /// RSA, 2048 bits.
    #[default]
    Rsa,
    /// Elliptic curve P-256.
    Ecdsa,
    /// Ed25519.
    Ed25519,
    /// Not made by this server.
    Ed448,
}

/// A key pair to make, with a certificate that it signs itself.
#[derive(Debug, Deserialize, JsonSchema)]
struct CertificateGenerationRequest {
    /// Its name, also that of its owner.
    #[schemars(length(min = 1, max = 64))]
    common_name: String,
    /// Host names and IP addresses, separated by commas.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    subject_alt_name: String,
    /// Days that the certificate lasts.
    #[schemars(range(min = 1, max = 36_500))]
    validity_days: i64,
    /// The algorithm.
    #[serde(default)]
    alg: Algorithm,
}

/// Routes beside those of every kind.
pub(crate) fn routes() -> Router<Identity> {
    let one = "/crypto/certificatekeypairs/{kp_uuid}";
    Router::new()
        .route("/crypto/certificatekeypairs/generate/", post(generate))
        .route(&format!("{one}/view_certificate/"), get(view_certificate))
        .route(&format!("{one}/view_private_key/"), get(view_private_key))
}

/// Operations beside those of every kind.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    let operation = |method: Method, tail: &str, id: &str| {
        let path = format!("/crypto/certificatekeypairs/{tail}/");
        Operation::new(method, &path, format!("crypto_certificatekeypairs_{id}"), "crypto")
    };
    paths.add(
        operation(Method::POST, "generate", "generate_create")
            .says("Makes a key and a certificate that it signs itself.")
            .body(components.request::<CertificateGenerationRequest>(), true)
            .answers(200, "The key pair.", reference("CertificateKeyPair")),
    );
    let data = components.reply::<CertificateData>();
    let media = json!({
        "application/json": {"schema": data},
        "application/x-pem-file": {"schema": {"type": "string"}},
    });
    for (tail, what) in [("view_certificate", "certificate"), ("view_private_key", "private key")] {
        let key = parameter("path", "kp_uuid", json!({"type": "string", "format": "uuid"}), "Key of the key pair.");
        paths.add(
            operation(Method::GET, &format!("{{kp_uuid}}/{tail}"), &format!("{tail}_retrieve"))
                .says(&format!("Shows the {what}; with `download`, as a file. It is noted who looked."))
                .path(key)
                .query("download", json!({"type": "boolean"}))
                .answers_as(200, "PEM.", media.clone()),
        );
    }
}

fn kind() -> Result<&'static KindDef, ApiError> {
    by_name(KIND).ok_or(ApiError::Internal)
}

async fn generate(State(identity): State<Identity>, caller: Caller, body: Body) -> Result<Json<Value>, ApiError> {
    let snapshot = identity.config.snapshot();
    caller.require_some(&identity, &snapshot, Action::Create, KIND)?;
    let wanted: CertificateGenerationRequest = body.read(&GENERATE_FORM, false)?;
    let new = described(wanted, identity.clock.now())?;
    // A long RSA key takes a while to find: not on a thread that serves others.
    let made = tokio::task::spawn_blocking(move || keys::generate(&new)).await.map_err(|_| ApiError::Internal)?;
    let pair = made.map_err(|error| {
        tracing::error!(%error, "a key could not be made");
        ApiError::Internal
    })?;
    let given = json!(pair);
    let given = given.as_object().cloned().unwrap_or_default();
    let (identity, caller, given) = (&identity, &caller, &given);
    let (id, snapshot) =
        write::settled(
            identity,
            |snapshot| async move { write::create(identity, &snapshot, caller, kind()?, given).await },
        )
        .await?;
    let object = snapshot.objects.get(id).ok_or_else(|| ApiError::no_such("CertificateKeyPair"))?;
    Ok(Json(view::one(identity, &snapshot, caller, object).await?))
}

/// What is wanted, as far as this server makes it.
fn described(wanted: CertificateGenerationRequest, now: DateTime<Utc>) -> Result<NewPair, ApiError> {
    let key = match wanted.alg {
        Algorithm::Rsa => NewKey::Rsa2048,
        Algorithm::Ecdsa => NewKey::EcP256,
        Algorithm::Ed25519 => NewKey::Ed25519,
        Algorithm::Ed448 => {
            return Err(ApiError::field("alg", "invalid", "Ed448 is not supported: choose rsa, ecdsa or ed25519."));
        }
    };
    Ok(NewPair {
        key,
        alternative_names: alternative_names(&wanted.subject_alt_name)?,
        from: now,
        // Certificates name whole days here: the last one counts to its end.
        until: now + TimeDelta::days(wanted.validity_days + 1),
        name: wanted.common_name,
    })
}

/// Whom the certificate is for beside its subject (RFC 5280, section 4.2.1.6): addresses, and names of
/// letters, digits, hyphens and, as names inside of networks have them, `_`, whose first label may be a star.
fn alternative_names(given: &str) -> Result<Vec<String>, ApiError> {
    let names = given.split(',').map(str::trim).filter(|name| !name.is_empty());
    let read = names.map(|name| {
        let host = name.len() <= 253 && name.strip_prefix("*.").unwrap_or(name).split('.').all(is_label);
        if host || name.parse::<IpAddr>().is_ok() {
            return Ok(name.to_owned());
        }
        let text = format!(
            "\"{name}\" is neither a host name (letters, digits, \"-\" and \"_\", parted by dots) nor an IP address; \
             separate them by commas."
        );
        Err(ApiError::field("subject_alt_name", "invalid", text))
    });
    read.collect()
}

fn is_label(label: &str) -> bool {
    let letters = label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    letters && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
}

async fn view_certificate(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    query: Query,
) -> Result<Response, ApiError> {
    half(&identity, &caller, &key, &query, false)
}

async fn view_private_key(
    State(identity): State<Identity>,
    caller: Caller,
    Path(key): Path<String>,
    query: Query,
) -> Result<Response, ApiError> {
    half(&identity, &caller, &key, &query, true)
}

fn half(identity: &Identity, caller: &Caller, key: &str, query: &Query, private: bool) -> Result<Response, ApiError> {
    let snapshot = identity.config.snapshot();
    let verb = if private { Action::ViewKey } else { Action::Read };
    let object = find(&snapshot.objects, kind()?, key)?;
    Sight::of(identity, &snapshot, caller).require_on(verb, object)?;
    let pair = object.typed::<CertificateKeyPair>().ok_or(ApiError::Internal)?;
    let data = if private { pair.key_data.clone() } else { pair.certificate_data.clone() };
    let what = if private { "private_key" } else { "certificate" };
    let entry = Entry::new(Noted::SecretView, "lockgate.api").by(caller.user()).from_ip(caller.client.ip);
    identity.journal.record(entry.with("secret", what).with("name", object.document.name.as_str()));
    // A link says `?download`, without a value.
    if !query.has("download") || query.flag("download") == Some(false) {
        return Ok(Json(CertificateData { data }).into_response());
    }
    let disposition = format!("attachment; filename=\"{}_{what}.pem\"", object.document.id);
    let headers =
        [(header::CONTENT_TYPE, "application/x-pem-file".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, data).into_response())
}
