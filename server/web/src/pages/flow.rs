//! The page of a flow: one challenge, shown as a form that is sent to the page's own address.

use super::{
    AppSetup, BrandView, CSRF_FIELD, Captcha, Denial, DuoSetup, FieldKind, MailSetup, PaperCodes, PasskeySetup,
    PhoneSetup, PromptField, SecondFactor, Widget, initials,
};
use crate::{
    assets,
    page::{Csp, Page},
};
use askama::Template;
use lockgate_texts::Language;
use std::borrow::Cow;

/// Where the form stands; as in the field `layout` of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// Ours: on paper before the gate, with the water above it on a phone and beside it elsewhere.
    #[default]
    Stacked,
    /// A panel over the water, on the left.
    ContentLeft,
    /// A panel over the water, on the right.
    ContentRight,
    /// A full-height bar on the left.
    SidebarLeft,
    /// A full-height bar on the right.
    SidebarRight,
}

impl Layout {
    /// From the API's word. The variants with a frame look like those without: a page that shows
    /// nothing from elsewhere frames nothing either. What is unknown is `stacked`.
    #[must_use]
    pub fn from_api(word: &str) -> Self {
        match word {
            "content_left" => Self::ContentLeft,
            "content_right" => Self::ContentRight,
            "sidebar_left" | "sidebar_left_frame_background" => Self::SidebarLeft,
            "sidebar_right" | "sidebar_right_frame_background" => Self::SidebarRight,
            _ => Self::Stacked,
        }
    }

    /// The class on the page's body.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Stacked => "stacked",
            Self::ContentLeft => "content-left",
            Self::ContentRight => "content-right",
            Self::SidebarLeft => "sidebar-left",
            Self::SidebarRight => "sidebar-right",
        }
    }
}

/// What is wrong with one field.
#[derive(Debug, Clone)]
pub struct FieldError {
    /// Name of the field as it is sent.
    pub field: String,
    /// What to do about it.
    pub message: String,
}

/// What is wrong with the last answer; `response_errors` of a challenge.
#[derive(Debug, Clone, Default)]
pub struct Errors {
    /// Errors that belong to no field.
    pub general: Vec<String>,
    /// Errors of fields, in the order of the fields.
    pub fields: Vec<FieldError>,
}

impl Errors {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.general.is_empty() && self.fields.is_empty()
    }

    /// Whether something is wrong with the field `key`.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.fields.iter().any(|error| error.field == key)
    }

    /// Everything that is wrong with the field `key`.
    #[must_use]
    pub fn of(&self, key: &str) -> Vec<&str> {
        self.fields.iter().filter(|error| error.field == key).map(|error| error.message.as_str()).collect()
    }

    /// Whether the field `key` gets the focus: the first wrong one, or else the page's first.
    #[must_use]
    pub fn focus(&self, key: &str, first: bool) -> bool {
        self.fields.first().map_or(first, |error| error.field == key)
    }

    /// Whether the field itself says all there is to say, so that a summary above would repeat it.
    /// Screen readers get the summary in any case.
    #[must_use]
    pub fn quiet(&self) -> bool {
        self.general.is_empty() && self.fields.len() == 1
    }
}

/// The person that a flow is about.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// User name, or what was typed as one.
    pub name: String,
    /// Address of a picture (http, https or data); none: initials.
    pub avatar_url: Option<String>,
}

impl Person {
    /// Letters in place of a picture.
    #[must_use]
    pub fn initials(&self) -> String {
        initials(&self.name)
    }
}

/// Another way to sign in, offered below the form.
#[derive(Debug, Clone)]
pub struct LoginSource {
    /// What it is called.
    pub name: String,
    /// Where it starts.
    pub url: String,
    /// Address of its icon.
    pub icon_url: Option<String>,
}

