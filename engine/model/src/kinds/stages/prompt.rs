//! Asking for data, and writing it to the account.

use super::stage_kind;
use crate::{
    FilterOp, Problems, Ref, UserType,
    kind::{Family, Kind, Lookup, Meta, exact, filter},
    kinds::{target, yes},
    reference::{AnyGroup, AnyPolicy},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The look and the rules of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "PromptTypeEnum")]
pub enum PromptType {
    /// One line.
    Text,
    /// Several lines.
    TextArea,
    /// One line that cannot be changed.
    TextReadOnly,
    /// Several lines that cannot be changed.
    TextAreaReadOnly,
    /// A user name; must be free.
    Username,
    /// An e-mail address.
    Email,
    /// A password; two in one stage must be equal.
    Password,
    /// A number.
    Number,
    /// Yes or no.
    Checkbox,
    /// One of a few.
    #[serde(rename = "radio-button-group")]
    RadioButtonGroup,
    /// One of many.
    Dropdown,
    /// A day.
    Date,
    /// A day and time.
    #[serde(rename = "date-time")]
    DateTime,
    /// A file, as data URI.
    File,
    /// A line between fields.
    Separator,
    /// Not shown.
    Hidden,
    /// Text.
    Static,
    /// Text, marked as information.
    AlertInfo,
    /// Text, marked as warning.
    AlertWarning,
    /// Text, marked as danger.
    AlertDanger,
    /// The language of the pages.
    #[serde(rename = "ak-locale")]
    AkLocale,
}

/// One field of a prompt stage.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prompt {
    /// Unique name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Key of the answer: `username`, `email`, `password`, `attributes.phone` …
    #[schemars(length(min = 1, max = 255), extend("x-yaml" = "key"))]
    pub field_key: String,
    /// What stands above the field.
    #[schemars(length(min = 1, max = 2000))]
    pub label: String,
    /// Look and rules.
    #[serde(rename = "type")]
    pub prompt_type: PromptType,
    /// Must be answered.
    #[serde(default = "yes")]
    pub required: bool,
    /// Shown in the empty field; one choice a line for choices.
    #[serde(default)]
    #[schemars(length(max = 10_000))]
    pub placeholder: String,
    /// What the field holds at first.
    #[serde(default)]
    #[schemars(length(max = 10_000), extend("x-yaml" = "value"))]
    pub initial_value: String,
    /// Place in the stage, ascending.
    #[serde(default)]
    #[schemars(range(min = -2_147_483_648_i64, max = 2_147_483_647_i64))]
    pub order: i32,
    /// A sentence below the field.
    #[serde(default)]
    #[schemars(length(max = 2000), extend("x-yaml" = "help"))]
    pub sub_text: String,
    /// `placeholder` is Rhai.
    #[serde(default)]
    pub placeholder_expression: bool,
    /// `initial_value` is Rhai.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "value_expression"))]
    pub initial_value_expression: bool,
}

impl Kind for Prompt {
    const META: Meta = Meta {
        kind: "prompt",
        word: "field",
        family: Family::None,
        schema: "Prompt",
        path: "stages/prompt/prompts",
        lookup: Lookup::Uuid("prompt_uuid"),
        component: "",
        verbose_name: "Prompt",
        verbose_name_plural: "Prompts",
        model: "authentik_stages_prompt.prompt",
        search: &["name", "field_key", "label", "sub_text"],
        filters: &[exact("field_key"), exact("label"), exact("name"), exact("placeholder"), exact("type")],
        ordering: "name",
        bindable: false,
    };

    fn identifier(&self) -> String {
        self.name.clone()
    }
}
target!(Prompt);

/// Asks for data.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromptStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// The fields, shown by their `order`.
    #[schemars(length(max = 100))]
    pub fields: Vec<Ref<Prompt>>,
    /// Policies that the answers must pass.
    #[serde(default)]
    #[schemars(length(max = 100), extend("x-yaml" = "validate"))]
    pub validation_policies: Vec<Ref<AnyPolicy>>,
}

impl PromptStage {
    fn check_fields(&self, _: &mut Problems) {}
}

stage_kind!(
    PromptStage,
    "prompt_stage",
    "prompt",
    "PromptStage",
    "stages/prompt/stages",
    "ak-stage-prompt-form",
    "Prompt",
    "authentik_stages_prompt.promptstage",
    [
        filter("fields", "fields", FilterOp::In),
        filter("stage_uuid", "pk", FilterOp::Exact),
        filter("validation_policies", "validation_policies", FilterOp::In)
    ]
);

/// Whether writing may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "UserCreationModeEnum")]
pub enum UserCreationMode {
    /// Only an existing account is written.
    NeverCreate,
    /// An account is made when none is known.
    #[default]
    CreateWhenRequired,
    /// An account is made.
    AlwaysCreate,
}

/// Writes what was asked for to the account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserWriteStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Whether an account may be made.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "create"))]
    pub user_creation_mode: UserCreationMode,
    /// New accounts cannot sign in until somebody activates them.
    #[serde(default = "yes")]
    #[schemars(extend("x-yaml" = "inactive"))]
    pub create_users_as_inactive: bool,
    /// Group of new accounts.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "group"))]
    pub create_users_group: Option<Ref<AnyGroup>>,
    /// Sort of new accounts.
    #[serde(default = "external")]
    pub user_type: UserType,
    /// Path of new accounts; empty: `users`.
    #[serde(default)]
    #[schemars(length(max = 255), extend("x-yaml" = "path"))]
    pub user_path_template: String,
}

fn external() -> UserType {
    UserType::External
}

impl UserWriteStage {
    fn check_fields(&self, problems: &mut Problems) {
        if self.user_type == UserType::InternalServiceAccount {
            problems.add("/user_type", "invalid", "Accounts of this type are made by the server only.");
        }
    }
}

stage_kind!(
    UserWriteStage,
    "user_write_stage",
    "write",
    "UserWriteStage",
    "stages/user_write",
    "ak-stage-user-write-form",
    "User Write",
    "authentik_stages_user_write.userwritestage",
    [
        exact("create_users_as_inactive"),
        exact("create_users_group"),
        filter("stage_uuid", "pk", FilterOp::Exact),
        exact("user_creation_mode"),
        exact("user_path_template"),
        exact("user_type"),
    ]
);
