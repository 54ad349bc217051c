//! Scope mappings: what a scope adds to tokens, written in Rhai.

use super::target;
use crate::kind::{Family, FilterOp, Kind, Lookup, Meta, exact, filter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A scope and the claims that it adds.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopeMapping {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Rhai source whose value is a map of claims.
    #[schemars(length(min = 1, max = 65_536), extend("x-widget" = "code"))]
    pub expression: String,
    /// The scope that clients ask for.
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[!#-\[\]-~]+$"), extend("x-yaml" = "scope"))]
    pub scope_name: String,
    /// What the consent page says; empty: nothing.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub description: String,
}

impl Kind for ScopeMapping {
    const META: Meta = Meta {
        kind: "scope_mapping",
        word: "mapping",
        family: Family::Mapping,
        schema: "ScopeMapping",
        path: "propertymappings/provider/scope",
        lookup: Lookup::Uuid("pm_uuid"),
        component: "ak-property-mapping-provider-scope-form",
        verbose_name: "Scope Mapping",
        verbose_name_plural: "Scope Mappings",
        model: "authentik_providers_oauth2.scopemapping",
        search: &["name", "scope_name"],
        filters: &[
            filter("managed", "managed", FilterOp::In),
            filter("managed__isnull", "managed", FilterOp::IsNull),
            exact("name"),
            exact("scope_name"),
        ],
        ordering: "scope_name",
        bindable: false,
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }
}
target!(ScopeMapping);
