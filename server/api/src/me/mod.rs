//! `/lockgate/me/…`: what everybody may know and change of oneself, beside what the reference has for that. Nothing
//! here takes a permission, and nothing here is about anybody else.

mod activity;
mod applications;
mod preferences;
mod sessions;
mod why;

use crate::openapi::{components::Components, operation::Paths};
use axum::Router;
use lockgate_identity::Identity;

/// Routes.
pub(crate) fn routes() -> Router<Identity> {
    applications::routes().merge(preferences::routes()).merge(activity::routes()).merge(sessions::routes())
}

/// Operations.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    applications::describe(components, paths);
    preferences::describe(components, paths);
    activity::describe(components, paths);
    sessions::describe(components, paths);
}
