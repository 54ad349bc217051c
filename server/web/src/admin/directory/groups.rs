//! Groups: the list, as a list or as a tree, and the page of one.

use super::{
    super::{
        ROOT,
        desk::{Desk, Paged, Trouble},
        list, object,
        resource::{key_text, part, text},
    },
    common::home_of,
};
use crate::pages::admin::{
    Action, Badge, Cell, Code, Column, Empty, Facts, Heading, Panel, Part, Row, Tab, Table, Tone, Tree, TreeNode, Width,
};
use axum::{extract::Path, response::Response};
use lockgate_policies::Action as Act;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// How deep a tree is shown.
const DEEPEST: usize = 24;

/// Nodes that a tree shows: a group that is in several stands in each.
const MOST_NODES: usize = 5_000;

/// `GET /if/admin/groups/`: `view=tree` shows what is in what.
pub(super) async fn list(desk: Desk) -> Response {
    let paged = listed(&desk).await;
    desk.answer(paged)
}

async fn listed(desk: &Desk) -> Paged {
    let groups = list::find("groups")?;
    let is_tree = desk.asked("view").as_deref() == Some("tree");
    let tab = |label: &str, query: &str, here| Tab { label: label.into(), href: format!("{ROOT}groups/{query}"), here };
    let head = Heading {
        title: groups.plural.clone(),
        lead: groups.lead.to_owned(),
        actions: list::makers(desk, groups),
        tabs: vec![tab("List", "", !is_tree), tab("Tree", "?view=tree", is_tree)],
        api: Some("GET /api/v3/core/groups/".into()),
        ..Heading::default()
    };
    let part: Part = if is_tree {
        tree(&desk.all("/core/groups/?include_users=false&ordering=name").await?)
    } else {
        list::table(desk, groups, &[("include_parents", "true")]).await?.into()
    };
    Ok(desk.page(head, vec![Panel::bare(part)]))
}

/// Groups within groups.
fn tree(groups: &[Value]) -> Part {
    if groups.is_empty() {
        return Empty { title: "There are no groups yet".into(), ..Empty::default() }.into();
    }
    let known: HashSet<String> = groups.iter().map(|group| key_text(&group["pk"])).collect();
    let mut within: HashMap<String, Vec<&Value>> = HashMap::new();
    let mut roots = Vec::new();
    for group in groups {
        // Whoever does not see the group around one sees it at the top.
        let parents = group["parents"].as_array().into_iter().flatten().map(key_text).filter(|pk| known.contains(pk));
        let parents: Vec<String> = parents.collect();
        if parents.is_empty() {
            roots.push(group);
        }
        for parent in parents {
            within.entry(parent).or_default().push(group);
        }
    }
    let mut left = MOST_NODES;
    Tree(roots.into_iter().filter_map(|root| node(root, &within, DEEPEST, &mut left)).collect()).into()
}

fn node(group: &Value, within: &HashMap<String, Vec<&Value>>, depth: usize, left: &mut usize) -> Option<TreeNode> {
    if depth == 0 || *left == 0 {
        return None;
    }
    *left -= 1;
    let children = within.get(&key_text(&group["pk"])).map(Vec::as_slice).unwrap_or_default();
    Some(TreeNode {
        label: text(group, "name").to_owned(),
        href: home_of("groups", group),
        aside: if group["is_superuser"] == json!(true) { "superusers".into() } else { String::new() },
        children: children.iter().filter_map(|child| node(child, within, depth - 1, left)).collect(),
    })
}

/// A group, without its members.
pub(super) async fn load(desk: &Desk, key: &str) -> Result<Value, Trouble> {
    let shown = "include_users=false&include_parents=true&include_children=true&include_inherited_roles=true";
    Ok(desk.rest.get(&format!("/core/groups/{}/?{shown}", part(key))).await?)
}

/// The heading of one of the group's pages.
pub(super) fn head(desk: &Desk, group: &Value, tab: &str) -> Result<Heading, Trouble> {
    Ok(object::head(desk, list::find("groups")?, group, tab))
}

/// See [`super::dress`].
pub(super) fn dress(desk: &Desk, group: &Value, head: &mut Heading) {
    if group["is_superuser"] == json!(true) {
        head.badges.push(Badge::new("Superusers", Tone::Info));
    }
    head.tabs.retain(|tab| !tab.href.ends_with("members/") || desk.may(Act::Read, "user"));
    if desk.may(Act::Create, "group") {
        let inside = format!("{ROOT}groups/new/?parents={}", part(&key_text(&group["pk"])));
        head.actions.insert(0, Action::link("Create one within", inside));
    }
}

/// `GET /if/admin/groups/{key}/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key).await;
    desk.answer(paged)
}

fn links(groups: &Value, slug: &str) -> Cell {
    let groups = groups.as_array().map(Vec::as_slice).unwrap_or_default();
    let links: Vec<(String, String)> =
        groups.iter().map(|one| (text(one, "name").to_owned(), home_of(slug, one))).collect();
    if links.is_empty() { Cell::Nothing } else { Cell::Links(links) }
}

