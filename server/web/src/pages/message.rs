//! Pages that say no: an application that is closed to somebody, and everything that went wrong.

use super::{BrandView, Layout, Person};
use crate::{
    assets,
    page::{Csp, Page},
};
use askama::Template;
use lockgate_identity::journal::with_request_id;

/// A link shown as a button.
#[derive(Debug, Clone)]
pub struct Action {
    /// What it does.
    pub label: String,
    /// Where it leads.
    pub url: String,
}

impl Action {
    /// A link called `label` to `url`.
    pub fn new(label: impl Into<String>, url: impl Into<String>) -> Self {
        Self { label: label.into(), url: url.into() }
    }
}

/// Why somebody was denied, and what would help.
#[derive(Debug, Clone, Default)]
pub struct Denial {
    /// Name of the application, if it is about one.
    pub application: Option<String>,
    /// What the policy says, as whole sentences.
    pub reason: Option<String>,
    /// What is missing, one short phrase each: `Member of Media Admins`.
    pub missing: Vec<String>,
    /// Whether one of the missing things is enough, rather than all of them.
    pub any_of_missing: bool,
    /// Id of the recorded decision.
    pub decision_id: Option<String>,
    /// Way back, `/if/user/` as a rule.
    pub back_url: Option<String>,
    /// Way to sign in as somebody else.
    pub switch_url: Option<String>,
    /// Way to begin again, for somebody who is not signed in.
    pub restart_url: Option<String>,
}

/// Access denied outside a flow; send it with 403.
#[derive(Debug, Clone, Template)]
#[template(path = "denied.html")]
pub struct DeniedPage {
    /// Looks.
    pub brand: BrandView,
    /// Who was denied.
    pub person: Option<Person>,
    /// Why.
    pub denial: Denial,
}

impl DeniedPage {
    /// What the log knows this page's request by.
    fn request_id(&self) -> Option<String> {
        with_request_id(str::to_owned)
    }

    fn layout(&self) -> Layout {
        Layout::Stacked
    }
}

impl Page for DeniedPage {
    fn policy(&self) -> Csp {
        let avatar = self.person.as_ref().and_then(|person| person.avatar_url.as_deref());
        avatar.into_iter().fold(self.brand.policy(), Csp::image)
    }
}

/// A page that says what went wrong, and what to do now.
#[derive(Debug, Clone, Template)]
#[template(path = "message.html")]
pub struct MessagePage {
    /// Looks.
    pub brand: BrandView,
    /// HTTP status as shown.
    pub status: u16,
    /// What happened, in a few words: the heading.
    pub title: String,
    /// What it means and what to do, one paragraph each.
    pub paragraphs: Vec<String>,
    /// Exact detail for whoever looks after the installation: an error's code, a host's name.
    pub details: Vec<(String, String)>,
    /// Found again in the log.
    pub request_id: Option<String>,
    /// Ways on; the first is the main one.
    pub actions: Vec<Action>,
}

impl MessagePage {
    fn new(brand: BrandView, status: u16, title: impl Into<String>, paragraph: impl Into<String>) -> Self {
        Self {
            brand,
            status,
            title: title.into(),
            paragraphs: vec![paragraph.into()],
            details: Vec::new(),
            request_id: with_request_id(str::to_owned).filter(|_| status >= 400),
            actions: Vec::new(),
        }
    }

    /// 404: nothing is here, or nothing that this person may know of.
    #[must_use]
    pub fn not_found(brand: BrandView) -> Self {
        let t = brand.t;
        let page = Self::new(brand, 404, t.nothing_here(), t.nothing_here_hint());
        page.action(t.go_to_applications(), "/if/user/")
    }

    /// 400: an application or proxy asks for what its configuration does not permit. `problem` is
    /// one or two sentences, `details` what its administrator needs.
    #[must_use]
    pub fn configuration_error(brand: BrandView, problem: &str, details: Vec<(String, String)>) -> Self {
        let t = brand.t;
        let mut page = Self::new(brand, 400, t.not_set_up_right(), problem);
        page.paragraphs.push(t.not_set_up_right_hint().into_owned());
        page.details = details;
        page
    }

    /// 400: the form or link that was sent is not what was expected, for instance too old.
    #[must_use]
    pub fn bad_request(brand: BrandView, problem: &str) -> Self {
        let t = brand.t;
        Self::new(brand, 400, t.that_did_not_work(), problem).action(t.start_again(), "/")
    }

    /// 401: a page that needs a session was asked for by something that must not be redirected.
    #[must_use]
    pub fn unauthorized(brand: BrandView, login_url: &str) -> Self {
        let t = brand.t;
        Self::new(brand, 401, t.sign_in_to_see(), t.session_ended()).action(t.sign_in(), login_url)
    }

    /// 429: too many tries. `retry_after` is in seconds.
    #[must_use]
    pub fn too_many_requests(brand: BrandView, retry_after: u64) -> Self {
        let t = brand.t;
        let wait = match retry_after {
            0..=90 => t.seconds(retry_after.max(1)),
            _ => t.minutes(retry_after.div_ceil(60)),
        };
        Self::new(brand, 429, t.too_many_tries(), t.wait_before_trying(wait))
    }

    /// 500: our fault.
    #[must_use]
    pub fn internal_error(brand: BrandView, request_id: &str) -> Self {
        Self::our_mistake(brand, 500, request_id)
    }

    /// The page of something that is away for now.
    #[must_use]
    pub fn unavailable(brand: BrandView, request_id: &str) -> Self {
        Self::our_mistake(brand, 503, request_id)
    }

    fn our_mistake(brand: BrandView, status: u16, request_id: &str) -> Self {
        let t = brand.t;
        let mut page = Self::new(brand, status, t.our_mistake(), t.our_mistake_hint());
        page.request_id = Some(request_id.to_owned());
        page.action(t.try_again(), "/")
    }

    /// Adds a way on.
    #[must_use]
    pub fn action(mut self, label: impl Into<String>, url: &str) -> Self {
        self.actions.push(Action::new(label, url));
        self
    }

    fn layout(&self) -> Layout {
        Layout::Stacked
    }
}

impl Page for MessagePage {
    fn policy(&self) -> Csp {
        self.brand.policy()
    }
}
