//! Signing out of an application (OpenID Connect RP-Initiated Logout, section 2).

use crate::{
    answers,
    pages::{Pages, Trouble},
    request::Parameters,
    visitor::Visitor,
};
use axum::response::Response;
use chrono::DateTime;
use http::StatusCode;
use lockgate_engine::{
    Context,
    context::{AppContext, SessionEndContext},
};
use lockgate_identity::{
    Identity,
    config::{Client, Snapshot},
    keys::Expires,
    runner::FlowRequest,
};
use lockgate_model::kinds::FlowDesignation;
use lockgate_store::StoreError;
use serde::Deserialize;
use std::sync::Arc;
use url::Url;

/// Of a token that is shown again only its audience and signature count.
#[derive(Debug, Deserialize)]
struct Hint {
    exp: i64,
}

impl Expires for Hint {
    fn expires(&self) -> i64 {
        self.exp
    }
}

/// One request to sign out.
pub(crate) struct EndSession<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) pages: &'a dyn Pages,
    pub(crate) snapshot: &'a Arc<Snapshot>,
    pub(crate) visitor: &'a Visitor,
    pub(crate) parameters: &'a Parameters,
    pub(crate) app: &'a Client,
}

impl EndSession<'_> {
    /// Leads through the invalidation flow.
    pub(crate) async fn answer(&self) -> Result<Response, StoreError> {
        let wanted = self.parameters.get("post_logout_redirect_uri");
        let redirect = wanted.and_then(|wanted| self.allowed(wanted));
        if wanted.is_some() && redirect.is_none() {
            return Ok(self.refuse("Redirect URI Error", "The address to return to is not one of this application's."));
        }
        let host = &self.visitor.client.host;
        let Some(slug) = self.flow() else {
            return Ok(self.refuse("Configuration error", "There is no flow to sign out with."));
        };
        let everything = self.snapshot.default_flow(host, FlowDesignation::Invalidation);
        let end = SessionEndContext {
            invalidation_url: everything.filter(|other| *other != slug).map(|slug| format!("/if/flow/{slug}/")),
        };
        let application = AppContext {
            pk: self.app.app_id,
            slug: self.app.app_slug.clone(),
            name: self.app.app_name.clone(),
            launch_url: self.app.launch_url.clone(),
        };
        let context = Context {
            application: Some(application),
            session_end: redirect.is_none().then_some(end),
            redirect,
            ..Context::default()
        };
        let flow = FlowRequest {
            slug: &slug,
            query: "",
            session_token: self.visitor.token.as_deref(),
            client: &self.visitor.client,
            request_id: &self.visitor.request_id,
            path: "/application/o/end-session/",
        };
        Ok(match self.identity.flows().begin(flow, context).await? {
            Some(begun) => {
                let cookies = self.visitor.cookies(begun.set_session.as_ref());
                answers::redirect(&begun.location, cookies)
            }
            None => answers::redirect(&format!("/if/flow/{slug}/"), []),
        })
    }

    /// The provider's invalidation flow, else the brand's. One without stages leaves the login as it is
    /// and shows the way to sign out of everything.
    fn flow(&self) -> Option<String> {
        let own = self.snapshot.flow_by_id(self.app.invalidation_flow);
        own.map(|flow| flow.flow.slug.clone())
            .or_else(|| self.snapshot.default_flow(&self.visitor.client.host, FlowDesignation::Invalidation))
    }

    /// Section 3: the address must be the client's own, and the client proven by a token that it was
    /// given; that the token has expired does not matter (section 2).
    fn allowed(&self, wanted: &str) -> Option<String> {
        let hint = self.parameters.get("id_token_hint")?;
        let client_id = &self.app.client_id;
        self.app.signing.verify::<Hint>(hint, client_id, DateTime::UNIX_EPOCH).ok()?;
        let mut to = Url::parse(wanted).ok().filter(|_| self.app.logout_redirects.allow(wanted))?;
        if let Some(state) = self.parameters.get("state") {
            to.query_pairs_mut().append_pair("state", state);
        }
        Some(to.into())
    }

    fn refuse(&self, title: &str, text: &str) -> Response {
        answers::no_store(self.pages.trouble(&Trouble {
            host: &self.visitor.client.host,
            snapshot: self.snapshot,
            status: StatusCode::BAD_REQUEST,
            title,
            text,
        }))
    }
}
