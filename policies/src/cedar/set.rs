//! The compiled policies of an installation.

use super::{condition::Condition, partition::Partition};
use crate::{
    decision::{PolicyRef, Resource},
    expression::Stopwatch,
    fact::Reads,
    problem::PolicyProblem,
    world::World,
};
use cedar_policy::{Authorizer, EntityTypeName};
use chrono::{DateTime, Utc};
use std::{collections::HashMap, fmt, sync::Arc};
use uuid::Uuid;

/// The compiled policies, bindings and expressions of an installation; part of its snapshot.
pub struct PolicySet {
    pub(super) apps: HashMap<String, Arc<Partition>>,
    pub(super) flows: HashMap<String, Arc<Partition>>,
    pub(super) stages: HashMap<Uuid, Arc<Partition>>,
    /// By the application's slug and by name.
    pub(super) entitlements: HashMap<String, HashMap<String, Arc<Partition>>>,
    pub(super) rules: HashMap<Uuid, Arc<Partition>>,
    pub(super) any_flow: Arc<Partition>,
    pub(super) any_stage: Arc<Partition>,
    /// Administrative acts on users, groups and objects.
    pub(super) administration: HashMap<EntityTypeName, Arc<Partition>>,
    /// Policies that are conditions in Cedar.
    pub(crate) conditions: HashMap<Uuid, Condition>,
    pub(crate) authorizer: Authorizer,
    pub(crate) stopwatch: Option<Stopwatch>,
    pub(crate) world: World,
    pub(super) warnings: Vec<PolicyProblem>,
    /// Every policy of a file.
    pub(super) of_files: Vec<PolicyRef>,
    /// Policies of files by the name of each group whose end could make them let more people through.
    pub(super) by_group: HashMap<String, Vec<PolicyRef>>,
}

impl fmt::Debug for PolicySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicySet")
            .field("apps", &self.apps.len())
            .field("flows", &self.flows.len())
            .field("stages", &self.stages.len())
            .finish_non_exhaustive()
    }
}

impl PolicySet {
    /// The same set, whose expressions are stopped at their deadlines by this stopwatch. Without
    /// one they are bounded by their operations alone.
    #[must_use]
    pub fn with_stopwatch(mut self, stopwatch: Stopwatch) -> Self {
        self.stopwatch = Some(stopwatch);
        self
    }

    /// The same set in this world; without, hours are those of UTC and no address is known.
    #[must_use]
    pub fn in_world(mut self, world: World) -> Self {
        self.world = world;
        self
    }

    /// What compiled, but is probably not meant: policies that can never apply, names that name
    /// nothing.
    #[must_use]
    pub fn warnings(&self) -> &[PolicyProblem] {
        &self.warnings
    }

    /// Every policy of a Cedar file, those that are built in as well.
    #[must_use]
    pub fn of_files(&self) -> &[PolicyRef] {
        &self.of_files
    }

    /// The policies of Cedar files that might let more people through if nobody were in the group of this
    /// name: those that name it, but for permits that ask for it in their head alone.
    #[must_use]
    pub fn held_by_group(&self, name: &str) -> &[PolicyRef] {
        self.by_group.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The facts that decisions about a resource depend on; `None` for an unknown application,
    /// which nobody may open, and for a rule that tells of nothing.
    #[must_use]
    pub fn reads(&self, resource: Resource<'_>) -> Option<&Reads> {
        self.partition(resource).map(|p| &p.reads)
    }

    /// When the answer to a question about a resource, asked at `now`, may change by the passing of time alone.
    #[must_use]
    pub fn expires(&self, resource: Resource<'_>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let partition = self.partition(resource)?;
        partition.next_change(now).into_iter().chain(partition.reads.expires(now)).min()
    }

    pub(crate) fn partition(&self, resource: Resource<'_>) -> Option<&Partition> {
        match resource {
            Resource::App(slug) => self.apps.get(slug),
            Resource::Flow(slug) => Some(self.flows.get(slug).unwrap_or(&self.any_flow)),
            Resource::Stage(id) => Some(self.stages.get(&id).unwrap_or(&self.any_stage)),
            Resource::Entitlement(app, name) => self.entitlements.get(app).and_then(|of| of.get(name)),
            // One that nothing is bound to tells of nothing.
            Resource::Rule(id) => self.rules.get(&id),
            Resource::Administered(what) => self.administration.get(what.entity.uid().type_name()),
        }
        .map(Arc::as_ref)
    }

    pub(crate) fn partition_of_kind(&self, kind: &str) -> Option<&Partition> {
        self.administration.get(super::resource::type_of(kind)).map(Arc::as_ref)
    }
}
