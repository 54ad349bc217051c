//! Policies and mappings: their text and where it counts, what they say to somebody, and what a change would do; the bindings
//! of whatever policies can be bound to.

pub(super) mod bindings;
mod explain;
mod explained;
mod page;
mod test;
pub(super) mod what_if;
mod whom;

use super::{
    ROOT,
    desk::Desk,
    replaced,
    resource::{self, Resource},
};
use crate::{
    Web,
    pages::admin::{Action, Control, Form, Note, Tone},
    rest::Refusal,
};
use axum::{
    Router,
    extract::{Path, Request},
    routing::{get, post},
};
use lockgate_model::Family;
use serde_json::Value;

pub(super) use explain::{app_field, link as explain_link};
pub(super) use page::origin;
pub(super) use whom::{user_field, user_key};

/// Policies and mappings that have a page.
fn texts() -> impl Iterator<Item = (&'static Resource, Family)> {
    let family = |resource: &'static Resource| Some((resource, resource.registered()?.meta.family));
    resource::all().filter_map(family).filter(|(_, family)| matches!(family, Family::Policy | Family::Mapping))
}

/// The pages of policies and mappings.
pub(super) fn routes() -> Router<Web> {
    let mut router = Router::new().route("/if/admin/policies/explain/", get(explain::alone)).merge(bindings::routes());
    for (resource, family) in texts() {
        let home = resource.home();
        let at = |tail: &str| format!("{home}{{key}}/{tail}");
        let shown = move |desk: Desk, Path(key): Path<String>| async move { page::page(desk, resource, &key).await };
        let test = move |desk: Desk, Path(key): Path<String>| async move { test::page(desk, resource, &key).await };
        let tried = move |desk: Desk, Path(key): Path<String>, request: Request| async move {
            test::run(desk, resource, &key, request).await
        };
        let check_new =
            move |desk: Desk, request: Request| async move { what_if::check(desk, resource, None, request).await };
        let check = move |desk: Desk, Path(key): Path<String>, request: Request| async move {
            what_if::check(desk, resource, Some(&key), request).await
        };
        router = router
            .merge(replaced::with_page(resource, get(shown)))
            .route(&format!("{home}check/"), post(check_new))
            .route(&at("check/"), post(check))
            .route(&at("test/"), get(test).post(tried));
        if family == Family::Policy {
            let explained = move |desk: Desk, Path(key): Path<String>| async move {
                explain::of_policy(desk, resource, &key).await
            };
            let asked =
                move |desk: Desk, Path(key): Path<String>| async move { what_if::page(desk, resource, &key).await };
            let told = move |desk: Desk, Path(key): Path<String>, request: Request| async move {
                what_if::told(desk, resource, &key, request).await
            };
            router = router.route(&at("explain/"), get(explained)).route(&at("what-if/"), get(asked).post(told));
        }
    }
    router
}

/// Programs in a form of a policy or a mapping are judged while they are typed. `home` is the address that the form is at,
/// below the resource or the thing.
pub(super) fn watch(resource: &Resource, home: &str, form: &mut Form) {
    if resource.kind == "password_policy" && form.note.is_none() {
        form.note = Some(expiry());
    }
    if !texts().any(|(known, _)| known.slug == resource.slug) {
        return;
    }
    for field in form.sets.iter_mut().flat_map(|set| &mut set.fields) {
        if let Control::Area { code: true, check, .. } = &mut field.control {
            *check = format!("{home}check/");
        }
    }
}

/// Where the expiry of passwords is set: it is judged at each sign-in, not when a password is chosen.
fn expiry() -> Note {
    let line = "After how many days passwords expire is a policy of its own, bound to the stage that asks for them.";
    let make = Action::link("Create a password expiry policy", format!("{ROOT}policies-password-expiry/new/"));
    Note { tone: Tone::Info, title: "Expiry".into(), lines: vec![line.into()], actions: vec![make] }
}

/// What is known of an object beside its fields: where it comes from, and the document that holds it. Nothing for
/// who may not see that.
pub(super) async fn document(desk: &Desk, kind: &str, key: &str) -> Result<Option<Value>, super::desk::Trouble> {
    match desk.rest.get(&format!("/lockgate/objects/{kind}/{}/", resource::part(key))).await {
        Ok(value) => Ok(Some(value)),
        Err(Refusal::Said(..)) => Ok(None),
        Err(failed) => Err(failed.into()),
    }
}
