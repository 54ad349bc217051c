//! `/if/user/sessions/`: where somebody is signed in, and ending it.

use super::{Done, MOST, Shown, answered, done, frame, moment, part, refused, results, sent, text};
use crate::{
    page::respond,
    pages::portal::{ConfirmPage, Section, SessionView, SessionsPage},
    rest::Rest,
    visit::Visit,
};
use axum::{
    extract::{Path, Request},
    http::{Method, StatusCode},
    response::Response,
};
use lockgate_texts::Language;
use serde_json::Value;

/// `GET /if/user/sessions/`.
pub(super) async fn show(visit: Visit, rest: Rest) -> Response {
    answered(&visit, shown(&visit, &rest).await).await
}

async fn shown(visit: &Visit, rest: &Rest) -> Shown {
    let guest = frame::guest(visit).await?;
    let (t, user) = (guest.t(), &guest.who.principal().user);
    // Administrators would see those of others as well.
    let name = part(&user.username);
    let path = format!("/core/authenticated_sessions/?user__username={name}&ordering=-last_used&page_size={MOST}");
    let list = rest.get(&path).await?;
    let mut sessions: Vec<SessionView> = results(&list).map(|session| view(session, t)).collect();
    sessions.sort_by_key(|session| !session.current);
    let page =
        SessionsPage { frame: frame::frame(visit, &guest, Section::Sessions).await?, sessions, brand: guest.brand };
    Ok(respond(StatusCode::OK, &page))
}

fn view(session: &Value, t: Language) -> SessionView {
    let agent = &session["user_agent"];
    let family = |part: &str| agent[part]["family"].as_str().filter(|family| !matches!(*family, "" | "Other"));
    let (browser, system) = (family("user_agent"), family("os"));
    let place = [&session["geo_ip"]["city"], &session["geo_ip"]["country"], &session["asn"]["as_org"]];
    let place: Vec<&str> = place.into_iter().filter_map(Value::as_str).filter(|part| !part.is_empty()).collect();
    SessionView {
        uuid: text(&session["uuid"]),
        device: device(browser, system, t),
        handheld: matches!(system, Some("Android" | "iOS")),
        place: place.join(", "),
        ip: text(&session["last_ip"]),
        used: moment(&session["last_used"], t),
        expires: moment(&session["expires"], t),
        current: session["current"] == true,
    }
}

/// What somebody would call a device.
pub(super) fn device(browser: Option<&str>, system: Option<&str>, t: Language) -> String {
    // As it is written today.
    let system = system.map(|system| if system == "Mac OS X" { "macOS" } else { system });
    match (browser, system) {
        (Some(browser), Some(system)) => t.browser_on(browser, system),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => t.unknown_device().into_owned(),
    }
}

/// `POST /if/user/sessions/{uuid}/end/`.
pub(super) async fn end(visit: Visit, rest: Rest, Path(uuid): Path<String>, request: Request) -> Response {
    let path = format!("/core/authenticated_sessions/{}/", part(&uuid));
    answered(&visit, ended(&visit, &rest, (Method::DELETE, &path), request).await).await
}

/// `GET /if/user/sessions/others/end/`: asks first.
pub(super) async fn ask(visit: Visit) -> Response {
    answered(&visit, asked(&visit).await).await
}

async fn asked(visit: &Visit) -> Shown {
    let guest = frame::guest(visit).await?;
    let t = guest.t();
    let page = ConfirmPage {
        frame: frame::frame(visit, &guest, Section::Sessions).await?,
        question: t.end_others_question().into_owned(),
        consequence: t.end_others_means().into_owned(),
        action_url: "/if/user/sessions/others/end/".to_owned(),
        act: t.end_others().into_owned(),
        danger: true,
        brand: guest.brand,
    };
    Ok(respond(StatusCode::OK, &page))
}

/// `POST /if/user/sessions/others/end/`.
pub(super) async fn end_others(visit: Visit, rest: Rest, request: Request) -> Response {
    answered(&visit, ended(&visit, &rest, (Method::POST, "/lockgate/me/sessions/end_others/"), request).await).await
}

async fn ended(visit: &Visit, rest: &Rest, (method, path): (Method, &str), request: Request) -> Shown {
    let sent = sent(visit, Section::Sessions, request).await?;
    let reply = rest.send(method, path, sent.csrf(), &Value::Null).await?;
    // What has ended by itself is ended as well.
    if reply.status.is_success() || reply.status == StatusCode::NOT_FOUND {
        return Ok(done(Section::Sessions, Done::Ended));
    }
    Err(refused(&reply))
}
