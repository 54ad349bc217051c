//! A configuration as lints look at it: the folder over what ships with the binary.

use crate::{
    language::{GroupDeclaration, Loaded, ScriptRole},
    span::Span,
};
use chrono::{DateTime, Utc};
use lockgate_model::{
    Document, Kind, Timing,
    kinds::{Flow, FlowStageBinding, PolicyBinding, PolicyEngineMode},
};
use lockgate_policies::{Env, Expression, Facts};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// What is known of a set of bindings without knowing who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passing {
    /// Everybody passes.
    Always,
    /// Nobody does.
    Never,
    /// It depends.
    Maybe,
}

/// A stage at its place in a flow.
pub(super) struct Placed<'a> {
    /// The binding, where the stage stands in the text.
    pub(super) binding: &'a Document,
    /// The stage; `None` for one that is not in sight.
    pub(super) stage: Option<&'a Document>,
    /// Whether it runs.
    pub(super) runs: Passing,
}

impl Placed<'_> {
    /// Whether it is of this kind.
    pub(super) fn is(&self, kind: &str) -> bool {
        self.stage.is_some_and(|s| s.kind == kind)
    }

    /// The struct, when it is a `K`.
    pub(super) fn typed<K: Kind>(&self) -> Option<K> {
        self.stage.and_then(typed)
    }
}

pub(super) struct View<'a> {
    pub(super) loaded: &'a Loaded,
    below: Option<&'a Loaded>,
    /// The moment of the look.
    pub(super) now: DateTime<Utc>,
    documents: Vec<&'a Document>,
    by_id: HashMap<Uuid, &'a Document>,
    by_target: HashMap<Uuid, Vec<&'a Document>>,
    /// Objects of the folder of whose documents nothing was complained.
    own: HashSet<Uuid>,
    /// Expressions that read nothing, and what they come to.
    constants: HashMap<Uuid, bool>,
    /// Cedar files may speak of stages, and stop any.
    stages_may_be_forbidden: bool,
}

impl<'a> View<'a> {
    pub(super) fn new(
        loaded: &'a Loaded,
        (below, now): (Option<&'a Loaded>, DateTime<Utc>),
        wrong: &[Span],
        documents: &[Span],
    ) -> Self {
        let mut all: Vec<&Document> = loaded.documents.iter().collect();
        let mut hidden: HashSet<Uuid> = all.iter().map(|d| d.id).collect();
        for document in below.into_iter().flat_map(|b| &b.documents) {
            // Joints belong to what they are bound to: the folder's objects have only the folder's.
            if hidden.contains(&document.id) || id_in(document, "target").is_some_and(|t| hidden.contains(&t)) {
                hidden.insert(document.id);
            } else {
                all.push(document);
            }
        }
        let broken: Vec<&Span> =
            documents.iter().filter(|d| wrong.iter().any(|w| is_within(w, d))).chain(wrong).collect();
        let sound = |id: Uuid| {
            loaded.spans.get(id, "").is_some_and(|at| !broken.iter().any(|b| is_within(at, b) || is_within(b, at)))
        };
        let mut by_target: HashMap<Uuid, Vec<&Document>> = HashMap::new();
        for document in &all {
            if let Some(target) = id_in(document, "target") {
                by_target.entry(target).or_default().push(document);
            }
        }
        by_target.values_mut().for_each(|joints| joints.sort_by_key(|d| (d.body["order"].as_i64(), d.id)));
        Self {
            loaded,
            below,
            now,
            by_id: all.iter().map(|d| (d.id, *d)).collect(),
            documents: all,
            by_target,
            own: loaded.documents.iter().map(|d| d.id).filter(|id| sound(*id)).collect(),
            constants: constants(loaded).into_iter().collect(),
            stages_may_be_forbidden: loaded.cedar.iter().any(|file| file.text.contains("Stage")),
        }
    }

    /// The folder's own objects of a kind, in the order of the text.
    pub(super) fn own<K: Kind>(&self) -> Vec<(&'a Document, K)> {
        self.all().into_iter().filter(|(d, _)| self.own.contains(&d.id)).collect()
    }

    /// All objects of a kind.
    pub(super) fn all<K: Kind>(&self) -> Vec<(&'a Document, K)> {
        self.documents.iter().filter_map(|d| Some((*d, typed(d)?))).collect()
    }

    /// The object with this primary key.
    pub(super) fn get(&self, id: Uuid) -> Option<&'a Document> {
        self.by_id.get(&id).copied()
    }

    /// The object of kind `K` with this primary key.
    pub(super) fn typed<K: Kind>(&self, id: Uuid) -> Option<K> {
        self.get(id).and_then(typed)
    }

    /// Where a field of an object of the folder stands, or the nearest place around it.
    pub(super) fn at(&self, document: &Document, pointer: &str) -> Span {
        self.loaded.spans.get(document.id, pointer).cloned().unwrap_or_else(|| Span::whole(&document.name))
    }

