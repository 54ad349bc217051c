//! Going through a flow as somebody, with answers that are given in advance and without any effect.

use super::{
    super::{
        ROOT,
        desk::{Desk, Paged},
        policies::{app_field, user_field},
        resource::{part, text},
    },
    page, trial_told,
};
use crate::{
    flow::form::Form as Sent,
    pages::admin::{Choice, Control, Field, FieldSet, Form, FormRow, Note, Panel, Tone},
};
use axum::{
    extract::{Path, Request},
    http::{Method, StatusCode},
    response::Response,
};
use lockgate_policies::Action as Act;
use serde_json::{Map, Value, json};

/// Rows for answers beyond those that are filled in.
const BLANK: usize = 2;

/// Most answers.
const MOST: usize = 50;

/// An answer: the stage that it is for, the field, what is answered.
type Given = [String; 3];

/// What was asked for.
#[derive(Default)]
struct Asked {
    user: String,
    signed_in: String,
    mfa: bool,
    app: String,
    ip: String,
    answers: Vec<Given>,
}

impl Asked {
    fn read(sent: &Sent) -> Self {
        let word = |name: &str| sent.get(name).unwrap_or_default().trim().to_owned();
        let answers = (0..MOST).map_while(|number| {
            let one = |part: &str| sent.get(&format!("answers.{number}.{part}")).map(|text| text.trim().to_owned());
            Some([one("stage")?, one("field")?, sent.get(&format!("answers.{number}.value"))?.to_owned()])
        });
        Self {
            user: word("user"),
            signed_in: word("signed_in"),
            mfa: sent.get("mfa") == Some("true"),
            app: word("app"),
            ip: word("ip"),
            answers: answers.filter(|[stage, field, _]| !stage.is_empty() || !field.is_empty()).collect(),
        }
    }

    /// The body that the API takes: fields of the same stage are one answer.
    fn body(&self, flow: &str) -> Value {
        let mut answers: Vec<(&str, Map<String, Value>)> = Vec::new();
        for [stage, field, value] in &self.answers {
            let joins = answers
                .last_mut()
                .filter(|(of, fields)| of == stage && !fields.contains_key(field) && !stage.is_empty());
            let fields = match joins {
                Some((_, fields)) => fields,
                None => {
                    answers.push((stage.as_str(), Map::new()));
                    match answers.last_mut() {
                        Some((_, fields)) => fields,
                        None => continue,
                    }
                }
            };
            if !field.is_empty() {
                fields.insert(field.clone(), json!(value));
            }
        }
        let answers: Vec<Value> =
            answers.into_iter().map(|(stage, fields)| json!({ "stage": stage, "fields": fields })).collect();
        let mut body = json!({ "flow": flow, "mfa": self.mfa, "answers": answers });
        for (name, value) in [("username", &self.user), ("app", &self.app), ("ip", &self.ip)] {
            if !value.is_empty() {
                body[name] = json!(value);
            }
        }
        match self.signed_in.as_str() {
            "yes" => body["signed_in"] = json!(true),
            "no" => body["signed_in"] = json!(false),
            _ => {}
        }
        body
    }
}

/// `GET /if/admin/flows/{key}/try/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let asked = Asked { user: desk.asked("user").unwrap_or_default(), ..Asked::default() };
    let paged = shown(&desk, &key, asked, Vec::new(), Vec::new()).await;
    desk.answer(paged)
}

/// `POST /if/admin/flows/{key}/try/`.
pub(super) async fn run(desk: Desk, Path(key): Path<String>, request: Request) -> Response {
    let paged = ran(&desk, &key, request).await;
    desk.answer(paged)
}

