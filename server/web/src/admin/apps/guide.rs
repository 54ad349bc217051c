//! `/if/admin/applications/guide/`: an application in two steps, what it is and where, and a last page with what to paste.

use super::{
    super::{
        ROOT,
        desk::{Desk, Paged, Trouble},
        form,
        spec::{Holds, Spec},
    },
    make::{self, Wish},
    services::{How, SERVICES, Service, service},
    setup,
};
use crate::pages::admin::{
    Action, Cell, Choice, Column, Control, Crumb, Field, FieldSet, Form, Heading, Note, Panel, Row, Table, Tone,
};
use axum::{extract::Request, http::StatusCode, response::Response};
use lockgate_policies::Action as Act;
use serde_json::{Value, json};

/// `GET /if/admin/applications/guide/`: what there is to choose from, or the form of what was chosen.
pub(super) async fn page(desk: Desk) -> Response {
    let paged = match desk.asked("service").and_then(|key| service(&key)) {
        _ if !desk.may(Act::Create, "application") => Err(closed()),
        Some(service) => asked(&desk, service, &Wish::suggested(service), Vec::new()).await,
        None => Ok(choice(&desk)),
    };
    desk.answer(paged)
}

fn closed() -> Trouble {
    Trouble::Refused(StatusCode::FORBIDDEN, "Your account may not make applications.".into())
}

fn head(title: &str, lead: &str) -> Heading {
    Heading {
        crumbs: vec![Crumb { label: "Applications".into(), href: format!("{ROOT}applications/") }],
        title: title.to_owned(),
        lead: lead.to_owned(),
        api: Some("PUT /api/v3/core/transactional/applications/".into()),
        ..Heading::default()
    }
}

fn choice(desk: &Desk) -> Response {
    let link = |service: &Service| format!("{ROOT}applications/guide/?service={}", service.key);
    let own = SERVICES.iter().filter(|service| service.name.is_empty());
    let row = |service: &Service| {
        let name = if service.name.is_empty() { service.how.words() } else { service.name };
        Row { key: None, cells: vec![Cell::link(name, link(service)), service.about.into()] }
    };
    let table = Table {
        caption: "Ways".into(),
        columns: ["Way", "For"].map(Column::new).into(),
        rows: own.map(row).collect(),
        ..Table::default()
    };
    let ready = SERVICES.iter().filter(|service| !service.name.is_empty());
    let ready_row = |service: &Service| {
        let name = Cell::Thing {
            text: service.name.to_owned(),
            href: link(service),
            below: service.about.to_owned(),
            picture: None,
            round: false,
        };
        Row { key: None, cells: vec![name, service.how.words().into(), service.heading.into()] }
    };
    let known = Table {
        caption: "Known services".into(),
        columns: ["Service", "How", "Group"].map(Column::new).into(),
        rows: ready.map(ready_row).collect(),
        ..Table::default()
    };
    let panels = vec![
        Panel::new("Any service", vec![table.into()]),
        Panel::new("Known services", vec![known.into()]).lead("With what is worth knowing about each filled in."),
    ];
    desk.page(head("Set up an application", "What do you want to put behind your login?"), panels)
}

async fn asked(desk: &Desk, service: &'static Service, wish: &Wish, wrong: Vec<(String, String)>) -> Paged {
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let name = if service.name.is_empty() { service.how.words() } else { service.name };
    let mut form = Form::new(format!("{ROOT}applications/guide/"), &desk.csrf, "Set it up")
        .cancel(format!("{ROOT}applications/guide/"));
    form.sets = vec![what(service, wish), who(desk, service, wish).await?, more(service, wish)];
    let mut head = head(&format!("Set up {name}"), service.about);
    let back = Crumb { label: "Set up an application".into(), href: format!("{ROOT}applications/guide/") };
    head.crumbs.push(back);
    Ok(desk.page_with(status, head, vec![Panel::bare(form.wrong(wrong))]))
}

