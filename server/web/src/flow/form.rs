//! What a browser sends back: a form, urlencoded or, for the sake of a file in it, multipart.

use crate::pages::CSRF_FIELD;
use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Multipart, Request},
    http::{StatusCode, header, request::Parts},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use lockgate_engine::{Response, response::MAX_KEYS};

/// The largest form, in bytes; a file in it travels as data URI of at most a quarter of that.
pub(crate) const MAX_FORM: usize = 1024 * 1024;

/// A form, as pairs in the order sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the body of a request; files become data URIs (RFC 2397).
    ///
    /// # Errors
    /// The status to answer: 413, 415, or 400 for what is not a form at all.
    pub(crate) async fn read(request: Request) -> Result<Self, StatusCode> {
        let (parts, body) = request.into_parts();
        let whole = Request::from_parts(parts.clone(), body);
        let bytes = Bytes::from_request(whole, &()).await.map_err(|rejection| rejection.status())?;
        let form = match content_type(&parts).as_str() {
            "application/x-www-form-urlencoded" => Self::urlencoded(&bytes),
            "multipart/form-data" => Self::multipart(parts, bytes).await?,
            _ => return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        };
        if form.0.len() > MAX_KEYS { Err(StatusCode::BAD_REQUEST) } else { Ok(form) }
    }

    fn urlencoded(bytes: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(bytes).take(MAX_KEYS + 1);
        Self(pairs.map(|(name, value)| (name.into_owned(), one_newline(&value))).collect())
    }

    async fn multipart(parts: Parts, bytes: Bytes) -> Result<Self, StatusCode> {
        let request = Request::from_parts(parts, Body::from(bytes));
        let mut fields = Multipart::from_request(request, &()).await.map_err(|rejection| rejection.status())?;
        let mut pairs = Vec::new();
        while let Some(field) = fields.next_field().await.map_err(|error| error.status())? {
            let Some(name) = field.name().map(str::to_owned) else { continue };
            let media_type = field.file_name().map(|_| media_type(field.content_type()));
            let content = field.bytes().await.map_err(|error| error.status())?;
            match media_type {
                // A field for a file that nobody chose one for.
                Some(_) if content.is_empty() => {}
                Some(kind) => pairs.push((name, format!("data:{kind};base64,{}", STANDARD.encode(&content)))),
                None => {
                    let text = std::str::from_utf8(&content).map_err(|_| StatusCode::BAD_REQUEST)?;
                    pairs.push((name, one_newline(text)));
                }
            }
            if pairs.len() > MAX_KEYS {
                return Err(StatusCode::BAD_REQUEST);
            }
        }
        Ok(Self(pairs))
    }

    /// One that was sent with these fields.
    #[cfg(test)]
    pub(crate) fn of<const N: usize>(fields: [(&str, String); N]) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// What stands under this name; of equal names the last counts.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Everything that stands under this name, in the order sent.
    pub(crate) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The token against forgery; empty without one.
    pub(crate) fn csrf(&self) -> &str {
        self.get(CSRF_FIELD).unwrap_or_default()
    }

    /// The answer to the challenge: everything but the token. Stages read yes and no, and numbers, out
    /// of the words that forms send for them.
    pub(crate) fn response(&self) -> Option<Response> {
        let answers = self.0.iter().filter(|(name, _)| name != CSRF_FIELD);
        Response::from_form(answers.map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

/// Forms send every end of a line as CR LF (HTML 4.10.21.8); the API's clients do not.
fn one_newline(value: &str) -> String {
    value.replace("\r\n", "\n")
}

fn content_type(parts: &Parts) -> String {
    let value = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The type that the browser names, unless it could break out of the data URI.
fn media_type(named: Option<&str>) -> String {
    let fine = |kind: &&str| {
        kind.len() <= 127
            && kind.split('/').count() == 2
            && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b"/!#$&-^_.+".contains(&b))
    };
    named.filter(fine).unwrap_or("application/octet-stream").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    async fn read(kind: &str, body: &str) -> Result<Form, StatusCode> {
        let request = Request::builder().header("content-type", kind).body(Body::from(body.to_owned()));
        Form::read(request.expect("a request")).await
    }

    #[tokio::test]
    async fn a_form_becomes_the_answer_without_its_token() {
        let form = read(
            "application/x-www-form-urlencoded; charset=UTF-8",
            "component=ak-stage-prompt&csrf_token=t0ken&about=a%0D%0Ab&seats=3&news=true&empty=&x=1&x=2",
        );
        let form = form.await.expect("a form");
        assert_eq!(form.csrf(), "t0ken");
        let response = form.response().expect("an answer");
        assert_eq!(response.component.as_deref(), Some("ak-stage-prompt"));
        let fields = json!({"about": "a\nb", "seats": "3", "news": "true", "empty": "", "x": "2"});
        assert_eq!(serde_json::Value::Object(response.fields), fields);
    }

    #[tokio::test]
    async fn a_file_becomes_a_data_uri() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\nt\r\n\
            --b\r\nContent-Disposition: form-data; name=\"pic\"; filename=\"a.png\"\r\n\
            Content-Type: image/png\r\n\r\nabc\r\n\
            --b\r\nContent-Disposition: form-data; name=\"none\"; filename=\"\"\r\n\
            Content-Type: application/octet-stream\r\n\r\n\r\n--b--\r\n";
        let form = read("multipart/form-data; boundary=b", body).await.expect("a form");
        assert_eq!((form.csrf(), form.get("pic"), form.get("none")), ("t", Some("data:image/png;base64,YWJj"), None));
        assert_eq!(media_type(Some("text/html,<script>")), "application/octet-stream");
    }

    #[tokio::test]
    async fn what_is_no_form_is_refused() {
        assert_eq!(read("application/json", "{}").await.err(), Some(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        assert_eq!(read("multipart/form-data", "x").await.err(), Some(StatusCode::BAD_REQUEST));
        let many = "a=&".repeat(MAX_KEYS + 1);
        let kind = "application/x-www-form-urlencoded";
        assert_eq!(read(kind, &many).await.err(), Some(StatusCode::BAD_REQUEST));
        let huge = "a".repeat(3 * MAX_FORM);
        assert_eq!(read(kind, &huge).await.err(), Some(StatusCode::PAYLOAD_TOO_LARGE));
    }
}
