//! The one decision: may this request pass? Every dialect comes here, and nothing else decides.
//!
//! On the way that is gone for every request there is no database and no lock across an await: host to
//! provider by a map, cookie to [`Ticket`] by a cache, validity by flags that whoever changes a session,
//! a person or a group turns off, access by decisions remembered under the facts that they read.

use crate::{
    counts,
    dialect::Question,
    headers::{self, About, KeptHeaders},
    noise::Noise,
    origin::Origin,
    pages::Pages,
    skip,
    state::{CALLBACK_FLAG, LOGOUT_FLAG},
    tickets::{Outcome, Proof, Ready, Ticket, Tickets, digest},
};
use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use lockgate_identity::{
    Identity,
    config::{ProxyApp, Snapshot, hosts::HostMatch},
    journal::{Action, Entry, Seldom},
    keys::KeyError,
    oauth::{Contents, GrantFacts},
    sessions::{auth_of, login_of, plausible},
};
use lockgate_model::User;
use lockgate_policies::{Facts, Login, MappingError};
use lockgate_store::StoreError;
use lockgate_texts::Language;
use serde_json::{Map, Value, json};
use std::{fmt, sync::Arc};
use thiserror::Error;
use uuid::Uuid;

/// The gate.
#[derive(Clone)]
pub struct ForwardAuth(pub(crate) Arc<Gate>);

/// What the gate needs.
pub(crate) struct Gate {
    pub(crate) identity: Identity,
    pub(crate) pages: Arc<dyn Pages>,
    pub(crate) tickets: Tickets,
    pub(crate) noise: Noise,
    noted: Seldom,
}

impl fmt::Debug for ForwardAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForwardAuth")
    }
}

/// What became of a question.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Signed in and allowed.
    Allow(Arc<Ready>),
    /// Needs no sign-in.
    Open,
    /// Back from the sign-in host.
    Callback(Arc<ProxyApp>),
    /// Wants to be signed out.
    SignOut(Arc<ProxyApp>),
    /// Wants to be sent to the sign-in host.
    Start(Arc<ProxyApp>),
    /// Not signed in.
    Login(Arc<ProxyApp>),
    /// Showed credentials that are not accepted.
    Refused(Arc<ProxyApp>),
    /// Signed in and denied.
    Denied(Denial),
    /// Nobody answers for this host.
    NoApp,
}

/// A denial with everything that its page tells.
#[derive(Debug)]
pub(crate) struct Denial {
    /// Name of the application.
    pub(crate) app: String,
    pub(crate) ready: Arc<Ready>,
    pub(crate) decision: Arc<lockgate_policies::Decision>,
}

/// Why there is no answer. Whatever it is, nobody passes.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A mapping.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// A token could not be signed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The moment and the configuration that one request is answered under.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) question: &'a Question<'a>,
    pub(crate) origin: &'a Origin<'a>,
    pub(crate) now: DateTime<Utc>,
    /// The proxy can only be told yes or no.
    pub(crate) yes_or_no: bool,
}

impl Scene<'_> {
    /// The language of whoever asks, signed in or not.
    pub(crate) fn language(&self, user: Option<&User>) -> Language {
        self.snapshot.language(&self.question.host, user, &self.origin.client().languages)
    }

    /// The circumstances that policies may read.
    fn facts<'f>(&'f self, login: &'f Login) -> Facts<'f> {
        let user_agent = self.question.user_agent().and_then(|value| value.to_str().ok());
        Facts {
            ip: Some(self.origin.ip()),
            path: self.question.path(),
            host: &self.question.host,
            method: self.question.method,
            user_agent: user_agent.unwrap_or_default(),
            ..Facts::at(self.now).with_login(login)
        }
    }
}

impl Gate {
    pub(crate) fn new(identity: Identity, pages: Arc<dyn Pages>) -> Self {
        counts::known();
        let tickets = Tickets::new(identity.memory);
        Self { identity, pages, tickets, noise: Noise::default(), noted: Seldom::default() }
    }

    /// Answers a question.
    pub(crate) async fn answer(&self, scene: Scene<'_>) -> Result<Answer, Failure> {
        let question = scene.question;
        let Some(found) = scene.snapshot.hosts.find(&question.host) else { return Ok(Answer::NoApp) };
        let Some(app) = scene.snapshot.provider(found.provider) else { return Ok(Answer::NoApp) };
        if let Some(errand) = errand(scene, app) {
            return Ok(errand);
        }
        if let Some(ticket) = self.signed_in(scene, app).await?
            && let Some(answer) = self.enter(scene, app, &found, &ticket).await?
        {
            return Ok(answer);
        }
        if skip::skips(question, app.provider.mode, &app.skip) {
            return Ok(Answer::Open);
        }
        if app.provider.intercept_header_auth && question.shows_credentials() {
            return Ok(Answer::Refused(Arc::clone(app)));
        }
        Ok(Answer::Login(Arc::clone(app)))
    }

