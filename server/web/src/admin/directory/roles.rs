//! Roles: the page of one, and who holds it.

use super::{
    super::{
        desk::{Desk, Paged, Trouble, done},
        form, list, object,
        resource::{key_text, part, text},
    },
    common::{home_of, named, refused, status},
    standing::hold,
};
use crate::pages::admin::{Badge, Bulk, Cell, Column, Control, Empty, Field, Form, Heading, Panel, Row, Table, Tone};
use axum::{
    extract::{Path, Request},
    response::Response,
};
use lockgate_model::permission;
use lockgate_policies::Action as Act;
use serde_json::Value;
use std::collections::BTreeMap;

/// A role.
pub(super) async fn load(desk: &Desk, key: &str) -> Result<Value, Trouble> {
    Ok(desk.rest.get(&format!("/rbac/roles/{}/", part(key))).await?)
}

/// The heading of one of the role's pages.
pub(super) fn head(desk: &Desk, role: &Value, tab: &str) -> Result<Heading, Trouble> {
    Ok(object::head(desk, list::find("roles")?, role, tab))
}

/// See [`super::dress`].
pub(super) fn dress(desk: &Desk, head: &mut Heading) {
    head.tabs.retain(|tab| !tab.href.ends_with("holders/") || desk.may(Act::Read, "user"));
}

/// What a role permits on everything of a kind: the names of permissions.
pub(super) async fn held(desk: &Desk, role: &Value) -> Result<Vec<String>, Trouble> {
    let found = desk.all(&format!("/rbac/permissions/?role={}", key_text(&role["pk"]))).await?;
    Ok(found.iter().map(|one| text(one, "codename").to_owned()).collect())
}

/// What a role permits on single things.
pub(super) async fn on_objects(desk: &Desk, role: &Value) -> Result<Vec<Value>, Trouble> {
    desk.all(&format!("/rbac/permissions/roles/?uuid={}", key_text(&role["pk"]))).await
}

/// What is permitted, by what it is about.
pub(super) fn by_noun(codenames: &[String]) -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut found: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
    for known in permission::all().iter().filter(|known| codenames.contains(&known.codename)) {
        found.entry(known.noun.verbose_name).or_default().push(in_short(known));
    }
    found
}

/// A permission as people say it beside what it is about.
pub(super) fn in_short(known: &'static permission::Permission) -> &'static str {
    match known.codename.strip_suffix(&format!("_{}", known.noun.model_name())) {
        Some("view") => "view",
        Some("add") => "create",
        Some("change") => "change",
        Some("delete") => "delete",
        _ => &known.name,
    }
}

/// What a role permits, in a sentence.
pub(super) async fn permitted(desk: &Desk, role: &Value) -> Result<String, Trouble> {
    let everywhere = held(desk, role).await?;
    let mut parts: Vec<String> =
        by_noun(&everywhere).into_iter().map(|(noun, acts)| format!("{noun}: {}", acts.join(", "))).collect();
    let single = on_objects(desk, role).await?.len();
    if single > 0 {
        parts.push(format!("{single} on single things"));
    }
    Ok(parts.join("; "))
}

/// `GET /if/admin/roles/{key}/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str) -> Paged {
    let role = load(desk, key).await?;
    let everywhere = held(desk, &role).await?;
    let row = |(noun, acts): (&str, Vec<&str>)| Row {
        key: None,
        cells: vec![Cell::from(noun), Cell::Badges(acts.into_iter().map(|act| Badge::new(act, Tone::Plain)).collect())],
    };
    let table = Table {
        caption: "What it permits".into(),
        columns: ["Of every", "Holders may"].map(Column::new).into(),
        rows: by_noun(&everywhere).into_iter().map(row).collect(),
        empty: Empty {
            title: "Nothing yet".into(),
            hint: "Tick what holders may under \"Permissions\".".into(),
            action: None,
        },
        ..Table::default()
    };
    let mut panels = vec![Panel::new("What it permits", vec![table.into()])];
    let single = on_objects(desk, &role).await?;
    if !single.is_empty() {
        panels.push(Panel::new("On single things", vec![objects(&single).into()]));
    }
    Ok(desk.page(head(desk, &role, "")?, panels))
}

