//! From a [`PolicyInput`] to a [`PolicySet`], with every complaint at once.

use super::{
    bindings::{self, Guard},
    condition::{self, Condition},
    links,
    partition::{Partition, Resolver},
    principal::{GROUP, OBJECT, USER},
    references, roles,
    set::PolicySet,
    source::{self, Files, Known, KnownTemplate},
    sweeping::sweeping,
};
use crate::{
    check::Check,
    decision::PolicyRef,
    expression::Expression,
    input::{PolicyInput, Subject, Target},
    problem::PolicyProblem,
    world::World,
};
use cedar_policy::{Authorizer, EntityTypeName, Schema, ValidationMode, Validator};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

const SCHEMA: &str = include_str!("../../builtin/schema.cedarschema");

impl PolicySet {
    /// Compiles a configuration's policies, bindings and expressions. Pure.
    ///
    /// # Errors
    /// Everything that is wrong, so that all of it can be mended at once.
    pub fn compile(input: &PolicyInput) -> Result<Self, Vec<PolicyProblem>> {
        let mut problems = Vec::new();
        let checks = checks(input, &mut problems);
        let mut conditions = condition::parse(input, &mut problems);
        let mut read = Files::default();
        for (file, text) in source::BUILTIN
            .iter()
            .map(|(f, t)| (*f, *t))
            .chain(input.cedar_files.iter().map(|(f, t)| (f.as_str(), t.as_str())))
        {
            source::read(file, text, &mut read, &mut problems);
        }
        let linked = links::policies(&input.links, &mut read, &mut problems);
        let Files { policies: mut files, templates, warnings: odd } = read;
        files.extend(linked);
        refuse_duplicates(&files, &mut problems);
        references::refuse_roles(&files, &mut problems);
        let of_roles = roles::policies(&input.roles, &mut problems);
        let guards = guards(input, &mut problems);
        let validation = Validation::new(input, &guards, &conditions, &mut problems);
        let (sound, doubts) = condition::validate(input, &mut conditions, &validation, &mut problems);
        let made: BTreeMap<&Target, Vec<Known>> = guards
            .iter()
            .map(|(target, guard)| {
                let open = match target {
                    Target::App(_) => !input.default_access_deny,
                    Target::Flow(_) | Target::Stage(_) => true,
                    // Nobody holds anything, nor is told of everything, by accident.
                    Target::Entitlement(..) | Target::Rule(_) => false,
                };
                (target, bindings::policies(target, guard, open, &conditions, &mut problems))
            })
            .collect();
        let texts = Texts { files: &files, templates: &templates };
        let mut warnings = validation.files(input, &texts, made.values().flatten().chain(&of_roles), &mut problems);
        warnings.extend(doubts);
        warnings.extend(sweeping(&files));
        warnings.extend(odd);
        if !problems.is_empty() {
            problems.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
            // One mistake is found once for each action that the policy speaks of.
            problems.dedup_by(|b, a| {
                b.line > 0 && (&b.file, b.line, b.column, &b.hint) == (&a.file, a.line, a.column, &a.hint)
            });
            return Err(problems);
        }
        let of_files = files.iter().map(|known| known.about.clone()).collect();
        files.extend(of_roles);
        let resolver = Resolver { input, files: &files, checks: &checks, names: &names(input) };
        let conditions = condition::build(&resolver, conditions, &sound).map_err(|problem| vec![problem])?;
        build(input, &resolver, &guards, &made, (conditions, warnings, of_files)).map_err(|problem| vec![problem])
    }
}

