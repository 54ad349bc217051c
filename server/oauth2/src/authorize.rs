//! The authorize endpoint, step by step (RFC 6749, section 4.1.1 and 4.1.2). An error goes to the client
//! only after its redirect URI is proven; before that, it stays here as a page.

use crate::{
    answers,
    metadata::issuer,
    pages::{Denied, Pages, Trouble},
    request::{AuthorizeRequest, Parameters, RedirectError, failure},
    visitor::{SignedIn, Visitor},
};
use axum::response::Response;
use chrono::{DateTime, Utc};
use http::StatusCode;
use lockgate_engine::{
    Context,
    challenge::Permission,
    context::{AppContext, ConsentRequest},
};
use lockgate_identity::{
    Identity,
    config::{Client, Snapshot},
    journal::{Action, Entry, Seldom},
    runner::{Begun, FlowRequest},
    sessions::has_mfa,
};
use lockgate_model::kinds::FlowDesignation;
use lockgate_policies::{Action as Verb, Facts, Resource, describe_denial};
use lockgate_store::{StoreError, hash_secret};
use serde_json::{Map, json};
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
    pub(crate) method: &'a str,
    pub(crate) now: DateTime<Utc>,
    /// For what anybody can cause.
    pub(crate) seldom: &'a Seldom,
}