async fn shown(desk: &Desk, key: &str) -> Paged {
    let group = load(desk, key).await?;
    let facts = Facts::default()
        .with("Name", text(&group, "name"))
        .with("Superusers", group["is_superuser"] == json!(true))
        .with("Within", links(&group["parents_obj"], "groups"))
        .with("Groups in it", links(&group["children_obj"], "groups"))
        .with("Roles", links(&group["roles_obj"], "roles"))
        .with("Roles by groups around it", links(&group["inherited_roles_obj"], "roles"))
        .with("Identifier", Cell::Code(key_text(&group["pk"])));
    let mut panels = vec![Panel::new("Group", vec![facts.into()]).wide(Width::Half)];
    if desk.may(Act::Read, "policy_binding") && desk.may(Act::Read, "application") {
        let opens = applications(desk, &group).await?;
        let lead = "What it is bound to, or a group around it.";
        panels.push(Panel::new("Applications it opens", vec![opens]).lead(lead).wide(Width::Half));
    }
    if group["attributes"].as_object().is_some_and(|attributes| !attributes.is_empty()) {
        let code = Code { text: format!("{:#}", group["attributes"]), copy: true, ..Code::default() };
        panels.push(Panel::new("Attributes", vec![code.into()]).lead("Members have them, too, under their own."));
    }
    Ok(desk.page(head(desk, &group, "")?, panels))
}

/// The group and those around it: their members are its.
async fn around(desk: &Desk, group: &Value) -> Result<Vec<Value>, Trouble> {
    let mut found = vec![group.clone()];
    let mut seen = HashSet::from([key_text(&group["pk"])]);
    let mut at = 0;
    while at < found.len() && found.len() < DEEPEST {
        let parents: Vec<String> = found[at]["parents"].as_array().into_iter().flatten().map(key_text).collect();
        for parent in parents {
            if seen.insert(parent.clone()) {
                match load(desk, &parent).await {
                    Ok(parent) => found.push(parent),
                    // Whoever may not see it is not told of it.
                    Err(Trouble::Refused(..)) => {}
                    Err(trouble) => return Err(trouble),
                }
            }
        }
        at += 1;
    }
    Ok(found)
}

/// Applications that a binding of the group, or of one around it, is about.
async fn applications(desk: &Desk, group: &Value) -> Result<Part, Trouble> {
    let around = around(desk, group).await?;
    let applications = desk.all("/core/applications/?superuser_full_list=true").await?;
    let bindings = desk.all("/policies/bindings/").await?;
    let mut rows = Vec::new();
    for binding in &bindings {
        let by = around.iter().find(|one| !binding["group"].is_null() && one["pk"] == binding["group"]);
        let to = applications.iter().find(|one| one["pk"] == binding["target"]);
        let (Some(by), Some(to)) = (by, to) else { continue };
        let mut state = Vec::new();
        if binding["negate"] == json!(true) {
            state.push(Badge::new("Closes it", Tone::Bad));
        }
        if binding["enabled"] == json!(false) {
            state.push(Badge::new("Switched off", Tone::Warn));
        }
        if !binding["from"].is_null() || !binding["until"].is_null() {
            state.push(Badge::new("For a time", Tone::Plain));
        }
        rows.push(Row {
            key: None,
            cells: vec![
                Cell::link(text(to, "name"), home_of("applications", to)),
                Cell::link(text(by, "name"), home_of("groups", by)),
                if state.is_empty() { Cell::Nothing } else { Cell::Badges(state) },
            ],
        });
    }
    Ok(Table {
        caption: "Applications".into(),
        columns: ["Application", "By", "State"].map(Column::new).into(),
        rows,
        empty: Empty {
            title: "None is bound to it".into(),
            hint: "Applications are bound to groups on their own pages. What nothing is bound to is open to all."
                .into(),
            action: None,
        },
        ..Table::default()
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_shows_what_is_in_what_and_ends_in_circles() {
        let groups = [
            json!({"pk": "a", "name": "All", "parents": []}),
            json!({"pk": "b", "name": "Staff", "parents": ["a", "unseen"], "is_superuser": true}),
            json!({"pk": "c", "name": "Ops", "parents": ["b"]}),
            json!({"pk": "d", "name": "Left alone", "parents": ["unseen"]}),
        ];
        let Part::Tree(Tree(roots)) = tree(&groups) else { panic!("no tree") };
        let names: Vec<&str> = roots.iter().map(|root| root.label.as_str()).collect();
        assert_eq!(names, ["All", "Left alone"]);
        assert_eq!((roots[0].children[0].label.as_str(), roots[0].children[0].aside.as_str()), ("Staff", "superusers"));
        assert_eq!(roots[0].children[0].children[0].label, "Ops");
        // No root: nothing is shown, and nothing runs for ever.
        let circle = [json!({"pk": "a", "parents": ["b"]}), json!({"pk": "b", "parents": ["a"]})];
        assert!(matches!(tree(&circle), Part::Tree(Tree(roots)) if roots.is_empty()));
    }
}
