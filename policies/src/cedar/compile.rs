//! From a [`PolicyInput`] to a [`PolicySet`], with every complaint at once.

use super::{
    bindings::{self, Guard},
    links,
    partition::{Partition, Resolver},
    principal::{GROUP, OBJECT, USER},
    references,
    set::PolicySet,
    source::{self, Files, Known, KnownTemplate},
};
use crate::{
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
        let expressions = expressions(input, &mut problems);
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
        let guards = guards(input, &expressions, &mut problems);
        let made: BTreeMap<&Target, Vec<Known>> = guards
            .iter()
            .map(|(target, guard)| {
                let open = !matches!(target, Target::App(_)) || !input.default_access_deny;
                (target, bindings::policies(target, guard, open, &mut problems))
            })
            .collect();
        let texts = Texts { files: &files, templates: &templates };
        let mut warnings = validate(input, &guards, &texts, made.values().flatten(), &mut problems);
        warnings.extend(odd);
        if !problems.is_empty() {
            problems.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
            // One mistake is found once for each action that the policy speaks of.
            problems.dedup_by(|b, a| {
                b.line > 0 && (&b.file, b.line, b.column, &b.hint) == (&a.file, a.line, a.column, &a.hint)
            });
            return Err(problems);
        }
        let resolver = Resolver { input, files: &files, expressions: &expressions };
        build(input, &resolver, &guards, &made, warnings).map_err(|problem| vec![problem])
    }
}

fn build(
    input: &PolicyInput,
    resolver: &Resolver<'_>,
    guards: &BTreeMap<Target, Guard>,
    made: &BTreeMap<&Target, Vec<Known>>,
    warnings: Vec<PolicyProblem>,
) -> Result<PolicySet, PolicyProblem> {
    let mut set = PolicySet {
        apps: HashMap::new(),
        flows: HashMap::new(),
        stages: HashMap::new(),
        any_flow: Partition::any_run(resolver, &super::principal::FLOW)?,
        any_stage: Partition::any_run(resolver, &super::principal::STAGE)?,
        administration: administration(resolver)?,
        authorizer: Authorizer::new(),
        stopwatch: None,
        world: World::default(),
        warnings,
        by_group: by_group(resolver.files),
    };
    for (target, guard) in guards {
        let own = made.get(target).map(Vec::as_slice).unwrap_or_default();
        let app = input.apps.iter().find(|a| matches!(target, Target::App(slug) if *slug == a.slug));
        let partition = Partition::of_target(resolver, target, app, guard, own)?;
        match target {
            Target::App(slug) => set.apps.insert(slug.clone(), partition),
            Target::Flow(slug) => set.flows.insert(slug.clone(), partition),
            Target::Stage(id) => set.stages.insert(*id, partition),
        };
    }
    Ok(set)
}

fn administration(resolver: &Resolver<'_>) -> Result<HashMap<EntityTypeName, Arc<Partition>>, PolicyProblem> {
    let types = [&USER, &GROUP, &OBJECT];
    types.into_iter().map(|of| Ok(((**of).clone(), Partition::administration(resolver, of)?))).collect()
}

fn by_group(files: &[Known]) -> HashMap<String, Vec<PolicyRef>> {
    let mut found: HashMap<String, Vec<PolicyRef>> = HashMap::new();
    for known in files {
        for group in known.groups_that_hold() {
            found.entry(group).or_default().push(known.about.clone());
        }
    }
    found
}

fn expressions(input: &PolicyInput, problems: &mut Vec<PolicyProblem>) -> HashMap<Uuid, Arc<Expression>> {
    let mut compiled = HashMap::new();
    for expression in &input.expressions {
        match Expression::compile(&expression.name, &expression.source, &expression.origin) {
            Ok(ready) => {
                compiled.insert(expression.id, Arc::new(ready));
            }
            Err(problem) => problems.push(problem),
        }
    }
    compiled
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
        if ["binding:", "bindings:", "default:"].iter().any(|p| about.id.starts_with(p)) {
            let message = format!("the id \"{}\" is reserved for policies made from bindings", about.id);
            problems.push(PolicyProblem {
                line: about.line.unwrap_or(0),
                ..PolicyProblem::whole(about.file.clone().unwrap_or_default(), message)
            });
        }
    }
}