fn build(
    input: &PolicyInput,
    resolver: &Resolver<'_>,
    guards: &BTreeMap<Target, Guard>,
    made: &BTreeMap<&Target, Vec<Known>>,
    (conditions, warnings, of_files): (HashMap<Uuid, Condition>, Vec<PolicyProblem>, Vec<PolicyRef>),
) -> Result<PolicySet, PolicyProblem> {
    let mut set = PolicySet {
        apps: HashMap::new(),
        flows: HashMap::new(),
        stages: HashMap::new(),
        entitlements: HashMap::new(),
        rules: HashMap::new(),
        any_flow: Partition::any_run(resolver, &super::principal::FLOW)?,
        any_stage: Partition::any_run(resolver, &super::principal::STAGE)?,
        administration: administration(resolver)?,
        authorizer: Authorizer::new(),
        stopwatch: None,
        world: World::default(),
        warnings,
        of_files,
        by_group: by_group(resolver.files, guards, &conditions),
        conditions,
    };
    for (target, guard) in guards {
        let own = made.get(target).map(Vec::as_slice).unwrap_or_default();
        let of = match target {
            Target::App(slug) | Target::Entitlement(slug, _) => Some(slug),
            Target::Flow(_) | Target::Stage(_) | Target::Rule(_) => None,
        };
        let app = of.and_then(|slug| input.apps.iter().find(|app| app.slug == *slug));
        let partition = Partition::of_target(resolver, target, app, guard, own)?;
        match target {
            Target::App(slug) => set.apps.insert(slug.clone(), partition),
            Target::Flow(slug) => set.flows.insert(slug.clone(), partition),
            Target::Stage(id) => set.stages.insert(*id, partition),
            Target::Entitlement(app, name) => {
                set.entitlements.entry(app.clone()).or_default().insert(name.clone(), partition)
            }
            Target::Rule(id) => set.rules.insert(*id, partition),
        };
    }
    Ok(set)
}

fn administration(resolver: &Resolver<'_>) -> Result<HashMap<EntityTypeName, Arc<Partition>>, PolicyProblem> {
    let types = [&USER, &GROUP, &OBJECT];
    types.into_iter().map(|of| Ok(((**of).clone(), Partition::administration(resolver, of)?))).collect()
}

fn by_group(
    files: &[Known],
    guards: &BTreeMap<Target, Guard>,
    conditions: &HashMap<Uuid, Condition>,
) -> HashMap<String, Vec<PolicyRef>> {
    let mut found: HashMap<String, Vec<PolicyRef>> = HashMap::new();
    for known in files {
        for group in known.groups_that_hold() {
            found.entry(group).or_default().push(known.about.clone());
        }
    }
    for binding in guards.values().flat_map(|guard| &guard.bindings) {
        let Subject::Policy(id, name) = &binding.subject else { continue };
        for group in conditions.get(id).into_iter().flat_map(Condition::groups) {
            let about = PolicyRef {
                id: name.clone(),
                file: None,
                line: None,
                bindings: vec![binding.id],
                ..PolicyRef::default()
            };
            found.entry(group.clone()).or_default().push(about);
        }
    }
    found
}

fn checks(input: &PolicyInput, problems: &mut Vec<PolicyProblem>) -> HashMap<Uuid, Arc<Check>> {
    let mut ready = HashMap::new();
    for expression in &input.expressions {
        match Expression::compile(&expression.name, &expression.source, &expression.origin) {
            Ok(compiled) => drop(ready.insert(expression.id, Arc::new(Check::Expression(compiled)))),
            Err(problem) => problems.push(problem),
        }
    }
    let natives = input.natives.iter().map(|n| (n.id, Arc::new(Check::native(&n.name, n.rule.clone()))));
    ready.extend(natives);
    ready
}

/// Policies whose results are in `context.checks`. Conditions in Cedar are not: a Cedar file says them itself.
fn names(input: &PolicyInput) -> Vec<(Uuid, String)> {
    let expressions = input.expressions.iter().map(|e| (e.id, e.name.clone()));
    let mut names: Vec<(Uuid, String)> = Vec::new();
    for (id, name) in expressions.chain(input.natives.iter().map(|n| (n.id, n.name.clone()))) {
        // Of two kinds with one name, the first counts, as everywhere.
        if names.iter().all(|(_, known)| *known != name) {
            names.push((id, name));
        }
    }
    names
}

