//! Making accounts: of a person, with a password or a way to choose one; and of a program, with its key.

use super::{
    super::{
        desk::{Desk, Paged, Trouble, done},
        form, list,
        resource::text,
    },
    common::{home_of, moment, status},
    deeds::{Wrong, api, mail_stages, recovery_link, send_recovery, ways_in},
};
use crate::pages::admin::{
    Action, Cell, Choice, Code, Control, Crumb, Facts, Field, FieldSet, Form, Heading, Note, Panel, Tone,
};
use axum::{extract::Request, http::Method, response::Response};
use lockgate_policies::Action as Act;
use serde_json::{Map, Value, json};

/// `GET /if/admin/users/new/`: the query can fill fields in.
pub(super) async fn blank(desk: Desk) -> Response {
    let paged = empty(&desk).await;
    desk.answer(paged)
}

async fn empty(desk: &Desk) -> Paged {
    let given = url::form_urlencoded::parse(desk.visit.query.as_bytes());
    let given: Map<String, Value> =
        given.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect();
    asked(desk, &Value::Object(given), "", Vec::new()).await
}

fn users() -> Crumb {
    Crumb { label: "Users".into(), href: format!("{}users/", super::super::ROOT) }
}

async fn asked(desk: &Desk, values: &Value, then: &str, problems: Vec<(String, String)>) -> Paged {
    let users_list = list::find("users")?;
    let mut form = Form::new(format!("{}new/", users_list.home()), &desk.csrf, "Create").cancel(users_list.home());
    form.sets = form::sets(desk, &users_list.specs(), values).await?;
    if desk.may(Act::SetPassword, "user") {
        let at = form.sets.len().min(1);
        form.sets.insert(at, way_in(desk, then).await?);
    }
    let status = status(&problems);
    let form = form.wrong(problems);
    let head = Heading {
        crumbs: vec![users()],
        title: "New user".into(),
        api: Some("POST /api/v3/core/users/".into()),
        ..Heading::default()
    };
    let missing = no_recovery(desk).await.map(Panel::bare);
    Ok(desk.page_with(status, head, missing.into_iter().chain([Panel::bare(form)]).collect()))
}

/// That links and invitations lead nowhere yet, where the brand names no flow by which people choose a password.
async fn no_recovery(desk: &Desk) -> Option<Note> {
    let brand = desk.rest.get("/core/brands/current/").await.ok()?;
    let is_missing = text(&brand, "flow_recovery").is_empty() && desk.may(Act::SetPassword, "user");
    let line = "Links and invitations need a flow by which people choose a password: the brand names none yet.";
    let mut note = Note::new(Tone::Info, line);
    if desk.may(Act::Update, "brand") {
        note.actions = vec![Action::link("Choose a recovery flow", format!("{}brands/", super::super::ROOT))];
    }
    is_missing.then_some(note)
}

/// How the person is to sign in.
async fn way_in(desk: &Desk, then: &str) -> Result<FieldSet, Trouble> {
    let mut ways = vec![
        ("", "Nothing", "Without a password nobody signs in to it."),
        ("link", "Make a link", "You are shown it once, to hand over: whoever opens it chooses a password."),
    ];
    if !mail_stages(desk).await?.is_empty() {
        ways.push(("mail", "Send an invitation by e-mail", "The same link, to the address above."));
    }
    let choice = |(value, label, hint): (&str, &str, &str)| Choice {
        value: value.into(),
        label: label.into(),
        hint: hint.into(),
        chosen: value == then,
    };
    Ok(FieldSet {
        legend: "How the person signs in".into(),
        folded: false,
        fields: vec![
            Field::new("password", "Password", Control::line("password", ""))
                .hint("Empty: it has none until the person chooses one."),
            Field::new("then", "After it was made", Control::Radio(ways.into_iter().map(choice).collect())),
        ],
    })
}

/// `POST /if/admin/users/new/`.
pub(super) async fn send(desk: Desk, request: Request) -> Response {
    let paged = sent(&desk, request).await;
    desk.answer(paged)
}

async fn sent(desk: &Desk, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let specs = list::find("users")?.specs();
    let then = sent.get("then").unwrap_or_default();
    let problems = match form::body(desk, &specs, &sent).await? {
        Ok(body) if then == "mail" && text(&body, "email").is_empty() => {
            vec![("email".to_owned(), "An invitation needs an address.".to_owned())]
        }
        Ok(body) => {
            let reply = desk.send(Method::POST, "/core/users/", &body).await?;
            if reply.status.is_success() {
                return welcome(desk, &reply.json(), sent.get("password").unwrap_or_default(), then).await;
            }
            reply.problems()
        }
        Err(problems) => problems,
    };
    asked(desk, &form::as_values(&specs, &sent, &Value::Null), then, problems).await
}

