//! What is told of events: rules say whom, transports say how, mappings say in which words.

use super::{CertificateKeyPair, PolicyEngineMode, target};
use crate::{
    Problems, Ref,
    kind::{Family, Kind, Lookup, Meta, exact},
    reference::AnyGroup,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How severe something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SeverityEnum")]
pub enum NotificationSeverity {
    /// Good to know.
    #[default]
    Notice,
    /// Somebody should look some day.
    Warning,
    /// Somebody should look now.
    Alert,
}

impl NotificationSeverity {
    /// The word in the database and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Alert => "alert",
        }
    }
}

/// How people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "TransportModeEnum")]
pub enum TransportMode {
    /// Where they sign in.
    #[default]
    Local,
    /// By a request to an address.
    Webhook,
    /// By a request to an address that speaks as Slack and Discord do.
    WebhookSlack,
    /// By mail.
    Email,
}

impl TransportMode {
    /// The word in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Webhook => "webhook",
            Self::WebhookSlack => "webhook_slack",
            Self::Email => "email",
        }
    }

    /// In words.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Local => "authentik inbuilt notifications",
            Self::Webhook => "Generic Webhook",
            Self::WebhookSlack => "Slack Webhook (Slack/Discord)",
            Self::Email => "Email",
        }
    }
}

/// What a webhook is sent, written in Rhai.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationWebhookMapping {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Rhai source whose value is the body, or a map of headers.
    #[schemars(length(min = 1, max = 65_536), extend("x-widget" = "code"))]
    pub expression: String,
}

impl Kind for NotificationWebhookMapping {
    const META: Meta = Meta {
        kind: "notification_mapping",
        word: "notification_mapping",
        family: Family::Mapping,
        schema: "NotificationWebhookMapping",
        path: "propertymappings/notification",
        lookup: Lookup::Uuid("pm_uuid"),
        component: "ak-property-mapping-notification-form",
        verbose_name: "Webhook Mapping",
        verbose_name_plural: "Webhook Mappings",
        model: "authentik_events.notificationwebhookmapping",
        search: &["name"],
        filters: &[exact("name")],
        ordering: "name",
        bindable: false,
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }
}
target!(NotificationWebhookMapping);

/// A way of telling people.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationTransport {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// How people are told.
    #[serde(default)]
    pub mode: TransportMode,
    /// Where requests go, in the modes webhook and webhook_slack.
    #[serde(default)]
    #[schemars(length(max = 2_000), extend("x-secret" = true, "x-yaml" = "url"))]
    pub webhook_url: String,
    /// The only authority whose certificates are believed there; those that browsers believe when empty.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "ca"))]
    pub webhook_ca: Option<Ref<CertificateKeyPair>>,
    /// Makes the body of the request, in the mode webhook.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "body"))]
    pub webhook_mapping_body: Option<Ref<NotificationWebhookMapping>>,
    /// Makes headers of the request, in the mode webhook.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "headers"))]
    pub webhook_mapping_headers: Option<Ref<NotificationWebhookMapping>>,
    /// Stands before the subject of mails.
    #[serde(default = "subject_prefix")]
    #[schemars(length(max = 255))]
    pub email_subject_prefix: String,
    /// Template of mails.
    #[serde(default = "template")]
    #[schemars(length(min = 1, max = 255))]
    pub email_template: String,
    /// Tell one of all who are to be told: for a channel that many people read.
    #[serde(default)]
    pub send_once: bool,
}

fn subject_prefix() -> String {
    "authentik Notification: ".to_owned()
}

fn template() -> String {
    "email/event_notification.html".to_owned()
}

impl Kind for NotificationTransport {
    const META: Meta = Meta {
        kind: "notification_transport",
        word: "notification_transport",
        family: Family::None,
        schema: "NotificationTransport",
        path: "events/transports",
        lookup: Lookup::Uuid("uuid"),
        component: "",
        verbose_name: "Notification Transport",
        verbose_name_plural: "Notification Transports",
        model: "authentik_events.notificationtransport",
        search: &["name", "mode"],
        filters: &[exact("mode"), exact("name"), exact("send_once"), exact("webhook_url")],
        ordering: "name",
        bindable: false,
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }

    fn check(&self, problems: &mut Problems) {
        let needs = matches!(self.mode, TransportMode::Webhook | TransportMode::WebhookSlack);
        if self.webhook_url.is_empty() && needs {
            problems.add("/webhook_url", "invalid", "Webhook URL may not be empty.");
        }
        // Without the text, which may hold a secret.
        if !self.webhook_url.is_empty() && !is_web_address(&self.webhook_url) {
            problems.add("/webhook_url", "invalid", "Enter a valid URL.");
        }
    }
}
target!(NotificationTransport);

/// Whether a text is an address of the web, with a host.
fn is_web_address(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Whom to tell of which events. Which, its policies say, that are bound to it: without any, none.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationRule {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Ways of telling them; without any, nobody is told.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub transports: Vec<Ref<NotificationTransport>>,
    /// How severe such an event is.
    #[serde(default)]
    pub severity: NotificationSeverity,
    /// Everybody in this group, directly or through a group in it, is told.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "group"))]
    pub destination_group: Option<Ref<AnyGroup>>,
    /// Who did it is told.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "event_user"))]
    pub destination_event_user: bool,
    /// How the policies bound to this rule add up.
    #[serde(default)]
    #[schemars(extend("x-internal" = true, "x-yaml" = "policy_mode"))]
    pub policy_engine_mode: PolicyEngineMode,
}

impl Kind for NotificationRule {
    const META: Meta = Meta {
        kind: "notification_rule",
        word: "notification_rule",
        family: Family::None,
        schema: "NotificationRule",
        path: "events/rules",
        lookup: Lookup::Uuid("pbm_uuid"),
        component: "",
        verbose_name: "Notification Rule",
        verbose_name_plural: "Notification Rules",
        model: "authentik_events.notificationrule",
        search: &["name", "severity"],
        filters: &[exact("name"), exact("severity")],
        ordering: "name",
        bindable: true,
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }
}
target!(NotificationRule);
