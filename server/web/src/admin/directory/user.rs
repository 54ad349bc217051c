//! The page of one user: facts, state, groups, attributes, and what can be done.

use super::{
    super::{
        desk::{Desk, Paged, Trouble, done},
        form, list, object,
        resource::{key_text, part, text},
        spec::label,
    },
    common::{home_of, moment, named, refused, status},
};
use crate::pages::admin::{
    Action, Badge, Bulk, Cell, Code, Column, Control, Empty, Facts, Field, FieldSet, Form, Heading, Panel, Row, Table,
    Tone, Width,
};
use axum::{
    extract::{Path, Request},
    http::{Method, StatusCode},
    response::Response,
};
use lockgate_policies::Action as Act;
use serde_json::{Value, json};

/// Kinds of second factors in policies.
pub(super) const FACTORS: [&str; 6] =
    ["totp_device", "webauthn_device", "static_device", "sms_device", "email_device", "duo_device"];

/// A user, as the viewer may see one. Other words beside the numbers of users are deeds of the API.
pub(super) async fn load(desk: &Desk, key: &str) -> Result<Value, Trouble> {
    if key.parse::<i64>().is_err() {
        return Err(Trouble::Refused(StatusCode::NOT_FOUND, "No User matches the given query.".to_owned()));
    }
    Ok(desk.rest.get(&format!("/core/users/{}/", part(key))).await?)
}

/// The heading of one of the user's pages.
pub(super) fn head(desk: &Desk, user: &Value, tab: &str) -> Result<Heading, Trouble> {
    Ok(object::head(desk, list::find("users")?, user, tab))
}

/// Whether it is who looks.
pub(super) fn is_oneself(desk: &Desk, user: &Value) -> bool {
    user["pk"].as_i64() == Some(desk.signed_in.principal().user.pk)
}

/// See [`super::dress`].
pub(super) fn dress(desk: &Desk, user: &Value, head: &mut Heading) {
    let home = home_of("users", user);
    let may = |act: Act| desk.may(act, "user");
    head.lead = text(user, "name").to_owned();
    head.badges = badges(user);
    head.tabs.retain(|tab| match tab.href.strip_prefix(&home).unwrap_or_default() {
        "access/" => may(Act::CheckAccess),
        "factors/" => FACTORS.iter().any(|kind| desk.may(Act::Read, kind)),
        "sessions/" => desk.may(Act::Read, "session"),
        "events/" => desk.may(Act::Read, "event"),
        "permissions/" => desk.may(Act::Read, "role"),
        "used-by/" => may(Act::Update) || may(Act::Delete),
        _ => true,
    });
    if head.tabs.len() == 1 {
        head.tabs.clear();
    }
    let is_active = user["is_active"] == json!(true);
    let mut own = Vec::new();
    if may(Act::SetPassword) {
        own.push(Action::link("Set password", format!("{home}password/")));
    }
    if FACTORS.iter().any(|kind| desk.may(Act::Create, kind)) {
        own.push(Action::link("Enroll", format!("{home}factors/enroll/")));
    }
    if may(Act::Update) && !is_oneself(desk, user) {
        own.push(match is_active {
            true => Action::link("Deactivate", format!("{home}active/")),
            false => Action::post("Activate", format!("{home}active/"), [("active", "true".to_owned())]),
        });
    }
    let acts_already = desk.signed_in.session.original_pk.is_some();
    let can_act = desk.visit.snapshot.settings.impersonation && !acts_already && is_active;
    if may(Act::Impersonate) && can_act && !is_oneself(desk, user) {
        own.push(Action::link("Act as", format!("{home}impersonate/")));
    }
    // Behind "Edit", before "Delete".
    let at = head.actions.iter().position(|action| action.tone == Tone::Bad).unwrap_or(head.actions.len());
    head.actions.splice(at..at, own);
}

/// Words on the state of an account.
fn badges(user: &Value) -> Vec<Badge> {
    let mut badges = vec![match user["is_active"].as_bool() {
        Some(true) => Badge::new("Active", Tone::Good),
        _ => Badge::new("Inactive", Tone::Bad),
    }];
    if user["is_superuser"] == json!(true) {
        badges.push(Badge::new("Superuser", Tone::Info));
    }
    if text(user, "type") != "internal" {
        badges.push(Badge::new(label(text(user, "type")), Tone::Plain));
    }
    badges
}

/// `GET /if/admin/users/{key}/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key, Vec::new()).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str, problems: Vec<(String, String)>) -> Paged {
    let user = load(desk, key).await?;
    let head = head(desk, &user, "")?;
    let account = Panel::new("Account", vec![facts(&user).into()]).wide(Width::TwoThirds);
    let status = status(&problems);
    let mut panels = vec![account, groups_panel(desk, &user, problems)];
    if user["attributes"].as_object().is_some_and(|attributes| !attributes.is_empty()) {
        let code = Code { text: format!("{:#}", user["attributes"]), copy: true, ..Code::default() };
        panels.push(Panel::new("Attributes", vec![code.into()]).lead("Mappings and policies can read them."));
    }
    Ok(desk.page_with(status, head, panels))
}

