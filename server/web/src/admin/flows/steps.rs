//! One stage in a flow: its settings there, its place, its removal.

use super::{
    super::{
        ROOT,
        desk::{Desk, Paged, Trouble, done},
        form,
        resource::{key_text, part, text},
        spec::{Holds, Spec},
    },
    page, stages,
};
use crate::pages::admin::{Crumb, Form, Heading, Note, Panel, Tone};
use axum::{
    extract::{Path, Request},
    http::{Method, StatusCode},
    response::Response,
};
use serde_json::{Value, json};

/// A stage in a flow.
struct At {
    home: String,
    slug: String,
    binding: Value,
}

impl At {
    async fn of(desk: &Desk, key: &str, step: &str) -> Result<Self, Trouble> {
        let flow = page::flow(desk, key).await?;
        let binding = desk.rest.get(&format!("/flows/bindings/{}/", part(step))).await?;
        if binding["target"] != flow["pk"] {
            return Err(Trouble::Refused(StatusCode::NOT_FOUND, "There is no such stage in this flow.".into()));
        }
        let slug = text(&flow, "slug").to_owned();
        Ok(Self { home: format!("{ROOT}flows/{}/stages/", part(&slug)), slug, binding })
    }

    fn api(&self) -> String {
        format!("/flows/bindings/{}/", key_text(&self.binding["pk"]))
    }

    fn own(&self, tail: &str) -> String {
        format!("{}{}/{tail}/", self.home, key_text(&self.binding["pk"]))
    }

    fn name(&self) -> &str {
        text(&self.binding["stage_obj"], "name")
    }

    fn head(&self, title: String, method: &str) -> Heading {
        Heading {
            crumbs: vec![
                Crumb { label: "Flows".into(), href: format!("{ROOT}flows/") },
                Crumb { label: self.slug.clone(), href: self.home.clone() },
            ],
            title,
            api: Some(format!("{method} /api/v3{}", self.api())),
            ..Heading::default()
        }
    }
}

fn specs() -> Vec<Spec> {
    let words = |all: &[&str]| Holds::One(all.iter().map(|word| (*word).to_owned()).collect());
    vec![
        Spec::new("policy_engine_mode", words(&["any", "all"]))
            .label("For whom it runs")
            .required()
            .hint("Any: one of the bindings suffices. All: every one of them has to let somebody through."),
        Spec::new("evaluate_on_plan", Holds::Bool)
            .label("Decided when the flow begins")
            .hint("The bindings are asked once, when the flow begins: then the person may not be known yet."),
        Spec::new("re_evaluate_policies", Holds::Bool)
            .label("Decided when the stage is reached")
            .hint("The bindings are asked when the stage is reached."),
        Spec::new("invalid_response_action", words(&["retry", "restart", "restart_with_context"]))
            .label("After a wrong answer")
            .required()
            .hint("Retry: it is asked again. Restart: the flow begins anew, with or without what is known so far."),
        Spec::new("order", Holds::Number).required().hint("Its place in the flow, ascending."),
    ]
}

/// `GET /if/admin/flows/{key}/stages/{step}/edit/`.
pub(super) async fn form(desk: Desk, Path((key, step)): Path<(String, String)>) -> Response {
    let paged = async {
        let at = At::of(&desk, &key, &step).await?;
        shown(&desk, &at, &at.binding, Vec::new()).await
    };
    let paged = paged.await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, at: &At, values: &Value, wrong: Vec<(String, String)>) -> Paged {
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let mut form = Form::new(at.own("edit"), &desk.csrf, "Save").cancel(&at.home);
    form.sets = form::sets(desk, &specs(), values).await?;
    let head = at.head(format!("{} in {}", at.name(), at.slug), "PATCH");
    Ok(desk.page_with(status, head, vec![Panel::bare(form.wrong(wrong))]))
}

/// `POST /if/admin/flows/{key}/stages/{step}/edit/`.
pub(super) async fn save(desk: Desk, Path((key, step)): Path<(String, String)>, request: Request) -> Response {
    let paged = saved(&desk, &key, &step, request).await;
    desk.answer(paged)
}

async fn saved(desk: &Desk, key: &str, step: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let at = At::of(desk, key, step).await?;
    let specs = specs();
    let problems = match form::body(desk, &specs, &sent).await? {
        Ok(body) => {
            let reply = desk.send(Method::PATCH, &at.api(), &body).await?;
            if reply.status.is_success() {
                return Ok(done(&at.home, "saved"));
            }
            reply.problems()
        }
        Err(problems) => problems,
    };
    shown(desk, &at, &form::as_values(&specs, &sent, &at.binding), problems).await
}

/// `POST /if/admin/flows/{key}/stages/{step}/move/`.
pub(super) async fn shift(desk: Desk, Path((key, step)): Path<(String, String)>, request: Request) -> Response {
    let paged = shifted(&desk, &key, &step, request).await;
    desk.answer(paged)
}

async fn shifted(desk: &Desk, key: &str, step: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let at = At::of(desk, key, step).await?;
    let flow = page::flow(desk, key).await?;
    let mut order = stages::orders(&page::steps(desk, &flow).await?);
    let here = order.iter().position(|(one, _)| *one == key_text(&at.binding["pk"])).unwrap_or_default();
    let there = match sent.get("way") {
        Some("up") => here.checked_sub(1),
        Some("down") => Some(here + 1).filter(|next| *next < order.len()),
        _ => None,
    };
    if let Some(there) = there {
        order.swap(here, there);
        stages::reorder(desk, order).await?;
    }
    Ok(done(&at.home, "saved"))
}

/// `GET /if/admin/flows/{key}/stages/{step}/remove/`.
pub(super) async fn ask(desk: Desk, Path((key, step)): Path<(String, String)>) -> Response {
    let paged = asked(&desk, &key, &step).await;
    desk.answer(paged)
}

async fn asked(desk: &Desk, key: &str, step: &str) -> Paged {
    let at = At::of(desk, key, step).await?;
    let others: Vec<&str> =
        at.binding["stage_obj"]["flow_set"].as_array().into_iter().flatten().map(|flow| text(flow, "slug")).collect();
    let others: Vec<&str> = others.into_iter().filter(|slug| *slug != at.slug).collect();
    let kept = match others.as_slice() {
        [] => "The stage itself stays, in no flow.".to_owned(),
        flows => format!("The stage itself stays, in {}.", flows.join(", ")),
    };
    let lines = vec![kept, "What is bound to it in this flow goes with it.".to_owned()];
    let mut form = Form::new(at.own("remove"), &desk.csrf, "Remove").cancel(&at.home);
    form.tone = Tone::Bad;
    form.note = Some(Note { tone: Tone::Warn, lines, ..Note::default() });
    let head = at.head(format!("Remove {} from {}?", at.name(), at.slug), "DELETE");
    Ok(desk.page(head, vec![Panel::bare(form)]))
}

/// `POST /if/admin/flows/{key}/stages/{step}/remove/`.
pub(super) async fn remove(desk: Desk, Path((key, step)): Path<(String, String)>, request: Request) -> Response {
    let paged = removed(&desk, &key, &step, request).await;
    desk.answer(paged)
}

async fn removed(desk: &Desk, key: &str, step: &str, request: Request) -> Paged {
    desk.form(request).await?;
    let at = At::of(desk, key, step).await?;
    let reply = desk.send(Method::DELETE, &at.api(), &json!(null)).await?;
    if reply.status.is_success() {
        return Ok(done(&at.home, "deleted"));
    }
    Err(Trouble::from(&reply))
}