fn refuse_duplicates(files: &[Known], problems: &mut Vec<PolicyProblem>) {
    let mut seen: HashMap<&str, &Known> = HashMap::new();
    for known in files {
        let about = &known.about;
        if let Some(first) = seen.insert(&about.id, known) {
            let place = format!("{}:{}", first.about.file.as_deref().unwrap_or("?"), first.about.line.unwrap_or(0));
            problems.push(PolicyProblem {
                file: about.file.clone().unwrap_or_default(),
                line: about.line.unwrap_or(0),
                column: 1,
                message: format!("a second policy with the id \"{}\"; the first is at {place}", about.id),
                hint: None,
                snippet: String::new(),
            });
        }
        if ["binding:", "bindings:", "default:", "role:"].iter().any(|p| about.id.starts_with(p)) {
            let message = format!("the id \"{}\" is reserved for policies made from bindings and roles", about.id);
            problems.push(PolicyProblem {
                line: about.line.unwrap_or(0),
                ..PolicyProblem::whole(about.file.clone().unwrap_or_default(), message)
            });
        }
    }
}

/// The bindings that count, by target and in order; every application and every entitlement has an entry.
fn guards(input: &PolicyInput, problems: &mut Vec<PolicyProblem>) -> BTreeMap<Target, Guard> {
    let mut guards: BTreeMap<Target, Guard> =
        input.apps.iter().map(|a| (Target::App(a.slug.clone()), Guard::default())).collect();
    let entitlements = input.entitlements.iter().map(|e| Target::Entitlement(e.app.clone(), e.name.clone()));
    guards.extend(entitlements.map(|target| (target, Guard::default())));
    let declared = input.expressions.iter().map(|e| e.id).chain(input.natives.iter().map(|n| n.id));
    let declared: HashSet<Uuid> = declared.chain(input.conditions.iter().map(|c| c.id)).collect();
    let mut ids = HashSet::new();
    for binding in &input.bindings {
        let complain = |message: String| {
            let place = binding.origin.clone().unwrap_or_default();
            let file = if place.file.is_empty() { format!("binding:{}", binding.id) } else { place.file };
            PolicyProblem { line: place.line, column: place.column, ..PolicyProblem::whole(file, message) }
        };
        if !ids.insert(binding.id) {
            problems.push(complain(format!("a second binding with the id {}", binding.id)));
        }
        if let Subject::Policy(id, name) = &binding.subject
            && !declared.contains(id)
        {
            problems.push(complain(format!("the binding names the policy \"{name}\", which is not there")));
        }
        if matches!(&binding.target, Target::App(_) | Target::Entitlement(..)) && !guards.contains_key(&binding.target)
        {
            problems.push(complain(format!(
                "the binding guards the {}, which does not exist",
                bindings::describe(&binding.target)
            )));
        }
        let guard = guards.entry(binding.target.clone()).or_default();
        if let (Some(from), Some(until)) = (binding.period.from, binding.period.until)
            && until <= from
        {
            problems.push(complain("the binding ends before it begins".to_owned()));
        }
        if binding.enabled {
            guard.bindings.push(binding.clone());
        }
    }
    for (target, guard) in &mut guards {
        guard.mode = input.engine_modes.get(target).copied().unwrap_or_default();
        guard.bindings.sort_by_key(|b| (b.order, b.id));
    }
    guards
}

/// The schema with the names of the checks that there are.
fn schema_text(input: &PolicyInput, guards: &BTreeMap<Target, Guard>, conditions: &HashMap<Uuid, Condition>) -> String {
    let record = |names: &mut dyn Iterator<Item = String>| {
        names.map(|n| format!("\"{}\": Bool", n.escape_debug())).collect::<Vec<_>>().join(", ")
    };
    let checks = record(&mut names(input).into_iter().map(|(_, name)| name));
    let bound = guards.values().flat_map(|g| &g.bindings);
    let bound = bound.filter(|b| matches!(&b.subject, Subject::Policy(id, _) if !conditions.contains_key(id)));
    let bindings = record(&mut bound.map(|b| b.id.to_string()));
    let timed = guards.values().flat_map(|g| &g.bindings).filter(|b| !b.period.is_always());
    let in_time = record(&mut timed.map(|b| b.id.to_string()));
    SCHEMA
        .replace("type InTime = {};", &format!("type InTime = {{ {in_time} }};"))
        .replace("type Checks = {};", &format!("type Checks = {{ {checks} }};"))
        .replace("type Bindings = {};", &format!("type Bindings = {{ {bindings} }};"))
}