/// Permissions on single things as a list.
pub(super) fn objects(single: &[Value]) -> Table {
    let row = |one: &Value| {
        let name = match text(one, "object_description") {
            "" => Cell::badge("Gone, or not to be seen", Tone::Warn),
            name => Cell::from(name),
        };
        Row {
            key: Some(format!(
                "{}.{} {} {}",
                text(one, "app_label"),
                text(one, "codename"),
                text(one, "model"),
                text(one, "object_pk")
            )),
            cells: vec![name, Cell::from(text(one, "model_verbose")), Cell::from(text(one, "name"))],
        }
    };
    Table {
        caption: "On single things".into(),
        columns: ["Thing", "Kind", "Holders may"].map(Column::new).into(),
        rows: single.iter().map(row).collect(),
        ..Table::default()
    }
}

/// `GET /if/admin/roles/{key}/holders/`.
pub(super) async fn holders(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = held_by(&desk, &key, "", Vec::new()).await;
    desk.answer(paged)
}

async fn held_by(desk: &Desk, key: &str, name: &str, problems: Vec<(String, String)>) -> Paged {
    let role = load(desk, key).await?;
    let home = format!("{}holders/", home_of("roles", &role));
    let may = desk.may(Act::GrantRole, "role");
    let pk = key_text(&role["pk"]);
    let status = status(&problems);
    let mut panels = Vec::new();
    if may {
        let form = Form::new(&home, &desk.csrf, "Give")
            .fields(vec![Field::new("action", "", Control::Hidden("add".into())), named("user", "User", "user", name)])
            .wrong(problems);
        let lead = "Groups are given a role on their own pages: all their members hold it then.";
        panels.push(Panel::new("Give it to a user", vec![form.into()]).lead(lead));
    }
    let mut table = list::choosing(desk, list::find("users")?, &[("roles_by_pk", pk.as_str())], may).await?;
    table.caption = "Holders".into();
    table.bulk = match may {
        true => vec![Bulk { label: "Take away".into(), value: "remove".into(), tone: Tone::Plain }],
        false => Vec::new(),
    };
    table.bulk_action = home;
    if table.reset.is_none() {
        table.empty = Empty { title: "Nobody holds it itself".into(), ..Empty::default() };
    }
    panels.push(Panel::bare(table));
    if desk.may(Act::Read, "group") {
        panels.push(Panel::new("Groups that hold it", vec![groups(desk, &role).await?.into()]));
    }
    let mut head = head(desk, &role, "holders/")?;
    head.api = Some(format!("GET /api/v3/core/users/?roles_by_pk={pk}"));
    Ok(desk.page_with(status, head, panels))
}

async fn groups(desk: &Desk, role: &Value) -> Result<Table, Trouble> {
    let groups = desk.all("/core/groups/?include_users=false&ordering=name").await?;
    let holds = |group: &&Value| group["roles"].as_array().is_some_and(|roles| roles.contains(&role["pk"]));
    let row = |group: &Value| Row { key: None, cells: vec![Cell::link(text(group, "name"), home_of("groups", group))] };
    Ok(Table {
        caption: "Groups that hold it".into(),
        columns: vec![Column::new("Group")],
        rows: groups.iter().filter(holds).map(row).collect(),
        empty: Empty { title: "No group holds it".into(), ..Empty::default() },
        ..Table::default()
    })
}

/// `POST /if/admin/roles/{key}/holders/`: gives it to a user, and takes it from some.
pub(super) async fn change_holders(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = changed(&desk, &key, request).await;
    desk.answer(paged)
}

async fn changed(desk: &Desk, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let role = load(desk, key).await?;
    let (pk, back) = (key_text(&role["pk"]), format!("{}holders/", home_of("roles", &role)));
    if sent.get("action") == Some("remove") {
        for user in sent.all("key").filter_map(|key| key.parse::<i64>().ok()) {
            let reply = hold(desk, &pk, "remove_user", &user.into()).await?;
            if !reply.status.is_success() {
                return Err(refused(&reply));
            }
        }
        return Ok(done(&back, "saved"));
    }
    let name = sent.get("user").unwrap_or_default().trim();
    let Some(user) = form::key(desk, "user", name).await? else {
        return held_by(desk, key, name, vec![("user".into(), format!("There is no user \"{name}\"."))]).await;
    };
    let reply = hold(desk, &pk, "add_user", &user).await?;
    if reply.status.is_success() {
        return Ok(done(&back, "saved"));
    }
    held_by(desk, key, name, reply.problems()).await
}
