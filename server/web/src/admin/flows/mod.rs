//! Flows: their stages in order, as a list and as a picture, and going through one without any effect.

mod drawing;
mod page;
mod stages;
mod steps;
mod trial;
mod trial_told;

use super::replaced;
use crate::Web;
use axum::{
    Router,
    routing::{get, post},
};

/// The pages of flows.
pub(super) fn routes() -> Router<Web> {
    replaced::with_page(replaced::named("flow"), get(page::page))
        .route("/if/admin/flows/{key}/stages/", get(stages::page).post(stages::add))
        .route("/if/admin/flows/{key}/stages/{step}/edit/", get(steps::form).post(steps::save))
        .route("/if/admin/flows/{key}/stages/{step}/move/", post(steps::shift))
        .route("/if/admin/flows/{key}/stages/{step}/remove/", get(steps::ask).post(steps::remove))
        .route("/if/admin/flows/{key}/try/", get(trial::page).post(trial::run))
}
