//! The authorize endpoint, step by step (RFC 6749, sections 4.1.1 and 4.1.2; OpenID Connect Core,
//! sections 3.1.2, 3.2.2 and 3.3.2). An error goes to the client only after its redirect URI is proven;
//! before that, it stays here as a page.

mod agreement;
mod asked;
mod errand;
mod sign_in;
mod success;

use crate::{
    answers,
    limits::Limits,
    metadata::issuer,
    pages::{FormPost, Pages, Trouble},
    request::{AuthorizeError, AuthorizeRequest, Parameters, Redirect, ResponseMode, Rules},
    response::{Answer, Target},
    visitor::Visitor,
};
use asked::Asked;
use axum::response::Response;
use chrono::{DateTime, Utc};
use errand::Errand;
use http::{Method, StatusCode};
use lockgate_identity::{
    Identity,
    config::{Client, Snapshot},
    journal::{Action, Entry, Seldom},
    oauth::MintError,
};
use lockgate_store::StoreError;
use std::sync::Arc;
use thiserror::Error;

/// Path of the endpoint.
pub(crate) const PATH: &str = "/application/o/authorize/";

/// One request under one configuration.
pub(crate) struct Authorize<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) pages: &'a dyn Pages,
    pub(crate) snapshot: &'a Arc<Snapshot>,
    pub(crate) visitor: &'a Visitor,
    pub(crate) parameters: &'a Parameters,
    pub(crate) method: &'a Method,
    pub(crate) limits: &'a Limits,
    pub(crate) now: DateTime<Utc>,
    /// For what anybody can cause.
    pub(crate) seldom: &'a Seldom,
}

/// Why the client is not sent what it asks for.
#[derive(Debug, Error)]
enum Stop {
    /// The client is told.
    #[error(transparent)]
    Tell(#[from] AuthorizeError),
    /// The browser is answered right here.
    #[error("answered here")]
    Here(Box<Response>),
    /// The tokens could not be made.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Response> for Stop {
    fn from(response: Response) -> Self {
        Self::Here(Box::new(response))
    }
}

impl Authorize<'_> {
    /// Answers the request; a posted one by the way to ask the same by a link.
    pub(crate) async fn answer(&self) -> Response {
        // RFC 6749, section 3.1.2: whose request is it …
        let Some(client) = self.client() else {
            return self.refuse("Client ID Error", "The client identifier (client_id) is missing or invalid.");
        };
        let issuer = issuer(self.identity, self.snapshot, &self.visitor.client, &client);
        // … what does it say, wherever it stands (RFC 9126, RFC 9101) …
        let (asked, unread) = match self.asked(&client, &issuer).await {
            Ok(asked) => (asked, None),
            Err(stop) => (Asked::as_sent(self.parameters), Some(stop)),
        };
        // … and is that where they want the answer?
        let Some(redirect) = Redirect::proven(&client, asked.parameters.get("redirect_uri")) else {
            if let Some(stop) = unread {
                return self.refuse("Request Error", &self.told(&client, stop).description);
            }
            let text = "The request fails due to a missing, invalid, or mismatching redirection URI (redirect_uri).";
            return self.refuse("Redirect URI Error", text);
        };
        let target = Target {
            url: &redirect.url,
            mode: ResponseMode::of(&asked.parameters, &redirect.url),
            state: asked.parameters.get("state"),
            issuer: &issuer,
        };
        // From here on errors go to the client (section 4.1.2.1).
        let outcome = match unread {
            Some(stop) => Err(stop),
            None if self.method == Method::POST => {
                self.as_link(&client, &asked).await.map(|to| answers::see_other(&to))
            }
            None => Box::pin(self.answered(&client, &asked, &redirect, target)).await,
        };
        outcome.unwrap_or_else(|stop| match stop {
            Stop::Here(response) => *response,
            stop => self.send(&client, target.failure(&self.told(&client, stop))),
        })
    }

    fn client(&self) -> Option<Arc<Client>> {
        let client_id = self.parameters.get("client_id")?;
        self.snapshot.client(client_id).cloned()
    }

    /// The steps from a request that is whose it says to the answer.
    async fn answered(
        &self,
        client: &Arc<Client>,
        asked: &Asked,
        redirect: &Redirect,
        target: Target<'_>,
    ) -> Result<Response, Stop> {
        if client.require_pushed_requests && asked.pushed.is_none() {
            return Err(AuthorizeError::invalid_request("This client has to push its requests.").into());
        }
        let mut request = AuthorizeRequest::read(&asked.parameters, Rules::from(&**client), &redirect.url)?;
        let found = self.visitor.signed_in(self.identity).await?;
        if found.as_ref().is_some_and(|found| found.session.original_pk.is_some()) {
            request.end_with_the_session();
        }
        let errand = Errand { of: self, client, asked, redirect, request: &request, target };
        let progress = errand.progress(found.as_ref()).await?;
        let signed_in = Box::pin(errand.authenticated(found, &progress)).await?;
        let decision = errand.permitted(&signed_in).await?;
        Box::pin(errand.agreed(&signed_in, &progress)).await?;
        errand.succeed(&signed_in, &decision).await
    }

    /// What the client is told of a failure; the log and the journal are told the rest.
    fn told(&self, client: &Client, stop: Stop) -> AuthorizeError {
        match stop {
            Stop::Tell(error) => error,
            // The browser session ended between two steps.
            Stop::Store(StoreError::Dangling) | Stop::Mint(MintError::Store(StoreError::Dangling)) => {
                AuthorizeError::login_required("The login has ended meanwhile.")
            }
            Stop::Mint(error) => {
                tracing::error!(%error, "tokens could not be made");
                self.identity.journal.record(error.event(client).from_ip(self.visitor.client.ip));
                AuthorizeError::server_error()
            }
            other => {
                tracing::error!(error = %other, "an authorization request could not be answered");
                AuthorizeError::server_error()
            }
        }
    }

    /// Sends the browser to the client.
    fn send(&self, client: &Client, answer: Answer) -> Response {
        match answer {
            Answer::Redirect(to) => answers::redirect(to.as_str(), []),
            Answer::Post { url, fields } => answers::no_store(self.pages.form_post(&FormPost {
                host: &self.visitor.client.host,
                language: self.visitor.language(self.snapshot, None),
                snapshot: self.snapshot,
                app: &client.app_name,
                url: url.as_str(),
                fields,
            })),
        }
    }

    /// Section 4.1.2.1: the resource owner is told, and the user agent goes nowhere.
    fn refuse(&self, title: &str, text: &str) -> Response {
        let shown = |name: &str| self.parameters.get(name).unwrap_or_default().chars().take(256).collect::<String>();
        self.seldom.record(&self.identity.journal, || {
            Entry::new(Action::ConfigurationError, "lockgate.oauth2")
                .from_ip(self.visitor.client.ip)
                .with("message", title)
                .with("client_id", shown("client_id"))
                .with("redirect_uri", shown("redirect_uri"))
        });
        self.trouble(title, text)
    }

    fn trouble(&self, title: &str, text: &str) -> Response {
        answers::no_store(self.pages.trouble(&Trouble {
            host: &self.visitor.client.host,
            language: self.visitor.language(self.snapshot, None),
            snapshot: self.snapshot,
            status: StatusCode::BAD_REQUEST,
            title,
            text,
        }))
    }
}
