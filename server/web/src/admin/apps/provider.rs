//! The pages of providers: where their endpoints are, and what their tokens would say about somebody.

use super::{
    super::{
        desk::{Desk, Paged},
        object,
        policies::{user_field, user_key},
        replaced::named,
        resource::{part, text},
    },
    setup,
};
use crate::{
    pages::admin::{Action, Cell, Code, Empty, Facts, Form, Note, Panel, Tone},
    rest::Refusal,
};
use axum::{extract::Path, http::StatusCode, response::Response};
use serde_json::Value;

/// `GET /if/admin/oauth2-providers/{key}/`.
pub(super) async fn oauth2(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, "oauth2_provider", &key).await;
    desk.answer(paged)
}

/// `GET /if/admin/proxy-providers/{key}/`.
pub(super) async fn proxy(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, "proxy_provider", &key).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, kind: &str, key: &str) -> Paged {
    let resource = named(kind);
    let provider = desk.rest.get(&resource.shown(key)).await?;
    let mut head = object::head(desk, resource, &provider, "");
    let slug = text(&provider, "assigned_application_slug");
    let mut panels = Vec::new();
    if slug.is_empty() {
        let note = Note {
            tone: Tone::Warn,
            title: "No application has it".into(),
            lines: vec!["Nobody can sign in with it before an application has it.".into()],
            actions: vec![Action::link(
                "Make one",
                format!("{}applications/new/?provider={}", super::super::ROOT, part(key)),
            )],
        };
        panels.push(Panel::bare(note));
    } else {
        let home = format!("{}applications/{}/", super::super::ROOT, part(slug));
        let name = text(&provider, "assigned_application_name");
        head.lead = format!("Of the application {name}");
        head.actions.insert(0, Action::link("To the application", &home));
        head.actions.insert(1, Action::link("Set-up", format!("{home}setup/")));
    }
    if kind == "oauth2_provider" {
        panels.push(credentials(desk, &provider, &resource.href(&provider)));
        let urls = desk.rest.get(&format!("/providers/oauth2/{}/setup_urls/", part(key))).await?;
        panels.push(Panel::new("Endpoints", vec![setup::endpoints(&urls).into()]));
    }
    let mut rest = object::panels(desk, resource, &provider).await?;
    if let Some(first) = rest.first_mut() {
        first.title = "Settings".into();
    }
    panels.extend(rest);
    Ok(desk.page(head, panels))
}

/// What the application needs to know of itself. The secret is shown right after it was made, and to who asks for it:
/// whoever looks over a shoulder sees no secret that nobody wanted to see.
fn credentials(desk: &Desk, provider: &Value, home: &str) -> Panel {
    let mut facts = Facts::default().with("Client ID", Cell::Copy(text(provider, "client_id").to_owned()));
    let secret = text(provider, "client_secret");
    let wanted = desk.asked("done").as_deref() == Some("created") || desk.asked("secret").is_some();
    let is_secret = text(provider, "client_type") != "public" && !secret.is_empty();
    if is_secret && wanted {
        facts = facts.with("Client secret", Cell::Copy(secret.to_owned()));
    }
    let panel = Panel::new("For the application", vec![facts.into()])
        .lead("The application sends these to prove which one it is.");
    match is_secret && !wanted {
        true => panel.action(Action::link("Show client secret", format!("{home}?secret=shown"))),
        false => panel,
    }
}

/// `GET /if/admin/oauth2-providers/{key}/claims/`.
pub(super) async fn claims(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = previewed(&desk, &key).await;
    desk.answer(paged)
}

async fn previewed(desk: &Desk, key: &str) -> Paged {
    let resource = named("oauth2_provider");
    let provider = desk.rest.get(&resource.shown(key)).await?;
    let user = desk.asked("user").unwrap_or_default();
    let api = format!("/providers/oauth2/{}/preview_user/", part(key));
    let mut wrong: Vec<(String, String)> = Vec::new();
    let mut panels = Vec::new();
    let pk = if user.is_empty() { None } else { user_key(desk, &user).await? };
    match pk {
        None if user.is_empty() => {
            let empty = Empty {
                title: "Choose somebody".into(),
                hint: "What an ID token with all scopes would say about them is shown here.".into(),
                action: None,
            };
            panels.push(Panel::bare(empty));
        }
        None => wrong.push(("user".into(), "There is nobody of this name.".into())),
        Some(pk) => match desk.rest.get(&format!("{api}?for_user={pk}")).await {
            Ok(told) => panels.push(told_of(&user, &told["preview"])),
            Err(Refusal::Said(StatusCode::BAD_REQUEST, sentence)) => wrong.push((String::new(), sentence)),
            Err(refusal) => return Err(refusal.into()),
        },
    }
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let action = format!("{}{}/claims/", resource.home(), part(key));
    let mut form = Form::new(action, "", "Show claims").fields(vec![user_field(&user).required()]).wrong(wrong);
    form.method = "get";
    panels.insert(0, Panel::bare(form));
    let mut head = object::head(desk, resource, &provider, "claims/");
    head.api = Some(format!("GET /api/v3{api}"));
    Ok(desk.page_with(status, head, panels))
}

fn told_of(user: &str, claims: &Value) -> Panel {
    let code = Code { caption: "ID token".into(), text: format!("{claims:#}"), copy: true, ..Code::default() };
    Panel::new(format!("Claims about {user}"), vec![code.into()])
}
