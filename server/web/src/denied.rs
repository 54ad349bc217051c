//! Pages for the other faces on the sign-in host, in the looks of the host: those that say no, with what
//! a decision comes to in words, and the form that carries an answer to an application.

use crate::{
    looks,
    page::respond,
    pages::{
        Autosubmit, Body, BrandView, Denial, DeniedPage, DevicePage, DeviceStep, Errors, FlowPage, Layout, MessagePage,
        Person, SignOutPage, Theme,
    },
    visit::with_next,
};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use lockgate_identity::Identity;
use lockgate_policies::{Decision, Need};
use lockgate_texts::Language;
use std::borrow::Cow;

/// What a denial comes to: what policies say, what is missing, and under which id it is recorded.
/// `here` is the path and query that were asked for, to come back to as somebody else.
#[must_use]
pub fn denial(application: &str, decision: &Decision, here: &str, t: Language) -> Denial {
    let told = decision.determining.iter().any(|policy| policy.message.is_some());
    let needed = decision.needed.iter().filter(|need| !(told && matches!(need, Need::NotForbidden(_))));
    let needed: Vec<&Need> = needed.collect();
    let (missing, any) = match needed.as_slice() {
        [Need::AnyOf(choices)] => (choices.iter().flat_map(|need| sentences(need, t)).collect(), true),
        all => (all.iter().flat_map(|need| sentences(need, t)).collect(), false),
    };
    let mut reasons: Vec<Cow<'_, str>> = decision.messages.iter().map(|message| t.told(message)).collect();
    if !decision.errors.is_empty() {
        reasons.push(t.policy_failed());
    }
    Denial {
        application: Some(application.to_owned()),
        reason: (!reasons.is_empty()).then(|| reasons.join(" ")),
        missing,
        any_of_missing: any,
        decision_id: Some(decision.id.to_string()),
        back_url: Some("/if/user/".to_owned()),
        switch_url: Some(with_next("/flows/-/default/invalidation/", here)),
        restart_url: None,
    }
}

/// What is said of a need everywhere else as well, in this language.
fn sentences(need: &Need, t: Language) -> impl Iterator<Item = String> {
    need.sentences().into_iter().map(move |sentence| t.told(&sentence).into_owned())
}

/// Renders the pages that say no in the looks of a host. Only for the sign-in host, which serves the
/// style sheet that they load.
#[derive(Clone)]
pub struct DeniedPages {
    identity: Identity,
    language: Language,
    theme: Option<Theme>,
}

impl DeniedPages {
    /// Pages in the looks that the configuration in force gives to hosts.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self { identity, language: Language::default(), theme: None }
    }

    /// The same pages in a language.
    #[must_use]
    pub fn speaking(&self, language: Language) -> Self {
        Self { identity: self.identity.clone(), language, theme: self.theme }
    }

    /// The same pages in the looks that somebody has chosen.
    #[must_use]
    pub(crate) fn liked(self, theme: Option<Theme>) -> Self {
        Self { theme, ..self }
    }

    /// The language of the pages.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    fn brand(&self, host: &str) -> BrandView {
        looks::of(&self.identity.config.snapshot(), host, self.language).liked(self.theme)
    }

    /// 403: signed in as `user`, and denied; see [`denial`].
    #[must_use]
    pub fn denied(&self, host: &str, user: Option<&str>, denial: Denial) -> Response {
        let person = user.map(|name| Person { name: name.to_owned(), avatar_url: None });
        respond(StatusCode::FORBIDDEN, &DeniedPage { brand: self.brand(host), person, denial })
    }

    /// 401: a session is needed, and the asker must not be redirected. `here` as in [`denial`].
    #[must_use]
    pub fn unauthorized(&self, host: &str, here: &str) -> Response {
        let login = with_next("/flows/-/default/authentication/", here);
        respond(StatusCode::UNAUTHORIZED, &MessagePage::unauthorized(self.brand(host), &login))
    }

    /// 404.
    #[must_use]
    pub fn not_found(&self, host: &str) -> Response {
        respond(StatusCode::NOT_FOUND, &MessagePage::not_found(self.brand(host)))
    }

    /// A status from 400 on that the person can do something about: `problem` says what, in a sentence.
    #[must_use]
    pub fn refused(&self, host: &str, status: StatusCode, problem: &str) -> Response {
        let page = MessagePage { status: status.as_u16(), ..MessagePage::bad_request(self.brand(host), problem) };
        respond(status, &page)
    }

    /// 400: an application asks for what its configuration does not permit; `details` are for whoever
    /// looks after it.
    #[must_use]
    pub fn configuration_error(&self, host: &str, problem: &str, details: Vec<(String, String)>) -> Response {
        let page = MessagePage::configuration_error(self.brand(host), problem, details);
        respond(StatusCode::BAD_REQUEST, &page)
    }

    /// 200: a form that the browser sends to another host by itself, or without scripts by a button. The
    /// page permits nothing but that host.
    #[must_use]
    pub fn form_post(&self, host: &str, title: &str, url: &str, fields: Vec<(String, String)>) -> Response {
        let page = FlowPage {
            brand: self.brand(host),
            title: title.to_owned(),
            layout: Layout::Stacked,
            action_url: String::new(),
            csrf: String::new(),
            cancel_url: String::new(),
            switch_url: String::new(),
            errors: Errors::default(),
            form_targets: Vec::new(),
            frames: Vec::new(),
            body: Body::Autosubmit(Autosubmit { url: url.to_owned(), attrs: fields }),
        };
        respond(StatusCode::OK, &page)
    }

    /// 429, with `Retry-After` in seconds.
    #[must_use]
    pub fn too_many_requests(&self, host: &str, retry_after: u64) -> Response {
        let page = MessagePage::too_many_requests(self.brand(host), retry_after);
        let mut response = respond(StatusCode::TOO_MANY_REQUESTS, &page);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
        response
    }

    /// The page where devices are approved; `user` is who decides.
    #[must_use]
    pub fn device(&self, host: &str, status: StatusCode, user: &str, csrf: String, step: DeviceStep) -> Response {
        let person = Person { name: user.to_owned(), avatar_url: None };
        let switch_url = with_next("/flows/-/default/invalidation/", "/device");
        respond(status, &DevicePage { brand: self.brand(host), person, switch_url, csrf, step })
    }

    /// The question before somebody is signed out of everything, because `application` says so.
    #[must_use]
    pub fn sign_out(
        &self,
        host: &str,
        user: &str,
        application: &str,
        form: (String, String, Vec<(String, String)>),
    ) -> Response {
        let (csrf, action_url, fields) = form;
        let page = SignOutPage {
            brand: self.brand(host),
            person: Person { name: user.to_owned(), avatar_url: None },
            application: application.to_owned(),
            csrf,
            action_url,
            fields,
        };
        respond(StatusCode::OK, &page)
    }

    /// The page that leads to `to` without a redirect: the only way from a form to another host.
    #[must_use]
    pub fn onward(&self, host: &str, to: &str) -> Response {
        respond(StatusCode::OK, &crate::flow::onward(self.brand(host), String::new(), to))
    }

    /// The icon of the application with this slug, as pages show it.
    #[must_use]
    pub fn icon(&self, slug: &str) -> Option<String> {
        let snapshot = self.identity.config.snapshot();
        BrandView::picture(&snapshot.app(slug)?.application.meta_icon)
    }

    /// 503: what we need is away, and will be back; the log has more under the request's id.
    #[must_use]
    pub fn unavailable(&self, host: &str, request_id: &str) -> Response {
        let page = MessagePage::unavailable(self.brand(host), request_id);
        let mut response = respond(StatusCode::SERVICE_UNAVAILABLE, &page);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        response
    }

    /// 500: our fault; the log has more under the request's id.
    #[must_use]
    pub fn internal_error(&self, host: &str, request_id: &str) -> Response {
        let page = MessagePage::internal_error(self.brand(host), request_id);
        respond(StatusCode::INTERNAL_SERVER_ERROR, &page)
    }
}