    /// The sign-in that the request proves: by cookie, else by header.
    async fn signed_in(&self, scene: Scene<'_>, app: &ProxyApp) -> Result<Option<Arc<Ticket>>, Failure> {
        for cookie in scene.question.cookies(&app.cookie_name).filter(|cookie| plausible(cookie)) {
            self.identity.feed.trust().await?;
            if let Some(ticket) = self.by_cookie(cookie, app, scene.now).await? {
                return Ok(Some(ticket));
            }
        }
        if app.provider.intercept_header_auth && scene.question.shows_credentials() {
            self.identity.feed.trust().await?;
            return Box::pin(self.by_header(scene, app)).await;
        }
        Ok(None)
    }

    pub(crate) async fn by_cookie(
        &self,
        cookie: &str,
        app: &ProxyApp,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Ticket>>, Failure> {
        let shown = digest(b"cookie", app.id, cookie.as_bytes());
        if let Some(ticket) = self.tickets.get(&shown, app.id, now) {
            return Ok(Some(ticket));
        }
        // Boxed, as everything that is not done for every request: a future is as large as its largest way.
        let found = Box::pin(self.identity.proxy.by_token(cookie, &self.identity.sessions)).await?;
        // A cookie is good for the application that set it, whatever name it comes under.
        let Some(entry) = found.filter(|entry| entry.row.provider == app.id) else { return Ok(None) };
        let ticket = Arc::new(Ticket::of_session(entry));
        self.tickets.keep(shown, Arc::clone(&ticket));
        Ok(Some(ticket))
    }

    /// Whether somebody who is signed in may enter; `None` when the sign-in turns out to be worth nothing.
    async fn enter(
        &self,
        scene: Scene<'_>,
        app: &Arc<ProxyApp>,
        found: &HostMatch<'_>,
        ticket: &Ticket,
    ) -> Result<Option<Answer>, Failure> {
        if let Proof::Session(entry) = &ticket.proof
            && ticket.is_bound
            && !self.identity.bound_here(&entry.session, scene.origin.ip())
        {
            return Ok(None);
        }
        let Some(ready) = self.ready(scene.snapshot, app, ticket, scene.now).await? else { return Ok(None) };
        if let Proof::Session(entry) = &ticket.proof
            && entry.session.original_pk.is_some()
            && !Box::pin(self.identity.may_still_be(&entry.session, &ready.who, Some(scene.origin.ip()))).await?
        {
            return Ok(None);
        }
        let denied = self.judge(scene, app.app_id, &app.app_slug, &ready).await;
        let mut denial = denied.map(|decision| (app.app_name.clone(), decision));
        for id in found.apps.iter().filter(|id| **id != app.app_id) {
            // The snapshot that names an application holds it; if not, nobody passes.
            let Some(other) = scene.snapshot.app_by_id(*id) else { return Ok(Some(Answer::NoApp)) };
            if denial.is_none() {
                let denied = self.judge(scene, *id, &other.application.slug, &ready).await;
                denial = denied.map(|decision| (other.application.name.clone(), decision));
            }
        }
        let Some((app_name, decision)) = denial else { return Ok(Some(Answer::Allow(ready))) };
        // What is open to strangers is open to everybody.
        if skip::skips(scene.question, app.provider.mode, &app.skip) {
            return Ok(Some(Answer::Open));
        }
        Ok(Some(Answer::Denied(Denial { app: app_name, ready, decision })))
    }

    /// The decision about one application: remembered, or taken now and noted when it denies.
    async fn judge(&self, scene: Scene<'_>, app: Uuid, slug: &str, ready: &Ready) -> Outcome {
        let remembered = &self.identity.access.remembered;
        let known = ready.known(app, scene.now, remembered, || scene.facts(&ready.login));
        counts::decided(known.is_some());
        if let Some(outcome) = known {
            return outcome;
        }
        // Boxed, as everything that is not done for every request.
        Box::pin(self.decide(scene, app, slug, ready)).await
    }

    async fn decide(&self, scene: Scene<'_>, app: Uuid, slug: &str, ready: &Ready) -> Outcome {
        let access = &self.identity.access;
        let facts = scene.facts(&ready.login);
        let decision = access.app(scene.snapshot, Some(&ready.who), slug, &facts).await;
        access.keep(&decision, Some(&ready.who), slug, &facts);
        if decision.allow {
            if ready.learn(app, &decision, &None, &facts, &access.remembered) && decision.reads.only_principal() {
                ready.who.rest();
            }
            return None;
        }
        access.retire(scene.snapshot, &decision, Some(&ready.who)).await;
        access.record(scene.snapshot, &decision, Some(&ready.who), scene.origin.ip(), slug);
        let outcome = Some(Arc::new(decision));
        if let Some(decision) = &outcome {
            ready.learn(app, decision, &outcome, &facts, &access.remembered);
        }
        outcome
    }

    /// The ticket made ready under this configuration; `None` when its user is gone or not active.
    pub(crate) async fn ready(
        &self,
        snapshot: &Snapshot,
        app: &ProxyApp,
        ticket: &Ticket,
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Ready>>, Failure> {
        if let Some(ready) = ticket.ready(snapshot.revision, now) {
            return Ok(Some(ready));
        }
        let Some(who) = Box::pin(self.identity.principals.get(ticket.user)).await? else { return Ok(None) };
        if !who.principal().user.is_active {
            return Ok(None);
        }
        let login = match &ticket.proof {
            Proof::Session(entry) => login_of(&entry.session),
            Proof::Token => Login::default(),
        };
        let Some(client) = snapshot.client_by_provider(app.id) else { return Ok(None) };
        let base = self.base(snapshot, app);
        let issuer = client.issuer(&base);
        let facts = GrantFacts {
            mfa: login.mfa,
            amr: login.methods.clone(),
            auth_time: login.at.map(|at| at.timestamp()),
            ..GrantFacts::default()
        };
        let contents = Contents { client, who: who.principal(), scopes: &client.scopes, facts: &facts };
        let mut claims = contents.made(snapshot, now)?.granted_claims();
        claims.extend(token_claims(app, ticket, &issuer, &who.principal().uid, now));
        let jwt = snapshot.signing_key().sign(&claims)?;
        let headers = KeptHeaders::of(&headers::build(&About {
            principal: who.principal(),
            claims: &claims,
            provider: &app.provider,
            app: &app.app_slug,
            outpost: &snapshot.outpost,
            jwks: &format!("{base}/application/o/{}/jwks/", app.app_slug),
            jwt: &jwt,
        }));
        let until = contents.good_until(snapshot, now, DateTime::<Utc>::MAX_UTC);
        let known = ArcSwap::default();
        let ready =
            Arc::new(Ready { revision: snapshot.revision, until, who: Arc::clone(&who), headers, login, known });
        ticket.prepare(Arc::clone(&ready));
        Ok(Some(ready))
    }

    /// Public address of the sign-in host; where nobody set one, a domain's own public address is it.
    pub(crate) fn known_base(&self, snapshot: &Snapshot, app: &ProxyApp) -> Option<String> {
        let own = || app.is_domain().then(|| app.external.origin().ascii_serialization());
        self.identity.public_base(snapshot).or_else(own)
    }

    /// As [`Self::known_base`], or else the application's own address: good for names, not for redirects.
    fn base(&self, snapshot: &Snapshot, app: &ProxyApp) -> String {
        self.known_base(snapshot, app).unwrap_or_else(|| app.external.origin().ascii_serialization())
    }

    /// Notes an event that strangers can cause, at most once a second.
    pub(crate) fn note(&self, action: Action, origin: &Origin<'_>, message: &str) {
        self.noted.record(&self.identity.journal, || {
            let entry = Entry::new(action, "lockgate.forward_auth").from_ip(origin.ip());
            entry.with("message", message).with("peer", origin.peer.to_string())
        });
    }
}

/// Errands of the outpost itself, which any path of a protected host can carry.
fn errand(scene: Scene<'_>, app: &Arc<ProxyApp>) -> Option<Answer> {
    let question = scene.question;
    if scene.yes_or_no {
        return skip::is_ours(question).then_some(Answer::Open);
    }
    if question.has_flag(CALLBACK_FLAG) {
        return Some(Answer::Callback(Arc::clone(app)));
    }
    if question.has_flag(LOGOUT_FLAG) {
        return Some(Answer::SignOut(Arc::clone(app)));
    }
    // Where the proxy has no route to us, our own addresses arrive as questions.
    match question.path().strip_prefix(crate::dialect::PREFIX)? {
        "/sign_out" => Some(Answer::SignOut(Arc::clone(app))),
        "/start" => Some(Answer::Start(Arc::clone(app))),
        _ => None,
    }
}

/// The claims of the token that are ours to make, whatever mappings say (OpenID Connect Core, section 2).
fn token_claims(app: &ProxyApp, ticket: &Ticket, issuer: &str, uid: &str, now: DateTime<Utc>) -> Map<String, Value> {
    let client_id = &app.provider.client_id;
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("iss", json!(issuer));
    put("sub", json!(uid));
    put("aud", json!(client_id));
    put("azp", json!(client_id));
    put("uid", json!(uid));
    put("iat", json!(now.timestamp()));
    put("exp", json!(ticket.until.timestamp()));
    put("acr", json!("goauthentik.io/providers/oauth2/default"));
    if let Proof::Session(entry) = &ticket.proof {
        put("sid", json!(entry.row.session));
        let at = auth_of(&entry.session)["at"].as_i64();
        put("auth_time", json!(at.unwrap_or(entry.row.created.timestamp())));
    }
    claims
}
