//! Applications: what people open, and what access is decided about.

use super::{PolicyEngineMode, target};
use crate::{
    Problems, Ref,
    kind::{Family, Kind, Lookup, Meta, exact},
    reference::AnyProvider,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An application, with at most one provider that speaks a protocol to it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Name that people see.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Identifier in addresses and tokens.
    #[schemars(length(min = 1, max = 255), regex(pattern = "^[-a-zA-Z0-9_]+$"))]
    pub slug: String,
    /// The provider; each serves one application.
    #[serde(default)]
    pub provider: Option<Ref<AnyProvider>>,
    /// Further providers that need no browser.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub backchannel_providers: Vec<Ref<AnyProvider>>,
    /// Open in a new tab from the portal.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "new_tab"))]
    pub open_in_new_tab: bool,
    /// Address that the portal opens; may hold `%(username)s`. Empty: the provider's.
    #[serde(default)]
    #[schemars(length(max = 2000), extend("x-yaml" = "url"))]
    pub meta_launch_url: String,
    /// Address of an icon.
    #[serde(default)]
    #[schemars(length(max = 2000), extend("x-yaml" = "icon"))]
    pub meta_icon: String,
    /// A sentence on what it is.
    #[serde(default)]
    #[schemars(length(max = 2000), extend("x-yaml" = "description"))]
    pub meta_description: String,
    /// Who makes it.
    #[serde(default)]
    #[schemars(length(max = 255), extend("x-yaml" = "publisher"))]
    pub meta_publisher: String,
    /// How the policies bound to it add up.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "policy_mode"))]
    pub policy_engine_mode: PolicyEngineMode,
    /// Heading under which the portal shows it.
    #[serde(default)]
    #[schemars(length(max = 255))]
    pub group: String,
    /// Leave it out of the portal.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "hide"))]
    pub meta_hide: bool,
    /// Tags that Cedar policies speak of (`resource in Tag::"management"`).
    #[serde(default)]
    #[schemars(length(max = 64), inner(length(min = 1, max = 100)), extend("x-internal" = true))]
    pub tags: Vec<String>,
}

/// Words in `/application/o/…` that cannot be an application.
const RESERVED: &[&str] = &["authorize", "par", "token", "device", "userinfo", "introspect", "revoke"];

impl Kind for Application {
    const META: Meta = Meta {
        kind: "application",
        word: "app",
        family: Family::None,
        schema: "Application",
        path: "core/applications",
        lookup: Lookup::Slug("slug"),
        component: "",
        verbose_name: "Application",
        verbose_name_plural: "Applications",
        model: "authentik_core.application",
        search: &["name", "slug", "meta_launch_url", "meta_description", "meta_publisher", "group"],
        filters: &[
            exact("group"),
            exact("meta_description"),
            exact("meta_launch_url"),
            exact("meta_publisher"),
            exact("name"),
            exact("slug"),
        ],
        ordering: "name",
        bindable: true,
    };

    fn identifier(&self) -> String {
        self.slug.clone()
    }

    fn check(&self, problems: &mut Problems) {
        if RESERVED.contains(&self.slug.as_str()) {
            problems.add(
                "/slug",
                "invalid",
                format!("\"{}\" is a reserved word of the protocol's addresses; choose another slug.", self.slug),
            );
        }
        let address = self.meta_launch_url.to_ascii_lowercase();
        if !address.is_empty() && !["http://", "https://", "/", "%(", "blank://"].iter().any(|p| address.starts_with(p))
        {
            problems.add("/meta_launch_url", "invalid", "Enter a valid URL: it must start with http:// or https://.");
        }
    }
}
target!(Application);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_application_can_hide_an_endpoint() {
        for (slug, fine) in [("wiki", true), ("authorize", false), ("par", false), ("revoke", false)] {
            let app = serde_json::from_value::<Application>(serde_json::json!({"name": "x", "slug": slug}));
            let mut problems = Problems::default();
            app.expect("an application").check(&mut problems);
            assert_eq!(problems.is_empty(), fine, "{slug}");
        }
    }
}
