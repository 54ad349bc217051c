//! `/if/user/settings/`: name, language and looks.

use super::{
    Done, Shown, answered, done,
    frame::{self, Guest, back_to},
    said, sent, text,
};
use crate::{
    page::respond,
    pages::{
        Theme,
        portal::{Frame, ProfilePage, Row, Section, ThemeChoice},
    },
    rest::Rest,
    visit::Visit,
};
use axum::{
    extract::Request,
    http::{Method, StatusCode},
    response::Response,
};
use lockgate_texts::Language;
use serde_json::json;

/// Where the settings are.
const SETTINGS: &str = "/lockgate/me/settings/";

/// `GET /if/user/settings/`.
pub(super) async fn show(visit: Visit, rest: Rest) -> Response {
    answered(&visit, shown(&visit, &rest).await).await
}

async fn shown(visit: &Visit, rest: &Rest) -> Shown {
    let guest = frame::guest(visit).await?;
    let frame = frame::frame(visit, &guest, Section::Profile).await?;
    page(visit, rest, guest, frame, StatusCode::OK).await
}

async fn page(visit: &Visit, rest: &Rest, guest: Guest, frame: Frame, status: StatusCode) -> Shown {
    let settings = rest.get(SETTINGS).await?;
    let (t, principal) = (guest.t(), guest.who.principal());
    let user = &principal.user;
    let row = |name: std::borrow::Cow<'_, str>, value: &str| Row { name: name.into_owned(), value: value.to_owned() };
    let brand = visit.snapshot.brand(&visit.client.host).map(|(_, brand)| brand);
    let flow = |flow: uuid::Uuid| visit.snapshot.flow_by_id(flow).map(|flow| format!("/if/flow/{}/", flow.flow.slug));
    let edit = brand.and_then(|brand| flow(brand.flow_user_settings?.0));
    let page = ProfilePage {
        rows: vec![row(t.display_name(), &user.name), row(t.username(), &user.username), row(t.email(), &user.email)],
        groups: principal.groups.iter().map(|group| group.name.clone()).collect(),
        edit_url: edit.map(|url| back_to(&url, Section::Profile)),
        languages: languages(t, settings["locale"].as_str().unwrap_or_default()),
        themes: themes(t, settings["theme"].as_str().unwrap_or_default()),
        leave_url: brand.and_then(|brand| flow(brand.flow_unenrollment?.0)),
        brand: guest.brand,
        frame,
    };
    let mut response = respond(status, &page);
    visit.remember_theme(&mut response, page.brand.theme);
    Ok(response)
}

fn languages(t: Language, chosen: &str) -> Vec<(String, String, bool)> {
    let chosen = Language::of_tag(chosen);
    let automatic = (String::new(), t.as_browser_asks().into_owned(), chosen.is_none());
    let each = Language::ALL.into_iter().map(|one| (one.tag().to_owned(), one.name().to_owned(), chosen == Some(one)));
    std::iter::once(automatic).chain(each).collect()
}

fn themes(t: Language, chosen: &str) -> Vec<ThemeChoice> {
    let choices = [
        ("automatic", t.look_automatic()),
        ("light", t.look_light()),
        ("dark", t.look_dark()),
        ("contrast", t.look_contrast()),
    ];
    let choice = |(value, label): (&'static str, std::borrow::Cow<'_, str>)| ThemeChoice {
        value,
        label: label.into_owned(),
        chosen: value == chosen,
    };
    choices.map(choice).into()
}

/// `POST /if/user/settings/`: keeps language and looks.
pub(super) async fn save(visit: Visit, rest: Rest, request: Request) -> Response {
    answered(&visit, saved(&visit, &rest, request).await).await
}

async fn saved(visit: &Visit, rest: &Rest, request: Request) -> Shown {
    let sent = sent(visit, Section::Profile, request).await?;
    let wish = json!({"locale": sent.text("locale"), "theme": sent.text("theme")});
    let reply = rest.send(Method::PATCH, SETTINGS, sent.csrf(), &wish).await?;
    if !reply.status.is_success() {
        let guest = frame::of(visit, sent.who);
        let problem = Some(said(&reply, guest.t()));
        let frame = Frame { problem, ..frame::frame(visit, &guest, Section::Profile).await? };
        return page(visit, rest, guest, frame, StatusCode::BAD_REQUEST).await;
    }
    let mut response = done(Section::Profile, Done::Saved);
    // Pages that know nobody, such as the login, look as they are liked here.
    visit.remember_theme(&mut response, Theme::from_setting(&text(&reply.json()["theme"])));
    Ok(response)
}
