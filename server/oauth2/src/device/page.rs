//! The page where a person types the code that a device shows, sees who asks for what, and decides
//! (RFC 8628, section 3.3). There is always a click: the code may have been sent by somebody who wants
//! the tokens for a device of their own (section 5.4).

use super::{PATH, normal, shown};
use crate::{
    answers,
    endpoint::Refusal,
    gatekeeper::Question,
    guide::{Guide, login_flow, permissions},
    limits::Limits,
    metadata::issuer,
    pages::{Denied, DevicePage, DeviceStep, Pages, Trouble},
    request::Parameters,
    visitor::{SignedIn, Visitor},
};
use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};
use lockgate_engine::{CompiledFlow, Context};
use lockgate_identity::{
    Identity,
    config::{Client, Snapshot},
    journal::{Action, Entry},
    oauth::GrantFacts,
    sessions::{csrf_matches, csrf_token, login_of},
};
use lockgate_model::kinds::{FlowAuthentication, GrantType};
use lockgate_policies::describe_denial;
use lockgate_store::{DeviceCode, StoreError, hash_secret};
use serde_json::{Map, json};
use std::sync::Arc;
use url::form_urlencoded::Serializer;

/// What the brand's flow for devices leaves in the session when it was gone through.
const TICKET: &str = "device";

const UNKNOWN: &str = "There is no such code, or it is too old. Look at your device, and type the code once more.";
const LATE: &str = "This page was open for too long, or your browser keeps no cookies. Please try again.";

/// One request of a browser to the page.
pub(crate) struct DeviceRequest<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) pages: &'a dyn Pages,
    pub(crate) snapshot: &'a Arc<Snapshot>,
    pub(crate) visitor: &'a Visitor,
    pub(crate) parameters: &'a Parameters,
    pub(crate) method: &'a Method,
    pub(crate) limits: &'a Limits,
}

/// A device that waits for a decision.
pub(super) struct Waiting {
    pub(super) code: DeviceCode,
    pub(super) client: Arc<Client>,
    pub(super) scopes: Vec<String>,
    typed: String,
}

