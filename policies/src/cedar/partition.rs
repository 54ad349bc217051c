//! The policies that can apply to one target, with what they read: evaluation is linear in the
//! number of policies, so each target has its own few.

use super::{
    bindings::{self, Guard},
    extent::Outlines,
    narrow::Narrowed,
    principal::{ACTION, APP, FLOW, RULE, STAGE, TAG, entitlement, uid},
    reads::ContextReads,
    source::Known,
};
use crate::{
    action::Action,
    check::Check,
    decision::PolicyRef,
    fact::{AppFact, Fact, Reads},
    input::{AppInput, BindingInput, EngineMode, PolicyInput, Subject, Target},
    problem::PolicyProblem,
};
use cedar_policy::{
    ActionConstraint, Effect, Entity, EntityTypeName, EntityUid, PolicyId, PolicySet, ResourceConstraint,
    RestrictedExpression,
};
use chrono::{DateTime, Utc};
use lockgate_model::people::Principal;
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};
use uuid::Uuid;

/// What partitions are built from.
pub(crate) struct Resolver<'a> {
    pub(crate) input: &'a PolicyInput,
    pub(crate) files: &'a [Known],
    pub(crate) checks: &'a HashMap<Uuid, Arc<Check>>,
    /// Names of the checks, in order.
    pub(crate) names: &'a [(Uuid, String)],
}

/// What a policy's outcome is used for.
#[derive(Debug, Clone)]
pub(crate) enum Use {
    /// The result of a binding, turned around or replaced as the binding says.
    Binding { id: Uuid, negate: bool, failure: bool },
    /// `context.checks["…"]`; a failure leaves it out, and reading what is left out is an error.
    Named(String),
}

/// One policy to ask, once a decision, for all its uses.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) check: Arc<Check>,
    pub(crate) logged: bool,
    pub(crate) timeout: Duration,
    pub(crate) uses: Vec<Use>,
}

/// What a decision may want to tell of a policy.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) reference: PolicyRef,
    pub(crate) effect: Effect,
    pub(crate) reads_mfa: bool,
    /// Name of the group that the head asks for.
    pub(crate) group: Option<String>,
}

/// The policies that can apply to one target.
#[derive(Debug, Clone)]
pub(crate) struct Partition {
    pub(crate) policies: PolicySet,
    /// The same, where only some of them can apply to any one principal.
    narrowed: Option<Narrowed>,
    /// The permits alone, to tell what a forbid hides.
    pub(crate) permits: PolicySet,
    pub(crate) about: HashMap<PolicyId, About>,
    /// What the Cedar policies read of the context.
    pub(crate) context: Reads,
    pub(crate) checks: Vec<Planned>,
    /// What the policies and the expressions read, all in all.
    pub(crate) reads: Reads,
    pub(crate) bindings: Vec<BindingInput>,
    /// Whether any of them has a time.
    pub(crate) timed: bool,
    pub(crate) mode: EngineMode,
    /// Whether a policy looks into the resource, so that its entity must be at hand.
    pub(crate) looks_at_resource: bool,
    /// The target's entity; `None` where the partition serves many.
    pub(crate) resource: Option<Entity>,
    pub(crate) app: Option<AppFact>,
    /// For administrative acts: what can be told without a resource.
    pub(crate) outlines: Option<Outlines>,
}

impl Partition {
    /// The policies that can apply to somebody.
    pub(crate) fn policies_for(&self, principal: Option<&Principal>) -> Cow<'_, PolicySet> {
        let chosen = self.narrowed.as_ref().zip(principal).and_then(|(narrowed, who)| narrowed.of_principal(who));
        chosen.map_or(Cow::Borrowed(&self.policies), Cow::Owned)
    }

    /// The bindings that count at a moment.
    pub(crate) fn current(&self, now: DateTime<Utc>) -> impl Iterator<Item = &BindingInput> {
        self.bindings.iter().filter(move |b| b.period.contains(now))
    }

    /// The next moment at which a binding begins or ends.
    pub(crate) fn next_change(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.bindings.iter().filter_map(|b| b.period.next_change(now)).min()
    }

    /// Whether the outcome of a policy is used for this at a moment.
    pub(crate) fn counts(&self, used: &Use, now: DateTime<Utc>) -> bool {
        match used {
            Use::Binding { id, .. } if self.timed => {
                self.bindings.iter().any(|b| b.id == *id && b.period.contains(now))
            }
            _ => true,
        }
    }

    /// The policies that have something to say at a moment.
    pub(crate) fn checks_at(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Planned> {
        self.checks.iter().filter(move |planned| planned.uses.iter().any(|used| self.counts(used, now)))
    }
}

/// Which questions a partition answers.
struct Scope<'a> {
    actions: &'a [Action],
    resource_type: &'a EntityTypeName,
    /// The resource and its parents; `None` when it may be any of its type.
    resource: Option<(&'a EntityUid, &'a HashSet<EntityUid>)>,
}

