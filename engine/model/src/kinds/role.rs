//! Roles: what their holders may administer, and who holds them through a group.

use super::target;
use crate::{
    Problems, Ref,
    kind::{Family, FilterOp, Kind, Lookup, Meta, exact, filter},
    permission,
    reference::AnyGroup,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::HashSet};

/// The name of a permission: `view_user`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Codename(pub String);

impl JsonSchema for Codename {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Codename".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut names: Vec<&str> = permission::all().iter().map(|p| p.codename.as_str()).collect();
        names.sort_unstable();
        json_schema!({"type": "string", "description": "Name of a permission.", "enum": names})
    }
}

/// A permission on one object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ObjectPermission {
    /// What may be done.
    pub permission: Codename,
    /// To what: a name or slug, or a primary key.
    #[schemars(length(min = 1, max = 255))]
    pub object: String,
}

/// What its holders may administer. Users hold a role directly, or because they are in one of its groups.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Unique name.
    #[schemars(length(min = 1, max = 150))]
    pub name: String,
    /// What may be done to everything of a kind.
    #[serde(default)]
    #[schemars(length(max = 1_000), extend("x-internal" = true))]
    pub permissions: Vec<Codename>,
    /// What may be done to single objects.
    #[serde(default)]
    #[schemars(length(max = 10_000), extend("x-internal" = true, "x-yaml" = "objects"))]
    pub object_permissions: Vec<ObjectPermission>,
    /// Groups whose members, direct and inherited, hold the role.
    #[serde(default)]
    #[schemars(length(max = 1_000), extend("x-internal" = true))]
    pub groups: Vec<Ref<AnyGroup>>,
}

impl Kind for Role {
    const META: Meta = Meta {
        kind: "role",
        word: "role",
        family: Family::None,
        schema: "Role",
        path: "rbac/roles",
        lookup: Lookup::Uuid("uuid"),
        component: "",
        verbose_name: "Role",
        verbose_name_plural: "Roles",
        model: "authentik_rbac.role",
        search: &["name"],
        filters: &[
            exact("name"),
            filter("managed", "managed", FilterOp::In),
            filter("managed__isnull", "managed", FilterOp::IsNull),
        ],
        ordering: "name",
        bindable: false,
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }

    fn check(&self, problems: &mut Problems) {
        let mut seen = HashSet::new();
        for (i, codename) in self.permissions.iter().enumerate().filter(|(_, c)| !seen.insert(*c)) {
            problems.add(&format!("/permissions/{i}"), "unique", format!("\"{}\" is listed twice.", codename.0));
        }
        for (i, given) in self.object_permissions.iter().enumerate() {
            let found = permission::by_codename(&given.permission.0);
            if found.is_none_or(|p| !p.is_on_objects()) {
                let text = format!("\"{}\" cannot be given on one object.", given.permission.0);
                problems.add(&format!("/object_permissions/{i}/permission"), "invalid", text);
            }
        }
    }
}
target!(Role);

/// What a role gets on an object that one of its holders makes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InitialPermissions {
    /// Unique name.
    #[schemars(length(min = 1, max = 150))]
    pub name: String,
    /// The role.
    #[schemars(extend("x-on-delete" = "cascade"))]
    pub role: Ref<Role>,
    /// Numbers of the permissions.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    pub permissions: Vec<i32>,
}

impl Kind for InitialPermissions {
    const META: Meta = Meta {
        kind: "initial_permissions",
        word: "",
        family: Family::None,
        schema: "InitialPermissions",
        path: "rbac/initial_permissions",
        lookup: Lookup::Number("id"),
        component: "",
        verbose_name: "Initial Permissions",
        verbose_name_plural: "Initial Permissions",
        model: "authentik_rbac.initialpermissions",
        search: &["name"],
        filters: &[exact("name")],
        ordering: "name",
        bindable: false,
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }

    fn check(&self, problems: &mut Problems) {
        for (i, id) in self.permissions.iter().enumerate().filter(|(_, id)| permission::by_id(**id).is_none()) {
            let text = format!("Invalid pk \"{id}\" - object does not exist.");
            problems.add(&format!("/permissions/{i}"), "does_not_exist", text);
        }
    }
}
target!(InitialPermissions);
