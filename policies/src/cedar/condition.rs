//! Policies that are conditions in Cedar: the text after `when`, under a name. A binding takes the text
//! into the policy that is made from it; alone, the condition is a policy that permits.

use super::{
    compile::Validation,
    partition::{Partition, Resolver},
    principal,
    source::{self, Known},
};
use crate::{
    decision::Resource,
    input::{ConditionInput, PolicyInput, Subject, Target},
    problem::{PolicyProblem, line_text},
};
use cedar_policy::{EntityTypeName, Expression, Policy};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    sync::Arc,
};
use uuid::Uuid;

/// What a condition can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Sort {
    App,
    Flow,
    Stage,
    Entitlement,
    Rule,
}

impl Sort {
    const ALL: [Self; 5] = [Self::App, Self::Flow, Self::Stage, Self::Entitlement, Self::Rule];

    pub(crate) fn of(resource: Resource<'_>) -> Option<Self> {
        resource.target().as_ref().map(Self::of_target)
    }

    fn of_target(target: &Target) -> Self {
        match target {
            Target::App(_) => Self::App,
            Target::Flow(_) => Self::Flow,
            Target::Stage(_) => Self::Stage,
            Target::Entitlement(..) => Self::Entitlement,
            Target::Rule(_) => Self::Rule,
        }
    }

    fn type_name(self) -> &'static EntityTypeName {
        match self {
            Self::App => &principal::APP,
            Self::Flow => &principal::FLOW,
            Self::Stage => &principal::STAGE,
            Self::Entitlement => &principal::ENTITLEMENT,
            Self::Rule => &principal::RULE,
        }
    }

    /// The head of the policies that bindings to such a target make.
    fn head(self) -> &'static str {
        match self {
            Self::App => r#"permit (principal is User, action == Action::"access", resource is App)"#,
            Self::Flow => r#"permit (principal, action == Action::"run", resource is Flow)"#,
            Self::Stage => r#"permit (principal, action == Action::"run", resource is Stage)"#,
            Self::Entitlement => r#"permit (principal is User, action == Action::"hold", resource is Entitlement)"#,
            Self::Rule => r#"permit (principal, action == Action::"notify", resource is Rule)"#,
        }
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::App => "app",
            Self::Flow => "flow",
            Self::Stage => "stage",
            Self::Entitlement => "entitlement",
            Self::Rule => "rule",
        })
    }
}

/// A condition.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    text: String,
    /// As a policy of its own, for each sort of resource that it can be about.
    pub(crate) alone: BTreeMap<Sort, Arc<Partition>>,
    /// Names of the groups that it speaks of.
    groups: BTreeSet<String>,
}

impl Condition {
    /// The text for inside of a policy, on lines of its own: a comment at its end hides nothing.
    pub(crate) fn inline(&self) -> String {
        format!("(\n{}\n)", self.text)
    }

    /// Names of the groups that it speaks of: without one of them it may let more people through.
    pub(crate) fn groups(&self) -> &BTreeSet<String> {
        &self.groups
    }
}

/// The conditions that parse; what is wrong with the others is added to `problems`.
pub(crate) fn parse(input: &PolicyInput, problems: &mut Vec<PolicyProblem>) -> HashMap<Uuid, Condition> {
    let mut parsed = HashMap::new();
    for condition in &input.conditions {
        // One expression, and nothing that could close the braces around it.
        if let Err(errors) = condition.text.parse::<Expression>() {
            let found = source::problem(&condition.origin.file, &condition.text, &errors);
            problems.push(at(condition, found, 0));
            continue;
        }
        let (text, alone) = (condition.text.clone(), BTreeMap::new());
        parsed.insert(condition.id, Condition { text, alone, groups: BTreeSet::new() });
    }
    parsed
}

