//! The settings of the installation on one page, with what people look for there and is set elsewhere: how long a session
//! lasts, which the login stage says.

use crate::{
    admin::{
        ROOT,
        desk::{Desk, Paged, Trouble, done},
        form,
        resource::{key_text, part, text},
        spec::{Holds, Spec},
    },
    flow::form::Form as Sent,
    pages::admin::{Control, FieldSet, Form, Heading, Note, Panel, Tone},
};
use axum::{
    extract::Request,
    http::{Method, StatusCode},
    response::Response,
};
use lockgate_policies::Action as Act;
use serde_json::{Map, Value, json};

const HOME: &str = "/if/admin/settings/";
const API: &str = "/admin/settings/";

/// Fields that are no members of the settings document.
const SESSION: &str = "session_duration";
const REMEMBER: &str = "remember_me_offset";
const OPEN: &str = "open_by_default";

/// Lengths of a session that are offered.
const SPANS: [&str; 6] = ["hours=8", "days=1", "days=7", "days=14", "days=30", "days=90"];

/// The login stage of the way by which people sign in when nothing else is asked.
struct Login {
    stage: Value,
}

impl Login {
    fn api(&self) -> String {
        format!("/stages/user_login/{}/", part(text(&self.stage, "pk")))
    }
}

/// Finds it: the last login stage of the default brand's flow.
async fn login(desk: &Desk) -> Option<Login> {
    let brands = desk.rest.get("/core/brands/?page_size=100").await.ok()?;
    let brand = brands["results"].as_array()?.iter().find(|brand| brand["default"] == json!(true))?;
    let flow = part(text(brand, "flow_authentication"));
    let bindings = format!("/flows/bindings/?target={flow}&ordering=order&page_size=100");
    let bindings = desk.rest.get(&bindings).await.ok()?;
    let is_login = |binding: &&Value| text(&binding["stage_obj"], "component") == "ak-stage-user-login-form";
    let stage = bindings["results"].as_array()?.iter().rfind(is_login)?;
    let stage = desk.rest.get(&format!("/stages/user_login/{}/", part(text(stage, "stage")))).await.ok()?;
    Some(Login { stage })
}

fn general(login: Option<&Login>) -> Vec<Spec> {
    let mut specs = Vec::new();
    if let Some(login) = login {
        let hint = format!(
            "How long somebody stays signed in: 30d, 8h, or days=30. 0: as LOCKGATE_SESSION_LIFETIME says, which is \
             30 days unless it was set. New sign-ins count; this is the login stage \"{}\".",
            text(&login.stage, "name")
        );
        specs.push(Spec::new(SESSION, Holds::Text).required().hint(&hint));
        specs.push(Spec::new(REMEMBER, Holds::Text).label("Stay signed in").required().hint(
            "More than 0: people are asked whether to stay signed in, and their session lasts longer by this much.",
        ));
    }
    specs.push(
        Spec::new("base_url", Holds::Text)
            .label("Public address")
            .hint("Of the sign-in host, such as https://auth.example.com, where the server's own settings name none."),
    );
    specs.push(
        Spec::new(OPEN, Holds::Bool)
            .label("Applications without bindings are open to everybody")
            .hint("Otherwise nobody gets in until somebody is let in."),
    );
    specs
}

/// The sections of the page.
fn sections(login: Option<&Login>) -> Vec<(&'static str, Vec<Spec>)> {
    let yes = |name: &str, label: &str, hint: &str| Spec::new(name, Holds::Bool).label(label).hint(hint);
    let line = |name: &str, label: &str, hint: &str| Spec::new(name, Holds::Text).label(label).required().hint(hint);
    let number =
        |name: &str, label: &str, hint: &str| Spec::new(name, Holds::Number).label(label).required().hint(hint);
    let own = "Unless an attribute of the person says otherwise.";
    let link = vec![Spec::new("name", Holds::Text).label("Text"), Spec::new("href", Holds::Text).label("Address")];
    vec![
        ("General", general(login)),
        (
            "What people may change of themselves",
            vec![
                yes("default_user_change_name", "Their name", own),
                yes("default_user_change_email", "Their e-mail address", own),
                yes("default_user_change_username", "Their user name", own),
            ],
        ),
        (
            "Acting as somebody else",
            vec![
                yes("impersonation", "Allowed", "Whoever has the permission can act as somebody else for a while."),
                yes("impersonation_require_reason", "Only with a reason", "It stands in the event log."),
            ],
        ),
        (
            "Event log",
            vec![
                line("event_retention", "Kept for", "Events that happen from now on: 365d, or days=365."),
                yes(
                    "gdpr_compliance",
                    "Deleted with the account",
                    "With a user, the events that tell what that user did go.",
                ),
            ],
        ),
        (
            "Tokens",
            vec![
                line("default_token_duration", "Lifetime", "When nobody says otherwise: 1d, or days=1."),
                number("default_token_length", "Length", "Characters of keys that are made; at least 16."),
            ],
        ),
        (
            "Reputation",
            vec![
                number("reputation_lower_limit", "Lowest score", "No score falls below."),
                number("reputation_upper_limit", "Highest score", "No score rises above."),
            ],
        ),
        (
            "Lists of the API",
            vec![
                number("pagination_default_page_size", "Objects a page", "When nothing is asked."),
                number("pagination_max_page_size", "Most objects a page", "However many are asked for."),
            ],
        ),
        (
            "Foot of pages",
            vec![Spec::new("footer_links", Holds::Rows(link)).label("Links").hint("At the foot of every page.")],
        ),
    ]
}