fn facts(user: &Value) -> Facts {
    let time = |member: &str| Cell::time(user[member].as_str());
    let roles = user["roles_obj"].as_array().map(Vec::as_slice).unwrap_or_default();
    let roles: Vec<(String, String)> =
        roles.iter().map(|role| (text(role, "name").to_owned(), home_of("roles", role))).collect();
    Facts::default()
        .with("User name", text(user, "username"))
        .with("Name", text(user, "name"))
        .with("E-mail", text(user, "email"))
        .with("Type", label(text(user, "type")))
        .with("Folder", text(user, "path"))
        .with("Roles", if roles.is_empty() { Cell::Nothing } else { Cell::Links(roles) })
        .with("Last sign-in", time("last_login"))
        .with("Password changed", time("password_change_date"))
        .with("Joined", time("date_joined"))
        .with("Changed", time("last_updated"))
        .with("Identifier", Cell::Code(text(user, "uuid").to_owned()))
        .with("In tokens", Cell::Code(text(user, "uid").to_owned()))
}

/// Groups that the account is in itself, with ways in and out.
fn groups_panel(desk: &Desk, user: &Value, problems: Vec<(String, String)>) -> Panel {
    let home = home_of("users", user);
    let may = desk.may(Act::ManageMembers, "group");
    let groups = user["groups_obj"].as_array().map(Vec::as_slice).unwrap_or_default();
    let row = |group: &Value| {
        let mut cells = vec![Cell::link(text(group, "name"), home_of("groups", group))];
        cells.push(match group["is_superuser"] == json!(true) {
            true => Cell::badge("Superusers", Tone::Info),
            false => Cell::Nothing,
        });
        Row { key: may.then(|| key_text(&group["pk"])), cells }
    };
    let table = Table {
        caption: "Groups".into(),
        columns: ["Group", "Rights"].map(Column::new).into(),
        rows: groups.iter().map(row).collect(),
        empty: Empty { title: "In no group".into(), hint: String::new(), action: None },
        bulk: match may {
            true => vec![Bulk { label: "Take out".into(), value: "remove".into(), tone: Tone::Plain }],
            false => Vec::new(),
        },
        bulk_action: format!("{home}groups/"),
        csrf: desk.csrf.clone(),
        ..Table::default()
    };
    let mut panel = Panel::new("Groups", vec![table.into()]).wide(Width::Third);
    if may {
        let mut form = Form::new(format!("{home}groups/"), &desk.csrf, "Add").fields(vec![
            Field::new("action", "", Control::Hidden("add".into())),
            named("group", "Add to a group", "group", ""),
        ]);
        form.sets.push(for_a_time());
        panel.parts.push(form.wrong(problems).into());
    }
    panel
}

/// When a membership begins and ends.
pub(super) fn for_a_time() -> FieldSet {
    let time =
        |name: &str, label: &str, hint: &str| Field::new(name, label, Control::line("datetime-local", "")).hint(hint);
    FieldSet {
        legend: "Only for a time".into(),
        folded: true,
        fields: vec![
            time("from", "From", "In UTC. Empty: at once."),
            time("until", "Until", "In UTC. Empty: until somebody ends it."),
        ],
    }
}

/// The body of a membership.
pub(super) fn membership(user: &Value, sent: &crate::flow::form::Form) -> Value {
    let mut body = json!({"pk": user});
    for name in ["from", "until"] {
        if let Some(time) = sent.get(name).and_then(moment) {
            body[name] = time;
        }
    }
    body
}

/// `POST /if/admin/users/{key}/groups/`: puts into a group, and takes out of some.
pub(super) async fn groups(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = regroup(&desk, &key, request).await;
    desk.answer(paged)
}

async fn regroup(desk: &Desk, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let user = load(desk, key).await?;
    let home = home_of("users", &user);
    if sent.get("action") == Some("remove") {
        for group in sent.all("key") {
            let path = format!("/core/groups/{}/remove_user/", part(group));
            let reply = desk.send(Method::POST, &path, &json!({"pk": user["pk"]})).await?;
            if !reply.status.is_success() {
                return Err(refused(&reply));
            }
        }
        return Ok(done(&home, "saved"));
    }
    let name = sent.get("group").unwrap_or_default().trim();
    let Some(group) = form::key(desk, "group", name).await? else {
        return shown(desk, key, vec![("group".into(), format!("There is no group \"{name}\"."))]).await;
    };
    let path = format!("/core/groups/{}/add_user/", part(&key_text(&group)));
    let reply = desk.send(Method::POST, &path, &membership(&user["pk"], &sent)).await?;
    if reply.status.is_success() {
        return Ok(done(&home, "saved"));
    }
    shown(desk, key, reply.problems()).await
}