fn what(service: &Service, wish: &Wish) -> FieldSet {
    let host = if service.name.is_empty() { "app" } else { service.key };
    let address = Control::Line {
        kind: "url",
        value: wish.address.clone(),
        placeholder: format!("https://{host}.example.com"),
        suggestions: Vec::new(),
        search: String::new(),
    };
    let mut fields = vec![
        Field::new("service", "", Control::Hidden(service.key.into())),
        Field::new("name", "Name", Control::text(&wish.name)).required().hint("What people see in their portal."),
        Field::new("slug", "Slug", Control::text(&wish.slug)).hint(
            "In addresses and tokens; made of the name when empty. It cannot be changed without telling the service.",
        ),
        Field::new("address", "Address", address).required().hint("Where people open it, with https:// in front."),
    ];
    if service.how == How::OpenId && service.callback.is_empty() {
        let field = Field::new("redirects", "Redirect URIs", Control::area(wish.redirects.join("\n"), 2)).required();
        fields.push(
            field.hint("Where the service wants people back after signing in: its documentation tells. One a line."),
        );
    }
    if service.how == How::Forward && service.name.is_empty() {
        let hint = "Such as example.com, to put every host of it behind the login at once; the address above is then the host \
                    that signs people in. Hosts that have an application of their own keep its rules. Empty: the address alone.";
        fields.push(Field::new("domain", "Whole domain", Control::text(&wish.domain)).hint(hint));
    }
    FieldSet::plain(fields)
}

async fn who(desk: &Desk, service: &Service, wish: &Wish) -> Result<FieldSet, Trouble> {
    let radio = |value: &str, label: &str, hint: &str| Choice {
        value: value.into(),
        label: label.into(),
        hint: hint.into(),
        chosen: wish.access == value,
    };
    let access = Control::Radio(vec![
        radio("groups", "Members of groups", "Chosen below; people in none of them are turned away."),
        radio("everyone", "Everybody with an account", ""),
    ]);
    let spec = Spec::new("groups", Holds::Ref("group".into(), true)).label("Groups");
    let groups = form::field(desk, &spec, &json!({ "groups": wish.groups })).await?;
    let mut fields = vec![Field::new("access", "Who may open it", access).required(), groups];
    if !service.groups.is_empty() && desk.may(Act::Create, "group") {
        let label = format!("Make the groups {} where they are missing", service.groups.join(" and "));
        let field = Field::new("make_groups", label, Control::Tick(wish.make_groups));
        fields.push(
            field.hint("Their members become administrators and editors; everybody else who may open it, a viewer."),
        );
    }
    Ok(FieldSet { legend: "Access".into(), folded: false, fields })
}

fn more(service: &Service, wish: &Wish) -> FieldSet {
    let mut fields = vec![
        Field::new("heading", "Group in the portal", Control::text(&wish.heading))
            .hint("A heading that it stands under."),
        Field::new("about", "Description", Control::text(&wish.about)),
    ];
    if service.how == How::Forward {
        let skip = Field::new("skip", "Paths without sign-in", Control::code(&wish.skip, 3));
        let hint = "Regular expressions of paths, one a line. Whoever reaches the proxy reaches these: name only what the \
                    service protects itself, or what shows nothing.";
        fields.insert(0, skip.hint(hint));
    } else {
        let public = Field::new("public", "It cannot keep a secret", Control::Tick(wish.public));
        fields
            .push(public.hint("An app on a phone, or a page in the browser alone: it proves itself by PKCE instead."));
    }
    FieldSet { legend: "More".into(), folded: service.skip.is_empty(), fields }
}

/// `POST /if/admin/applications/guide/`.
pub(super) async fn make(desk: Desk, request: Request) -> Response {
    let paged = made(&desk, request).await;
    desk.answer(paged)
}

async fn made(desk: &Desk, request: Request) -> Paged {
    if !desk.may(Act::Create, "application") {
        return Err(closed());
    }
    let sent = desk.form(request).await?;
    let chosen = sent.get("service").and_then(service);
    let Some(service) = chosen else {
        return Err(Trouble::Refused(StatusCode::UNPROCESSABLE_ENTITY, "Choose what to set up.".into()));
    };
    let wish = Wish::read(service, &sent);
    let wrong = match make::make(desk, service, &wish).await? {
        Ok(()) => return finished(desk, &wish.slug).await,
        Err(wrong) => wrong,
    };
    asked(desk, service, &wish, wrong).await
}

/// The last page: with what to paste, and the secret this once.
async fn finished(desk: &Desk, slug: &str) -> Paged {
    let app: Value = desk.rest.get(&format!("/core/applications/{}/", super::super::resource::part(slug))).await?;
    let name = super::super::resource::text(&app, "name");
    let home = format!("{ROOT}applications/{slug}/");
    let mut head =
        head(&format!("{name} is set up"), "Two things are left: tell the service or the proxy, and try it.");
    head.actions = vec![Action::link("To the application", &home).toned(Tone::Main)];
    head.api = None;
    let line = "What is below stays on the application's page, under Set-up; a secret is not shown there.";
    let mut panels = vec![Panel::bare(Note::new(Tone::Good, line))];
    panels.extend(setup::panels(desk, &app, true).await?);
    Ok(desk.page(head, panels))
}
