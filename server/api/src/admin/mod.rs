//! `/admin/`: the installation itself.

mod files;
mod settings;
mod system;

use crate::openapi::{components::Components, operation::Paths};
use axum::Router;
use lockgate_identity::Identity;

/// The server as a whole, as policies know it.
const SYSTEM: &str = "system";

/// Routes.
pub(crate) fn routes() -> Router<Identity> {
    settings::routes().merge(system::routes()).merge(files::routes())
}

/// Operations.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    settings::describe(components, paths);
    system::describe(components, paths);
    files::describe(components, paths);
}