    /// The stages of a flow, in order.
    pub(super) fn stages(&self, flow: Uuid) -> Vec<Placed<'a>> {
        let bindings = self.by_target.get(&flow).into_iter().flatten().filter(|d| d.kind == "flow_stage_binding");
        bindings
            .filter_map(|binding| {
                let joint: FlowStageBinding = typed(binding)?;
                let asked = joint.evaluate_on_plan || joint.re_evaluate_policies;
                let runs = if asked { self.passing(binding.id, joint.policy_engine_mode) } else { Passing::Always };
                let runs = match runs {
                    Passing::Always if asked && self.stages_may_be_forbidden => Passing::Maybe,
                    runs => runs,
                };
                Some(Placed { binding, stage: self.get(joint.stage.0), runs })
            })
            .collect()
    }

    /// The enabled bindings of policies, groups and users on an object.
    pub(super) fn bindings(&self, target: Uuid) -> Vec<(&'a Document, PolicyBinding)> {
        let joints = self.by_target.get(&target).into_iter().flatten();
        joints.filter_map(|d| Some((*d, typed::<PolicyBinding>(d)?))).filter(|(_, b)| b.enabled).collect()
    }

    /// What a binding comes to, whoever asks.
    pub(super) fn constant(&self, binding: &PolicyBinding) -> Option<bool> {
        let value = self.constants.get(&binding.policy.as_ref()?.0)?;
        Some(*value != binding.negate)
    }

    /// Whether everything that is bound to an object has to pass.
    pub(super) fn needs_all(&self, target: Uuid) -> bool {
        self.by_id.get(&target).is_some_and(|document| document.body["policy_engine_mode"] == "all")
    }

    /// Whether the time of a binding has passed.
    pub(super) fn is_over(&self, binding: &PolicyBinding) -> bool {
        matches!(binding.period().timing(self.now), Timing::Over(_))
    }

    /// What the bindings on an object come to.
    pub(super) fn passing(&self, target: Uuid, mode: PolicyEngineMode) -> Passing {
        let enabled = self.bindings(target);
        let guarded = !enabled.is_empty();
        let (over, bindings): (Vec<_>, Vec<_>) = enabled.into_iter().partition(|(_, b)| self.is_over(b));
        // What is over opens nothing, and among "all" nobody passes it; it keeps nobody out either.
        let closed = mode == PolicyEngineMode::All && over.iter().any(|(_, b)| !b.negate);
        if closed || guarded && bindings.is_empty() {
            return Passing::Never;
        }
        // What has a time settles nothing for all times.
        if bindings.iter().any(|(_, b)| !b.period().is_always()) {
            return Passing::Maybe;
        }
        let constants: Vec<Option<bool>> = bindings.iter().map(|(_, b)| self.constant(b)).collect();
        let decisive = mode == PolicyEngineMode::Any;
        let opposites = self.opposites(&bindings).is_some();
        if bindings.is_empty() {
            Passing::Always
        } else if opposites || constants.contains(&Some(decisive)) {
            if decisive { Passing::Always } else { Passing::Never }
        } else if constants.iter().all(|c| *c == Some(!decisive)) {
            if decisive { Passing::Never } else { Passing::Always }
        } else {
            Passing::Maybe
        }
    }

    /// A binding whose subject an earlier one names the other way round.
    pub(super) fn opposites(&self, bindings: &[(&'a Document, PolicyBinding)]) -> Option<&'a Document> {
        let subject = |b: &PolicyBinding| (b.group.as_ref().map(|g| g.0), b.user.as_ref().map(|u| u.0));
        bindings.iter().enumerate().find_map(|(i, (document, b))| {
            let other = |(_, a): &&(&Document, PolicyBinding)| a.negate != b.negate && subject(a) == subject(b);
            let named = b.group.is_some() || b.user.is_some();
            (named && bindings[..i].iter().any(|a| other(&a))).then_some(*document)
        })
    }

    /// Whether a flow is reached from another one that hands over what it knows.
    pub(super) fn is_continued(&self, flow: Uuid) -> bool {
        use lockgate_model::kinds::RedirectStage;
        self.all::<RedirectStage>().iter().any(|(_, r)| r.keep_context && r.target_flow.is_some_and(|f| f.0 == flow))
    }

    /// Every group that is declared.
    pub(super) fn groups(&self) -> impl Iterator<Item = &'a GroupDeclaration> {
        let hidden = |g: &&GroupDeclaration| !self.loaded.groups.iter().any(|own| own.name == g.name);
        self.loaded.groups.iter().chain(self.below.into_iter().flat_map(|b| &b.groups).filter(hidden))
    }

    /// The group that makes members of this one superusers: itself, or one around it.
    pub(super) fn superuser_group(&self, name: &str) -> Option<&'a GroupDeclaration> {
        let mut seen: Vec<&str> = Vec::new();
        let mut next = vec![name];
        while let Some(name) = next.pop() {
            let Some(group) = self.groups().find(|g| g.name == name).filter(|_| !seen.contains(&name)) else {
                continue;
            };
            if group.superuser {
                return Some(group);
            }
            seen.push(name);
            next.extend(group.parents.iter().map(String::as_str));
        }
        None
    }

    /// The folder's own flows.
    pub(super) fn flows(&self) -> Vec<(&'a Document, Flow)> {
        self.own()
    }
}

fn typed<K: Kind>(document: &Document) -> Option<K> {
    if document.kind == K::META.kind { K::deserialize(&document.body).ok() } else { None }
}

fn id_in(document: &Document, field: &str) -> Option<Uuid> {
    document.body[field].as_str().and_then(|s| Uuid::parse_str(s).ok())
}

fn is_within(inner: &Span, outer: &Span) -> bool {
    inner.file == outer.file
        && (inner.line, inner.column) >= (outer.line, outer.column)
        && (inner.line, inner.column) <= (outer.end_line, outer.end_column)
}

/// The expressions of the folder that come to the same for everybody; none that ship do.
fn constants(loaded: &Loaded) -> Vec<(Uuid, bool)> {
    let policies = loaded.scripts.iter().filter(|s| s.role == ScriptRole::Policy);
    policies
        .filter_map(|script| {
            let expression = Expression::compile(&script.name, &script.text, &script.origin()).ok()?;
            if expression.reads().iter().next().is_some() {
                return None;
            }
            // What fails denies.
            let outcome = expression.eval_bool(&Env::new(None, &Facts::at(DateTime::UNIX_EPOCH)));
            Some((script.document, outcome.is_ok_and(|o| o.passing)))
        })
        .collect()
}
