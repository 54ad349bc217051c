//! What a role permits: a table of things and acts to tick, section by section, and permissions on single things.

use super::{
    super::{
        desk::{Desk, Paged, done},
        form,
        resource::{key_text, part},
        touched::LOADED,
    },
    common::{home_of, refused, status},
    roles::{head, held, in_short, load, objects as object_table, on_objects},
};
use crate::pages::admin::{Bulk, Cell, Choice, Control, Empty, Facts, Field, Form, Matrix, MatrixRow, Panel, Tone};
use axum::{
    extract::{Path, Request},
    http::Method,
    response::Response,
};
use lockgate_model::permission::{self, Permission};
use lockgate_policies::Action as Act;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Sections in the order shown. A form of everything would have more fields than a form may.
const SECTIONS: [&str; 6] =
    ["Directory", "Applications", "Flows and stages", "Policies and mappings", "Events", "System"];

/// The section of a kind.
fn section(kind: &str) -> &'static str {
    let ends = |endings: &[&str]| endings.iter().any(|ending| kind.ends_with(ending));
    match kind {
        "user"
        | "group"
        | "role"
        | "token"
        | "session"
        | "invitation"
        | "user_consent"
        | "initial_permissions"
        | "reputation" => SECTIONS[0],
        "outpost" | "authorization_code" | "access_token" | "refresh_token" => SECTIONS[1],
        "flow" | "prompt" | "flow_stage_binding" => SECTIONS[2],
        "policy_binding" => SECTIONS[3],
        "event" | "notification" => SECTIONS[4],
        _ if ends(&["_device"]) => SECTIONS[0],
        _ if ends(&["_provider"]) || kind.starts_with("application") => SECTIONS[1],
        _ if ends(&["_stage"]) => SECTIONS[2],
        _ if ends(&["_policy", "_mapping"]) => SECTIONS[3],
        _ if kind.starts_with("notification") => SECTIONS[4],
        _ => SECTIONS[5],
    }
}

fn of_section(name: &str) -> impl Iterator<Item = &'static Permission> {
    permission::all().iter().filter(move |known| section(known.noun.kind) == name)
}

/// `GET /if/admin/roles/{key}/permissions/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key, (String::new(), String::new()), Vec::new()).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str, typed: (String, String), problems: Vec<(String, String)>) -> Paged {
    let role = load(desk, key).await?;
    let home = format!("{}permissions/", home_of("roles", &role));
    let may = desk.may(Act::DefineRole, "role");
    let held: HashSet<String> = held(desk, &role).await?.into_iter().collect();
    let status = status(&problems);
    let asked = desk.asked("section").unwrap_or_default();
    let name = SECTIONS.into_iter().find(|section| slug(section) == asked).unwrap_or(SECTIONS[0]);
    let mut panels = vec![Panel::bare(sections(&home, name, &held))];
    let loaded: Vec<&str> =
        of_section(name).map(|known| known.codename.as_str()).filter(|codename| held.contains(*codename)).collect();
    let matrix = Matrix {
        action: home.clone(),
        csrf: desk.csrf.clone(),
        caption: name.to_owned(),
        hidden: vec![("section".into(), name.into()), (LOADED.into(), loaded.join(" "))],
        field: "permission".into(),
        first: "Of every".into(),
        columns: ["View", "Create", "Change", "Delete", "Beside these"].map(str::to_owned).into(),
        rows: rows(name, &held),
        submit: may.then(|| format!("Save {}", name.to_lowercase())),
    };
    panels.push(Panel { id: slug(name), ..Panel::new(name, vec![matrix.into()]) });
    let single = on_objects(desk, &role).await?;
    let mut table = object_table(&single);
    table.empty = Empty { title: "None".into(), hint: "All of a kind, or nothing of it.".into(), action: None };
    if may {
        table.bulk = vec![Bulk { label: "Take away".into(), value: "remove".into(), tone: Tone::Plain }];
        table.bulk_action = format!("{home}objects/");
        table.csrf.clone_from(&desk.csrf);
    }
    let mut panel = Panel::new("On single things", Vec::new()).lead("On one thing instead of all of its kind.");
    panel.id = "objects".into();
    if may {
        panel.parts.push(object_form(desk, &home, typed).wrong(problems).into());
    }
    panel.parts.push(table.into());
    panels.push(panel);
    let mut head = head(desk, &role, "permissions/")?;
    head.lead = "What holders may do to everything of a kind.".into();
    head.api = Some(format!("POST /api/v3/rbac/permissions/assigned_by_roles/{}/assign/", key_text(&role["pk"])));
    Ok(desk.page_with(status, head, panels))
}

/// The sections with how much of each is permitted: a page shows one, since all of them are much.
fn sections(home: &str, chosen: &str, held: &HashSet<String>) -> Facts {
    SECTIONS.into_iter().fold(Facts::default(), |facts, name| {
        let ticked = of_section(name).filter(|known| held.contains(&known.codename)).count();
        let told = format!("{ticked} of {} permitted", of_section(name).count());
        let value =
            if name == chosen { Cell::from(told) } else { Cell::link(told, format!("{home}?section={}", slug(name))) };
        facts.with(name, value)
    })
}

fn slug(section: &str) -> String {
    section.to_lowercase().replace(' ', "-")
}

/// A row for each noun: the four usual acts, and those beside.
fn rows(section: &str, held: &HashSet<String>) -> Vec<MatrixRow> {
    let mut rows: Vec<MatrixRow> = Vec::new();
    for known in of_section(section) {
        let label = known.noun.verbose_name;
        let at = rows.iter().position(|row| row.label == label).unwrap_or_else(|| {
            rows.push(MatrixRow { label: label.to_owned(), cells: vec![Vec::new(); 5] });
            rows.len() - 1
        });
        let column =
            ["view", "create", "change", "delete"].iter().position(|word| *word == in_short(known)).unwrap_or(4);
        rows[at].cells[column].push(Choice {
            value: known.codename.clone(),
            label: known.name.clone(),
            hint: String::new(),
            chosen: held.contains(&known.codename),
        });
    }
    rows.sort_by(|a, b| a.label.cmp(&b.label));
    rows
}

