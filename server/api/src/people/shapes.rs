//! Shapes of users, groups, tokens and sessions, as answers and as bodies.
//!
//! Bodies have only optional fields, so that one struct serves creating, replacing and patching; which
//! fields are required on creation is part of their schema.

use chrono::{DateTime, Utc};
use lockgate_model::UserType;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// A group, as far as its members' views show it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct PartialGroup {
    /// Primary key.
    pub(crate) pk: Uuid,
    /// Small integer key.
    pub(crate) num_pk: i32,
    /// Unique name.
    pub(crate) name: String,
    /// Members are superusers.
    pub(crate) is_superuser: bool,
    /// Merged under the members' own attributes.
    pub(crate) attributes: Map<String, Value>,
}

/// A group that is the parent or child of another one.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct RelatedGroup {
    /// Primary key.
    pub(crate) pk: Uuid,
    /// Unique name.
    pub(crate) name: String,
    /// Members are superusers.
    pub(crate) is_superuser: bool,
    /// Merged under the members' own attributes.
    pub(crate) attributes: Map<String, Value>,
    /// Primary key.
    pub(crate) group_uuid: Uuid,
}

/// A user, as far as other objects show one.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct PartialUser {
    /// Primary key.
    pub(crate) pk: i64,
    /// Unique name.
    pub(crate) username: String,
    /// Display name.
    pub(crate) name: String,
    /// Whether the account can do anything.
    pub(crate) is_active: bool,
    /// Last successful login.
    pub(crate) last_login: Option<DateTime<Utc>>,
    /// E-mail address.
    pub(crate) email: String,
    /// Free-form data.
    pub(crate) attributes: Map<String, Value>,
    /// Stable identifier that tells nothing.
    pub(crate) uid: String,
}

/// A role, as far as its holders' views show it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Role {
    /// Primary key.
    pub(crate) pk: Uuid,
    /// Unique name.
    pub(crate) name: String,
}

/// An account.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct User {
    /// Primary key; only grows.
    pub(crate) pk: i64,
    /// Unique name.
    pub(crate) username: String,
    /// Display name.
    pub(crate) name: String,
    /// Whether the account can do anything.
    pub(crate) is_active: bool,
    /// Last successful login.
    pub(crate) last_login: Option<DateTime<Utc>>,
    /// When it was made.
    pub(crate) date_joined: DateTime<Utc>,
    /// Member of a superuser group, directly or through another.
    pub(crate) is_superuser: bool,
    /// Direct groups.
    pub(crate) groups: Vec<Uuid>,
    /// Direct groups, shown; null when `include_groups=false`.
    pub(crate) groups_obj: Option<Vec<PartialGroup>>,
    /// Roles that the user holds directly.
    pub(crate) roles: Vec<Uuid>,
    /// These roles, shown; null when `include_roles=false`.
    pub(crate) roles_obj: Option<Vec<Role>>,
    /// E-mail address.
    pub(crate) email: String,
    /// Picture: a data URI.
    pub(crate) avatar: String,
    /// Free-form data.
    pub(crate) attributes: Map<String, Value>,
    /// Stable identifier that tells nothing: the `sub` of tokens.
    pub(crate) uid: String,
    /// Place in the directory.
    pub(crate) path: String,
    /// Sort of account.
    #[serde(rename = "type")]
    pub(crate) user_type: UserType,
    /// Stable identifier across installations.
    pub(crate) uuid: Uuid,
    /// Last change of the password.
    pub(crate) password_change_date: DateTime<Utc>,
    /// Last change of the account.
    pub(crate) last_updated: DateTime<Utc>,
}

/// An account to make or change.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct UserRequest {
    /// Unique name.
    #[schemars(required, length(min = 1, max = 150))]
    pub(crate) username: Option<String>,
    /// Display name; may be empty.
    #[schemars(required, length(max = 1024))]
    pub(crate) name: Option<String>,
    /// Whether the account can do anything.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub(crate) is_active: Option<bool>,
    /// Kept for clients; the server notes logins itself.
    #[serde(default, rename = "last_login")]
    pub(crate) _last_login: Option<DateTime<Utc>>,
    /// Direct groups.
    #[serde(default)]
    #[schemars(with = "Vec<Uuid>", length(max = 1000))]
    pub(crate) groups: Option<Vec<Uuid>>,
    /// Roles that are held directly.
    #[serde(default)]
    #[schemars(with = "Vec<Uuid>", length(max = 1000))]
    pub(crate) roles: Option<Vec<Uuid>>,
    /// E-mail address.
    #[serde(default)]
    #[schemars(with = "String", length(max = 254))]
    pub(crate) email: Option<String>,
    /// Free-form data.
    #[serde(default)]
    #[schemars(with = "Map<String, Value>")]
    pub(crate) attributes: Option<Map<String, Value>>,
    /// Place in the directory.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1, max = 1024))]
    pub(crate) path: Option<String>,
    /// Sort of account.
    #[serde(default, rename = "type")]
    #[schemars(with = "UserType")]
    pub(crate) user_type: Option<UserType>,
}

