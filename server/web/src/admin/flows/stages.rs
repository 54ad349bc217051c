//! The stages of a flow in order, each with its settings and for whom it runs.

use super::{
    super::{
        ROOT,
        desk::{Desk, Paged, Trouble, done},
        form, names, object,
        resource::{self, key_text, part, text},
        spec::{Holds, Spec, label},
    },
    page::{self, Step as Of},
};
use crate::{
    pages::admin::{Action, Badge, Cell, Choice, Control, Empty, Facts, Field, Form, Panel, Step, Steps, Tone, Width},
    rest::Refusal,
};
use axum::{
    extract::{Path, Request},
    http::{Method, StatusCode},
    response::Response,
};
use lockgate_policies::Action as Act;
use serde_json::{Value, json};

/// Name of the kind in policies.
pub(super) const KIND: &str = "flow_stage_binding";

/// Settings of a stage that are told in the list.
const MOST_FACTS: usize = 4;

/// `GET /if/admin/flows/{key}/stages/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key, None, Vec::new()).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str, chosen: Option<&str>, wrong: Vec<(String, String)>) -> Paged {
    let flow = page::flow(desk, key).await?;
    let steps = page::steps(desk, &flow).await?;
    let mut head = page::head(desk, &flow, "stages/");
    head.api = Some(format!("GET /api/v3/flows/bindings/?target={}", key_text(&flow["pk"])));
    let home = format!("{ROOT}flows/{}/stages/", part(text(&flow, "slug")));
    let list = match steps.is_empty() {
        true => Empty {
            title: "It has no stages".into(),
            hint: "A flow without stages is done as soon as it begins.".into(),
            action: None,
        }
        .into(),
        false => {
            let mut told = Vec::new();
            for (number, step) in steps.iter().enumerate() {
                told.push(one(desk, &home, &steps, number, step).await?);
            }
            Steps(told).into()
        }
    };
    let mut panels = vec![
        Panel::new("Stages", vec![list]).wide(Width::TwoThirds),
        page::picture(&flow, &steps, &page::of_flow(desk, &flow).await?),
    ];
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    if desk.may(Act::Create, KIND) {
        let form = Form::new(&home, &desk.csrf, "Add").fields(adding(desk, &steps, chosen).await?).wrong(wrong);
        let new = Action::link("New stage", format!("{ROOT}stages/new/"));
        panels.push(Panel::new("Add a stage", vec![form.into()]).action(new));
    }
    Ok(desk.page_with(status, head, panels))
}

/// A stage of the list.
async fn one(desk: &Desk, home: &str, steps: &[Of], number: usize, step: &Of) -> Result<Step, Trouble> {
    let stage = &step.binding["stage_obj"];
    let own = format!("{home}{}/", step.key());
    let mut lines: Vec<String> = Vec::new();
    let when = step.when_words();
    if !when.is_empty() {
        let join = if text(&step.binding, "policy_engine_mode") == "all" { " and " } else { " or " };
        lines.push(format!("Runs only for {}.", when.join(join)));
    }
    match text(&step.binding, "invalid_response_action") {
        "restart" => lines.push("A wrong answer begins the flow anew.".to_owned()),
        "restart_with_context" => {
            lines.push("A wrong answer begins the flow anew, with what is known so far.".to_owned())
        }
        _ => {}
    }
    let mut actions = Vec::new();
    if desk.may(Act::Update, KIND) {
        let shift = |word: &str, label: &str| {
            let fields = [("csrf_token", desk.csrf.clone()), ("way", word.to_owned())];
            Action::post(label, format!("{own}move/"), fields)
        };
        if number > 0 {
            actions.push(shift("up", "Up"));
        }
        if number + 1 < steps.len() {
            actions.push(shift("down", "Down"));
        }
        actions.push(Action::link("Settings", format!("{own}edit/")));
    }
    if desk.may(Act::Read, "policy_binding") {
        actions.push(Action::link("When", format!("{own}bindings/")));
    }
    if desk.may(Act::Delete, KIND) {
        actions.push(Action::link("Remove", format!("{own}remove/")).toned(Tone::Bad));
    }
    let of = resource::of_model(text(stage, "meta_model_name"));
    Ok(Step {
        title: step.name().to_owned(),
        kind: text(stage, "verbose_name").to_owned(),
        href: of.map(|of| of.href(stage)).unwrap_or_default(),
        badge: (!when.is_empty()).then(|| Badge::new("For some", Tone::Info)),
        lines,
        facts: settings(desk, stage).await?,
        actions,
    })
}