/// Password and link of the new account. It stays when one of them is refused, on whose page it can be done again.
async fn welcome(desk: &Desk, user: &Value, password: &str, then: &str) -> Paged {
    let key = user["pk"].to_string();
    let told = |problems: Vec<(String, String)>| -> Vec<(String, String)> {
        let made = ("".to_owned(), "The account was made, but this was refused:".to_owned());
        std::iter::once(made).chain(problems).collect()
    };
    if !password.is_empty() {
        let reply = desk.send(Method::POST, &api(user, "set_password/"), &json!({"password": password})).await?;
        if !reply.status.is_success() {
            return ways_in(desk, &key, Wrong { password: told(reply.problems()), ..Wrong::default() }).await;
        }
    }
    match then {
        "link" => match recovery_link(desk, user, "").await? {
            Ok(page) => Ok(page),
            Err(problems) => ways_in(desk, &key, Wrong { link: told(problems), ..Wrong::default() }).await,
        },
        "mail" => {
            let stages = mail_stages(desk).await?;
            let is_recovery = |stage: &&Value| text(stage, "name").contains("recovery");
            let stage = stages.iter().find(is_recovery).or(stages.first()).unwrap_or(&Value::Null);
            match send_recovery(desk, user, text(stage, "pk"), "").await? {
                None => Ok(done(&home_of("users", user), "created")),
                Some(problems) => ways_in(desk, &key, Wrong { mail: told(problems), ..Wrong::default() }).await,
            }
        }
        _ => Ok(done(&home_of("users", user), "created")),
    }
}

/// `GET /if/admin/users/service-account/`.
pub(super) async fn program(desk: Desk) -> Response {
    let page = program_form(&desk, &json!({"expiring": true}), Vec::new());
    desk.answer(Ok(page))
}

fn program_form(desk: &Desk, values: &Value, problems: Vec<(String, String)>) -> Response {
    let yes = |name: &str| values[name] == json!(true);
    let status = status(&problems);
    let form = Form::new(format!("{}users/service-account/", super::super::ROOT), &desk.csrf, "Create")
        .fields(vec![
            Field::new("name", "Name", Control::text(text(values, "name"))).required().hint("Unique among users."),
            Field::new("create_group", "Make a group of the same name for it", Control::Tick(yes("create_group"))),
            Field::new("expiring", "Its key ends", Control::Tick(yes("expiring"))),
            Field::new("expires", "When", Control::line("datetime-local", text(values, "expires")))
                .hint("In UTC. Empty: after 360 days."),
        ])
        .cancel(users().href)
        .wrong(problems);
    let head = Heading {
        crumbs: vec![users()],
        title: "New service account".into(),
        lead: "An account for a program, with an app password for it.".into(),
        api: Some("POST /api/v3/core/users/service_account/".into()),
        ..Heading::default()
    };
    desk.page_with(status, head, vec![Panel::bare(form)])
}

/// `POST /if/admin/users/service-account/`: its key is shown this once.
pub(super) async fn make_program(desk: Desk, request: Request) -> Response {
    let paged = program_made(&desk, request).await;
    desk.answer(paged)
}

async fn program_made(desk: &Desk, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    let yes = |name: &str| sent.get(name) == Some("true");
    let name = sent.get("name").unwrap_or_default().trim();
    let mut body = json!({"name": name, "create_group": yes("create_group"), "expiring": yes("expiring")});
    if let Some(time) = sent.get("expires").and_then(moment) {
        body["expires"] = time;
    }
    let reply = desk.send(Method::POST, "/core/users/service_account/", &body).await?;
    if !reply.status.is_success() {
        body["expires"] = json!(sent.get("expires"));
        return Ok(program_form(desk, &body, reply.problems()));
    }
    let told = reply.json();
    let home = home_of("users", &json!({"pk": told["user_pk"]}));
    let facts = Facts::default().with("User name", Cell::link(text(&told, "username"), home));
    let key =
        Code { caption: "App password".into(), text: text(&told, "token").to_owned(), copy: true, ..Code::default() };
    let note = Note::new(Tone::Warn, "Take the app password now. Who may see keys finds it under Tokens later.");
    let head = Heading { crumbs: vec![users()], title: text(&told, "username").to_owned(), ..Heading::default() };
    let panel = Panel::new("The account was made", vec![note.into(), facts.into(), key.into()]);
    Ok(desk.page(head, vec![panel]))
}
