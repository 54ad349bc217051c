//! Enrolling a second factor for somebody: an app and codes can be handed over; what needs the person's own hands is a
//! link for the person.

use super::{
    super::{
        desk::{Desk, Paged, Trouble},
        resource::{key_text, part, text},
    },
    common::{home_of, status, unknown},
    deeds::crumbs,
    factors::in_words,
    user::load,
};
use crate::pages::{
    AppSetup,
    admin::{Action, Choice, Code, Control, Field, Form, Heading, Note, Panel, Part, Text, Tone, Width},
};
use axum::{
    extract::{Path, Request},
    http::Method,
    response::Response,
};
use lockgate_policies::Action as Act;
use serde_json::{Value, json};

/// `GET /if/admin/users/{key}/factors/enroll/`.
pub(super) async fn choose(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = choices(&desk, &key).await;
    desk.answer(paged)
}

fn head(user: &Value, title: &str) -> Heading {
    let mut crumbs = crumbs(user);
    let factors = format!("{}factors/", home_of("users", user));
    crumbs.push(crate::pages::admin::Crumb { label: "Factors".into(), href: factors });
    Heading { crumbs, title: title.to_owned(), ..Heading::default() }
}

async fn choices(desk: &Desk, key: &str) -> Paged {
    let user = load(desk, key).await?;
    let home = format!("{}factors/enroll/", home_of("users", &user));
    let panel = |sort: &str, says: &str| {
        Panel::new(in_words(sort), vec![Text(says.to_owned()).into()])
            .wide(Width::Half)
            .action(Action::link("Choose", format!("{home}{sort}/")).toned(Tone::Main))
    };
    let mut panels = Vec::new();
    if desk.may(Act::Create, "totp_device") {
        panels.push(panel("totp", "You are shown a QR code, and the person's app scans it. It works at once."));
    }
    if desk.may(Act::Create, "static_device") {
        panels.push(panel("static", "You are shown codes on paper to hand over; each works once."));
    }
    panels.push(panel(
        "webauthn",
        "A passkey is made by the person's own device, so you get a link that the person opens there.",
    ));
    panels.push(panel("others", "Phones and mailboxes have to prove that they are the person's, too: by a link."));
    if let Some(last) = panels.last_mut() {
        last.title = "SMS, e-mail or Duo".into();
    }
    let mut head = head(&user, "Enroll a factor");
    head.lead = format!("For {}. Choose what to enroll.", text(&user, "username"));
    Ok(desk.page(head, panels))
}

/// `GET /if/admin/users/{key}/factors/enroll/{kind}/`.
pub(super) async fn ask(desk: Desk, Path((key, kind)): Path<(String, String)>) -> Response {
    let paged = asked(&desk, &key, &kind, Vec::new()).await;
    desk.answer(paged)
}

fn select(name: &str, label: &str, choices: &[(&str, &str)]) -> Field {
    let choice =
        |(value, label): &(&str, &str)| Choice { value: (*value).into(), label: (*label).into(), ..Choice::default() };
    Field::new(name, label, Control::Select(choices.iter().map(choice).collect())).required()
}

async fn asked(desk: &Desk, key: &str, kind: &str, problems: Vec<(String, String)>) -> Paged {
    let user = load(desk, key).await?;
    let home = format!("{}factors/", home_of("users", &user));
    let fields = match kind {
        "totp" => vec![
            Field::new("name", "Name", Control::text("")).hint("What the person calls it."),
            select("digits", "Codes of", &[("6", "6 figures"), ("8", "8 figures")]),
        ],
        "static" => vec![
            Field::new("name", "Name", Control::text("")).hint("What the person calls them."),
            Field::new("count", "How many", Control::line("number", "6")).required(),
            Field::new("length", "Letters and figures of each", Control::line("number", "12")).required(),
        ],
        _ => return by_link(desk, &user, kind).await,
    };
    let status = status(&problems);
    let mut form =
        Form::new(format!("{home}enroll/{kind}/"), &desk.csrf, "Enroll").fields(fields).cancel(home).wrong(problems);
    if kind == "static" {
        form.note =
            Some(Note::new(Tone::Warn, "They come in place of the codes that there are; old ones stop working."));
    }
    let mut head = head(&user, in_words(kind));
    head.api = Some(format!("POST /api/v3{}", api(&user, kind)));
    Ok(desk.page_with(status, head, vec![Panel::bare(form)]))
}

fn api(user: &Value, kind: &str) -> String {
    format!("/lockgate/users/{}/authenticators/{kind}/", part(&key_text(&user["pk"])))
}

/// Kinds of stages by which people enroll things themselves, with their addresses in the API.
const STAGES: [(&str, &str); 4] = [
    ("webauthn", "/stages/authenticator/webauthn/"),
    ("sms", "/stages/authenticator/sms/"),
    ("email", "/stages/authenticator/email/"),
    ("duo", "/stages/authenticator/duo/"),
];

