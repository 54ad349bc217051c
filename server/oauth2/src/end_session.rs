//! Signing out of an application (OpenID Connect RP-Initiated Logout, section 2 and 3).
//!
//! Which flow the provider names decides what ends: one with a logout stage ends the login, one without
//! ends it at this application alone. Nobody is signed out of everything by a link that anybody can
//! send: without a token that proves whose login is meant, the person is asked.

use crate::{
    answers,
    guide::Guide,
    pages::{Pages, SignOutPage, Trouble},
    request::Parameters,
    visitor::{SignedIn, Visitor},
};
use axum::response::Response;
use http::{Method, StatusCode};
use lockgate_engine::{CompiledFlow, Context, context::SessionEndContext};
use lockgate_identity::{
    Identity,
    config::{Client, Snapshot},
    oauth::{IdTokenHint, session_id, subject},
    sessions::{csrf_matches, csrf_token},
};
use lockgate_model::kinds::FlowDesignation;
use lockgate_store::StoreError;
use std::sync::Arc;
use uuid::Uuid;

/// What goes along when the person is asked first.
const CARRIED: [&str; 4] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];

/// One request to sign out.
pub(crate) struct EndSession<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) pages: &'a dyn Pages,
    pub(crate) snapshot: &'a Arc<Snapshot>,
    pub(crate) visitor: &'a Visitor,
    pub(crate) parameters: &'a Parameters,
    pub(crate) app: &'a Client,
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
}

impl EndSession<'_> {
    /// Leads through the invalidation flow.
    pub(crate) async fn answer(&self) -> Result<Response, StoreError> {
        // A form of another site brings no session cookie (SameSite=Lax); a link of ours does.
        if self.method == Method::POST && self.visitor.token.is_none() {
            return Ok(answers::redirect(&format!("{}?{}", self.path, self.parameters.to_query()), []));
        }
        let named = self.parameters.get("client_id");
        if named.is_some_and(|id| id != self.app.client_id) {
            return Ok(self.refuse("Client ID Error", "The client identifier (client_id) is not this application's."));
        }
        let hint = self.hint().await?;
        let redirect = match self.parameters.get("post_logout_redirect_uri") {
            None => None,
            // Section 3: the client must be known by its token or its name, the address be its own.
            Some(wanted) => match self.allowed(wanted).filter(|_| hint.is_some() || named.is_some()) {
                Some(to) => Some(to),
                None => {
                    let text = "The address to return to is not one of this application's.";
                    return Ok(self.refuse("Redirect URI Error", text));
                }
            },
        };
        let Some(flow) = self.flow() else {
            return Ok(self.refuse("Configuration error", "There is no flow to sign out with."));
        };
        let signed_in = self.visitor.signed_in(self.identity).await?;
        let confirmed = self.is_confirmed();
        if let Some(signed_in) = &signed_in
            && flow.signs_out()
            && !confirmed
            && !hint.is_some_and(|hint| self.is_about(&hint, signed_in))
        {
            return Ok(self.ask(signed_in));
        }
        self.lead(&flow, redirect, signed_in.as_ref(), confirmed).await
    }

    /// The provider's invalidation flow, else the brand's.
    fn flow(&self) -> Option<Arc<CompiledFlow>> {
        self.snapshot.flow_by_id(self.app.invalidation_flow).or_else(|| {
            let slug = self.snapshot.default_flow(&self.visitor.client.host, FlowDesignation::Invalidation)?;
            self.snapshot.flow(&slug)
        })
    }

    /// The token that the client was given, if we gave it.
    async fn hint(&self) -> Result<Option<IdTokenHint>, StoreError> {
        match self.parameters.get("id_token_hint") {
            Some(hint) => self.identity.oauth.id_token_hint(self.app, hint).await,
            None => Ok(None),
        }
    }

    /// Whether the token was given for the login of this browser.
    fn is_about(&self, hint: &IdTokenHint, signed_in: &SignedIn) -> bool {
        let session = signed_in.session.uuid;
        // Tokens of proxied applications name the session itself.
        let same_session = |sid: &String| *sid == session_id(session) || *sid == session.to_string();
        hint.sub == subject(self.app, signed_in.who.principal()) && hint.sid.as_ref().is_none_or(same_session)
    }

    fn is_confirmed(&self) -> bool {
        let csrf = self.parameters.get("csrf_token").unwrap_or_default();
        self.method == Method::POST
            && self.parameters.get("confirmed") == Some("yes")
            && self.visitor.token.as_ref().is_some_and(|token| csrf_matches(token, csrf))
    }

    fn ask(&self, signed_in: &SignedIn) -> Response {
        let carried = CARRIED.into_iter().filter_map(|name| Some((name.to_owned(), self.parameters.get(name)?.into())));
        answers::no_store(self.pages.sign_out(&SignOutPage {
            host: &self.visitor.client.host,
            language: self.visitor.language(self.snapshot, Some(signed_in)),
            snapshot: self.snapshot,
            who: &signed_in.who.principal().user.username,
            app: &self.app.app_name,
            csrf: csrf_token(&signed_in.token),
            action: self.path.to_owned(),
            fields: carried.collect(),
        }))
    }

    async fn lead(
        &self,
        flow: &CompiledFlow,
        redirect: Option<String>,
        signed_in: Option<&SignedIn>,
        confirmed: bool,
    ) -> Result<Response, StoreError> {
        let slug = flow.flow.slug.as_str();
        let everything = self.snapshot.default_flow(&self.visitor.client.host, FlowDesignation::Invalidation);
        let end = SessionEndContext {
            invalidation_url: everything.filter(|other| other != slug).map(|slug| format!("/if/flow/{slug}/")),
        };
        // A flow may sign out or not; which of them are told is known at its end.
        let urls = async |only: Option<Uuid>| match signed_in {
            Some(signed_in) => self.identity.logout_urls(self.snapshot, signed_in.session.uuid, only).await,
            None => Ok(Vec::new()),
        };
        let logout_urls = if flow.signs_out() { urls(None).await? } else { Vec::new() };
        let left_urls = urls(Some(self.app.id)).await?;
        let context = Context {
            application: Some(self.app.app_context(signed_in.map(|it| &**it.who.principal()))),
            session_end: redirect.is_none().then_some(end),
            redirect,
            logout_urls,
            left_urls,
            ..Context::default()
        };
        let guide = Guide { identity: self.identity, visitor: self.visitor, path: self.path };
        let led = guide.begin(slug, None, context).await?;
        Ok(if confirmed { led.onward(self.pages, self.visitor, self.snapshot) } else { led.redirect() })
    }

    /// The address, with the state, when it is one that the client has registered for this.
    fn allowed(&self, wanted: &str) -> Option<String> {
        let mut to = self.app.logout_redirects.allow(wanted)?;
        if let Some(state) = self.parameters.get("state") {
            to.query_pairs_mut().append_pair("state", state);
        }
        Some(to.into())
    }

    fn refuse(&self, title: &str, text: &str) -> Response {
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
