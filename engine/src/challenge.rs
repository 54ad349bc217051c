//! What a flow asks for next: the JSON of the flow executor and the input of the pages.

mod factors;

pub use factors::{
    AuthenticatorDuo, AuthenticatorEmail, AuthenticatorSms, AuthenticatorStatic, AuthenticatorTotp,
    AuthenticatorValidation, AuthenticatorWebAuthn, DeviceChallenge, SelectableStage,
};

use crate::{context::AppContext, stages};
use lockgate_model::kinds::{FlowDesignation, FlowLayout, PromptType, UserField};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One challenge: the part that all share, and the body named by `component`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Challenge {
    /// What is asked; serialised beside the fields below, tagged by `component`.
    #[serde(flatten)]
    pub body: Body,
    /// The frame of the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_info: Option<FlowInfo>,
    /// What was wrong with the last response.
    #[serde(skip_serializing_if = "ResponseErrors::is_empty")]
    pub response_errors: ResponseErrors,
}

/// The frame of the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowInfo {
    /// Heading, with its placeholders filled in. Plain text, not HTML.
    pub title: String,
    /// Address of the picture behind; may be empty.
    pub background: String,
    /// Always null: pictures have no variants by theme.
    pub background_themed_urls: Option<BTreeMap<String, String>>,
    /// Where giving up leads.
    pub cancel_url: String,
    /// Where the form stands.
    pub layout: FlowLayout,
}

/// One complaint about a response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// A sentence for the person.
    pub string: String,
    /// A stable word for programs.
    pub code: String,
}

/// Complaints by field; general ones are under [`ResponseErrors::GENERAL`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResponseErrors(pub BTreeMap<String, Vec<ErrorDetail>>);

impl ResponseErrors {
    /// The key of complaints about the response as a whole.
    pub const GENERAL: &'static str = "non_field_errors";

    /// A single complaint.
    #[must_use]
    pub fn one(field: &str, code: &str, text: impl Into<String>) -> Self {
        let mut errors = Self::default();
        errors.add(field, code, text);
        errors
    }

    /// A single complaint about the response as a whole.
    #[must_use]
    pub fn general(code: &str, text: impl Into<String>) -> Self {
        Self::one(Self::GENERAL, code, text)
    }

    /// Adds a complaint.
    pub fn add(&mut self, field: &str, code: &str, text: impl Into<String>) {
        self.0.entry(field.to_owned()).or_default().push(ErrorDetail { string: text.into(), code: code.to_owned() });
    }

    /// These, and then those of others.
    #[must_use]
    pub(crate) fn with(mut self, others: &Self) -> Self {
        for (field, details) in &others.0 {
            self.0.entry(field.clone()).or_default().extend(details.iter().cloned());
        }
        self
    }

    /// Whether there is nothing to complain about.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The complaints about one field.
    #[must_use]
    pub fn of(&self, field: &str) -> &[ErrorDetail] {
        self.0.get(field).map_or(&[], Vec::as_slice)
    }
}

/// Who the page speaks to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Who {
    /// User name, or what was typed in its place; empty for nobody.
    pub pending_user: String,
    /// Address of a picture: a data URI with initials.
    pub pending_user_avatar: String,
}