/// Why the client is not sent a code.
#[derive(Debug, Error)]
enum Stop {
    /// The client is told by a redirect.
    #[error(transparent)]
    Tell(#[from] RedirectError),
    /// The browser is answered right here.
    #[error("answered here")]
    Here(Box<Response>),
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
    /// Answers the request.
    pub(crate) async fn answer(&self) -> Response {
        // Section 3.1.2: whose request is it, and is that where they want the answer?
        let app = match self.client() {
            Ok(app) => app,
            Err(page) => return *page,
        };
        let redirect_uri = match self.redirect_uri(&app) {
            Ok(uri) => uri,
            Err(page) => return *page,
        };
        let issuer = issuer(self.identity, self.snapshot, &self.visitor.client, &app);
        // From here on errors may be redirected (section 4.1.2.1).
        let error = match Box::pin(self.code(&app, redirect_uri, &issuer)).await {
            Ok(response) => return response,
            Err(Stop::Here(response)) => return *response,
            Err(Stop::Tell(error)) => error,
            Err(Stop::Store(error)) => {
                tracing::error!(%error, "an authorization request could not be answered");
                RedirectError::ServerError
            }
        };
        match failure(redirect_uri, self.parameters.get("state"), &issuer, error) {
            Some(to) => answers::redirect(to.as_str(), []),
            None => self.refuse("Redirect URI Error", "The redirect URI is malformed."),
        }
    }

    fn client(&self) -> Result<Arc<Client>, Box<Response>> {
        let client_id = self.parameters.get("client_id").unwrap_or_default();
        let found = self.snapshot.client(client_id).filter(|_| !client_id.is_empty());
        found.cloned().ok_or_else(|| {
            Box::new(self.refuse("Client ID Error", "The client identifier (client_id) is missing or invalid."))
        })
    }

    /// Exact comparison with the registered addresses (RFC 9700, section 2.1).
    fn redirect_uri(&self, app: &Client) -> Result<&str, Box<Response>> {
        let given = self.parameters.get("redirect_uri").unwrap_or_default();
        if app.redirects.allow(given) {
            return Ok(given);
        }
        let text = "The request fails due to a missing, invalid, or mismatching redirection URI (redirect_uri).";
        Err(Box::new(self.refuse("Redirect URI Error", text)))
    }

    /// Everything after the redirect URI, up to the code.
    async fn code(&self, app: &Arc<Client>, redirect_uri: &str, issuer: &str) -> Result<Response, Stop> {
        let request = AuthorizeRequest::read(self.parameters, redirect_uri)?;
        let signed_in = Box::pin(self.authenticated(app, &request)).await?;
        self.permitted(app, &request, &signed_in)?;
        self.authorized(app, &request, &signed_in).await?;
        // The code is bound to provider, session, redirect URI and state; it lives for a minute (4.1.2).
        let data = json!({
            "redirect_uri": request.redirect_uri,
            "client_id": app.client_id,
            "scope": request.scopes.join(" "),
            "state": hash_secret(request.state.as_deref().unwrap_or_default()),
        });
        let code = self.identity.proxy.issue_code(&signed_in.session, app.id, data).await?;
        let to = request.success(&code, issuer).ok_or(RedirectError::ServerError)?;
        Ok(answers::redirect(to.as_str(), []))
    }

    /// The person who is signed in, or the way to become one (OpenID Connect Core, section 3.1.2.3).
    async fn authenticated(&self, app: &Client, request: &AuthorizeRequest) -> Result<SignedIn, Stop> {
        let found = self.visitor.signed_in(self.identity).await?;
        let ticket = format!("login:{}", self.parameters.fingerprint());
        if let Some(signed_in) = found {
            let again = request.prompt.login || request.max_age.is_some_and(|age| self.is_older(&signed_in, age));
            if !again || self.identity.flows().take_ticket(&signed_in.token, &ticket).await? {
                return Ok(signed_in);
            }
        }
        if request.prompt.none {
            return Err(RedirectError::LoginRequired.into());
        }
        let own = app.authentication_flow.and_then(|flow| self.snapshot.flow_by_id(flow));
        let slug = own
            .map(|flow| flow.flow.slug.clone())
            .or_else(|| self.snapshot.default_flow(&self.visitor.client.host, FlowDesignation::Authentication));
        let Some(slug) = slug else {
            return Err(self.refuse("Configuration error", "There is no flow to sign in with.").into());
        };
        Err(self.lead(&slug, Context { ticket: Some(ticket), ..self.context(app) }).await?.into())
    }

    fn is_older(&self, signed_in: &SignedIn, max_age: i64) -> bool {
        let at = signed_in.session.auth.as_ref().and_then(|auth| auth.get("at")).and_then(serde_json::Value::as_i64);
        at.is_none_or(|at| self.now.timestamp() - at > max_age)
    }

    /// The policies of the application; noted with their reasons either way.
    fn permitted(&self, app: &Client, request: &AuthorizeRequest, signed_in: &SignedIn) -> Result<(), Stop> {
        let mut context = Map::new();
        context.insert("oauth_scopes".to_owned(), json!(request.scopes));
        let facts = self.facts(signed_in, &context);
        let access = &self.identity.access;
        let decision = access.app(self.snapshot, Some(&signed_in.who), &app.app_slug, &facts);
        access.record(&decision, Some(&signed_in.who), self.visitor.client.ip, &app.app_slug);
        if decision.allow {
            return Ok(());
        }
        if request.prompt.none {
            return Err(RedirectError::AccessDenied.into());
        }
        Err(self.denied(app, signed_in, &decision).into())
    }

    /// The authorization flow, if it has anything to ask. That it was gone through for this very request
    /// is what its ticket in the session says, once.
    async fn authorized(&self, app: &Client, request: &AuthorizeRequest, signed_in: &SignedIn) -> Result<(), Stop> {
        let Some(flow) = self.snapshot.flow_by_id(app.authorization_flow) else {
            return Err(self.refuse("Configuration error", "The application has no authorization flow.").into());
        };
        if flow.stages.is_empty() {
            // Nothing to show; whether it may be run at all is a question all the same.
            let facts = self.facts(signed_in, Facts::at(self.now).context);
            let resource = Resource::Flow(&flow.flow.slug);
            let access = &self.identity.access;
            let decision = access.decide(self.snapshot, Some(&signed_in.who), Verb::Run, resource, &facts);
            if decision.allow {
                return Ok(());
            }
            access.record(&decision, Some(&signed_in.who), self.visitor.client.ip, &app.app_slug);
            return Err(self.denied(app, signed_in, &decision).into());
        }
        let ticket = format!("authorize:{}", self.parameters.fingerprint());
        if self.identity.flows().take_ticket(&signed_in.token, &ticket).await? {
            return Ok(());
        }
        if request.prompt.none {
            return Err(RedirectError::InteractionRequired.into());
        }
        let consent = ConsentRequest { header: None, permissions: self.permissions(app, request) };
        let context = Context { consent: Some(consent), ticket: Some(ticket), ..self.context(app) };
        Err(self.lead(&flow.flow.slug, context).await?.into())
    }

    /// Leads the browser through a flow and back to this request.
    async fn lead(&self, slug: &str, context: Context) -> Result<Response, StoreError> {
        let next = self.own_address();
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish();
        let flow = FlowRequest {
            slug,
            query: &query,
            session_token: self.visitor.token.as_deref(),
            client: &self.visitor.client,
            request_id: &self.visitor.request_id,
            path: PATH,
        };
        let begun = self.identity.flows().begin(flow, context).await?;
        Ok(match begun {
            Some(Begun { location, set_session }) => {
                let cookies = self.visitor.cookies(set_session.as_ref());
                answers::redirect(&location, cookies)
            }
            // Other requests of this browser were faster every time; the flow starts from its page.
            None => answers::redirect(&format!("/if/flow/{slug}/?{query}"), []),
        })
    }

    fn own_address(&self) -> String {
        format!("{PATH}?{}", self.parameters.to_query())
    }

    fn context(&self, app: &Client) -> Context {
        let application = AppContext {
            pk: app.app_id,
            slug: app.app_slug.clone(),
            name: app.app_name.clone(),
            launch_url: app.launch_url.clone(),
        };
        Context { application: Some(application), redirect: Some(self.own_address()), ..Context::default() }
    }

    /// What the consent page lists: the scopes whose mappings say something to people.
    fn permissions(&self, app: &Client, request: &AuthorizeRequest) -> Vec<Permission> {
        let told = app.mappings_of(&request.scopes).filter(|m| !m.description.is_empty());
        told.map(|m| Permission { name: m.description.clone(), id: m.scope.clone() }).collect()
    }

    fn facts<'f>(&'f self, signed_in: &SignedIn, context: &'f Map<String, serde_json::Value>) -> Facts<'f> {
        Facts {
            ip: Some(self.visitor.client.ip),
            path: PATH,
            host: &self.visitor.client.host,
            method: self.method,
            user_agent: &self.visitor.client.user_agent,
            mfa: has_mfa(&signed_in.session),
            context,
            ..Facts::at(self.now)
        }
    }

    fn denied(&self, app: &Client, signed_in: &SignedIn, decision: &lockgate_policies::Decision) -> Response {
        answers::no_store(self.pages.denied(&Denied {
            host: &self.visitor.client.host,
            snapshot: self.snapshot,
            app: &app.app_name,
            who: signed_in.who.principal(),
            decision: decision.id.to_string(),
            missing: describe_denial(decision),
            record: decision,
            here: self.own_address(),
        }))
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
        answers::no_store(self.pages.trouble(&Trouble {
            host: &self.visitor.client.host,
            snapshot: self.snapshot,
            status: StatusCode::BAD_REQUEST,
            title,
            text,
        }))
    }
}
