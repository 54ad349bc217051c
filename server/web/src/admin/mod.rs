//! The admin interface at `/if/admin/`: pages that are programs of the REST API ([`crate::rest`]).
//!
//! Lists, pages, forms and deletions of everything that can be administered are generic over [`resource::Resource`]s; what
//! deserves more has a page of its own, whose address stands before the generic one.

mod apps;
mod catalogue;
mod delete;
mod desk;
mod directory;
mod document;
mod edit;
mod events;
mod flows;
mod form;
mod list;
mod names;
mod nav;
mod object;
mod overview;
mod pick;
mod policies;
mod replaced;
mod resource;
mod spec;
mod system;
mod touched;

use crate::Web;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

/// Where the interface begins.
pub(crate) use crate::administers::ADMIN as ROOT;

/// The largest form, in bytes.
const MAX_FORM: usize = 2 * 1024 * 1024;

/// Every page of the admin interface.
pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .merge(events::routes())
        .merge(system::routes())
        .route("/if/admin/", get(overview::page))
        .route("/if/admin/find/", get(pick::find))
        .route("/if/admin/pick/{target}/", get(pick::suggest))
        .route("/if/admin/{resource}/", get(list::page))
        .route("/if/admin/{resource}/bulk/", post(delete::several))
        .route("/if/admin/{resource}/new/", get(edit::blank).post(edit::create))
        .route("/if/admin/{resource}/{key}/", get(object::page))
        .route("/if/admin/{resource}/{key}/edit/", get(edit::filled).post(edit::update))
        .route("/if/admin/{resource}/{key}/yaml/", get(document::yaml))
        .route("/if/admin/{resource}/{key}/used-by/", get(object::used_by))
        .route("/if/admin/{resource}/{key}/delete/", get(delete::ask).post(delete::one))
        .merge(directory::routes())
        .merge(apps::routes())
        .merge(flows::routes())
        .merge(policies::routes())
        .layer(DefaultBodyLimit::max(MAX_FORM))
}
