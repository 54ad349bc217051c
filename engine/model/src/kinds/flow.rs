//! Flows: what a person is led through, as an ordered list of stages bound to it.

use super::target;
use crate::kind::{Family, FilterOp, Kind, Lookup, Meta, exact, filter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a flow is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "FlowDesignationEnum")]
pub enum FlowDesignation {
    /// Signing in.
    Authentication,
    /// Letting a signed-in person into an application.
    Authorization,
    /// Signing out.
    Invalidation,
    /// Making an account.
    Enrollment,
    /// Removing one's account.
    Unenrollment,
    /// Getting back in without the password.
    Recovery,
    /// Changing one's own settings and authenticators.
    StageConfiguration,
}

impl FlowDesignation {
    /// The word in YAML, API and addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::Authorization => "authorization",
            Self::Invalidation => "invalidation",
            Self::Enrollment => "enrollment",
            Self::Unenrollment => "unenrollment",
            Self::Recovery => "recovery",
            Self::StageConfiguration => "stage_configuration",
        }
    }
}

/// Who may start a flow, before any policy is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AuthenticationEnum")]
pub enum FlowAuthentication {
    /// Anybody.
    #[default]
    None,
    /// Signed-in people.
    RequireAuthenticated,
    /// People who are not signed in.
    RequireUnauthenticated,
    /// Superusers.
    RequireSuperuser,
    /// Only when another flow led here.
    RequireRedirect,
    /// Only outposts.
    RequireOutpost,
    /// Only with a flow token from a mail or an administrator.
    RequireToken,
}

/// What a person sees whom a flow is not for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DeniedActionEnum")]
pub enum DeniedAction {
    /// On to where they were going if that is known, else the message.
    #[default]
    MessageContinue,
    /// Always the message.
    Message,
    /// On to where they were going, else to the start page.
    Continue,
}

/// Where the form stands on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "FlowLayoutEnum")]
pub enum FlowLayout {
    /// In the middle.
    #[default]
    Stacked,
    /// A panel on the left.
    ContentLeft,
    /// A panel on the right.
    ContentRight,
    /// A full-height bar on the left.
    SidebarLeft,
    /// A full-height bar on the right.
    SidebarRight,
    /// As `sidebar_left`, with a frame from elsewhere as background.
    SidebarLeftFrameBackground,
    /// As `sidebar_right`, with a frame from elsewhere as background.
    SidebarRightFrameBackground,
}

/// How several policy bindings add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyEngineMode {
    /// Every binding must pass.
    All,
    /// One that passes is enough.
    #[default]
    Any,
}

/// A flow. Its stages are [`super::FlowStageBinding`]s.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Part of its address, `/if/flow/<slug>/`.
    #[schemars(length(min = 1, max = 255), regex(pattern = "^[-a-zA-Z0-9_]+$"))]
    pub slug: String,
    /// Heading of its pages. `{{ brand }}`, `{{ app }}` and `{{ user }}` are filled in (also `%(app)s`, `%(user)s`).
    #[schemars(length(min = 1, max = 255))]
    pub title: String,
    /// What it is for.
    pub designation: FlowDesignation,
    /// Picture behind the form: an address on this host, or empty for the brand's.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    pub background: String,
    /// How the policies bound to it add up.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "policy_mode"))]
    pub policy_engine_mode: PolicyEngineMode,
    /// Kept for clients; pages work with password managers either way.
    #[serde(default)]
    pub compatibility_mode: bool,
    /// Where the form stands.
    #[serde(default)]
    pub layout: FlowLayout,
    /// What a person sees whom it is not for.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "denied"))]
    pub denied_action: DeniedAction,
    /// Who may start it.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "requires"))]
    pub authentication: FlowAuthentication,
}

impl Kind for Flow {
    const META: Meta = Meta {
        kind: "flow",
        word: "flow",
        family: Family::None,
        schema: "Flow",
        path: "flows/instances",
        lookup: Lookup::Slug("slug"),
        component: "",
        verbose_name: "Flow",
        verbose_name_plural: "Flows",
        model: "authentik_flows.flow",
        search: &["name", "slug", "designation", "title"],
        filters: &[
            exact("denied_action"),
            exact("designation"),
            filter("flow_uuid", "pk", FilterOp::Exact),
            exact("name"),
            exact("slug"),
        ],
        ordering: "slug",
        bindable: true,
    };

    fn identifier(&self) -> String {
        self.slug.clone()
    }
}
target!(Flow);
