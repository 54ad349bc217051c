//! `/tasks/…`: the work in the background as it is: what is done again and again, what was and is to be done, and
//! by whom.

mod list;
mod schedules;
mod shapes;

use crate::openapi::{components::Components, operation::Paths};
use axum::Router;
use lockgate_identity::Identity;

/// Routes.
pub(crate) fn routes() -> Router<Identity> {
    list::routes().merge(schedules::routes())
}

/// Operations.
pub(crate) fn describe(components: &mut Components, paths: &mut Paths) {
    list::describe(components, paths);
    schedules::describe(components, paths);
}