/// The challenges of this build, by `component`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "component")]
pub enum Body {
    /// Who is it?
    #[serde(rename = "ak-stage-identification")]
    Identification(Box<Identification>),
    /// The password.
    #[serde(rename = "ak-stage-password")]
    Password(Password),
    /// Whether it is a person.
    #[serde(rename = "ak-stage-captcha")]
    Captcha(Captcha),
    /// Whether to stay signed in.
    #[serde(rename = "ak-stage-user-login")]
    UserLogin(UserLogin),
    /// Whether the application may know what it asks for.
    #[serde(rename = "ak-stage-consent")]
    Consent(Consent),
    /// Data.
    #[serde(rename = "ak-stage-prompt")]
    Prompt(Prompt),
    /// A second factor.
    #[serde(rename = "ak-stage-authenticator-validate")]
    AuthenticatorValidation(AuthenticatorValidation),
    /// An app that shows codes, to be set up.
    #[serde(rename = "ak-stage-authenticator-totp")]
    AuthenticatorTotp(AuthenticatorTotp),
    /// A passkey to be made.
    #[serde(rename = "ak-stage-authenticator-webauthn")]
    AuthenticatorWebAuthn(AuthenticatorWebAuthn),
    /// Codes to be written down.
    #[serde(rename = "ak-stage-authenticator-static")]
    AuthenticatorStatic(AuthenticatorStatic),
    /// An address that codes are sent to, to be set up.
    #[serde(rename = "ak-stage-authenticator-email")]
    AuthenticatorEmail(AuthenticatorEmail),
    /// A phone number that codes are sent to, to be set up.
    #[serde(rename = "ak-stage-authenticator-sms")]
    AuthenticatorSms(AuthenticatorSms),
    /// A phone that Duo asks, to be set up.
    #[serde(rename = "ak-stage-authenticator-duo")]
    AuthenticatorDuo(AuthenticatorDuo),
    /// That a mail is on its way; or whether to go on, where its link was opened.
    #[serde(rename = "ak-stage-email")]
    Email(Email),
    /// Nothing; a stage for trying things out.
    #[serde(rename = "ak-stage-dummy")]
    Dummy(Dummy),
    /// A form that the browser posts elsewhere by itself.
    #[serde(rename = "ak-stage-autosubmit")]
    Autosubmit(Autosubmit),
    /// The end: no.
    #[serde(rename = "ak-stage-access-denied")]
    AccessDenied(AccessDenied),
    /// The end: something broke.
    #[serde(rename = "ak-stage-flow-error")]
    FlowError(FlowError),
    /// The end: signed out of an application.
    #[serde(rename = "ak-stage-session-end")]
    SessionEnd(SessionEnd),
    /// Frames that tell applications of the end of the login.
    #[serde(rename = "ak-provider-iframe-logout")]
    IframeLogout(IframeLogout),
    /// On to another address.
    #[serde(rename = "xak-flow-redirect")]
    Redirect(Redirect),
    /// HTML of our own.
    #[serde(rename = "xak-flow-shell")]
    Shell(Shell),
}