/// A group or role of one's own.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct UserSelfGroups {
    /// Its name.
    pub(crate) name: String,
    /// Its primary key.
    pub(crate) pk: String,
}

/// A role of one's own.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct UserSelfRoles {
    /// Its name.
    pub(crate) name: String,
    /// Its primary key.
    pub(crate) pk: String,
}

/// Oneself.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct UserSelf {
    /// Primary key.
    pub(crate) pk: i64,
    /// Unique name.
    pub(crate) username: String,
    /// Display name.
    pub(crate) name: String,
    /// Whether the account can do anything.
    pub(crate) is_active: bool,
    /// Member of a superuser group.
    pub(crate) is_superuser: bool,
    /// The account that this session speaks for.
    pub(crate) is_current: bool,
    /// All groups, direct and inherited.
    pub(crate) groups: Vec<UserSelfGroups>,
    /// All roles, direct and through groups.
    pub(crate) roles: Vec<UserSelfRoles>,
    /// E-mail address.
    pub(crate) email: String,
    /// Picture: a data URI.
    pub(crate) avatar: String,
    /// Stable identifier that tells nothing.
    pub(crate) uid: String,
    /// Settings of the interface, from attribute `settings`.
    pub(crate) settings: Map<String, Value>,
    /// Sort of account.
    #[serde(rename = "type")]
    pub(crate) user_type: UserType,
    /// Rights beyond those on single objects; of superusers only.
    pub(crate) system_permissions: Vec<String>,
}

/// Who this session speaks for.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SessionUser {
    /// The account.
    pub(crate) user: UserSelf,
    /// The account behind an impersonation. There is none in this build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) original: Option<UserSelf>,
    /// The accounts that this browser is signed in to.
    pub(crate) users: Vec<UserSelf>,
}

/// The places in the directory.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct UserPath {
    /// Paths, sorted.
    pub(crate) paths: Vec<String>,
}

/// A new password.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct UserPasswordSetRequest {
    /// The password.
    #[schemars(length(min = 1, max = 1024))]
    pub(crate) password: String,
}

/// A service account to make.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct UserServiceAccountRequest {
    /// Its unique name.
    #[schemars(length(min = 1, max = 150))]
    pub(crate) name: String,
    /// Make a group of the same name for it.
    #[serde(default)]
    pub(crate) create_group: bool,
    /// Whether its token ends.
    #[serde(default = "yes")]
    pub(crate) expiring: bool,
    /// When it ends; after 360 days when not given.
    #[serde(default)]
    pub(crate) expires: Option<DateTime<Utc>>,
}

fn yes() -> bool {
    true
}

/// A service account with its key, which is shown once.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct UserServiceAccountResponse {
    /// Its unique name.
    pub(crate) username: String,
    /// Its app password.
    pub(crate) token: String,
    /// Stable identifier.
    pub(crate) user_uid: String,
    /// Primary key.
    pub(crate) user_pk: i64,
    /// Its group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group_pk: Option<String>,
}

/// A group of people.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Group {
    /// Primary key.
    pub(crate) pk: Uuid,
    /// Small integer key.
    pub(crate) num_pk: i32,
    /// Unique name.
    pub(crate) name: String,
    /// Members, direct and inherited, are superusers.
    pub(crate) is_superuser: bool,
    /// Direct parents.
    pub(crate) parents: Vec<Uuid>,
    /// Direct parents, shown; null unless `include_parents=true`.
    pub(crate) parents_obj: Option<Vec<RelatedGroup>>,
    /// Direct members.
    pub(crate) users: Vec<i64>,
    /// Direct members, shown; null when `include_users=false`.
    pub(crate) users_obj: Option<Vec<PartialUser>>,
    /// Merged under the members' own attributes.
    pub(crate) attributes: Map<String, Value>,
    /// Roles that the group holds by itself.
    pub(crate) roles: Vec<Uuid>,
    /// These roles, shown.
    pub(crate) roles_obj: Vec<Role>,
    /// Roles of the groups around it; null unless `include_inherited_roles=true`.
    pub(crate) inherited_roles_obj: Option<Vec<Role>>,
    /// Direct children.
    pub(crate) children: Vec<Uuid>,
    /// Direct children, shown; null unless `include_children=true`.
    pub(crate) children_obj: Option<Vec<RelatedGroup>>,
}

