//! What a user may administer: roles, where they come from, and what they permit.

use super::{
    super::{
        desk::{Desk, Paged, Trouble, done},
        form,
        resource::{key_text, part, text},
    },
    common::{home_of, named, refused, status},
    roles::permitted,
    user::{head, load},
};
use crate::pages::admin::{Bulk, Cell, Column, Control, Empty, Field, Form, Note, Panel, Row, Table, Tone};
use axum::{
    extract::{Path, Request},
    http::Method,
    response::Response,
};
use lockgate_policies::Action as Act;
use serde_json::{Value, json};

/// `GET /if/admin/users/{key}/permissions/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key, Vec::new()).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str, problems: Vec<(String, String)>) -> Paged {
    let user = load(desk, key).await?;
    let home = home_of("users", &user);
    let may = desk.may(Act::GrantRole, "role");
    let roles = desk.all(&format!("/rbac/roles/?inherited=true&users={}", key_text(&user["pk"]))).await?;
    let own = user["roles"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut rows = Vec::new();
    for role in &roles {
        let is_own = own.contains(&role["pk"]);
        let what = permitted(desk, role).await?;
        rows.push(Row {
            key: (may && is_own).then(|| key_text(&role["pk"])),
            cells: vec![
                Cell::link(text(role, "name"), home_of("roles", role)),
                Cell::badge(if is_own { "Itself" } else { "By a group" }, Tone::Plain),
                Cell::from(what),
            ],
        });
    }
    let table = Table {
        caption: "Roles".into(),
        columns: ["Role", "Held", "What it permits"].map(Column::new).into(),
        rows,
        empty: Empty {
            title: "No role".into(),
            hint: "Who holds none administers nothing, unless a superuser or by policies of files.".into(),
            action: None,
        },
        bulk: match may {
            true => vec![Bulk { label: "Take away".into(), value: "remove".into(), tone: Tone::Plain }],
            false => Vec::new(),
        },
        bulk_action: format!("{home}permissions/"),
        csrf: desk.csrf.clone(),
        ..Table::default()
    };
    let mut panels = Vec::new();
    if user["is_superuser"] == json!(true) {
        let note = Note::new(Tone::Info, "A superuser may do everything, whatever roles say.");
        panels.push(Panel::bare(note));
    }
    panels.push(Panel::bare(table));
    let status = status(&problems);
    if may {
        let form = Form::new(format!("{home}permissions/"), &desk.csrf, "Give")
            .fields(vec![Field::new("action", "", Control::Hidden("add".into())), named("role", "Role", "role", "")])
            .wrong(problems);
        panels.push(Panel::new("Give a role", vec![form.into()]));
    }
    let mut head = head(desk, &user, "permissions/")?;
    head.api = Some(format!("GET /api/v3/rbac/roles/?inherited=true&users={}", key_text(&user["pk"])));
    Ok(desk.page_with(status, head, panels))
}

/// `POST /if/admin/users/{key}/permissions/`: gives a role, and takes some away.
pub(super) async fn change(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = changed(&desk, &key, request).await;
    desk.answer(paged)
}

async fn changed(desk: &Desk, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let user = load(desk, key).await?;
    let back = format!("{}permissions/", home_of("users", &user));
    if sent.get("action") == Some("remove") {
        for role in sent.all("key") {
            let reply = hold(desk, role, "remove_user", &user["pk"]).await?;
            if !reply.status.is_success() {
                return Err(refused(&reply));
            }
        }
        return Ok(done(&back, "saved"));
    }
    let name = sent.get("role").unwrap_or_default().trim();
    let Some(role) = form::key(desk, "role", name).await? else {
        return shown(desk, key, vec![("role".into(), format!("There is no role \"{name}\"."))]).await;
    };
    let reply = hold(desk, &key_text(&role), "add_user", &user["pk"]).await?;
    if reply.status.is_success() {
        return Ok(done(&back, "saved"));
    }
    shown(desk, key, reply.problems()).await
}

/// Gives a role to a user, or takes it.
pub(super) async fn hold(desk: &Desk, role: &str, verb: &str, user: &Value) -> Result<crate::rest::Reply, Trouble> {
    Ok(desk.send(Method::POST, &format!("/rbac/roles/{}/{verb}/", part(role)), &json!({"pk": user})).await?)
}
