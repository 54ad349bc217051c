//! What the endpoints that clients call directly have in common: the request as a form, errors in the
//! protocol's shape (RFC 6749, section 5.2), answers that nobody stores.

use crate::{
    answers,
    limits::Limits,
    request::{BadParameters, MAX_REQUEST, Parameters},
};
use axum::{
    Json,
    body::{Body, to_bytes},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use lockgate_identity::{
    Identity,
    config::{Client, Snapshot},
    journal::{Action, Entry},
    net::{self, Client as Peer, RequestId, lines},
    oauth::MintError,
};
use lockgate_store::StoreError;
use serde_json::{Map, Value, json};
use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};
use thiserror::Error;

/// What is called, by whom, under which configuration.
pub(crate) struct Call<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) snapshot: Arc<lockgate_identity::config::Snapshot>,
    pub(crate) limits: &'a Limits,
    pub(crate) peer: Peer,
    pub(crate) request_id: String,
    pub(crate) headers: HeaderMap,
    pub(crate) parameters: Parameters,
    /// Path of the endpoint.
    pub(crate) path: String,
    pub(crate) method: String,
    pub(crate) now: DateTime<Utc>,
    /// Whose request it is, once that is known; not yet that it is proven.
    pub(crate) named: OnceLock<Arc<Client>>,
}

/// Why a client is answered with an error.
#[derive(Debug, Error)]
pub(crate) enum Refusal {
    /// An error of the protocol.
    #[error("{code}: {description}")]
    Protocol {
        /// Status of the answer.
        status: StatusCode,
        /// `error`.
        code: &'static str,
        /// `error_description`.
        description: Cow<'static, str>,
    },
    /// The client did not prove who it is.
    #[error("invalid_client: {0}")]
    Client(&'static str),
    /// Too often.
    #[error("too many requests")]
    TooMany {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// Tokens could not be made.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal {
    /// An error of the protocol with status 400.
    pub(crate) fn new(code: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self::Protocol { status: StatusCode::BAD_REQUEST, code, description: description.into() }
    }

    pub(crate) fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_request", description)
    }

    pub(crate) fn invalid_grant(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_grant", description)
    }
}

impl<'a> Call<'a> {
    /// Reads a request: parameters of the form of a POST, of the query otherwise.
    pub(crate) async fn read(
        identity: &'a Identity,
        limits: &'a Limits,
        parts: Parts,
        body: Body,
    ) -> Result<Self, Refusal> {
        let peer_ip = crate::visitor::peer(&parts);
        let peer = net::client(&identity.trusted, peer_ip, |name| lines(&parts, name));
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        let parameters = if parts.method == http::Method::POST {
            form(&parts.headers, body).await?
        } else {
            Parameters::parse(parts.uri.query().unwrap_or_default().as_bytes()).map_err(malformed)?
        };
        Ok(Self {
            identity,
            snapshot: identity.config.snapshot(),
            limits,
            peer,
            request_id,
            parameters,
            path: parts.uri.path().to_owned(),
            method: parts.method.to_string(),
            headers: parts.headers,
            now: identity.clock.now(),
            named: OnceLock::new(),
        })
    }

    /// A parameter's value.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }

    /// A parameter that must be there.
    pub(crate) fn required(&self, name: &'static str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::invalid_request(format!("The parameter {name} is missing.")))
    }

    /// Public address of the sign-in host, without a slash at the end.
    pub(crate) fn base(&self) -> String {
        self.identity.public_base(&self.snapshot).unwrap_or_else(|| self.peer.base())
    }

    /// Issuer of a client's tokens.
    pub(crate) fn issuer(&self, client: &Client) -> String {
        crate::metadata::issuer(self.identity, &self.snapshot, &self.peer, client)
    }

