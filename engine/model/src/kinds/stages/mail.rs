//! Stages that send e-mail.

use super::stage_kind;
use crate::{
    FilterOp, Problems, Ref, Validity,
    kind::{exact, filter},
    kinds::Flow,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The templates that there are, each with what it is for.
pub const EMAIL_TEMPLATES: [(&str, &str); 6] = [
    ("email/password_reset.html", "Password Reset"),
    ("email/account_confirmation.html", "Account Confirmation"),
    ("email/email_otp.html", "Email OTP"),
    ("email/event_notification.html", "Event Notification"),
    ("email/invitation.html", "Invitation"),
    ("email/sign_in.html", "Sign in"),
];

/// Sends a link that leads back into the flow.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Send as the server's settings say, whatever stands here.
    #[serde(default)]
    pub use_global_settings: bool,
    /// Mail server.
    #[serde(default = "localhost")]
    #[schemars(length(min = 1, max = 255))]
    pub host: String,
    /// Its port.
    #[serde(default = "smtp")]
    #[schemars(range(min = 0, max = 65_535))]
    pub port: i32,
    /// Account there; empty: none.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub username: String,
    /// Its password.
    #[serde(default)]
    #[schemars(length(max = 255), extend("x-secret" = true, "writeOnly" = true))]
    pub password: String,
    /// Encrypt after a greeting in the clear (STARTTLS).
    #[serde(default)]
    pub use_tls: bool,
    /// Encrypt from the first byte.
    #[serde(default)]
    pub use_ssl: bool,
    /// Seconds to wait for the mail server.
    #[serde(default = "ten")]
    #[schemars(range(min = 0, max = 3_600))]
    pub timeout: i32,
    /// Who writes.
    #[serde(default = "system")]
    #[schemars(email, length(min = 1, max = 254), extend("x-yaml" = "from"))]
    pub from_address: String,
    /// How long the link leads anywhere.
    #[serde(default = "half_an_hour")]
    #[schemars(extend("x-yaml" = "expires"))]
    pub token_expiry: Validity,
    /// Subject of the mail.
    #[serde(default = "subject")]
    #[schemars(length(min = 1, max = 255))]
    pub subject: String,
    /// Its text.
    #[serde(default = "password_reset")]
    #[schemars(length(min = 1, max = 255))]
    pub template: String,
    /// Opening the link activates the account.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "activate"))]
    pub activate_user_on_success: bool,
    /// Mails to one account within `recovery_cache_timeout`; more are refused.
    #[serde(default = "five")]
    #[schemars(range(min = 0, max = 2_147_483_647_i64), extend("x-yaml" = "attempts"))]
    pub recovery_max_attempts: i32,
    /// After which mails to an account are counted anew.
    #[serde(default = "five_minutes")]
    #[schemars(extend("x-yaml" = "per"))]
    pub recovery_cache_timeout: Validity,
}

fn localhost() -> String {
    "localhost".to_owned()
}
fn smtp() -> i32 {
    25
}
fn ten() -> i32 {
    10
}
fn five() -> i32 {
    5
}
fn system() -> String {
    "system@authentik.local".to_owned()
}
fn half_an_hour() -> Validity {
    Validity::minutes(30)
}
fn five_minutes() -> Validity {
    Validity::minutes(5)
}
fn subject() -> String {
    "authentik".to_owned()
}
fn password_reset() -> String {
    EMAIL_TEMPLATES[0].0.to_owned()
}
fn one_time_code() -> String {
    EMAIL_TEMPLATES[2].0.to_owned()
}
fn code_subject() -> String {
    "authentik Sign-in code".to_owned()
}

fn check_mail(template: &str, (tls, ssl): (bool, bool), problems: &mut Problems) {
    if !EMAIL_TEMPLATES.iter().any(|(known, _)| *known == template) {
        let known: Vec<&str> = EMAIL_TEMPLATES.iter().map(|(known, _)| *known).collect();
        let text = format!("Invalid template specified; there are {}.", known.join(", "));
        problems.add("/template", "invalid", text);
    }
    if tls && ssl {
        problems.add("/use_ssl", "invalid", "Either use_tls or use_ssl can be set, not both.");
    }
}

impl EmailStage {
    fn check_fields(&self, problems: &mut Problems) {
        check_mail(&self.template, (self.use_tls, self.use_ssl), problems);
    }
}

stage_kind!(
    EmailStage,
    "email_stage",
    "email",
    "EmailStage",
    "stages/email",
    "ak-stage-email-form",
    "Email",
    "authentik_stages_email.emailstage",
    [
        exact("activate_user_on_success"),
        exact("from_address"),
        exact("host"),
        exact("port"),
        exact("subject"),
        exact("template"),
        exact("timeout"),
        exact("token_expiry"),
        exact("use_global_settings"),
        exact("use_ssl"),
        exact("use_tls"),
        exact("username"),
    ]
);

/// Sets up an e-mail address for codes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthenticatorEmailStage {
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
    /// Send as the server's settings say, whatever stands here.
    #[serde(default)]
    pub use_global_settings: bool,
    /// Mail server.
    #[serde(default = "localhost")]
    #[schemars(length(min = 1, max = 255))]
    pub host: String,
    /// Its port.
    #[serde(default = "smtp")]
    #[schemars(range(min = 0, max = 65_535))]
    pub port: i32,
    /// Account there; empty: none.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub username: String,
    /// Its password.
    #[serde(default)]
    #[schemars(length(max = 255), extend("x-secret" = true, "writeOnly" = true))]
    pub password: String,
    /// Encrypt after a greeting in the clear (STARTTLS).
    #[serde(default)]
    pub use_tls: bool,
    /// Encrypt from the first byte.
    #[serde(default)]
    pub use_ssl: bool,
    /// Seconds to wait for the mail server.
    #[serde(default = "ten")]
    #[schemars(range(min = 0, max = 3_600))]
    pub timeout: i32,
    /// Who writes.
    #[serde(default = "system")]
    #[schemars(email, length(min = 1, max = 254), extend("x-yaml" = "from"))]
    pub from_address: String,
    /// Subject of the mail.
    #[serde(default = "code_subject")]
    #[schemars(length(min = 1, max = 255))]
    pub subject: String,
    /// How long a code works.
    #[serde(default = "half_an_hour")]
    #[schemars(extend("x-yaml" = "expires"))]
    pub token_expiry: Validity,
    /// Text of the mail.
    #[serde(default = "one_time_code")]
    #[schemars(length(min = 1, max = 255))]
    pub template: String,
}

impl AuthenticatorEmailStage {
    fn check_fields(&self, problems: &mut Problems) {
        check_mail(&self.template, (self.use_tls, self.use_ssl), problems);
    }
}

stage_kind!(
    AuthenticatorEmailStage,
    "authenticator_email_stage",
    "enroll_email",
    "AuthenticatorEmailStage",
    "stages/authenticator/email",
    "ak-stage-authenticator-email-form",
    "Email Authenticator Setup",
    "authentik_stages_authenticator_email.authenticatoremailstage",
    [
        exact("configure_flow"),
        exact("friendly_name"),
        exact("from_address"),
        exact("host"),
        exact("port"),
        filter("stage_uuid", "pk", FilterOp::Exact),
        exact("subject"),
        exact("template"),
        exact("timeout"),
        exact("token_expiry"),
        exact("use_global_settings"),
        exact("use_ssl"),
        exact("use_tls"),
        exact("username"),
    ]
);
