//! Shapes that belong to no one kind: pages, errors, who refers to what.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// Where a page lies in its list. `next` and `previous` are 0 where there is none.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Pagination {
    /// Number of the next page.
    pub(crate) next: u64,
    /// Number of the page before.
    pub(crate) previous: u64,
    /// Objects in all.
    pub(crate) count: u64,
    /// Number of this page, from 1.
    pub(crate) current: u64,
    /// Pages in all.
    pub(crate) total_pages: u64,
    /// Place of the first object of this page, from 1.
    pub(crate) start_index: u64,
    /// Place of its last object.
    pub(crate) end_index: u64,
}

/// Kept for clients; always empty.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Autocomplete(pub(crate) Map<String, Value>);

/// What is wrong with a body: a list of texts per field, nested for nested fields.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ValidationError {
    /// About the body as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>")]
    pub(crate) non_field_errors: Option<Vec<String>>,
    /// A stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) code: Option<String>,
    /// About one field each.
    #[serde(flatten)]
    pub(crate) fields: Map<String, Value>,
}

/// Any other error.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct GenericError {
    /// A sentence.
    pub(crate) detail: String,
    /// A stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) code: Option<String>,
}

/// What the deletion of an object does to one that refers to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UsedByActionEnum {
    /// It goes too.
    Cascade,
    /// The reference is taken out of a list.
    CascadeMany,
    /// The reference is emptied.
    SetNull,
    /// It stays and refers to nothing.
    LeftDangling,
}

/// An object that refers to another one.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct UsedBy {
    /// The part of the reference's product it belongs to.
    pub(crate) app: String,
    /// Its kind.
    pub(crate) model_name: String,
    /// Its primary key.
    pub(crate) pk: String,
    /// Its name.
    pub(crate) name: String,
    /// What happens to it.
    pub(crate) action: UsedByActionEnum,
}

/// A kind that can be made.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TypeCreate {
    /// Its human name.
    pub(crate) name: String,
    /// What it is for.
    pub(crate) description: String,
    /// Its form in the admin interface.
    pub(crate) component: String,
    /// Its kind.
    pub(crate) model_name: String,
    /// Address of a picture; empty.
    pub(crate) icon_url: String,
    /// Always false.
    pub(crate) requires_enterprise: bool,
    /// Always false.
    pub(crate) deprecated: bool,
}

/// How much is cached.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Cache {
    /// Entries.
    pub(crate) count: u64,
}

/// An address.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Link {
    /// The address.
    pub(crate) link: String,
}

/// Pictures by theme; always null here.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ThemedUrls {
    /// For the light theme.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) light: Option<String>,
    /// For the dark theme.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dark: Option<String>,
}