    /// The answer to an error: a JSON object for the client, and for us what it must not read.
    pub(crate) fn refuse(&self, refusal: &Refusal, client: Option<&Client>) -> Response {
        if let Refusal::Mint(error) = refusal {
            let client = client.map_or_else(
                || Entry::new(Action::SystemException, "lockgate.oauth2").with("message", error.to_string()),
                |client| error.event(client),
            );
            self.identity.journal.record(client.from_ip(self.peer.ip));
        }
        error(refusal, &self.request_id, self.headers.contains_key(header::AUTHORIZATION))
    }
}

/// Only what a form can be is read as one (RFC 6749, appendix B).
async fn form(headers: &HeaderMap, body: Body) -> Result<Parameters, Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    // A POST may be nothing but its headers: one that presents a token.
    if kind.is_empty() && headers.get(header::CONTENT_LENGTH).is_none_or(|length| length == "0") {
        let bytes = to_bytes(body, 0).await.map_err(|_| not_a_form())?;
        return Parameters::parse(&bytes).map_err(malformed);
    }
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(not_a_form());
    }
    let bytes = to_bytes(body, MAX_REQUEST).await.map_err(|_| malformed(BadParameters::TooLong))?;
    Parameters::parse(&bytes).map_err(malformed)
}

fn not_a_form() -> Refusal {
    Refusal::invalid_request("The request must be a form: Content-Type application/x-www-form-urlencoded.")
}

fn malformed(error: BadParameters) -> Refusal {
    Refusal::invalid_request(format!("The request cannot be read: {error}."))
}

/// An error as the protocol has it. `challenged`: the client tried the `Authorization` header, so that it
/// is told by a 401 (RFC 6749, section 5.2).
pub(crate) fn error(refusal: &Refusal, request_id: &str, challenged: bool) -> Response {
    let (status, code, description) = match refusal {
        Refusal::Protocol { status, code, description } => (*status, *code, description.clone()),
        Refusal::Client(why) => {
            let status = if challenged { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
            (status, "invalid_client", Cow::Borrowed(*why))
        }
        Refusal::TooMany { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, "slow_down", Cow::Borrowed("Too many requests; try again later."))
        }
        Refusal::Mint(MintError::Mapping(_)) => (
            StatusCode::BAD_REQUEST,
            "server_error",
            Cow::Borrowed("A scope mapping of this provider failed; the event log says which one and where."),
        ),
        // The browser session, or the person, has ended meanwhile: trying again does not bring it back.
        Refusal::Mint(MintError::Store(StoreError::Dangling)) | Refusal::Store(StoreError::Dangling) => {
            (StatusCode::BAD_REQUEST, "invalid_grant", Cow::Borrowed("The login that this is for has ended."))
        }
        Refusal::Mint(MintError::Store(error)) | Refusal::Store(error) => {
            tracing::error!(%error, request_id, "a request of a client could not be answered");
            (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", Cow::Borrowed("Try again later."))
        }
        Refusal::Mint(MintError::Key(error)) => {
            tracing::error!(%error, request_id, "a token could not be made");
            (StatusCode::INTERNAL_SERVER_ERROR, "server_error", Cow::Borrowed("The token could not be made."))
        }
    };
    let body = json!({"error": code, "error_description": description, "request_id": request_id});
    let mut response = answers::no_store((status, Json(body)).into_response());
    let headers = response.headers_mut();
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Lockgate\""));
    }
    let wait = match refusal {
        Refusal::TooMany { retry_after } => Some(*retry_after),
        _ if status == StatusCode::SERVICE_UNAVAILABLE => Some(1),
        _ => None,
    };
    if let Some(seconds) = wait {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A success (RFC 6749, section 5.1).
pub(crate) fn answer(body: Map<String, Value>) -> Response {
    let mut response = answers::no_store(Json(Value::Object(body)).into_response());
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// The configuration that a call is answered under.
impl AsRef<Snapshot> for Call<'_> {
    fn as_ref(&self) -> &Snapshot {
        &self.snapshot
    }
}