impl std::fmt::Debug for DeniedPages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeniedPages")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use lockgate_policies::{Action, Cacheability, PolicyRef, Reads, describe_denial};
    use uuid::Uuid;

    fn decision(needed: Vec<Need>, message: Option<&str>) -> Decision {
        let policy = PolicyRef {
            id: "p".into(),
            file: None,
            line: None,
            bindings: Vec::new(),
            message: message.map(str::to_owned),
            severity: None,
        };
        Decision {
            id: Uuid::from_u128(7),
            principal: Some("ada".into()),
            action: Action::Access,
            resource: "app wiki".into(),
            time: DateTime::UNIX_EPOCH,
            allow: false,
            determining: vec![policy],
            facts_used: serde_json::Map::new(),
            needed,
            messages: message.map(str::to_owned).into_iter().collect(),
            errors: Vec::new(),
            retires_password: false,
            severity: None,
            cacheable: Cacheability::Unbounded,
            reads: Reads::default(),
        }
    }

    #[test]
    fn a_denial_names_what_is_missing_and_its_record() {
        let one_of = vec![Need::AnyOf(vec![Need::Group("A".into()), Need::Group("B".into())])];
        let page = denial("Wiki", &decision(one_of, None), "/application/launch/wiki/?x=1", Language::English);
        assert_eq!(
            page.missing,
            ["You need to be a member of the group A.", "You need to be a member of the group B."]
        );
        assert!(page.any_of_missing && page.reason.is_none());
        assert_eq!(page.decision_id.as_deref(), Some("00000000-0000-0000-0000-000000000007"));
        let switch = "/flows/-/default/invalidation/?next=%2Fapplication%2Flaunch%2Fwiki%2F%3Fx%3D1";
        assert_eq!(page.switch_url.as_deref(), Some(switch));

        let forbidden = vec![Need::NotForbidden("p".into()), Need::Mfa];
        let page = denial("Wiki", &decision(forbidden, Some("Use a second factor.")), "/", Language::English);
        assert_eq!(page.reason.as_deref(), Some("Use a second factor."));
        assert_eq!(page.missing, ["You need to sign in with a second factor."]);
        assert!(!page.any_of_missing);
    }

    #[test]
    fn what_is_missing_is_said_in_the_words_of_all_faces_and_in_ones_language() {
        let ended = Need::MembershipEnded("A".into(), DateTime::UNIX_EPOCH);
        let decision = decision(vec![Need::AnyOf(vec![ended, Need::Check("office-hours".into())]), Need::Login], None);
        for t in Language::ALL {
            let said: Vec<String> = describe_denial(&decision).iter().map(|text| t.told(text).into_owned()).collect();
            let mut page = denial("Wiki", &decision, "/", t).missing;
            // The one that is no choice stands first where no list is.
            page.rotate_right(1);
            assert_eq!(page, said);
            let english = said.iter().any(|text| text.contains("would be enough") || text.contains("ended on"));
            assert_eq!(english, t == Language::English, "{said:?}");
        }
        let german = denial("Wiki", &decision, "/", Language::German).missing;
        assert!(german[1].contains(&Language::German.moment(DateTime::UNIX_EPOCH)), "{german:?}");
    }
}
