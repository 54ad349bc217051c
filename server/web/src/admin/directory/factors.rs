//! Second factors of a user, and taking them away.

use super::{
    super::{
        desk::{Desk, Paged, Trouble, done},
        resource::{key_text, part, text},
    },
    common::{home_of, unknown},
    confirm::Confirm,
    deeds::crumbs,
    user::{FACTORS, head, load},
};
use crate::pages::admin::{Action, Badge, Cell, Column, Empty, Panel, Row, Table, Tone};
use axum::{
    extract::{Path, Request},
    http::Method,
    response::Response,
};
use lockgate_policies::Action as Act;
use serde_json::Value;

/// The word of a device's sort in addresses: `authentik_stages_authenticator_totp.totpdevice` is `totp`.
fn sort(device: &Value) -> &str {
    let model = text(device, "meta_model_name").trim_start_matches("authentik_stages_authenticator_");
    model.split('.').next().unwrap_or_default()
}

/// A sort in words.
pub(super) fn in_words(sort: &str) -> &'static str {
    match sort {
        "totp" => "App with codes (TOTP)",
        "webauthn" => "Passkey or security key (WebAuthn)",
        "static" => "Recovery codes",
        "sms" => "SMS",
        "email" => "E-mail",
        "duo" => "Duo",
        _ => "Device",
    }
}

/// `GET /if/admin/users/{key}/factors/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key).await;
    desk.answer(paged)
}

async fn devices(desk: &Desk, user: &Value) -> Result<Vec<Value>, Trouble> {
    let list = desk.rest.get(&format!("/authenticators/admin/all/?user={}", key_text(&user["pk"]))).await?;
    Ok(list.as_array().cloned().unwrap_or_default())
}

async fn shown(desk: &Desk, key: &str) -> Paged {
    let user = load(desk, key).await?;
    let home = format!("{}factors/", home_of("users", &user));
    let devices = devices(desk, &user).await?;
    let can_enroll = desk.may(Act::Update, "user") && FACTORS.iter().any(|kind| desk.may(Act::Create, kind));
    let enroll = || Action::link("Enroll", format!("{home}enroll/")).toned(Tone::Main);
    let row = |device: &Value| {
        let sort = sort(device);
        let may = desk.may(Act::Delete, &format!("{sort}_device"));
        let remove = format!("{home}{}/{}/remove/", part(sort), part(&key_text(&device["pk"])));
        let mut state = vec![match device["confirmed"] == Value::Bool(true) {
            true => Badge::new("In use", Tone::Good),
            false => Badge::new("Not set up yet", Tone::Warn),
        }];
        if let Some(model) = device["extra_description"].as_str() {
            state.push(Badge::new(model, Tone::Plain));
        }
        let cells = vec![
            Cell::from(text(device, "name")),
            Cell::from(in_words(sort)),
            Cell::Badges(state),
            Cell::time(device["created"].as_str()),
            Cell::time(device["last_used"].as_str()),
            match may {
                true => Cell::Actions(vec![Action::link("Remove", remove).toned(Tone::Bad)]),
                false => Cell::Nothing,
            },
        ];
        Row { key: None, cells }
    };
    let table = Table {
        caption: "Factors".into(),
        columns: ["Name", "Kind", "State", "Set up", "Last used", ""].map(Column::new).into(),
        rows: devices.iter().map(row).collect(),
        empty: Empty {
            title: "No second factor".into(),
            hint: "The account is as safe as its password.".into(),
            action: can_enroll.then(enroll),
        },
        ..Table::default()
    };
    let mut head = head(desk, &user, "factors/")?;
    head.api = Some(format!("GET /api/v3/authenticators/admin/all/?user={}", key_text(&user["pk"])));
    let mut panel = Panel::bare(table);
    if can_enroll && !devices.is_empty() {
        panel.title = "Second factors".into();
        panel = panel.action(enroll());
    }
    Ok(desk.page(head, vec![panel]))
}

/// `GET /if/admin/users/{key}/factors/{kind}/{device}/remove/`.
pub(super) async fn ask(desk: Desk, Path(at): Path<(String, String, String)>) -> Response {
    let paged = match removal(&desk, &at).await {
        Ok((_, confirm)) => confirm.page(&desk, Vec::new()),
        Err(trouble) => Err(trouble),
    };
    desk.answer(paged)
}

/// Where it is in the API, and the question.
async fn removal(desk: &Desk, (key, kind, device): &(String, String, String)) -> Result<(String, Confirm), Trouble> {
    let user = load(desk, key).await?;
    let devices = devices(desk, &user).await?;
    let found = devices.iter().find(|known| sort(known) == kind && key_text(&known["pk"]) == *device);
    let found = found.ok_or_else(|| unknown("such factor"))?;
    let home = format!("{}factors/", home_of("users", &user));
    let name = text(found, "name");
    let left = devices.iter().filter(|known| known["confirmed"] == Value::Bool(true)).count().saturating_sub(1);
    let path = format!("/authenticators/admin/{}/{}/", part(kind), part(device));
    let confirm = Confirm {
        crumbs: crumbs(&user),
        title: format!("Remove {name}?"),
        lines: vec![
            format!("{} of {}. It cannot be had back, only enrolled anew.", in_words(kind), text(&user, "username")),
            match left {
                0 => "No other factor is left: the account is as safe as its password then.".into(),
                1 => "One other factor is left.".into(),
                left => format!("{left} other factors are left."),
            },
        ],
        fields: Vec::new(),
        submit: "Remove",
        action: format!("{home}{}/{}/remove/", part(kind), part(device)),
        back: home,
        api: format!("DELETE /api/v3{path}"),
    };
    Ok((path, confirm))
}

/// `POST /if/admin/users/{key}/factors/{kind}/{device}/remove/`.
pub(super) async fn remove(desk: Desk, Path(at): Path<(String, String, String)>, request: Request) -> Response {
    let paged = removed(&desk, &at, request).await;
    desk.answer(paged)
}

async fn removed(desk: &Desk, at: &(String, String, String), request: Request) -> Paged {
    desk.form(request).await?;
    let (path, confirm) = removal(desk, at).await?;
    let reply = desk.send(Method::DELETE, &path, &Value::Null).await?;
    match reply.status.is_success() {
        true => Ok(done(&confirm.back, "done")),
        false => confirm.page(desk, reply.problems()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_sort_of_a_device_is_read_off_its_model() {
        assert_eq!(sort(&json!({"meta_model_name": "authentik_stages_authenticator_totp.totpdevice"})), "totp");
        assert_eq!(sort(&json!({})), "");
    }
}
