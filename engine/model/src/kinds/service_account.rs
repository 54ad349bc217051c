//! Accounts of programs, as a configuration declares them. What is declared is a document; the account
//! itself stands among the users, under the document's id, and is made to be as declared.

use super::{target, yes};
use crate::{
    Problems,
    kind::{Family, Kind, Lookup, Meta},
    reference::{AnyGroup, Ref},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Least characters of a token that somebody chose.
const TOKEN: usize = 24;

/// The account of a program. Its groups are those that are named here and no others.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccount {
    /// Its user name.
    #[schemars(length(min = 1, max = 150))]
    pub username: String,
    /// Name in lists; the user name when empty.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub name: String,
    /// Whether it can do anything.
    #[serde(default = "yes")]
    #[schemars(extend("x-yaml" = "active"))]
    pub is_active: bool,
    /// The groups that it is a member of.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub groups: Vec<Ref<AnyGroup>>,
    /// Free-form data.
    #[serde(default)]
    pub attributes: Map<String, Value>,
    /// Key of an API token that acts as this account; at least 24 characters, none when empty.
    #[serde(default)]
    #[schemars(length(max = 255), regex(pattern = "^[!-~]*$"), extend("x-secret" = true))]
    pub token: String,
}

impl ServiceAccount {
    /// Name in lists.
    #[must_use]
    pub fn display_name(&self) -> &str {
        if self.name.is_empty() { &self.username } else { &self.name }
    }
}

impl Kind for ServiceAccount {
    const META: Meta = Meta {
        kind: "service_account",
        word: "service_account",
        family: Family::None,
        schema: "ServiceAccount",
        path: "",
        lookup: Lookup::Uuid("uuid"),
        component: "",
        verbose_name: "Service account",
        verbose_name_plural: "Service accounts",
        model: "lockgate.serviceaccount",
        search: &["username", "name"],
        filters: &[],
        ordering: "username",
        bindable: false,
    };

    fn identifier(&self) -> String {
        self.username.clone()
    }

    fn check(&self, problems: &mut Problems) {
        if self.username.trim() != self.username || self.username.chars().any(char::is_control) {
            problems.add("/username", "invalid", "A user name has no control characters and no spaces around it.");
        }
        if !self.token.is_empty() && self.token.len() < TOKEN {
            let text = format!("A token has at least {TOKEN} characters, so that nobody guesses it.");
            problems.add("/token", "min_length", text);
        }
    }
}
target!(ServiceAccount);