impl Body {
    /// The word under `component`, which a response must repeat.
    #[must_use]
    pub fn component(&self) -> &'static str {
        match self {
            Self::Identification(_) => "ak-stage-identification",
            Self::Password(_) => "ak-stage-password",
            Self::Captcha(_) => "ak-stage-captcha",
            Self::UserLogin(_) => "ak-stage-user-login",
            Self::Consent(_) => "ak-stage-consent",
            Self::Prompt(_) => "ak-stage-prompt",
            Self::AuthenticatorValidation(_) => "ak-stage-authenticator-validate",
            Self::AuthenticatorTotp(_) => "ak-stage-authenticator-totp",
            Self::AuthenticatorWebAuthn(_) => "ak-stage-authenticator-webauthn",
            Self::AuthenticatorStatic(_) => "ak-stage-authenticator-static",
            Self::AuthenticatorEmail(_) => "ak-stage-authenticator-email",
            Self::AuthenticatorSms(_) => "ak-stage-authenticator-sms",
            Self::AuthenticatorDuo(_) => "ak-stage-authenticator-duo",
            Self::Email(_) => "ak-stage-email",
            Self::Dummy(_) => "ak-stage-dummy",
            Self::Autosubmit(_) => "ak-stage-autosubmit",
            Self::AccessDenied(_) => "ak-stage-access-denied",
            Self::FlowError(_) => "ak-stage-flow-error",
            Self::SessionEnd(_) => "ak-stage-session-end",
            Self::IframeLogout(_) => "ak-provider-iframe-logout",
            Self::Redirect(_) => "xak-flow-redirect",
            Self::Shell(_) => "xak-flow-shell",
        }
    }

    /// The keys of what it asks for. Consents and pages that only want to be seen ask for nothing that a person
    /// would type.
    #[must_use]
    pub fn asks(&self) -> Vec<&str> {
        match self {
            Self::Identification(page) => {
                let asked = [("password", page.password_fields), ("captcha_token", page.captcha_stage.is_some())];
                std::iter::once("uid_field")
                    .chain(asked.into_iter().filter(|(_, is)| *is).map(|(key, _)| key))
                    .collect()
            }
            Self::Captcha(_) => vec!["token"],
            Self::Password(_) => vec!["password"],
            Self::AuthenticatorValidation(page) if page.device_challenges.is_empty() => vec!["selected_stage"],
            Self::AuthenticatorValidation(_) | Self::AuthenticatorTotp(_) => vec!["code"],
            Self::AuthenticatorWebAuthn(_) => vec!["response"],
            Self::AuthenticatorEmail(page) if page.email_required => vec!["email"],
            Self::AuthenticatorEmail(_) => vec!["code"],
            Self::AuthenticatorSms(page) if page.phone_number_required => vec!["phone_number"],
            Self::AuthenticatorSms(_) => vec!["code"],
            Self::UserLogin(_) => vec!["remember_me"],
            Self::Prompt(prompt) => {
                let fields = prompt.fields.iter().filter(|field| stages::asks_for(field.field_type));
                fields.map(|field| field.field_key.as_str()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// A redirect, as the end of a flow answers it.
    #[must_use]
    pub fn redirect(to: impl Into<String>) -> Self {
        Self::Redirect(Redirect { to: to.into(), final_redirect: true })
    }
}

impl Challenge {
    /// A challenge without a frame, for answers outside of a running flow.
    #[must_use]
    pub fn bare(body: Body) -> Self {
        Self { body, flow_info: None, response_errors: ResponseErrors::default() }
    }
}

/// `ak-stage-identification`. Answered with `uid_field` and, when `password_fields`, `password`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Identification {
    /// What may be typed.
    pub user_fields: Vec<UserField>,
    /// What was typed before, to be filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_user_identifier: Option<String>,
    /// The password is asked for on the same page.
    pub password_fields: bool,
    /// Offer a button that shows the password.
    pub allow_show_password: bool,
    /// Name of the application that is being opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_pre: Option<String>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_pre_launch: Option<String>,
    /// What the flow is for.
    pub flow_designation: FlowDesignation,
    /// The captcha on the same page; answered with `captcha_token`.
    pub captcha_stage: Option<Box<Body>>,
    /// For people without an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enroll_url: Option<String>,
    /// For people who forgot their password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_url: Option<String>,
    /// For signing in without a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passwordless_url: Option<String>,
    /// Text of the button.
    pub primary_action: String,
    /// Sources to sign in with; empty in this build.
    pub sources: Vec<Value>,
    /// Name the sources beside their icons.
    pub show_source_labels: bool,
    /// Offer to remember the user name on this device.
    pub enable_remember_me: bool,
    /// By which a browser offers its passkeys beside the names that it remembers; answered with `passkey`.
    pub passkey_challenge: Option<Value>,
}

/// `ak-stage-password`. Answered with `password`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Password {
    /// Whose.
    #[serde(flatten)]
    pub who: Who,
    /// For people who forgot it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_url: Option<String>,
    /// Offer a button that shows it.
    pub allow_show_password: bool,
}

/// `ak-stage-captcha`. Answered with `token`, which the widget of the service gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Captcha {
    /// Whose flow it is.
    #[serde(flatten)]
    pub who: Who,
    /// The script that brings the widget.
    pub js_url: String,
    /// The key that the widget is shown with.
    pub site_key: String,
    /// The person has to do something for it.
    pub interactive: bool,
}

/// `ak-stage-user-login`. Answered with `remember_me`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserLogin {
    /// Who is signing in.
    #[serde(flatten)]
    pub who: Who,
}

/// Something an application asks to know or do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Permission {
    /// A sentence for people.
    pub name: String,
    /// Stable identifier, such as a scope.
    pub id: String,
}

/// `ak-stage-consent`. Answered with `token`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consent {
    /// Who is asked.
    #[serde(flatten)]
    pub who: Who,
    /// The question.
    pub header_text: String,
    /// What is asked for; with `additional_permissions`, what was agreed to before.
    pub permissions: Vec<Permission>,
    /// What is asked for beyond an earlier consent.
    pub additional_permissions: Vec<Permission>,
    /// To be sent back.
    pub token: String,
    /// Who asks; for pages only.
    #[serde(skip)]
    pub application: Option<AppContext>,
}

