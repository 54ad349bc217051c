//! How accounts come and go: by invitation, from a source, and away.

use super::stage_kind;
use crate::{
    FilterOp, Problems, Validity,
    kind::{exact, filter},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Lets in who was invited, and takes over what the invitation says.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Whoever comes without an invitation goes on as well.
    #[serde(default)]
    #[schemars(extend("x-yaml" = "optional"))]
    pub continue_flow_without_invitation: bool,
}

impl InvitationStage {
    fn check_fields(&self, _: &mut Problems) {}
}

stage_kind!(
    InvitationStage,
    "invitation_stage",
    "invitation",
    "InvitationStage",
    "stages/invitation/stages",
    "ak-stage-invitation-form",
    "Invitation",
    "authentik_stages_invitation.invitationstage",
    [exact("continue_flow_without_invitation"), filter("stage_uuid", "pk", FilterOp::Exact)]
);

/// Deletes the account that the flow is about.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserDeleteStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
}

impl UserDeleteStage {
    fn check_fields(&self, _: &mut Problems) {}
}

stage_kind!(
    UserDeleteStage,
    "user_delete_stage",
    "delete_user",
    "UserDeleteStage",
    "stages/user_delete",
    "ak-stage-user-delete-form",
    "User Delete",
    "authentik_stages_user_delete.userdeletestage",
    [filter("stage_uuid", "pk", FilterOp::Exact)]
);

/// A failure of a source after which the flow goes on all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ResumeOnMatchFailuresEnum")]
pub enum ResumeOnMatchFailure {
    /// The source does not tell what accounts are compared by.
    MissingProperty,
}

/// Signs in with an external source inside of a flow.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceStage {
    /// Name in lists.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// The source.
    pub source: Uuid,
    /// How long somebody may stay away there.
    #[serde(default = "ten_minutes")]
    #[schemars(extend("x-yaml" = "timeout"))]
    pub resume_timeout: Validity,
    /// The failures after which the flow goes on.
    #[serde(default = "missing_property")]
    #[schemars(length(max = 10), extend("x-yaml" = "resume_on"))]
    pub resume_on_match_failures: Vec<ResumeOnMatchFailure>,
}

fn ten_minutes() -> Validity {
    Validity::minutes(10)
}
fn missing_property() -> Vec<ResumeOnMatchFailure> {
    vec![ResumeOnMatchFailure::MissingProperty]
}

impl SourceStage {
    fn check_fields(&self, _: &mut Problems) {}
}

stage_kind!(
    SourceStage,
    "source_stage",
    "source",
    "SourceStage",
    "stages/source",
    "ak-stage-source-form",
    "Source",
    "authentik_stages_source.sourcestage",
    [exact("resume_timeout"), exact("source"), filter("stage_uuid", "pk", FilterOp::Exact)]
);
