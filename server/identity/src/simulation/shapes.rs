//! What a simulation tells.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A flow as it was gone through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Simulated {
    /// Slug of the flow that was begun.
    pub flow: String,
    /// Name of who went through it; null for a visitor.
    pub user: Option<String>,
    /// Whether they were signed in at the start.
    pub signed_in: bool,
    /// The moment at which all of it happened.
    pub at: DateTime<Utc>,
    /// The stages that they came by, in order.
    pub steps: Vec<SimulatedStep>,
    /// How it ended.
    pub end: SimulatedEnd,
    /// Where it is not as at a server, and answers that nobody asked for.
    pub notes: Vec<String>,
}

/// What became of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SimulatedOutcomeEnum")]
pub enum SimulatedOutcome {
    /// Its policies left it out.
    Skipped,
    /// It did its work and asked nothing.
    Passed,
    /// It is shown, and waits for an answer.
    Shown,
    /// It was shown, and its answer accepted.
    Accepted,
    /// It was shown, and its answer refused.
    Refused,
    /// It ended the flow with a refusal.
    Denied,
    /// It led elsewhere.
    Redirected,
    /// It broke.
    Failed,
}

/// A stage that somebody came by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SimulatedStep {
    /// Slug of the flow, which another one may have led to.
    pub flow: String,
    /// Name of the stage.
    pub stage: String,
    /// Its word in the configuration language, such as `identify`.
    pub kind: String,
    /// The `component` of what it shows where it asks; null for a stage that never does.
    pub component: Option<String>,
    /// What became of it.
    pub outcome: SimulatedOutcome,
    /// Keys of what it asks for, such as `uid_field`.
    pub asks: Vec<String>,
    /// Keys of what was answered; never what.
    pub answered: Vec<String>,
    /// Complaints about the answer by key.
    pub complaints: BTreeMap<String, Vec<String>>,
    /// Why it was come by, left out or refused, in lines such as `fails      the group Staff (flows.yaml:9)`; empty where
    /// nothing was asked.
    pub why: Vec<String>,
}

/// How a flow ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SimulatedEndEnum")]
pub enum SimulatedHow {
    /// Somebody is signed in.
    SignedIn,
    /// Somebody is signed out.
    SignedOut,
    /// It was gone through to its end.
    Done,
    /// It refused.
    Denied,
    /// It waits for an answer.
    Waits,
    /// It leads elsewhere.
    Redirect,
    /// It broke.
    #[default]
    Failed,
}

/// The end of the way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SimulatedEnd {
    /// How it ended.
    pub how: SimulatedHow,
    /// Who is signed in, or whom the flow was about.
    pub user: Option<String>,
    /// By which means they signed in (RFC 8176), such as `pwd`.
    pub methods: Vec<String>,
    /// How long the session lasts, in seconds; null: until the browser closes, or where nobody signed in.
    pub session_seconds: Option<i64>,
    /// Where it leads.
    pub to: Option<String>,
    /// What the person is told, or what broke.
    pub message: Option<String>,
    /// Why, in lines.
    pub why: Vec<String>,
    /// Name of the stage that waits for an answer.
    pub stage: Option<String>,
    /// Keys of what it asks for.
    pub asks: Vec<String>,
    /// Name of the account that would have been written.
    pub wrote: Option<String>,
}