impl Scope<'_> {
    /// Whether a policy can apply; `true` where its head does not tell.
    fn covers(&self, known: &Known) -> bool {
        self.covers_action(&known.policy.action_constraint())
            && self.covers_resource(&known.policy.resource_constraint())
    }

    fn covers_action(&self, constraint: &ActionConstraint) -> bool {
        let one = |named: &EntityUid| {
            let name: &str = named.id().as_ref();
            self.actions.iter().any(|a| a.as_str() == name || a.groups().contains(&name))
        };
        match constraint {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(named) => one(named),
            ActionConstraint::In(list) => list.iter().any(one),
        }
    }

    fn covers_resource(&self, constraint: &ResourceConstraint) -> bool {
        let within =
            |named: &EntityUid| self.resource.is_none_or(|(own, parents)| named == own || parents.contains(named));
        match constraint {
            ResourceConstraint::Any => true,
            ResourceConstraint::Is(kind) => kind == self.resource_type,
            ResourceConstraint::Eq(named) => named.type_name() == self.resource_type && within(named),
            ResourceConstraint::In(named) => within(named),
            ResourceConstraint::IsIn(kind, named) => kind == self.resource_type && within(named),
        }
    }
}

impl Partition {
    /// For a target that is known when compiling.
    pub(crate) fn of_target(
        resolver: &Resolver<'_>,
        target: &Target,
        app: Option<&AppInput>,
        guard: &Guard,
        own: &[Known],
    ) -> Result<Arc<Self>, PolicyProblem> {
        let resource = bindings::entity(target);
        let mut parents: HashSet<EntityUid> = app.iter().flat_map(|a| &a.tags).map(|tag| uid(&TAG, tag)).collect();
        let resource_type = resource.type_name().clone();
        let actions: &[Action] = match target {
            Target::App(_) => &[Action::Access],
            Target::Flow(_) | Target::Stage(_) => &[Action::Run],
            Target::Entitlement(app, _) => {
                parents.insert(uid(&APP, app));
                &[Action::Hold]
            }
            Target::Rule(_) => &[Action::Notify],
        };
        let scope = Scope { actions, resource_type: &resource_type, resource: Some((&resource, &parents)) };
        let mut partition = Self::collect(resolver, &scope, own, guard)?;
        partition.app = app.map(|a| AppFact {
            slug: a.slug.clone(),
            name: a.name.clone(),
            group: a.group.clone(),
            ..AppFact::default()
        });
        let attributes = app.filter(|_| matches!(target, Target::App(_)));
        partition.resource = Some(entity(&resource, attributes, parents)?);
        Ok(Arc::new(partition))
    }

