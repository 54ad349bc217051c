//! Stages that decide how a flow goes on or ends: consent, deny, redirect, and the dummy.

use super::stage_kind;
use crate::{
    FilterOp, Problems, Ref, Validity,
    kind::{exact, filter},
    kinds::{Flow, yes},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long a consent holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ConsentStageModeEnum")]
pub enum ConsentMode {
    /// Asked every time.
    #[default]
    AlwaysRequire,
    /// Asked once.
    Permanent,
    /// Asked again after `consent_expire_in`.
    Expiring,
}

/// Asks whether an application may know what it asks for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// How long a consent holds.
    #[serde(default)]
    pub mode: ConsentMode,
    /// After which an expiring consent is asked for again.
    #[serde(default = "four_weeks")]
    #[schemars(extend("x-yaml" = "expires"))]
    pub consent_expire_in: Validity,
}

fn four_weeks() -> Validity {
    Validity::weeks(4)
}

impl ConsentStage {
    fn check_fields(&self, _: &mut Problems) {}
}

stage_kind!(
    ConsentStage,
    "consent_stage",
    "consent",
    "ConsentStage",
    "stages/consent",
    "ak-stage-consent-form",
    "Consent",
    "authentik_stages_consent.consentstage",
    [exact("consent_expire_in"), exact("mode"), filter("stage_uuid", "pk", FilterOp::Exact)]
);

/// Ends the flow with a refusal.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DenyStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// What the person is told; empty: a general sentence.
    #[serde(default)]
    #[schemars(length(max = 2000), extend("x-yaml" = "message"))]
    pub deny_message: String,
}

impl DenyStage {
    fn check_fields(&self, _: &mut Problems) {}
}

stage_kind!(
    DenyStage,
    "deny_stage",
    "deny",
    "DenyStage",
    "stages/deny",
    "ak-stage-deny-form",
    "Deny",
    "authentik_stages_deny.denystage",
    [exact("deny_message"), filter("stage_uuid", "pk", FilterOp::Exact)]
);

/// Shows its name; for trying flows out.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DummyStage {
    /// Name in lists, and on the page.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Fail when reached, to see how a failure looks.
    #[serde(default)]
    pub throw_error: bool,
}

impl DummyStage {
    fn check_fields(&self, _: &mut Problems) {}
}

stage_kind!(
    DummyStage,
    "dummy_stage",
    "dummy",
    "DummyStage",
    "stages/dummy",
    "ak-stage-dummy-form",
    "Dummy",
    "authentik_stages_dummy.dummystage",
    [filter("stage_uuid", "pk", FilterOp::Exact), exact("throw_error")]
);

/// Where a redirect stage leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "RedirectStageModeEnum")]
pub enum RedirectMode {
    /// To an address.
    Static,
    /// To another flow.
    Flow,
}

/// Leads elsewhere.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedirectStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Pass what the flow knows on to the other flow.
    #[serde(default = "yes")]
    pub keep_context: bool,
    /// Where it leads.
    pub mode: RedirectMode,
    /// The address, in mode `static`.
    #[serde(default)]
    #[schemars(length(max = 2000), extend("x-yaml" = "to"))]
    pub target_static: String,
    /// The flow, in mode `flow`.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "flow"))]
    pub target_flow: Option<Ref<Flow>>,
}

impl RedirectStage {
    fn check_fields(&self, problems: &mut Problems) {
        let address = self.target_static.to_ascii_lowercase();
        match self.mode {
            RedirectMode::Static if address.is_empty() => {
                problems.add("/target_static", "required", "This field is required in mode static.")
            }
            RedirectMode::Static if !["http://", "https://", "/"].iter().any(|p| address.starts_with(p)) => {
                problems.add(
                    "/target_static",
                    "invalid",
                    "Enter a valid URL: http://, https:// or a path on this host.",
                );
            }
            RedirectMode::Flow if self.target_flow.is_none() => {
                problems.add("/target_flow", "required", "This field is required in mode flow.")
            }
            _ => {}
        }
    }
}

stage_kind!(
    RedirectStage,
    "redirect_stage",
    "redirect",
    "RedirectStage",
    "stages/redirect",
    "ak-stage-redirect-form",
    "Redirect",
    "authentik_stages_redirect.redirectstage",
    []
);
