//! Bodies: JSON objects only, checked against the schema that the OpenAPI document shows.

use crate::error::ApiError;
use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
};
use http::{StatusCode, header};
use lockgate_model::{Problems, schema::KindSchema};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A JSON object; an empty body is an empty object.
#[derive(Debug, Clone)]
pub(crate) struct Body(pub(crate) Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let media = request.headers().get(header::CONTENT_TYPE).map(|v| v.to_str().unwrap_or("?").to_owned());
        let bytes = Bytes::from_request(request, state).await.map_err(|e| unread(&e))?;
        if bytes.is_empty() {
            return Ok(Self(Map::new()));
        }
        let media = media.unwrap_or_default();
        let essence = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if essence != "application/json" && !(essence.starts_with("application/") && essence.ends_with("+json")) {
            return Err(ApiError::MediaType(media.chars().take(100).collect()));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            Ok(other) => Err(ApiError::field(
                "",
                "invalid",
                format!("Invalid data. Expected a dictionary, but got {}.", noun(&other)),
            )),
            Err(error) => Err(ApiError::Syntax(error.to_string())),
        }
    }
}

/// What a body that cannot be read is answered with.
pub(crate) fn unread(error: &BytesRejection) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return ApiError::TooLarge;
    }
    ApiError::Syntax("the body could not be read".to_owned())
}

fn noun(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "list",
        Value::String(_) => "str",
        Value::Null => "null",
        _ => "a plain value",
    }
}

impl Body {
    /// Checks the body against `form` and reads it. Fields that the form does not know are ignored;
    /// with `partial`, none is required.
    ///
    /// # Errors
    /// 400 with all complaints.
    pub(crate) fn read<T: DeserializeOwned>(self, form: &KindSchema, partial: bool) -> Result<T, ApiError> {
        let known: Map<String, Value> = self.0.into_iter().filter(|(name, _)| form.field(name).is_some()).collect();
        let body = Value::Object(known);
        let mut problems: Problems = form.validate(&body);
        if partial {
            problems.0.retain(|p| p.code != "required");
        }
        problems.into_result()?;
        // The schema is made from the same struct, so what it accepts can be read.
        serde_json::from_value(body).map_err(|e| ApiError::field("", "invalid", e.to_string()))
    }
}
