//! Stages that need somebody else's service: Duo, SMS, captchas.

use super::stage_kind;
use crate::{
    FilterOp, Problems, Ref,
    kind::{exact, filter},
    kinds::{Flow, yes},
    reference::AnyMapping,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sets up Duo.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthenticatorDuoStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Flow for setting it up from one's own settings.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "flow"))]
    pub configure_flow: Option<Ref<Flow>>,
    /// What people read instead of the name.
    #[serde(default)]
    #[schemars(length(max = 255), extend("x-yaml" = "title"))]
    pub friendly_name: String,
    /// Integration key of the Auth API.
    #[schemars(length(min = 1, max = 255))]
    pub client_id: String,
    /// Secret key of the Auth API.
    #[schemars(length(min = 1, max = 255), extend("x-secret" = true, "writeOnly" = true))]
    pub client_secret: String,
    /// Host of the API.
    #[schemars(length(min = 1, max = 255))]
    pub api_hostname: String,
    /// Integration key of the Admin API, for importing devices.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub admin_integration_key: String,
    /// Secret key of the Admin API.
    #[serde(default)]
    #[schemars(length(max = 255), extend("x-secret" = true, "writeOnly" = true))]
    pub admin_secret_key: String,
}

impl AuthenticatorDuoStage {
    fn check_fields(&self, _: &mut Problems) {}
}

stage_kind!(
    AuthenticatorDuoStage,
    "authenticator_duo_stage",
    "enroll_duo",
    "AuthenticatorDuoStage",
    "stages/authenticator/duo",
    "ak-stage-authenticator-duo-form",
    "Duo Authenticator Setup",
    "authentik_stages_authenticator_duo.authenticatorduostage",
    [exact("api_hostname"), exact("client_id"), exact("configure_flow")]
);

/// Who sends SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ProviderEnum")]
pub enum SmsProvider {
    /// Twilio.
    Twilio,
    /// Anything that takes a request of HTTP.
    Generic,
}

/// How the service of SMS is told who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AuthTypeEnum")]
pub enum SmsAuthType {
    /// By user name and password.
    #[default]
    Basic,
    /// By a token.
    Bearer,
}

/// Sets up a phone number for codes by SMS.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthenticatorSMSStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Flow for setting one up from one's own settings.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "flow"))]
    pub configure_flow: Option<Ref<Flow>>,
    /// What people read instead of the name.
    #[serde(default)]
    #[schemars(length(max = 255), extend("x-yaml" = "title"))]
    pub friendly_name: String,
    /// Who sends.
    pub provider: SmsProvider,
    /// The number that messages come from.
    #[schemars(length(min = 1, max = 255), extend("x-yaml" = "from"))]
    pub from_number: String,
    /// Account at Twilio, or address of the service.
    #[schemars(length(min = 1, max = 2000), extend("x-yaml" = "account"))]
    pub account_sid: String,
    /// Token, or user name.
    #[schemars(length(min = 1, max = 2000), extend("x-secret" = true, "writeOnly" = true))]
    pub auth: String,
    /// Password, beside a user name.
    #[serde(default)]
    #[schemars(length(max = 2000), extend("x-secret" = true, "writeOnly" = true))]
    pub auth_password: String,
    /// How the service is told who asks.
    #[serde(default)]
    pub auth_type: SmsAuthType,
    /// Only a hash of the number is kept: it proves possession once, and sends nothing later.
    #[serde(default)]
    pub verify_only: bool,
    /// Makes the body of the request to the service.
    #[serde(default)]
    pub mapping: Option<Ref<AnyMapping>>,
}

impl AuthenticatorSMSStage {
    fn check_fields(&self, problems: &mut Problems) {
        let address = self.account_sid.to_ascii_lowercase();
        if self.provider == SmsProvider::Generic && !["https://", "http://"].iter().any(|p| address.starts_with(p)) {
            problems.add("/account_sid", "invalid", "With provider generic, this is the address that is asked.");
        }
    }
}

stage_kind!(
    AuthenticatorSMSStage,
    "authenticator_sms_stage",
    "enroll_sms",
    "AuthenticatorSMSStage",
    "stages/authenticator/sms",
    "ak-stage-authenticator-sms-form",
    "SMS Authenticator Setup",
    "authentik_stages_authenticator_sms.authenticatorsmsstage",
    [
        exact("account_sid"),
        exact("auth_type"),
        exact("configure_flow"),
        exact("friendly_name"),
        exact("from_number"),
        exact("mapping"),
        exact("provider"),
        filter("stage_uuid", "pk", FilterOp::Exact),
        exact("verify_only"),
    ]
);

/// How the service of captchas is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RequestContentTypeEnum")]
pub enum RequestContentType {
    /// As a form.
    #[default]
    #[serde(rename = "application/x-www-form-urlencoded")]
    Form,
    /// As JSON.
    #[serde(rename = "application/json")]
    Json,
}

/// Asks whether somebody is a person: reCAPTCHA, hCaptcha, Turnstile, or what speaks as they do.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptchaStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// The key that pages show.
    #[schemars(length(min = 1, max = 2000), extend("x-yaml" = "site_key"))]
    pub public_key: String,
    /// The key that answers are checked with.
    #[schemars(length(min = 1, max = 2000), extend("x-yaml" = "secret", "x-secret" = true, "writeOnly" = true))]
    pub private_key: String,
    /// The script that pages load.
    #[serde(default = "recaptcha_script")]
    #[schemars(length(min = 1, max = 2000))]
    pub js_url: String,
    /// Where answers are checked.
    #[serde(default = "recaptcha_check")]
    #[schemars(length(min = 1, max = 2000))]
    pub api_url: String,
    /// How it is asked there.
    #[serde(default)]
    pub request_content_type: RequestContentType,
    /// The person has to do something for it.
    #[serde(default)]
    pub interactive: bool,
    /// Lowest score that passes.
    #[serde(default = "half")]
    #[schemars(range(min = -1000.0, max = 1000.0))]
    pub score_min_threshold: f64,
    /// Highest score that passes.
    #[serde(default = "whole")]
    #[schemars(range(min = -1000.0, max = 1000.0))]
    pub score_max_threshold: f64,
    /// Refuse whose score does not pass; otherwise policies decide.
    #[serde(default = "yes")]
    pub error_on_invalid_score: bool,
}

fn recaptcha_script() -> String {
    "https://www.recaptcha.net/recaptcha/api.js".to_owned()
}
fn recaptcha_check() -> String {
    "https://www.recaptcha.net/recaptcha/api/siteverify".to_owned()
}
fn half() -> f64 {
    0.5
}
fn whole() -> f64 {
    1.0
}

impl CaptchaStage {
    /// Whether a threshold is one: -1 says that there is none.
    #[must_use]
    pub fn is_threshold(value: f64) -> bool {
        value > -1.0
    }

    fn check_fields(&self, problems: &mut Problems) {
        for (field, address) in [("js_url", &self.js_url), ("api_url", &self.api_url)] {
            let address = address.to_ascii_lowercase();
            if !["https://", "http://"].iter().any(|prefix| address.starts_with(prefix)) {
                problems.add(&format!("/{field}"), "invalid", "Enter a valid URL.");
            }
        }
    }
}

stage_kind!(
    CaptchaStage,
    "captcha_stage",
    "captcha",
    "CaptchaStage",
    "stages/captcha",
    "ak-stage-captcha-form",
    "Captcha",
    "authentik_stages_captcha.captchastage",
    [exact("public_key")]
);