/// A group to make or change.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct GroupRequest {
    /// Unique name.
    #[schemars(required, length(min = 1, max = 255))]
    pub(crate) name: Option<String>,
    /// Members, direct and inherited, are superusers.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub(crate) is_superuser: Option<bool>,
    /// Direct parents.
    #[serde(default)]
    #[schemars(with = "Vec<Uuid>", length(max = 1000))]
    pub(crate) parents: Option<Vec<Uuid>>,
    /// Direct members.
    #[serde(default)]
    #[schemars(with = "Vec<i64>", length(max = 100_000))]
    pub(crate) users: Option<Vec<i64>>,
    /// Merged under the members' own attributes.
    #[serde(default)]
    #[schemars(with = "Map<String, Value>")]
    pub(crate) attributes: Option<Map<String, Value>>,
    /// Roles that are held directly.
    #[serde(default)]
    #[schemars(with = "Vec<Uuid>", length(max = 1000))]
    pub(crate) roles: Option<Vec<Uuid>>,
}

/// A user by primary key.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct UserAccountRequest {
    /// Primary key.
    pub(crate) pk: i64,
    /// When the membership begins; at once when empty. An addition of Lockgate, for joining a group.
    #[serde(default)]
    pub(crate) from: Option<DateTime<Utc>>,
    /// When the membership ends by itself; never when empty. An addition of Lockgate, for joining a group.
    #[serde(default)]
    pub(crate) until: Option<DateTime<Utc>>,
}

/// A membership that begins or ends by itself.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct GroupMembership {
    /// Primary key of the user.
    pub(crate) pk: i64,
    /// The user's name.
    pub(crate) username: String,
    /// When it begins; null: it has always been.
    pub(crate) from: Option<DateTime<Utc>>,
    /// When it ends; null: never.
    pub(crate) until: Option<DateTime<Utc>>,
    /// Whether it counts now.
    pub(crate) in_force: bool,
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "IntentEnum")]
pub(crate) enum Intent {
    /// Proves that somebody reads an address.
    Verification,
    /// Bearer of the API.
    Api,
    /// Opens a recovery link.
    Recovery,
    /// Password for programs.
    AppPassword,
}

/// A token, without its key.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Token {
    /// Primary key.
    pub(crate) pk: Uuid,
    /// Stable identifier of tokens that the server made.
    pub(crate) managed: Option<String>,
    /// Unique name.
    pub(crate) identifier: String,
    /// What it is for.
    pub(crate) intent: Intent,
    /// Whose it is.
    pub(crate) user: i64,
    /// Whose it is, shown.
    pub(crate) user_obj: User,
    /// For people.
    pub(crate) description: String,
    /// When it ends, if `expiring`.
    pub(crate) expires: Option<DateTime<Utc>>,
    /// Whether it ends.
    pub(crate) expiring: bool,
}

/// A token to make or change.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct TokenRequest {
    /// Kept for clients; only the server sets it.
    #[serde(default, rename = "managed")]
    #[schemars(length(min = 1, max = 255))]
    pub(crate) _managed: Option<String>,
    /// Unique name.
    #[schemars(required, length(min = 1, max = 255), regex(pattern = "^[-a-zA-Z0-9_]+$"))]
    pub(crate) identifier: Option<String>,
    /// What it is for; the API makes tokens of intent `api` and `app_password`.
    #[serde(default)]
    #[schemars(with = "Intent")]
    pub(crate) intent: Option<Intent>,
    /// Whose it is; the caller's when not given.
    #[serde(default)]
    #[schemars(with = "i64")]
    pub(crate) user: Option<i64>,
    /// For people.
    #[serde(default)]
    #[schemars(with = "String", length(max = 2000))]
    pub(crate) description: Option<String>,
    /// When it ends, if `expiring`.
    #[serde(default)]
    pub(crate) expires: Option<DateTime<Utc>>,
    /// Whether it ends.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub(crate) expiring: Option<bool>,
}

