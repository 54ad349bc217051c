//! Whether somebody may open an application, and why, in words.

use super::super::{
    ROOT,
    desk::{Desk, Paged, Trouble},
    object,
    resource::{Resource, key_text, part, text},
};
use super::{explained, whom::user_field};
use crate::{
    pages::admin::{Choice, Control, Crumb, Field, Form, Heading, Panel},
    rest::Refusal,
};
use axum::{http::StatusCode, response::Response};

/// Where an explanation is.
pub(in super::super) fn link(user: &str, app: &str) -> String {
    let query =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("user", user).append_pair("app", app).finish();
    format!("{ROOT}policies/explain/?{query}")
}

/// `GET /if/admin/policies/explain/`.
pub(super) async fn alone(desk: Desk) -> Response {
    let head = Heading {
        crumbs: vec![Crumb { label: "Policies".into(), href: format!("{ROOT}policies/") }],
        title: "Who may open what, and why".into(),
        ..Heading::default()
    };
    let paged = explained(&desk, head, &format!("{ROOT}policies/explain/"), None).await;
    desk.answer(paged)
}

/// `GET /if/admin/policies-{kind}/{key}/explain/`.
pub(super) async fn of_policy(desk: Desk, resource: &'static Resource, key: &str) -> Response {
    let paged = about(&desk, resource, key).await;
    desk.answer(paged)
}

async fn about(desk: &Desk, resource: &'static Resource, key: &str) -> Paged {
    let value = desk.rest.get(&resource.shown(key)).await?;
    let head = object::head(desk, resource, &value, "explain/");
    let action = format!("{}{}/explain/", resource.home(), part(key));
    explained(desk, head, &action, Some(&key_text(&value["pk"]))).await
}

async fn explained(desk: &Desk, mut head: Heading, action: &str, policy: Option<&str>) -> Paged {
    let word = |name: &str| desk.asked(name).unwrap_or_default();
    let (user, app, mfa, ip) = (word("user"), word("app"), word("mfa") == "true", word("ip"));
    let mut wrong = Vec::new();
    let mut panels = Vec::new();
    if !user.is_empty() && !app.is_empty() {
        let path = asked(&user, &app, mfa, &ip);
        head.api = Some(format!("GET /api/v3{path}"));
        match desk.rest.get(&path).await {
            Ok(told) => panels = explained::panels(&user, &app, &told, policy),
            Err(Refusal::Said(status, sentence)) if status == StatusCode::BAD_REQUEST => {
                let field = if sentence.contains("User") { "user" } else { "" };
                wrong.push((field.to_owned(), sentence));
            }
            Err(refusal) => return Err(refusal.into()),
        }
    }
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let mut fields = vec![user_field(&user).required(), app_field(desk, &app).await?];
    fields.push(Field::new("mfa", "Signed in with a second factor", Control::Tick(mfa)));
    let ip = Field::new("ip", "From the address", Control::text(&ip));
    fields.push(ip.hint("Where the request comes from, such as 203.0.113.9; from nowhere in particular when empty."));
    let mut form = Form::new(action, "", "Explain").fields(fields).wrong(wrong);
    form.method = "get";
    panels.insert(0, Panel::bare(form));
    Ok(desk.page_with(status, head, panels))
}

/// A choice of an application by its slug.
pub(in super::super) async fn app_field(desk: &Desk, chosen: &str) -> Result<Field, Trouble> {
    let list = desk.all("/core/applications/?superuser_full_list=true&ordering=name").await?;
    let choice = |one: &serde_json::Value| Choice {
        value: text(one, "slug").to_owned(),
        label: text(one, "name").to_owned(),
        hint: String::new(),
        chosen: text(one, "slug") == chosen,
    };
    let apps: Vec<Choice> = list.iter().map(choice).collect();
    Ok(Field::new("app", "Application", Control::Select(apps)).required())
}

/// The question to the API. What writes it may not wait for an answer.
fn asked(user: &str, app: &str, mfa: bool, ip: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("user", user).append_pair("app", app);
    if mfa {
        query.append_pair("mfa", "true");
    }
    if !ip.is_empty() {
        query.append_pair("ip", ip);
    }
    format!("/lockgate/explain/?{}", query.finish())
}
