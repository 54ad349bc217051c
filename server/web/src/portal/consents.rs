//! `/if/user/consents/`: what applications were permitted, and taking it back.

use super::{Done, MOST, Shown, answered, done, frame, moment, part, refused, results, sent, text};
use crate::{
    page::respond,
    pages::{
        BrandView, href,
        portal::{ConsentView, ConsentsPage, Section},
    },
    rest::Rest,
    visit::Visit,
};
use axum::{
    extract::{Path, Request},
    http::{Method, StatusCode},
    response::Response,
};
use lockgate_model::kinds::ScopeMapping;
use lockgate_texts::Language;
use serde_json::Value;

/// `GET /if/user/consents/`.
pub(super) async fn show(visit: Visit, rest: Rest) -> Response {
    answered(&visit, shown(&visit, &rest).await).await
}

async fn shown(visit: &Visit, rest: &Rest) -> Shown {
    let guest = frame::guest(visit).await?;
    let path = format!("/core/user_consent/?user={}&page_size={MOST}", guest.who.principal().user.pk);
    let list = rest.get(&path).await?;
    let mut consents: Vec<ConsentView> = results(&list).map(|consent| view(visit, consent, guest.t())).collect();
    consents.sort_by_cached_key(|consent| consent.application.to_lowercase());
    let frame = frame::frame(visit, &guest, Section::Consents).await?;
    Ok(respond(StatusCode::OK, &ConsentsPage { brand: guest.brand, frame, consents }))
}

fn view(visit: &Visit, consent: &Value, t: Language) -> ConsentView {
    let application = &consent["application"];
    let scopes = consent["permissions"].as_str().unwrap_or_default().split_whitespace();
    ConsentView {
        pk: consent["pk"].as_i64().unwrap_or_default(),
        application: text(&application["name"]),
        icon_url: BrandView::picture(application["meta_icon"].as_str().unwrap_or_default())
            .filter(|icon| href(icon) == icon),
        permissions: scopes.filter_map(|scope| permission(visit, scope, t)).collect(),
        expires: moment(&consent["expires"], t),
    }
}

/// A scope as the page said it where it was permitted; what it did not mention is not told here either.
fn permission(visit: &Visit, scope: &str, t: Language) -> Option<String> {
    let mappings = visit.snapshot.objects.all::<ScopeMapping>();
    let mut named = mappings.into_iter().map(|(_, mapping)| mapping).filter(|mapping| mapping.scope_name == scope);
    let said = named.find(|mapping| !mapping.description.is_empty())?;
    Some(t.told(&said.description).into_owned())
}

/// `POST /if/user/consents/{pk}/revoke/`.
pub(super) async fn revoke(visit: Visit, rest: Rest, Path(pk): Path<String>, request: Request) -> Response {
    answered(&visit, revoked(&visit, &rest, &pk, request).await).await
}

async fn revoked(visit: &Visit, rest: &Rest, pk: &str, request: Request) -> Shown {
    let sent = sent(visit, Section::Consents, request).await?;
    let path = format!("/core/user_consent/{}/", part(pk));
    let reply = rest.send(Method::DELETE, &path, sent.csrf(), &Value::Null).await?;
    if reply.status.is_success() || reply.status == StatusCode::NOT_FOUND {
        return Ok(done(Section::Consents, Done::TakenBack));
    }
    Err(refused(&reply))
}