/// `ak-stage-identification`: who are you?
#[derive(Debug, Clone, Default)]
pub struct Identification {
    /// What may be typed: `email`, `username`, `upn`.
    pub user_fields: Vec<String>,
    /// What was typed before, to start with.
    pub value: String,
    /// Ask for the password on the same page.
    pub password: bool,
    /// Offer to show the password while typing.
    pub allow_show_password: bool,
    /// Text of the button.
    pub primary_action: String,
    /// Name of the application that signing in leads to.
    pub application: Option<String>,
    /// Address of the enrollment flow.
    pub enroll_url: Option<String>,
    /// Address of the recovery flow.
    pub recovery_url: Option<String>,
    /// Address of the flow without a password.
    pub passwordless_url: Option<String>,
    /// What that flow is called.
    pub passwordless_title: String,
    /// What the browser needs to offer passkeys, as JSON.
    pub passkey: Option<String>,
    /// The captcha on the same page.
    pub captcha: Option<Widget>,
    /// Other ways to sign in.
    pub sources: Vec<LoginSource>,
}

impl Identification {
    /// What the field is called.
    #[must_use]
    pub fn label(&self, t: &Language) -> Cow<'static, str> {
        let has = |name: &str| self.user_fields.iter().any(|field| field == name);
        match (has("email"), has("username"), has("upn")) {
            (true, true, _) => t.email_or_username(),
            (true, false, true) => t.email_or_sign_in_name(),
            (true, false, false) => t.email(),
            (false, true, true) => t.username_or_sign_in_name(),
            (false, false, true) => t.sign_in_name(),
            (false, _, false) => t.username(),
        }
    }

    /// The `type` of the field's input element.
    #[must_use]
    pub fn input_type(&self) -> &'static str {
        if self.user_fields == ["email"] { "email" } else { "text" }
    }
}

/// `ak-stage-password`.
#[derive(Debug, Clone, Default)]
pub struct Password {
    /// Whose password.
    pub person: Person,
    /// Address of the recovery flow.
    pub recovery_url: Option<String>,
    /// Offer to show the password while typing.
    pub allow_show_password: bool,
}

/// A permission that an application asks for.
#[derive(Debug, Clone)]
pub struct Permission {
    /// Name of the scope.
    pub id: String,
    /// What it allows, in words.
    pub name: String,
}

/// `ak-stage-consent`.
#[derive(Debug, Clone, Default)]
pub struct Consent {
    /// Who is asked.
    pub person: Person,
    /// What is asked; empty: made from the application's name.
    pub header_text: String,
    /// Name of the application.
    pub application: String,
    /// Address of the application's icon.
    pub application_icon_url: Option<String>,
    /// What it asks for.
    pub permissions: Vec<Permission>,
    /// What it asks for beyond what was allowed before.
    pub additional_permissions: Vec<Permission>,
    /// Sent back as `token`.
    pub token: String,
}

/// `ak-stage-email`: a mail is on its way; or its link was opened, and is to be confirmed by a click.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    /// Whom the link is for that was opened.
    pub opened: Option<Person>,
    /// It was sent again just now.
    pub again: bool,
}

/// `ak-stage-access-denied`.
#[derive(Debug, Clone, Default)]
pub struct AccessDenied {
    /// Who was denied, if that is known.
    pub person: Option<Person>,
    /// Why, and what would help.
    pub denial: Denial,
}

/// `ak-stage-flow-error`.
#[derive(Debug, Clone, Default)]
pub struct FlowError {
    /// Found again in the log.
    pub request_id: String,
    /// The error; for superusers only.
    pub error: Option<String>,
}

/// `ak-stage-session-end`: signed out of an application, not yet of everything.
#[derive(Debug, Clone, Default)]
pub struct SessionEnd {
    /// Who is still signed in; without a name: nobody.
    pub person: Person,
    /// The application left.
    pub application: Option<String>,
    /// Where the application starts again.
    pub application_launch_url: Option<String>,
    /// Address of the flow that ends the session.
    pub invalidation_flow_url: Option<String>,
    /// Address of the portal.
    pub overview_url: Option<String>,
}

/// `ak-stage-autosubmit`: a form for another host, sent by the script or by hand.
#[derive(Debug, Clone, Default)]
pub struct Autosubmit {
    /// Where the form goes.
    pub url: String,
    /// Its hidden fields.
    pub attrs: Vec<(String, String)>,
}