    /// For flows or stages that nothing is bound to: open to everybody, but for what files forbid.
    pub(crate) fn any_run(resolver: &Resolver<'_>, resource_type: &EntityTypeName) -> Result<Arc<Self>, PolicyProblem> {
        let id = format!("default:{}", resource_type.to_string().to_lowercase());
        let text = format!(r#"permit (principal, action == Action::"run", resource is {resource_type});"#);
        let open = cedar_policy::Policy::parse(None, text).map_err(|e| PolicyProblem::whole(&id, e.to_string()))?;
        let own = [Known::new(&open, &id, None, Vec::new())];
        let scope = Scope { actions: &[Action::Run], resource_type, resource: None };
        Self::collect(resolver, &scope, &own, &Guard::default()).map(Arc::new)
    }

    /// For administrative acts on entities of a type.
    pub(crate) fn administration(
        resolver: &Resolver<'_>,
        resource_type: &EntityTypeName,
    ) -> Result<Arc<Self>, PolicyProblem> {
        let scope = Scope { actions: &Action::ADMINISTRATIVE, resource_type, resource: None };
        let mut partition = Self::collect(resolver, &scope, &[], &Guard::default())?;
        partition.outlines = Some(Outlines::of(resolver.files.iter().filter(|k| scope.covers(k)).map(|k| &k.policy))?);
        Ok(Arc::new(partition))
    }

    /// A condition in Cedar by itself, about any resource of a type.
    pub(crate) fn alone(
        resolver: &Resolver<'_>,
        own: &Known,
        resource_type: &EntityTypeName,
    ) -> Result<Arc<Self>, PolicyProblem> {
        let resolver = Resolver { files: &[], ..*resolver };
        let scope = Scope { actions: &[Action::Access, Action::Run, Action::Notify], resource_type, resource: None };
        Self::collect(&resolver, &scope, std::slice::from_ref(own), &Guard::default()).map(Arc::new)
    }

    fn collect(
        resolver: &Resolver<'_>,
        scope: &Scope<'_>,
        own: &[Known],
        guard: &Guard,
    ) -> Result<Self, PolicyProblem> {
        let chosen: Vec<&Known> = own.iter().chain(resolver.files.iter().filter(|k| scope.covers(k))).collect();
        let set = |list: &mut dyn Iterator<Item = &&Known>| {
            PolicySet::from_policies(list.map(|k| k.policy.clone()))
                .map_err(|e| PolicyProblem::whole("policies", e.to_string()))
        };
        let mut context = ContextReads::default();
        chosen.iter().for_each(|k| context.extend(&k.reads));
        let checks = checks(resolver, &context, &guard.bindings);
        let mut reads = context.facts.clone();
        reads.add(Fact::User);
        checks.iter().for_each(|c| reads.extend(c.check.reads()));
        let policies = set(&mut chosen.iter())?;
        Ok(Self {
            narrowed: Narrowed::of(&policies, guard),
            policies,
            permits: set(&mut chosen.iter().filter(|k| k.policy.effect() == Effect::Permit))?,
            about: chosen.iter().map(|k| (k.policy.id().clone(), about(k))).collect(),
            looks_at_resource: context.resource,
            context: context.facts,
            checks,
            reads,
            bindings: guard.bindings.clone(),
            timed: guard.bindings.iter().any(|b| !b.period.is_always()),
            mode: guard.mode,
            resource: None,
            app: None,
            outlines: None,
        })
    }
}

fn about(known: &Known) -> About {
    About {
        reference: known.about.clone(),
        effect: known.policy.effect(),
        reads_mfa: known.reads.facts.contains(Fact::Mfa),
        group: known.group(),
    }
}

fn checks(resolver: &Resolver<'_>, context: &ContextReads, bindings: &[BindingInput]) -> Vec<Planned> {
    let mut plan: BTreeMap<(usize, Uuid), Planned> = BTreeMap::new();
    let mut place: HashMap<Uuid, usize> = HashMap::new();
    let mut add = |id: Uuid, timeout: Duration, used: Use| {
        let Some(check) = resolver.checks.get(&id) else { return };
        let next = place.len();
        let order = *place.entry(id).or_insert(next);
        let check = plan.entry((order, id)).or_insert_with(|| Planned {
            check: Arc::clone(check),
            logged: resolver.input.logged.contains(&id),
            timeout,
            uses: Vec::new(),
        });
        check.timeout = check.timeout.min(timeout);
        check.uses.push(used);
    };
    for binding in bindings {
        if let Subject::Policy(id, _) = &binding.subject {
            let used = Use::Binding { id: binding.id, negate: binding.negate, failure: binding.failure_result };
            add(*id, Duration::from_secs(binding.timeout.into()), used);
        }
    }
    for (id, name) in resolver.names {
        if context.every_check || context.checks.contains(name) {
            add(*id, crate::expression::MAX_TIME, Use::Named(name.clone()));
        }
    }
    plan.into_values().collect()
}

fn entity(resource: &EntityUid, app: Option<&AppInput>, parents: HashSet<EntityUid>) -> Result<Entity, PolicyProblem> {
    let text = |s: &str| RestrictedExpression::new_string(s.to_owned());
    let attributes = app.map_or_else(HashMap::new, |a| {
        HashMap::from([
            ("slug".to_owned(), text(&a.slug)),
            ("name".to_owned(), text(&a.name)),
            ("group".to_owned(), text(&a.group)),
        ])
    });
    Entity::new(resource.clone(), attributes, parents)
        .map_err(|e| PolicyProblem::whole(resource.to_string(), e.to_string()))
}

/// The entity of a resource that no partition belongs to alone.
pub(crate) fn loose_entity(resource: crate::decision::Resource<'_>) -> Entity {
    use crate::decision::Resource;
    match resource {
        Resource::App(slug) => Entity::new_no_attrs(uid(&APP, slug), HashSet::new()),
        Resource::Flow(slug) => Entity::new_no_attrs(uid(&FLOW, slug), HashSet::new()),
        Resource::Stage(id) => Entity::new_no_attrs(uid(&STAGE, &id.to_string()), HashSet::new()),
        Resource::Entitlement(app, name) => Entity::new_no_attrs(entitlement(app, name), HashSet::new()),
        Resource::Rule(id) => Entity::new_no_attrs(uid(&RULE, &id.to_string()), HashSet::new()),
        Resource::Administered(what) => what.entity.clone(),
    }
}

/// The entity of an action.
pub(crate) fn action_uid(action: Action) -> EntityUid {
    uid(&ACTION, action.as_str())
}

/// An administrative act in its groups; the other actions are in none.
pub(crate) fn grouped_action(action: Action) -> Option<Entity> {
    let groups = action.groups().iter().map(|group| uid(&ACTION, group));
    action.is_administrative().then(|| Entity::new_no_attrs(action_uid(action), groups.collect()))
}
