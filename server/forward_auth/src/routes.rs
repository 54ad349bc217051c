//! The addresses of the gate, on axum.

use crate::{
    dialect::{Asked, Dialect, PREFIX, Question},
    gate::{Answer, Failure, ForwardAuth, Gate, Scene},
    origin::{Origin, target_of},
    pages::Pages,
    state::{CALLBACK_FLAG, LOGOUT_FLAG},
};
use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
    routing::any,
};
use http::{StatusCode, request::Parts};
use lockgate_identity::{Identity, config::ProxyApp};
use std::sync::Arc;

impl ForwardAuth {
    /// A gate over the services, with these pages.
    #[must_use]
    pub fn new(identity: Identity, pages: Arc<dyn Pages>) -> Self {
        Self(Arc::new(Gate::new(identity, pages)))
    }

    /// Everything below `/outpost.goauthentik.io`.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let at = |path: &str| format!("{PREFIX}{path}");
        Router::new()
            .route(&at("/auth/traefik"), any(traefik))
            .route(&at("/auth/caddy"), any(caddy))
            .route(&at("/auth/nginx"), any(nginx))
            .route(&at("/auth/envoy"), any(envoy))
            .route(&at("/auth/envoy/"), any(envoy))
            .route(&at("/auth/envoy/{*path}"), any(envoy))
            .route(&at("/start"), any(start))
            .route(&at("/callback"), any(callback))
            .route(&at("/sign_out"), any(sign_out))
            .route(&at("/ping"), any(async || StatusCode::NO_CONTENT))
            .with_state(self.clone())
    }

    /// Puts the errands that any path of a protected host can carry in its query before `router`.
    pub fn guard(&self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(self.clone(), errands))
    }
}

/// The gate's routes alone; see [`ForwardAuth`] for its errands on other paths.
pub fn router(identity: Identity, pages: Arc<dyn Pages>) -> Router {
    ForwardAuth::new(identity, pages).router()
}

async fn traefik(State(gate): State<ForwardAuth>, request: Request) -> Response {
    ask(&gate.0, Dialect::Traefik, request).await
}

async fn caddy(State(gate): State<ForwardAuth>, request: Request) -> Response {
    ask(&gate.0, Dialect::Caddy, request).await
}

async fn nginx(State(gate): State<ForwardAuth>, request: Request) -> Response {
    ask(&gate.0, Dialect::Nginx, request).await
}

async fn envoy(State(gate): State<ForwardAuth>, request: Request) -> Response {
    ask(&gate.0, Dialect::Envoy, request).await
}

/// The way of one question: read it, decide, say it in the proxy's words.
async fn ask(gate: &Gate, dialect: Dialect, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let origin = Origin::of(&parts, &gate.identity.trusted);
    let question = match Question::parse(dialect, asked(&parts, &origin)) {
        Ok(question) => question,
        Err(error) => return gate.malformed(&origin, error),
    };
    let snapshot = gate.identity.config.peek();
    let now = gate.identity.clock.now();
    let yes_or_no = dialect == Dialect::Nginx;
    let scene = Scene { snapshot: &snapshot, question: &question, origin: &origin, now, yes_or_no };
    let answered = async { gate.respond(scene, dialect, gate.answer(scene).await?).await };
    answered.await.unwrap_or_else(|failure: Failure| gate.failed(&origin, &failure))
}

async fn start(State(gate): State<ForwardAuth>, request: Request) -> Response {
    errand(&gate.0, request, Answer::Start).await
}

async fn callback(State(gate): State<ForwardAuth>, request: Request) -> Response {
    errand(&gate.0, request, Answer::Callback).await
}

async fn sign_out(State(gate): State<ForwardAuth>, request: Request) -> Response {
    errand(&gate.0, request, Answer::SignOut).await
}

/// A browser that comes to us itself, at its application's host.
async fn errand(gate: &Gate, request: Request, what: fn(Arc<ProxyApp>) -> Answer) -> Response {
    let (parts, _) = request.into_parts();
    let origin = Origin::of(&parts, &gate.identity.trusted);
    let question = match Question::direct(asked(&parts, &origin)) {
        Ok(question) => question,
        Err(error) => return gate.malformed(&origin, error),
    };
    let snapshot = gate.identity.config.snapshot();
    let now = gate.identity.clock.now();
    let scene = Scene { snapshot: &snapshot, question: &question, origin: &origin, now, yes_or_no: false };
    let found = snapshot.hosts.find(&question.host).and_then(|found| snapshot.provider(found.provider));
    let answer = found.map_or(Answer::NoApp, |app| what(Arc::clone(app)));
    let answered = gate.respond(scene, Dialect::Traefik, answer).await;
    answered.unwrap_or_else(|failure| gate.failed(&origin, &failure))
}

fn asked<'r>(parts: &'r Parts, origin: &Origin<'_>) -> Asked<'r> {
    Asked { method: &parts.method, target: target_of(&parts.uri), headers: &parts.headers, trusted: origin.trusted }
}

/// Callback and sign-out on any path of a protected host (contract 1.1); everything else goes on.
async fn errands(State(gate): State<ForwardAuth>, request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let asks = [CALLBACK_FLAG, LOGOUT_FLAG].iter().any(|flag| query.contains(flag));
    if !asks || request.uri().path().starts_with(PREFIX) {
        return next.run(request).await;
    }
    let what = {
        let (trusted, headers) = (&gate.0.identity.trusted, request.headers());
        let peer = crate::origin::peer_of(request.extensions());
        let asked = Asked {
            method: request.method(),
            target: target_of(request.uri()),
            headers,
            trusted: trusted.trusts(peer),
        };
        errand_of(&gate.0, asked)
    };
    match what {
        Some(what) => errand(&gate.0, request, what).await,
        None => next.run(request).await,
    }
}

fn errand_of(gate: &Gate, asked: Asked<'_>) -> Option<fn(Arc<ProxyApp>) -> Answer> {
    let question = Question::direct(asked).ok()?;
    if !gate.identity.config.snapshot().hosts.is_known(&question.host) {
        return None;
    }
    match () {
        () if question.has_flag(CALLBACK_FLAG) => Some(Answer::Callback),
        () if question.has_flag(LOGOUT_FLAG) => Some(Answer::SignOut),
        () => None,
    }
}
