//! The pages of flows, `/if/flow/{slug}/`: the current challenge as a page, its form as the answer.
//!
//! Every form carries a token made from the session's identifier; without it an answer has no effect.
//! An accepted answer leads to the same address again, so that reloading a page sends nothing twice.

pub(crate) mod form;
mod strength;
mod view;
pub(crate) mod ways;

use crate::{
    page::respond,
    pages::{Body, BrandView, FlowPage, redirect_target},
    visit::{Answer, Failure, Visit, redirect},
};
use axum::{
    extract::{Path, Request},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use form::Form;
use lockgate_engine::{ResponseErrors, challenge, safe_next, title};
use lockgate_identity::{
    runner::{FlowAnswer, FlowOutcome, FlowRequest, without_link},
    sessions,
};
use lockgate_model::kinds::{FlowAuthentication, FlowDesignation};
use lockgate_texts::Language;
pub(crate) use strength::strength;
use view::Frame;

/// `GET /if/flow/{slug}/`: the current challenge.
pub(crate) async fn show(visit: Visit, Path(slug): Path<String>) -> Response {
    let visitor = Visitor { visit: &visit, slug: &slug };
    visit.answer(visitor.show().await)
}

/// `POST /if/flow/{slug}/`: an answer to it.
pub(crate) async fn submit(visit: Visit, Path(slug): Path<String>, request: Request) -> Response {
    let visitor = Visitor { visit: &visit, slug: &slug };
    match Form::read(request).await {
        Ok(form) => visit.answer(visitor.submit(&form).await),
        Err(status) => refused(&visit, status),
    }
}

fn refused(visit: &Visit, status: StatusCode) -> Response {
    let t = visit.language(None);
    let problem = match status {
        StatusCode::PAYLOAD_TOO_LARGE => t.too_large(),
        _ => t.not_this_form(),
    };
    visit.pages().refused(&visit.client.host, status, &problem)
}

/// Somebody at the page of a flow.
struct Visitor<'a> {
    visit: &'a Visit,
    slug: &'a str,
}

