//! Who is in a group.

use super::{
    super::{
        desk::{Desk, Paged, done},
        form, list,
        resource::{key_text, part, text},
    },
    common::{home_of, named, refused, status},
    groups::{head, load},
    user::{for_a_time, membership},
};
use crate::pages::admin::{Badge, Bulk, Cell, Column, Control, Empty, Field, Form, Panel, Row, Table, Tone};
use axum::{
    extract::{Path, Request},
    http::Method,
    response::Response,
};
use lockgate_policies::Action as Act;
use serde_json::{Value, json};

/// `GET /if/admin/groups/{key}/members/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key, "", Vec::new()).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str, name: &str, problems: Vec<(String, String)>) -> Paged {
    let group = load(desk, key).await?;
    let home = format!("{}members/", home_of("groups", &group));
    let may = desk.may(Act::ManageMembers, "group");
    let pk = key_text(&group["pk"]);
    let mut panels = Vec::new();
    let status = status(&problems);
    if may {
        let mut form = Form::new(&home, &desk.csrf, "Add")
            .fields(vec![Field::new("action", "", Control::Hidden("add".into())), named("user", "User", "user", name)]);
        form.sets.push(for_a_time());
        panels.push(Panel::new("Add a member", vec![form.wrong(problems).into()]));
    }
    let users = list::find("users")?;
    let mut table = list::choosing(desk, users, &[("groups_by_pk", pk.as_str())], may).await?;
    table.caption = "Members".into();
    table.bulk = match may {
        true => vec![Bulk { label: "Take out".into(), value: "remove".into(), tone: Tone::Plain }],
        false => Vec::new(),
    };
    table.bulk_action.clone_from(&home);
    if table.reset.is_none() {
        table.empty = Empty {
            title: "No members".into(),
            hint: "Those of groups within it are not listed here.".into(),
            action: None,
        };
    }
    panels.push(Panel::bare(table));
    let timed = desk.rest.get(&format!("/core/groups/{}/memberships/", part(&pk))).await?;
    let timed = timed.as_array().map(Vec::as_slice).unwrap_or_default();
    if !timed.is_empty() {
        panels.push(Panel::new("For a time", vec![for_time(timed).into()]));
    }
    let mut head = head(desk, &group, "members/")?;
    head.api = Some(format!("GET /api/v3/core/users/?groups_by_pk={pk}"));
    Ok(desk.page_with(status, head, panels))
}

/// Memberships that begin or end by themselves.
fn for_time(memberships: &[Value]) -> Table {
    let row = |one: &Value| {
        let state = match one["in_force"] == json!(true) {
            true => Badge::new("Member", Tone::Good),
            false => Badge::new("Not now", Tone::Plain),
        };
        Row {
            key: None,
            cells: vec![
                Cell::link(text(one, "username"), home_of("users", one)),
                Cell::Badges(vec![state]),
                Cell::time(one["from"].as_str()),
                Cell::time(one["until"].as_str()),
            ],
        }
    };
    Table {
        caption: "Memberships for a time".into(),
        columns: ["User", "State", "From", "Until"].map(Column::new).into(),
        rows: memberships.iter().map(row).collect(),
        ..Table::default()
    }
}

/// `POST /if/admin/groups/{key}/members/`: adds one, and takes some out.
pub(super) async fn change(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = changed(&desk, &key, request).await;
    desk.answer(paged)
}

async fn changed(desk: &Desk, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let group = load(desk, key).await?;
    let back = format!("{}members/", home_of("groups", &group));
    let path = |verb: &str| format!("/core/groups/{}/{verb}/", part(&key_text(&group["pk"])));
    if sent.get("action") == Some("remove") {
        for user in sent.all("key").filter_map(|key| key.parse::<i64>().ok()) {
            let reply = desk.send(Method::POST, &path("remove_user"), &json!({"pk": user})).await?;
            if !reply.status.is_success() {
                return Err(refused(&reply));
            }
        }
        return Ok(done(&back, "saved"));
    }
    let name = sent.get("user").unwrap_or_default().trim();
    let Some(user) = form::key(desk, "user", name).await? else {
        return shown(desk, key, name, vec![("user".into(), format!("There is no user \"{name}\"."))]).await;
    };
    let reply = desk.send(Method::POST, &path("add_user"), &membership(&user, &sent)).await?;
    if reply.status.is_success() {
        return Ok(done(&back, "saved"));
    }
    shown(desk, key, name, reply.problems()).await
}
