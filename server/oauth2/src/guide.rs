//! Leads a browser through a flow, and back to what was asked for. Whoever sends it names a ticket; finding
//! the ticket in the browser's session is how the next request knows that the flow was gone through, once.

use crate::{answers, pages::Pages, visitor::Visitor};
use axum::response::Response;
use http::{HeaderValue, header};
use lockgate_engine::{Context, challenge::Permission};
use lockgate_identity::{
    Identity,
    config::{Client, Snapshot},
    oauth::OFFLINE_ACCESS,
    runner::FlowRequest,
};
use lockgate_model::kinds::FlowDesignation;
use lockgate_store::StoreError;
use url::form_urlencoded::Serializer;

/// The longest address that is shown in the address of a flow; the plan knows it anyway.
const MAX_SHOWN: usize = 4_096;

/// What offline access is to people, where its mapping says nothing.
const OFFLINE: &str = "Keep access while you are not there";

/// Somebody who has to go through a flow first.
#[derive(Clone, Copy)]
pub(crate) struct Guide<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) visitor: &'a Visitor,
    /// Path that was asked for.
    pub(crate) path: &'a str,
}

/// Where a browser has to go.
#[derive(Debug)]
pub(crate) struct Led {
    pub(crate) location: String,
    pub(crate) cookies: Vec<HeaderValue>,
    /// Whether the flow is for this person; its page says so, too.
    pub(crate) admitted: bool,
}

impl Led {
    /// The redirect there.
    pub(crate) fn redirect(self) -> Response {
        answers::redirect(&self.location, self.cookies)
    }

    /// The same after a form: browsers hold a form's `form-action` against every redirect that follows it.
    pub(crate) fn onward(self, pages: &dyn Pages, visitor: &Visitor, snapshot: &Snapshot) -> Response {
        let language = visitor.language(snapshot, None);
        let mut response = answers::no_store(pages.onward(&visitor.client.host, language, &self.location));
        self.cookies.into_iter().for_each(|cookie| _ = response.headers_mut().append(header::SET_COOKIE, cookie));
        response
    }
}

impl<'a> Guide<'a> {
    /// The flow, asked for by this browser.
    pub(crate) fn request(self, slug: &'a str, query: &'a str) -> FlowRequest<'a> {
        FlowRequest {
            slug,
            query,
            session_token: self.visitor.token.as_deref(),
            // A flow is begun here; what the browser remembers matters on its pages.
            mfa_token: None,
            device_token: None,
            client: &self.visitor.client,
            request_id: &self.visitor.request_id,
            path: self.path,
        }
    }

    /// Begins a flow with what is known. Its page shows where it goes on when `back` is an address of ours,
    /// so that people who reload it in another browser get there as well.
    pub(crate) async fn begin(self, slug: &str, back: Option<&str>, context: Context) -> Result<Led, StoreError> {
        let back = back.filter(|back| back.len() <= MAX_SHOWN);
        let query =
            back.map_or_else(String::new, |back| Serializer::new(String::new()).append_pair("next", back).finish());
        let guide = Guide { ..self };
        let begun = self.identity.flows().begin(guide.request(slug, &query), context).await?;
        Ok(match begun {
            Some(begun) => Led {
                location: begun.location,
                cookies: self.visitor.cookies(begun.set_session.as_ref()),
                admitted: begun.admitted,
            },
            // Other requests of this browser were faster every time; the flow starts from its page.
            None => {
                let query = if query.is_empty() { query } else { format!("?{query}") };
                Led { location: format!("/if/flow/{slug}/{query}"), cookies: Vec::new(), admitted: true }
            }
        })
    }
}

/// Slug of the flow that people sign in by: the client's own, or the brand's.
pub(crate) fn login_flow(snapshot: &Snapshot, host: &str, client: Option<&Client>) -> Option<String> {
    let own = client.and_then(|client| snapshot.flow_by_id(client.authentication_flow?));
    own.map(|flow| flow.flow.slug.clone()).or_else(|| snapshot.default_flow(host, FlowDesignation::Authentication))
}

/// What people are told that a client asks for: the scopes whose mappings say something to them, and access
/// while they are not there in any case.
pub(crate) fn permissions(client: &Client, scopes: &[String]) -> Vec<Permission> {
    let told = client.mappings_of(scopes).filter(|mapping| !mapping.description.is_empty());
    let mut list: Vec<Permission> =
        told.map(|mapping| Permission { name: mapping.description.clone(), id: mapping.scope.clone() }).collect();
    let offline = scopes.iter().any(|scope| scope == OFFLINE_ACCESS);
    if offline && !list.iter().any(|permission| permission.id == OFFLINE_ACCESS) {
        list.push(Permission { name: OFFLINE.to_owned(), id: OFFLINE_ACCESS.to_owned() });
    }
    list
}
