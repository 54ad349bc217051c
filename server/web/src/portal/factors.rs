//! `/if/user/factors/`: the password and the second factors.

use super::{
    Done, Shown, answered, done,
    frame::{self, Guest, back_to},
    moment, part, said, sent, text, told,
};
use crate::{
    page::respond,
    pages::portal::{ConfirmPage, FactorKind, FactorView, FactorsPage, Frame, Offer, Section},
    rest::{Reply, Rest},
    visit::Visit,
};
use axum::{
    extract::{Path, Request},
    http::{Method, StatusCode},
    response::Response,
};
use lockgate_texts::Language;
use serde_json::{Value, json};

/// What the parts of the interface are called by which people set factors up.
const COMPONENT: &str = "ak-user-settings-authenticator-";

/// `GET /if/user/factors/`.
pub(super) async fn show(visit: Visit, rest: Rest) -> Response {
    answered(&visit, shown(&visit, &rest).await).await
}

async fn shown(visit: &Visit, rest: &Rest) -> Shown {
    let guest = frame::guest(visit).await?;
    let frame = frame::frame(visit, &guest, Section::Factors).await?;
    page(rest, guest, frame, StatusCode::OK).await
}

async fn page(rest: &Rest, guest: Guest, frame: Frame, status: StatusCode) -> Shown {
    let t = guest.t();
    let factors = factors(&rest.get("/authenticators/all/").await?, t);
    let settings = rest.get("/stages/all/user_settings/").await?;
    let user = &guest.who.principal().user;
    let paper = |factor: &FactorView| factor.kind == FactorKind::Static;
    let page = FactorsPage {
        password_changed: frame.password_url.as_ref().map(|_| told(user.password_change_date, t)),
        advises_codes: !factors.is_empty() && !factors.iter().any(paper),
        offers: offers(&settings, t),
        factors,
        brand: guest.brand,
        frame,
    };
    Ok(respond(status, &page))
}

/// `authentik_stages_authenticator_totp.TOTPDevice` names its sort.
fn kind(device: &Value) -> Option<FactorKind> {
    let (module, _) = device["type"].as_str()?.split_once('.')?;
    FactorKind::of(module.strip_prefix("authentik_stages_authenticator_")?)
}

fn factors(devices: &Value, t: Language) -> Vec<FactorView> {
    let usable = devices.as_array().into_iter().flatten().filter(|device| device["confirmed"] == true);
    let view = |device: &Value| {
        Some(FactorView {
            kind: kind(device)?,
            pk: text(&device["pk"]),
            name: t.told(&text(&device["name"])).into_owned(),
            model: text(&device["extra_description"]),
            created: moment(&device["created"], t),
            used: moment(&device["last_used"], t),
        })
    };
    usable.filter_map(view).collect()
}

/// What can be set up, the strongest first.
fn offers(settings: &Value, t: Language) -> Vec<Offer> {
    let offer = |setting: &Value| {
        let kind = FactorKind::of(setting["component"].as_str()?.strip_prefix(COMPONENT)?)?;
        let url = back_to(setting["configure_url"].as_str()?, Section::Factors);
        Some((Offer { kind, title: None, url }, t.told(&text(&setting["title"])).into_owned()))
    };
    let mut found: Vec<(Offer, String)> = settings.as_array().into_iter().flatten().filter_map(offer).collect();
    let rank = |kind: FactorKind| FactorKind::ALL.iter().position(|known| *known == kind);
    found.sort_by_key(|(offer, _)| rank(offer.kind));
    // Two ways to the same sort are told apart by what they are called.
    let kinds: Vec<FactorKind> = found.iter().map(|(offer, _)| offer.kind).collect();
    let several = |kind| kinds.iter().filter(|other| **other == kind).count() > 1;
    found.into_iter().map(|(offer, title)| Offer { title: several(offer.kind).then_some(title), ..offer }).collect()
}

fn path(kind: FactorKind, pk: &str) -> String {
    format!("/authenticators/{}/{}/", kind.word(), part(pk))
}

/// `POST /if/user/factors/{kind}/{pk}/`: gives a factor a name.
pub(super) async fn rename(
    visit: Visit,
    rest: Rest,
    Path((kind, pk)): Path<(String, String)>,
    request: Request,
) -> Response {
    answered(&visit, renamed(&visit, &rest, (&kind, &pk), request).await).await
}

async fn renamed(visit: &Visit, rest: &Rest, (kind, pk): (&str, &str), request: Request) -> Shown {
    let Some(kind) = FactorKind::of(kind) else { return Ok(visit.not_found()) };
    let sent = sent(visit, Section::Factors, request).await?;
    let body = json!({"name": sent.text("name")});
    let reply = rest.send(Method::PATCH, &path(kind, pk), sent.csrf(), &body).await?;
    if reply.status.is_success() {
        return Ok(done(Section::Factors, Done::Renamed));
    }
    let guest = frame::of(visit, sent.who);
    failed(visit, rest, guest, &reply).await
}

/// The page again, with what the API said.
async fn failed(visit: &Visit, rest: &Rest, guest: Guest, reply: &Reply) -> Shown {
    let problem = match reply.status {
        StatusCode::NOT_FOUND => guest.t().gone_already().into_owned(),
        _ => said(reply, guest.t()),
    };
    let frame = Frame { problem: Some(problem), ..frame::frame(visit, &guest, Section::Factors).await? };
    page(rest, guest, frame, reply.status).await
}

/// `GET /if/user/factors/{kind}/{pk}/remove/`: asks first.
pub(super) async fn ask(visit: Visit, rest: Rest, Path((kind, pk)): Path<(String, String)>) -> Response {
    answered(&visit, asked(&visit, &rest, (&kind, &pk)).await).await
}

async fn asked(visit: &Visit, rest: &Rest, (word, pk): (&str, &str)) -> Shown {
    let Some(kind) = FactorKind::of(word) else { return Ok(visit.not_found()) };
    let guest = frame::guest(visit).await?;
    let device = rest.get(&path(kind, pk)).await?;
    let t = guest.t();
    let page = ConfirmPage {
        frame: frame::frame(visit, &guest, Section::Factors).await?,
        question: t.remove_factor_question(t.told(&text(&device["name"])).into_owned()),
        consequence: t.remove_factor_means().into_owned(),
        action_url: format!("/if/user/factors/{}/{}/remove/", kind.word(), part(pk)),
        act: t.remove().into_owned(),
        danger: true,
        brand: guest.brand,
    };
    Ok(respond(StatusCode::OK, &page))
}

/// `POST /if/user/factors/{kind}/{pk}/remove/`.
pub(super) async fn remove(
    visit: Visit,
    rest: Rest,
    Path((kind, pk)): Path<(String, String)>,
    request: Request,
) -> Response {
    answered(&visit, removed(&visit, &rest, (&kind, &pk), request).await).await
}

async fn removed(visit: &Visit, rest: &Rest, (kind, pk): (&str, &str), request: Request) -> Shown {
    let Some(kind) = FactorKind::of(kind) else { return Ok(visit.not_found()) };
    let sent = sent(visit, Section::Factors, request).await?;
    let reply = rest.send(Method::DELETE, &path(kind, pk), sent.csrf(), &Value::Null).await?;
    if reply.status.is_success() {
        return Ok(done(Section::Factors, Done::Removed));
    }
    let guest = frame::of(visit, sent.who);
    failed(visit, rest, guest, &reply).await
}
