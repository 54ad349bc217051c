//! Settings of the whole installation: one document, in a folder or made through `/admin/settings/`.

use super::{Flow, target, yes};
use crate::{
    Problems, Ref, Validity,
    kind::{Family, Kind, Lookup, Meta},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an application without bindings does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DefaultAccess {
    /// It is open to every active user.
    #[default]
    Allow,
    /// It is closed.
    Deny,
}

/// A link at the foot of pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "FooterLinkSetting")]
pub struct FooterLink {
    /// Its text.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// Where it leads; nowhere: it is only a text.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub href: Option<String>,
}

/// Switches that clients know and that do nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeptFlags {
    /// Kept for clients: events tell what changed either way.
    pub enterprise_audit_include_expanded_diff: bool,
    /// Kept for clients: other tabs find the session by themselves.
    pub flows_continuous_login: bool,
    /// Kept for clients: other tabs are not reloaded.
    pub flows_refresh_others: bool,
}

/// Settings of the whole configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderSettings {
    /// What an application without bindings does.
    #[serde(default)]
    pub default_access: DefaultAccess,
    /// Where hours, days and weekdays are told, such as `Europe/Berlin`.
    #[serde(default = "utc")]
    #[schemars(length(min = 1, max = 64), extend("format" = "timezone"))]
    pub timezone: String,
    /// Kept for clients: pictures of people are drawn from their initials, and nobody else is asked for one.
    #[serde(default = "initials")]
    #[schemars(length(min = 1, max = 1000))]
    pub avatars: String,
    /// Public address of the sign-in host, where the server's own settings name none.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub base_url: String,
    /// People may change their name, unless an attribute of theirs says otherwise.
    #[serde(default = "yes")]
    pub default_user_change_name: bool,
    /// People may change their e-mail address.
    #[serde(default)]
    pub default_user_change_email: bool,
    /// People may change their user name.
    #[serde(default)]
    pub default_user_change_username: bool,
    /// How long events are kept that happen from now on.
    #[serde(default = "year")]
    pub event_retention: Validity,
    /// No score of reputation falls below; the server's own settings decide when not given.
    #[serde(default)]
    #[schemars(range(min = -2_147_483_648_i64, max = 0))]
    pub reputation_lower_limit: Option<i32>,
    /// No score of reputation rises above.
    #[serde(default)]
    #[schemars(range(min = 0, max = 2_147_483_647_i64))]
    pub reputation_upper_limit: Option<i32>,
    /// Links at the foot of pages.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub footer_links: Vec<FooterLink>,
    /// With a user, the events that tell what that user did are deleted.
    #[serde(default = "yes")]
    pub gdpr_compliance: bool,
    /// Whoever may, can act as somebody else for a while.
    #[serde(default = "yes")]
    pub impersonation: bool,
    /// Whoever acts as somebody else has to say why.
    #[serde(default = "yes")]
    pub impersonation_require_reason: bool,
    /// How long a token lasts when nobody says otherwise.
    #[serde(default = "day")]
    pub default_token_duration: Validity,
    /// Characters of keys that are made.
    #[serde(default = "key_length")]
    #[schemars(range(min = 16, max = 512))]
    pub default_token_length: u16,
    /// How long an invitation lasts that does not say it itself; not given: for ever.
    #[serde(default)]
    pub default_invitation_duration: Option<Validity>,
    /// An invitation that does not say it itself makes one account and no more.
    #[serde(default)]
    pub default_invitation_single_use: bool,
    /// The only flow for an invitation that does not say it itself; not given: any.
    #[serde(default)]
    pub default_invitation_flow: Option<Ref<Flow>>,
    /// Objects a page when nothing is asked.
    #[serde(default = "page_size")]
    #[schemars(range(min = 1, max = 1_000))]
    pub pagination_default_page_size: u32,
    /// Most objects a page; no list of people or events is read in larger parts.
    #[serde(default = "most")]
    #[schemars(range(min = 1, max = 1_000))]
    pub pagination_max_page_size: u32,
    /// Switches that do nothing here.
    #[serde(default)]
    pub flags: KeptFlags,
}

impl Default for FolderSettings {
    fn default() -> Self {
        Self {
            default_access: DefaultAccess::default(),
            timezone: utc(),
            avatars: initials(),
            base_url: String::new(),
            default_user_change_name: true,
            default_user_change_email: false,
            default_user_change_username: false,
            event_retention: year(),
            reputation_lower_limit: None,
            reputation_upper_limit: None,
            footer_links: Vec::new(),
            gdpr_compliance: true,
            impersonation: true,
            impersonation_require_reason: true,
            default_token_duration: day(),
            default_token_length: key_length(),
            default_invitation_duration: None,
            default_invitation_single_use: false,
            default_invitation_flow: None,
            pagination_default_page_size: page_size(),
            pagination_max_page_size: most(),
            flags: KeptFlags::default(),
        }
    }
}

fn utc() -> String {
    "UTC".to_owned()
}
fn initials() -> String {
    "initials".to_owned()
}
fn year() -> Validity {
    Validity::days(365)
}
fn day() -> Validity {
    Validity::days(1)
}
fn key_length() -> u16 {
    60
}
fn page_size() -> u32 {
    20
}
fn most() -> u32 {
    100
}

/// Whether browsers can be sent there without being made to run something.
fn is_web(address: &str) -> bool {
    let address = address.to_ascii_lowercase();
    ["http://", "https://"].iter().any(|scheme| address.len() > scheme.len() && address.starts_with(scheme))
}

impl Kind for FolderSettings {
    const META: Meta = Meta {
        kind: "settings",
        word: "settings",
        family: Family::None,
        schema: "FolderSettings",
        path: "",
        lookup: Lookup::Uuid("uuid"),
        component: "",
        verbose_name: "Settings",
        verbose_name_plural: "Settings",
        model: "lockgate.settings",
        search: &[],
        filters: &[],
        ordering: "created",
        bindable: false,
    };

    fn identifier(&self) -> String {
        "settings".to_owned()
    }

    fn check(&self, problems: &mut Problems) {
        if !self.base_url.is_empty() && !is_web(&self.base_url) {
            problems.add("/base_url", "invalid", "Enter a valid URL: it must start with http:// or https://.");
        }
        for (number, link) in self.footer_links.iter().enumerate() {
            let leads = link.href.as_deref().filter(|href| !href.is_empty());
            if leads.is_some_and(|href| !is_web(href) && !href.starts_with("mailto:") && !href.starts_with('/')) {
                let pointer = format!("/footer_links/{number}/href");
                problems.add(&pointer, "invalid", "Enter a valid URL: https://, mailto: or a path.");
            }
        }
        for (pointer, span) in [
            ("/event_retention", Some(&self.event_retention)),
            ("/default_token_duration", Some(&self.default_token_duration)),
            ("/default_invitation_duration", self.default_invitation_duration.as_ref()),
        ] {
            if span.is_some_and(Validity::is_zero) {
                problems.add(pointer, "min_value", "Ensure this is more than no time at all.");
            }
        }
    }
}
target!(FolderSettings);