/// What is set, with what belongs to the login stage.
fn values(settings: &Value, login: Option<&Login>) -> Value {
    let mut values = settings.clone();
    values[OPEN] = settings["flags"]["core_default_app_access"].clone();
    if let Some(login) = login {
        values[SESSION] = login.stage[SESSION].clone();
        values[REMEMBER] = login.stage[REMEMBER].clone();
    }
    values
}

/// `GET /if/admin/settings/`.
pub(super) async fn page(desk: Desk) -> Response {
    let paged = shown(&desk).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk) -> Paged {
    let settings = desk.rest.get(API).await?;
    let login = login(desk).await;
    let form = sheet(desk, login.as_ref(), &values(&settings, login.as_ref())).await?;
    Ok(desk.page(head(), panels(desk, login.as_ref(), form)))
}

fn head() -> Heading {
    Heading {
        title: "Settings".to_owned(),
        lead: "What counts for the whole installation.".to_owned(),
        api: Some(format!("PATCH /api/v3{API}")),
        ..Heading::default()
    }
}

fn panels(desk: &Desk, login: Option<&Login>, form: Form) -> Vec<Panel> {
    let mut panels = vec![Panel::bare(form)];
    if login.is_none() {
        let line = "The session duration is set at the login stage of the flow by which people sign in, which is not \
                    among those that you may see.";
        panels.insert(0, Panel::bare(Note::new(Tone::Info, line)));
    }
    if !desk.may(Act::Update, "settings") {
        panels.insert(0, Panel::bare(Note::new(Tone::Info, "You may look at the settings, but not change them.")));
    }
    panels
}

async fn sheet(desk: &Desk, login: Option<&Login>, values: &Value) -> Result<Form, Trouble> {
    let mut form = Form::new(HOME, &desk.csrf, "Save").cancel(ROOT);
    for (legend, specs) in sections(login) {
        let mut sets = form::sets(desk, &specs, values).await?;
        for field in sets.iter_mut().flat_map(|set| &mut set.fields) {
            if let Control::Line { suggestions, .. } = &mut field.control
                && field.name == SESSION
            {
                *suggestions = SPANS.map(str::to_owned).into();
            }
        }
        let fields = sets.into_iter().flat_map(|set| set.fields).collect();
        form.sets.push(FieldSet { legend: legend.to_owned(), folded: false, fields });
    }
    Ok(form)
}

/// `POST /if/admin/settings/`.
pub(super) async fn save(desk: Desk, request: Request) -> Response {
    let paged = saved(&desk, request).await;
    desk.answer(paged)
}

async fn saved(desk: &Desk, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let settings = desk.rest.get(API).await?;
    let login = login(desk).await;
    let now = values(&settings, login.as_ref());
    let specs: Vec<Spec> = sections(login.as_ref()).into_iter().flat_map(|(_, specs)| specs).collect();
    let problems = match form::body(desk, &specs, &sent).await? {
        Ok(body) => written(desk, login.as_ref(), &settings, changed(&body, &now)).await?,
        Err(problems) => problems,
    };
    if problems.is_empty() {
        return Ok(done(HOME, "saved"));
    }
    again(desk, login.as_ref(), &specs, &sent, &now, problems).await
}

async fn again(
    desk: &Desk,
    login: Option<&Login>,
    specs: &[Spec],
    sent: &Sent,
    now: &Value,
    problems: Vec<(String, String)>,
) -> Paged {
    let form = sheet(desk, login, &form::as_values(specs, sent, now)).await?.wrong(problems);
    Ok(desk.page_with(StatusCode::UNPROCESSABLE_ENTITY, head(), panels(desk, login, form)))
}

/// The fields that are not what they were: what nobody touched is not written, so that it may belong to a folder.
fn changed(body: &Value, now: &Value) -> Map<String, Value> {
    let body = body.as_object().cloned().unwrap_or_default();
    body.into_iter().filter(|(name, value)| now.get(name) != Some(value)).collect()
}

/// Writes what changed where it belongs; tells what is wrong.
async fn written(
    desk: &Desk,
    login: Option<&Login>,
    settings: &Value,
    mut changes: Map<String, Value>,
) -> Result<Vec<(String, String)>, Trouble> {
    let mut stage = Map::new();
    for name in [SESSION, REMEMBER] {
        stage.extend(changes.remove(name).map(|value| (name.to_owned(), json!(zeroed(&key_text(&value))))));
    }
    if let Some(open) = changes.remove(OPEN) {
        let mut flags = settings["flags"].clone();
        flags["core_default_app_access"] = open;
        changes.insert("flags".to_owned(), flags);
    }
    let mut problems = Vec::new();
    if let (Some(login), false) = (login, stage.is_empty()) {
        problems.extend(patched(desk, &login.api(), stage, SESSION).await?);
    }
    if !changes.is_empty() {
        problems.extend(patched(desk, API, changes, "").await?);
    }
    Ok(problems)
}

/// A duration as the API reads it: nothing at all is 0 seconds.
fn zeroed(text: &str) -> String {
    match text.trim() {
        "" | "0" => "seconds=0".to_owned(),
        text => text.to_owned(),
    }
}

/// Sends a change; what is wrong with no field in particular is told at the one that is given.
async fn patched(
    desk: &Desk,
    path: &str,
    body: Map<String, Value>,
    field: &str,
) -> Result<Vec<(String, String)>, Trouble> {
    let reply = desk.send(Method::PATCH, path, &Value::Object(body)).await?;
    if reply.status.is_success() {
        return Ok(Vec::new());
    }
    let named = |(name, sentence): (String, String)| (if name.is_empty() { field.to_owned() } else { name }, sentence);
    Ok(reply.problems().into_iter().map(named).collect())
}
