//! Shapes of what is done to users beside changing them.

use super::shapes::PartialUser;
use chrono::{DateTime, Utc};
use lockgate_model::{Validity, kind::KINDS, permission};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Why somebody acts as somebody else.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct ImpersonationRequest {
    /// Why.
    #[schemars(required, length(min = 1, max = 1000))]
    pub(crate) reason: Option<String>,
}

/// How long a recovery link lasts.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct UserRecoveryLinkRequest {
    /// How long; as long as other tokens when not given.
    #[serde(default)]
    #[schemars(with = "Validity")]
    pub(crate) token_duration: Option<Validity>,
}

/// A recovery link by mail.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct UserRecoveryEmailRequest {
    /// How long the link lasts.
    #[serde(default)]
    #[schemars(with = "Validity")]
    pub(crate) token_duration: Option<Validity>,
    /// The stage that says what the mail looks like.
    pub(crate) email_stage: Uuid,
}

/// The hash of a password.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct UserPasswordHashSetRequest {
    /// The hash: argon2 or `pbkdf2_sha256`.
    #[schemars(length(min = 1, max = 1024))]
    pub(crate) password: String,
}

/// What to do with the users of a browser.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UserSwitchActionEnum {
    /// Sign in as one more.
    Add,
    /// Go on as another one.
    Switch,
}

/// Going on as another user.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct UserSwitchRequest {
    /// What to do.
    #[serde(default, rename = "action")]
    #[schemars(with = "UserSwitchActionEnum")]
    pub(crate) _action: Option<UserSwitchActionEnum>,
    /// Primary key of the user.
    #[serde(default, rename = "user_pk")]
    #[schemars(with = "i64")]
    pub(crate) _user_pk: Option<i64>,
}

/// Where to go on.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct UserSwitchResponse {
    /// The address.
    pub(crate) redirect: String,
}

/// What objects are of.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ContentType {
    /// A number that stays.
    pub(crate) id: i32,
    /// The part that it belongs to.
    pub(crate) app_label: String,
    /// Its name.
    pub(crate) model: String,
    /// Human name, plural.
    pub(crate) verbose_name_plural: String,
    /// Part and name.
    pub(crate) fully_qualified_model: String,
}

impl ContentType {
    /// What objects of a model, `app_label.model`, are of.
    pub(crate) fn of(name: &str) -> Self {
        let (app_label, model) = name.split_once('.').unwrap_or_default();
        let known = permission::noun(name);
        let kind = KINDS.iter().find(|kind| kind.meta.model == name);
        let plural = match (kind, known) {
            (Some(kind), _) => kind.meta.verbose_name_plural.to_owned(),
            (None, Some(noun)) => format!("{}s", noun.verbose_name),
            (None, None) => String::new(),
        };
        Self {
            id: permission::number(name),
            app_label: app_label.to_owned(),
            model: model.to_owned(),
            verbose_name_plural: plural,
            fully_qualified_model: name.to_owned(),
        }
    }
}

/// A list in one go.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DataExport {
    /// An identifier; nothing is kept under it.
    pub(crate) id: Uuid,
    /// Who asked.
    pub(crate) requested_by: PartialUser,
    /// When.
    pub(crate) requested_on: DateTime<Utc>,
    /// What is in it.
    pub(crate) content_type: ContentType,
    /// What was asked for.
    pub(crate) query_params: Map<String, Value>,
    /// Where it can be had.
    pub(crate) file_url: String,
    /// Always true: it is made while it is read.
    pub(crate) completed: bool,
}