/// Holds every condition against the schema: of whatever it is bound to, or of anything at all where it
/// is bound to nothing.
pub(crate) fn validate(
    input: &PolicyInput,
    conditions: &mut HashMap<Uuid, Condition>,
    validation: &Validation,
    problems: &mut Vec<PolicyProblem>,
) -> Sound {
    let mut sound = HashMap::new();
    let mut doubts = Vec::new();
    let parsed: Vec<_> = input.conditions.iter().filter(|c| conditions.contains_key(&c.id)).collect();
    for declared in parsed {
        let needed = needed(input, declared);
        let (mut wrong, mut doubtful) = (BTreeMap::new(), BTreeMap::new());
        for sort in Sort::ALL {
            match alone(declared, sort, validation) {
                Ok((known, found)) => {
                    sound.insert((declared.id, sort), known);
                    doubtful.insert(sort, found);
                }
                Err(found) => drop(wrong.insert(sort, found)),
            }
        }
        let nowhere = wrong.len() == Sort::ALL.len();
        let told = if nowhere && needed.is_empty() { BTreeSet::from([Sort::App]) } else { needed };
        for sort in told {
            add(wrong.remove(&sort).unwrap_or_default(), problems);
            add(doubtful.remove(&sort).unwrap_or_default(), &mut doubts);
        }
        if let (Some(condition), Some(known)) =
            (conditions.get_mut(&declared.id), Sort::ALL.iter().find_map(|sort| sound.get(&(declared.id, *sort))))
        {
            condition.groups = known.groups_that_hold();
        }
    }
    (sound, doubts)
}

/// Conditions that validate, by what they are about, and what is probably not meant with them.
type Sound = (HashMap<(Uuid, Sort), Known>, Vec<PolicyProblem>);

/// One mistake is found once for each sort of target.
fn add(found: Vec<PolicyProblem>, to: &mut Vec<PolicyProblem>) {
    for problem in found {
        if to
            .iter()
            .all(|known| (&known.file, known.line, known.column) != (&problem.file, problem.line, problem.column))
        {
            to.push(problem);
        }
    }
}

/// What a condition has to be fit for.
fn needed(input: &PolicyInput, condition: &ConditionInput) -> BTreeSet<Sort> {
    let bound = input.bindings.iter().filter(|b| b.enabled);
    let bound = bound.filter(|b| matches!(&b.subject, Subject::Policy(id, _) if *id == condition.id));
    bound.map(|b| Sort::of_target(&b.target)).chain(condition.checks_prompts.then_some(Sort::Flow)).collect()
}

fn alone(
    condition: &ConditionInput,
    sort: Sort,
    validation: &Validation,
) -> Result<(Known, Vec<PolicyProblem>), Vec<PolicyProblem>> {
    let text = format!("{} when {{\n{}\n}};", sort.head(), condition.text);
    let file = &condition.origin.file;
    let id = format!("condition:{}:{sort}", condition.name);
    let policy =
        Policy::parse(None, &text).map_err(|errors| vec![at(condition, source::problem(file, &text, &errors), 1)])?;
    let known = Known::new(&policy, &id, None, Vec::new());
    let (errors, warnings) = validation.one(&known, file, &text);
    let placed = |found: Vec<PolicyProblem>| found.into_iter().map(|p| at(condition, p, 1)).collect();
    if errors.is_empty() { Ok((known, placed(warnings))) } else { Err(placed(errors)) }
}

/// A complaint about a text with so many lines above the condition, as one about the condition where it
/// stands.
fn at(condition: &ConditionInput, mut problem: PolicyProblem, above: u32) -> PolicyProblem {
    let origin = &condition.origin;
    if problem.line <= above {
        let snippet = line_text(&condition.text, 1);
        return PolicyProblem { line: origin.line, column: origin.column, snippet, ..problem };
    }
    problem.line -= above;
    if problem.line == 1 {
        problem.column += origin.column.saturating_sub(1);
    }
    problem.line += origin.line.saturating_sub(1);
    problem
}

/// Makes partitions of the conditions that are sound.
pub(crate) fn build(
    resolver: &Resolver<'_>,
    mut conditions: HashMap<Uuid, Condition>,
    sound: &HashMap<(Uuid, Sort), Known>,
) -> Result<HashMap<Uuid, Condition>, PolicyProblem> {
    for ((id, sort), known) in sound {
        if let Some(condition) = conditions.get_mut(id) {
            condition.alone.insert(*sort, Partition::alone(resolver, known, sort.type_name())?);
        }
    }
    Ok(conditions)
}
