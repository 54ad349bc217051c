//! What a request says, wherever it stands: in its own parameters, in an object that the client signed
//! (RFC 9101), where the client has pushed it to before (RFC 9126), or where we have put it ourselves.

use super::{Authorize, PATH, Stop};
use crate::{
    par,
    request::{AuthorizeError, Parameters},
    request_object,
};
use lockgate_identity::config::Client;
use lockgate_store::{PushedRequest, StoreError, hash_secret};
use serde_json::json;
use url::form_urlencoded::Serializer;

/// How references to requests begin that no client has pushed: what is asked for once more after a flow, and
/// cannot stand in an address. They do not count as pushed, and may be answered more than once, as any request.
const KEPT: &str = "urn:lockgate:request_uri:";

/// The longest address that every proxy and browser on the way takes.
const MAX_ADDRESS: usize = 4_096;

/// A request, as it counts.
pub(super) struct Asked {
    /// Its parameters.
    pub(super) parameters: Parameters,
    /// Hash of the `request_uri` under which it was pushed.
    pub(super) pushed: Option<String>,
    /// Path and query under which it is asked for once more.
    pub(super) address: String,
}

impl Asked {
    /// The parameters as they came.
    pub(super) fn as_sent(parameters: &Parameters) -> Self {
        let address = format!("{PATH}?{}", parameters.to_query());
        Self { parameters: parameters.clone(), pushed: None, address }
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
                // It was believed now: after the person has signed in, it may have expired.
                let address = self.keep(client, &parameters, Some(object)).await?;
                Ok(Asked { parameters, pushed: None, address })
            }
            // RFC 9101, section 5: never both.
            (Some(_), Some(_)) => {
                Err(AuthorizeError::invalid_request("There are both request and request_uri.").into())
            }
            (None, Some(uri)) if uri.starts_with(KEPT) => self.put_aside(client, uri).await,
            (None, Some(uri)) if uri.starts_with(par::PREFIX) => {
                let asked = self.put_aside(client, uri).await?;
                Ok(Asked { pushed: Some(hash_secret(uri)), ..asked })
            }
            (None, Some(_)) => {
                let text = "Requests are not fetched from other places: send a request object, or push the request.";
                Err(AuthorizeError::new("request_uri_not_supported", text).into())
            }
        }
    }

    /// RFC 9126, section 4: it counts for the client that it was put aside for, and nothing beside it counts.
    /// A pushed one stays until it is answered, because the browser comes back after signing in.
    async fn put_aside(&self, client: &Client, uri: &str) -> Result<Asked, Stop> {
        let found = self.identity.store.once().pushed(&hash_secret(uri), self.now).await?;
        let found = found.filter(|found| found.provider == client.id);
        let parameters = found.and_then(|found| serde_json::from_value(found.parameters).ok());
        let Some(parameters) = parameters else { return Err(unknown_request().into()) };
        Ok(Asked { parameters, ..Asked::as_sent(self.parameters) })
    }

    /// Where the browser asks for a posted request by a link: cookies do not come with forms of other sites
    /// (`SameSite=Lax`), and whoever has none would get a new session over the one that they have.
    pub(super) async fn as_link(&self, client: &Client, asked: &Asked) -> Result<String, Stop> {
        if asked.address.len() <= MAX_ADDRESS {
            return Ok(asked.address.clone());
        }
        if let Some(uri) = self.parameters.get("request_uri") {
            return Ok(reference(client, uri));
        }
        if self.limits.pushed(self.visitor.client.ip).is_err() {
            return Err(AuthorizeError::new("temporarily_unavailable", "There are too many requests.").into());
        }
        Ok(self.keep(client, &asked.parameters, None).await?)
    }

    /// Puts a request aside; answers its address. One that the client signed has its name from what was signed, which
    /// nobody else can make: however often it comes while it is valid, it lies there once.
    async fn keep(&self, client: &Client, parameters: &Parameters, signed: Option<&str>) -> Result<String, StoreError> {
        let name = match signed {
            Some(object) => hash_secret(&format!("{}:{object}", client.id)),
            None => self.identity.oauth.secret(),
        };
        let uri = format!("{KEPT}{name}");
        let row = PushedRequest {
            request_hash: hash_secret(&uri),
            provider: client.id,
            parameters: json!(parameters),
            expires: self.now + par::LIFE,
        };
        self.identity.store.once().keep(&row).await?;
        Ok(reference(client, &uri))
    }
}

fn reference(client: &Client, uri: &str) -> String {
    let pairs = [("client_id", client.client_id.as_str()), ("request_uri", uri)];
    format!("{PATH}?{}", Serializer::new(String::new()).extend_pairs(pairs).finish())
}

/// The request that was put aside is not there, or not any more.
pub(super) fn unknown_request() -> AuthorizeError {
    AuthorizeError::new("invalid_request_uri", "The request_uri is unknown, used, expired, or of another client.")
}