impl DeviceRequest<'_> {
    /// Answers the request.
    pub(crate) async fn answer(&self) -> Result<Response, StoreError> {
        let signed_in = self.visitor.signed_in(self.identity).await?;
        if let Some(response) = self.flow_first(signed_in.is_some()).await? {
            return Ok(response);
        }
        let typed = normal(self.parameters.get("code").unwrap_or_default());
        // Against guessing (section 5.1).
        if !typed.is_empty()
            && let Err(Refusal::TooMany { retry_after }) = self.limits.user_code(self.visitor.client.ip)
        {
            return Ok(self.too_many(retry_after));
        }
        let Some(signed_in) = signed_in else { return self.sign_in(&typed).await };
        let posted = self.method == Method::POST;
        if posted && !csrf_matches(&signed_in.token, self.parameters.get("csrf_token").unwrap_or_default()) {
            return Ok(self.ask(&signed_in, &typed, Some(LATE), StatusCode::FORBIDDEN));
        }
        if typed.is_empty() {
            let problem = posted.then_some("Type the code that your device shows.");
            return Ok(self.ask(&signed_in, "", problem, StatusCode::OK));
        }
        let Some(waiting) = self.waiting(typed.clone()).await? else {
            return Ok(self.ask(&signed_in, &typed, Some(UNKNOWN), StatusCode::NOT_FOUND));
        };
        match self.parameters.get("decision").filter(|_| posted) {
            Some("allow") => self.approve(&signed_in, &waiting).await,
            Some("deny") => self.decide(&signed_in, &waiting, false).await,
            _ => match self.come_back(&signed_in, &waiting).await? {
                Some(agreed) => self.decide(&signed_in, &waiting, agreed).await,
                None => Ok(self.confirm(&signed_in, &waiting)),
            },
        }
    }

    pub(super) fn host(&self) -> &str {
        &self.visitor.client.host
    }

    /// The brand's flow for devices, where it has one and this session has not gone through it. One that
    /// is for people who are signed in waits until they are.
    async fn flow_first(&self, is_signed_in: bool) -> Result<Option<Response>, StoreError> {
        let Some(flow) = self.own_flow() else { return Ok(None) };
        if !is_signed_in && flow.flow.authentication == FlowAuthentication::RequireAuthenticated {
            return Ok(None);
        }
        if let Some(token) = &self.visitor.token
            && self.identity.flows().has_ticket(token, TICKET).await?
        {
            return Ok(None);
        }
        let context = Context { ticket: Some(TICKET.to_owned()), ..Context::default() };
        self.lead(&flow.flow.slug, context).await.map(Some)
    }

    fn own_flow(&self) -> Option<Arc<CompiledFlow>> {
        let (_, brand) = self.snapshot.brand(self.host())?;
        self.snapshot.flow_by_id(brand.flow_device_code?.0)
    }

    /// Whoever is not signed in signs in as the application has it that waits, else as the brand does.
    async fn sign_in(&self, typed: &str) -> Result<Response, StoreError> {
        let waiting = if typed.is_empty() { None } else { self.waiting(typed.to_owned()).await? };
        let client = waiting.as_ref().map(|waiting| &*waiting.client);
        let Some(slug) = login_flow(self.snapshot, self.host(), client) else {
            let text = "There is no flow to sign in with.";
            return Ok(self.trouble(StatusCode::BAD_REQUEST, "Configuration error", text));
        };
        let application = client.map(|client| client.app_context(None));
        self.lead(&slug, Context { application, ..Context::default() }).await
    }

    /// Leads the browser through a flow and back to this page, with the code that was typed.
    pub(super) async fn lead(&self, slug: &str, context: Context) -> Result<Response, StoreError> {
        let here = match self.parameters.get("code") {
            Some(code) => {
                format!("{PATH}?{}", Serializer::new(String::new()).append_pair("code", &shown(&normal(code))).finish())
            }
            None => PATH.to_owned(),
        };
        let context = Context { redirect: Some(here.clone()), ..context };
        let led = self.guide().begin(slug, Some(&here), context).await?;
        if !led.admitted {
            return Ok(self.not_for_you());
        }
        Ok(if self.method == Method::POST {
            led.onward(self.pages, self.visitor, self.snapshot)
        } else {
            led.redirect()
        })
    }

    pub(super) fn guide(&self) -> Guide<'_> {
        Guide { identity: self.identity, visitor: self.visitor, path: PATH }
    }

    async fn waiting(&self, typed: String) -> Result<Option<Waiting>, StoreError> {
        let now = self.identity.clock.now();
        let found = self.identity.store.device_codes().by_user_code(&hash_secret(&typed), now).await?;
        let Some(code) = found else { return Ok(None) };
        let client = self.snapshot.client_by_provider(code.provider).cloned();
        let client = client.filter(|client| client.allows(GrantType::DeviceCode));
        let scopes = code.scope.split_whitespace().map(str::to_owned).collect();
        Ok(client.map(|client| Waiting { code, client, scopes, typed }))
    }

    pub(super) async fn decide(
        &self,
        signed_in: &SignedIn,
        waiting: &Waiting,
        allow: bool,
    ) -> Result<Response, StoreError> {
        let Waiting { code, client, scopes, .. } = waiting;
        if allow && let Some(denied) = self.denied(signed_in, waiting).await {
            return Ok(denied);
        }
        // Only who takes the ticket of the brand's flow may go on.
        if self.own_flow().is_some() && !self.identity.flows().take_ticket(&signed_in.token, TICKET).await? {
            return Ok(self.ask(signed_in, &waiting.typed, Some(LATE), StatusCode::FORBIDDEN));
        }
        let issuer = issuer(self.identity, self.snapshot, &self.visitor.client, client);
        let data = json!({"facts": GrantFacts::of_session(issuer, &signed_in.session)});
        let who = &signed_in.who.principal().user;
        let session = signed_in.session.uuid;
        let now = self.identity.clock.now();
        let codes = self.identity.store.device_codes();
        match codes.decide(&code.device_hash, allow, who.pk, session, &data, now).await {
            Ok(true) => {}
            Ok(false) => return Ok(self.ask(signed_in, "", Some(UNKNOWN), StatusCode::NOT_FOUND)),
            // The session has ended just now.
            Err(StoreError::Dangling) => return self.sign_in(&waiting.typed).await,
            Err(error) => return Err(error),
        }
        if allow {
            let entry = Entry::new(Action::AuthorizeApplication, "lockgate.oauth2").by(who);
            let entry = entry.from_ip(self.visitor.client.ip).with("application", client.app_slug.clone());
            self.identity.journal.record(entry.with("scopes", scopes.join(" ")).with("flow", "device_code"));
        }
        Ok(self.page(signed_in, StatusCode::OK, DeviceStep::Done { app: &client.app_name, allowed: allow }))
    }

    /// The policies of the application, before anybody is told that the device may go on.
    pub(super) async fn denied(&self, signed_in: &SignedIn, waiting: &Waiting) -> Option<Response> {
        let mut context = Map::new();
        context.insert("oauth_scopes".to_owned(), json!(waiting.scopes));
        context.insert("oauth_grant_type".to_owned(), json!(GrantType::DeviceCode.as_str()));
        let question = Question {
            identity: self.identity,
            snapshot: self.snapshot,
            peer: &self.visitor.client,
            client: &waiting.client,
            who: &signed_in.who,
            login: &login_of(&signed_in.session),
            context: &context,
            path: PATH,
            method: self.method.as_str(),
        };
        let decision = question.decide().await;
        if decision.allow {
            return None;
        }
        Some(answers::no_store(self.pages.denied(&Denied {
            host: self.host(),
            language: self.visitor.language(self.snapshot, Some(signed_in)),
            snapshot: self.snapshot,
            app: &waiting.client.app_name,
            who: signed_in.who.principal(),
            decision: decision.id.to_string(),
            missing: describe_denial(&decision),
            record: &decision,
            here: PATH.to_owned(),
        })))
    }

    fn ask(&self, signed_in: &SignedIn, typed: &str, problem: Option<&str>, status: StatusCode) -> Response {
        self.page(signed_in, status, DeviceStep::Ask { code: &shown(typed), problem })
    }

    /// Who asks, and for what, in words, as on the consent page.
    fn confirm(&self, signed_in: &SignedIn, waiting: &Waiting) -> Response {
        let client = &waiting.client;
        let permissions = permissions(client, &waiting.scopes);
        let step = DeviceStep::Confirm {
            app: &client.app_name,
            slug: &client.app_slug,
            code: &shown(&waiting.typed),
            permissions: &permissions,
        };
        self.page(signed_in, StatusCode::OK, step)
    }

    fn page(&self, signed_in: &SignedIn, status: StatusCode, step: DeviceStep<'_>) -> Response {
        answers::no_store(self.pages.device(&DevicePage {
            host: self.host(),
            language: self.visitor.language(self.snapshot, Some(signed_in)),
            snapshot: self.snapshot,
            who: &signed_in.who.principal().user.username,
            csrf: csrf_token(&signed_in.token),
            status,
            step,
        }))
    }

    /// A flow that has to be gone through requires other visitors.
    pub(super) fn not_for_you(&self) -> Response {
        self.trouble(StatusCode::FORBIDDEN, "Access denied", "The flow that comes before this page is not for you.")
    }

    fn too_many(&self, retry_after: u64) -> Response {
        let text = "To keep accounts safe, wait a minute before you type another code.";
        let mut response = self.trouble(StatusCode::TOO_MANY_REQUESTS, "Too many tries", text);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
        response
    }

    pub(super) fn trouble(&self, status: StatusCode, title: &str, text: &str) -> Response {
        let (host, snapshot) = (self.host(), self.snapshot);
        let language = self.visitor.language(snapshot, None);
        answers::no_store(self.pages.trouble(&Trouble { host, language, snapshot, status, title, text }))
    }
}