/// The bindings that count, by target and in order; every application has an entry.
fn guards(
    input: &PolicyInput,
    expressions: &HashMap<Uuid, Arc<Expression>>,
    problems: &mut Vec<PolicyProblem>,
) -> BTreeMap<Target, Guard> {
    let mut guards: BTreeMap<Target, Guard> =
        input.apps.iter().map(|a| (Target::App(a.slug.clone()), Guard::default())).collect();
    let declared: HashSet<Uuid> = input.expressions.iter().map(|e| e.id).collect();
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
        match &binding.subject {
            Subject::Expression(id, name) if !declared.contains(id) => {
                problems.push(complain(format!(
                    "the binding names the policy \"{name}\", which is not an expression policy"
                )));
            }
            // Already complained about where it is declared.
            Subject::Expression(id, _) if !expressions.contains_key(id) => {}
            _ => {}
        }
        if matches!(&binding.target, Target::App(_)) && !guards.contains_key(&binding.target) {
            problems.push(complain(format!(
                "the binding guards the {}, which does not exist",
                bindings::describe(&binding.target)
            )));
        }
        let guard = guards.entry(binding.target.clone()).or_default();
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
fn schema_text(input: &PolicyInput, guards: &BTreeMap<Target, Guard>) -> String {
    let record = |names: &mut dyn Iterator<Item = String>| {
        names.map(|n| format!("\"{}\": Bool", n.escape_debug())).collect::<Vec<_>>().join(", ")
    };
    let checks = record(&mut input.expressions.iter().map(|e| e.name.clone()));
    let bound = guards.values().flat_map(|g| &g.bindings).filter(|b| matches!(b.subject, Subject::Expression(..)));
    let bindings = record(&mut bound.map(|b| b.id.to_string()));
    SCHEMA
        .replace("type Checks = {};", &format!("type Checks = {{ {checks} }};"))
        .replace("type Bindings = {};", &format!("type Bindings = {{ {bindings} }};"))
}

/// What people wrote.
struct Texts<'a> {
    files: &'a [Known],
    templates: &'a [KnownTemplate],
}

/// Validates every policy; answers warnings about those in the folder's files.
fn validate<'a>(
    input: &PolicyInput,
    guards: &BTreeMap<Target, Guard>,
    written: &Texts<'a>,
    made: impl Iterator<Item = &'a Known>,
    problems: &mut Vec<PolicyProblem>,
) -> Vec<PolicyProblem> {
    let schema: Schema = match Schema::from_cedarschema_str(&schema_text(input, guards)) {
        Ok((schema, _)) => schema,
        Err(e) => {
            problems.push(source::problem("builtin/schema.cedarschema", SCHEMA, &e));
            return Vec::new();
        }
    };
    let files = written.files;
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
    let texts: HashMap<&str, &str> =
        source::BUILTIN.into_iter().chain(input.cedar_files.iter().map(|(f, t)| (f.as_str(), t.as_str()))).collect();
    // What a link makes has no text of its own: the link's line stands for it.
    let complaint = |id: &cedar_policy::PolicyId, error: &dyn miette::Diagnostic| {
        let (file, line) = places.get(id).copied().unwrap_or((id.as_ref(), 0));
        let found = source::problem(file, texts.get(file).copied().unwrap_or(""), error);
        if found.line == 0 { PolicyProblem { line, ..found } } else { found }
    };
    let result = Validator::new(schema).validate(&all, ValidationMode::Strict);
    problems.extend(result.validation_errors().map(|error| complaint(error.policy_id(), error)));
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
