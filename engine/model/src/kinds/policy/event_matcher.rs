//! Which events a rule is about.

use super::{CREATED, LAST_UPDATED, LOGGED, NAMED, POLICY, POLICY_UUID};
use crate::kinds::target;
use crate::{
    Problems,
    kind::{Kind, Meta, exact},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// Passes when the event of the context has everything that is given here. Without an event it fails.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventMatcherPolicy {
    /// Name.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Log every run, passed or not.
    #[serde(default)]
    pub execution_logging: bool,
    /// What happened.
    #[serde(default)]
    pub action: Option<EventActions>,
    /// From which address.
    #[serde(default)]
    #[schemars(length(min = 1, max = 64))]
    pub client_ip: Option<String>,
    /// Which part reported it.
    #[serde(default)]
    #[schemars(length(min = 1, max = 255))]
    pub app: Option<String>,
    /// Which kind of object it is about, as `app_label.model`.
    #[serde(default)]
    #[schemars(length(min = 1, max = 255))]
    pub model: Option<String>,
    /// Always empty: the reference's query language is not spoken here.
    #[serde(default)]
    #[schemars(length(min = 1, max = 4_096))]
    pub query: Option<String>,
}

impl Kind for EventMatcherPolicy {
    const META: Meta = Meta {
        kind: "event_matcher_policy",
        word: "event_matcher",
        schema: "EventMatcherPolicy",
        path: "policies/event_matcher",
        component: "ak-policy-event-matcher-form",
        verbose_name: "Event Matcher Policy",
        verbose_name_plural: "Event Matcher Policies",
        model: "authentik_policies_event_matcher.eventmatcherpolicy",
        filters: &[
            CREATED,
            LOGGED,
            LAST_UPDATED,
            NAMED,
            POLICY_UUID,
            exact("action"),
            exact("app"),
            exact("client_ip"),
            exact("model"),
            exact("query"),
        ],
        ..POLICY
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }

    fn check(&self, problems: &mut Problems) {
        if self.query.is_some() {
            let text = "Queries are not understood here: write an expression policy that reads context.event.";
            problems.add("/query", "invalid", text);
        }
        if self.action.is_none() && self.client_ip.is_none() && self.app.is_none() && self.model.is_none() {
            problems.add("", "invalid", "At least one criteria must be set.");
        }
    }
}
target!(EventMatcherPolicy);

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "EventActions")]
pub enum EventActions {
    /// `login`.
    Login,
    /// `login_failed`.
    LoginFailed,
    /// `logout`.
    Logout,
    /// `user_write`.
    UserWrite,
    /// `user_offboarded`.
    UserOffboarded,
    /// `suspicious_request`.
    SuspiciousRequest,
    /// `password_set`.
    PasswordSet,
    /// `secret_view`.
    SecretView,
    /// `secret_rotate`.
    SecretRotate,
    /// `invitation_used`.
    InvitationUsed,
    /// `authorize_application`.
    AuthorizeApplication,
    /// `source_linked`.
    SourceLinked,
    /// `impersonation_started`.
    ImpersonationStarted,
    /// `impersonation_ended`.
    ImpersonationEnded,
    /// `flow_execution`.
    FlowExecution,
    /// `policy_execution`.
    PolicyExecution,
    /// `policy_exception`.
    PolicyException,
    /// `property_mapping_exception`.
    PropertyMappingException,
    /// `system_task_execution`.
    SystemTaskExecution,
    /// `system_task_exception`.
    SystemTaskException,
    /// `system_exception`.
    SystemException,
    /// `configuration_error`.
    ConfigurationError,
    /// `configuration_warning`.
    ConfigurationWarning,
    /// `model_created`.
    ModelCreated,
    /// `model_updated`.
    ModelUpdated,
    /// `model_deleted`.
    ModelDeleted,
    /// `email_sent`.
    EmailSent,
    /// `update_available`.
    UpdateAvailable,
    /// `export_ready`.
    ExportReady,
    /// `review_initiated`.
    ReviewInitiated,
    /// `review_overdue`.
    ReviewOverdue,
    /// `review_attested`.
    ReviewAttested,
    /// `review_completed`.
    ReviewCompleted,
    /// `access_request_created`.
    AccessRequestCreated,
    /// `access_request_approved`.
    AccessRequestApproved,
    /// `access_request_denied`.
    AccessRequestDenied,
    /// `access_request_revoked`.
    AccessRequestRevoked,
    /// `custom_`: whatever begins so.
    #[serde(rename = "custom_")]
    Custom,
}

static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let schema = schemars::schema_for!(EventActions).to_value();
    let variants = schema["oneOf"].as_array().cloned().unwrap_or_default();
    variants.iter().filter_map(|variant| variant["const"].as_str().map(str::to_owned)).collect()
});

impl EventActions {
    /// The words of all of them.
    #[must_use]
    pub fn words() -> &'static [String] {
        &WORDS
    }
}
