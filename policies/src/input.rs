//! What a [`crate::PolicySet`] is compiled from: plain values, so that compiling is a pure function
//! of the configuration.

use crate::{action::Action, native::Native};
use lockgate_model::Period;
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Where a text comes from, for messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TextOrigin {
    /// File, relative to the configuration folder, or the name of the object that holds the text.
    pub file: String,
    /// Line of the first character of the text, from 1.
    pub line: u32,
    /// Column of the first character of the text, from 1.
    pub column: u32,
}

impl TextOrigin {
    /// The beginning of a file, or of a text that is stored by itself.
    #[must_use]
    pub fn start(file: impl Into<String>) -> Self {
        Self { file: file.into(), line: 1, column: 1 }
    }
}

/// What policies are bound to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// An application, by slug.
    App(String),
    /// A flow, by slug.
    Flow(String),
    /// A flow-stage binding, by id.
    Stage(Uuid),
    /// An entitlement, by its application's slug and its name.
    Entitlement(String, String),
    /// A notification rule, by id.
    Rule(Uuid),
}

/// How the bindings of a target combine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineMode {
    /// One that passes is enough.
    #[default]
    Any,
    /// Every one must pass.
    All,
}

/// What a binding asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Membership, direct or inherited, in the group with this id and name.
    Group(Uuid, String),
    /// The user with this primary key and user name.
    User(i64, String),
    /// The policy with this id and name passes.
    Policy(Uuid, String),
}

/// One policy binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindingInput {
    /// Its id.
    pub id: Uuid,
    /// What it guards.
    pub target: Target,
    /// Place among the target's bindings, ascending.
    pub order: i32,
    /// Whether it counts at all.
    pub enabled: bool,
    /// When it counts; outside of it, it is as if absent. Bindings of which none counts let nobody through.
    pub period: Period,
    /// Whether its result is turned around; a result that replaces a failure is not.
    pub negate: bool,
    /// The result when a policy fails or takes too long; a condition in Cedar that fails denies.
    pub failure_result: bool,
    /// Seconds that an expression may take; the sandbox's own limit holds besides.
    pub timeout: u32,
    /// What it asks for.
    pub subject: Subject,
    /// Where it is declared, when in a folder.
    pub origin: Option<TextOrigin>,
}

/// An expression policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionInput {
    /// Its id.
    pub id: Uuid,
    /// Its name, under which Cedar policies find its result in `context.checks`.
    pub name: String,
    /// Its text.
    pub source: String,
    /// Where the text is.
    pub origin: TextOrigin,
}

/// A policy that is a rule of our own.
#[derive(Debug, Clone)]
pub struct NativeInput {
    /// Its id.
    pub id: Uuid,
    /// Its name, under which Cedar policies find its result in `context.checks`.
    pub name: String,
    /// The rule.
    pub rule: Native,
}

/// A policy that is a condition in Cedar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionInput {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its text, as it stands after `when`.
    pub text: String,
    /// Where the text is.
    pub origin: TextOrigin,
    /// Whether prompts of flows are checked with it.
    pub checks_prompts: bool,
}

/// An application, as policies see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppInput {
    /// Its slug: `App::"<slug>"` in Cedar.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its heading in the portal; may be empty.
    pub group: String,
    /// Its tags: `Tag::"<tag>"` in Cedar.
    pub tags: Vec<String>,
}

/// An entitlement, as policies see it: `Entitlement::"<app>/<name>"` in Cedar.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntitlementInput {
    /// Slug of its application.
    pub app: String,
    /// Its name.
    pub name: String,
}

/// A group, so that a name in a Cedar file can be checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupInput {
    /// Its id.
    pub id: Uuid,
    /// Its name: `Group::"<name>"` in Cedar.
    pub name: String,
}

/// What a link puts into a slot of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Linked {
    /// The group of this name.
    Group(String),
    /// The user of this name.
    User(String),
    /// The application with this slug.
    App(String),
    /// The applications with this tag.
    Tag(String),
}

/// A template made a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkInput {
    /// Its name, which is the id of the policy.
    pub name: String,
    /// `@id` of the template.
    pub template: String,
    /// For `?principal`.
    pub principal: Option<Linked>,
    /// For `?resource`.
    pub resource: Option<Linked>,
    /// Where it is declared.
    pub origin: TextOrigin,
    /// Where its keys stand, as far as that is known.
    pub keys: Vec<(String, TextOrigin)>,
}

/// What a permission of a role is given on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum GrantedOn {
    /// Everything of the kind.
    All,
    /// The one with this primary key.
    Key(String),
    /// The one of this name or slug.
    Name(String),
}

/// One permission of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantInput {
    /// Its name: `view_user`.
    pub permission: String,
    /// The kind of what the acts are done to.
    pub kind: String,
    /// The acts.
    pub acts: Vec<Action>,
    /// On what.
    pub on: GrantedOn,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleInput {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it permits.
    pub grants: Vec<GrantInput>,
    /// Groups whose members hold it.
    pub groups: Vec<Uuid>,
    /// Where it is declared.
    pub origin: Option<TextOrigin>,
}

/// Everything that decisions are compiled from.
#[derive(Debug, Clone, Default)]
pub struct PolicyInput {
    /// All bindings, in any order.
    pub bindings: Vec<BindingInput>,
    /// How a target's bindings combine; `any` where it is not listed.
    pub engine_modes: HashMap<Target, EngineMode>,
    /// All expression policies.
    pub expressions: Vec<ExpressionInput>,
    /// All policies that are rules of our own.
    pub natives: Vec<NativeInput>,
    /// All policies that are conditions in Cedar.
    pub conditions: Vec<ConditionInput>,
    /// Policies of which every run is logged.
    pub logged: HashSet<Uuid>,
    /// Path and text of the folder's Cedar files.
    pub cedar_files: Vec<(String, String)>,
    /// The links of their templates.
    pub links: Vec<LinkInput>,
    /// All roles.
    pub roles: Vec<RoleInput>,
    /// All applications.
    pub apps: Vec<AppInput>,
    /// All entitlements.
    pub entitlements: Vec<EntitlementInput>,
    /// All groups that are known when compiling.
    pub groups: Vec<GroupInput>,
    /// Whether an application without bindings is closed instead of open to every active user.
    pub default_access_deny: bool,
}
