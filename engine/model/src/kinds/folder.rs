//! What only a configuration folder says: Cedar files and links. Documents like all others, so that a revision
//! holds everything that decides; not served below `/api/v3`.

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
