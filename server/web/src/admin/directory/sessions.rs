//! Where a user is signed in, and ending it.

use super::{
    super::{
        desk::{Desk, Paged, done},
        list,
        resource::{ColumnDef, column, key_text, ordered, part, text},
    },
    common::{home_of, listing, refused},
    confirm::Confirm,
    deeds::crumbs,
    user::{head, load},
};
use crate::pages::admin::{Action, Bulk, Cell, Panel, Tone};
use axum::{
    extract::{Path, Request},
    http::Method,
    response::Response,
};
use lockgate_policies::Action as Act;
use serde_json::Value;

static COLUMNS: &[ColumnDef] = &[
    column("Device", |value| {
        let agent = &value["user_agent"];
        let (browser, system) = (text(&agent["user_agent"], "family"), text(&agent["os"], "family"));
        let device = match (browser, system) {
            ("Other", "Other") => "Unknown".to_owned(),
            ("Other", one) | (one, "Other") => one.to_owned(),
            (browser, system) => format!("{browser} on {system}"),
        };
        // Rows lead nowhere: all that is known of a session stands in them.
        match value["current"] == Value::Bool(true) {
            true => Cell::badge(format!("{device}: this browser"), Tone::Info),
            false => Cell::Badges(vec![crate::pages::admin::Badge::new(device, Tone::Plain)]),
        }
    }),
    column("Place", |value| {
        let place = &value["geo_ip"];
        let words: Vec<&str> =
            ["city", "country"].iter().map(|member| text(place, member)).filter(|word| !word.is_empty()).collect();
        Cell::from(words.join(", "))
    }),
    column("Address", |value| Cell::Code(text(value, "last_ip").to_owned())),
    ordered("Last used", "last_used", |value| Cell::time(value["last_used"].as_str())),
    ordered("Ends", "expires", |value| Cell::time(value["expires"].as_str())),
];

const API: &str = "/core/authenticated_sessions/";

/// `GET /if/admin/users/{key}/sessions/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str) -> Paged {
    let user = load(desk, key).await?;
    let may = desk.may(Act::EndSession, "user");
    let mut sessions = listing(API.into(), "Sessions", "A session is a browser that is signed in.", COLUMNS, &[]);
    (sessions.key, sessions.ordering) = ("uuid", "-last_used");
    let fixed = [("user__username", text(&user, "username"))];
    let mut table = list::choosing(desk, &sessions, &fixed, may).await?;
    let home = home_of("users", &user);
    table.bulk_action = format!("{home}sessions/");
    if may {
        table.bulk = vec![Bulk { label: "End".into(), value: "end".into(), tone: Tone::Plain }];
    }
    table.empty.title = "Signed in nowhere".into();
    let is_empty = table.rows.is_empty();
    let mut panel = Panel::bare(table);
    if may && !is_empty {
        panel.title = "Signed in".into();
        panel = panel.action(Action::link("End all", format!("{home}sessions/end/")).toned(Tone::Bad));
    }
    let mut head = head(desk, &user, "sessions/")?;
    head.api = Some(format!("GET /api/v3{API}?user__username={}", part(text(&user, "username"))));
    Ok(desk.page(head, vec![panel]))
}

/// `POST /if/admin/users/{key}/sessions/`: ends the chosen ones.
pub(super) async fn end(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = ended(&desk, &key, request).await;
    desk.answer(paged)
}

async fn ended(desk: &Desk, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let user = load(desk, key).await?;
    for session in sent.all("key") {
        let reply = desk.send(Method::DELETE, &format!("{API}{}/", part(session)), &Value::Null).await?;
        if !reply.status.is_success() {
            return Err(refused(&reply));
        }
    }
    Ok(done(&format!("{}sessions/", home_of("users", &user)), "done"))
}

/// `GET /if/admin/users/{key}/sessions/end/`.
pub(super) async fn ask(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = match load(&desk, &key).await {
        Ok(user) => everywhere(&user).page(&desk, Vec::new()),
        Err(trouble) => Err(trouble),
    };
    desk.answer(paged)
}

fn everywhere(user: &Value) -> Confirm {
    let home = home_of("users", user);
    Confirm {
        crumbs: crumbs(user),
        title: format!("Sign {} out everywhere?", text(user, "username")),
        lines: vec!["Every session ends, and with it what applications derive from it.".into()],
        fields: Vec::new(),
        submit: "End all sessions",
        action: format!("{home}sessions/end/"),
        back: format!("{home}sessions/"),
        api: format!("DELETE /api/v3{API}bulk_delete/?user_pks={}", key_text(&user["pk"])),
    }
}

/// `POST /if/admin/users/{key}/sessions/end/`.
pub(super) async fn end_all(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = all_ended(&desk, &key, request).await;
    desk.answer(paged)
}

async fn all_ended(desk: &Desk, key: &str, request: Request) -> Paged {
    desk.form(request).await?;
    let user = load(desk, key).await?;
    let path = format!("{API}bulk_delete/?user_pks={}", part(&key_text(&user["pk"])));
    let reply = desk.send(Method::DELETE, &path, &Value::Null).await?;
    match reply.status.is_success() {
        true => Ok(done(&format!("{}sessions/", home_of("users", &user)), "done")),
        false => everywhere(&user).page(desk, reply.problems()),
    }
}
