//! Templates and what links them: a link puts a group or a user, an application or a tag into the slots of
//! a template, and makes a policy of it.

use super::{
    principal::{APP, GROUP, TAG, USER, uid},
    source::{Files, Known, KnownTemplate},
};
use crate::{
    input::{LinkInput, Linked},
    problem::{PolicyProblem, nearest},
};
use cedar_policy::{EntityUid, Policy, PolicyId, PolicySet, SlotId};
use std::collections::{HashMap, HashSet};

/// The policies of all links. What is wrong with one is a problem where it stands; a template that nothing
/// links is a warning.
pub(crate) fn policies(links: &[LinkInput], files: &mut Files, problems: &mut Vec<PolicyProblem>) -> Vec<Known> {
    let by_id: HashMap<&str, &KnownTemplate> = files.templates.iter().map(|t| (t.id.as_str(), t)).collect();
    let mut used = HashSet::new();
    let mut made = Vec::new();
    for link in links {
        match by_id.get(link.template.as_str()) {
            Some(known) => {
                used.insert(known.id.clone());
                match policy(link, known) {
                    Ok(policy) => made.push(policy),
                    Err(wrong) => problems.push(wrong),
                }
            }
            None => {
                let message = format!("there is no template \"{}\"", link.template);
                let hint = nearest(&link.template, by_id.keys().copied());
                problems.push(complain(link, "template", message).with_hint(hint));
            }
        }
    }
    for known in files.templates.iter().filter(|known| !used.contains(&known.id)) {
        let message = format!("nothing links the template \"{}\", so that it does nothing", known.id);
        let hint = Some(format!("link: a-name, template: {}, principal: …, resource: …", known.id));
        let warning = PolicyProblem { line: known.line, column: 1, ..PolicyProblem::whole(&known.file, message) };
        files.warnings.push(warning.with_hint(hint));
    }
    made
}

fn policy(link: &LinkInput, known: &KnownTemplate) -> Result<Known, PolicyProblem> {
    let wanted: HashSet<SlotId> = known.template.slots().cloned().collect();
    let mut values = HashMap::new();
    let slots = [(SlotId::principal(), "principal", &link.principal), (SlotId::resource(), "resource", &link.resource)];
    for (slot, key, given) in slots {
        match (wanted.contains(&slot), given) {
            (true, Some(linked)) => _ = values.insert(slot, entity(linked)),
            (true, None) => {
                let message = format!("the template \"{}\" has ?{key}, and the link says no {key}", known.id);
                return Err(complain(link, "template", message));
            }
            (false, Some(_)) => {
                return Err(complain(link, key, format!("the template \"{}\" has no ?{key}", known.id)));
            }
            (false, None) => {}
        }
    }
    let failed = |error: &dyn std::fmt::Display| complain(link, "template", error.to_string());
    let (template, id) = (PolicyId::new("template"), PolicyId::new("link"));
    let mut set = PolicySet::new();
    set.add_template(known.template.new_id(template.clone())).map_err(|e| failed(&e))?;
    set.link(template, id.clone(), values).map_err(|e| failed(&e))?;
    let linked = set.policy(&id).and_then(|policy| policy.to_json().ok());
    let linked = linked.ok_or_else(|| failed(&"the link cannot be written out"))?;
    // Written out it is a policy as any other.
    let policy = Policy::from_json(Some(id), linked).map_err(|e| failed(&e))?;
    Ok(Known::new(&policy, &link.name, Some((&link.origin.file, link.origin.line)), Vec::new()))
}

fn entity(linked: &Linked) -> EntityUid {
    match linked {
        Linked::Group(name) => uid(&GROUP, name),
        Linked::User(name) => uid(&USER, name),
        Linked::App(slug) => uid(&APP, slug),
        Linked::Tag(name) => uid(&TAG, name),
    }
}

/// A complaint about a key of a link, or about the link where nobody knows where the key stands.
fn complain(link: &LinkInput, key: &str, message: String) -> PolicyProblem {
    let at = link.keys.iter().find(|(name, _)| name == key).map_or(&link.origin, |(_, at)| at);
    PolicyProblem { line: at.line, column: at.column, ..PolicyProblem::whole(&at.file, message) }
}