/// One choice of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// What is sent back.
    pub value: String,
    /// What is shown.
    pub label: String,
}

/// One field of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromptField {
    /// Key of the answer.
    pub field_key: String,
    /// What stands above.
    pub label: String,
    /// Look and rules.
    #[serde(rename = "type")]
    pub field_type: PromptType,
    /// Must be answered.
    pub required: bool,
    /// Shown while the field is empty.
    pub placeholder: String,
    /// What it holds at first.
    pub initial_value: String,
    /// Place in the stage, ascending.
    pub order: i32,
    /// A sentence below.
    pub sub_text: String,
    /// What can be chosen, for fields of that sort.
    pub choices: Option<Vec<Choice>>,
}

/// `ak-stage-prompt`. Answered with one key for each `field_key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Prompt {
    /// The fields, in order.
    pub fields: Vec<PromptField>,
}

/// `ak-stage-email`. Answered with nothing: that sends the mail again, or goes on where its link was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Email {
    /// Whom the link is for that was opened; for pages only. Nobody: it is still to be opened.
    #[serde(skip)]
    pub opened: Option<Who>,
}

impl Email {
    /// The code by which a response is told that the mail was sent again.
    pub const SENT_AGAIN: &'static str = "email-sent";
}

/// `ak-stage-dummy`. Answered with nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dummy {
    /// Name of the stage.
    pub name: String,
}

/// `ak-stage-autosubmit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Autosubmit {
    /// Where the form goes.
    pub url: String,
    /// Its fields.
    pub attrs: BTreeMap<String, String>,
    /// Heading meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// `ak-stage-access-denied`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccessDenied {
    /// Who is refused.
    #[serde(flatten)]
    pub who: Who,
    /// Why, for the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
}

/// `ak-stage-flow-error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowError {
    /// Under which the log has the details.
    pub request_id: String,
    /// What happened; for superusers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// `ak-stage-session-end`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionEnd {
    /// Who signed out.
    #[serde(flatten)]
    pub who: Who,
    /// Of which application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_name: Option<String>,
    /// For signing in to it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_launch_url: Option<String>,
    /// For signing out of everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalidation_flow_url: Option<String>,
    /// The portal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overview_url: Option<String>,
    /// Name of this installation.
    pub brand_name: String,
}

/// `ak-provider-iframe-logout` (OpenID Connect Front-Channel Logout, section 3).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IframeLogout {
    /// What the frames load.
    pub logout_urls: Vec<LogoutUrl>,
    /// What comes after them: the end of the flow. A page can show both at once.
    #[serde(skip)]
    pub then: Box<Body>,
}

/// Where a browser tells an application that the login has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoutUrl {
    /// The address, with issuer and session.
    pub url: String,
    /// Name of the provider.
    pub provider_name: String,
    /// Always `redirect`.
    pub binding: String,
}

/// `xak-flow-redirect`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Redirect {
    /// Where to.
    pub to: String,
    /// The flow is over.
    pub final_redirect: bool,
}

/// `xak-flow-shell`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shell {
    /// HTML.
    pub body: String,
}

/// Free-form data of a plan: a JSON object.
pub type Data = Map<String, Value>;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_json_is_flat_and_tagged_by_component() {
        let who = Who { pending_user: "ada".into(), pending_user_avatar: String::new() };
        let mut challenge = Challenge::bare(Body::AccessDenied(AccessDenied { who, error_message: None }));
        challenge.response_errors.add("password", "invalid", "Invalid password");
        let expected = json!({
            "component": "ak-stage-access-denied", "pending_user": "ada", "pending_user_avatar": "",
            "response_errors": {"password": [{"string": "Invalid password", "code": "invalid"}]},
        });
        assert_eq!(serde_json::to_value(&challenge).expect("serialises"), expected);
        assert_eq!(expected["component"], challenge.body.component());
    }
}