async fn ran(desk: &Desk, key: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let mut asked = Asked::read(&sent);
    let reply = desk.send(Method::POST, "/lockgate/simulate/", &asked.body(key)).await?;
    if !reply.status.is_success() {
        let problems = reply.problems().into_iter().map(|(field, sentence)| match field.as_str() {
            "username" => ("user".to_owned(), sentence),
            _ if sentence.starts_with("No User") => ("user".to_owned(), sentence),
            _ => (field, sentence),
        });
        return shown(desk, key, asked, problems.collect(), Vec::new()).await;
    }
    let told = reply.json();
    let end = &told["end"];
    if text(end, "how") == "waits" {
        // What it waits for is the next thing to fill in.
        let stage = text(end, "stage");
        let fields = end["asks"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let rows: Vec<Given> = fields.map(|field| [stage.to_owned(), field.to_owned(), String::new()]).collect();
        match rows.is_empty() {
            true => asked.answers.push([stage.to_owned(), String::new(), String::new()]),
            false => asked.answers.extend(rows),
        }
    }
    shown(desk, key, asked, Vec::new(), trial_told::panels(&told)).await
}

async fn shown(desk: &Desk, key: &str, asked: Asked, wrong: Vec<(String, String)>, told: Vec<Panel>) -> Paged {
    let flow = page::flow(desk, key).await?;
    let mut head = page::head(desk, &flow, "try/");
    head.api = Some("POST /api/v3/lockgate/simulate/".to_owned());
    let mut panels = told;
    if !desk.may(Act::Execute, "flow") {
        let line = "Going through flows takes the permission to execute and to inspect them.";
        panels.push(Panel::bare(Note::new(Tone::Info, line)));
        return Ok(desk.page(head, panels));
    }
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let user = user_field(&asked.user).hint("Who goes through it; a visitor whom nobody knows, when empty.");
    let mut apps = app_field(desk, &asked.app).await?;
    apps.label = "On the way to".into();
    apps.required = false;
    if let Control::Select(choices) = &mut apps.control {
        let chosen = asked.app.is_empty();
        choices.insert(0, Choice { label: "No application".into(), chosen, ..Choice::default() });
    }
    let signed_in = [("", "As usual in such a flow"), ("yes", "Yes"), ("no", "No")].map(|(value, label)| Choice {
        value: value.into(),
        label: label.into(),
        chosen: asked.signed_in == value,
        ..Choice::default()
    });
    let blank = std::iter::repeat_n(Given::default(), BLANK);
    let rows = asked.answers.iter().cloned().chain(blank).take(MOST).enumerate().map(row);
    let answers = Field::new("answers", "Answers", Control::Rows(rows.collect())).hint(
        "In the order in which they are asked for. Any password counts as the right one, and none is looked at. \
         A consent or a button is answered by its stage alone.",
    );
    let more = vec![
        Field::new("signed_in", "Signed in at the start", Control::Select(signed_in.into())).required(),
        Field::new("mfa", "Signed in with a second factor", Control::Tick(asked.mfa)),
        apps,
        Field::new("ip", "From the address", Control::text(&asked.ip)).hint("Yours, when empty."),
    ];
    let mut form = Form::new(format!("{ROOT}flows/{}/try/", part(text(&flow, "slug"))), &desk.csrf, "Go through it");
    form.sets = vec![
        FieldSet::plain(vec![user, answers]),
        FieldSet {
            legend: "Circumstances".into(),
            folded: asked.signed_in.is_empty() && asked.app.is_empty(),
            fields: more,
        },
    ];
    let lead = "Nothing is changed, nothing is sent, and nobody is signed in.";
    panels.push(Panel::new("Go through it", vec![form.wrong(wrong).into()]).lead(lead));
    Ok(desk.page_with(status, head, panels))
}

fn row((number, [stage, field, value]): (usize, Given)) -> FormRow {
    let one = |part: &str, label: &str, value: String| {
        Field::new(format!("answers.{number}.{part}"), label, Control::text(value))
    };
    FormRow(vec![one("stage", "Stage", stage), one("field", "Field", field), one("value", "Answer", value)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_stage_are_one_answer() {
        let given = |stage: &str, field: &str, value: &str| [stage, field, value].map(str::to_owned);
        let answers = vec![
            given("prompt", "name", "Ada"),
            given("prompt", "email", "ada@example.org"),
            given("prompt", "name", "again"),
            given("consent", "", ""),
            given("", "code", "1"),
            given("", "token", "2"),
        ];
        let asked = Asked { user: "ada".into(), signed_in: "no".into(), answers, ..Asked::default() };
        let body = asked.body("enrol");
        let told = json!([
            {"stage": "prompt", "fields": {"name": "Ada", "email": "ada@example.org"}},
            {"stage": "prompt", "fields": {"name": "again"}},
            {"stage": "consent", "fields": {}},
            {"stage": "", "fields": {"code": "1"}},
            {"stage": "", "fields": {"token": "2"}},
        ]);
        assert_eq!(body["answers"], told);
        assert_eq!((&body["username"], &body["signed_in"]), (&json!("ada"), &json!(false)));
    }
}