/// What people wrote.
struct Texts<'a> {
    files: &'a [Known],
    templates: &'a [KnownTemplate],
}

/// Holds policies against the schema of an installation.
pub(crate) struct Validation(Option<Validator>);

impl Validation {
    fn new(
        input: &PolicyInput,
        guards: &BTreeMap<Target, Guard>,
        conditions: &HashMap<Uuid, Condition>,
        problems: &mut Vec<PolicyProblem>,
    ) -> Self {
        match Schema::from_cedarschema_str(&schema_text(input, guards, conditions)) {
            Ok((schema, _)) => Self(Some(Validator::new(schema))),
            Err(e) => {
                problems.push(source::problem("builtin/schema.cedarschema", SCHEMA, &e));
                Self(None)
            }
        }
    }

    /// What is wrong with one policy and what is doubtful, in the text that it was read from.
    pub(super) fn one(&self, known: &Known, file: &str, text: &str) -> (Vec<PolicyProblem>, Vec<PolicyProblem>) {
        let mut alone = cedar_policy::PolicySet::new();
        let (Some(validator), Ok(())) = (&self.0, alone.add(known.policy.clone())) else { return Default::default() };
        let result = validator.validate(&alone, ValidationMode::Strict);
        let errors = result.validation_errors().map(|error| source::problem(file, text, error)).collect();
        (errors, result.validation_warnings().map(|warning| source::problem(file, text, warning)).collect())
    }

    /// Validates every policy; answers warnings about those in the folder's files.
    fn files<'a>(
        &self,
        input: &PolicyInput,
        written: &Texts<'a>,
        made: impl Iterator<Item = &'a Known>,
        problems: &mut Vec<PolicyProblem>,
    ) -> Vec<PolicyProblem> {
        let Some(validator) = &self.0 else { return Vec::new() };
        let files = written.files;
        // What is broken would be complained of again wherever it is bound.
        let made = made.filter(|_| problems.is_empty());
        let mut all = cedar_policy::PolicySet::new();
        let mut places: HashMap<cedar_policy::PolicyId, (&str, u32)> = HashMap::new();
        for known in written.templates {
            let id = cedar_policy::PolicyId::new(format!("template {}", known.id));
            if all.add_template(known.template.new_id(id.clone())).is_ok() {
                places.insert(id, (&known.file, known.line));
            }
        }
        for known in files.iter().chain(made) {
            // A second policy of the same id has been complained about.
            if all.add(known.policy.clone()).is_ok()
                && let (Some(file), Some(line)) = (&known.about.file, known.about.line)
            {
                places.insert(known.policy.id().clone(), (file, line));
            }
        }
        let texts: HashMap<&str, &str> = source::BUILTIN
            .into_iter()
            .chain(input.cedar_files.iter().map(|(f, t)| (f.as_str(), t.as_str())))
            .collect();
        // What a link makes has no text of its own: the link's line stands for it.
        let complaint = |id: &cedar_policy::PolicyId, error: &dyn miette::Diagnostic| {
            let (file, line) = places.get(id).copied().unwrap_or((id.as_ref(), 0));
            let found = source::problem(file, texts.get(file).copied().unwrap_or(""), error);
            if found.line == 0 { PolicyProblem { line, ..found } } else { found }
        };
        let result = validator.validate(&all, ValidationMode::Strict);
        problems.extend(result.validation_errors().map(|error| {
            let found = complaint(error.policy_id(), error);
            PolicyProblem { hint: source::nearest_known(error, validator.schema()).or(found.hint), ..found }
        }));
        let mut folder: HashSet<&str> = input.cedar_files.iter().map(|(f, _)| f.as_str()).collect();
        folder.extend(input.links.iter().map(|link| link.origin.file.as_str()));
        let warnings = result.validation_warnings().map(|warning| complaint(warning.policy_id(), warning));
        let mut warnings: Vec<PolicyProblem> = warnings.filter(|w| folder.contains(w.file.as_str())).collect();
        warnings.extend(
            files
                .iter()
                .filter(|k| k.about.file.as_deref().is_some_and(|f| folder.contains(f)))
                .flat_map(|k| references::check(k, input)),
        );
        warnings
    }
}
