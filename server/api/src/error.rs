//! What can go wrong with a call, and the words and shapes in which the contract answers it.
//!
//! One type for the whole face: 400 carries a list of texts per field, everything else `{"detail": …}`.
//! There is no 401: missing, wrong and expired credentials are all 403 and differ in their text.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, header};
use lockgate_model::{Document, Problems};
use lockgate_policies::UnjudgeableError;
use lockgate_store::StoreError;
use serde_json::{Value, json};
use thiserror::Error;

/// Seconds after which a caller may try again when the database is away.
const RETRY_STORE: u64 = 2;

/// Why a call has no answer.
#[derive(Debug, Error)]
pub(crate) enum ApiError {
    /// The body or a parameter is not sound.
    #[error("{0}")]
    Invalid(Problems),
    /// The body is not JSON at all.
    #[error("JSON parse error - {0}")]
    Syntax(String),
    /// The call is sound, and there is nothing it could be about.
    #[error("{0}")]
    BadRequest(&'static str),
    /// Nobody is signed in, or may not.
    #[error("{0}")]
    Forbidden(&'static str),
    /// It does not exist, or the caller may not know that it does.
    #[error("{0}")]
    NotFound(String),
    /// The address does not know this method.
    #[error("Method \"{0}\" not allowed.")]
    Method(Method),
    /// The object belongs to the configuration folder, or the server itself.
    #[error("{0}")]
    Conflict(String),
    /// What was to be changed is not any more what the change was made from.
    #[error("It was changed by somebody else meanwhile; try again.")]
    Stale,
    /// The body is too large.
    #[error("The body is larger than this server accepts.")]
    TooLarge,
    /// The body is not JSON by its own word.
    #[error("Unsupported media type \"{0}\" in request.")]
    MediaType(String),
    /// Too much at once.
    #[error("Request was throttled. Expected available in {0} seconds.")]
    Throttled(u64),
    /// The reference can do this, and this version cannot.
    #[error("{0}")]
    NotBuilt(&'static str),
    /// The database does not answer.
    #[error("The service is not available at the moment.")]
    Unavailable,
    /// Something failed inside; the log knows what.
    #[error("Internal server error.")]
    Internal,
}

/// No credentials came with the call.
pub(crate) const NO_CREDENTIALS: ApiError = ApiError::Forbidden("Authentication credentials were not provided.");
/// Credentials came, and are not good.
pub(crate) const BAD_TOKEN: ApiError = ApiError::Forbidden("Token invalid/expired");
/// The caller is known and may not.
pub(crate) const NO_PERMISSION: ApiError = ApiError::Forbidden("You do not have permission to perform this action.");

impl ApiError {
    /// One complaint about one field; an empty `field` means the whole body.
    pub(crate) fn field(field: &str, code: &'static str, text: impl Into<String>) -> Self {
        Self::Invalid(Problems::one(&format!("/{field}"), code, text))
    }

    /// No object of this noun under the given key.
    pub(crate) fn no_such(noun: &str) -> Self {
        Self::NotFound(format!("No {noun} matches the given query."))
    }

    /// A change of what the configuration folder declares.
    pub(crate) fn folder(file: &str, line: u32) -> Self {
        Self::Conflict(format!(
            "This object is declared in the configuration folder, in {file}, line {line}: change it there."
        ))
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) | Self::Syntax(_) | Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) | Self::Stale => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NotBuilt(_) => StatusCode::NOT_IMPLEMENTED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn body(&self) -> Value {
        match self {
            Self::Invalid(problems) => problems.to_json(),
            other => json!({"detail": other.to_string()}),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(self.body())).into_response();
        let wait = match self {
            Self::Throttled(seconds) => seconds,
            Self::Unavailable => RETRY_STORE,
            _ => return response,
        };
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        response
    }
}

impl From<UnjudgeableError> for ApiError {
    fn from(error: UnjudgeableError) -> Self {
        tracing::error!(%error, "nothing can be done to it");
        Self::Internal
    }
}

impl From<Problems> for ApiError {
    fn from(problems: Problems) -> Self {
        Self::Invalid(problems)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unique { field } => {
                let text = format!("This {} is already taken.", if field.is_empty() { "value" } else { &field });
                Self::field(&field, "unique", text)
            }
            StoreError::TooLong { field, max } => {
                Self::field(field, "max_length", format!("Ensure this field has no more than {max} characters."))
            }
            StoreError::Unstorable { field } => Self::field(field, "invalid", "Null characters are not allowed."),
            StoreError::Dangling => Self::field("", "does_not_exist", "Invalid pk - object does not exist."),
            StoreError::NotFound { what } => Self::no_such(what),
            StoreError::Conflict { .. } => Self::Stale,
            StoreError::Timeout(_) | StoreError::Unavailable { .. } => {
                tracing::warn!(%error, "the database does not answer");
                Self::Unavailable
            }
            error => {
                tracing::error!(%error, "the database answered with an error");
                Self::Internal
            }
        }
    }
}

/// Refuses a change of what the configuration folder declares.
pub(crate) fn not_of_folder(document: &Document) -> Result<(), ApiError> {
    match (&document.origin, &document.source) {
        (lockgate_model::Origin::Folder, Some(at)) => Err(ApiError::folder(&at.file, at.line)),
        (lockgate_model::Origin::Folder, None) => {
            Err(ApiError::Conflict("This object is declared in the configuration folder.".to_owned()))
        }
        _ => Ok(()),
    }
}
