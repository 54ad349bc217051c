//! The page of an application.

use super::{
    super::{
        desk::{Desk, Paged},
        object,
        policies::{bindings, origin},
        replaced::named,
        resource::{key_text, text},
    },
    setup,
};
use crate::pages::{
    BrandView,
    admin::{Action, Cell, Empty, Facts, Panel, Tone, Width},
};
use axum::{extract::Path, response::Response};
use lockgate_policies::Action as Act;
use serde_json::Value;

/// `GET /if/admin/applications/{key}/`.
pub(super) async fn page(desk: Desk, Path(key): Path<String>) -> Response {
    let paged = shown(&desk, &key).await;
    desk.answer(paged)
}

async fn shown(desk: &Desk, key: &str) -> Paged {
    let application = named("application");
    let app = desk.rest.get(&application.api_of(key)).await?;
    let home = application.href(&app);
    let mut head = object::head(desk, application, &app, "");
    head.lead = text(&app, "meta_description").to_owned();
    let launch = text(&app, "launch_url");
    if !launch.is_empty() {
        head.actions.insert(0, Action::link("Open", launch));
    }
    let mut panels = Vec::new();
    if let Some(note) = origin(desk, "application", text(&app, "slug")).await? {
        panels.push(Panel::bare(note));
    }
    panels.push(Panel::new("Overview", vec![overview(desk, &app).await?.into()]).wide(Width::TwoThirds));
    if desk.may(Act::Read, "policy_binding") {
        panels.push(who(desk, &app, &home).await?.wide(Width::Third));
    }
    let mut rest = object::panels(desk, application, &app).await?;
    if let Some(first) = rest.first_mut() {
        first.title = "Settings".into();
    }
    panels.extend(rest);
    Ok(desk.page(head, panels))
}

async fn overview(desk: &Desk, app: &Value) -> Result<Facts, super::super::desk::Trouble> {
    let thing = Cell::Thing {
        text: text(app, "name").to_owned(),
        href: text(app, "launch_url").to_owned(),
        below: text(app, "meta_publisher").to_owned(),
        picture: BrandView::picture(text(app, "meta_icon_url")),
        round: false,
    };
    let mut facts = Facts::default().with("Application", thing);
    let address = text(app, "launch_url");
    facts = facts.with("Address", if address.is_empty() { Cell::Nothing } else { Cell::link(address, address) });
    facts = match setup::provider(desk, app).await? {
        Some((of, provider)) => {
            let link = Cell::Link {
                text: text(&provider, "name").to_owned(),
                href: of.href(&provider),
                below: text(&provider, "verbose_name").to_owned(),
            };
            let facts = facts.with("Provider", link);
            match of.kind {
                "proxy_provider" => facts.with("Mode", super::super::spec::label(text(&provider, "mode"))).with(
                    "Paths without sign-in",
                    text(&provider, "skip_path_regex").lines().collect::<Vec<_>>().join("  "),
                ),
                _ => facts.with("Client ID", Cell::Copy(text(&provider, "client_id").to_owned())),
            }
        }
        None => facts.with("Provider", Cell::badge("None", Tone::Warn)),
    };
    let hidden = app["meta_hide"] == true;
    let portal = match (hidden, text(app, "group")) {
        (true, _) => "Not shown",
        (false, "") => "Shown",
        (false, group) => group,
    };
    Ok(facts.with("In the portal", portal))
}

/// Who may open it, in short.
async fn who(desk: &Desk, app: &Value, home: &str) -> Result<Panel, super::super::desk::Trouble> {
    let list = bindings::of_target(desk, &key_text(&app["pk"])).await?;
    let lead = match (list.len(), text(app, "policy_engine_mode")) {
        (0 | 1, _) => "",
        (_, "all") => "All of these have to let somebody in.",
        _ => "Any of these lets somebody in.",
    };
    let part = match list.is_empty() {
        true => Empty {
            title: "Everybody".into(),
            hint: "Nothing is bound: whoever has an account may open it.".into(),
            action: Some(Action::link("Bind a group", format!("{home}bindings/"))),
        }
        .into(),
        false => {
            let facts = list.iter().map(|binding| match binding["enabled"] == false {
                true => ("Disabled", bindings::subject(binding)),
                false if binding["negate"] == true => ("Everybody but", bindings::subject(binding)),
                false => ("Lets in", bindings::subject(binding)),
            });
            facts.fold(Facts::default(), |facts, (label, cell)| facts.with(label, cell)).into()
        }
    };
    Ok(Panel::new("Who may open it", vec![part])
        .lead(lead)
        .action(Action::link("All people", format!("{home}access/"))))
}
