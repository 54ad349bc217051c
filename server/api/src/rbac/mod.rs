//! `/rbac/`: what roles permit, who holds them, and what they get on objects that are made.
//!
//! Roles and initial permissions are kinds of the registry; here is what only they have.

mod assigned;
pub(crate) mod initial;
mod permissions;
pub(crate) mod roles;
pub(crate) mod shapes;

use crate::openapi::{components::Components, operation::Operation, operation::Paths};
use axum::Router;
use http::Method;
use lockgate_identity::Identity;

/// Name of the kind of roles.
const KIND: &str = "role";

/// Routes.
pub(crate) fn routes() -> Router<Identity> {
    roles::routes().merge(permissions::routes()).merge(assigned::routes())
}

/// Operations.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    roles::describe(components, paths);
    permissions::describe(components, paths);
    assigned::describe(components, paths);
}

fn operation(method: Method, path: &str, verb: &str) -> Operation {
    Operation::new(method, path, format!("rbac_{verb}"), "rbac")
}
