//! Resources whose page of one is their own.
//!
//! An address that stands for a key would take those of the generic pages beside it, so these are named again.

use super::{
    ROOT, delete,
    desk::Desk,
    edit,
    resource::{self, Resource},
};
use crate::Web;
use axum::{
    Router,
    extract::{Path, Request},
    routing::{MethodRouter, get, post},
};
use lockgate_policies::Action as Act;

/// The routes of a resource with this page of one. Forms, deletion and references stay generic.
pub(super) fn with_page(resource: &'static Resource, page: MethodRouter<Web>) -> Router<Web> {
    beside(&resource.slug).route(&format!("{}{{key}}/", resource.home()), page)
}

/// The generic pages beside the page of one that is a resource's own.
pub(super) fn beside(slug: &'static str) -> Router<Web> {
    let blank = move |desk: Desk| edit::blank(desk, Path(slug.to_owned()));
    let create = move |desk: Desk, request: Request| edit::create(desk, Path(slug.to_owned()), request);
    bulk_beside(slug).route(&format!("{ROOT}{slug}/new/"), get(blank).post(create))
}

/// As [`beside`], where the form for a new one is the resource's own as well.
pub(super) fn bulk_beside(slug: &'static str) -> Router<Web> {
    let several = move |desk: Desk, request: Request| delete::several(desk, Path(slug.to_owned()), request);
    Router::new().route(&format!("{ROOT}{slug}/bulk/"), post(several))
}

/// A resource of the registry.
///
/// # Panics
/// When there is none: names in the code are names of the registry, and a test opens every page.
pub(super) fn named(kind: &str) -> &'static Resource {
    match resource::of(kind) {
        Some(resource) => resource,
        None => unreachable!("{kind} is a kind of the registry"),
    }
}

/// Whether a view of one thing has something for whoever looks.
pub(super) fn is_open(desk: &Desk, resource: &Resource, tab: &str) -> bool {
    match (resource.kind, tab) {
        ("application", "access/") | (_, "explain/" | "claims/") => desk.may(Act::CheckAccess, "user"),
        (_, "bindings/") => desk.may(Act::Read, "policy_binding"),
        (_, "stages/") => desk.may(Act::Read, "flow_stage_binding"),
        (_, "try/") => desk.may(Act::Execute, "flow"),
        (_, "test/") => desk.may(Act::Test, resource.kind),
        _ => true,
    }
}
