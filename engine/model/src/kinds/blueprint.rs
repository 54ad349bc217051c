//! Blueprints of the reference that are kept and laid over the configuration.

use super::{target, yes};
use crate::kind::{Family, Kind, Lookup, Meta, exact};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How the last application of a blueprint ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "BlueprintInstanceStatusEnum")]
pub enum BlueprintStatus {
    /// All of it is in force.
    Successful,
    /// It is in force but for what cannot be carried over.
    Warning,
    /// Nothing of it was changed.
    Error,
    /// What it came from is gone.
    Orphaned,
    /// It was not applied yet.
    #[default]
    Unknown,
}

/// A blueprint that is kept. It is applied when it is made, changed, or asked for; what it made stays when it goes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlueprintInstance {
    /// Its name.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// A file of the configuration folder, instead of content.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    pub path: String,
    /// Values that come before those of the blueprint's own context.
    #[serde(default)]
    pub context: Map<String, Value>,
    /// Apply it when it is made and changed.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The blueprint itself.
    #[serde(default)]
    #[schemars(length(max = 60_000))]
    pub content: String,
    /// When it was applied last.
    #[serde(default)]
    #[schemars(extend("x-internal" = true))]
    pub applied: Option<DateTime<Utc>>,
    /// SHA-256 of what was applied last.
    #[serde(default)]
    #[schemars(length(max = 128), extend("x-internal" = true))]
    pub applied_hash: String,
    /// How that ended.
    #[serde(default)]
    #[schemars(extend("x-internal" = true))]
    pub status: BlueprintStatus,
    /// Models of what it speaks of.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(max = 200)), extend("x-internal" = true))]
    pub models: Vec<String>,
}

impl Kind for BlueprintInstance {
    const META: Meta = Meta {
        kind: "blueprint_instance",
        word: "",
        family: Family::None,
        schema: "BlueprintInstance",
        path: "managed/blueprints",
        lookup: Lookup::Uuid("instance_uuid"),
        component: "",
        verbose_name: "Blueprint Instance",
        verbose_name_plural: "Blueprint Instances",
        model: "authentik_blueprints.blueprintinstance",
        search: &["name", "path"],
        filters: &[exact("name"), exact("path")],
        ordering: "name",
        bindable: false,
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }
}
target!(BlueprintInstance);