/// Links that the person opens, one for each stage that there is.
async fn by_link(desk: &Desk, user: &Value, kind: &str) -> Paged {
    let wanted = |sort: &str| if kind == "webauthn" { sort == kind } else { kind == "others" && sort != "webauthn" };
    if !STAGES.iter().any(|(sort, _)| wanted(sort)) {
        return Err(unknown("such factor"));
    }
    let snapshot = &desk.visit.snapshot;
    let base = desk.visit.identity.public_base(snapshot).unwrap_or_else(|| desk.visit.client.base());
    let mut panels = Vec::new();
    for (sort, path) in STAGES.iter().filter(|(sort, _)| wanted(sort)) {
        let stages = match desk.all(path).await {
            Ok(stages) => stages,
            Err(Trouble::Refused(..)) => Vec::new(),
            Err(trouble) => return Err(trouble),
        };
        for stage in stages.iter().filter(|stage| !stage["configure_flow"].is_null()) {
            let code = Code {
                caption: text(stage, "name").to_owned(),
                text: format!("{base}/flows/-/configure/{}/", text(stage, "pk")),
                copy: true,
                ..Code::default()
            };
            panels.push(Panel::new(in_words(sort), vec![code.into()]));
        }
    }
    let steps = format!(
        "{} signs in to {base}/if/user/ on the device that is to be the factor, and sets it up in the settings under the \
         second factors.",
        text(user, "username")
    );
    let mut parts: Vec<Part> = vec![Text(steps).into()];
    if panels.is_empty() {
        let none = "There is no stage that lets people set it up themselves, or you may not see it.";
        parts.push(Note::new(Tone::Warn, none).into());
    } else {
        parts
            .push(Text("Or send the link below: it asks for a sign-in and leads straight to the setup.".into()).into());
    }
    let mut head = head(user, if kind == "webauthn" { in_words(kind) } else { "SMS, e-mail or Duo" });
    head.lead = "This takes the person's own hands.".into();
    panels.insert(0, Panel::new("How the person enrolls it", parts));
    Ok(desk.page(head, panels))
}

/// `POST /if/admin/users/{key}/factors/enroll/{kind}/`: what proves the factor is shown this once.
pub(super) async fn make(desk: Desk, Path((key, kind)): Path<(String, String)>, request: Request) -> Response {
    let paged = made(&desk, &key, &kind, request).await;
    desk.answer(paged)
}

async fn made(desk: &Desk, key: &str, kind: &str, request: Request) -> Paged {
    let sent = desk.form(request).await?;
    if !matches!(kind, "totp" | "static") {
        return Err(unknown("such factor"));
    }
    let user = load(desk, key).await?;
    let mut body = json!({});
    if let Some(name) = sent.get("name").map(str::trim).filter(|name| !name.is_empty()) {
        body["name"] = json!(name);
    }
    if let Some(digits) = sent.get("digits") {
        body["digits"] = json!(digits);
    }
    for name in ["count", "length"] {
        if let Some(figure) = sent.get(name) {
            body[name] = figure.trim().parse::<u64>().map_or_else(|_| json!(figure), |figure| json!(figure));
        }
    }
    let reply = desk.send(Method::POST, &api(&user, kind), &body).await?;
    if !reply.status.is_success() {
        return asked(desk, key, kind, reply.problems()).await;
    }
    let told = reply.json();
    let mut head = head(&user, text(&told, "name"));
    head.badges = vec![crate::pages::admin::Badge::new("Enrolled", Tone::Good)];
    let back = Action::link("Done", format!("{}factors/", home_of("users", &user))).toned(Tone::Main);
    let once = Note::new(Tone::Warn, "It is shown this once. Hand it over now.");
    let parts = if kind == "totp" { app(text(&told, "config_url")) } else { codes(&told["codes"]) };
    let title = format!("For {}", text(&user, "username"));
    let mut panel = Panel::new(title, vec![once.into()]).action(back);
    panel.parts.extend(parts);
    Ok(desk.page(head, vec![panel]))
}

/// The address as a picture for the app, and the key to type.
fn app(address: &str) -> Vec<Part> {
    let setup = AppSetup { address: address.to_owned(), ..AppSetup::default() };
    let picture = setup.code().map(|code| {
        // Figures and a path of figures: nothing of it could be markup.
        Part::Drawing(format!(
            "<svg class=\"qr\" viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"QR code\" \
             shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}h-{side}z\"/><path fill=\"#000\" \
             d=\"{path}\"/></svg>",
            side = code.side,
            path = code.path
        ))
    });
    let key = Code { caption: "Key, to type".into(), text: setup.key(), copy: true, ..Code::default() };
    let link = Code { caption: "Address".into(), text: address.to_owned(), copy: true, ..Code::default() };
    let says = Text("The person's authenticator app scans this, and shows a code at each sign-in.".into());
    std::iter::once(says.into()).chain(picture).chain([key.into(), link.into()]).collect()
}

fn codes(codes: &Value) -> Vec<Part> {
    let lines: Vec<&str> = codes.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let says = Text("Each works once. Print this page, or write them down.".into());
    let code = Code { caption: "Recovery codes".into(), text: lines.join("\n"), copy: true, ..Code::default() };
    vec![says.into(), code.into()]
}