fn object_form(desk: &Desk, home: &str, (permission, object): (String, String)) -> Form {
    let mut known: Vec<&Permission> = permission::all().iter().filter(|known| known.is_on_objects()).collect();
    known.sort_by_key(|known| (known.noun.verbose_name, &known.name));
    let choice = |known: &&Permission| Choice {
        value: known.full_name(),
        label: format!("{}: {}", known.noun.verbose_name, known.name),
        hint: String::new(),
        chosen: known.full_name() == permission,
    };
    Form::new(format!("{home}objects/"), &desk.csrf, "Permit").fields(vec![
        Field::new("action", "", Control::Hidden("add".into())),
        Field::new("permission", "Holders may", Control::Select(known.iter().map(choice).collect())).required(),
        Field::new("object", "On", Control::text(object)).required().hint("Its name, or its key."),
    ])
}

fn api(role: &Value, verb: &str) -> String {
    format!("/rbac/permissions/assigned_by_roles/{}/{verb}/", part(&key_text(&role["pk"])))
}

/// `POST /if/admin/roles/{key}/permissions/`: what was ticked in a section since it was loaded, and what is no more.
pub(super) async fn save(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = saved(&desk, &key, request).await;
    desk.answer(paged)
}

async fn saved(desk: &Desk, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let role = load(desk, key).await?;
    // What somebody else has permitted or taken since the page was loaded stays so.
    let held: HashSet<&str> = sent.get(LOADED).unwrap_or_default().split(' ').collect();
    let ticked: HashSet<&str> = sent.all("permission").collect();
    let name = sent.get("section").unwrap_or_default();
    let of_it = || of_section(name);
    let is = |known: &Permission| held.contains(known.codename.as_str());
    let wanted = |known: &Permission| ticked.contains(known.codename.as_str());
    let given: Vec<String> = of_it().filter(|k| !is(k) && wanted(k)).map(Permission::full_name).collect();
    let taken: Vec<String> = of_it().filter(|k| is(k) && !wanted(k)).map(Permission::full_name).collect();
    for (method, verb, permissions) in [(Method::POST, "assign", given), (Method::PATCH, "unassign", taken)] {
        if permissions.is_empty() {
            continue;
        }
        let reply = desk.send(method, &api(&role, verb), &json!({"permissions": permissions})).await?;
        if !reply.status.is_success() {
            return Err(refused(&reply));
        }
    }
    Ok(done(&format!("{}permissions/?section={}", home_of("roles", &role), slug(name)), "saved"))
}

/// `POST /if/admin/roles/{key}/permissions/objects/`: permits on one thing, and no more on some.
pub(super) async fn objects(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = objects_changed(&desk, &key, request).await;
    desk.answer(paged)
}

async fn objects_changed(desk: &Desk, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let role = load(desk, key).await?;
    let back = format!("{}permissions/", home_of("roles", &role));
    if sent.get("action") == Some("remove") {
        for row in sent.all("key") {
            let mut words = row.splitn(3, ' ');
            let (name, model, object) =
                (words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let app = name.split('.').next().unwrap_or_default();
            let body = json!({"permissions": [name], "model": format!("{app}.{model}"), "object_pk": object});
            let reply = desk.send(Method::PATCH, &api(&role, "unassign"), &body).await?;
            if !reply.status.is_success() {
                return Err(refused(&reply));
            }
        }
        return Ok(done(&back, "saved"));
    }
    let name = sent.get("permission").unwrap_or_default();
    let object = sent.get("object").unwrap_or_default().trim();
    let typed = || (name.to_owned(), object.to_owned());
    let Some(known) = permission::by_full_name(name) else {
        return shown(desk, key, typed(), vec![("permission".into(), "There is no such permission.".into())]).await;
    };
    let Some(object_key) = form::key(desk, known.noun.kind, object).await? else {
        let sentence = format!("There is no \"{object}\" of that kind.");
        return shown(desk, key, typed(), vec![("object".into(), sentence)]).await;
    };
    let body = json!({"permissions": [name], "model": known.noun.model, "object_pk": key_text(&object_key)});
    let reply = desk.send(Method::POST, &api(&role, "assign"), &body).await?;
    if reply.status.is_success() {
        return Ok(done(&back, "saved"));
    }
    let problems = reply.problems().into_iter().map(|(field, sentence)| match field.as_str() {
        "object_pk" => ("object".to_owned(), sentence),
        "permissions" => ("permission".to_owned(), sentence),
        _ => (field, sentence),
    });
    shown(desk, key, typed(), problems.collect()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_stands_in_one_section_that_a_form_can_hold() {
        let all: usize = SECTIONS.iter().map(|name| of_section(name).count()).sum();
        assert_eq!(all, permission::all().len());
        for name in SECTIONS {
            let rows = rows(name, &HashSet::new());
            assert!(!rows.is_empty(), "{name}");
            assert!(of_section(name).count() < 250, "{name} has too many for one form");
            assert!(rows.iter().all(|row| row.cells[..4].iter().all(|cell| cell.len() <= 1)), "{name}");
        }
    }

    #[test]
    fn kinds_have_pages_where_their_names_are_looked_up() {
        let missing: Vec<&str> = permission::all()
            .iter()
            .filter(|known| known.is_on_objects() && super::super::super::resource::of(known.noun.kind).is_none())
            .map(|known| known.noun.kind)
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