/// The key of a token.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TokenView {
    /// The key.
    pub(crate) key: String,
}

/// A key for a token.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct TokenSetKeyRequest {
    /// The key. Shorter ones could be guessed.
    #[schemars(length(min = 16, max = 512))]
    pub(crate) key: String,
}

/// A session of a browser.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AuthenticatedSession {
    /// Public identifier.
    pub(crate) uuid: Uuid,
    /// Whether it is the one that asks.
    pub(crate) current: bool,
    /// What the browser says of itself: `device`, `os`, `user_agent` (each with `family`), `string`.
    pub(crate) user_agent: Map<String, Value>,
    /// Where it was last seen, as far as a database tells: `continent`, `country`, `city`, `lat`, `long`.
    pub(crate) geo_ip: Option<Map<String, Value>>,
    /// Network that it was last seen in, as far as a database tells: `asn`, `as_org`, `network`.
    pub(crate) asn: Option<Map<String, Value>>,
    /// Whose it is.
    pub(crate) user: i64,
    /// Address it was last seen from.
    pub(crate) last_ip: String,
    /// Browser it was last seen with.
    pub(crate) last_user_agent: String,
    /// When it was last seen.
    pub(crate) last_used: DateTime<Utc>,
    /// When it ends.
    pub(crate) expires: DateTime<Utc>,
}

/// How many sessions were ended.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BulkDeleteSessionResponse {
    /// So many.
    pub(crate) deleted: u64,
}

fn provider(_: &mut SchemaGenerator) -> Schema {
    Schema::new_ref("#/components/schemas/Provider".to_owned())
}
fn application(_: &mut SchemaGenerator) -> Schema {
    Schema::new_ref("#/components/schemas/Application".to_owned())
}

/// An access or refresh token, without the token.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TokenModel {
    /// Primary key.
    pub(crate) pk: i64,
    /// Who issued it.
    #[schemars(schema_with = "provider")]
    pub(crate) provider: Value,
    /// Whom it speaks for.
    pub(crate) user: User,
    /// Whether its time is over.
    pub(crate) is_expired: bool,
    /// When its time is over.
    pub(crate) expires: Option<DateTime<Utc>>,
    /// Granted scopes.
    pub(crate) scope: Vec<String>,
    /// Its claims as JSON; an empty object for a token that has none.
    pub(crate) id_token: String,
    /// Whether it was revoked, or replaced by a newer one.
    pub(crate) revoked: bool,
}

/// An authorization code, without the code.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ExpiringBaseGrantModel {
    /// Primary key.
    pub(crate) pk: i64,
    /// Who issued it.
    #[schemars(schema_with = "provider")]
    pub(crate) provider: Value,
    /// Who signed in.
    pub(crate) user: User,
    /// Whether its time is over.
    pub(crate) is_expired: bool,
    /// When its time is over.
    pub(crate) expires: Option<DateTime<Utc>>,
    /// Granted scopes.
    pub(crate) scope: Vec<String>,
}

/// What somebody agreed to share with an application.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct UserConsent {
    /// Primary key.
    pub(crate) pk: i64,
    /// When it has to be asked again.
    pub(crate) expires: Option<DateTime<Utc>>,
    /// Whether it has to be asked again at all.
    pub(crate) expiring: bool,
    /// Who agreed.
    pub(crate) user: User,
    /// To what.
    #[schemars(schema_with = "application")]
    pub(crate) application: Value,
    /// Permissions, separated by spaces.
    pub(crate) permissions: String,
}

/// What sign-ins say of a name at an address.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reputation {
    /// Primary key.
    pub(crate) pk: Uuid,
    /// The name that was typed.
    pub(crate) identifier: String,
    /// The address it came from.
    pub(crate) ip: String,
    /// Where the address is; empty where nothing knows.
    pub(crate) ip_geo_data: Map<String, Value>,
    /// Whose network the address belongs to; empty where nothing knows.
    pub(crate) ip_asn_data: Map<String, Value>,
    /// One up for each sign-in, one down for each failure.
    pub(crate) score: i64,
    /// When it last changed.
    pub(crate) updated: DateTime<Utc>,
}
