//! Applications and their providers: a guided set-up, what to paste elsewhere, and who has access.

mod access;
mod guide;
mod make;
mod page;
mod provider;
mod services;
mod setup;
mod snippets;

use super::replaced::{named, with_page};
use crate::Web;
use axum::{Router, routing::get};

pub(super) use access::in_one;

/// The pages of applications and providers.
pub(super) fn routes() -> Router<Web> {
    with_page(named("application"), get(page::page))
        .merge(with_page(named("oauth2_provider"), get(provider::oauth2)))
        .merge(with_page(named("proxy_provider"), get(provider::proxy)))
        .route("/if/admin/applications/guide/", get(guide::page).post(guide::make))
        .route("/if/admin/applications/{key}/access/", get(access::page))
        .route("/if/admin/applications/{key}/setup/", get(setup::page))
        .route("/if/admin/oauth2-providers/{key}/claims/", get(provider::claims))
}
