//! The page of a flow, and what its other views share.

use super::{
    super::{
        desk::{Desk, Paged, Trouble},
        object,
        policies::bindings,
        replaced::named,
        resource::{key_text, part, text},
    },
    drawing::{Drawing, Stage},
};
use crate::pages::admin::{Action, Heading, Panel, Part, Width};
use axum::{extract::Path, response::Response};
use lockgate_policies::Action as Act;
use serde_json::Value;

/// `GET /if/admin/flows/{key}/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str) -> Paged {
    let flow = flow(desk, key).await?;
    let mut set = object::panels(desk, named("flow"), &flow).await?;
    if let Some(first) = set.first_mut() {
        first.width = Width::TwoThirds;
        first.title = "Settings".into();
    }
    let steps = steps(desk, &flow).await?;
    set.insert(1, picture(&flow, &steps, &of_flow(desk, &flow).await?));
    Ok(desk.page(head(desk, &flow, ""), set))
}

/// A flow by its slug.
pub(super) async fn flow(desk: &Desk, key: &str) -> Result<Value, Trouble> {
    Ok(desk.rest.get(&format!("/flows/instances/{}/", part(key))).await?)
}

/// The heading of every view of a flow.
pub(super) fn head(desk: &Desk, flow: &Value, tab: &str) -> Heading {
    let mut head = object::head(desk, named("flow"), flow, tab);
    let slug = part(text(flow, "slug"));
    head.title = text(flow, "slug").to_owned();
    head.lead = text(flow, "title").to_owned();
    head.actions.insert(0, Action::link("Open in a new tab", format!("/if/flow/{slug}/")));
    if desk.may(Act::Export, "flow") {
        let export = format!("/api/v3/flows/instances/{slug}/export/");
        head.actions.insert(1, Action::link("Export", &export));
        head.yaml = Some(export);
    }
    head
}

/// A stage in a flow, with what decides about it.
pub(super) struct Step {
    /// The binding of the stage to the flow.
    pub(super) binding: Value,
    /// For whom it runs: bindings of policies.
    pub(super) when: Vec<Value>,
}

impl Step {
    pub(super) fn key(&self) -> String {
        key_text(&self.binding["pk"])
    }

    pub(super) fn name(&self) -> &str {
        text(&self.binding["stage_obj"], "name")
    }

    /// For whom it runs, in words.
    pub(super) fn when_words(&self) -> Vec<String> {
        words(&self.when)
    }
}

fn words(bindings: &[Value]) -> Vec<String> {
    bindings.iter().filter(|binding| binding["enabled"] != false).map(bindings::subject_words).collect()
}

/// The stages of a flow in order.
pub(super) async fn steps(desk: &Desk, flow: &Value) -> Result<Vec<Step>, Trouble> {
    let path = format!("/flows/bindings/?ordering=order&target={}", part(&key_text(&flow["pk"])));
    let mut steps = Vec::new();
    for binding in desk.all(&path).await? {
        let when = match desk.may(Act::Read, "policy_binding") {
            true => bindings::of_target(desk, &key_text(&binding["pk"])).await?,
            false => Vec::new(),
        };
        steps.push(Step { binding, when });
    }
    Ok(steps)
}

/// What is bound to the flow itself.
pub(super) async fn of_flow(desk: &Desk, flow: &Value) -> Result<Vec<Value>, Trouble> {
    match desk.may(Act::Read, "policy_binding") {
        true => bindings::of_target(desk, &key_text(&flow["pk"])).await,
        false => Ok(Vec::new()),
    }
}

/// The flow as a picture.
pub(super) fn picture(flow: &Value, steps: &[Step], guards: &[Value]) -> Panel {
    let stage = |step: &Step| Stage {
        name: step.name().to_owned(),
        kind: text(&step.binding["stage_obj"], "verbose_name").to_owned(),
        when: step.when_words(),
    };
    let drawing = Drawing {
        title: text(flow, "slug").to_owned(),
        guards: words(guards),
        boxes: steps.iter().map(stage).collect(),
        end: end(text(flow, "designation")).to_owned(),
    };
    Panel::new("Diagram", vec![Part::Drawing(drawing.svg())]).wide(Width::Third)
}

fn end(designation: &str) -> &'static str {
    match designation {
        "authentication" => "Signed in",
        "authorization" => "To the application",
        "invalidation" => "Signed out",
        "enrollment" => "Has an account",
        "recovery" => "Has an account again",
        "unenrollment" => "Account is gone",
        _ => "Done",
    }
}
