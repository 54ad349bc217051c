//! From an [`Answer`] to the words of HTTP that a dialect understands.

use crate::{
    counts,
    dialect::{Dialect, Malformed},
    gate::{Answer, Denial, Failure, Gate, Scene},
    headers::KeptHeaders,
    login,
    pages::Denied,
};
use axum::{
    Json,
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use lockgate_identity::{config::ProxyApp, journal::Action};
use lockgate_policies::describe_denial;
use serde_json::json;
use std::{sync::Arc, time::Duration};

impl Gate {
    /// Carries out an answer for a proxy that asked in `dialect`.
    pub(crate) async fn respond(
        &self,
        scene: Scene<'_>,
        dialect: Dialect,
        answer: Answer,
    ) -> Result<Response, Failure> {
        counts::answered(&answer);
        Ok(match answer {
            Answer::Allow(ready) => allow(scene, &ready.headers),
            Answer::Open => StatusCode::OK.into_response(),
            Answer::Callback(app) => Box::pin(self.callback(scene, &app)).await?,
            Answer::SignOut(app) => Box::pin(self.sign_out(scene, &app)).await?,
            Answer::Start(app) => self.start(scene, &app, login::wanted(scene.question, true)),
            Answer::Login(app) => self.login(scene, dialect, &app),
            Answer::Refused(app) => self.refused(scene, dialect, &app),
            Answer::Denied(denial) => self.denied(scene, &denial),
            Answer::NoApp => no_app(scene),
        })
    }

    fn login(&self, scene: Scene<'_>, dialect: Dialect, app: &Arc<ProxyApp>) -> Response {
        if dialect == Dialect::Nginx {
            return unauthorized("unauthorized request");
        }
        if scene.question.is_script {
            return unauthorized("Sign in first: open this address in a browser window.");
        }
        self.start(scene, app, login::wanted(scene.question, false))
    }

    fn refused(&self, scene: Scene<'_>, dialect: Dialect, app: &ProxyApp) -> Response {
        let mut response = match self.identity.wrong_keys.pause(scene.origin.ip()) {
            // nginx takes any other status for a failure of ours.
            Some(wait) if dialect == Dialect::Nginx => later(unauthorized("too many wrong credentials"), wait),
            Some(wait) => return later(text(StatusCode::TOO_MANY_REQUESTS, "too many wrong credentials"), wait),
            None if dialect == Dialect::Nginx || scene.question.is_script => unauthorized("unauthorized request"),
            None => self.pages.no_redirect(&app.app_name, scene.language(None)),
        };
        challenge(&mut response);
        response
    }

    fn denied(&self, scene: Scene<'_>, denial: &Denial) -> Response {
        let missing = describe_denial(&denial.decision);
        let decision = denial.decision.id.to_string();
        if scene.question.is_script {
            let body = json!({"detail": "Access denied.", "app": denial.app, "decision": decision, "missing": missing});
            return no_store((StatusCode::FORBIDDEN, Json(body)).into_response());
        }
        let who = &denial.ready.who.principal().user;
        let language = scene.language(Some(who));
        let missing = missing.iter().map(|line| language.told(line).into_owned()).collect();
        let base = self.identity.public_base(scene.snapshot);
        let denied = Denied { app: &denial.app, user: &who.username, decision, missing, base, language };
        no_store(self.pages.denied(&denied))
    }

    /// A request that is no question at all.
    pub(crate) fn malformed(&self, scene_origin: &crate::origin::Origin<'_>, error: Malformed) -> Response {
        counts::failed();
        self.note(Action::ConfigurationError, scene_origin, &format!("the proxy's question makes no sense: {error}"));
        text(StatusCode::INTERNAL_SERVER_ERROR, "configuration error")
    }

    /// Something of ours failed: nobody passes, and the log says why.
    pub(crate) fn failed(&self, origin: &crate::origin::Origin<'_>, failure: &Failure) -> Response {
        counts::failed();
        tracing::error!(error = %failure, "a forward-auth question could not be answered");
        if let Failure::Mapping(error) = failure {
            self.note(Action::PropertyMappingException, origin, &error.to_string());
        }
        let mut response = text(StatusCode::SERVICE_UNAVAILABLE, "temporarily unavailable");
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        response
    }
}

/// 200 with the identity, and the request's own `User-Agent` as the contract has it.
fn allow(scene: Scene<'_>, headers: &KeptHeaders) -> Response {
    let mut response = Response::new(Body::empty());
    *response.headers_mut() = headers.all();
    if let Some(agent) = scene.question.user_agent() {
        response.headers_mut().insert(header::USER_AGENT, agent.clone());
    }
    response
}

/// 400 in the contract's words (1.7).
fn no_app(scene: Scene<'_>) -> Response {
    let detail = if scene.question.vouched {
        "Check the external host of the provider, and that an application uses the provider."
    } else {
        "The peer is not a trusted proxy, so its X-Forwarded-Host was not believed; see the trusted proxy networks in \
         the settings."
    };
    let body = json!({"Message": "no app for hostname", "Host": scene.question.host, "Detail": detail});
    no_store((StatusCode::BAD_REQUEST, Json(body)).into_response())
}

/// 302, never stored by anybody.
pub(crate) fn redirect(to: String, cookies: impl IntoIterator<Item = HeaderValue>) -> Response {
    let Some(location) = login::location(to) else {
        return text(StatusCode::INTERNAL_SERVER_ERROR, "configuration error");
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    let headers = response.headers_mut();
    headers.insert(login::LOCATION, location);
    cookies.into_iter().for_each(|cookie| _ = headers.append(header::SET_COOKIE, cookie));
    no_store(response)
}

/// A few plain words.
pub(crate) fn text(status: StatusCode, text: &str) -> Response {
    no_store((status, text.to_owned()).into_response())
}

fn unauthorized(words: &str) -> Response {
    let mut response = text(StatusCode::UNAUTHORIZED, words);
    challenge(&mut response);
    response
}

/// A 401 names a scheme (RFC 9110, section 15.5.2); Bearer is the one that makes no browser ask for a
/// password by itself.
fn challenge(response: &mut Response) {
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"lockgate\""));
}

/// Says when another try is worth it.
fn later(mut response: Response, wait: Duration) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
    response
}

fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