/// The challenge that the page shows.
#[derive(Debug, Clone)]
pub enum Body {
    /// `ak-stage-identification`
    Identification(Identification),
    /// `ak-stage-password`
    Password(Password),
    /// `ak-stage-captcha`
    Captcha(Captcha),
    /// `ak-stage-user-login`: stay signed in? Sends `remember_me` as `true` or `false`.
    UserLogin(Person),
    /// `ak-stage-consent`
    Consent(Consent),
    /// `ak-stage-prompt`
    Prompt(Vec<PromptField>),
    /// `ak-stage-authenticator-validate`
    SecondFactor(SecondFactor),
    /// `ak-stage-authenticator-totp`
    AppSetup(AppSetup),
    /// `ak-stage-authenticator-static`
    PaperCodes(PaperCodes),
    /// `ak-stage-authenticator-webauthn`.
    PasskeySetup(PasskeySetup),
    /// `ak-stage-authenticator-email`
    MailSetup(MailSetup),
    /// `ak-stage-authenticator-sms`
    PhoneSetup(PhoneSetup),
    /// `ak-stage-authenticator-duo`
    DuoSetup(DuoSetup),
    /// `ak-stage-email`
    Mail(Mail),
    /// `ak-stage-dummy`, with the stage's name.
    Dummy(String),
    /// `ak-stage-access-denied`
    AccessDenied(AccessDenied),
    /// `ak-stage-flow-error`
    FlowError(FlowError),
    /// `ak-stage-session-end`
    SessionEnd(SessionEnd),
    /// `xak-flow-redirect`, with the address it leads to.
    Redirect(String),
    /// As `Redirect`, once the frames of the page have had the time to load.
    Leaving(String),
    /// `ak-stage-autosubmit`
    Autosubmit(Autosubmit),
    /// `xak-flow-shell`, with HTML that one of our own templates made. Nothing a person or a
    /// configuration wrote may get here unescaped.
    Shell(String),
}

impl Body {
    /// Whether a code was sent to where somebody says that they are reached, and another one can be asked for.
    #[must_use]
    pub fn awaits_sent_code(&self) -> bool {
        match self {
            Self::MailSetup(setup) => setup.email.is_some(),
            Self::PhoneSetup(setup) => setup.number.is_some(),
            _ => false,
        }
    }

    /// Value of the hidden field `component`; also the name of the challenge in the API.
    #[must_use]
    pub fn component(&self) -> &'static str {
        match self {
            Self::Identification(_) => "ak-stage-identification",
            Self::Password(_) => "ak-stage-password",
            Self::Captcha(_) => "ak-stage-captcha",
            Self::UserLogin(_) => "ak-stage-user-login",
            Self::Consent(_) => "ak-stage-consent",
            Self::Prompt(_) => "ak-stage-prompt",
            Self::SecondFactor(_) => "ak-stage-authenticator-validate",
            Self::AppSetup(_) => "ak-stage-authenticator-totp",
            Self::PaperCodes(_) => "ak-stage-authenticator-static",
            Self::PasskeySetup(_) => "ak-stage-authenticator-webauthn",
            Self::MailSetup(_) => "ak-stage-authenticator-email",
            Self::PhoneSetup(_) => "ak-stage-authenticator-sms",
            Self::DuoSetup(_) => "ak-stage-authenticator-duo",
            Self::Mail(_) => "ak-stage-email",
            Self::Dummy(_) => "ak-stage-dummy",
            Self::AccessDenied(_) => "ak-stage-access-denied",
            Self::FlowError(_) => "ak-stage-flow-error",
            Self::SessionEnd(_) => "ak-stage-session-end",
            Self::Redirect(_) => "xak-flow-redirect",
            Self::Leaving(_) => "ak-provider-iframe-logout",
            Self::Autosubmit(_) => "ak-stage-autosubmit",
            Self::Shell(_) => "xak-flow-shell",
        }
    }

    /// Addresses of pictures that it shows.
    fn pictures(&self) -> Vec<&str> {
        match self {
            Self::Identification(it) => it.sources.iter().filter_map(|source| source.icon_url.as_deref()).collect(),
            Self::Password(it) => listed(&it.person.avatar_url),
            Self::SecondFactor(it) => listed(&it.person.avatar_url),
            Self::AppSetup(it) => listed(&it.person.avatar_url),
            Self::PaperCodes(it) => listed(&it.person.avatar_url),
            Self::PasskeySetup(it) => listed(&it.person.avatar_url),
            Self::MailSetup(it) => listed(&it.person.avatar_url),
            Self::PhoneSetup(it) => listed(&it.person.avatar_url),
            Self::DuoSetup(it) => listed(&it.person.avatar_url),
            Self::Mail(it) => it.opened.as_ref().map(|person| listed(&person.avatar_url)).unwrap_or_default(),
            Self::Captcha(it) => listed(&it.person.avatar_url),
            Self::UserLogin(person) => listed(&person.avatar_url),
            Self::Consent(it) => [listed(&it.person.avatar_url), listed(&it.application_icon_url)].concat(),
            Self::AccessDenied(it) => it.person.as_ref().map(|person| listed(&person.avatar_url)).unwrap_or_default(),
            Self::SessionEnd(it) => listed(&it.person.avatar_url),
            _ => Vec::new(),
        }
    }

    /// The widget of somebody else that it starts.
    fn widget(&self) -> Option<&Widget> {
        match self {
            Self::Identification(it) => it.captcha.as_ref(),
            Self::Captcha(it) => Some(&it.widget),
            _ => None,
        }
    }
}

