//! Entitlements: what people are inside of one application.

use super::{Application, PolicyEngineMode, target};
use crate::{
    Ref,
    kind::{Family, FilterOp, Kind, Lookup, Meta, exact, filter},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What somebody may be inside of an application, such as an editor. Whoever the bindings let through holds it;
/// without bindings nobody does. Tokens for the application name those that are held.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationEntitlement {
    /// Its name, as the application knows it; unique within the application.
    // With the application it makes an identifier of at most 255 characters.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// The application.
    #[schemars(extend("x-on-delete" = "cascade"))]
    pub app: Ref<Application>,
    /// Free-form data, which mappings find in `app.entitlement_attributes`.
    #[serde(default)]
    pub attributes: Map<String, Value>,
    /// How the bindings add up.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "policy_mode", "x-internal" = true))]
    pub policy_engine_mode: PolicyEngineMode,
}

impl Kind for ApplicationEntitlement {
    const META: Meta = Meta {
        kind: "application_entitlement",
        word: "",
        family: Family::None,
        schema: "ApplicationEntitlement",
        path: "core/application_entitlements",
        lookup: Lookup::Uuid("pbm_uuid"),
        component: "",
        verbose_name: "Application Entitlement",
        verbose_name_plural: "Application Entitlements",
        model: "authentik_core.applicationentitlement",
        search: &["name"],
        filters: &[exact("app"), exact("name"), filter("pbm_uuid", "pk", FilterOp::Exact)],
        ordering: "name",
        bindable: true,
    };

    fn identifier(&self) -> String {
        format!("{}/{}", self.app.0, self.name)
    }
}
target!(ApplicationEntitlement);
