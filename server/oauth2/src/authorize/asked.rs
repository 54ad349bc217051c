//! What a request says, wherever it stands: in its own parameters, in an object that the client signed
//! (RFC 9101), or where the client has pushed it to before (RFC 9126).

use super::{Authorize, Stop};
use crate::{
    par,
    request::{AuthorizeError, Parameters},
    request_object,
};
use lockgate_identity::config::Client;
use lockgate_store::hash_secret;

/// A request, as it counts.
pub(super) struct Asked {
    /// Its parameters.
    pub(super) parameters: Parameters,
    /// Hash of the `request_uri` under which it was pushed.
    pub(super) pushed: Option<String>,
}

impl Asked {
    /// The parameters as they came.
    pub(super) fn as_sent(parameters: &Parameters) -> Self {
        Self { parameters: parameters.clone(), pushed: None }
    }
}

impl Authorize<'_> {
    /// Finds out what is asked.
    pub(super) async fn asked(&self, client: &Client, issuer: &str) -> Result<Asked, Stop> {
        let parameters = self.parameters;
        match (parameters.get("request"), parameters.get("request_uri")) {
            (None, None) => Ok(Asked::as_sent(parameters)),
            (Some(object), None) => {
                let parameters = request_object::read(object, parameters, client, issuer, self.now)?;
                Ok(Asked { parameters, pushed: None })
            }
            // RFC 9101, section 5: never both.
            (Some(_), Some(_)) => {
                Err(AuthorizeError::invalid_request("There are both request and request_uri.").into())
            }
            (None, Some(uri)) => self.pushed(client, uri).await,
        }
    }

    /// RFC 9126, section 4: it counts for the client that pushed it, and nothing beside it counts. It
    /// stays until it is answered, because the browser comes back after signing in.
    async fn pushed(&self, client: &Client, uri: &str) -> Result<Asked, Stop> {
        if !uri.starts_with(par::PREFIX) {
            let text = "Requests are not fetched from other places: send a request object, or push the request.";
            return Err(AuthorizeError::new("request_uri_not_supported", text).into());
        }
        let hash = hash_secret(uri);
        let found = self.identity.store.once().pushed(&hash, self.now).await?;
        let found = found.filter(|found| found.provider == client.id);
        let parameters = found.and_then(|found| serde_json::from_value(found.parameters).ok());
        match parameters {
            Some(parameters) => Ok(Asked { parameters, pushed: Some(hash) }),
            None => Err(unknown_request().into()),
        }
    }
}

/// The pushed request is not there, or not any more.
pub(super) fn unknown_request() -> AuthorizeError {
    AuthorizeError::new("invalid_request_uri", "The request_uri is unknown, used, expired, or of another client.")
}