fn listed(url: &Option<String>) -> Vec<&str> {
    url.as_deref().into_iter().collect()
}

/// A page of a flow.
#[derive(Debug, Clone, Template)]
#[template(path = "flow.html")]
pub struct FlowPage {
    /// Looks.
    pub brand: BrandView,
    /// The flow's title, with its placeholders filled: the heading.
    pub title: String,
    /// Where the form stands.
    pub layout: Layout,
    /// The page's own address with its query: where the form is sent.
    pub action_url: String,
    /// Token against cross-site request forgery, sent as [`CSRF_FIELD`].
    pub csrf: String,
    /// Address that gives the flow up: `/flows/-/cancel/`.
    pub cancel_url: String,
    /// Address that goes on as somebody else.
    pub switch_url: String,
    /// What is wrong with the last answer.
    pub errors: Errors,
    /// Addresses on other hosts where an answer to this form may lead by redirects; see
    /// [`Csp::form_target`].
    pub form_targets: Vec<String>,
    /// Addresses on other hosts that hidden frames load, so that applications learn of a sign-out.
    pub frames: Vec<String>,
    /// The challenge.
    pub body: Body,
}

impl FlowPage {
    /// Whether the form has to be `multipart/form-data`, for the sake of a file in it.
    #[must_use]
    pub fn multipart(&self) -> bool {
        matches!(&self.body, Body::Prompt(fields) if fields.iter().any(|field| field.kind == FieldKind::File))
    }

    /// Where the script asks how strong what is typed into a field is; only for the page's first new password, which
    /// others repeat.
    #[must_use]
    pub fn strength(&self, field: &PromptField) -> Option<String> {
        (self.new_password() == Some(field.key.as_str())).then(|| {
            let (path, query) = self.action_url.split_once('?').unwrap_or((&self.action_url, ""));
            format!("{path}strength/?{query}")
        })
    }

    /// What a field is called, where there are many that the same could be wrong with.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        let Body::Prompt(fields) = &self.body else { return None };
        fields.iter().find(|field| field.key == key).map(|field| field.label.as_str())
    }

    fn new_password(&self) -> Option<&str> {
        let Body::Prompt(fields) = &self.body else { return None };
        fields.iter().find(|field| field.kind == FieldKind::Password).map(|field| field.key.as_str())
    }
}

impl Page for FlowPage {
    fn policy(&self) -> Csp {
        let policy = self.body.pictures().into_iter().fold(self.brand.policy(), Csp::image);
        let policy = self.form_targets.iter().fold(policy, |policy, url| policy.form_target(url));
        let policy = self.frames.iter().fold(policy, |policy, url| policy.frame(url));
        let policy = self.body.widget().map(Widget::sources).into_iter().fold(policy, Csp::widget);
        let policy = if self.new_password().is_some() { policy.own_requests() } else { policy };
        match &self.body {
            Body::Autosubmit(_) => policy.any_form_target(),
            _ => policy,
        }
    }
}