impl Visitor<'_> {
    /// The current challenge. A step through a flow has a large state: on the heap, so that not every
    /// future around it is as large.
    async fn ask(&self, request: FlowRequest<'_>) -> Result<FlowAnswer, Failure> {
        Ok(Box::pin(self.visit.identity.flows().get(request)).await?)
    }

    async fn show(&self) -> Answer {
        if self.is_for_who_is_signed_in() && self.visit.signed_in().await?.is_none() {
            return Ok(self.visit.to_login());
        }
        let answer = self.ask(self.visit.flow(self.slug)).await?;
        self.shown(answer, false, None).await
    }

    fn is_for_who_is_signed_in(&self) -> bool {
        let flow = self.visit.snapshot.flow(self.slug);
        flow.is_some_and(|flow| flow.flow.authentication == FlowAuthentication::RequireAuthenticated)
    }

    async fn submit(&self, form: &Form) -> Answer {
        let token = self.visit.token.as_deref();
        if !token.is_some_and(|token| sessions::csrf_matches(token, form.csrf())) {
            return self.not_meant().await;
        }
        let Some(response) = form.response() else { return Ok(refused(self.visit, StatusCode::BAD_REQUEST)) };
        // On the heap, for the same reason as in `ask`.
        let answer = Box::pin(self.visit.identity.flows().post(self.visit.flow(self.slug), response)).await?;
        match answer.outcome {
            FlowOutcome::TurnedAway(why) => Ok(self.turned_away(&why, answer.retry_after)),
            FlowOutcome::Next => self.next(answer).await,
            _ => self.shown(answer, true, Some(form)).await,
        }
    }

    fn turned_away(&self, why: &str, seconds: Option<u64>) -> Response {
        let text = self.visit.language(None).told(why);
        let mut response = self.visit.pages().refused(&self.visit.client.host, StatusCode::TOO_MANY_REQUESTS, &text);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.unwrap_or(1)));
        response
    }

    /// The same page once more; the answer was not looked at.
    async fn not_meant(&self) -> Answer {
        let mut answer = self.ask(self.visit.flow(self.slug)).await?;
        if let FlowOutcome::Challenge(challenge) = &mut answer.outcome
            && !is_end(&challenge.body)
        {
            // A forged answer, or merely a late one.
            challenge.response_errors.add(ResponseErrors::GENERAL, "invalid", answer.language.page_too_old());
        }
        let mut response = self.shown(answer, true, None).await?;
        if response.status() == StatusCode::OK {
            *response.status_mut() = StatusCode::FORBIDDEN;
        }
        Ok(response)
    }

    /// After an accepted answer. The end of a flow is answered here and now: browsers hold the page's
    /// `form-action` against every redirect after a form, so an end on another host must not be
    /// reached by one.
    async fn next(&self, accepted: FlowAnswer) -> Answer {
        let token = match &accepted.set_session {
            Some(new) => Some(new.token.as_str()),
            None => self.visit.token.as_deref().filter(|_| !accepted.clear_session),
        };
        // The key of a link is used up, and stays out of the history of the browser.
        let query = without_link(&self.visit.query);
        let request = FlowRequest { session_token: token, query: &query, ..self.visit.flow(self.slug) };
        let next = self.ask(request).await?;
        let answer = FlowAnswer {
            clear_session: next.clear_session || accepted.clear_session,
            set_session: next.set_session.or(accepted.set_session),
            set_mfa: next.set_mfa.or(accepted.set_mfa),
            set_device: next.set_device.or(accepted.set_device),
            ..next
        };
        match &answer.outcome {
            FlowOutcome::Challenge(challenge) if is_end(&challenge.body) => self.shown(answer, true, None).await,
            _ => {
                let here =
                    if query == self.visit.query { self.visit.here() } else { with_query(&self.visit.path, &query) };
                Ok(self.with_cookies(redirect(StatusCode::SEE_OTHER, &here), &answer))
            }
        }
    }

    /// What a flow answers, as the browser gets it.
    async fn shown(&self, answer: FlowAnswer, after_form: bool, typed: Option<&Form>) -> Answer {
        let response = match &answer.outcome {
            FlowOutcome::NotFound => self.visit.not_found(),
            FlowOutcome::TurnedAway(why) => self.turned_away(why, answer.retry_after),
            FlowOutcome::Next => redirect(StatusCode::SEE_OTHER, &self.visit.here()),
            FlowOutcome::Challenge(challenge) => match way(&challenge.body, after_form) {
                Way::Redirect(status, to) => redirect(status, to),
                Way::Page => {
                    let frame = self.frame(&challenge.body, &answer).await?;
                    let status = answer.retry_after.map(|_| StatusCode::TOO_MANY_REQUESTS);
                    let page = view::page((**challenge).clone(), frame, typed);
                    respond(status.unwrap_or_else(|| view::status(&challenge.body)), &page)
                }
            },
        };
        Ok(self.with_cookies(response, &answer))
    }

    fn with_cookies(&self, mut response: Response, answer: &FlowAnswer) -> Response {
        if let Some(session) = &answer.set_session {
            self.visit.set_session(&mut response, session);
        } else if answer.clear_session {
            self.visit.clear_session(&mut response);
        }
        if let Some(device) = &answer.set_device {
            self.visit.set_device(&mut response, device);
        }
        if let Some(mfa) = &answer.set_mfa {
            self.visit.set_mfa(&mut response, mfa);
        }
        if let Some(seconds) = answer.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    async fn frame(&self, body: &challenge::Body, answer: &FlowAnswer) -> Result<Frame, Failure> {
        let visit = self.visit;
        let token = answer.set_session.as_ref().map(|new| new.token.as_str()).or(visit.token.as_deref());
        let user = match body {
            challenge::Body::AccessDenied(_) => visit.signed_in().await?.map(|it| it.principal().user.username.clone()),
            _ => None,
        };
        let app = match body {
            challenge::Body::Consent(it) => it.application.as_ref().and_then(|app| visit.snapshot.app(&app.slug)),
            _ => None,
        };
        Ok(Frame {
            brand: visit.brand(answer.language),
            action_url: visit.here(),
            csrf: token.map(sessions::csrf_token).unwrap_or_default(),
            user,
            restart_url: self.restart_url(),
            passwordless_title: self.passwordless_title(body, answer.language),
            application_icon: app.and_then(|app| BrandView::picture(&app.application.meta_icon)),
        })
    }

    /// What the other way to sign in is called.
    fn passwordless_title(&self, body: &challenge::Body, language: Language) -> Option<String> {
        let challenge::Body::Identification(it) = body else { return None };
        let path = it.passwordless_url.as_deref()?.split('?').next()?;
        let flow = self.visit.snapshot.flow(path.strip_prefix("/if/flow/")?.trim_end_matches('/'))?;
        let host = &self.visit.client.host;
        let brand = self.visit.snapshot.brand(host).map_or("", |(_, brand)| &brand.branding_title);
        Some(title::fill(&language.told(&flow.flow.title), brand, "", ""))
    }

    /// A login can be tried again where it is; anything else begins at the front door.
    fn restart_url(&self) -> String {
        let flow = self.visit.snapshot.flow(self.slug);
        match flow.is_some_and(|flow| flow.flow.designation == FlowDesignation::Authentication) {
            true => self.visit.here(),
            false => "/".to_owned(),
        }
    }
}

fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Whether nothing is asked any more. The plan is gone then: asking again would begin anew.
fn is_end(body: &challenge::Body) -> bool {
    use challenge::Body as B;
    matches!(body, B::Redirect(_) | B::AccessDenied(_) | B::FlowError(_) | B::SessionEnd(_) | B::IframeLogout(_))
}

/// How the browser gets to see a challenge.
#[derive(Debug, PartialEq)]
enum Way<'a> {
    Redirect(StatusCode, &'a str),
    Page,
}

fn way(body: &challenge::Body, after_form: bool) -> Way<'_> {
    let challenge::Body::Redirect(it) = body else { return Way::Page };
    let to = it.to.as_str();
    let here = safe_next(to).is_some();
    let web = ["http://", "https://"].iter().any(|scheme| to.starts_with(scheme));
    match after_form {
        true if here && !leads_on(to) => Way::Redirect(StatusCode::SEE_OTHER, to),
        false if here || web && redirect_target(to) == to => Way::Redirect(StatusCode::FOUND, to),
        // Also for the schemes of native applications, which some browsers follow from a page only.
        _ => Way::Page,
    }
}

/// Whether a path of ours may redirect to another host.
fn leads_on(path: &str) -> bool {
    ["/application/", "/outpost.goauthentik.io/", "/if/flow/", "/flows/", "/source/", "/recovery/"]
        .iter()
        .any(|start| path.starts_with(start))
}

/// The page that leads to `to` without a redirect: the only way from a form to another host.
pub(crate) fn leave(visit: &Visit, to: &str) -> Response {
    respond(StatusCode::OK, &onward(visit.brand(visit.language(None)), visit.here(), to))
}

/// See [`leave`].
pub(crate) fn onward(brand: BrandView, here: String, to: &str) -> FlowPage {
    FlowPage {
        title: brand.t.one_moment().into_owned(),
        brand,
        layout: crate::pages::Layout::Stacked,
        action_url: here,
        csrf: String::new(),
        cancel_url: String::new(),
        switch_url: String::new(),
        errors: crate::pages::Errors::default(),
        form_targets: Vec::new(),
        frames: Vec::new(),
        body: Body::Redirect(to.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_redirect_after_a_form_can_lead_to_another_host() {
        use StatusCode as S;
        for (to, after_form, on_get) in [
            ("/if/user/", Some(S::SEE_OTHER), Some(S::FOUND)),
            ("/-/health/live/?x=1", Some(S::SEE_OTHER), Some(S::FOUND)),
            ("/application/o/authorize/?client_id=x", None, Some(S::FOUND)),
            ("/if/flow/other/?next=%2F", None, Some(S::FOUND)),
            ("https://app.example.com/", None, Some(S::FOUND)),
            ("com.example.app:/callback", None, None),
            ("//evil.example/", None, None),
            ("/\\evil.example", None, None),
            ("javascript:alert(1)", None, None),
        ] {
            let body = challenge::Body::redirect(to);
            for (after, expected) in [(true, after_form), (false, on_get)] {
                let expected = expected.map_or(Way::Page, |status| Way::Redirect(status, to));
                assert_eq!(way(&body, after), expected, "{to} after form: {after}");
            }
        }
        let question = challenge::Body::Dummy(challenge::Dummy { name: "x".into() });
        assert_eq!(way(&question, true), Way::Page);
        assert!(!is_end(&question) && is_end(&challenge::Body::redirect("/")));
    }
}