/// What is set at a stage, in short.
async fn settings(desk: &Desk, stage: &Value) -> Result<Facts, Trouble> {
    let Some(of) = resource::of_model(text(stage, "meta_model_name")).filter(|of| desk.may(Act::Read, of.kind)) else {
        return Ok(Facts::default());
    };
    let value = match desk.rest.get(&of.api_of(&key_text(&stage["pk"]))).await {
        Ok(value) => names::beside(desk, of, &value).await?,
        Err(Refusal::Said(..)) => return Ok(Facts::default()),
        Err(failed) => return Err(failed.into()),
    };
    let specs = of.specs();
    let told = specs.iter().filter(|spec| spec.name != "name" && is_set(spec, &value[&spec.name]));
    let mut facts = Facts::default();
    for spec in told.take(MOST_FACTS) {
        let cell = match spec.holds {
            Holds::Ref(ref target, many) => object::references(target, many, &spec.name, &value),
            _ => form::shown(spec, &value),
        };
        facts = facts.with(&spec.label, cell);
    }
    Ok(facts)
}

/// Whether a setting is worth a line: it is set, and not as it would be by itself.
fn is_set(spec: &Spec, value: &Value) -> bool {
    let is_empty = match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    !is_empty && *value != spec.default && !matches!(spec.holds, Holds::Secret | Holds::Long(_))
}

/// Fields for one more stage.
async fn adding(desk: &Desk, steps: &[Of], chosen: Option<&str>) -> Result<Vec<Field>, Trouble> {
    let spec = Spec::new("stage", Holds::Ref("stage".into(), false)).required().label("Stage");
    let values = chosen.map_or(Value::Null, |key| json!({ "stage": key }));
    let stage = form::field(desk, &spec, &values).await?;
    let mut places =
        vec![Choice { value: String::new(), label: "At the end".into(), chosen: true, ..Choice::default() }];
    places.extend(steps.iter().map(|step| Choice {
        value: step.key(),
        label: format!("Before {}", step.name()),
        ..Choice::default()
    }));
    Ok(vec![stage, Field::new("before", "Where", Control::Select(places)).required()])
}

/// `POST /if/admin/flows/{key}/stages/`.
pub(super) async fn add(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = added(&desk, &key, request).await;
    desk.answer(paged)
}

async fn added(desk: &Desk, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let flow = page::flow(desk, key).await?;
    let steps = page::steps(desk, &flow).await?;
    let word = sent.get("stage").unwrap_or_default().trim();
    let stage = if word.is_empty() { None } else { form::key(desk, "stage", word).await? };
    let Some(stage) = stage else {
        return shown(desk, key, None, vec![("stage".into(), "Choose a stage.".into())]).await;
    };
    let last = steps.iter().filter_map(|step| step.binding["order"].as_i64()).max();
    let body = json!({
        "target": flow["pk"], "stage": stage, "order": last.map_or(0, |order| order + 10),
        "evaluate_on_plan": false, "re_evaluate_policies": true,
    });
    let reply = desk.send(Method::POST, "/flows/bindings/", &body).await?;
    if !reply.status.is_success() {
        return shown(desk, key, stage.as_str(), reply.problems()).await;
    }
    let before = sent.get("before").unwrap_or_default();
    if let Some(at) = steps.iter().position(|step| step.key() == before) {
        let mut order: Vec<(String, i64)> = orders(&steps);
        let made = reply.json();
        order.insert(at, (key_text(&made["pk"]), made["order"].as_i64().unwrap_or_default()));
        reorder(desk, order).await?;
    }
    Ok(done(&format!("{ROOT}flows/{}/stages/", part(key)), "created"))
}

/// Keys and places of the stages.
pub(super) fn orders(steps: &[Of]) -> Vec<(String, i64)> {
    steps.iter().map(|step| (step.key(), step.binding["order"].as_i64().unwrap_or_default())).collect()
}

/// Gives each its place, in the order given: the places that there are, as long as they differ.
pub(super) async fn reorder(desk: &Desk, order: Vec<(String, i64)>) -> Result<(), Trouble> {
    let mut places: Vec<i64> = order.iter().map(|(_, place)| *place).collect();
    places.sort_unstable();
    if places.windows(2).any(|two| two[0] == two[1]) {
        places = (0..).step_by(10).take(order.len()).collect();
    }
    for ((key, old), new) in order.into_iter().zip(places) {
        if old == new {
            continue;
        }
        let reply = desk.send(Method::PATCH, &format!("/flows/bindings/{key}/"), &json!({ "order": new })).await?;
        if !reply.status.is_success() {
            return Err(Trouble::from(&reply));
        }
    }
    Ok(())
}

/// A word of the API as a cell.
pub(super) fn word(text: &str) -> Cell {
    Cell::from(label(text))
}
