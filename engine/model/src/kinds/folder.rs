//! What only a configuration folder says: Cedar files and settings. Documents like all others, so that
//! a revision holds everything that decides; not served below `/api/v3`.

use super::target;
use crate::kind::{Family, Kind, Lookup, Meta};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A file of Cedar policies.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CedarFile {
    /// Path in the folder.
    #[schemars(length(min = 1, max = 1024))]
    pub path: String,
    /// The policies.
    #[schemars(length(max = 60_000))]
    pub text: String,
}

impl Kind for CedarFile {
    const META: Meta = Meta {
        kind: "cedar_file",
        word: "",
        family: Family::None,
        schema: "CedarFile",
        path: "",
        lookup: Lookup::Uuid("uuid"),
        component: "",
        verbose_name: "Cedar file",
        verbose_name_plural: "Cedar files",
        model: "lockgate.cedarfile",
        search: &["path"],
        filters: &[],
        ordering: "path",
        bindable: false,
    };

    fn identifier(&self) -> String {
        self.path.clone()
    }
}
target!(CedarFile);

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

/// Settings of the whole configuration.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderSettings {
    /// What an application without bindings does.
    #[serde(default)]
    pub default_access: DefaultAccess,
    /// Where hours, days and weekdays are told, such as `Europe/Berlin`.
    #[serde(default = "utc")]
    #[schemars(length(min = 1, max = 64), extend("format" = "timezone"))]
    pub timezone: String,
}

impl Default for FolderSettings {
    fn default() -> Self {
        Self { default_access: DefaultAccess::default(), timezone: utc() }
    }
}

fn utc() -> String {
    "UTC".to_owned()
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
}
target!(FolderSettings);

/// Who a link puts into the slot `?principal` of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkedPrincipal {
    /// The members of the group of this name.
    Group(#[schemars(length(min = 1, max = 255), description = "Name of the group.")] String),
    /// The user of this name.
    User(#[schemars(length(min = 1, max = 150), description = "Name of the user.")] String),
}

/// What a link puts into the slot `?resource` of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkedResource {
    /// The application with this slug.
    App(#[schemars(length(min = 1, max = 255), description = "Slug of the application.")] String),
    /// The applications with this tag.
    Tag(#[schemars(length(min = 1, max = 255), description = "The tag.")] String),
}

/// A template of a Cedar file made a policy.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyLink {
    /// Its name, which is the id of the policy.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// `@id` of the template.
    #[schemars(length(min = 1, max = 255))]
    pub template: String,
    /// For the slot `?principal`.
    #[serde(default)]
    pub principal: Option<LinkedPrincipal>,
    /// For the slot `?resource`.
    #[serde(default)]
    pub resource: Option<LinkedResource>,
}

impl Kind for PolicyLink {
    const META: Meta = Meta {
        kind: "policy_link",
        word: "link",
        family: Family::None,
        schema: "PolicyLink",
        path: "",
        lookup: Lookup::Uuid("uuid"),
        component: "",
        verbose_name: "Link",
        verbose_name_plural: "Links",
        model: "lockgate.policylink",
        search: &["name"],
        filters: &[],
        ordering: "name",
        bindable: false,
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }
}
target!(PolicyLink);
