//! Shapes of permissions, alone and as roles have them.

use lockgate_model::permission::Permission as Known;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Something that a role can permit.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Permission {
    /// Primary key; made from the names.
    pub(crate) id: i32,
    /// In words.
    pub(crate) name: String,
    /// Its name, unique among all.
    pub(crate) codename: String,
    /// What it is about.
    pub(crate) model: String,
    /// Where that is known.
    pub(crate) app_label: String,
    /// Where that is known, in words.
    pub(crate) app_label_verbose: String,
    /// What it is about, in words.
    pub(crate) model_verbose: String,
}

impl From<&Known> for Permission {
    fn from(known: &Known) -> Self {
        Self {
            id: known.id,
            name: known.name.clone(),
            codename: known.codename.clone(),
            model: known.noun.model_name().to_owned(),
            app_label: known.noun.app_label().to_owned(),
            app_label_verbose: in_words(known.noun.app_label()),
            model_verbose: known.noun.verbose_name.to_owned(),
        }
    }
}

/// `authentik_policies_geoip`: "authentik Policies Geoip".
pub(crate) fn in_words(app_label: &str) -> String {
    let mut parts = app_label.split('_');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        text.push(' ');
        text.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        text.push_str(letters.as_str());
    }
    text
}

/// A permission that a role has on everything of a model.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct RoleModelPermission {
    /// Primary key of the permission.
    pub(crate) id: i32,
    /// Its name.
    pub(crate) codename: String,
    /// What it is about.
    pub(crate) model: String,
    /// Where that is known.
    pub(crate) app_label: String,
    /// In words.
    pub(crate) name: String,
}

/// A permission that a role has on one object.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct RoleObjectPermission {
    /// Primary key of the assignment.
    pub(crate) id: i32,
    /// Name of the permission.
    pub(crate) codename: String,
    /// What it is about.
    pub(crate) model: String,
    /// Where that is known.
    pub(crate) app_label: String,
    /// Primary key of the object.
    pub(crate) object_pk: String,
    /// In words.
    pub(crate) name: String,
}

/// What a role has of one model, or of one object.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RoleAssignedObjectPermission {
    /// Primary key of the role.
    pub(crate) role_pk: String,
    /// Name of the role.
    pub(crate) name: String,
    /// On single objects.
    pub(crate) object_permissions: Vec<RoleObjectPermission>,
    /// On everything of the model.
    pub(crate) model_permissions: Vec<RoleModelPermission>,
}

/// A permission that a role has on one object, with the object.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ExtraRoleObjectPermission {
    /// Primary key of the assignment.
    pub(crate) id: i32,
    /// Name of the permission.
    pub(crate) codename: String,
    /// What it is about.
    pub(crate) model: String,
    /// Where that is known.
    pub(crate) app_label: String,
    /// Primary key of the object.
    pub(crate) object_pk: String,
    /// In words.
    pub(crate) name: String,
    /// Where that is known, in words.
    pub(crate) app_label_verbose: String,
    /// What it is about, in words.
    pub(crate) model_verbose: String,
    /// Name of the object; null for one that is gone.
    pub(crate) object_description: Option<String>,
}

/// Permissions to give to a role, or to take.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct PermissionAssignRequest {
    /// Names of the permissions, `app_label.codename`.
    #[schemars(required, length(max = 1000))]
    pub(crate) permissions: Option<Vec<String>>,
    /// What the object is, `app_label.model`; with `object_pk`.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1, max = 150))]
    pub(crate) model: Option<String>,
    /// Primary key of the object; with `model`.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1, max = 255))]
    pub(crate) object_pk: Option<String>,
}

/// A permission that was given.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PermissionAssignResult {
    /// Primary key of the assignment.
    pub(crate) id: String,
}

/// A user to give a role to, or to take it from.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "UserAccountSerializerForRoleRequest")]
pub(crate) struct RoleUserRequest {
    /// Primary key of the user.
    pub(crate) pk: i64,
}

/// Number of an assignment, made from what it says.
pub(crate) fn assignment(role: Uuid, codename: &str, object: &str) -> i32 {
    lockgate_model::permission::number(&format!("{role}/{codename}/{object}"))
}
