//! Challenges of second factors: one is asked for, one is set up.

use super::Who;
use chrono::{DateTime, Utc};
use lockgate_model::kinds::DeviceClass;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// A factor that may be shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceChallenge {
    /// Its sort.
    pub device_class: DeviceClass,
    /// Its primary key.
    pub device_uid: String,
    /// What the factor itself needs to be asked; an empty object where people type a code.
    pub challenge: Value,
    /// When it was used last.
    pub last_used: Option<DateTime<Utc>>,
    /// What its owner calls it; for pages only.
    #[serde(skip)]
    pub name: String,
}

/// A setup that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SelectableStage {
    /// Primary key of the stage.
    pub pk: Uuid,
    /// What people read.
    pub name: String,
    /// Name of its kind.
    pub verbose_name: String,
    /// Its model.
    pub meta_model_name: String,
}

/// `ak-stage-authenticator-validate`. Answered with `code`; with `duo`, which has a phone asked; or with
/// `selected_challenge` or `selected_stage`, to be asked otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuthenticatorValidation {
    /// Whose.
    #[serde(flatten)]
    pub who: Who,
    /// What may be shown; the one that is asked for comes first.
    pub device_challenges: Vec<DeviceChallenge>,
    /// What may be set up where there is nothing to show.
    pub configuration_stages: Vec<SelectableStage>,
}

impl AuthenticatorValidation {
    /// The code by which a response is told that a phone is asking.
    pub const ASKED: &'static str = "duo-waiting";
}

/// `ak-stage-authenticator-totp`. Answered with `code`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuthenticatorTotp {
    /// Whose.
    #[serde(flatten)]
    pub who: Who,
    /// What the app takes: `otpauth://totp/…`.
    pub config_url: String,
}

/// `ak-stage-authenticator-webauthn`. Answered with `response`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuthenticatorWebAuthn {
    /// Whose.
    #[serde(flatten)]
    pub who: Who,
    /// What the browser takes (WebAuthn: `PublicKeyCredentialCreationOptionsJSON`).
    pub registration: Value,
}

/// `ak-stage-authenticator-static`. Answered with nothing: they are written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuthenticatorStatic {
    /// Whose.
    #[serde(flatten)]
    pub who: Who,
    /// The codes, shown this once.
    pub codes: Vec<String>,
}

/// `ak-stage-authenticator-email`. Answered with `code`; or with `email`, which has one sent there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuthenticatorEmail {
    /// Whose.
    #[serde(flatten)]
    pub who: Who,
    /// Where the code was sent to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// An address is to be given first.
    pub email_required: bool,
}

/// `ak-stage-authenticator-sms`. Answered with `code`; or with `phone_number`, which has one sent there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuthenticatorSms {
    /// Whose.
    #[serde(flatten)]
    pub who: Who,
    /// A number is to be given first.
    pub phone_number_required: bool,
    /// Where the code was sent to; for pages only.
    #[serde(skip)]
    pub phone_number: Option<String>,
}

impl AuthenticatorSms {
    /// The code by which a response is told that a message was sent.
    pub const SENT: &'static str = "sms-sent";
}

/// `ak-stage-authenticator-duo`. Answered with nothing: Duo is asked how far the phone is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuthenticatorDuo {
    /// Whose.
    #[serde(flatten)]
    pub who: Who,
    /// Address of Duo's picture of the code; empty where Duo knows the account already, and asks its phone instead.
    pub activation_barcode: String,
    /// What activates Duo's app; empty there as well.
    pub activation_code: String,
    /// Primary key of the stage.
    pub stage_uuid: Uuid,
}
